"""Convolution and correlation of signals."""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import rule
from backprose.rules.static import require


@rule(np.convolve, wrt=("a", "v"))
def convolve(y, a, v, mode="full", *, y_bar):
    """y[k] = sum over i of a[i] v[k - i]  =>  a_bar[i] = sum over k of y_bar[k] v[k - i], and so for v.

    "same" and "valid" give a part of this: the rest of y_bar is 0.  Shapes: a (n,), v (m,), "full" (n + m - 1,).
    """
    require(mode in ("full", "same", "valid"), "the mode is not known")
    n, m = np.size(a), np.size(v)
    shorter = np.minimum(n, m)
    full_bar = placed(y_bar, shorter - 1 if mode == "valid" else (shorter - 1) // 2, n + m - 1, mode)
    return against(full_bar, v, a), against(full_bar, a, v)


@rule(np.correlate, wrt=("a", "v"))
def correlate(y, a, v, mode="valid", *, y_bar):
    """y[k] = sum over i of a[i + k] conj(v[i]), which is the convolution of a and conj(v) from behind: as there.

    "same" begins one entry later if v is longer than a, and one of the lengths is even.
    """
    require(mode in ("full", "same", "valid"), "the mode is not known")
    n, m = np.size(a), np.size(v)
    shorter = np.minimum(n, m)
    start = (shorter - 1) // 2 if n >= m else n + m - 1 - np.size(y_bar) - (shorter - 1) // 2
    full_bar = placed(y_bar, shorter - 1 if mode == "valid" else start, n + m - 1, mode)
    return against(full_bar, np.flip(np.conjugate(v)), a), np.flip(np.conjugate(against(full_bar, a, v)))


def placed(y_bar, start, n, mode):
    """y_bar where its entries stand among the n ones of the whole convolution."""
    return y_bar if mode == "full" else np.pad(y_bar, (start, n - start - np.size(y_bar)))


def against(full_bar, other, own):
    """The cotangent of an operand of a convolution: full_bar against the other operand."""
    bar = np.convolve(full_bar, np.flip(other), "valid")
    return bar if np.ndim(own) == 1 else np.reshape(bar, np.shape(own))

