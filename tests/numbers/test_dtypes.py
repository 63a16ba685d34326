"""Gradients have the dtypes of the arguments: leaves of lists and Python's complex numbers too."""

from __future__ import annotations

import math

import numpy as np
import pytest

import backprose

NARROW = (np.float16, np.float32, np.longdouble)


@pytest.mark.parametrize("dtype", NARROW)
@pytest.mark.parametrize("reduce", [sum, max, min, math.fsum, math.prod])
def test_numbers_in_a_list_keep_their_dtype(reduce, dtype):
    bars = backprose.grad(lambda x: reduce(x) * 2.0)([dtype(1.5), dtype(3.5)])
    assert isinstance(bars, list)
    assert [type(bar) for bar in bars] == [dtype, dtype]


@pytest.mark.parametrize("f, expected", [(lambda z: np.real(z) ** 2, 2.0), (lambda z: 3.0 * np.imag(z), -3j)])
@pytest.mark.parametrize("make", [complex, np.complex128, np.complex64])
def test_a_complex_number_has_a_complex_gradient(f, expected, make):
    bar = backprose.grad(f)(make(1 + 2j))
    assert type(bar) is make or (make is np.complex128 and type(bar) is complex)  # which is as good
    assert bar == expected


def test_parts_of_a_value_without_derivative_take_no_cotangent():
    (mantissa, exponent), pull = backprose.vjp(lambda x: np.frexp(x), np.array([1.5, 3.0]))
    (x_bar,) = pull((np.ones(2), None))
    np.testing.assert_array_equal(x_bar, [0.5, 0.25])


JOINS = {
    "concatenate": lambda arrays: np.concatenate(arrays, dtype=np.float64, casting="unsafe"),
    "stack": lambda arrays: np.stack(arrays, dtype=np.float64, casting="unsafe"),
    "vstack": lambda arrays: np.vstack(arrays, dtype=np.float64, casting="unsafe"),
    "hstack": lambda arrays: np.hstack(arrays, dtype=np.float64, casting="unsafe"),
    "array": lambda arrays: np.array(arrays, dtype=np.float64),
    "of products": lambda arrays: np.stack([x * x for x in arrays], dtype=np.float64),
    "of pairs": lambda arrays: np.stack([np.stack([x, 2 * x], dtype=np.float64) for x in arrays]),
}


@pytest.mark.parametrize("second", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("join", JOINS.values(), ids=JOINS)
def test_arrays_in_a_list_that_is_joined_in_another_dtype_keep_theirs(join, second):
    def of_list(arrays):
        return np.sum(np.abs(join(arrays)) ** 2)

    def of_two(a, b):
        return np.sum(np.abs(join([a, b])) ** 2)

    a, b = np.array([1, 2, 3], np.float16), np.array([2, 1, 3], second)
    wide = backprose.grad(of_two, argnums=(0, 1))(a.astype(float), b.astype(float))
    for bars in (backprose.grad(of_list)([a, b]), backprose.grad(of_two, argnums=(0, 1))(a, b)):
        assert [bar.dtype for bar in bars] == [a.dtype, b.dtype]
        for bar, expected in zip(bars, wide):
            np.testing.assert_allclose(bar, expected, rtol=2e-3)


def test_lists_of_lists_of_arrays_keep_their_dtype():
    a, b = np.array([1, 2, 3], np.float16), np.array([2, 1, 3], np.float16)
    f = lambda rows: sum(np.sum(np.stack(row, dtype=np.float64) ** 2) for row in rows)  # noqa: E731
    bars = backprose.grad(f)([[a, b], [b, a]])
    assert {bar.dtype for row in bars for bar in row} == {a.dtype}
    np.testing.assert_array_equal(bars[0][1], 2 * b)


CHOICES = {
    "maximum": lambda z: np.maximum(1.5, z),
    "minimum": lambda z: np.minimum(1.5, z),
    "where": lambda z: np.where(True, 1.5, z),
    "branch": lambda z: z if z.real > 2 else np.complex128(1.5),
}


@pytest.mark.parametrize("z", [1 + 1j, np.complex128(1 + 1j), np.complex64(3 + 1j)])
@pytest.mark.parametrize("choose", CHOICES.values(), ids=CHOICES)
def test_the_tangent_of_a_complex_number_is_complex_whatever_is_chosen(choose, z):
    value, dot = backprose.jvp(choose, (z,), (type(z)(1),))
    assert np.asarray(value).dtype == np.asarray(dot).dtype
