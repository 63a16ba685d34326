"""At kinks and singular points both modes give the promised derivative, and NaN nowhere that the function is finite."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from kink_programs import KINKS, Kink  # noqa: E402

import backprose  # noqa: E402

every_kink = pytest.mark.parametrize("kink", KINKS, ids=lambda kink: kink.function.__name__)


def quietly(kink: Kink) -> warnings.catch_warnings:
    return warnings.catch_warnings(action="error" if kink.quiet else "ignore")


@every_kink
def test_reverse_mode(kink):
    with quietly(kink):
        assert np.isfinite(kink.function(*kink.args))
        found = backprose.grad(kink.function)(*kink.args)
    np.testing.assert_allclose(found, kink.gradient, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("kink", [kink for kink in KINKS if kink.forward], ids=lambda kink: kink.function.__name__)
def test_forward_mode(kink):
    """An infinite tangent of a part that does not count warns."""
    x = kink.args[0]
    found = np.zeros(np.shape(x))
    for i in np.ndindex(np.shape(x)):
        x_dot = np.zeros(np.shape(x))
        x_dot[i] = 1.0
        dots = [np.zeros(np.shape(a)) if np.ndim(a) else 0.0 for a in kink.args[1:]]
        with warnings.catch_warnings(action="ignore"):
            _, found[i] = backprose.jvp(kink.function, kink.args, (x_dot if np.ndim(x) else 1.0, *dots))
    np.testing.assert_allclose(found, kink.gradient, rtol=1e-12, atol=1e-15)


@every_kink
@pytest.mark.parametrize("seed", [0.0, 2.0])
def test_pullback(kink, seed):
    with quietly(kink):
        value, pullback = backprose.vjp(kink.function, *kink.args)
        found = pullback(type(value)(seed) if isinstance(value, float) else seed)[0]
    infinite = np.isinf(kink.gradient)
    expected = np.where(infinite, np.inf if seed else 0.0, seed * np.where(infinite, 0.0, kink.gradient))
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-15)


@every_kink
def test_float32(kink):
    args = [np.asarray(a, np.float32) if np.ndim(a) else np.float32(a) for a in kink.args]
    with warnings.catch_warnings(action="ignore"):
        found = backprose.grad(kink.function)(*args)
    np.testing.assert_allclose(found, kink.gradient, rtol=1e-4, atol=1e-6)
    assert np.asarray(found).dtype == np.float32


SMOOTH_AROUND = [kink for kink in KINKS if kink.forward and not np.any(np.isinf(kink.gradient))]


@pytest.mark.parametrize("kink", SMOOTH_AROUND, ids=lambda kink: kink.function.__name__)
def test_second_order(kink):
    """No NaN: in the gradient of a gradient, nor in the tangent of one."""
    gradient = backprose.grad(kink.function)
    x = kink.args[0]
    x_dot = np.linspace(1.0, 2.0, np.size(x)).reshape(np.shape(x)) if np.ndim(x) else 1.5

    def directional(x, *rest):
        return np.sum(gradient(x, *rest) * x_dot)

    dots = [np.zeros(np.shape(a)) if np.ndim(a) else 0.0 for a in kink.args[1:]]
    with warnings.catch_warnings(action="ignore"):
        hessian_times = backprose.grad(directional)(*kink.args)
        _, forward = backprose.jvp(gradient, kink.args, (x_dot, *dots))
    assert not np.any(np.isnan(hessian_times))
    assert not np.any(np.isnan(forward))
    finite = np.isfinite(hessian_times) & np.isfinite(forward)
    np.testing.assert_allclose(np.where(finite, forward, 0), np.where(finite, hessian_times, 0), rtol=1e-9, atol=1e-12)
