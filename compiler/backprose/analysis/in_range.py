"""Integers that are certainly positions on an axis: `i` and `i - 1` of a, where i comes from `range(1, len(a))`."""

from __future__ import annotations

import operator
from collections.abc import Hashable

from backprose.analysis.kinds import ndim_of
from backprose.analysis.ownership import PLACES
from backprose.analysis.shapes import Shapes, reads_shape
from backprose.analysis.versions import Versions
from backprose.ir.kinds import Array, Dim, Static
from backprose.ir.nodes import Region, Value
from backprose.ir.walk import all_ops


class InRange:
    """Questions about the integers of a region: each is bounded by the ranges that it comes from."""

    def __init__(self, region: Region):
        self.versions = Versions(region)
        self.made = self.versions.made
        self.shapes = Shapes(self.made)
        self.items: dict[Value, Value] = {}  # of loops, with what they come from
        for op in all_ops(region):
            if op.name == "for":
                self.items.update(zip(op.items, op.iterables))
            elif op.fn in PLACES:
                self.versions.origin(op.result)  # in order, for a long function is no deep recursion

    def is_position(self, index: Value, array: Value) -> bool:
        """Whether the index is at least 0 and less than the length of the array."""
        least, most = self.least(index), self.most(index)
        if least is None or least < 0 or most is None or not isinstance(array.kind, Array) or not array.kind.axes:
            return False
        return most[0] == self.length(self.shapes.keys(array)[0]) and most[1] < 0

    def least(self, value: Value) -> int | None:
        """A number that the integer is not below."""
        if isinstance(value.kind, Static):
            return value.kind.value if type(value.kind.value) is int else None
        if value in self.items:
            bounds = self.bounds(value)
            return None if bounds is None else self.least(bounds[0])
        shifted = self.shifted(value)
        if shifted is not None:
            least = self.least(shifted[0])
            return None if least is None else least + shifted[1]
        return 0 if isinstance(value.kind, Dim) else None

    def most(self, value: Value) -> tuple[Hashable, int] | None:
        """A length and a number that the integer, less the length, is not above."""
        if value in self.items:
            bounds = self.bounds(value)
            most = None if bounds is None else self.most(bounds[1])
            return None if most is None else (most[0], most[1] - 1)
        shifted = self.shifted(value)
        if shifted is not None:
            most = self.most(shifted[0])
            return None if most is None else (most[0], most[1] + shifted[1])
        op = self.made.get(value)
        if op is not None and op.fn is operator.getitem and reads_shape(self.made.get(op.operands[0])):
            array, axis = self.made[op.operands[0]].operands[0], getattr(op.operands[1].kind, "value", None)
            return (self.length(self.shapes.keys(array)[axis]), 0) if axis in range(ndim_of(array.kind) or 0) else None
        return (self.length(self.shapes.length(value)), 0) if op is not None and op.fn is len else None

    def bounds(self, item: Value) -> tuple[Value, Value] | None:
        """Start and end of the range that a loop's item comes from, in steps of 1 and in either direction."""
        op = self.made.get(self.items[item])
        if op is not None and op.fn is reversed:
            op = self.made.get(op.operands[0])
        if op is None or op.fn is not range or len(op.operands) > 2:
            return None
        return (Value("", Static(0)), op.operands[0]) if len(op.operands) == 1 else op.operands

    def shifted(self, value: Value) -> tuple[Value, int] | None:
        """The integer that constants are added to, and their sum."""
        total, found = 0, value
        while (op := self.made.get(found)) is not None and op.fn in (operator.add, operator.sub):
            left, right = op.operands
            if op.fn is operator.add and isinstance(left.kind, Static):
                left, right = right, left
            number = getattr(right.kind, "value", None)
            if type(number) is not int:
                break
            found, total = left, total + (number if op.fn is operator.add else -number)
        return None if found is value else (found, total)

    def length(self, key: Hashable) -> Hashable:
        """One key for the axes of all versions of an array, inside and outside of the loops that update it."""
        while isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], Value) and isinstance(key[0].kind, Array):
            first = self.first(key[0])
            if first is key[0] or ndim_of(first.kind) != ndim_of(key[0].kind):
                return key
            key = self.shapes.keys(first)[key[1]]
        return key

    def first(self, array: Value) -> Value:
        """The first version of the array."""
        while True:
            origin = self.versions.origin(array)
            loop, k = self.versions.carried.get(origin, (None, 0))
            if loop is None or self.versions.origin(loop.yields[k]) is not origin:
                return origin
            array = loop.inits[k]
