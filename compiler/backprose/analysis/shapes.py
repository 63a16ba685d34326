"""Which arrays surely have the same shape, by how they are made.

A *key* says how a shape comes about; equal keys are equal shapes. What an elementwise operation, a copy or an update
makes has the key of its operand, and so has what a loop carries, if every iteration leaves it that shape. `x[j, i:]`
and `x[k, i:]` have one key too: how many entries a part has depends on its slices, not on where it lies. Keys name
values of the program, so they compare what is read in one iteration.

The *origins* of an array are those before it of the same shape, the nearest first: what is asked of its shape may be
asked of them.
"""

from __future__ import annotations

import operator
from collections.abc import Container, Hashable, Iterator

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import ndim_of
from backprose.ir.kinds import Array, Dim, Number, Scalar, Slice, Static
from backprose.ir.nodes import Op, Region, Value
from backprose.rules.registry import rule_for

UPDATES = frozenset({backprose_runtime.set_at, backprose_runtime.put_at, backprose_runtime.add_at})
LIKE_FIRST = UPDATES | {np.copy, np.ndarray.copy, np.ndarray.astype, np.zeros_like, np.ones_like, np.empty_like}
READS = frozenset({operator.getitem, backprose_runtime.last_at})
COUNTING = frozenset({operator.add, operator.sub, operator.mul, operator.floordiv, operator.neg, min, max})

Key = Hashable


