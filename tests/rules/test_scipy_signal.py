"""`scipy.signal` and systems with factors to second order: the whole, the same and the valid part."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg, signal

import backprose

RNG = np.random.default_rng(9)


@pytest.mark.parametrize("function", [signal.convolve, signal.fftconvolve, signal.correlate])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
def test_convolution_to_second_order(function, mode):
    def f(a, v):
        return function(a, v, mode=mode)

    for a, v in [((6,), (4,)), ((3,), (5,)), ((4, 5), (2, 3))]:
        backprose.check_grads(f, (RNG.normal(size=a), RNG.normal(size=v)), order=2)


@pytest.mark.parametrize("lower", [False, True])
def test_solution_by_a_factor_to_second_order(lower):
    def f(c, b):
        return linalg.cho_solve((c, lower), b)

    backprose.check_grads(f, (RNG.normal(size=(3, 3)) + 4 * np.eye(3), RNG.normal(size=(3, 2))), order=2)
