"""Loops that update an array which they carry start with one of their own.

What a cotangent starts from may be an argument, or a scalar that was broadcast. Each iteration would then have to copy
what it updates, since the first one may not write there. One copy before the loop is enough.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from backprose.analysis.ownership import PLACES, Ownership
from backprose.analysis.rotations import apart
from backprose.ir.kinds import Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops
from backprose.transform.own_results import copied
from backprose.transform.typed import TypedBuilder


def own_buffers(fn: Function) -> Function:
    """Copy what a loop starts from where it updates that, and may not write there."""
    if not any(op.name in ("for", "while") and _updated(op) for op in all_ops(fn.region)):
        return fn
    made = {v: op for op in all_ops(fn.region) for v in op.results}
    return replace(fn, region=_visit(fn.region, apart(fn), made))


def _visit(region: Region, owned: Ownership, made: Mapping[Value, Op]) -> Region:
    ops: list[Op] = []
    for op in region.ops:
        op = replace(op, regions=tuple(_visit(r, owned, made) for r in op.regions))
        for place in sorted(_updated(op)) if op.name in ("for", "while") else ():
            init = op.inits[place]
            others = [v for k, v in enumerate(op.inits) if k != place]
            if owned.is_fresh(init) and not any(owned.may_share(init, v) for v in others):
                continue
            b = TypedBuilder(op.loc)
            skip = op.attrs.get("iterables", 0) + place
            fresh = copied(b, init, made, op.carried[place].name)
            ops += b.ops
            op = replace(op, operands=(*op.operands[:skip], fresh, *op.operands[skip + 1 :]))
        ops.append(op)
    return replace(region, ops=tuple(ops))


def _updated(op: Op) -> set[int]:
    """The places whose arrays an iteration updates and hands on."""
    made = {v: inner for inner in op.body.ops for v in inner.results}
    places = {param: k for k, param in enumerate(op.carried) if isinstance(param.kind, Array) and param.kind.axes}
    return {places[v] for value in op.yields for v in _buffers(value, made) if v in places}


def _buffers(value: Value, made: Mapping[Value, Op]) -> Iterator[Value]:
    """What the value, which is the result of updates, was before them."""
    op = made.get(value)
    if op is None or op.fn not in PLACES:
        return
    while op is not None and op.fn in PLACES:
        value = op.operands[0]
        op = made.get(value)
    yield value
