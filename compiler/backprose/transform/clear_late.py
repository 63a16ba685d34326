"""A part of a cotangent is cleared only when the buffer is next looked at, and until then not copied.

What is overwritten has a cotangent no more: `t = np.copy(a_bar[i]); a_bar[i] = 0.0; u = t * 0.2`. With the store behind what
reads the part, that is `u = a_bar[i] * 0.2; a_bar[i] = 0.0`. Only elementwise operations may read the part itself: the
rounding of a sum depends on the layout, which a copy may change.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace

import backprose_runtime
import numpy as np

from backprose.analysis.ownership import PLACES
from backprose.ir.kinds import Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, free_values, substitute
from backprose.rules.registry import rule_for


def clear_late(fn: Function) -> Function:
    """Store zeros of the reverse sweep just before their result is read, and copy nothing that is read before."""
    if not any(map(is_clearing, all_ops(fn.region))):
        return fn
    return replace(fn, region=_visit(fn.region))


def _visit(region: Region) -> Region:
    ops = [replace(op, regions=tuple(map(_visit, op.regions))) if op.regions else op for op in region.ops]
    reads = {op: {*op.operands, *free_values(*op.regions)} for op in ops}
    waiting: list[Op] = []
    out: list[Op] = []

    def place(clearing: Op) -> None:
        waiting.remove(clearing)
        require(clearing.operands)
        out.append(clearing)

    def require(values) -> None:
        for clearing in [c for c in waiting if c.result in values]:
            if clearing in waiting:
                place(clearing)

    for op in ops:
        if is_clearing(op):
            waiting.append(op)
        else:
            require(reads[op])
            out.append(op)
    while waiting:
        place(waiting[0])
    return without_copies(replace(region, ops=tuple(out)))


def is_clearing(op: Op) -> bool:
    """Whether the op stores zeros in a part of a cotangent."""
    if op.fn is not backprose_runtime.set_at or not op.in_reverse or not isinstance(op.result.kind, Array):
        return False
    value = getattr(op.operands[1].kind, "value", None)
    return type(value) in (int, float) and value == 0


def without_copies(region: Region) -> Region:
    """The region without the copies of parts that only elementwise operations read, before the array is updated."""
    at = {op: k for k, op in enumerate(region.ops)}
    made = {v: op for op in region.ops for v in op.results}
    updated = {op.operands[0]: at[op] for op in reversed(region.ops) if op.fn in PLACES and op.in_reverse}
    readers: dict[Value, list[Op]] = {}
    for op in region.ops:
        for value in {*op.operands, *free_values(*op.regions)}:
            readers.setdefault(value, []).append(op)
    dropped: dict[Value, Value] = {}
    for op in region.ops:
        part = _copied_part(op, made)
        end = updated.get(part.operands[0]) if part is not None else None
        if end is None or op.result in region.results:
            continue
        if all(at[reader] < end and _is_elementwise(reader) for reader in readers.get(op.result, ())):
            dropped[op.result] = op.operands[0]
    if not dropped:
        return region
    kept = tuple(op for op in region.ops if not dropped.keys() & set(op.results))
    return substitute(replace(region, ops=kept), dropped)


def _copied_part(op: Op, made: Mapping[Value, Op]) -> Op | None:
    """What reads the part, if the op is a copy of one."""
    if op.fn is not np.copy or not op.in_reverse:
        return None
    part = made.get(op.operands[0])
    return part if part is not None and part.fn in (operator.getitem, backprose_runtime.get_at) else None


def _is_elementwise(op: Op) -> bool:
    rule = rule_for(op.fn) if op.name == "call" else None
    return rule is not None and rule.is_elementwise and isinstance(op.result.kind, Array)
