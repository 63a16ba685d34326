"""`scipy.fft`: the transforms that `numpy.fft` has too are these; the others are refused."""

from __future__ import annotations

import numpy as np
from scipy import fft as transforms

from backprose.rules.registry import at_compile_time, means, named, no_derivative, not_compiled
from backprose.rules.static import require

no_derivative(transforms.fftfreq, transforms.rfftfreq)
not_compiled(
    *named(transforms, "dct idct dctn idctn dst idst dstn idstn hfft2 ihfft2 hfftn ihfftn fht ifht"),
    why="its derivative is in no table", instead="write it with the transforms of numpy.fft",
)  # fmt: skip

OVERWRITING = "`overwrite_x` may leave anything in the argument: leave it out"


@at_compile_time
def last_axes(n):
    """The last n axes: those that lengths without axes are of."""
    return tuple(range(-n, 0))


@means(transforms.fftshift)
def fftshift(x, axes=None):
    """As `np.fft.fftshift`."""
    return np.fft.fftshift(x, axes)


@means(transforms.ifftshift)
def ifftshift(x, axes=None):
    """As `np.fft.ifftshift`."""
    return np.fft.ifftshift(x, axes)


@means(transforms.fft)
def fft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.fft`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.fft(x, n, axis, norm)


@means(transforms.ifft)
def ifft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.ifft`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.ifft(x, n, axis, norm)


@means(transforms.rfft)
def rfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.rfft`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.rfft(x, n, axis, norm)


@means(transforms.irfft)
def irfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.irfft`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.irfft(x, n, axis, norm)


@means(transforms.hfft)
def hfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.hfft`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.hfft(x, n, axis, norm)


@means(transforms.ihfft)
def ihfft(x, n=None, axis=-1, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.ihfft`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.ihfft(x, n, axis, norm)


@means(transforms.fft2)
def fft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.fft2`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.fft2(x, s, axes, norm)


@means(transforms.ifft2)
def ifft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.ifft2`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.ifft2(x, s, axes, norm)


@means(transforms.rfft2)
def rfft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.rfft2`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.rfft2(x, s, axes, norm)


@means(transforms.irfft2)
def irfft2(x, s=None, axes=(-2, -1), norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.irfft2`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.irfft2(x, s, axes, norm)


@means(transforms.fftn)
def fftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.fftn`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.fftn(x, s, last_axes(len(s)) if axes is None and s is not None else axes, norm)


@means(transforms.ifftn)
def ifftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.ifftn`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.ifftn(x, s, last_axes(len(s)) if axes is None and s is not None else axes, norm)


@means(transforms.rfftn)
def rfftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.rfftn`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.rfftn(x, s, last_axes(len(s)) if axes is None and s is not None else axes, norm)


@means(transforms.irfftn)
def irfftn(x, s=None, axes=None, norm=None, overwrite_x=False, workers=None, *, plan=None):
    """As `np.fft.irfftn`."""
    require(not overwrite_x, OVERWRITING)
    return np.fft.irfftn(x, s, last_axes(len(s)) if axes is None and s is not None else axes, norm)
