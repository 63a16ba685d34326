"""Zeros with a few shares, to which an array of their shape is then added, start as that array.

    x_bar = np.zeros(x.shape)                 x_bar = u * v
    x_bar[index] = t                          x_bar[index] += t
    x_bar += u * v

So nothing is filled with zeros that are added to. The sums are the same, but that the shares of an entry which has
several of them come after what is dense. What a store overwrites must be 0.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import backprose_runtime

from backprose.analysis.regions import area
from backprose.ir.kinds import Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, rename, use_counts
from backprose.transform.sum_first import ZEROS, fills

UPDATES = frozenset({backprose_runtime.add_at, backprose_runtime.set_at})


def dense_first(fn: Function) -> Function:
    """Add shares of an array to what is dense, rather than both to zeros."""
    if not any(op.fn in ZEROS for op in all_ops(fn.region)):
        return fn
    walk = _Walk(fn)
    region = walk.region(fn.region)
    return replace(fn, region=rename(region, walk.names)) if walk.names else fn


class _Walk:
    def __init__(self, fn: Function):
        self.made: Mapping[Value, Op] = {v: op for op in all_ops(fn.region) for v in op.results}
        self.counts: Counter[Value] = use_counts(fn.region)
        self.names: dict[Value, str] = {}  # of what takes the place of zeros

    def region(self, region: Region) -> Region:
        ops: list[Op] = []
        here = {v for op in region.ops for v in op.results}
        for op in region.ops:
            op = replace(op, regions=tuple(map(self.region, op.regions))) if op.regions else op
            dense, updates = self.sum_with_zeros(op, here)
            if updates:
                gone = set(updates)
                ops = [*(o for o in ops if o not in gone), *_added(dense, updates, op.result)]
                self.names[dense] = op.result.name
            else:
                ops.append(op)
        return replace(region, ops=tuple(ops))

    def sum_with_zeros(self, op: Op, here: set[Value]) -> tuple[Value | None, list[Op]]:
        """What the op adds to zeros with some shares, and the updates that put these there; else none."""
        if op.fn is operator.add and op.is_derivative and isinstance(op.result.kind, Array):
            for zeros, dense in (op.operands, op.operands[::-1]):
                updates = self.updates(zeros, here)
                if updates and _has_shape(dense, zeros) and dense.kind.dtype == op.result.kind.dtype:
                    return dense, updates
        return None, []

    def updates(self, buffer: Value, here: set[Value]) -> list[Op]:
        """The updates that make the buffer of zeros, if each of them may as well be added to what is there."""
        found: list[Op] = []
        while buffer in here and self.counts[buffer] == 1 and (op := self.made[buffer]).fn in UPDATES and op.is_derivative:
            found.append(op)
            buffer = op.operands[0]
        if buffer not in self.made or self.made[buffer].fn not in ZEROS or self.counts[buffer] != 1:
            return []
        found.reverse()
        areas = [area(index, path, self.made) for index, _, path in map(_parts, found)]
        for k, op in enumerate(found):
            if op.fn is backprose_runtime.set_at:
                if not areas[k].distinct or not all(map(areas[k].is_apart, areas[:k])):
                    return []
        return found


def _parts(update: Op) -> tuple[Value, Value, tuple[Value, ...]]:
    """Index, value and path of an update."""
    if update.fn is backprose_runtime.add_at:
        _, index, value, *path = update.operands
    else:
        _, value, *path, index = update.operands
    return index, value, tuple(path)


def _has_shape(dense: Value, zeros: Value) -> bool:
    kinds = dense.kind, zeros.kind
    return all(isinstance(kind, Array) and kind.axes for kind in kinds) and fills(*(kind.axes for kind in kinds))


def _added(buffer: Value, updates: list[Op], final: Value) -> list[Op]:
    """The updates as additions to the buffer, the last of which gives the final value."""
    out: list[Op] = []
    for update in updates:
        index, value, path = _parts(update)
        result = final if update is updates[-1] else Value(final.name, final.kind)
        attrs = {**update.attrs, "fn": backprose_runtime.add_at}
        out.append(replace(update, operands=(buffer, index, value, *path), attrs=attrs, results=(result,)))
        buffer = result
    return out
