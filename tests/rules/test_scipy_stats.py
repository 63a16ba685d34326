"""`scipy.stats` outside and at the edges of supports, by SciPy's names of parameters, and where it is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats
from scipy.stats import norm

import backprose
from backprose import errors

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize(
    "family, x, shapes",
    [
        (stats.gamma, [-1.0, 0.0], (2.0,)), (stats.beta, [-0.5, 1.5], (2.0, 3.0)), (stats.expon, [-1.0, -2.0], ()),
        (stats.lognorm, [-1.0, 0.0], (0.7,)), (stats.uniform, [-1.0, 2.0], ()), (stats.pareto, [0.5, -1.0], (2.0,)),
        (stats.weibull_min, [-1.0, -0.1], (1.5,)), (stats.invgamma, [-1.0, 0.0], (2.0,)),
        (stats.rayleigh, [-1.0, 0.0], ()),
    ],
)  # fmt: skip
def test_outside_the_support_every_derivative_is_zero(family, x, shapes):
    def f(x, loc, scale, *shapes):
        density = family.pdf(x, *shapes, loc, scale)
        return np.sum(np.where(density > 0, family.logpdf(x, *shapes, loc, scale), density))

    x = np.array(x)
    bars = backprose.grad(f, argnums=(0, 1, 2))(x, 0.0, 1.0, *shapes)
    for bar in bars:
        np.testing.assert_array_equal(bar, np.zeros(np.shape(bar)))


def log_of_gamma(x):
    return stats.gamma.logpdf(x, 1.0)


def log_of_beta(x):
    return stats.beta.logpdf(x, 1.0, 2.0)


def log_of_chi2(x):
    return stats.chi2.logpdf(x, 2.0)


def log_of_weibull(x):
    return stats.weibull_min.logpdf(x, 1.0)


@pytest.mark.parametrize(
    "f, slope", [(log_of_gamma, -1.0), (log_of_beta, -1.0), (log_of_chi2, -0.5), (log_of_weibull, -1.0)]
)
def test_at_the_edge_of_a_support_where_the_density_is_finite_so_is_its_slope(f, slope):
    assert backprose.grad(f)(0.0) == slope


def test_parameters_go_by_the_names_that_scipy_gives_them():
    def f(x, a, b, mu):
        named = stats.beta.logpdf(x, b=b, a=a) + stats.gamma.pdf(x, a=a, scale=b) + stats.poisson.logpmf(3, mu=mu)
        return named + norm.logpdf(x, scale=b)

    def g(x, a, b, mu):
        placed = stats.beta.logpdf(x, a, b) + stats.gamma.pdf(x, a, 0, b) + stats.poisson.logpmf(3, mu)
        return placed + norm.logpdf(x, 0, b)

    args = (0.3, 1.5, 2.5, 1.2)
    every = backprose.grad(f, argnums=(0, 1, 2, 3))
    np.testing.assert_allclose(every(*args), backprose.grad(g, argnums=(0, 1, 2, 3))(*args), rtol=1e-14)
    assert "stats.gamma.pdf(x, a, scale=b)" in every.source


def test_the_logarithm_of_a_distribution_function_holds_far_out():
    def f(x):
        return stats.norm.logcdf(x)

    np.testing.assert_allclose(backprose.grad(f)(-30.0), 30.0332599, rtol=1e-6)
    assert backprose.grad(f)(-math.inf) == 0.0


def by_shape(a):
    return stats.gamma.cdf(1.5, a)


def by_count(k):
    return stats.poisson.logpmf(k, 1.5)


def without_a_rule(x):
    return stats.skewnorm.logpdf(x, 1.0)


def drawn(mu):
    return stats.norm.rvs(mu)


def of_a_vector(s):
    return stats.multivariate_normal.logpdf(np.zeros(2), np.zeros(2), s * np.ones(2))


@pytest.mark.parametrize(
    "f, words",
    [
        (by_shape, "the derivative by `shape`"), (by_count, "the derivative by `k`"), (without_a_rule, "skewnorm"),
        (drawn, "norm.rvs"), (of_a_vector, "must be a matrix"),
    ],
)  # fmt: skip
def test_what_has_no_rule_is_refused(f, words):
    with pytest.raises(errors.CompileError) as caught:
        backprose.grad(f)(0.7)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "f",
    [
        lambda z: np.real(stats.cauchy.logpdf(z * 1j)), lambda z: np.real(stats.laplace.cdf(z + 1j)),
        lambda z: np.real(stats.vonmises.cdf(z * 1j, 1.0)), lambda z: np.real(stats.poisson.logpmf(2, z + 1j)),
    ],
)  # fmt: skip
def test_distributions_are_of_real_numbers(f):
    with pytest.raises(errors.CompileError, match="complex"):
        backprose.grad(f)(0.7)
