"""A chain of elementwise operations over long vectors, and one sum: bound by memory, unless it is run in tiles."""

import numpy as np

ARGNUMS = (0, 1)
SIZES = {"tiny": (7,), "small": (1_000,), "large": (4_000_000,)}
TILE = 16_384


def primal(x, y):
    a = x * y + 0.5
    b = a / (1.0 + a * a)
    c = np.sqrt(1.0 + b * b) - b * x
    e = np.exp(-c * c) * y
    return np.sum(e * b + c)


def by_hand(x, y):
    x_bar, y_bar = np.empty_like(x), np.empty_like(y)
    value = 0.0
    scratch = np.empty((8, min(TILE, max(1, len(x)))))
    for start in range(0, len(x), TILE):
        tile = slice(start, start + TILE)
        value += tile_by_hand(x[tile], y[tile], x_bar[tile], y_bar[tile], scratch[:, : len(x[tile])])
    return value, (x_bar, y_bar)


def tile_by_hand(x, y, x_bar, y_bar, scratch):
    a, b, c, e, f, denominator, root, t = scratch
    np.multiply(x, y, out=a)
    a += 0.5
    np.multiply(a, a, out=denominator)
    denominator += 1.0
    np.divide(a, denominator, out=b)
    np.multiply(b, b, out=root)
    root += 1.0
    np.sqrt(root, out=root)
    np.multiply(b, x, out=t)
    np.subtract(root, t, out=c)
    np.multiply(c, c, out=f)
    np.negative(f, out=f)
    np.exp(f, out=f)
    np.multiply(f, y, out=e)
    np.multiply(e, b, out=t)
    t += c
    value = t.sum()
    f *= b  # of e to y
    np.multiply(e, b, out=t)  # c_bar = 1 - 2 c e b
    t *= c
    t *= -2.0
    t += 1.0
    np.divide(b, root, out=root)  # b_bar = e + c_bar (b / root - x)
    root -= x
    root *= t
    root += e
    t *= b
    a *= b  # a_bar = b_bar (1 - 2 a b) / denominator, for b = a / denominator
    a *= -2.0
    a += 1.0
    a /= denominator
    a *= root
    np.multiply(a, y, out=x_bar)
    x_bar -= t
    np.multiply(a, x, out=y_bar)
    y_bar += f
    return value


def arguments(rng, n):
    return rng.normal(size=n), rng.normal(size=n)
