"""Regions of arrays: whether two indices certainly lead to the same entries, or certainly to none in common.

An index is taken apart into one part for each axis: a number, a slice, an array of positions. What is no number yet is
compared by how it is computed, so `x[:d]` and `x[d:]` have nothing in common, whatever d is.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

from backprose.analysis.positions import names_once
from backprose.analysis.shapes import Shapes
from backprose.ir.kinds import Array, Dim, Scalar, Slice, Static
from backprose.ir.nodes import Op, Value


@dataclass(frozen=True)
class At:
    """An entry of an axis: a number, or how it is computed."""

    place: Hashable


@dataclass(frozen=True)
class Span:
    """`start:stop`, or what a slice with a step is made of."""

    start: Hashable = None
    stop: Hashable = None
    step: Hashable = None


@dataclass(frozen=True)
class Positions:
    """The entries that an array names."""

    array: Value


WHOLE = Span()


@dataclass(frozen=True)
class Area:
    """Where an index leads: a part for each axis but for the last ones that are whole. `path` are views on the way.

    `added` are the axes of length 1 that the index adds. `distinct`: it names no entry twice.
    """

    path: tuple[Hashable, ...]
    parts: tuple[At | Span | Positions, ...] | None
    added: tuple[int, ...]
    index: Hashable
    distinct: bool

    @property
    def is_whole(self) -> bool:
        return self.parts == () and not self.path

    def is_same(self, other: Area) -> bool:
        if self.path != other.path or self.added != other.added:
            return False
        return self.index == other.index if self.parts is None else self.parts == other.parts

    def is_apart(self, other: Area) -> bool:
        if self.path != other.path or self.parts is None or other.parts is None:
            return False
        return any(map(_apart, self.parts, other.parts))


def area(index: Value, path: Iterable[Value], made: Mapping[Value, Op]) -> Area:
    """The area to which an index leads, in the view to which the path leads."""
    items = _items(index, made)
    parts = [_part(v, made) for v in items]
    key = index.kind if isinstance(index.kind, Static) else index
    steps = tuple(v.kind if isinstance(v.kind, Static) else v for v in path)
    distinct = names_once(index, made)
    if any(part is NotImplemented for part in parts):
        return Area(steps, None, (), key, distinct)
    if Ellipsis in parts:
        if parts[-1] is not Ellipsis or parts.count(Ellipsis) > 1:
            return Area(steps, None, (), key, distinct)
        parts.pop()
    kept = [part for part in parts if not isinstance(part, At)]
    positions = any(isinstance(part, Positions) for part in parts)
    if positions and None in parts:
        return Area(steps, None, (), key, distinct)
    added = tuple(i for i, part in enumerate(kept) if part is None)
    found = [part for part in parts if part is not None]
    while found and found[-1] == WHOLE:
        found.pop()
    return Area(steps, tuple(found), added, key, distinct)


def _items(index: Value, made: Mapping[Value, Op]) -> tuple[Value, ...]:
    op = made.get(index)
    if op is not None and op.name == "tuple":
        return op.operands
    if isinstance(index.kind, Static) and type(index.kind.value) is tuple:
        return tuple(Value("", Static(v)) for v in index.kind.value)
    return (index,)


def _part(value: Value, made: Mapping[Value, Op]):
    """The part of an axis; None or `...` for themselves, and NotImplemented for what is none."""
    kind = value.kind
    shapes = Shapes(made)
    if isinstance(kind, Static):
        number = kind.value
        if number is None or number is Ellipsis:
            return number
        if type(number) is slice:
            return Span(number.start, number.stop, None if number.step == 1 else number.step)
        return At(number) if type(number) is int else NotImplemented
    if isinstance(kind, Slice):
        op = made.get(value)
        if op is not None and op.fn is slice:
            bounds = [shapes.number(v) for v in op.operands]
            start, stop, step = [None, *bounds, None] if len(bounds) == 1 else [*bounds, None][:3]
        elif all(isinstance(k, Static) for k in (kind.start, kind.stop, kind.step)):
            start, stop, step = kind.start.value, kind.stop.value, kind.step.value
        else:
            return NotImplemented
        return Span(start, stop, None if step == 1 else step)
    if isinstance(kind, Dim) or (isinstance(kind, Scalar) and kind.dtype.startswith(("int", "uint"))):
        return At(shapes.number(value))
    if isinstance(kind, Array) and kind.ndim == 1 and kind.dtype.startswith(("int", "uint")):
        return Positions(value)
    return NotImplemented


def _apart(a: At | Span | Positions, b: At | Span | Positions) -> bool:
    """Whether two parts of one axis have no entry in common, however long the axis is."""
    if isinstance(a, At) and isinstance(b, At):
        return _is_int(a.place) and _is_int(b.place) and a.place != b.place and (a.place < 0) == (b.place < 0)
    if isinstance(a, Positions) or isinstance(b, Positions):
        return False
    return _before(a, b) or _before(b, a)


def _before(a: At | Span, b: At | Span) -> bool:
    """Whether the entries of a all come before those of b. Numbers are compared if they count from the same end."""
    stop = _after(a)
    start = b.place if isinstance(b, At) else b.start if b.step is None else None
    if stop is None or start is None:
        return False
    if isinstance(a, Span) and isinstance(b, Span) and stop == start:
        return True
    return _is_int(stop) and _is_int(start) and stop <= start and (stop < 0) == (start < 0)


def _after(a: At | Span) -> Hashable:
    """The first entry after those of a, if they are in order."""
    if isinstance(a, Span):
        return a.stop if a.step is None else None
    return a.place + 1 if _is_int(a.place) and a.place != -1 else None


def _is_int(place: Hashable) -> bool:
    return type(place) is int
