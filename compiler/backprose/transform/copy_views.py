"""Copy what is kept of a buffer that is updated in place, so that the buffer itself need not be copied.

The IR is pure, so a copy changes nothing in it. But a view that a loop collects, or that the reverse sweep reads, would
hold on to the whole buffer, and an update could then not be carried out in the buffer's own memory.
"""

from __future__ import annotations

import operator
from dataclasses import replace

import backprose_runtime
import numpy as np

from backprose.analysis.ownership import is_deep
from backprose.ir.kinds import Array, List
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops

UPDATES = frozenset({backprose_runtime.set_at, backprose_runtime.put_at, backprose_runtime.add_at})
VIEWS = frozenset({operator.getitem, np.transpose, np.swapaxes, backprose_runtime.get_at})


def copy_kept_views(fn: Function) -> Function:
    """In functions whose forward sweep updates arrays, keep copies of slices rather than the slices."""
    if not any(op.fn in UPDATES and not op.in_reverse for op in all_ops(fn.region)):
        return fn
    elements = any(is_deep(op) and not op.in_reverse for op in all_ops(fn.region))
    return replace(fn, region=_visit(fn.region, _read_in_reverse(fn.region), (Array, List) if elements else (Array,)))


def _visit(region: Region, kept: set[Value], kinds: tuple[type, ...]) -> Region:
    ops: list[Op] = []
    copies: dict[Value, Value] = {}
    for op in region.ops:
        op = replace(op, regions=tuple(_visit(r, kept, kinds) for r in op.regions))
        if op.in_reverse:
            op = replace(op, operands=tuple(copies.get(v, v) for v in op.operands))
        ops.append(op)
        if not op.in_reverse and op.fn in VIEWS and isinstance(op.result.kind, kinds) and op.result in kept:
            copy = Value(op.result.name, op.result.kind)
            is_array = isinstance(op.result.kind, Array)
            fn, method = (np.ndarray.copy, "copy") if is_array else (backprose_runtime.copy_of, None)
            attrs = {"fn": fn, "keywords": (), "method": method}
            ops.append(Op("call", (op.result,), (copy,), attrs, (), op.loc))
            copies[op.result] = copy
    return _with_copies(Region(region.params, tuple(ops), region.results), copies)


def _with_copies(region: Region, copies: dict[Value, Value]) -> Region:
    """Reads in the reverse sweep, wherever it is nested, and what the region hands out."""
    if not copies:
        return region

    def edit(op: Op, inside: bool) -> Op:
        inside = inside or op.in_reverse
        operands = tuple(copies.get(v, v) for v in op.operands) if inside else op.operands
        regions = tuple(
            Region(r.params, tuple(edit(o, inside) for o in r.ops), tuple(copies.get(v, v) if inside else v for v in r.results))
            for r in op.regions
        )
        return replace(op, operands=operands, regions=regions)

    ops = tuple(edit(op, False) for op in region.ops)
    return Region(region.params, ops, tuple(copies.get(v, v) for v in region.results))


def _read_in_reverse(region: Region) -> set[Value]:
    """Values that the reverse sweep reads, or that regions of the forward sweep hand out."""
    found: set[Value] = set(region.results)
    for op in region.ops:
        if op.in_reverse:
            found.update(op.operands)
        for inner in op.regions:
            found |= _read_in_reverse(inner)
    return found
