"""What a loop goes over: `zip`, `enumerate` and their kin are taken apart into plain iterables."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import backprose_runtime

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.examples import result_kind
from backprose.analysis.kinds import join
from backprose.ir.kinds import UNKNOWN, Array, Dict, FixedList, Kind, List, Range, Scalar, Static, Tuple, Unknown
from backprose.ir.nodes import Op, Value
from backprose.transform.type_questions import is_namedtuple
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference


def flatten(engine: Inference, b: TypedBuilder, iterables: list[Value], loc: Any) -> tuple[list[Value], list[Any]]:
    """The plain iterables, and for each item of the loop a nest of indices into them."""
    flat: list[Value] = []

    def shape_of(value: Value) -> Any:
        value = engine.iterable(b, value, loc)
        engine.spend(value, loc)
        if value in engine.single:
            return shape_of(engine.single[value])
        if value in engine.iterators:
            return tuple(shape_of(v) for v in engine.iterators[value])
        flat.append(engine.memory.current(b, value, loc))
        return len(flat) - 1

    return flat, [shape_of(v) for v in iterables]


def nest_of(shape: Any, items: list[Value]) -> Any:
    return tuple(nest_of(s, items) for s in shape) if isinstance(shape, tuple) else items[shape]


def bundle(b: TypedBuilder, shape: Any, items: list[Value]) -> Value:
    """The loop's item as the user sees it: a tuple where several iterables go in lockstep."""
    if isinstance(shape, tuple):
        return b.tuple([bundle(b, s, items) for s in shape])
    return items[shape]


def bundle_nest(b: TypedBuilder, nest: Any) -> Value:
    return b.tuple([bundle_nest(b, n) for n in nest]) if isinstance(nest, tuple) else nest


def as_list(b: TypedBuilder, iterable: Value) -> Value:
    """A tuple of numbers as a list, whose elements the reverse sweep can go over as well."""
    kind = iterable.kind
    if not isinstance(kind, (FixedList, Tuple)) and not is_namedtuple(kind):
        return iterable
    if not any(map(carries_derivative, kind.items)):
        return iterable
    return b.list(b.items_of(iterable), List(item_kind(iterable, b.loc)), iterable.name)


def item_names(op: Op, shape: list) -> dict[int, str]:
    """The user's names of the plain items: those that the body gives to the parts of its targets."""
    parts: dict[Value, list[Op]] = {}
    for inner in op.body.ops:
        if inner.fn in (operator.getitem, backprose_runtime.unpack):
            parts.setdefault(inner.operands[0], []).append(inner)
    constants = {inner.result: inner.attrs["value"] for inner in op.body.ops if inner.name == "const"}
    names: dict[int, str] = {}

    def visit(item: Value, nest: Any) -> None:
        if not isinstance(nest, tuple):
            names.setdefault(nest, item.name)
            return
        for use in parts.get(item, ()):
            if use.fn is backprose_runtime.unpack:
                visit(use.result, nest)
            elif constants.get(use.operands[1]) in range(len(nest)):
                visit(use.result, nest[constants[use.operands[1]]])

    for item, nest in zip(op.items, shape):
        visit(item, nest)
    return names


def item_kind(iterable: Value, loc: Any) -> Kind:
    kind = iterable.kind
    if isinstance(kind, Range):
        return Scalar("int")
    if isinstance(kind, List):
        return kind.item
    if isinstance(kind, Array) and kind.axes:
        return result_kind(operator.getitem, (kind, Static(0)))
    if isinstance(kind, (FixedList, Tuple)) or is_namedtuple(kind):
        item: Kind = kind.items[0] if kind.items else UNKNOWN
        for k in kind.items[1:]:
            item = join(item, k)
        if not isinstance(item, Unknown):
            return item
    raise errors.UnresolvedKind(
        f"can't tell what this loop goes over: {kind}", loc,
        "loops go over ranges, arrays, lists, tuples, dicts, and zip, enumerate and reversed of these",
        "annotate the parameter, call with arguments, or loop over one of these",
    )  # fmt: skip


def known_length(b: TypedBuilder, flat: list[Value]) -> int | None:
    """The number of iterations if an iterable is a container of known length; the others must then have elements."""
    lengths = [len(v.kind.items) for v in flat if isinstance(v.kind, (Tuple, FixedList, Dict)) or is_namedtuple(v.kind)]
    lengths += [len(v.kind.value) for v in flat if isinstance(v.kind, Static) and isinstance(v.kind.value, str)]
    lengths += [len(b.parts[v]) for v in flat if isinstance(v.kind, List) and v in b.parts]
    if not lengths:
        return None
    if any(not _has_elements(b, v) for v in flat):
        return None
    return min([*lengths, *(_static_range(b, v) for v in flat if isinstance(v.kind, Range))])


def _has_elements(b: TypedBuilder, value: Value) -> bool:
    if isinstance(value.kind, Range):
        return _static_range(b, value) is not None
    if isinstance(value.kind, List):
        return value in b.parts
    return isinstance(value.kind, (Tuple, FixedList, Dict, Static)) or is_namedtuple(value.kind)


def _static_range(b: TypedBuilder, value: Value) -> int | None:
    bounds = b.parts.get(value)
    if bounds is None or not all(isinstance(v.kind, Static) for v in bounds):
        return None
    return len(range(*(v.kind.value for v in bounds)))


def elements(b: TypedBuilder, value: Value) -> list[Value]:
    if isinstance(value.kind, Range):
        return [b.const(i) for i in range(*(v.kind.value for v in b.parts[value]))]
    if isinstance(value.kind, Dict):
        return [b.const(key) for key in value.kind.keys]
    if isinstance(value.kind, Static):
        return [b.const(c) for c in value.kind.value]
    return list(b.items_of(value))
