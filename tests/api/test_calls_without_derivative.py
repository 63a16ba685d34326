"""What people call on the way and that has no derivative: settings, text, questions. It runs, and the gradient is right."""

from __future__ import annotations

import numpy as np
import pytest

import backprose
from backprose.errors import NotDifferentiable, UnsupportedCall

X = np.array([1.0, 2.0, 3.0])


def prints_with_other_settings(x):
    with np.printoptions(precision=3):
        print(x)
    return np.sum(x * x)


def makes_text(x):
    print(np.array2string(x), np.array_repr(x), np.format_float_positional(x[0]))
    return np.sum(x * x)


def asks_for_positions(x):
    i, j = np.tril_indices_from(np.ones((3, 3)))
    return np.sum(x * x) + 0.0 * np.sum(x[i] * x[j])


def asks_for_types(x):
    if np.issubdtype(x.dtype, np.floating) and np.common_type(x) is np.float64 and np.iterable(x):
        return np.sum(x * x)
    return np.sum(x)


def reads_a_window(x):
    return np.sum(x * x * np.kaiser(3, 0.0))


def asks_a_ufunc(x):
    assert np.add.nin == 2 and np.add.nout == 1 and "dd->d" in np.add.types
    return np.sum(x * x) + np.add.identity


def orders(x):
    return np.sum((x * x)[np.lexsort((x,))]) + 0 * np.argpartition(x, 1)[0]


@pytest.mark.parametrize(
    "f", [prints_with_other_settings, makes_text, asks_for_positions, asks_for_types, reads_a_window, asks_a_ufunc, orders]
)
def test_it_runs(f, capsys):
    value, bar = backprose.value_and_grad(f)(X)
    printed = capsys.readouterr().out
    assert value == f(X) and capsys.readouterr().out == printed
    np.testing.assert_allclose(bar, 2 * X)


def test_a_file_is_written_once(tmp_path):
    path = str(tmp_path / "x.npy")

    def f(x):
        np.save(path, x)
        return np.sum(x * x)

    np.testing.assert_array_equal(backprose.grad(f)(X), 2 * X)
    np.testing.assert_array_equal(np.load(path), X)


def test_a_setting_holds_from_there_on(capsys):
    def f(x):
        np.set_printoptions(precision=2)
        print(x)
        return np.sum(x * x)

    with np.printoptions():
        backprose.grad(f)(X / 7)
    assert capsys.readouterr().out == "[0.14 0.29 0.43]\n"


def reads_a_file(x):
    return np.sum(x * np.load("weights.npy"))


def changes_a_setting(x):
    np.seterr(all="ignore")
    return np.sum(x)


def makes_a_matrix(x):
    return np.sum(np.asmatrix(x))


def asks_for_the_layout(x):
    return np.sum(x) if np.isfortran(x) else 2 * np.sum(x)


@pytest.mark.parametrize(
    "f, reason",
    [
        (reads_a_file, "what is in a file is not known when compiling"),
        (changes_a_setting, "with np.errstate"),
        (makes_a_matrix, "np.block"),
        (asks_for_the_layout, "layout"),
    ],
)
def test_it_is_refused(f, reason):
    with pytest.raises(UnsupportedCall, match=reason):
        backprose.grad(f)(X)


def widens(x):
    return np.sum(np.kaiser(3, x[0]))


def reduces_by_powers(x):
    return np.power.reduce(x)


def bessel(x):
    return np.sum(np.i0(x))


@pytest.mark.parametrize("f, reason", [(widens, "kaiser"), (reduces_by_powers, "accumulate"), (bessel, "scipy.special.i0")])
def test_no_derivative_goes_through_it(f, reason):
    with pytest.raises(NotDifferentiable, match=reason):
        backprose.grad(f)(X)


def test_it_may_be_called_on_constants():
    def f(x):
        return np.sum(x) * np.i0(0.0) * (np.int64(1).view(np.float64) > 0)

    np.testing.assert_array_equal(backprose.grad(f)(X), [1.0, 1.0, 1.0])
