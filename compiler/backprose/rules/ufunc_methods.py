"""`reduce` and `accumulate` of the ufuncs for which they have closed forms.

For other ufuncs, and for `outer` and `reduceat`, rules follow from partials (rules/derived.py); `at` is a program.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.elementwise import off_infinity
from backprose.rules.reductions import extremum, kept, prod, sum_
from backprose.rules.registry import linear, refused, rule
from backprose.rules.running import back, cumprod, cumsum, last
from backprose.rules.selecting import along_axis
from backprose_runtime import add_at, parts


def whole(a, axis):
    """The axis, or None where it is the only one."""
    return None if np.ndim(a) == 1 else axis


# Closed forms. The first axis is reduced unless another is named.


@linear(np.add.reduce, wrt=("array", "initial"))
def add_reduce(y, array, axis=0, dtype=None, out=None, keepdims=False, initial=0, where=True, *, y_bar):
    """As np.sum, whose axis is None unless named."""
    return sum_(y, array, whole(array, axis), dtype, out, keepdims, initial, where, y_bar=y_bar)


@rule(np.multiply.reduce, wrt=("array", "initial"))
def multiply_reduce(y, array, axis=0, dtype=None, out=None, keepdims=False, initial=1, where=True, *, y_bar):
    """As np.prod, whose axis is None unless named."""
    return prod(y, array, whole(array, axis), dtype, out, keepdims, initial, where, y_bar=y_bar)


@rule(np.maximum.reduce, np.minimum.reduce, np.fmax.reduce, np.fmin.reduce, wrt=("array", "initial"))
def extremum_reduce(y, array, axis=0, dtype=None, out=None, keepdims=False, initial=None, where=True, *, y_bar):
    """As np.max and np.min, whose axis is None unless named.  Choice at ties: split evenly.

    With fmax and fmin, NaN entries get 0.
    """
    return extremum(y, array, whole(array, axis), out, keepdims, initial, where, y_bar=y_bar)


@rule(np.logaddexp.reduce, wrt="array")
def logaddexp_reduce(y, array, axis=0, dtype=None, out=None, keepdims=False, *, y_bar):
    """y = log(sum(e^a))  =>  a_bar = y_bar e^(a - y).  Choice where all are -inf: 0.  Reads: a, y."""
    axis = whole(array, axis)
    return kept(y_bar, axis, keepdims) * np.exp(array - off_infinity(kept(y, axis, keepdims)))


@rule(np.logaddexp2.reduce, wrt="array")
def logaddexp2_reduce(y, array, axis=0, dtype=None, out=None, keepdims=False, *, y_bar):
    """y = log2(sum(2^a))  =>  a_bar = y_bar 2^(a - y).  Choice where all are -inf: 0.  Reads: a, y."""
    axis = whole(array, axis)
    return kept(y_bar, axis, keepdims) * np.exp2(array - off_infinity(kept(y, axis, keepdims)))


@rule(np.hypot.reduce, wrt="array")
def hypot_reduce(y, array, axis=0, dtype=None, out=None, keepdims=False, *, y_bar):
    """y = sqrt(sum(a^2))  =>  a_bar = y_bar a / y.  Choice at 0: 0, which is a subgradient.  Reads: a, y."""
    axis = whole(array, axis)
    full = kept(y, axis, keepdims)
    return kept(y_bar, axis, keepdims) * (array / (full + (full == 0)))


@linear(np.add.accumulate, wrt="array")
def add_accumulate(y, array, axis=0, dtype=None, out=None, *, y_bar):
    """As np.cumsum, whose axis is None unless named."""
    return cumsum(y, array, axis, dtype, out, y_bar=y_bar)


@rule(np.multiply.accumulate, wrt="array")
def multiply_accumulate(y, array, axis=0, dtype=None, out=None, *, y_bar):
    """As np.cumprod, whose axis is None unless named."""
    return cumprod(y, array, axis, dtype, out, y_bar=y_bar)


@linear(np.add.reduceat, wrt="array")
def add_reduceat(y, array, indices, axis=0, dtype=None, out=None, *, y_bar):
    """y[k] is the sum of a[i[k]:i[k+1]], or a[i[k]] where that is empty: each entry gets the sum of its parts' cotangents."""
    positions, owners = parts(indices, np.shape(array)[axis])
    zeros = last(np.zeros_like(array), axis)
    return back(add_at(zeros, (Ellipsis, positions), last(y_bar, axis)[..., owners]), axis)


@rule(np.maximum.accumulate, np.minimum.accumulate, np.fmax.accumulate, np.fmin.accumulate, wrt="array")
def extremum_accumulate(y, array, axis=0, dtype=None, out=None, *, y_bar):
    """Each cotangent goes to the entry that attains y there.  Choice at ties: to the first.  Reads: y."""
    bars = last(y_bar, axis)
    a_bar = add_at(np.zeros_like(bars), along_axis(np.shape(bars), places(last(y, axis)), -1), bars)
    return back(a_bar, axis)


def places(y):
    """For each entry along the last axis where the value that stands there appeared first."""
    since = np.where(y[..., 1:] != y[..., :-1], np.arange(1, np.shape(y)[-1]), 0)
    return np.maximum.accumulate(np.concatenate([np.zeros_like(y[..., :1], dtype=int), since], axis=-1), axis=-1)


refused(
    np.ldexp.reduce, np.ldexp.accumulate, np.ldexp.reduceat,
    why="NumPy computes it for no type", instead="multiply by powers of two",
)  # fmt: skip
refused(
    np.power.reduce, np.power.reduceat, np.arctan2.reduce, np.arctan2.reduceat,
    why="on machines with wide vectors NumPy leaves out the entries between the first and the last one",
    instead="take the last entry of `accumulate`, which is right everywhere",
)  # fmt: skip
