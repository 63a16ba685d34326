"""Matrices that are made of vectors or blocks: each entry is read somewhere,
so its cotangent is a sum over these places."""

from __future__ import annotations

import builtins

import numpy as np
from scipy import linalg

from backprose.rules.registry import linear, real_only, rule
from backprose.rules.static import require
from backprose_runtime import add_at


def offsets(y):
    """j - i for each entry of a matrix."""
    return np.arange(np.shape(y)[1]) - np.expand_dims(np.arange(np.shape(y)[0]), 1)


def gathered(y_bar, index, like, length):
    """For each position the sum of the entries that were read there."""
    return add_at(np.zeros(length, like.dtype), index, y_bar)


@linear(linalg.toeplitz, wrt=("c", "r"))
def toeplitz(y, c, r=None, *, y_bar):
    """y[i, j] = c[i - j] for i >= j, r[j - i] above: the sums of the diagonals.  Without r, c takes its place.

    Shapes: c (m,), r (n,).  r[0] is not read, and gets 0.
    """
    require(np.ndim(c) == 1 and (r is None or np.ndim(r) == 1), "batches are not in the table: write a loop")
    m = np.shape(y)[0]
    sums = gathered(y_bar, m - 1 + offsets(y), y_bar, m - 1 + np.shape(y)[1])
    first = sums[:m][::-1]
    above = np.concatenate([np.zeros(1, y_bar.dtype), sums[m:]])
    return (first + above, None) if r is None else (first, above)


@linear(linalg.circulant, wrt="c")
def circulant(y, c, *, y_bar):
    """y[i, j] = c[(i - j) mod n]: the sums of the diagonals, wrapped.  Shapes: c (n,)."""
    require(np.ndim(c) == 1, "batches are not in the table: write a loop")
    n = np.shape(y)[0]
    return gathered(y_bar, -offsets(y) % n, y_bar, n)


@linear(linalg.hankel, wrt=("c", "r"))
def hankel(y, c, r=None, *, y_bar):
    """y[i, j] = c[i + j], further on r[i + j - m + 1], or 0 without r: the sums of the anti-diagonals.

    Shapes: c (m,), r (n,).  r[0] is not read, and gets 0.
    """
    require(np.ndim(c) == 1 and (r is None or np.ndim(r) == 1), "batches are not in the table: write a loop")
    m, n = np.shape(y)
    sums = gathered(y_bar, np.expand_dims(np.arange(m), 1) + np.arange(n), y_bar, m + n - 1)
    return sums[:m], None if r is None else np.concatenate([np.zeros(1, y_bar.dtype), sums[m:]])


def rows(x):
    """The rows of x as a block: a vector is one."""
    return np.shape(x)[0] if np.ndim(x) == 2 else 1


def columns(x):
    return 1 if np.ndim(x) == 0 else np.shape(x)[-1]


@linear(linalg.block_diag, wrt="arrs")
def block_diag(y, *arrs, y_bar):
    """Each block is read once.  Shapes: blocks (m, n), (n,) or ()."""
    require(builtins.all([np.ndim(x) < 3 for x in arrs]), "batches are not in the table: write a loop")
    tops = [builtins.sum([rows(x) for x in arrs[:i]]) for i, _ in enumerate(arrs)]
    lefts = [builtins.sum([columns(x) for x in arrs[:i]]) for i, _ in enumerate(arrs)]
    parts = [y_bar[i : i + rows(x), j : j + columns(x)] for i, j, x in zip(tops, lefts, arrs)]
    return tuple([np.reshape(part, np.shape(x)) for part, x in zip(parts, arrs)])


@rule(linalg.khatri_rao)
def khatri_rao(y, a, b, *, y_bar):
    """y[(i, k), j] = a[i, j] b[k, j]: for each operand the sum over the other's rows.  Shapes: a (m, n), b (p, n)."""
    require(np.ndim(a) == 2 and np.ndim(b) == 2, "batches are not in the table: write a loop")
    g = np.reshape(y_bar, (np.shape(a)[0], np.shape(b)[0], np.shape(a)[1]))
    return np.einsum("ikj,kj->ij", g, b), np.einsum("ikj,ij->kj", g, a)


real_only(linalg.toeplitz)
