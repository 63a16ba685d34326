"""Products and quotients in which an exact zero annihilates: the cotangent 0 is 0 whatever it is multiplied with.

A zero cotangent says that a value does not count. So a derivative which is infinite or undefined there does not count
either: `divide_nonzero(0.0, 0.0)` is 0, where `0.0 / 0.0` is NaN. Everything else is as `d / b` and `d * p` give it, with
their shapes, dtypes, warnings and errors; annihilated entries are not computed, and nothing warns of them.

Where a zero does not say so, a quotient is written with `plain_reciprocal`.
"""

from __future__ import annotations

import operator
from cmath import isfinite
from typing import Any

import numpy as np
from numpy import ndarray, vdot

from backprose_runtime.arrays import array_module, is_array

SMALL = 8192  # entries: below it a call costs more than the pass over the entries, and BLAS starts no threads


def divide_nonzero(d: Any, b: Any, regular: bool = False) -> Any:
    """`d / b`, and 0 where d is 0, also if b is 0 or NaN there; nowhere, if it is known to be `regular`.

    Shapes: d and b broadcast; the result is fresh.
    """
    if regular:
        return d / b
    if type(d) is float and type(b) is float:
        return d / b if d else 0.0
    if type(b) is not ndarray and not (is_array(d) or is_array(b)):
        return d / b if d != 0 else d / type(b)(1)
    return d / b if _all_divide(b) else _masked("divide", operator.truediv, d, b)


def multiply_nonzero(d: Any, p: Any, regular: bool = False) -> Any:
    """`d * p`, and 0 where d is 0, also if p is infinite or NaN there; nowhere, if it is known to be `regular`.

    Shapes: d and p broadcast; the result is fresh.
    """
    if regular:
        return d * p
    if type(d) is float and type(p) is float:
        return d * p if d else 0.0
    if type(p) is not ndarray and not (is_array(d) or is_array(p)):
        return d * p if d != 0 else d * type(p)(1)
    return d * p if _is_finite(p) else _masked("multiply", operator.mul, d, p)


def plain_reciprocal(x: Any) -> Any:
    """`1 / x`, by which a cotangent is multiplied as it is: its zeros do not annihilate where x is 0, and 0 * inf is NaN."""
    return 1 / x


def all_finite(*values: Any) -> bool:
    """Whether all entries of all values are finite numbers."""
    for x in values:
        if not (_is_finite(x) if type(x) is ndarray or is_array(x) else isfinite(x)):
            return False
    return True


def _is_finite(p: Any) -> bool:
    """Whether all entries are finite. The sum of their squares is finite only then, and is had without a temporary."""
    if type(p) is ndarray and p.size < SMALL and isfinite(vdot(p, p).real):
        return True
    return bool(array_module(p).isfinite(p).all())


def _all_divide(b: Any) -> bool:
    """Whether no entry is 0 or NaN: of positive numbers in one pass, without a temporary."""
    if type(b) is not ndarray and not is_array(b):
        return bool(b == b and b != 0)
    if b.size == 0:
        return True
    if b.dtype.kind == "c":
        return bool((b != 0).all() and (b == b).all())
    smallest = b.min()  # NaN if there is one
    return bool(smallest > 0 or (smallest == smallest and (b != 0).all()))


def _masked(name: str, operation: Any, d: Any, b: Any) -> Any:
    """The operation where d is not 0, else 0."""
    xp = array_module(d if is_array(d) else b)
    if xp is not np:  # its ufuncs take no mask, and warn of nothing
        return xp.where(d == 0, xp.zeros((), xp.result_type(d, b)), operation(d, b))
    out = np.zeros(np.broadcast_shapes(np.shape(d), np.shape(b)), np.result_type(d, b))
    return getattr(np, name)(d, b, out=out, where=np.not_equal(d, 0))[()]
