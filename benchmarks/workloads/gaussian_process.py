"""The negative log-likelihood of a Gaussian process, for the parameters of its kernel: a Cholesky factor and solves."""

import math
from importlib import import_module

import numpy as np
from scipy.linalg import lapack, solve_triangular

ARGNUMS = (0, 1, 2)
SIZES = {"tiny": (5, 2), "small": (30, 3), "large": (800, 8)}


def primal(log_scales, log_variance, log_noise, x, y):
    z = x / np.exp(log_scales)
    squares = np.sum(z * z, axis=1)
    distances = squares[:, None] + squares - 2 * z @ z.T
    k = np.exp(log_variance - 0.5 * distances) + np.exp(log_noise) * np.eye(len(x))
    factor = np.linalg.cholesky(k)
    white = solve_triangular(factor, y, lower=True)
    return 0.5 * np.sum(white * white) + np.sum(np.log(np.diag(factor))) + 0.5 * len(x) * math.log(2 * math.pi)


def by_hand(log_scales, log_variance, log_noise, x, y):
    """The cotangent of the covariance is (k^-1 - a a') / 2 with a = k^-1 y, whatever the factorisation."""
    z = x / np.exp(log_scales)
    squares = np.einsum("ni,ni->n", z, z)
    covariance = z @ z.T
    covariance *= 2
    covariance -= squares[:, None]
    covariance -= squares
    covariance *= 0.5
    covariance += log_variance
    np.exp(covariance, out=covariance)
    noise = np.exp(log_noise)
    k = covariance.copy()
    k.flat[:: len(x) + 1] += noise
    factor = np.linalg.cholesky(k)
    white = solve_triangular(factor, y, lower=True)
    value = 0.5 * np.sum(white * white) + np.sum(np.log(np.diag(factor))) + 0.5 * len(x) * math.log(2 * math.pi)

    a = solve_triangular(factor, white, lower=True, trans=1)
    upper, _ = lapack.dpotri(factor.T, lower=0)  # the upper triangle of the inverse
    k_bar = np.triu(upper, 1)
    k_bar += k_bar.T
    k_bar.flat[:: len(x) + 1] = upper.diagonal()
    k_bar -= np.multiply.outer(a, a)
    k_bar *= 0.5
    log_noise_bar = noise * np.trace(k_bar)
    k_bar *= covariance
    sums = k_bar.sum(axis=1)
    # the distances' cotangent is -k_bar / 2, that of z is 2 (k_bar z - sums z)
    z_bar = k_bar @ z
    z_bar -= sums[:, None] * z
    return value, (-2 * np.einsum("ni,ni->i", z_bar, z), np.sum(sums), log_noise_bar)


def arguments(rng, n, features):
    return rng.normal(size=features) / 4, 0.1, -2.0, rng.normal(size=(n, features)), rng.normal(size=n)


def stand_ins(tool):
    if tool == "torch":
        from torch.linalg import solve_triangular as solve

        return {"solve_triangular": lambda factor, y, lower: solve(factor, y[:, None], upper=not lower)[:, 0]}
    library = {"autograd": "autograd.scipy.linalg", "jax": "jax.scipy.linalg"}[tool]
    return {"solve_triangular": import_module(library).solve_triangular}
