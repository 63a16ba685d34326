"""Curves of `scipy.interpolate` in programs: by the values, by the places, of several axes, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.interpolate import CubicSpline, PchipInterpolator, interp1d, make_interp_spline

import backprose
from backprose import errors

RNG = np.random.default_rng(4)
X = np.array([0.0, 0.7, 1.1, 2.0, 2.6, 3.5])
Y, T = RNG.normal(size=6), np.array([0.2, 0.85, 1.7, 3.1])
ROWS = RNG.normal(size=(3, 6))


def cubic(y, t):
    return CubicSpline(X, y)(t)


def natural(y, t):
    return CubicSpline(X, y, bc_type="natural")(t) * CubicSpline(X, y, bc_type="clamped")(t)


def by_its_slope(y, t):
    spline = CubicSpline(X, y)
    return spline(t, 1) + spline(t, 2) * spline(t, nu=3)


def beyond(y, t):
    return CubicSpline(X, y)(2 * t - 1)


def of_degree_2(y, t):
    return make_interp_spline(X, y, k=2)(t)


def of_degree_5(y, t):
    spline = make_interp_spline(X, y, 5)
    return spline(t) * spline(0.5)


def clamped(y, t):
    return make_interp_spline(X, y, bc_type="clamped")(t)


def linear(y, t):
    return interp1d(X, y)(t)


def unsorted(y, t):
    return interp1d(X[::-1], y)(t)


def extrapolated(y, t):
    return interp1d(X, y, kind="quadratic", fill_value="extrapolate")(2 * t - 1)


def made_of_values(y, t):
    return CubicSpline([0.0, 1.0, 3.0], [y[0], y[1] * y[2], 1.0])(t)


CURVES = [cubic, natural, by_its_slope, beyond, of_degree_2, of_degree_5, clamped, linear, unsorted, extrapolated,
          made_of_values]  # fmt: skip


@pytest.mark.parametrize("f", CURVES, ids=lambda f: f.__name__)
def test_by_values_and_places(f):
    value, pull = backprose.vjp(f, Y, T)
    np.testing.assert_allclose(value, f(Y, T), rtol=1e-13)
    assert [bar.shape for bar in pull(np.ones_like(value))] == [Y.shape, T.shape]
    backprose.check_grads(f, (Y, T), order=2)


@pytest.mark.parametrize("t", [0.9, T, T.reshape(2, 2)], ids=["one", "vector", "matrix"])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_along_an_axis(axis, t):
    y = ROWS.T if axis == 0 else ROWS

    def f(y, t):
        return CubicSpline(X, y, axis)(t) + interp1d(X, y, "cubic", axis=axis)(t)

    np.testing.assert_allclose(backprose.vjp(f, y, t)[0], f(y, t), rtol=1e-13)
    backprose.check_grads(f, (y, t), order=2)


def test_points_as_an_argument():
    def f(x, y):
        return np.sum(np.sin(CubicSpline(x, y)(T)))

    def of_values(y):
        return np.sum(np.sin(CubicSpline(X, y)(T)))

    np.testing.assert_allclose(backprose.grad(f, argnums=1)(X, Y), backprose.grad(of_values)(Y), rtol=1e-12)
    with pytest.raises(errors.BackproseError):
        backprose.grad(f)(X, Y)


REFUSED = {
    "slopes": (lambda y: np.sum(PchipInterpolator(X, y)(T)), "linear function of the values"),
    "periodic": (lambda y: np.sum(CubicSpline(X, y, bc_type="periodic")(T)), "bc_type='periodic'"),
    "given": (lambda y: np.sum(CubicSpline(X, y, bc_type=((1, 0.5), (2, 0.0)))(T)), "bc_type="),
    "cut": (lambda y: np.sum(CubicSpline(X, y, extrapolate=False)(T)), "the same curve"),
    "steps": (lambda y: np.sum(interp1d(X, y, "nearest")(T)), "kind='nearest'"),
    "filled": (lambda y: np.sum(interp1d(X, y, bounds_error=False, fill_value=0.0)(T)), "extrapolate"),
    "coefficients": (lambda y: np.sum(CubicSpline(X, y).c), "only calls are known"),
    "integral": (lambda y: CubicSpline(X, y).integrate(0.0, 1.0), "only calls are known"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    f, reason = REFUSED[name]
    with pytest.raises(errors.BackproseError, match=reason):
        backprose.grad(f)(Y)
