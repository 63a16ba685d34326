"""Linear filters of `scipy.ndimage`. Each is a kernel K applied to the array E(x) that is extended past its edges.

So the transpose is K^T, then E^T: the same filter from behind, on y_bar among zeros, and then every entry past an edge
is added where it was copied from. The sums over axes or products of such filters, which the functions are, do the same.
"""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from backprose.rules.registry import at_compile_time, rule
from backprose.rules.static import positive_axis, span
from backprose_runtime import add_at


@at_compile_time
def extension(mode):
    """NumPy's name of what stands past an edge; "" where that is constant."""
    names = {
        "reflect": "symmetric", "grid-mirror": "symmetric", "mirror": "reflect", "nearest": "edge", "wrap": "wrap",
        "grid-wrap": "wrap", "constant": "", "grid-constant": "",
    }  # fmt: skip
    if not isinstance(mode, str) or mode not in names:
        raise ValueError(f"the mode {mode!r} is not in the table: only one for all axes is, out of {', '.join(names)}")
    return names[mode]


@at_compile_time
def is_filtered(i, axis, ndim):
    """Whether the filter reaches along the i-th axis: its own is one, or all are."""
    return axis is None or i == positive_axis(axis, ndim)


def margins(radius, axis, ndim):
    """The width of the border along each axis."""
    return tuple([(radius, radius) if is_filtered(i, axis, ndim) else (0, 0) for i in span(0, ndim)])


@at_compile_time
def refuse_output(output):
    """Refuse an output array or dtype."""
    if output is not None:
        raise ValueError("the parameter `output` is not in the table: leave it out")


def behind(y_bar, border):
    """y_bar among zeros, from behind."""
    return np.flip(np.pad(y_bar, border))


def gathered(wide, border, mode, x):
    """What a filter gives from behind, turned again, with the border added where it was copied from."""
    size = np.size(x)
    wide = np.flip(wide)
    if mode == "":
        inner = np.pad(np.ones(np.shape(x), bool), border)
        return np.reshape(wide[inner], np.shape(x))
    places = np.pad(np.reshape(np.arange(size), np.shape(x)), border, mode)
    return np.reshape(add_at(np.zeros(size, wide.dtype), places, wide), np.shape(x))


@at_compile_time
def gaussian_radius(sigma, truncate, radius):
    """How far a Gaussian kernel reaches along its longest axis."""
    if radius is not None:
        return int(np.max(radius))
    return int(truncate * float(np.max(sigma)) + 0.5)


@rule(ndimage.gaussian_filter, wrt="input")
def gaussian_filter(
    y, input, sigma, order=0, output=None, mode="reflect", cval=0.0, truncate=4.0, *, radius=None, y_bar
):  # fmt: skip
    """A Gaussian, or its derivatives, along every axis.  Restrictions: sigma is constant; one mode for all axes."""
    refuse_output(output)
    border = margins(gaussian_radius(sigma, truncate, radius), None, np.ndim(input))
    wide = ndimage.gaussian_filter(behind(y_bar, border), sigma, order, None, "constant", 0.0, truncate, radius=radius)
    return gathered(wide, border, extension(mode), input)


@rule(ndimage.gaussian_filter1d, wrt="input")
def gaussian_filter1d(
    y, input, sigma, axis=-1, order=0, output=None, mode="reflect", cval=0.0, truncate=4.0, *, radius=None, y_bar
):  # fmt: skip
    """A Gaussian, or its derivative, along one axis.  Restriction: sigma is constant."""
    refuse_output(output)
    border = margins(gaussian_radius(sigma, truncate, radius), axis, np.ndim(input))
    wide = behind(y_bar, border)
    wide = ndimage.gaussian_filter1d(wide, sigma, axis, order, None, "constant", 0.0, truncate, radius=radius)
    return gathered(wide, border, extension(mode), input)


@rule(ndimage.gaussian_laplace, wrt="input")
def gaussian_laplace(
    y, input, sigma, output=None, mode="reflect", cval=0.0, *, truncate=4.0, radius=None, y_bar
):  # fmt: skip
    """The second derivatives by a Gaussian along all axes.  Restrictions: sigma is constant; one mode for all axes."""
    refuse_output(output)
    border = margins(gaussian_radius(sigma, truncate, radius), None, np.ndim(input))
    wide = ndimage.gaussian_laplace(behind(y_bar, border), sigma, None, "constant", 0.0, truncate=truncate, radius=radius)
    return gathered(wide, border, extension(mode), input)


@rule(ndimage.laplace, wrt="input")
def laplace(y, input, output=None, mode="reflect", cval=0.0, *, y_bar):
    """The second differences along all axes.  Restriction: one mode for all axes."""
    refuse_output(output)
    border = margins(1, None, np.ndim(input))
    return gathered(ndimage.laplace(behind(y_bar, border), None, "constant", 0.0), border, extension(mode), input)


@rule(ndimage.sobel, wrt="input")
def sobel(y, input, axis=-1, output=None, mode="reflect", cval=0.0, *, y_bar):
    """Central differences along one axis, smoothed along the others.  Restriction: one mode for all axes."""
    refuse_output(output)
    border = margins(1, None, np.ndim(input))
    return gathered(ndimage.sobel(behind(y_bar, border), axis, None, "constant", 0.0), border, extension(mode), input)


@rule(ndimage.prewitt, wrt="input")
def prewitt(y, input, axis=-1, output=None, mode="reflect", cval=0.0, *, y_bar):
    """Central differences along one axis, averaged along the others.  Restriction: one mode for all axes."""
    refuse_output(output)
    border = margins(1, None, np.ndim(input))
    return gathered(ndimage.prewitt(behind(y_bar, border), axis, None, "constant", 0.0), border, extension(mode), input)


@at_compile_time
def box_radius(size, origin):
    """How far a box reaches at most."""
    return int(np.max(size)) // 2 + int(np.max(np.abs(origin)))


@rule(ndimage.uniform_filter1d, wrt="input")
def uniform_filter1d(y, input, size, axis=-1, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """The mean of `size` entries along one axis."""
    refuse_output(output)
    border = margins(box_radius(size, origin), axis, np.ndim(input))
    wide = ndimage.uniform_filter1d(behind(y_bar, border), size, axis, None, "constant", 0.0, origin)
    return gathered(wide, border, extension(mode), input)


@rule(ndimage.uniform_filter, wrt="input")
def uniform_filter(y, input, size=3, output=None, mode="reflect", cval=0.0, origin=0, *, y_bar):
    """The mean over boxes.  Restriction: one mode for all axes."""
    refuse_output(output)
    border = margins(box_radius(size, origin), None, np.ndim(input))
    wide = ndimage.uniform_filter(behind(y_bar, border), size, None, "constant", 0.0, origin)
    return gathered(wide, border, extension(mode), input)
