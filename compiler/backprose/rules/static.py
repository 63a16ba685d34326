"""Arithmetic on axes, permutations and flags, done while compiling: its results stand in emitted code as constants."""

from __future__ import annotations

import builtins

import numpy as np

from backprose.rules.registry import at_compile_time


def rank_is_known(x):
    """Whether the number of axes of `x` is known. Always true at run time; the compiler asks the kind."""
    return True


def length_is_known(xs):
    """Whether the number of elements of the sequence `xs` is known. Always true at run time; the compiler asks the kind."""
    return True


def is_zero(x_bar):
    """Whether a cotangent is 0. The compiler asks whether it was made as zeros, for a result that nobody reads."""
    return not x_bar.any() if hasattr(x_bar, "any") else x_bar == 0


def value_is_known(x):
    """Whether `x` is a constant of the program. The compiler asks the kind."""
    return False


def is_flat_at_zero(x):
    """Whether x is evidently never negative, with the derivative 0 wherever it is 0, as a sum of squares.

    The compiler looks at how the operand of a rule is made (`analysis/magnitudes.py`).
    """
    return False


def may_turn_complex(y, a, b):
    """Whether `y = a ** b` of Python's floats is complex wherever a < 0, which nothing excludes. The compiler asks the kinds."""
    return type(a) in (int, float) and type(b) is float and not b.is_integer()


def names_imaginary_part(path):
    """Whether a path of `set_at` leads through `.imag`. The compiler sees it in the kinds, whatever the indices are."""
    return any([isinstance(step, str) and step == "imag" for step in path])


def leads_to_all(path):
    """Whether a path of `set_at` is `...`. The compiler sees it in the kinds."""
    return len(path) == 1 and path[0] is Ellipsis


def in_any_layout(path):
    """A path of `set_at` that leads to the same place in an array of any layout, as a cotangent is. The compiler makes it."""
    return path


def has_length(x, n):
    """Whether `x` is known to have n rows. The compiler compares what it knows of the two."""
    return len(x) == n


@at_compile_time
def require(condition, reason):
    """Refuse the call for `reason` unless `condition` holds."""
    if not condition:
        raise ValueError(reason)


@at_compile_time
def refuse(reason):
    """Refuse the call for `reason`, where the compiler comes by."""
    raise ValueError(reason)


def is_true(x):
    """Whether `x` is True itself, as an option that is left out is. The compiler asks the kind."""
    return x is True


def is_sparse(x):
    """Whether `x` is a sparse matrix of SciPy, a constant. The compiler asks the kind."""
    return hasattr(x, "nnz")


def is_sparse_array(x):
    """Whether `x` is of a class that SciPy names an array, with `*` entry by entry. The compiler asks the kind."""
    return type(x).__name__.endswith("_array")


def is_integer(x):
    """Whether `x` is one integer, as an index is. The compiler asks the kind."""
    return isinstance(x, (int, np.integer)) and not isinstance(x, bool)


def dtype_is_known(x):
    """Whether the dtype of `x`, or of all elements of the list `x`, is known. Always true at run time; the compiler asks."""
    return True


def holds_floats(x):
    """Whether the numbers in `x` are floats or complex. The compiler asks the kind."""
    return np.issubdtype(np.asarray(x).dtype, np.inexact)


@at_compile_time
def is_tuple(axis):
    """Whether `axis` names several axes."""
    return isinstance(axis, (tuple, list))


@at_compile_time
def positive_axis(axis, ndim):
    """The axis counted from the front."""
    return axis + ndim if axis < 0 else axis


@at_compile_time
def positive_axes(axis, ndim):
    """A tuple of axes counted from the front; None stands for all."""
    if axis is None:
        return tuple(range(ndim))
    if is_tuple(axis):
        return tuple([positive_axis(i, ndim) for i in axis])
    return (positive_axis(axis, ndim),)


@at_compile_time
def other_axes(axis, ndim):
    """The axes that `axis` does not name, in order."""
    named = positive_axes(axis, ndim)
    return tuple([i for i in range(ndim) if i not in named])


@at_compile_time
def inverse_permutation(axes, ndim):
    """The permutation p with p[axes[i]] = i."""
    axes = positive_axes(axes, ndim)
    return tuple([axes.index(i) for i in range(ndim)])


@at_compile_time
def sorting_permutation(axes):
    """The permutation p with which axes[p[0]], axes[p[1]], ... are in order."""
    return tuple(builtins.sorted(range(len(axes)), key=lambda i: axes[i]))


@at_compile_time
def rolled_axes(axis, start, ndim):
    """The permutation that `np.rollaxis(a, axis, start)` applies."""
    axis, start = positive_axis(axis, ndim), start + ndim if start < 0 else start
    rest = [i for i in range(ndim) if i != axis]
    start = start - 1 if axis < start else start
    return tuple(rest[:start] + [axis] + rest[start:])


@at_compile_time
def repeated(item, n):
    """The tuple of n times the item."""
    return (item,) * n


@at_compile_time
def pad_pairs(pad_width, ndim):
    """(before, after) for each axis, from any of the forms that `np.pad` takes."""
    if not is_tuple(pad_width):
        return ((pad_width, pad_width),) * ndim
    if not is_tuple(pad_width[0]):
        before, after = pad_width if len(pad_width) == 2 else (pad_width[0], pad_width[0])
        return ((before, after),) * ndim
    return tuple([tuple(pair) for pair in pad_width]) if len(pad_width) == ndim else (tuple(pad_width[0]),) * ndim


@at_compile_time
def unpadded(pad_width, ndim):
    """(start, stop) for each axis of the slices that cut the padding off again."""
    return tuple([(before, -after if after else None) for before, after in pad_pairs(pad_width, ndim)])


@at_compile_time
def ends_padded(axis, ndim):
    """The `np.pad` width that adds one entry at both ends of `axis`."""
    axis = positive_axis(axis, ndim)
    return tuple([(1, 1) if i == axis else (0, 0) for i in range(ndim)])


@at_compile_time
def contracted_axes(axes, a_ndim, b_ndim):
    """The axes of a and of b that `np.tensordot(a, b, axes)` sums over, in pairs."""
    if is_tuple(axes):
        return positive_axes(axes[0], a_ndim), positive_axes(axes[1], b_ndim)
    return tuple(range(a_ndim - axes, a_ndim)), tuple(range(axes))


@at_compile_time
def partners(axes, other):
    """For the sorted `axes`, those of `other` that they are paired with."""
    return tuple([pair[1] for pair in builtins.sorted(zip(axes, other))])


@at_compile_time
def span(start, stop):
    """The tuple (start, ..., stop - 1)."""
    return tuple(range(start, stop))


@at_compile_time
def is_sorted(axes):
    return list(axes) == builtins.sorted(axes)
