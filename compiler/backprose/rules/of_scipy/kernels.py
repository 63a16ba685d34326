"""`scipy.ndimage`: filters whose kernel is an operand, which may carry a derivative as well.

y[i] = sum over j of w[j] e[i + j - c], where e is the array extended past its edges and c the centre of the kernel. By
the array it is a filter as any (`ndimage.py`); by the kernel, w_bar[j] = sum over i of y_bar[i] e[i + j - c].
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage, signal

from backprose.rules.of_scipy.ndimage import behind, extension, gathered, is_filtered, refuse_output
from backprose.rules.registry import real_only, rule
from backprose.rules.static import span


def origin_of(origin, i):
    """The origin along the i-th axis."""
    return origin[i] if isinstance(origin, (tuple, list)) else origin


def around(size, centre):
    """How many entries of a kernel stand before its centre, and how many behind it."""
    return centre, size - 1 - centre


def sums(y_bar, input, reach, mode, cval):
    """The w_bar of a kernel that reaches so far to both sides, in the order of a correlation."""
    past = extension(mode)
    if past == "":
        wide = np.pad(input, reach, constant_values=cval)
    else:
        wide = np.pad(input, reach, past)
    return signal.convolve(wide, np.flip(y_bar), "valid")


def along_all(weights, ndim):
    """A border as wide as the kernel reaches at most."""
    return tuple([(np.shape(weights)[i] - 1, np.shape(weights)[i] - 1) for i in span(0, ndim)])


def along_one(reach, axis, ndim):
    """The same reach along one axis, and none along the others."""
    return tuple([reach if is_filtered(i, axis, ndim) else (0, 0) for i in span(0, ndim)])


@rule(ndimage.correlate, wrt=("input", "weights"))
def correlate(y, input, weights, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """y[i] = sum over j of w[j] e[i + j - c], with e the extended array and the centre c = size // 2 + origin.

    Restriction: one mode for all axes.
    """
    refuse_output(output)
    border = along_all(weights, np.ndim(input))
    wide = ndimage.correlate(behind(y_bar, border), weights, None, "constant", 0.0, origin)
    sizes = np.shape(weights)
    reach = tuple([around(sizes[i], sizes[i] // 2 + origin_of(origin, i)) for i in span(0, np.ndim(input))])
    return gathered(wide, border, extension(mode), input), sums(y_bar, input, reach, mode, cval)


@rule(ndimage.convolve, wrt=("input", "weights"))
def convolve(y, input, weights, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """The correlation with the kernel from behind, whose centre is (size - 1) // 2 - origin.

    Restriction: one mode for all axes.
    """
    refuse_output(output)
    border = along_all(weights, np.ndim(input))
    wide = ndimage.convolve(behind(y_bar, border), weights, None, "constant", 0.0, origin)
    sizes = np.shape(weights)
    reach = tuple([around(sizes[i], (sizes[i] - 1) // 2 - origin_of(origin, i)) for i in span(0, np.ndim(input))])
    return gathered(wide, border, extension(mode), input), np.flip(sums(y_bar, input, reach, mode, cval))


@rule(ndimage.correlate1d, wrt=("input", "weights"))
def correlate1d(y, input, weights, axis=-1, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """As `correlate`, along one axis."""
    refuse_output(output)
    n = np.size(weights)
    border = along_one((n - 1, n - 1), axis, np.ndim(input))
    wide = ndimage.correlate1d(behind(y_bar, border), weights, axis, None, "constant", 0.0, origin)
    reach = along_one(around(n, n // 2 + origin), axis, np.ndim(input))
    return gathered(wide, border, extension(mode), input), np.ravel(sums(y_bar, input, reach, mode, cval))


@rule(ndimage.convolve1d, wrt=("input", "weights"))
def convolve1d(y, input, weights, axis=-1, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """As `convolve`, along one axis."""
    refuse_output(output)
    n = np.size(weights)
    border = along_one((n - 1, n - 1), axis, np.ndim(input))
    wide = ndimage.convolve1d(behind(y_bar, border), weights, axis, None, "constant", 0.0, origin)
    reach = along_one(around(n, (n - 1) // 2 - origin), axis, np.ndim(input))
    return gathered(wide, border, extension(mode), input), np.flip(np.ravel(sums(y_bar, input, reach, mode, cval)))


real_only(ndimage.correlate, ndimage.convolve, ndimage.correlate1d, ndimage.convolve1d)
