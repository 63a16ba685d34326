"""Copy what is kept of a buffer that is updated in place, so that the buffer itself need not be copied.

The IR is pure, so a copy changes nothing in it. But a view that a loop collects, or that the reverse sweep reads, would
hold on to the whole buffer, and an update could then not be carried out in the buffer's own memory.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.ownership import is_deep
from backprose.analysis.recording import overwritten_values
from backprose.ir.kinds import Array, Kind, List
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops

UPDATES = frozenset({backprose_runtime.set_at, backprose_runtime.put_at, backprose_runtime.add_at})
VIEWS = frozenset({operator.getitem, np.transpose, np.swapaxes, backprose_runtime.get_at})


def copy_kept_views(fn: Function) -> Function:
    """In functions that update arrays, keep copies of slices rather than the slices."""
    if not any(op.fn in UPDATES for op in all_ops(fn.region)):
        return fn
    forward = [op for op in all_ops(fn.region) if not op.in_reverse]
    written = overwritten_values(forward)
    kept = _read_in_reverse(fn.region)
    if not any(map(is_deep, forward)):  # else elements of lists are updated, whatever lists they are in
        kept = {v for v in kept & written if isinstance(v.kind, Array)}
    return replace(fn, region=_collect_copies(_visit(fn.region, kept), written))


def _collect_copies(region: Region, written: set[Value]) -> Region:
    """What a loop collects, and then writes to, is collected as a copy: the writes need not make one each."""
    ops = []
    for op in region.ops:
        op = replace(op, regions=tuple(_collect_copies(r, written) for r in op.regions)) if op.regions else op
        if op.name in ("for", "while"):
            ops += _collecting_copies(op, _views_of_updated(op) if op.in_reverse else written)
        else:
            ops.append(op)
    return replace(region, ops=tuple(ops))


def _views_of_updated(loop: Op) -> set[Value]:
    """What the loop collects and is a view of what it updates: a derivative of the reverse sweep reads it."""
    updated = {op.operands[0] for op in all_ops(loop.body) if op.fn in UPDATES}
    return {op.result for op in loop.body.ops if op.fn in VIEWS and op.operands[0] in updated}


def _was_carried(value: Value, inside: Mapping[Value, Op], loop: Op) -> bool:
    """Whether the value is what an update has left of an array that the loop carries."""
    updated = False
    while (op := inside.get(value)) is not None:
        if op.fn in UPDATES:
            updated, value = True, op.operands[0]
        elif op.name in ("for", "while") and value in op.carried_results:
            k = op.carried_results.index(value)
            made = {v: inner for inner in op.body.ops for v in inner.results}
            updated = updated or (op.yields[k] in made and made[op.yields[k]].fn in UPDATES)
            value = op.inits[k]
        else:
            return False
    return updated and value in loop.carried


def _collecting_copies(op: Op, written: set[Value]) -> list[Op]:
    """The loop collecting copies; before it those of what comes from outside, one for all iterations."""
    body, first = op.body, len(op.body.results) - len(op.collects)
    inside = {v: inner for inner in body.ops for v in inner.results}
    arrays = [v for v in op.collects if isinstance(v.kind, Array) and v.kind.axes]
    copies = {v: Value("", v.kind) for v in arrays if v in written or _was_carried(v, inside, op)}
    if not copies:
        return [op]
    made = {v: Op("call", (v,), (copy,), copying(v.kind), (), op.loc) for v, copy in copies.items()}
    ops = [made[p] for p in body.params if p in made]
    for inner in body.ops:
        ops += [inner, *(made[v] for v in inner.results if v in made)]
    results = (*body.results[:first], *(copies.get(v, v) for v in op.collects))
    before = [made[v] for v in made if v not in inside and v not in body.params]
    return [*before, replace(op, regions=(*op.regions[:-1], Region(body.params, tuple(ops), results)))]


def _visit(region: Region, kept: set[Value]) -> Region:
    ops: list[Op] = []
    copies: dict[Value, Value] = {}
    for op in region.ops:
        operands = tuple([copies.get(v, v) for v in op.operands]) if copies and _reads_kept(op) else op.operands
        op = op.reading(operands, tuple([_visit(r, kept) for r in op.regions]))
        ops.append(op)
        if not op.in_reverse and op.fn in VIEWS and isinstance(op.result.kind, (Array, List)) and op.result in kept:
            copy = Value(op.result.name, op.result.kind)
            ops.append(Op("call", (op.result,), (copy,), copying(op.result.kind), (), op.loc))
            copies[op.result] = copy
    return _with_copies(Region(region.params, tuple(ops), region.results), copies)


def copying(kind: Kind) -> dict[str, Any]:
    """A copy with the same order in memory, on which the rounding of sums depends: `x.copy()` gives rows after rows."""
    if isinstance(kind, List):
        return {"fn": backprose_runtime.copy_of, "keywords": (), "method": None}
    if len(kind.axes) < 2:
        return {"fn": np.ndarray.copy, "keywords": (), "method": "copy"}
    return {"fn": np.copy, "keywords": (), "method": None}


def _with_copies(region: Region, copies: dict[Value, Value]) -> Region:
    """Reads in the reverse sweep, wherever it is nested, and what the region hands out."""
    if not copies:
        return region

    def edit(op: Op, inside: bool) -> Op:
        inside = inside or _reads_kept(op)
        operands = tuple([copies.get(v, v) for v in op.operands]) if inside else op.operands
        regions = tuple([
            Region(r.params, tuple([edit(o, inside) for o in r.ops]), tuple([copies.get(v, v) if inside else v for v in r.results]))
            for r in op.regions
        ])
        return op.reading(operands, regions)

    ops = tuple(edit(op, False) for op in region.ops)
    return Region(region.params, ops, tuple(copies.get(v, v) for v in region.results))


def _reads_kept(op: Op) -> bool:
    """Whether the op is of the reverse sweep, or hands what that reads to the function that it is in."""
    return op.in_reverse or "residuals" in op.attrs


def _read_in_reverse(region: Region) -> set[Value]:
    """Values that the reverse sweep reads, or that regions of the forward sweep hand out."""
    found: set[Value] = set(region.results)
    for op in region.ops:
        if _reads_kept(op):
            found.update(op.operands)
        for inner in op.regions:
            found |= _read_in_reverse(inner)
    return found
