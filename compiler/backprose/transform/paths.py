"""Parts of containers whose structure is known when compiling: their keys, their paths, and how they are put together.

A path is the tuple of keys that leads from a value to a part of it: indices of tuples and lists, keys of dicts, names of
fields. Cotangents and tangents belong to the leaves that carry a derivative, under their paths.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

from backprose.analysis.activity import carries_derivative
from backprose.ir.kinds import Dict, FixedList, Kind, Record, Tuple
from backprose.ir.nodes import Value
from backprose.transform.typed import TypedBuilder

Path = tuple[Any, ...]
CONTAINERS = (Tuple, FixedList, Dict, Record)  # those that are seen through


def keys_of(kind: Kind) -> tuple:
    """The keys of the parts of a container."""
    if isinstance(kind, Dict):
        return kind.keys
    return kind.fields if isinstance(kind, Record) else tuple(range(len(kind.items)))


def kind_at(kind: Kind, path: Path) -> Kind:
    for key in path:
        kind = kind.items[keys_of(kind).index(key)]
    return kind


def leaves(kind: Kind, path: Path = ()) -> list[tuple[Path, Kind]]:
    """The paths and kinds of the parts that carry derivatives and whose place is known when compiling."""
    if isinstance(kind, CONTAINERS):
        return [leaf for key, item in zip(keys_of(kind), kind.items) for leaf in leaves(item, (*path, key))]
    return [(path, kind)] if carries_derivative(kind) else []


def part(b: TypedBuilder, value: Value, path: Path) -> Value:
    """The leaf of the primal `value` at `path`."""
    for key in path:
        if isinstance(value.kind, Record):
            i = value.kind.fields.index(key)
            value = b.parts[value][i] if value in b.parts else b.getattr(value, key, value.kind.items[i])
        else:
            value = b.call(operator.getitem, value, b.const(key))
    return value


def children(b: TypedBuilder, kind: Kind, value: Value) -> Iterator[tuple[Any, Value]]:
    """The parts of a cotangent or tangent of what is of the container kind, by the keys of that."""
    items = b.items_of(value)
    if items is None:  # a list of them for a container of known length
        items = tuple(b.call(operator.getitem, value, b.const(i)) for i in range(len(kind.items)))
    yield from zip(keys_of(kind), items)


def gathered(b: TypedBuilder, kind: Kind, item: Callable[[Any], Value]) -> Value:
    """A value of the structure of a container kind, with `item(key)` for each of its keys."""
    items = [item(key) for key in keys_of(kind)]
    if isinstance(kind, Tuple):
        return b.tuple(items)
    if isinstance(kind, FixedList):
        return b.list(items, FixedList(tuple(v.kind for v in items)))
    if isinstance(kind, Dict):
        return b.dict([(b.const(key), value) for key, value in zip(kind.keys, items)])
    return b.record(kind.cls, kind.fields, items)
