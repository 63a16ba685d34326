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
