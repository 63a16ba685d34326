"""ADBench's GMM: the log-likelihood of a mixture of Gaussians with a Wishart prior.

The factors of inverse covariances come packed, as ADBench has them: logarithms of a diagonal, then what is below it.
"""

import math
from importlib import import_module

import numpy as np

ARGNUMS = (0, 1, 2)
SIZES = {"tiny": (5, 2, 3), "small": (100, 2, 5), "large": (10_000, 20, 25)}
GAMMA, M = 1.0, 0  # of the prior


def logsumexp(x):
    top = np.max(x, axis=0)
    return top + np.log(np.sum(np.exp(x - top), axis=0))


def unpacked(packed, k, d):
    """The diagonals, and the lower triangular factors that have them."""
    diagonal, (rows, columns) = np.arange(d), np.tril_indices(d, -1)
    scales = np.exp(packed[:, :d])
    factors = np.zeros((k, d, d))
    factors[:, diagonal, diagonal] = scales
    factors[:, rows, columns] = packed[:, d:]
    return scales, factors


def primal(alphas, means, packed, x, constant):
    k, d = means.shape
    scales, factors = unpacked(packed, k, d)
    log_scales = np.sum(packed[:, :d], axis=1)
    white = (x - means[:, None]) @ np.swapaxes(factors, 1, 2)
    terms = (alphas + log_scales)[:, None] - 0.5 * np.sum(white * white, axis=2)
    prior = 0.5 * GAMMA**2 * (np.sum(scales**2) + np.sum(packed[:, d:] ** 2)) - M * np.sum(log_scales)
    return constant + np.sum(logsumexp(terms)) - len(x) * logsumexp(alphas) + prior


def by_hand(alphas, means, packed, x, constant):
    k, d = means.shape
    diagonal, (rows, columns) = np.arange(d), np.tril_indices(d, -1)
    logs, lower = packed[:, :d], packed[:, d:]
    scales, factors = unpacked(packed, k, d)
    log_scales = logs.sum(axis=1)
    centred = x - means[:, None]
    white = centred @ factors.transpose(0, 2, 1)
    terms = np.einsum("kni,kni->kn", white, white)
    terms *= -0.5
    terms += (alphas + log_scales)[:, None]
    likelihood, weights = logsumexp_by_hand(terms)
    of_alphas, alphas_bar = logsumexp_by_hand(alphas)
    squares = scales * scales
    prior = 0.5 * GAMMA**2 * (np.sum(squares) + np.sum(lower * lower)) - M * np.sum(log_scales)
    value = constant + np.sum(likelihood) - len(x) * of_alphas + prior

    per_component = weights.sum(axis=1)
    alphas_bar *= -len(x)
    alphas_bar += per_component
    white *= weights[:, :, None]
    means_bar = (white.sum(axis=1)[:, None] @ factors)[:, 0]
    factors_bar = white.transpose(0, 2, 1) @ centred
    packed_bar = np.empty_like(packed)
    scales *= factors_bar[:, diagonal, diagonal]
    squares *= GAMMA**2
    squares -= scales
    squares += (per_component - M)[:, None]
    packed_bar[:, :d] = squares
    np.subtract(GAMMA**2 * lower, factors_bar[:, rows, columns], out=packed_bar[:, d:])
    return value, (alphas_bar, means_bar, packed_bar)


def logsumexp_by_hand(x):
    """The value, and its derivative."""
    top = np.max(x, axis=0)
    weights = x - top
    np.exp(weights, out=weights)
    sums = weights.sum(axis=0)
    weights /= sums
    return top + np.log(sums), weights


def arguments(rng, n, d, k):
    packed = rng.normal(size=(k, d + d * (d - 1) // 2)) / 4
    n_p = d + M + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi) + sum(math.lgamma(0.5 * (n_p - j)) for j in range(d))
    constant = -n * d * 0.5 * math.log(2 * math.pi)
    constant -= k * (n_p * d * (math.log(GAMMA) - 0.5 * math.log(2)) - log_gamma)
    return rng.normal(size=k), rng.normal(size=(k, d)), packed, rng.normal(size=(n, d)), constant


def stand_ins(tool):
    """Factors without stores: each entry is looked up, and multiplied by whether it is below the diagonal."""
    np_of_tool, special = {
        "autograd": ("autograd.numpy", "autograd.scipy.special"),
        "torch": ("torch", "torch"),
        "jax": ("jax.numpy", "jax.scipy.special"),
    }[tool]
    tnp, total = import_module(np_of_tool), import_module(special).logsumexp

    def unpacked(packed, k, d):
        place, below = np.zeros((d, d), int), np.tril(np.ones((d, d)), -1)
        place[np.tril_indices(d, -1)] = np.arange(d, packed.shape[1])
        scales = tnp.exp(packed[:, :d])
        return scales, scales[:, None] * tnp.asarray(np.eye(d)) + packed[:, place] * tnp.asarray(below)

    return {"unpacked": unpacked, "logsumexp": lambda x: total(x, 0)}
