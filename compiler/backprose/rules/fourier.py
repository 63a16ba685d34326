"""Fourier transforms. All are linear, and their transposes are transforms again.

The matrix of `fft`, w^(jk), is symmetric, so the transpose is the transform itself: with the same norm, and of the same
length. Where an argument was cut off or continued with zeros (n, s), the cotangent is continued with zeros or cut off.
Of transforms that hold half of a Hermitian spectrum the transpose counts each pair twice, or each of the pair once.
Cotangents are not conjugated, as everywhere.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import at_compile_time, linear, rule
from backprose.rules.static import positive_axes, positive_axis, require


# The length along an axis


def fitted(t, x, axis):
    """t, cut or continued with zeros to the length that x has along the axis."""
    m = np.shape(x)[axis]
    last = np.swapaxes(t, axis, -1)[..., :m]
    zeros = np.zeros(np.shape(last)[:-1] + (m - np.shape(last)[-1],))
    return np.swapaxes(np.concatenate((last, zeros), axis=-1), axis, -1)


def all_fitted(t, x, s, axes):
    """As `fitted` along several axes, which kept their lengths if s is None."""
    if s is not None:
        for axis in axes:
            t = fitted(t, x, axis)
    return t


def length(x, s, i, axis):
    """The length of the transform along an axis: that of x where s does not say, or says -1."""
    if s is None:
        return np.shape(x)[axis]
    return np.shape(x)[axis] if s[i] == -1 else s[i]


@at_compile_time
def transformed_axes(s, axes, ndim):
    """The axes that are transformed, counted from the front; without `axes` the last ones, as many as s has lengths."""
    found = tuple(range(ndim - len(s), ndim)) if axes is None and s is not None else positive_axes(axes, ndim)
    require(s is None or len(set(found)) == len(found), "an axis that is transformed twice has one length only without `s`")
    return found


# Half spectra


@at_compile_time
def inverse_norm(norm):
    """The norm with which the inverse transform multiplies by the same factor."""
    return {"forward": "backward", "ortho": "ortho"}.get(norm, "forward")


def multiplicity(n, axis, ndim):
    """How often each entry of a half spectrum stands in the whole of length n: once at its ends, else twice."""
    k = np.arange(n // 2 + 1)
    counts = np.where((k == 0) | (2 * k == n), 1.0, 2.0)
    return counts if ndim == 1 else np.reshape(counts, along(axis, ndim))


@at_compile_time
def along(axis, ndim):
    """The shape of a vector along the axis that broadcasts along all others."""
    return tuple([-1 if i == positive_axis(axis, ndim) else 1 for i in range(ndim)])


def rfft_bar(y_bar, n, axis, norm):
    """The transpose of `rfft` of length n: real parts, by an inverse transform."""
    half = np.conjugate(y_bar) / multiplicity(n, axis, np.ndim(y_bar))
    return np.fft.irfft(half, n, axis, inverse_norm(norm))


def irfft_bar(y_bar, axis, norm):
    """The transpose of `irfft`, of the length of y_bar."""
    n = np.shape(y_bar)[axis]
    return multiplicity(n, axis, np.ndim(y_bar)) * np.conjugate(np.fft.rfft(y_bar, n, axis, inverse_norm(norm)))


# One axis


@linear(np.fft.fft, wrt="a")
def fft(y, a, n=None, axis=-1, norm=None, out=None, *, y_bar):
    """y = F a with a symmetric F  =>  a_bar = F y_bar.  Real operands get the real part."""
    a_bar = np.fft.fft(y_bar, axis=axis, norm=norm)
    return a_bar if n is None else fitted(a_bar, a, axis)


@linear(np.fft.ifft, wrt="a")
def ifft(y, a, n=None, axis=-1, norm=None, out=None, *, y_bar):
    """As fft, with the inverse transform in both places."""
    a_bar = np.fft.ifft(y_bar, axis=axis, norm=norm)
    return a_bar if n is None else fitted(a_bar, a, axis)


@linear(np.fft.rfft, wrt="a")
def rfft(y, a, n=None, axis=-1, norm=None, out=None, *, y_bar):
    """y = the first half of F a  =>  a_bar = Re(F y_bar), y_bar continued with zeros.

    By an inverse transform of conj(y_bar), in which entries that stand for a pair are halved.
    """
    if n is None:
        return rfft_bar(y_bar, np.shape(a)[axis], axis, norm)
    return fitted(rfft_bar(y_bar, n, axis, norm), a, axis)


@linear(np.fft.irfft, wrt="a")
def irfft(y, a, n=None, axis=-1, norm=None, out=None, *, y_bar):
    """a_bar = m conj(rfft(y_bar)) / n, where m is 2 for entries that stand for a pair, and 1 at the ends.

    The imaginary parts at the ends are not read by NumPy; their derivative is 0.
    """
    return fitted(irfft_bar(y_bar, axis, norm), a, axis)


@linear(np.fft.hfft, wrt="a")
def hfft(y, a, n=None, axis=-1, norm=None, out=None, *, y_bar):
    """hfft(a) = irfft(conj(a)) with the other norm; its transpose likewise."""
    return fitted(np.conjugate(irfft_bar(y_bar, axis, inverse_norm(norm))), a, axis)


@linear(np.fft.ihfft, wrt="a")
def ihfft(y, a, n=None, axis=-1, norm=None, out=None, *, y_bar):
    """ihfft(a) = conj(rfft(a)) with the other norm; its transpose likewise."""
    if n is None:
        return rfft_bar(np.conjugate(y_bar), np.shape(a)[axis], axis, inverse_norm(norm))
    return fitted(rfft_bar(np.conjugate(y_bar), n, axis, inverse_norm(norm)), a, axis)


# Several axes


@linear(np.fft.fftn, wrt="a")
def fftn(y, a, s=None, axes=None, norm=None, out=None, *, y_bar):
    """As fft, along each of the axes."""
    named = transformed_axes(s, axes, np.ndim(a))
    return all_fitted(np.fft.fftn(y_bar, axes=named, norm=norm), a, s, named)


@linear(np.fft.ifftn, wrt="a")
def ifftn(y, a, s=None, axes=None, norm=None, out=None, *, y_bar):
    """As ifft, along each of the axes."""
    named = transformed_axes(s, axes, np.ndim(a))
    return all_fitted(np.fft.ifftn(y_bar, axes=named, norm=norm), a, s, named)


@linear(np.fft.rfftn, wrt="a")
def rfftn(y, a, s=None, axes=None, norm=None, out=None, *, y_bar):
    """As rfft along the last of the axes, and as fft along the others."""
    named = transformed_axes(s, axes, np.ndim(a))
    rest = all_fitted(np.fft.fftn(y_bar, axes=named[:-1], norm=norm), a, s, named[:-1])
    return all_fitted(rfft_bar(rest, length(a, s, -1, named[-1]), named[-1], norm), a, s, named[-1:])


@linear(np.fft.irfftn, wrt="a")
def irfftn(y, a, s=None, axes=None, norm=None, out=None, *, y_bar):
    """As irfft along the last of the axes, and as ifft along the others."""
    named = transformed_axes(s, axes, np.ndim(a))
    half = fitted(irfft_bar(y_bar, named[-1], norm), a, named[-1])
    return all_fitted(np.fft.ifftn(half, axes=named[:-1], norm=norm), a, s, named[:-1])


@linear(np.fft.fft2, wrt="a")
def fft2(y, a, s=None, axes=(-2, -1), norm=None, out=None, *, y_bar):
    """As fftn."""
    return fftn(y, a, s, axes, norm, y_bar=y_bar)


@linear(np.fft.ifft2, wrt="a")
def ifft2(y, a, s=None, axes=(-2, -1), norm=None, out=None, *, y_bar):
    """As ifftn."""
    return ifftn(y, a, s, axes, norm, y_bar=y_bar)


@linear(np.fft.rfft2, wrt="a")
def rfft2(y, a, s=None, axes=(-2, -1), norm=None, out=None, *, y_bar):
    """As rfftn."""
    return rfftn(y, a, s, axes, norm, y_bar=y_bar)


@linear(np.fft.irfft2, wrt="a")
def irfft2(y, a, s=None, axes=(-2, -1), norm=None, out=None, *, y_bar):
    """As irfftn."""
    return irfftn(y, a, s, axes, norm, y_bar=y_bar)


# Order and frequencies


@linear(np.fft.fftshift, wrt="x")
def fftshift(y, x, axes=None, *, y_bar):
    """A rotation: x_bar is rotated back."""
    return np.fft.ifftshift(y_bar, axes)


@linear(np.fft.ifftshift, wrt="x")
def ifftshift(y, x, axes=None, *, y_bar):
    """A rotation: x_bar is rotated back."""
    return np.fft.fftshift(y_bar, axes)


@rule(np.fft.fftfreq, np.fft.rfftfreq, wrt="d")
def fftfreq(y, n, d=1.0, *, y_bar):
    """y = k / (n d)  =>  d_bar = -sum(y_bar y) / d."""
    return -np.sum(y_bar * y) / d
