"""Slices of one vector: Rosenbrock's function."""

import numpy as np

ARGNUMS = 0
SIZES = {"tiny": (5,), "small": (10,), "large": (100_000,)}


def primal(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def by_hand(x):
    left = x[:-1]
    valley = left * left
    np.subtract(x[1:], valley, out=valley)
    rest = 1 - left
    terms = valley * valley
    terms *= 100
    terms += rest * rest
    x_bar = np.empty_like(x)
    x_bar[0] = 0
    valley *= 200
    x_bar[1:] = valley
    valley *= left
    valley += rest
    valley *= 2
    x_bar[:-1] -= valley
    return np.sum(terms), x_bar


def arguments(rng, n):
    return (rng.uniform(-1, 1, size=n),)
