"""Interpolation, running sums, polynomials and signals: kinks, lists, complex numbers, and what is refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import backprose  # noqa: E402
from backprose import errors  # noqa: E402
from compiled import function_from  # noqa: E402

XP, FP = np.array([0.0, 1.0, 3.0]), np.array([1.0, 4.0, -2.0])
X = np.array([3.1, 1.2, 2.2, 5.3, 4.4])
RNG = np.random.default_rng(5)
WEIGHTS = RNG.normal(size=25) + 1j * RNG.normal(size=25)


def slopes(f: Callable, x: Any, step: float = 1e-6) -> np.ndarray:
    """Central differences of a real function, d/dx - i d/dy for a complex argument."""
    x = np.asarray(x)
    found = np.zeros(x.shape, x.dtype)
    for i in np.ndindex(x.shape):
        for unit in (1, 1j) if np.iscomplexobj(x) else (1,):
            e = np.zeros(x.shape, x.dtype)
            e[i] = step * unit
            found[i] += np.conj(unit) * (f(x + e) - f(x - e)) / (2 * step)
    return found


@pytest.mark.parametrize(
    "x, expected", [(1.0, -3.0), (0.0, 3.0), (3.0, -3.0), (-0.5, 0.0), (3.5, 0.0), (np.nan, 0.0)],
)  # fmt: skip
def test_at_a_point_of_a_table_the_slope_is_that_to_the_right(x, expected):
    assert backprose.grad(lambda x: np.interp(x, XP, FP))(x) == expected
    assert np.all(np.isfinite(backprose.grad(lambda f: np.interp(x, XP, f))(FP)))


LISTS = [
    "np.interp(x / 2, [0, 1, 2], [1, 4, 9])", "np.interp([1, 2], [x[1], 1.9, 3], [x[0], 2, 3])",
    "np.trapezoid([x[0], x[1], 2.0], [0, x[2], 9])",
    "np.gradient([x[0], x[1], 2.0], [0, 1, x[3]])[:2] * x[:2]", "np.convolve([x[0], x[1]], x)[1:3] * x[:2]",
    "np.bincount([0, 1, 1], [x[0], 2.0, 3.0]) * x[:2]", "np.polyval([x[0], 2.0, x[1]], x)", "np.polyval([1, 2, 3], x)",
    "np.polyint([1.0, 2.0], 2, [x[0], 3])", "np.average([[1, 2], [3, 5.0]], axis=1, weights=[x[0], x[1]])",
    "np.percentile([x[0], x[1], 2.0], 30)", "np.quantile(x, [x[1] / 10, 0.2])",
    "np.histogram(x / 2, [0, 1, 3], weights=x)[0]",
]  # fmt: skip


@pytest.mark.parametrize("text", LISTS)
def test_lists_are_arrays(text: str):
    if not hasattr(np, "trapezoid"):
        text = text.replace("trapezoid", "trapz")
    f = function_from(f"def f(x):\n    return np.sum({text})\n", "f", {})
    np.testing.assert_allclose(backprose.grad(f)(X), slopes(f, X), rtol=1e-5, atol=1e-7)


COMPLEX = [
    "np.convolve(z, z[:3], 'same')", "np.convolve(x, z)", "np.polyval(z, z)", "np.polyval(x, z)", "np.vander(z)",
    "np.polymul(z, z)", "np.polydiv(z, z[:3])[0]", "np.gradient(z, 0.3, edge_order=2)", "np.gradient(z, x)",
    "np.interp(x / 2, XP, z[:3])", "np.interp(x / 2, XP, z[2:], left=z[0], right=z[1])", "np.cumprod(z)", "np.angle(z)",
    "np.angle(z, deg=True)", "np.average(z, weights=x)", "np.sort(z)", "np.partition(z, 2)", "np.unique(z)",
    "np.diff(z, prepend=z[0] ** 2)", "np.ediff1d(z, to_end=1j)", "np.nancumsum(z)", "np.nanprod(z)", "np.trim_zeros(z)",
]  # fmt: skip


@pytest.mark.parametrize("text", COMPLEX)
def test_complex_numbers_follow_the_convention(text: str):
    z = X / 3 + 1j * np.array([0.5, -1.1, 0.9, -0.3, 1.7])
    lines = f"    y = np.ravel({text})\n    return np.real(np.sum(y * WEIGHTS[: np.size(y)]))\n"
    f = function_from(f"def f(z, x):\n{lines}", "f", {"WEIGHTS": WEIGHTS, "XP": XP, "FP": FP})
    z_bar, x_bar = backprose.grad(f, argnums=(0, 1))(z, np.sort(X))
    np.testing.assert_allclose(z_bar, slopes(lambda z: f(z, np.sort(X)), z), rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(x_bar, slopes(lambda x: f(z, x), np.sort(X)), rtol=1e-5, atol=1e-7)


def test_leading_zeros_that_are_dropped_change_no_other_shape():
    """A product of polynomials may be shorter than its factors say: its sum with a vector is still a broadcast one."""
    f = lambda p, v: np.sum(np.polymul(p, np.array([2.0])) * v)  # noqa: E731
    p_bar, v_bar = backprose.grad(f, argnums=(0, 1))(np.array([0.0, 0.0, 1.5]), np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal(p_bar, [0, 0, 12])
    np.testing.assert_array_equal(v_bar, [3, 3, 3])


def test_a_valid_convolution_of_equal_lengths_is_one_number_and_of_others_several():
    f = lambda a, v, w: np.sum(np.convolve(a, v, "valid") * w)  # noqa: E731
    gradient = backprose.grad(f, argnums=(0, 2))
    for n in (3, 5):
        a, v, w = np.arange(1.0, n + 1), np.array([1.0, -2.0, 0.5]), np.arange(1.0, n - 1) if n > 3 else np.ones(3)
        a_bar, w_bar = gradient(a, v, w)
        np.testing.assert_allclose(a_bar, slopes(lambda a: f(a, v, w), a), rtol=1e-6)
        assert w_bar.shape == w.shape


REFUSED = [
    ("np.interp(x, XP, FP, period=x[0])", "period"), ("np.unwrap(x, period=x[0])", "period"),
    ("np.trapezoid(x, dx=x[1:])", "one distance"), ("np.polyfit(x, x, 1, full=True)[0]", "further results"),
    ("np.poly(np.outer(x, x))", "eigenvalues"), ("np.histogram(x, 'auto')[1]", "estimated"),
    ("np.real(np.roots(x))", "real or complex"), ("np.histogram2d(x, x, weights=x)[0]", "np.bincount"),
    ("np.polyval(np.outer(x, x), 2.0)", "1-D"), ("np.i0(x)", "scipy.special.i0"),
    ("np.quantile(XP, 0.3, weights=x[:3], method='inverted_cdf')", "weights"), ("np.diff(x, 0, prepend=1.0)", "joined"),
]  # fmt: skip


@pytest.mark.parametrize("text, reason", REFUSED)
def test_refused(text: str, reason: str):
    f = function_from(f"def f(x):\n    return np.sum({text})\n", "f", {"XP": XP, "FP": FP})
    with pytest.raises(errors.CompileError) as caught:
        backprose.grad(f)(X)
    assert reason in str(caught.value)