class Shapes:
    """The keys of what a region defines, and of what is made of it later."""

    def __init__(self, region: Region):
        self.made: dict[Value, Op] = {}
        self.keys: dict[Value, Key] = {}
        self.origin: dict[Value, Value] = {}
        self.order: dict[Value, int] = {}
        self._changing: set[Value] = set()  # carried values whose shape may change from one iteration to the next
        before = -1
        while before != len(self._changing):  # all are taken to keep their shapes until they are seen not to
            before = len(self._changing)
            self.keys.clear()
            self.origin.clear()
            self.order.clear()
            self._learn(region)

    def same(self, a: Value, b: Value) -> bool:
        return a is b or self.key(a) == self.key(b)

    def key(self, value: Value) -> Key:
        """The key of an array; a shape of which nothing is known is its own."""
        if value not in self.keys:
            op = self.made.get(value)
            self.keys[value] = self._key_of_call(op) if op is not None and op.name == "call" else value
        return self.keys[value]

    def like(self, value: Value, other: Value) -> None:
        """Take note that `value`, of which nothing is known yet, has the shape of `other`."""
        if value is not other and _is_array(value) and self.key(value) is value:
            self.keys[value] = self.key(other)

    def origins(self, value: Value) -> Iterator[Value]:
        while value in self.origin:
            value = self.origin[value]
            yield value

    def origin_outside(self, value: Value, own: Container[Value]) -> Value:
        """The nearest origin that is not among `own` and of the same kind; the value itself if there is none."""
        if value not in own:
            return value
        return next((v for v in self.origins(value) if v not in own and v.kind == value.kind), value)

    # Learning

    def _learn(self, region: Region) -> None:
        for param in region.params:
            self.order.setdefault(param, len(self.order))
        for op in region.ops:
            first = len(self.order)
            self.made.update((v, op) for v in op.results)
            if op.name in ("for", "while"):
                self._learn_loop(op)
            else:
                for inner in op.regions:
                    self._learn(inner)
            if op.name in ("if", "with"):
                self._learn_choice(op, first)
            for value in op.results:
                self.order.setdefault(value, len(self.order))
                self.key(value)

    def _learn_loop(self, op: Op) -> None:
        for item, iterable in zip(op.items, op.iterables):
            if isinstance(iterable.kind, Array):
                self.keys[item] = ("part", self.key(iterable), "position")
        arrays = [k for k, v in enumerate(op.carried) if _is_array(v) and _is_array(op.inits[k])]
        kept = [k for k in arrays if op.carried[k] not in self._changing]
        for k in kept:
            self._follow(op.carried[k], op.inits[k])
            if op.name == "while":
                self._follow(op.regions[0].params[k], op.inits[k])
        for inner in op.regions:
            self._learn(inner)
        for k in kept:
            if self.same(op.yields[k], op.carried[k]):
                self._follow(op.carried_results[k], op.inits[k])
            else:
                self._changing.add(op.carried[k])

    def _learn_choice(self, op: Op, first: int) -> None:
        """A result has the shape that both branches give it; its origin is one from before the branch."""
        for result, *values in zip(op.results, *(r.results for r in op.regions)):
            if not _is_array(result) or len({self.key(v) for v in values}) != 1:
                continue
            self.keys[result] = self.key(values[0])
            before = [v for v in (values[0], *self.origins(values[0])) if self.order.get(v, first) < first]
            if before:
                self.origin[result] = before[0]

    def _follow(self, value: Value, source: Value) -> None:
        self.keys[value], self.origin[value] = self.key(source), source

    # Keys

    def _key_of_call(self, op: Op) -> Key:
        value = op.result
        if op.fn in READS and isinstance(op.operands[0].kind, Array) and len(op.operands) == 2:
            return ("part", self.key(op.operands[0]), self._index(op.operands[1]))
        source = self._source(op)
        if source is None:
            return value
        self.origin[value] = source
        return self.key(source)

    def _source(self, op: Op) -> Value | None:
        """The operand whose shape the result has."""
        if op.fn in LIKE_FIRST:
            return op.operands[0] if isinstance(op.operands[0].kind, Array) and "shape" not in op.keywords else None
        if op.fn is np.broadcast_to:
            shape = self.made.get(op.operands[1])
            return shape.operands[0] if shape is not None and shape.name == "getattr" else None
        rule = rule_for(op.fn)
        if rule is None or not rule.is_elementwise or op.keywords:
            return None
        arrays = [v for v in op.operands if ndim_of(v.kind) != 0]
        if not arrays or not _is_array(op.result) or ndim_of(arrays[0].kind) != ndim_of(op.result.kind):
            return None
        return arrays[0] if all(map(_is_array, arrays)) and len({self.key(v) for v in arrays}) == 1 else None

    def _index(self, index: Value) -> Key:
        kind, op = index.kind, self.made.get(index)
        if isinstance(kind, Static) and type(kind.value) is not int:
            return kind
        if isinstance(kind, (Dim, Static)) or (isinstance(kind, Scalar) and kind.dtype.startswith(("int", "uint"))):
            return "position"
        if op is not None and op.name == "tuple":
            return tuple(map(self._index, op.operands))
        if op is not None and op.name == "list" and all(self._index(v) == "position" for v in op.operands):
            return ("positions", len(op.operands))
        if isinstance(kind, Slice) and op is not None and op.fn is slice:
            return ("slice", *map(self._number, op.operands))
        return index

    def _number(self, value: Value) -> Key:
        """An equal number has an equal key."""
        op = self.made.get(value)
        if isinstance(value.kind, Static):
            return value.kind
        if op is not None and op.fn in COUNTING and not op.keywords and ndim_of(value.kind) == 0:
            return (op.fn, *map(self._number, op.operands))
        if op is not None and op.fn is len and isinstance(op.operands[0].kind, Array):
            return (len, self.key(op.operands[0]))
        return value


def _is_array(value: Value) -> bool:
    return isinstance(value.kind, (Array, Number))


def asks_shape(op: Op) -> bool:
    """Whether the op reads no more of its operand than its shape."""
    if not op.operands or not isinstance(op.operands[0].kind, Array):
        return False
    if op.name == "getattr":
        return op.attrs["name"] in ("shape", "size")
    return op.name == "call" and len(op.operands) == 1 and op.fn in (np.zeros_like, len)


def otherwise_read(region: Region) -> set[Value]:
    """The values of which the region reads more than their shape."""
    read = set(region.results)
    for op in region.ops:
        if not asks_shape(op):
            read.update(op.operands)
        for inner in op.regions:
            read |= otherwise_read(inner)
    return read
