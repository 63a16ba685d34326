"""Shifts that cancel: `top + np.log(np.sum(np.exp(x - top)))` is the same whatever `top` is.

The largest entry is taken out of an exponential so that it can't overflow, and put back, or it cancels in a quotient.
So the derivative by it is 0, and nothing has to go back through the maximum, with its masks and ties. That is proved
here: adding d to the shift adds a multiple of d to what is made of it, or multiplies it by a power of exp(d), entry by
entry, until the multiple or the power is 0.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from backprose.analysis.kinds import dtype_of, is_basic, is_number, ndim_of
from backprose.analysis.positions import DOTS, NEW_AXIS, WHOLE
from backprose.ir.kinds import MANY, ONE, Array, Slice, Static
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import free_values
from backprose.rules.registry import has_no_derivative
from backprose.rules.tables import entries

EXTREMES = frozenset({np.max, np.amax, np.min, np.amin, np.maximum.reduce, np.minimum.reduce})


@dataclass(frozen=True)
class Motion:
    """How a value moves with d, which is added to the shift: by `degree * d`, or if it `scales` by a factor exp(degree * d).

    `lanes` says for each of its axes which axis of the shift it runs along, None where all entries move alike.
    """

    scales: bool
    degree: Fraction
    lanes: tuple[int | None, ...]


class Depends(Exception):
    """Nothing is known of how the result moves."""


def cancelling_shifts(fn: Function) -> set[Value]:
    """The extremes on which nothing depends that leaves their region."""
    found: set[Value] = set()
    _collect(fn.region, found)
    return found


def _collect(region: Region, found: set[Value]) -> None:
    for i, op in enumerate(region.ops):
        for inner in op.regions:
            _collect(inner, found)
        if op.fn in EXTREMES and _is_float(op.result) and _cancels(op.result, region, i + 1):
            found.add(op.result)


def _is_float(value: Value) -> bool:
    return (dtype_of(value.kind) or "").startswith("float") and ndim_of(value.kind) is not None


def _cancels(shift: Value, region: Region, start: int) -> bool:
    axes = shift.kind.axes if isinstance(shift.kind, Array) else ()
    moving = {shift: Motion(False, Fraction(1), tuple(i if a != ONE else None for i, a in enumerate(axes)))}
    made = {v: op for op in region.ops for v in op.results}
    for op in region.ops[start:]:
        read = (*op.operands, *free_values(*op.regions))
        if not moving.keys().isdisjoint(read):
            try:
                motion = _moved(op, moving, made)
            except Depends:
                return False
            if motion is not None and motion.degree:
                moving[op.result] = motion
    return moving.keys().isdisjoint(region.results)


def _moved(op: Op, moving: Mapping[Value, Motion], made: Mapping[Value, Op]) -> Motion | None:
    """How the result moves; None where it stays."""
    if op.name == "getattr" and op.attrs["name"] in ("shape", "size", "ndim", "dtype"):
        return None
    if op.name != "call":
        raise Depends
    if has_no_derivative(op.fn):
        return None
    entry = TABLE.get(op.fn)
    if entry is None:
        raise Depends
    return entry(op, [moving.get(v) for v in op.operands], made)


# Functions

Entry = Callable[[Op, list[Motion | None], Mapping[Value, Op]], Motion]
TABLE: dict[Any, Entry] = {}
_for = entries(TABLE)


def _require(holds: bool) -> None:
    if not holds:
        raise Depends


def _spread(op: Op, motions: Iterable[Motion | None]) -> tuple[int | None, ...]:
    """The lanes of an elementwise result: those of the operands, which have to agree."""
    n = ndim_of(op.result.kind)
    _require(n is not None and not op.keywords)
    found = {(None,) * (n - len(m.lanes)) + m.lanes for m in motions if m is not None}
    _require(len(found) == 1)
    return found.pop()


def _number(value: Value) -> Fraction:
    number = value.kind.value if isinstance(value.kind, Static) else None
    _require(type(number) in (int, float) and math.isfinite(number))
    return Fraction(number)


@_for(operator.add, operator.sub, np.add, np.subtract)
def _sum(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    a, b = motions
    sign = -1 if op.fn in (operator.sub, np.subtract) else 1
    lanes = _spread(op, motions)
    if a is not None and b is not None and a.scales and b.scales:
        _require(a.degree == b.degree)
        return Motion(True, a.degree, lanes)
    _require(not any(m is not None and m.scales for m in motions))
    return Motion(False, (a.degree if a else 0) + sign * (b.degree if b else 0), lanes)


@_for(operator.mul, operator.truediv, np.multiply, np.divide)
def _product(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    a, b = motions
    sign = -1 if op.fn in (operator.truediv, np.divide) else 1
    lanes = _spread(op, motions)
    if all(m is None or m.scales for m in motions):
        return Motion(True, (a.degree if a else 0) + sign * (b.degree if b else 0), lanes)
    _require(a is None or b is None)
    factor = _number(op.operands[1 if b is None else 0])
    _require(factor != 0 and (b is None or sign == 1))
    return Motion(False, (a or b).degree * factor**sign, lanes)


@_for(operator.neg, np.negative, np.copy, np.ndarray.copy, np.asarray)
def _alone(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    _require(len(motions) == 1)
    (a,) = motions
    return replace(a, degree=-a.degree) if op.fn in (operator.neg, np.negative) and not a.scales else a


@_for(np.exp, math.exp)
def _exp(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    _require(len(motions) == 1 and not motions[0].scales)
    return replace(motions[0], scales=True)


@_for(np.log, math.log)
def _log(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    _require(len(motions) == 1 and motions[0].scales)
    return replace(motions[0], scales=False)


@_for(np.where)
def _where(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    """Of two that move alike; a 0 scales like anything."""
    _require(len(motions) == 3 and motions[0] is None)
    lanes = _spread(op, motions)
    of = {(m.scales, m.degree) for m in motions if m is not None}
    _require(len(of) == 1)
    ((scales, degree),) = of
    for value, motion in zip(op.operands[1:], motions[1:]):
        _require(motion is not None or (scales and _number(value) == 0))
    return Motion(scales, degree, lanes)


@_for(np.sum, np.mean, np.max, np.amax, np.min, np.amin)
def _reduction(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    """Over entries that move alike."""
    motion = motions[0]
    _require(motion is not None and all(m is None for m in motions[1:]))
    _require(motion.scales or op.fn is not np.sum)
    _require(len(op.positional) <= 2 and set(op.keywords) <= {"axis", "keepdims"})
    axis = op.positional[1] if len(op.positional) == 2 else op.keywords.get("axis")
    axes = _axes(axis, len(motion.lanes), made)
    _require(all(motion.lanes[i] is None for i in axes))
    keeps = op.keywords.get("keepdims")
    if keeps is None or keeps.kind == Static(False):
        return replace(motion, lanes=tuple(lane for i, lane in enumerate(motion.lanes) if i not in axes))
    _require(keeps.kind == Static(True))
    return motion


def _axes(axis: Value | None, n: int, made: Mapping[Value, Op]) -> set[int]:
    if axis is None or axis.kind == Static(None):
        return set(range(n))
    op = made.get(axis)
    items = op.operands if op is not None and op.name == "tuple" else (axis,)
    _require(all(isinstance(v.kind, Static) and type(v.kind.value) is int for v in items))
    return {v.kind.value % n for v in items}


@_for(np.expand_dims)
def _expand(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    motion, axis = motions[0], op.operands[1]
    _require(motion is not None)
    n = ndim_of(op.result.kind)
    _require(n is not None)
    added, lanes = _axes(axis, n, made), iter(motion.lanes)
    return replace(motion, lanes=tuple(None if i in added else next(lanes) for i in range(n)))


@_for(np.take_along_axis)
def _taken_along(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    motion = motions[0]
    _require(len(op.operands) == 3 and motion is not None and op.operands[2].kind != Static(None))
    _require(all(motion.lanes[i] is None for i in _axes(op.operands[2], len(motion.lanes), made)))
    return motion


@_for(operator.getitem)
def _part(op: Op, motions: list[Motion | None], made: Mapping[Value, Op]) -> Motion:
    """`x[:, None]`, `x[..., 0]`, or `x[np.arange(n), labels]`, of which the k-th entry is from row k."""
    motion, index = motions[0], op.operands[1]
    _require(motion is not None and motions[1] is None and isinstance(op.operands[0].kind, Array))
    items = made[index].operands if index in made and made[index].name == "tuple" else (index,)
    missing = len(motion.lanes) - sum(v.kind not in (NEW_AXIS, DOTS) for v in items)
    _require(missing >= 0)
    if any(isinstance(v.kind, Array) for v in items):
        return _of_positions(motion, items, made, missing)
    lanes, own = [], iter(motion.lanes)
    for item in items:
        if item.kind == NEW_AXIS:
            lanes.append(None)
        elif item.kind == DOTS:
            lanes += [next(own) for _ in range(missing)]
        else:
            lane = next(own)
            _require(lane is None or item.kind == WHOLE)
            _require(isinstance(item.kind, Slice) or (is_number(item.kind) and is_basic(item.kind)))
            lanes += [lane] if isinstance(item.kind, Slice) else []
    return replace(motion, lanes=(*lanes, *own))


def _of_positions(motion: Motion, items: tuple[Value, ...], made: Mapping[Value, Op], missing: int) -> Motion:
    """All axes are indexed, the one with a lane by 0, 1, 2, ..., the others by as many positions, or by one."""
    _require(missing == 0 and all(is_number(v.kind) and ndim_of(v.kind) in (0, 1) for v in items))
    along = [lane for lane in motion.lanes if lane is not None]
    _require(len(along) == 1)
    rows = items[motion.lanes.index(along[0])]
    _require(rows in made and made[rows].fn is np.arange and len(made[rows].operands) == 1)
    _require(rows.kind.axes == (MANY,))  # a single row would be taken for all positions
    return replace(motion, lanes=(along[0],))
