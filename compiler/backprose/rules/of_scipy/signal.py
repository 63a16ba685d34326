"""`scipy.signal`: convolutions of arrays of any rank, and linear recursions.

y[k] = sum over i of a[i] v[k - i]  =>  a_bar[i] = sum over k of y_bar[k] v[k - i], and so for v: as for `np.convolve`.
"""

from __future__ import annotations

import numpy as np
from scipy import signal

from backprose.rules.registry import any_length, at_compile_time, linear, real_only, rule
from backprose.rules.static import require, span


@at_compile_time
def require_mode(mode, method):
    """Refuse a mode or method that SciPy does not know."""
    if mode not in ("full", "same", "valid") or method not in ("auto", "direct", "fft"):
        raise ValueError(f"mode={mode!r} or method={method!r} is not in the table")


def edges(n, m, length, mode):
    """What stands before and behind the part that `mode` gives, along an axis of the convolution of lengths n and m."""
    start = (m - 1) // 2 if mode == "same" else (n if n < m else m) - 1
    return start, n + m - 1 - start - length


def whole(y_bar, a, v, mode):
    """y_bar among zeros, where its entries stand in the whole convolution."""
    if mode == "full":
        return y_bar
    axes = span(0, np.ndim(a))
    return np.pad(y_bar, tuple([edges(np.shape(a)[i], np.shape(v)[i], np.shape(y_bar)[i], mode) for i in axes]))


@rule(signal.convolve, wrt=("in1", "in2"))
def convolve(y, in1, in2, mode="full", method="auto", *, y_bar):
    """The convolution of two arrays of equal rank, or the part of it that `mode` names: the rest of y_bar is 0."""
    require_mode(mode, method)
    full_bar = whole(y_bar, in1, in2, mode)
    in1_bar = signal.convolve(full_bar, np.flip(in2), "valid", method)
    return in1_bar, signal.convolve(full_bar, np.flip(in1), "valid", method)


@rule(signal.fftconvolve, wrt=("in1", "in2"))
def fftconvolve(y, in1, in2, mode="full", axes=None, *, y_bar):
    """As `convolve`.  Restriction: over all axes."""
    require(axes is None, "a convolution along some axes only is not in the table")
    require_mode(mode, "fft")
    full_bar = whole(y_bar, in1, in2, mode)
    return signal.fftconvolve(full_bar, np.flip(in2), "valid"), signal.fftconvolve(full_bar, np.flip(in1), "valid")


@rule(signal.correlate, wrt=("in1", "in2"))
def correlate(y, in1, in2, mode="full", method="auto", *, y_bar):
    """The convolution of in1 with in2 from behind."""
    require_mode(mode, method)
    full_bar = whole(y_bar, in1, in2, mode)
    in1_bar = signal.convolve(full_bar, in2, "valid", method)
    return in1_bar, np.flip(signal.convolve(full_bar, np.flip(in1), "valid", method))


def require_zeros(boundary, fillvalue):
    require(boundary == "fill", "only boundary='fill' is in the table: extend the array by np.pad, with mode='valid'")
    require(fillvalue == 0, "past the edges only zeros are in the table: extend the array by np.pad, with mode='valid'")


@rule(signal.convolve2d, wrt=("in1", "in2"))
def convolve2d(y, in1, in2, mode="full", boundary="fill", fillvalue=0, *, y_bar):
    """As `convolve`, of matrices.  Restriction: zeros past the edges."""
    require_zeros(boundary, fillvalue)
    require_mode(mode, "direct")
    full_bar = whole(y_bar, in1, in2, mode)
    in1_bar = signal.convolve2d(full_bar, np.flip(in2), "valid")
    return in1_bar, signal.convolve2d(full_bar, np.flip(in1), "valid")


def placed_later(y_bar, v):
    """y_bar among zeros, beginning with the entry m // 2 along axes of length m of v."""
    starts = [np.shape(v)[i] // 2 for i in (0, 1)]
    return np.pad(y_bar, tuple([(starts[i], np.shape(v)[i] - 1 - starts[i]) for i in (0, 1)]))


@rule(signal.correlate2d, wrt=("in1", "in2"))
def correlate2d(y, in1, in2, mode="full", boundary="fill", fillvalue=0, *, y_bar):
    """As `correlate`, of matrices; "same" begins one entry later if in2 has an even length.

    Restriction: zeros past the edges.
    """
    require_zeros(boundary, fillvalue)
    require_mode(mode, "direct")
    full_bar = whole(y_bar, in1, in2, mode) if mode != "same" else placed_later(y_bar, in2)
    in1_bar = signal.convolve2d(full_bar, in2, "valid")
    return in1_bar, np.flip(signal.convolve2d(full_bar, np.flip(in1), "valid"))


@linear(signal.lfilter, wrt="x")
def lfilter(y, b, a, x, axis=-1, zi=None, *, y_bar):
    """A causal filter, of which the transpose is the same filter run backwards.  Restriction: b and a are constant."""
    require(zi is None, "with an initial state the result is a pair, which is not in the table")
    return np.flip(signal.lfilter(b, a, np.flip(y_bar, axis), axis), axis)


CONVOLUTIONS = signal.convolve, signal.fftconvolve, signal.correlate, signal.convolve2d, signal.correlate2d
any_length(*CONVOLUTIONS)
real_only(*CONVOLUTIONS)
