"""What follows from numbers that are found finite when the program runs: where they come from, nothing was infinite.

If `x / z + y` is finite in all entries, so are x and y, and z is nowhere 0: infinities and NaNs are not lost in sums,
products and quotients. `analysis/magnitudes.py` says what is evident without looking. As there, overflow is left aside.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import Flag, auto
from typing import Any

import numpy as np

from backprose.analysis.kinds import dtype_of, is_complex, is_number, ndim_of
from backprose.analysis.magnitudes import Fact, Magnitudes
from backprose.ir.kinds import MANY, Array, Static
from backprose.ir.nodes import Op, Value


class Holds(Flag):
    """Of every entry."""

    NUMBER = auto()  # not NaN
    BOUNDED = auto()  # not infinite
    NONZERO = auto()


NOTHING = Holds(0)
FINITE = Holds.NUMBER | Holds.BOUNDED
DIVIDES = Holds.NUMBER | Holds.NONZERO

SUMS = frozenset({operator.add, operator.sub, np.add, np.subtract})
PRODUCTS = frozenset({operator.mul, np.multiply})
QUOTIENTS = frozenset({operator.truediv, np.divide})
ALIKE = frozenset({
    operator.neg, np.negative, np.copy, np.ndarray.copy, np.transpose, np.reshape, np.ravel, np.expand_dims, np.squeeze,
    np.swapaxes, np.moveaxis, np.stack, np.concatenate,
})  # fmt: skip
REDUCTIONS = frozenset({np.sum, np.mean, builtins.sum})
GROWING = frozenset({np.square, np.absolute, np.abs, builtins.abs, operator.abs, np.log1p, np.sqrt, math.sqrt, np.cbrt})
ROOTS = frozenset({np.sqrt, math.sqrt})
LOGARITHMS = frozenset({np.log, np.log2, np.log10, math.log})
WAVES = frozenset({np.sin, np.cos, math.sin, math.cos})
LEVELLING = frozenset({np.exp, math.exp, np.tanh, math.tanh, np.arctan, math.atan})
POWERS = frozenset({operator.pow, np.power})


def before(op: Op, holds: Holds) -> list[tuple[Value, Holds]]:
    """What holds of the operands of an op if this holds of its result."""
    if op.name in ("tuple", "list"):
        return [(v, holds) for v in op.operands]
    if op.name != "call" or not all(map(_is_real, (*op.operands, op.result))):
        return []
    found = _before(op, holds)
    return [(v, told) for v, told in found if told and _is_all_read(op, v)]


def _before(op: Op, holds: Holds) -> list[tuple[Value, Holds]]:
    finite = FINITE if FINITE in holds else holds & Holds.NUMBER
    first = op.operands[0] if op.operands else None
    if op.fn in SUMS and len(op.operands) == 2:
        return [(v, finite) for v in op.operands]
    if op.fn in PRODUCTS and len(op.operands) == 2:
        return [(v, finite | holds & Holds.NONZERO) for v in op.operands]
    if op.fn in QUOTIENTS and len(op.operands) == 2:
        divides = DIVIDES if FINITE in holds else finite
        return [(first, finite | holds & Holds.NONZERO), (op.operands[1], divides)]
    if op.fn in ALIKE:
        return [(first, holds)]
    if op.fn in REDUCTIONS:
        plain = len(op.positional) <= 2 and set(op.keywords) <= {"axis", "keepdims"}
        return [(first, finite)] if plain else []
    if len(op.operands) == 2 and op.fn in POWERS:
        n = op.operands[1].kind.value if isinstance(op.operands[1].kind, Static) else None
        return [(first, finite)] if isinstance(n, (int, float)) and n > 0 else []
    if len(op.operands) != 1:
        return []
    if op.fn in GROWING:
        return [(first, finite)]
    if op.fn in LOGARITHMS:
        return [(first, FINITE | Holds.NONZERO if FINITE in holds else finite)]
    if op.fn in WAVES:
        return [(first, FINITE if Holds.NUMBER in holds else NOTHING)]
    return [(first, holds & Holds.NUMBER)] if op.fn in LEVELLING or _is_erf(op.fn) else []


def after(op: Op, of: Callable[[Value], Holds]) -> Holds:
    """What holds of the result of an op, if this holds of its operands."""
    if op.name != "call" or not all(map(_is_real, (*op.operands, op.result))) or not op.operands:
        return NOTHING
    told = [of(v) for v in op.operands]
    both = told[0] if len(told) == 1 else told[0] & told[1]
    finite = FINITE if FINITE in both else NOTHING
    if op.fn in SUMS:
        return finite
    if op.fn in PRODUCTS:
        return finite | both & Holds.NONZERO
    if op.fn in QUOTIENTS:
        return FINITE if FINITE in told[0] and DIVIDES in told[1] else NOTHING
    if op.fn in (operator.neg, np.negative, operator.getitem, np.expand_dims, np.transpose):
        return told[0]
    if op.fn in ROOTS:
        return told[0] & (Holds.BOUNDED | Holds.NONZERO)
    if op.fn in WAVES or op.fn in LEVELLING and op.fn not in (np.exp, math.exp) or _is_erf(op.fn):
        return told[0] & Holds.NUMBER | Holds.BOUNDED
    return FINITE if op.fn in REDUCTIONS and FINITE in told[0] else NOTHING


def _is_erf(fn: Any) -> bool:
    """Whether it is SciPy's, which need not be imported."""
    return fn is math.erf or (isinstance(fn, np.ufunc) and fn.__name__ == "erf")


