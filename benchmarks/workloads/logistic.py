"""Straight-line array code: the mean cross-entropy of a logistic model, for its weights."""

import numpy as np

ARGNUMS = 0


def primal(w, x, y):
    z = x @ w
    p = 1 / (1 + np.exp(-z))
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def by_hand(w, x, y):
    e = np.exp(-(x @ w))
    p = 1 / (1 + e)
    q = 1 - p
    r = 1 - y
    value = -np.mean(y * np.log(p) + r * np.log(q))
    p_bar = (r / q - y / p) / p.size
    return value, x.T @ (p_bar * e * p**2)


def arguments(rng):
    x = rng.normal(size=(2000, 50))
    return rng.normal(size=50) / 10, x, rng.integers(0, 2, len(x)).astype(float)
