"""Algorithms that work in place, against central differences; some once more through their own gradients."""

import algorithm_programs
import numpy as np
import oracle_of_memory
import pytest

from backprose import grad

CASES = [(name, n) for name, (sizes, _) in algorithm_programs.CASES.items() for n in sizes]
TWICE = (
    "cholesky", "gauss", "lu_with_pivoting", "thomas", "gauss_seidel", "jacobi_2d", "jacobi_swap", "heat_1d",
    "leapfrog", "viterbi", "soft_edit_distance", "bubble_sort", "histogram_by_add_at", "fft", "runge_kutta",
    "ring_buffer", "adaptive_step", "power_iteration",
)  # fmt: skip


@pytest.mark.parametrize(("name", "n"), CASES)
def test_algorithm(name, n):
    oracle_of_memory.check(getattr(algorithm_programs, name), algorithm_programs.arguments(name, n))


@pytest.mark.parametrize("name", TWICE)
def test_second_derivative(name):
    sizes, _ = algorithm_programs.CASES[name]
    args = algorithm_programs.arguments(name, min(sizes[-1], 4))
    first = grad(getattr(algorithm_programs, name))
    weights = np.cos(np.arange(args[0].size)).reshape(args[0].shape)

    def weighed(x, *rest):
        x_bar = first(x, *rest)
        return np.sum(x_bar * x_bar * weights)

    (wanted,) = oracle_of_memory.oracle.stable_differences(weighed, args, (0,))
    np.testing.assert_allclose(grad(weighed)(*args), wanted, rtol=1e-4, atol=1e-5)
