"""`scipy.signal` and systems with factors to second order: the whole and its middle."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg, signal

import backprose

RNG = np.random.default_rng(9)


@pytest.mark.parametrize("function", [signal.convolve, signal.fftconvolve, signal.correlate])
@pytest.mark.parametrize("mode", ["full", "same"])
def test_convolution_to_second_order(function, mode):
    def f(a, v):
        return function(a, v, mode=mode)

    backprose.check_grads(f, (RNG.normal(size=4), RNG.normal(size=3)), order=2)


@pytest.mark.parametrize("lower", [False, True])
def test_solution_by_a_factor_to_second_order(lower):
    def f(c, b):
        return linalg.cho_solve((c, lower), b)

    backprose.check_grads(f, (RNG.normal(size=(2, 2)) + 4 * np.eye(2), RNG.normal(size=2)), order=2)
