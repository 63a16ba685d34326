"""The reverse sweep reads shapes from what arrays are last, not from what they were before updates.

All versions of an array have one shape. Reading that of an early version would keep its content, and every update in
the forward sweep would have to copy the array.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from backprose.analysis.ownership import PLACES
from backprose.analysis.recording import overwritten
from backprose.analysis.shapes import reads_shape
from backprose.ir.kinds import ONE, Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops


def read_shapes_late(fn: Function) -> Function:
    """Let the reverse sweep read each length and shape from the last version of the array."""
    if not any(op.fn in PLACES and not op.in_reverse for op in all_ops(fn.region)):
        return fn
    return replace(fn, region=_Versions(fn).region(fn.region, {}))


class _Versions:
    def __init__(self, fn: Function):
        self.made = {v: op for op in all_ops(fn.region) for v in op.results}
        self.overwritten = overwritten(fn)
        self.origins: dict[Value, Value] = {}

    def region(self, region: Region, latest: dict[Hashable, Value]) -> Region:
        """`latest`: of each array, by what it is a version of, the last value of the forward sweep so far."""
        latest = dict(latest)
        ops = []
        for op in region.ops:
            if op.in_reverse and _reads(op):
                array = op.operands[0]
                now = next((latest[k] for k in self.versions(array) if k in latest), array)
                if array in self.overwritten or array.name == now.name:
                    op = replace(op, operands=(now, *op.operands[1:]))
            op = replace(op, regions=tuple(self.region(r, latest) for r in op.regions)) if op.regions else op
            if not op.in_reverse:
                for value in op.results:
                    latest.update(dict.fromkeys(self.versions(value), value) if self.is_version(value) else {})
            ops.append(op)
        return replace(region, ops=tuple(ops))

    def is_version(self, value: Value) -> bool:
        return isinstance(value.kind, Array) and (self.origin(value) is not value or self.is_carried(value))

    def is_carried(self, value: Value) -> bool:
        op = self.made.get(value)
        return op is not None and op.name in ("for", "while") and value in op.carried_results

    def versions(self, value: Value) -> list[Hashable]:
        """What the value is a version of: another value, and whatever has its name and its lengths."""
        if not isinstance(value.kind, Array) or not value.kind.axes:
            return []
        found: list[Hashable] = [self.origin(value)]
        if value.name and all(a == ONE or value.kind.length(i) for i, a in enumerate(value.kind.axes)):
            found.append((value.name, value.kind.axes, value.kind.lengths))
        return found

    def origin(self, value: Value) -> Value:
        """The value before the updates that lead to this one, which kept its shape."""
        if value not in self.origins:
            self.origins[value] = value  # while it is asked: what a loop carries
            self.origins[value] = self._origin(value)
        return self.origins[value]

    def _origin(self, value: Value) -> Value:
        op = self.made.get(value)
        if op is None:
            return value
        if op.fn in PLACES or op.fn is np.ndarray.copy:
            return self.origin(op.operands[0]) if isinstance(op.operands[0].kind, Array) else value
        if op.name == "if":
            k = op.results.index(value)
            found = {self.origin(region.results[k]) for region in op.regions}
            return found.pop() if len(found) == 1 else value
        if op.name in ("for", "while") and value in op.carried_results:
            k = op.carried_results.index(value)
            return self.origin(op.inits[k]) if self.origin(op.yields[k]) is op.carried[k] else value
        return value


def _reads(op: Op) -> bool:
    """Whether the op reads nothing but a shape."""
    return reads_shape(op) or op.fn in (len, np.zeros_like) or (op.name == "getattr" and op.attrs["name"] == "size")
