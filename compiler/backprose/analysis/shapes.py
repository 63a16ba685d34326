"""Shapes that are evidently the same, though nobody knows what they are.

`a_bar[i, j:]` is as long as `a[i, j:]`, whatever j is. Each axis has a key; equal keys are equal lengths. A key is the
name of the length where kinds have one, else how the axis comes about: a slice of an axis, the axis of an operand, and
at last the axis of the value itself. Values are pure, so what is made alike is alike.
"""

from __future__ import annotations

import operator
from collections.abc import Hashable, Mapping

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import is_basic, is_mask, ndim_of
from backprose.ir.kinds import ONE, Array, Dim, Scalar, Slice, Static, Tuple
from backprose.ir.nodes import Op, Value
from backprose.rules.registry import rule_for

Keys = tuple[Hashable, ...]

SAME = frozenset(
    {np.copy, np.ndarray.copy, np.zeros_like, np.ones_like, np.empty_like, np.ndarray.astype,
     backprose_runtime.set_at, backprose_runtime.put_at, backprose_runtime.add_at, backprose_runtime.stop_gradient}
)  # fmt: skip
CREATED = frozenset({np.zeros, np.ones, np.empty, np.full})
INTEGER = frozenset({operator.add, operator.sub, operator.mul, operator.floordiv, operator.neg, operator.mod, len})


