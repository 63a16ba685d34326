"""Inference of loops: iterables resolved, kinds of carried values to a fixed point, known lengths unrolled."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import backprose_runtime

from backprose import errors
from backprose.analysis.kinds import carries_derivative, join, result_kind, widen
from backprose.ir.kinds import (
    UNBOUND, UNKNOWN, Array, Dict, FixedList, Kind, List, Range, Record, Scalar, Static, Tuple, Unbound, Unknown,
)  # fmt: skip
from backprose.ir.nodes import Op, Value
from backprose.transform.builtin_calls import is_namedtuple
from backprose.transform.typed import TypedBuilder, truth

if TYPE_CHECKING:
    from backprose.transform.infer import Env, Frame, Inference

ROUNDS = 20  # kinds form short chains, so a loop that has not settled by then never will


def infer_for(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    iterables = [env[v] for v in op.iterables]
    flat, shape = _flatten(engine, iterables, op.loc)
    inits = bound_or_not(b, [env[v] for v in op.inits])
    length = _known_length(b, flat)
    if length is not None:
        items = [_elements(b, v)[:length] for v in flat]
        rows = [[_nest(s, [column[k] for column in items]) for s in shape] for k in range(length)]
        values = _unroll(engine, b, op, env, frame, rows, inits)
    else:
        values = _loop(engine, b, op, env, frame, flat, shape, inits)
    env.update(zip(op.results, values))


def infer_while(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    inits = bound_or_not(b, [env[v] for v in op.inits])
    cond, _ = op.regions

    def build(params: list[Value]):
        head = b.nested()
        (test,) = engine.region(head, cond, {**env, **dict(zip(cond.params, params))}, frame)
        inner_params = [Value(p.name, v.kind) for p, v in zip(op.carried, params)]
        inner = b.nested()
        yields = engine.region(inner, op.body, {**env, **dict(zip(op.carried, inner_params))}, frame)
        yields = bound_or_not(inner, yields)
        return (head.region(params, [test]), inner.region(inner_params, yields)), yields

    names = [p.name for p in cond.params]
    regions, kinds, collected = _fixed_point(engine, b, op, names, inits, build)
    results = [Value(r.name, k) for r, k in zip(op.results, [*kinds, *collected])]
    b.op("while", inits, results, regions, collected=op.attrs["collected"], stops=op.attrs["stops"])
    env.update(zip(op.results, results))


def bound_or_not(b: TypedBuilder, values: list[Value]) -> list[Value]:
    """The values to be carried, an `unbound` of its own for each that no path binds: no other variable has to hold it."""
    return [
        b.op("unbound", (), [Value(v.name, UNBOUND)]).result if isinstance(v.kind, Unbound) else v for v in values
    ]


def _loop(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, flat: list[Value], shape: list, inits: list[Value]
) -> list[Value]:
    """A loop that stays a loop."""
    flat = [_as_list(b, v) for v in flat]
    names_of_items = _item_names(op, shape)
    outer_items = [Value(names_of_items.get(i, ""), _item_kind(v, op.loc)) for i, v in enumerate(flat)]

    def build(params: list[Value]):
        inner = b.nested()
        items = [Value(v.name, v.kind) for v in outer_items]
        bound = {p: _bundle(inner, s, items) for p, s in zip(op.items, shape)}
        yields = engine.region(inner, op.body, {**env, **bound, **dict(zip(op.carried, params))}, frame)
        yields = bound_or_not(inner, yields)
        return (inner.region([*items, *params], yields),), yields

    names = [p.name for p in op.carried]
    regions, kinds, collected = _fixed_point(engine, b, op, names, inits, build)
    results = [Value(r.name, k) for r, k in zip(op.results, [*kinds, *collected])]
    attrs = {"iterables": len(flat), "collected": op.attrs["collected"], "stops": op.attrs["stops"]}
    b.op("for", [*flat, *inits], results, regions, **attrs)
    return results


def _fixed_point(
    engine: Inference, b: TypedBuilder, op: Op, names: list[str], inits: list[Value], build: Any
):  # fmt: skip
    """Build the body for the carried kinds until what it yields is what it takes."""
    loc = b.loc
    kinds = [widen(v.kind) for v in inits]
    for _ in range(ROUNDS):
        b.loc = loc
        engine.depth += 1
        regions, yields = build([Value(n, k) for n, k in zip(names, kinds)])
        engine.depth -= 1
        start = 1 if op.attrs["stops"] else 0
        joined = [join(k, widen(v.kind)) for k, v in zip(kinds, yields[start : start + len(kinds)])]
        for name, before, after in zip(names, kinds, joined):
            if isinstance(after, Unknown) and not isinstance(before, Unknown):
                raise errors.UnresolvedKind(
                    f"`{name or 'a value'}` changes its kind in the loop", op.loc,
                    f"it is {before} before an iteration and something else after it",
                    "use one kind for it throughout the loop",
                )  # fmt: skip
        if joined == kinds:
            b.loc = loc
            return regions, kinds, [List(widen(v.kind)) for v in yields[start + len(kinds) :]]
        kinds = joined
    raise errors.UnresolvedKind(
        "the kinds of the variables in this loop do not settle", op.loc,
        "each iteration gives them another kind", "keep the structure of what the loop carries the same",
    )  # fmt: skip


# Iterables: `zip`, `enumerate` and their kin are taken apart into what they go over


def _flatten(engine: Inference, iterables: list[Value], loc: Any) -> tuple[list[Value], list[Any]]:
    """The plain iterables, and for each item of the loop a nest of indices into them."""
    flat: list[Value] = []

    def shape_of(value: Value) -> Any:
        engine.spend(value, loc)
        if value in engine.single:
            return shape_of(engine.single[value])
        if value in engine.iterators:
            return tuple(shape_of(v) for v in engine.iterators[value])
        flat.append(value)
        return len(flat) - 1

    return flat, [shape_of(v) for v in iterables]


def _nest(shape: Any, items: list[Value]) -> Any:
    return tuple(_nest(s, items) for s in shape) if isinstance(shape, tuple) else items[shape]


def _bundle(b: TypedBuilder, shape: Any, items: list[Value]) -> Value:
    """The loop's item as the user sees it: a tuple where several iterables go in lockstep."""
    if isinstance(shape, tuple):
        return b.tuple([_bundle(b, s, items) for s in shape])
    return items[shape]


