"""Powers of Python's floats: where `a ** b` turns complex, the derivative raises; elsewhere it is what it was."""

from __future__ import annotations

import math

import numpy as np
import pytest

import backprose

PROGRAMS = {
    "constant": lambda x: abs((-2.0 * x) ** 1.5),
    "root": lambda x: abs((-2.0 * x) ** 0.5),
    "reciprocal root": lambda x: abs((-2.0 * x) ** -0.5),
    "builtin": lambda x: abs(pow(-2.0 * x, 1.5)),
    "real part": lambda x: ((-2.0 * x) ** 1.5).real,
}


@pytest.mark.parametrize("f", PROGRAMS.values(), ids=PROGRAMS)
def test_a_power_that_turns_complex_has_no_derivative(f):
    assert math.isfinite(f(0.7))  # Python itself computes on
    for derivative in (backprose.grad(f), lambda x: backprose.jvp(f, (x,), (1.0,)), backprose.grad(backprose.grad(f))):
        with pytest.raises(ValueError, match="math domain error|nonnegative|must be"):
            derivative(0.7)


def test_a_power_with_an_exponent_of_run_time():
    f = lambda x, p: abs((-2.0 * x) ** p)  # noqa: E731
    for argnums in (0, 1, (0, 1)):
        with pytest.raises(ValueError, match="math domain error"):
            backprose.grad(f, argnums)(0.7, 1.5)
    x_bar, p_bar = backprose.grad(f, (0, 1))(0.7, 2.0)  # whole
    assert (x_bar, p_bar) == (pytest.approx(8 * 0.7), 0.0)
    x_bar, p_bar = backprose.grad(f, (0, 1))(-0.7, 1.5)
    assert (x_bar, p_bar) == (pytest.approx(-3 * 1.4**0.5), pytest.approx(1.4**1.5 * math.log(1.4)))


@pytest.mark.parametrize("n", [-2.0, -1, 0, 0.0, 2.0, 3])
def test_whole_powers_of_negative_numbers(n):
    assert backprose.grad(lambda x: x**n)(-0.7) == pytest.approx(n * (-0.7) ** (n - 1))


@pytest.mark.parametrize("n", [0.5, 1.5, -0.5, 2.5])
def test_powers_of_positive_numbers_at_higher_orders(n):
    second = backprose.grad(backprose.grad(lambda x: x**n))
    assert second(0.7) == pytest.approx(n * (n - 1) * 0.7 ** (n - 2))
    assert backprose.grad(second)(0.7) == pytest.approx(n * (n - 1) * (n - 2) * 0.7 ** (n - 3))


def test_what_is_never_negative_is_a_power_as_it_was_written():
    gradient = backprose.grad(lambda x: (x * x + 1.0) ** 1.5)
    gradient(0.7)
    assert "math.pow" not in gradient.source


@pytest.mark.parametrize("x", [np.array([0.0, -1.0, 2.0]), 0.0])
def test_the_power_0_has_derivative_0_everywhere(x):
    gradient = backprose.grad(lambda x: np.sum(x**0 + x**0.0), guard_zeros=False)
    np.testing.assert_array_equal(gradient(x), np.zeros_like(x))


@pytest.mark.parametrize("n", [0, 1, 2])
def test_constant_powers_keep_the_dtype(n):
    assert backprose.grad(lambda x: np.sum(x**n))(np.float32([0.0, 1.0])).dtype == np.float32
