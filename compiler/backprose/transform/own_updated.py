"""Let a loop that updates elements of a list own the list and its elements.

The IR is pure, so a copy before the loop changes nothing in it. But without it the first update would have to copy what
it may not write to, and so would each update of the loop, since they are one statement.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import backprose_runtime

from backprose.analysis.ownership import LIST_UPDATES, PLACES, Ownership, is_deep, ownership
from backprose.ir.kinds import List
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops


def own_updated(fn: Function) -> Function:
    """Copy a list before a loop that updates its elements, unless they are all the function's own."""
    if not any(is_deep(op) for op in all_ops(fn.region)):
        return fn
    for depth in range(_depth(fn.region)):  # what an outer loop owns, the loops in it own
        owned = ownership(fn)
        fn = replace(fn, region=_visit(fn.region, owned, depth))
    return fn


def _depth(region: Region) -> int:
    """How many loops are within each other."""
    return max(
        ((op.name in ("for", "while")) + max(map(_depth, op.regions)) for op in region.ops if op.regions), default=0
    )


def _visit(region: Region, owned: Ownership, depth: int) -> Region:
    """The region with copies before the loops which so many others are around."""
    ops: list[Op] = []
    for op in region.ops:
        is_loop = op.name in ("for", "while")
        if is_loop and depth == 0:
            ops += _owning(op, owned)
            continue
        regions = tuple(_visit(r, owned, depth - is_loop) for r in op.regions)
        ops.append(replace(op, regions=regions))
    return replace(region, ops=tuple(ops))


def _owning(op: Op, owned: Ownership) -> list[Op]:
    """The loop, and before it copies of the lists whose elements it updates."""
    made = {v: inner for inner in op.body.ops for v in inner.results}
    fresh: dict[Value, Value] = {}
    for init, param, after in zip(op.inits, op.carried, op.yields):
        if isinstance(init.kind, List) and not owned.is_separate(init) and _is_updated(after, made, param):
            fresh[init] = Value(init.name, init.kind)
    attrs = {"fn": backprose_runtime.copy_of, "keywords": (), "method": None}
    copies = [Op("call", (init,), (copy,), attrs, (), op.loc) for init, copy in fresh.items()]
    start = op.attrs.get("iterables", 0)
    operands = (*op.operands[:start], *(fresh.get(v, v) for v in op.inits))
    return [*copies, replace(op, operands=operands)]


def _is_updated(value: Value, made: Mapping[Value, Op], param: Value) -> bool:
    """Whether an element is updated on the way from `param` to `value`."""
    op = made.get(value)
    if op is None or value is param:
        return False
    if op.regions:
        at = op.results.index(value)
        inside = {v: inner for r in op.regions for inner in r.ops for v in inner.results}
        if op.name in ("for", "while"):
            return at < len(op.inits) and (
                _is_updated(op.yields[at], inside, op.carried[at]) or _is_updated(op.inits[at], made, param)
            )
        return any(_is_updated(r.results[at], {**made, **inside}, param) for r in op.regions)
    if op.fn not in PLACES | LIST_UPDATES:
        return False
    return is_deep(op) or _is_updated(op.operands[0], made, param)
