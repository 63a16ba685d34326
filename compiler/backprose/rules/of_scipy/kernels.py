"""Filters of `scipy.ndimage` whose kernel is an operand, which may carry a derivative as well.

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


def of_all(filtered, y_bar, input, weights, centres, mode, cval, origin):
    """The cotangents for a kernel with the same axes as the input: the filter itself backwards, and sums over the windows."""
    ndim = np.ndim(input)
    border = along_all(weights, ndim)
    wide = filtered(behind(y_bar, border), weights, None, "constant", 0.0, origin)
    reach = tuple([around(np.shape(weights)[i], centres[i]) for i in span(0, ndim)])
    return gathered(wide, border, extension(mode), input), sums(y_bar, input, reach, mode, cval)


def of_one(filtered, y_bar, input, weights, axis, centre, mode, cval, origin):
    """Those for a kernel along one axis."""
    n = np.size(weights)
    border = along_one((n - 1, n - 1), axis, np.ndim(input))
    wide = filtered(behind(y_bar, border), weights, axis, None, "constant", 0.0, origin)
    reach = along_one(around(n, centre), axis, np.ndim(input))
    return gathered(wide, border, extension(mode), input), np.ravel(sums(y_bar, input, reach, mode, cval))


def centres_of(weights, origin, ndim, from_behind):
    """The centre of the kernel along each axis, or of the kernel from behind."""
    sizes = np.shape(weights)
    if from_behind:
        return tuple([(sizes[i] - 1) // 2 - origin_of(origin, i) for i in span(0, ndim)])
    return tuple([sizes[i] // 2 + origin_of(origin, i) for i in span(0, ndim)])


@rule(ndimage.correlate, wrt=("input", "weights"))
def correlate(y, input, weights, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """y[i] = sum over j of w[j] e[i + j - c], with e the extended array and the centre c = size // 2 + origin.

    Restriction: one mode for all axes.
    """
    refuse_output(output)
    centres = centres_of(weights, origin, np.ndim(input), False)
    return of_all(ndimage.correlate, y_bar, input, weights, centres, mode, cval, origin)


@rule(ndimage.convolve, wrt=("input", "weights"))
def convolve(y, input, weights, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """The correlation with the kernel from behind, whose centre is (size - 1) // 2 - origin.

    Restriction: one mode for all axes.
    """
    refuse_output(output)
    centres = centres_of(weights, origin, np.ndim(input), True)
    input_bar, flipped = of_all(ndimage.convolve, y_bar, input, weights, centres, mode, cval, origin)
    return input_bar, np.flip(flipped)


@rule(ndimage.correlate1d, wrt=("input", "weights"))
def correlate1d(y, input, weights, axis=-1, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """As `correlate`, along one axis."""
    refuse_output(output)
    return of_one(ndimage.correlate1d, y_bar, input, weights, axis, np.size(weights) // 2 + origin, mode, cval, origin)


@rule(ndimage.convolve1d, wrt=("input", "weights"))
def convolve1d(y, input, weights, axis=-1, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """As `convolve`, along one axis."""
    refuse_output(output)
    centre = (np.size(weights) - 1) // 2 - origin
    input_bar, flipped = of_one(ndimage.convolve1d, y_bar, input, weights, axis, centre, mode, cval, origin)
    return input_bar, np.flip(flipped)


real_only(ndimage.correlate, ndimage.convolve, ndimage.correlate1d, ndimage.convolve1d)
