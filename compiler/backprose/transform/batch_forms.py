"""Which parts of a value are stacks of directions, and containers put together of parts."""

from __future__ import annotations

from typing import Any

from backprose.analysis.activity import carries_derivative
from backprose.ir.kinds import Dict, Kind, List, Record, Tuple
from backprose.ir.nodes import Value
from backprose.transform.paths import CONTAINERS
from backprose.transform.typed import TypedBuilder

Form = Any  # whether a number is stacked; of a container a tuple of forms, of a list that of its items


def stacked(form: Form) -> bool:
    """Whether anything is stacked."""
    return any(map(stacked, form)) if isinstance(form, tuple) else form


def form_of(kind: Kind) -> Form:
    """The form in which everything is stacked that carries a derivative."""
    if isinstance(kind, CONTAINERS):
        return tuple(map(form_of, kind.items))
    return form_of(kind.item) if isinstance(kind, List) else carries_derivative(kind)


def joined(first: Form, *others: Form) -> Form:
    """The form in which all is stacked that is so in any of these."""
    for other in others:
        if isinstance(first, tuple) or isinstance(other, tuple):
            n = len(first) if isinstance(first, tuple) else len(other)
            left, right = (f if isinstance(f, tuple) else (f,) * n for f in (first, other))
            first = tuple(map(joined, left, right))
        else:
            first = first or other
    return first


def container(b: TypedBuilder, kind: Kind, items: list[Value], name: str = "") -> Value:
    if isinstance(kind, Dict):
        return b.dict([(b.const(key), item) for key, item in zip(kind.keys, items)], name=name)
    if isinstance(kind, Record):
        return b.record(kind.cls, kind.fields, items, name)
    if isinstance(kind, Tuple):
        return b.tuple(items, name=name)
    return b.list(items, type(kind)(tuple(v.kind for v in items)), name)