def _bundle_nest(b: TypedBuilder, nest: Any) -> Value:
    return b.tuple([_bundle_nest(b, n) for n in nest]) if isinstance(nest, tuple) else nest


def _as_list(b: TypedBuilder, iterable: Value) -> Value:
    """A tuple of numbers as a list, whose elements the reverse sweep can go over as well."""
    kind = iterable.kind
    if not isinstance(kind, (FixedList, Tuple)) and not is_namedtuple(kind):
        return iterable
    if not any(map(carries_derivative, kind.items)):
        return iterable
    return b.list(b.items_of(iterable), List(_item_kind(iterable, b.loc)), iterable.name)


def _item_names(op: Op, shape: list) -> dict[int, str]:
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


def _item_kind(iterable: Value, loc: Any) -> Kind:
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


def _known_length(b: TypedBuilder, flat: list[Value]) -> int | None:
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


def _elements(b: TypedBuilder, value: Value) -> list[Value]:
    if isinstance(value.kind, Range):
        return [b.const(i) for i in range(*(v.kind.value for v in b.parts[value]))]
    if isinstance(value.kind, Dict):
        return [b.const(key) for key in value.kind.keys]
    if isinstance(value.kind, Static):
        return [b.const(c) for c in value.kind.value]
    return list(b.items_of(value))


# Unrolling


def _unroll(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, rows: list, carried: list[Value]
) -> list[Value]:
    """The iterations one after the other; where one may stop the loop, the rest is nested in an `if`."""
    collected: list[list[Value]] = [[] for _ in range(op.attrs["collected"])]
    for k, row in enumerate(rows):
        bound = {p: _bundle_nest(b, nest) for p, nest in zip(op.items, row)}
        yields = engine.region(b, op.body, {**env, **bound, **dict(zip(op.carried, carried))}, frame)
        start = 1 if op.attrs["stops"] else 0
        carried = yields[start : start + len(carried)]
        for values, value in zip(collected, yields[start + len(carried) :]):
            values.append(value)
        stop = truth(yields[0].kind) if start else False
        if stop:
            break
        if stop is None:
            carried = _rest(engine, b, op, env, frame, yields[0], rows[k + 1 :], carried)
            break
    return [*carried, *(b.list(values) for values in collected)]


def _rest(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, stop: Value, rows: list, carried: list[Value]
) -> list[Value]:
    if not rows:
        return carried
    if op.attrs["collected"]:
        raise errors.InternalError("a loop that stops early and collects can't be unrolled")
    inner = b.nested()
    values = _unroll(engine, inner, op, env, frame, rows, carried)
    results = [Value(v.name, join(x.kind, v.kind)) for x, v in zip(carried, values)]
    regions = [b.nested().region((), carried), inner.region((), values)]
    return list(b.op("if", (stop,), results, regions).results)
