"""Versions of an array: what updates in place, branches and loops make of it. All have one shape."""

from __future__ import annotations

from collections.abc import Container

import numpy as np

from backprose.analysis.ownership import PLACES
from backprose.ir.kinds import Array
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import all_ops


class Versions:
    """Of which array each value is a version."""

    def __init__(self, region: Region):
        self.made: dict[Value, Op] = {}
        self.carried: dict[Value, tuple[Op, int]] = {}  # parameters of loops
        self.origins: dict[Value, Value] = {}
        for op in all_ops(region):
            self.made.update((v, op) for v in op.results)
            if op.name in ("for", "while"):
                self.carried.update((v, (op, k)) for k, v in enumerate(op.carried))

    def origin(self, value: Value) -> Value:
        """The value before the updates that lead to this one, as far as the loop goes that the value is in."""
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

    def outside(self, value: Value, own: Container[Value]) -> Value:
        """A version of the same kind that is not among `own`, the values of a loop's body; itself if there is none."""
        found = value
        while found in own:
            origin = self.origin(found)
            if origin in self.carried:
                loop, k = self.carried[origin]
                origin = loop.inits[k] if self.origin(loop.yields[k]) is origin else found
            if origin is found:
                return value
            found = origin
        return found if found.kind == value.kind else value
