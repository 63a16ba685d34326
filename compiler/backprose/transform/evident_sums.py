"""Sums over broadcast axes that are evidently none, and checks of shapes that evidently hold."""

from __future__ import annotations

from dataclasses import replace

import backprose_runtime

from backprose.analysis.shapes import Shapes, reads_shape
from backprose.ir.kinds import Array
from backprose.ir.nodes import Region, Value
from backprose.ir.walk import all_ops, substitute


def drop_evident_sums(reverse: Region, *forward: Region) -> Region:
    """The reverse region with each `sum_to(x_bar, x.shape)`, and each check, that changes nothing replaced by x_bar.

    `forward` are primal regions that it reads from. Before it is settled what is kept for the reverse sweep, so that
    no shape is kept for such a sum.
    """
    made = {v: op for region in (*forward, reverse) for op in all_ops(region) for v in op.results}
    if not any(op.fn in (backprose_runtime.sum_to, backprose_runtime.checked_cotangent) for op in all_ops(reverse)):
        return reverse
    shapes = Shapes(made)
    mapping: dict[Value, Value] = {}

    def visit(region: Region) -> Region:
        ops = []
        for op in region.ops:
            if op.fn is backprose_runtime.sum_to:
                share, shape = mapping.get(op.operands[0], op.operands[0]), made.get(op.operands[1])
                if reads_shape(shape) and shapes.is_reached(share, shape.operands[0]):
                    mapping[op.result] = share
                    continue
            elif op.fn is backprose_runtime.checked_cotangent:
                share, shape = mapping.get(op.operands[0], op.operands[0]), made.get(op.operands[1])
                is_array = isinstance(share.kind, Array) and reads_shape(shape) and isinstance(shape.operands[0].kind, Array)
                if is_array and shapes.keys(share) == shapes.keys(shape.operands[0]):
                    mapping[op.result] = share
                    continue
            ops.append(replace(op, regions=tuple(map(visit, op.regions))) if op.regions else op)
        return replace(region, ops=tuple(ops))

    kept = visit(reverse)
    return substitute(kept, mapping)
