"""Ask the shape of an updated array of its last version, so that earlier ones need not be kept.

Updates do not change a shape, so in the reverse sweep `len(x)` and `np.zeros_like(x)` may as well read what x became.
Reading what x was would keep that alive, and each update would have to copy it.
"""

from __future__ import annotations

import operator
from collections.abc import Container, Iterator, Mapping
from dataclasses import replace

from backprose.analysis.shapes import UPDATES, Shapes, asks_shape, otherwise_read
from backprose.ir.nodes import Function, Op, Value
from backprose.ir.walk import all_ops

Place = tuple[Value, int]  # a version, and the position of the op that makes it


def ask_last(fn: Function) -> Function:
    """Redirect what the reverse sweep asks of arrays that the forward sweep updates."""
    if not any(op.fn in UPDATES and not op.in_reverse for op in all_ops(fn.region)):
        return fn
    last, read = _last_versions(fn), otherwise_read(fn.region)
    ops = tuple(_redirected(op, i, last, read) for i, op in enumerate(fn.ops))
    return replace(fn, region=replace(fn.region, ops=ops))


def _redirected(op: Op, position: int, last: Mapping[Value, Place], read: Container[Value]) -> Op:
    inner = (replace(r, ops=tuple(_redirected(o, position, last, read) for o in r.ops)) for r in op.regions)
    op = replace(op, regions=tuple(inner))
    asks = asks_shape(op) or (op.fn is operator.getitem and op.result not in read)
    if op.in_reverse and asks and op.operands[0] in last:
        array, made = last[op.operands[0]]
        return replace(op, operands=(array, *op.operands[1:])) if made < position else op
    return op


def _last_versions(fn: Function) -> dict[Value, Place]:
    """For arrays that are updated at the function's own level: what they become at last."""
    shapes = Shapes(fn.region)
    after: dict[Value, Place] = {}
    for i, op in enumerate(fn.ops):
        for before, result in () if op.in_reverse else _versions(op, shapes):
            if before.kind == result.kind and before is not result and shapes.same(before, result):
                after.setdefault(before, (result, i))
    last = {}
    for value in after:
        place = after[value]
        while place[0] in after:
            place = after[place[0]]
        last[value] = place
    return last


def _versions(op: Op, shapes: Shapes) -> Iterator[tuple[Value, Value]]:
    """Pairs of an array and what the op makes of it."""
    if op.fn in UPDATES:
        yield op.operands[0], op.result
    elif any(inner.fn in UPDATES for region in op.regions for inner in all_ops(region)):
        for result in op.results:
            if result in shapes.origin:
                yield shapes.origin[result], result
