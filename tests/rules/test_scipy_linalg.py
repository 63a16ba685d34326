"""`scipy.linalg` in programs: a Gaussian process, a matrix exponential in a loop, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import linalg

import backprose
from backprose import errors
from check import slope

RNG = np.random.default_rng(5)
A = RNG.normal(size=(4, 4)) / 2 + np.eye(4)
B = RNG.normal(size=4)


def evidence(k):
    c = linalg.cho_factor(k @ k.T + np.eye(4), lower=True)
    return 0.5 * B @ linalg.cho_solve(c, B) + np.sum(np.log(np.diag(c[0])))


def both_parts_of_the_factor(k):
    return np.sum(np.sin(linalg.cho_factor(k @ k.T + np.eye(4))[0]))


def flow(a):
    x = B
    for _ in range(3):
        x = np.tanh(linalg.expm(a) @ x)
    return np.sum(x)


def triangular_of_a_list(a):
    return np.sum(linalg.solve_triangular(a, [1.0, a[0, 0], 2.0, 0.5], lower=True))


@pytest.mark.parametrize("f", [evidence, both_parts_of_the_factor, flow, triangular_of_a_list])
def test_gradient(f):
    np.testing.assert_allclose(backprose.grad(f)(A), slope(f, A), rtol=1e-6, atol=1e-8)


def overwriting(a):
    return np.sum(linalg.solve(a, B, overwrite_a=True))


def overwriting_by_position(a):
    return np.sum(linalg.cholesky(a @ a.T, False, True))


def generalised(a):
    return np.sum(linalg.eigvalsh(a, np.eye(4)))


def part_of_the_eigenvalues(a):
    return np.sum(linalg.eigvalsh(a, subset_by_index=[0, 1]))


def batches(a):
    return np.sum(linalg.cholesky(np.stack([a @ a.T, a @ a.T])))


def of_complex_numbers(a):
    return np.sum(np.real(linalg.sqrtm(a + 1j)))


def ranked(a):
    return np.sum(linalg.pinv(a, return_rank=True)[0])


def logarithm(a):
    return np.sum(linalg.logm(a))


def without_a_rule(a):
    return np.sum(linalg.schur(a)[0])


@pytest.mark.parametrize(
    "f, words",
    [
        (overwriting, "`overwrite_a`"), (overwriting_by_position, "`overwrite_a`"), (generalised, "generalised"),
        (part_of_the_eigenvalues, "subset"), (batches, "batches"), (of_complex_numbers, "complex"),
        (ranked, "return_rank"),
        (without_a_rule, "scipy.linalg.schur"), (logarithm, "no function of SciPy's"),
    ],
)  # fmt: skip
def test_what_the_rules_do_not_cover_is_refused(f, words):
    with pytest.raises(errors.CompileError) as caught:
        backprose.grad(f)(A)
    assert words in str(caught.value)


def test_false_for_overwriting_is_nothing():
    def f(a):
        return np.sum(linalg.solve(a, B, overwrite_a=False, overwrite_b=False))

    np.testing.assert_allclose(backprose.grad(f)(A), slope(f, A), rtol=1e-6, atol=1e-8)
