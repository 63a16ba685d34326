"""The reverse sweep reads shapes from what arrays are last, not from what they were before updates.

All versions of an array have one shape. Reading that of an early version would keep its content, and every update in
the forward sweep would have to copy the array.
"""

from __future__ import annotations

import operator
from collections import ChainMap
from collections.abc import Hashable
from dataclasses import replace

from backprose.analysis.ownership import PLACES
from backprose.analysis.recording import overwritten_values
from backprose.analysis.versions import Versions
from backprose.ir.kinds import ONE, Array
from backprose.ir.nodes import Function, Region, Value
from backprose.ir.walk import all_ops
from backprose.transform.outer_shapes import asks_shape, otherwise_read


def read_shapes_late(fn: Function) -> Function:
    """Let the reverse sweep read each length and shape from the last version of the array."""
    if not any(op.fn in PLACES and not op.in_reverse for op in all_ops(fn.region)):
        return fn
    return replace(fn, region=_Latest(fn).region(fn.region, ChainMap()))


class _Latest:
    def __init__(self, fn: Function):
        self.overwritten = overwritten_values(op for op in all_ops(fn.region) if not op.in_reverse)
        self.known = Versions(fn.region)
        self.read = otherwise_read(fn.region)

    def region(self, region: Region, latest: ChainMap[Hashable, Value]) -> Region:
        """`latest`: of each array, by what it is a version of, the last value of the forward sweep so far."""
        latest = latest.new_child()
        ops = []
        for op in region.ops:
            is_part = op.fn is operator.getitem and op.result not in self.read
            if op.in_reverse and (asks_shape(op) or is_part):
                array = op.operands[0]
                now = next((latest[k] for k in self.versions(array) if k in latest), array)
                if array in self.overwritten or array.name == now.name:
                    op = replace(op, operands=(now, *op.operands[1:]))
            op = op.reading(op.operands, tuple([self.region(r, latest) for r in op.regions])) if op.regions else op
            if not op.in_reverse:
                for value in op.results:
                    latest.update(dict.fromkeys(self.versions(value), value) if self.is_version(value) else {})
            ops.append(op)
        return Region(region.params, tuple(ops), region.results)

    def is_version(self, value: Value) -> bool:
        return isinstance(value.kind, Array) and (self.known.origin(value) is not value or self.is_carried(value))

    def is_carried(self, value: Value) -> bool:
        op = self.known.made.get(value)
        return op is not None and op.name in ("for", "while") and value in op.carried_results

    def versions(self, value: Value) -> list[Hashable]:
        """What the value is a version of: another value, and whatever has its name and its lengths."""
        if not isinstance(value.kind, Array) or not value.kind.axes:
            return []
        found: list[Hashable] = [self.known.origin(value)]
        if value.name and all(a == ONE or value.kind.length(i) for i, a in enumerate(value.kind.axes)):
            found.append((value.name, value.kind.axes, value.kind.lengths))
        return found
