"""Norms, condition numbers and ranks."""

from __future__ import annotations

import numpy as np

from backprose.rules.elementwise import off_zero
from backprose.rules.matrices import by_column, flipped
from backprose.rules.registry import at_compile_time, named, no_derivative, rule
from backprose.rules.static import positive_axes




@at_compile_time
def norm_form(ord, axis, ndim):
    """Which formula serves: "2", "1", "inf", "p" for vectors, "matrix 1", "matrix inf", "singular" for matrices.

    "inf" also stands for -inf, "matrix 1" for -1.
    """
    axes = len(positive_axes(axis, ndim))
    if ord is None or axes == 2 and ord == "fro":
        return "2"
    if axes == 1:
        return vector_form(ord)
    if axes == 2 and (ord == "nuc" or ord in (2, -2)):
        return "singular"
    if axes == 2 and ord in (1, -1):
        return "matrix 1"
    if axes == 2 and ord in (np.inf, -np.inf):
        return "matrix inf"
    raise ValueError(f"there is no norm of order {ord!r} over {axes} axes")


@at_compile_time
def vector_form(ord):
    """Which formula serves for a vector norm, over any number of axes."""
    if isinstance(ord, str):
        raise ValueError(f"there is no vector norm {ord!r}")
    if ord == 0:
        raise ValueError("the number of entries that are not 0 is piecewise constant")
    if ord == 1:
        return "1"
    if ord == 2:
        return "2"
    return "inf" if ord == np.inf or ord == -np.inf else "p"


def kept(y, axis, keepdims):
    """y with the axes that were reduced as axes of length 1; for axis None a scalar, which broadcasts as it is."""
    return y if keepdims or axis is None else np.expand_dims(y, axis)


def direction(x):
    """The derivative of |x|: the sign, of a complex number conj(x) / |x|, 0 at 0."""
    return np.conjugate(x) / off_zero(np.abs(x)) if np.iscomplexobj(x) else np.sign(x)


@rule(np.linalg.norm, wrt="x")
def norm(y, x, ord=None, axis=None, keepdims=False, *, y_bar):
    """None, 2 and 'fro': x_bar = y_bar conj(x) / y;  1: y_bar s with s = sign(x), or conj(x) / |x|;  inf, -inf: y_bar s
    where |x| = y, split evenly at ties;  p: y_bar s (|x| / y)^(p - 1).  Choice at 0: 0, which is a subgradient.

    Of matrices 1, -1, inf, -inf: y_bar s in the columns or rows that attain y, split evenly;  'nuc', 2, -2: y_bar
    conj(U W V^H) with the singular vectors, W picks the singular values that count, and leaves out 0.
    Restrictions: not the number of entries that are not 0 (ord=0), which is piecewise constant.
    """
    form = norm_form(ord, axis, np.ndim(x))
    full, full_bar = kept(y, axis, keepdims), kept(y_bar, axis, keepdims)
    axes = positive_axes(axis, np.ndim(x))
    if len(axes) == 2:  # else an order that is known at run time would bring all of it in
        if form == "singular":
            return singular_norm(x, ord, axes, full_bar)
        if form == "matrix 1" or form == "matrix inf":
            return column_norm(x, ord, form, axes, full_bar)
    return vector_bar(x, ord, form, axis, full, full_bar)


def vector_bar(x, ord, form, axis, full, full_bar):
    """The cotangent by a vector norm over the axes."""
    if form == "2":
        return full_bar * (np.conjugate(x) / off_zero(full))
    if form == "1":
        return full_bar * direction(x)
    if form == "p":
        ratio = np.abs(x) / off_zero(full)
        return full_bar * direction(x) * (off_zero(ratio) if ord < 1 else ratio) ** (ord - 1)
    hit = extreme(np.abs(x), ord, axis)
    number = np.sum(hit) if axis is None else np.sum(hit, axis=axis, keepdims=True)
    return np.where(hit, full_bar * direction(x) / number, 0.0)


def extreme(x, ord, axis):
    """Where x is the largest along the axes, for a negative ord the smallest."""
    if axis is None:
        return x == (np.max(x) if ord > 0 else np.min(x))
    return x == (np.max(x, axis=axis, keepdims=True) if ord > 0 else np.min(x, axis=axis, keepdims=True))


def column_norm(x, ord, form, axes, full_bar):
    """The largest or smallest sum of |x| over columns or rows: y_bar s in those that attain it, split evenly."""
    inner, outer = (axes[0], axes[1]) if form == "matrix 1" else (axes[1], axes[0])
    hit = extreme(np.sum(np.abs(x), axis=inner, keepdims=True), ord, outer)
    return np.where(hit, full_bar / np.sum(hit, axis=outer, keepdims=True), 0.0) * direction(x)


def singular_norm(x, ord, axes, full_bar):
    """The sum, the largest or the smallest of the singular values."""
    u, s, vh = np.linalg.svd(np.moveaxis(x, axes, (-2, -1)), full_matrices=False)
    weights = np.sign(s) if ord == "nuc" else shares(s, ord)
    return full_bar * np.moveaxis(np.conjugate((u * by_column(weights)) @ vh), (-2, -1), axes)


def shares(s, ord):
    """The weight of each singular value in the largest, or the smallest, of them."""
    hit = extreme(s, ord, -1)
    return np.where(hit & (s > 0), 1.0, 0.0) / np.sum(hit, axis=-1, keepdims=True)


@rule(*named(np.linalg, "matrix_norm"), wrt="x")
def matrix_norm(y, x, *, y_bar, keepdims=False, ord="fro"):
    """As norm over the last two axes."""
    return norm(y, x, ord, (-2, -1), keepdims, y_bar=y_bar)


@rule(*named(np.linalg, "vector_norm"), wrt="x")
def vector_norm(y, x, *, y_bar, axis=None, keepdims=False, ord=2):
    """As the norm of vectors, over one or several axes."""
    return vector_bar(x, ord, vector_form(ord), axis, kept(y, axis, keepdims), kept(y_bar, axis, keepdims))


@rule(np.linalg.cond, wrt="x")
def cond(y, x, p=None, *, y_bar):
    """None, 2, -2: the quotient of the largest and the smallest singular value;  other p: |A| |A^-1|, by norm and inv."""
    if p is None or p == 2 or p == -2:
        u, s, vh = np.linalg.svd(x, full_matrices=False)
        above, below = shares(s, -2 if p == -2 else 2), shares(s, 2 if p == -2 else -2)
        top, bottom = np.sum(above * s, axis=-1), np.sum(below * s, axis=-1)
        weights = np.expand_dims(y_bar / bottom, -1) * (above - np.expand_dims(top / bottom, -1) * below)
        return np.conjugate((u * by_column(weights)) @ vh)
    c = np.linalg.inv(x)
    size, other = np.linalg.norm(x, p, (-2, -1)), np.linalg.norm(c, p, (-2, -1))
    c_bar = norm(other, c, p, (-2, -1), y_bar=y_bar * size)
    return norm(size, x, p, (-2, -1), y_bar=y_bar * other) - flipped(c) @ c_bar @ flipped(c)


no_derivative(np.linalg.matrix_rank)