def _is_real(value: Value) -> bool:
    if not is_number(value.kind):
        return True
    return dtype_of(value.kind) is not None and not is_complex(value.kind)


def _is_all_read(op: Op, value: Value) -> bool:
    """Whether each entry of the operand is in some entry of the result, also if that is empty."""
    if op.fn in ALIKE or op.fn in REDUCTIONS or ndim_of(op.result.kind) == 0:
        return True
    same = isinstance(value.kind, Array) and value.kind.ndim == ndim_of(op.result.kind)
    return same and all(axis == MANY for axis in value.kind.axes)


def closure(ops: Iterable[Op], known: Magnitudes, found_finite: Collection[Value]) -> dict[Value, Holds]:
    """What holds of the values that straight-line ops define and read, if some are found finite."""
    ops = tuple(ops)
    holds: dict[Value, Holds] = {}

    def of(value: Value) -> Holds:
        if value not in holds:
            holds[value] = evident(known.of(value))
        return holds[value]

    for value in found_finite:
        holds[value] = of(value) | FINITE
    size = -1
    while size != (size := sum(len(told) for told in holds.values())):
        for op in reversed(ops):
            for value, told in before(op, of(op.results[0])) if len(op.results) == 1 else ():
                holds[value] = of(value) | told
        for op in ops:
            if len(op.results) == 1:
                holds[op.result] = of(op.result) | after(op, of)
    return holds


def evident(fact: Fact) -> Holds:
    """What is evident without looking."""
    holds = FINITE if Fact.SURELY_FINITE in fact else NOTHING
    return holds | (Holds.NONZERO if Fact.SURELY_NONZERO in fact else NOTHING)


def _implies(op: Op, value: Value, need: Holds) -> bool:
    """Whether this holds of the operand if the result is finite."""
    return any(v is value and need in told for v, told in before(op, FINITE))


def head(value: Value, need: Holds, readers: Mapping[Value, list[Op]]) -> Value:
    """What has to be found finite so that this holds of the value: the smallest that is made of it, the last of these."""
    best, current = value, value
    while True:
        implying = [op for op in readers.get(current, ()) if _implies(op, current, need)]
        if not implying:
            return best
        current, need = implying[-1].result, FINITE
        if is_number(current.kind) and (ndim_of(current.kind) or 0) <= (ndim_of(best.kind) or 0):
            best = current
