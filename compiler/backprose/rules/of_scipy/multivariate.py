"""Distributions of vectors."""

from __future__ import annotations

import numpy as np
from scipy import linalg, stats

from backprose.rules.of_scipy.systems import on_part
from backprose.rules.registry import real_only, rule
from backprose.rules.static import require


def of_normal(weight, x, mean, cov):
    """The cotangents of x, mean and cov, where `weight` is that of log p for each point."""
    require(np.ndim(cov) == 2, "the covariance must be a matrix to have a rule: np.diag, np.eye")
    n = np.shape(cov)[0]
    points = np.reshape(x, (-1, n))
    cov = np.tril(cov) + np.tril(cov, -1).T  # what SciPy takes it for: second derivatives must not read the other triangle
    w = linalg.solve(cov, (points if mean is None else points - mean).T, lower=True, assume_a="pos")
    g = np.ravel(weight)
    pull = w * g
    cov_bar = (pull @ w.T - np.sum(g) * linalg.inv(cov)) / 2
    mean_bar = None if mean is None else np.sum(pull, axis=1)
    return np.reshape(-pull.T, np.shape(x)), mean_bar, on_part(cov_bar, "both lower")


@rule(stats.multivariate_normal.logpdf, wrt=("x", "mean", "cov"))
def normal_logpdf(y, x, mean=None, cov=1, allow_singular=False, *, y_bar):
    """y = -(r^T C^-1 r + log det(2 pi C)) / 2 with r = x - mean.

    With w = C^-1 r: x_bar = -y_bar w, mean_bar = y_bar w, C_bar = y_bar (w w^T - C^-1) / 2 on the lower triangle, which
    is what SciPy reads.

    Shapes: x (..., n), mean (n,), C (n, n).  Restriction: C is not singular.
    """
    require(not allow_singular, "a singular covariance has no derivative in the table")
    return of_normal(y_bar, x, mean, cov)


@rule(stats.multivariate_normal.pdf, wrt=("x", "mean", "cov"))
def normal_pdf(y, x, mean=None, cov=1, allow_singular=False, *, y_bar):
    """As its logarithm, with y y_bar."""
    require(not allow_singular, "a singular covariance has no derivative in the table")
    return of_normal(y * y_bar, x, mean, cov)


real_only(stats.multivariate_normal.logpdf, stats.multivariate_normal.pdf)