class Shapes:
    """Questions about shapes; `made` says how values come about."""

    def __init__(self, made: Mapping[Value, Op]):
        self.made = made
        self.known: dict[Value, Keys] = {}
        self.seen: set[Value] = set()
        self.least: dict[Value, list[set[Hashable]]] = {}

    def is_reached(self, share: Value, value: Value) -> bool:
        """Whether `share`, to whose shape `value` can be broadcast, certainly has the shape of `value`."""
        keys = self.keys(share)
        if ndim_of(value.kind) != len(keys):
            return False
        return all(key in at_least for key, at_least in zip(keys, self.at_least(value)))

    def keys(self, value: Value) -> Keys:
        """A key for each axis of an array."""
        if not isinstance(value.kind, Array):
            return ()
        if value not in self.known:
            for earlier in self.behind(value):
                self.note(earlier)
        return self.known.get(value, tuple([(value, i) for i in range(value.kind.ndim)]))

    def behind(self, value: Value) -> list[Value]:
        """The arrays that the value is made of and whose keys are not known, operands first: a long function is no deep
        recursion."""
        order: list[Value] = []
        pending = [(value, False)]
        while pending:
            value, is_done = pending.pop()
            if is_done:
                order.append(value)
            elif value not in self.seen:
                self.seen.add(value)
                if isinstance(value.kind, Array):
                    pending.append((value, True))
                op = self.made.get(value)
                pending += [(v, False) for v in op.operands] if op is not None else ()
        return order

    def note(self, value: Value) -> None:
        found = self.found(value)
        named = zip(value.kind.axes, (value.kind.length(i) for i in range(value.kind.ndim)), found)
        self.known[value] = tuple([1 if axis == ONE else length or key for axis, length, key in named])

    def at_least(self, value: Value) -> list[set[Hashable]]:
        """For each axis keys of lengths that it has, or that are 1: operands of an elementwise operation are spread."""
        pending = [value]
        while pending:
            latest = pending[-1]
            op = self.made.get(latest)
            spread = op.operands if op is not None and _is_elementwise(op) else ()
            operands = [v for v in spread if isinstance(v.kind, Array)]
            before = [v for v in operands if v not in self.least]
            pending += before
            if not before:
                self.least[pending.pop()] = self._at_least(latest, operands)
        return self.least[value]

    def _at_least(self, value: Value, operands: list[Value]) -> list[set[Hashable]]:
        sets: list[set[Hashable]] = [{key} for key in self.keys(value)]
        for operand in operands:
            for keys, more in zip(reversed(sets), reversed(self.least[operand])):
                keys |= more - {1}
        return sets

    def found(self, value: Value) -> Keys:
        own = tuple((value, i) for i in range(value.kind.ndim))
        op = self.made.get(value)
        if op is None or op.name != "call":
            return own
        if op.fn in SAME and isinstance(op.operands[0].kind, Array):
            return self.keys(op.operands[0]) if op.operands[0].kind.ndim == len(own) else own
        if op.fn in CREATED:
            sizes = self.made.get(op.operands[0])
            sizes = sizes.operands if sizes is not None and sizes.name == "tuple" else op.operands[:1]
            return tuple(map(self.length, sizes)) if len(sizes) == len(own) else own
        if op.fn is backprose_runtime.sum_to:
            shape = self.made.get(op.operands[1])
            return self.keys(shape.operands[0]) if reads_shape(shape) else own
        if op.fn is np.broadcast_to:
            shape = self.made.get(op.operands[1])
            return self.keys(shape.operands[0]) if reads_shape(shape) else own
        if op.fn in (operator.getitem, backprose_runtime.get_at, backprose_runtime.last_at):
            taken = self.taken(op.operands[0], op.operands[1:])
            return taken if taken is not None and len(taken) == len(own) else own
        if op.fn is np.outer and all(isinstance(v.kind, Array) and v.kind.ndim == 1 for v in op.positional):
            return (*self.keys(op.positional[0]), *self.keys(op.positional[1]))
        return self.spread(op, own) if _is_elementwise(op) else own

    def spread(self, op: Op, own: Keys) -> Keys:
        """The axes of an elementwise result: those in which all operands agree."""
        columns: list[set[Hashable]] = [set() for _ in own]
        for operand in op.operands:
            for column, key in zip(reversed(columns), reversed(self.keys(operand))):
                column.add(key)
        found = [column - {1} for column in columns]
        return tuple(next(iter(keys)) if len(keys) == 1 else key for keys, key in zip(found, own))

    def taken(self, array: Value, path: tuple[Value, ...]) -> Keys | None:
        """The axes of `array[i][j]`; None where a step is not a basic index."""
        keys = self.keys(array)
        if len(path) == 1 and not is_basic(path[0].kind):
            named, count = self.positions(path[0])
            return None if named is None or count > len(keys) else (*named, *keys[count:])
        for step in path:
            if not is_basic(step.kind):
                return None
            parts = self.index(step)
            if parts is None or len(parts) > len(keys):
                return None
            sliced = [_sliced(key, part) if part is not None else None for key, part in zip(keys, parts)]
            keys = (*(key for key in sliced if key is not None), *keys[len(parts) :])
        return keys

    def positions(self, index: Value) -> tuple[Keys | None, int]:
        """The axes that an array or list of positions, or a mask, makes, and of how many."""
        kind = index.kind
        op = self.made.get(index)
        if op is not None and op.name == "list" and all(is_basic(v.kind) for v in op.operands):
            return (("items", len(op.operands)),), 1
        if is_mask(kind):
            return ((index, "true"),), kind.ndim
        return (self.keys(index), 1) if isinstance(kind, Array) and kind.axes else (None, 0)

    def index(self, value: Value) -> list[Hashable | None] | None:
        """For each axis that an index names, how it is sliced, None for an integer; None if axes are added or left out."""
        op = self.made.get(value)
        if op is not None and op.name == "tuple":
            parts = [self.index(v) for v in op.operands]
            return None if any(p is None or len(p) != 1 for p in parts) else [p[0] for p in parts]
        if isinstance(value.kind, Static):
            items = value.kind.value if type(value.kind.value) is tuple else (value.kind.value,)
            if any(v is None or v is Ellipsis for v in items):
                return [] if items == (Ellipsis,) else None
            return [_slice_key(v) if isinstance(v, slice) else None for v in items]
        if isinstance(value.kind, (Scalar, Dim)):
            return [None]
        if isinstance(value.kind, Slice):
            if op is not None and op.fn is slice:
                bounds = [self.number(v) for v in op.operands]
                bounds = [None, *bounds, None] if len(bounds) == 1 else [*bounds, None][:3]
                return [("slice", *bounds)]
            parts = (value.kind.start, value.kind.stop, value.kind.step)
            if all(isinstance(k, Static) for k in parts):
                return [_slice_key(slice(*(k.value for k in parts)))]
            return [("slice", value)]
        return None if isinstance(value.kind, Tuple) else [None]

    def length(self, size: Value) -> Hashable:
        """The key of an axis that is made this long: a named length and a constant where it is one."""
        if isinstance(size.kind, Static) and type(size.kind.value) is int:
            return size.kind.value
        if isinstance(size.kind, Dim) and size.kind.length is not None:
            return size.kind.length
        op = self.made.get(size)
        if op is not None and op.fn is len and isinstance(op.operands[0].kind, Array):
            return self.keys(op.operands[0])[0]
        if op is not None and op.fn in (operator.add, operator.sub) and len(op.operands) == 2:
            left, right = map(self.length, op.operands)
            if op.fn is operator.add and type(left) is int:
                left, right = right, left
            if type(right) is int and isinstance(left, tuple) and _is_named(left):
                return left[0], left[1] + (right if op.fn is operator.add else -right)
        return self.number(size)

    def number(self, value: Value) -> Hashable:
        """A key for an integer: how it is computed."""
        if isinstance(value.kind, Static):
            return value.kind.value
        op = self.made.get(value)
        if op is not None and op.fn in INTEGER and not isinstance(value.kind, Array) and not op.keywords:
            return (op.fn, *(self.number(v) for v in op.operands))
        return value


def reads_shape(op: Op | None) -> bool:
    """Whether the op gives the shape of its operand."""
    if op is None:
        return False
    return op.fn is np.shape or (op.name == "getattr" and op.attrs["name"] == "shape")


def _slice_key(part: slice) -> Hashable:
    return ("slice", part.start, part.stop, part.step)


def _is_named(key: Hashable) -> bool:
    return isinstance(key, tuple) and len(key) == 2 and isinstance(key[0], str) and type(key[1]) is int


def _sliced(key: Hashable, part: Hashable) -> Hashable:
    """The axis `[part]` of an axis: that which `[1:]` leaves of one that has certainly as many entries is named."""
    start, stop, step = part[1:] if isinstance(part, tuple) and len(part) == 4 else (None, None, 0)
    if start is None and stop is None and step in (None, 1, -1):
        return key
    ends = [0 if v is None else v for v in (start, stop)]
    if _is_named(key) and step is None and all(type(v) is int for v in ends) and ends[0] >= 0 >= ends[1]:
        left = key[1] - ends[0] + ends[1]
        return (key[0], left) if left >= 0 else (key, part)
    return key, part


def _is_elementwise(op: Op) -> bool:
    rule = rule_for(op.fn) if op.name == "call" else None
    return rule is not None and rule.is_elementwise and not op.keywords
