"""Places: where a value is, as a piece of memory and the views that lead to a part of it."""

from __future__ import annotations

import operator
from collections.abc import Iterable, KeysView
from dataclasses import dataclass
from typing import Any

import numpy as np
from backprose_runtime import stop_gradient

from backprose.ir.kinds import (
    Array,
    Dict,
    FixedList,
    Kind,
    List,
    Maybe,
    Number,
    Record,
    Static,
    Tuple,
)
from backprose.ir.nodes import Value
from backprose.transform.typed import TypedBuilder

CONTAINERS = (Tuple, FixedList, List, Dict, Record)


@dataclass(frozen=True, eq=False)
class Cell:
    """One piece of memory; `name` is for messages, `root` what was in it when it was first met."""

    name: str
    root: Value


@dataclass(frozen=True)
class Step:
    """One view: `fn(x, *args)`, where `fn` is operator.getitem or a function that certainly gives a view."""

    fn: Any
    args: tuple[Value, ...]


@dataclass(frozen=True)
class Ref:
    cell: Cell
    path: tuple[Step, ...] = ()

    @property
    def steps(self) -> tuple[Step, ...]:
        """The path of a store: the memory behind `stop_gradient(x)` is that of x."""
        return tuple(step for step in self.path if step.fn is not stop_gradient)


@dataclass(frozen=True)
class Either:
    """A conditional reference: `sides[0]` where `cond` holds, else `sides[1]`."""

    cond: Value
    sides: tuple[Where, Where]


Where = Ref | Either

OUTSIDE = Cell("what is outside the function", Value("outside"))
ELEMENTS = Cell("what is in a container whose elements are not known", Value("elements"))
UNCHANGING = (OUTSIDE, ELEMENTS)
CONTENTS = Cell("", Value("contents", Static(None)))  # what is in lists: see `elements`


def ordered(*cells: Cell) -> KeysView[Cell]:
    """A set of cells that is gone over in the same order in every process: messages name the first."""
    return dict.fromkeys(cells).keys()


def cells_at(where: Where) -> list[Cell]:
    if isinstance(where, Ref):
        return [where.cell]
    return list(dict.fromkeys(cell for side in where.sides for cell in cells_at(side)))


def leaves_of(where: Any) -> list[Any]:
    """What a conditional reference may be, in order."""
    if isinstance(where, Either):
        return list(dict.fromkeys(leaf for side in where.sides for leaf in leaves_of(side)))
    return [where]


def view_of(where: Where, step: Step) -> Where:
    if isinstance(where, Ref):
        return Ref(where.cell, (*where.path, step))
    return Either(where.cond, tuple(view_of(side, step) for side in where.sides))


def part_of(b: TypedBuilder, value: Value, step: Step) -> Value:
    if isinstance(value.kind, Dict) and step.fn is not operator.getitem:
        return step.fn(b, value)  # `d.items()`, `d.values()`
    return b.call(step.fn, value, *step.args, method="T" if step.fn is np.transpose and not step.args else None)


def reachable(parts: dict[Value, tuple[Value, ...]], values: Iterable[Value]) -> list[Value]:
    """The values and the parts of those that are containers."""
    found = []
    for value in values:
        if holds_memory(value.kind):
            found.append(value)
            found += reachable(parts, parts.get(value, ()))
    return found


def holds_memory(kind: Kind) -> bool:
    """Whether values of the kind are references to something that can be changed."""
    if isinstance(kind, Maybe):
        return holds_memory(kind.item)
    if isinstance(kind, Tuple):
        return any(map(holds_memory, kind.items))
    return isinstance(kind, (Array, Number, List, FixedList, Dict, Record))


def container_like(b: TypedBuilder, kind: Kind, parts: tuple[Value, ...], name: str) -> Value:
    if isinstance(kind, Tuple):
        return b.tuple(parts, name=name)
    if isinstance(kind, (List, FixedList)):
        return b.list(parts, name=name)
    if isinstance(kind, Dict):
        return b.dict(zip(map(b.const, kind.keys), parts), name=name)
    return b.record(kind.cls, kind.fields, parts, name)


def structure_of(kind: Kind) -> object:
    """What two containers have in common if they have the same parts."""
    if isinstance(kind, Dict):
        return Dict, kind.keys
    if isinstance(kind, Record):
        return kind.cls, kind.fields
    return List if isinstance(kind, FixedList) else type(kind)


def in_scope(b: TypedBuilder, value: Value) -> bool:
    """Whether the value was built by this builder: one from another branch may not be in scope."""
    return any(value in op.results for op in b.ops)
