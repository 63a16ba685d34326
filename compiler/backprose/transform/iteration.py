"""Iterating builtins during inference: ranges, iterators, and the lists that loops collect."""

from __future__ import annotations

import operator
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.ir.kinds import Array, Dict, FixedList, List, Object, Range, Record, Scalar, Static, Tuple
from backprose.ir.nodes import Op, Region, Value
from backprose.transform.type_questions import is_namedtuple
from backprose.transform.typed import TypedBuilder, typed_call

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]


def _range(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    value = typed_call(b, range, args, Range())
    b.parts[value] = args
    return value


def _zip(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    if keywords:
        raise errors.UnsupportedCall(
            "`zip` with `strict` is not supported", loc, "the lengths are compared only when it runs",
            "leave it out, and `assert len(a) == len(b)`",
        )  # fmt: skip
    return _lockstep(engine, b, zip, args)


def _enumerate(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    sequence = args[0]
    start = args[1] if len(args) > 1 else keywords.get("start", b.const(0))
    counted = sequence
    while counted in engine.iterators or counted in engine.single:
        counted = engine.iterators[counted][0] if counted in engine.iterators else engine.single[counted]
    length = b.call(len, counted)
    stop = length if start.kind == Static(0) else b.call(operator.add, start, length)
    bounds = (stop,) if start.kind == Static(0) else (start, stop)
    return _lockstep(engine, b, enumerate, (_range(engine, b, bounds, {}, loc), sequence))


def _lockstep(engine: Inference, b: TypedBuilder, fn: Any, args: Args) -> Value:
    value = Value("", Object(fn))
    engine.iterators[value] = tuple(_iterable(b, v) for v in args)
    return engine.iterator(value)


def _single(engine: Inference, fn: Any, sequence: Value) -> Value:
    value = Value("", Object(fn))
    engine.single[value] = sequence
    return engine.iterator(value)


def generator(engine: Inference, elements: Value) -> Value:
    """A generator expression, which gives its elements once."""
    return _single(engine, types.GeneratorType, elements)


def _iterable(b: TypedBuilder, value: Value) -> Value:
    return b.list([b.const(k) for k in value.kind.keys]) if isinstance(value.kind, Dict) else value


def _reversed(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    (sequence,) = args
    kind = sequence.kind
    if isinstance(kind, (Tuple, FixedList)) or is_namedtuple(kind) or (isinstance(kind, List) and sequence in b.parts):
        return _single(engine, reversed, b.list(b.items_of(sequence)[::-1]))
    if isinstance(kind, (List, Range)):
        value = typed_call(b, reversed, args, kind)
        b.reversals[value] = sequence
        return _single(engine, reversed, value)
    index = b.call(slice, b.const(None), b.const(None), b.const(-1))
    return _single(engine, reversed, b.call(operator.getitem, _iterable(b, sequence), index))


def _as_sequence(fn: Any) -> Callable[..., Value]:
    def handler(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
        value = _sequence(engine, b, fn, args, loc)
        if fn is tuple and isinstance(value.kind, List):
            engine.tuples[value] = loc
        return value

    return handler


def _sequence(engine: Inference, b: TypedBuilder, fn: Any, args: Args, loc: Any) -> Value:
    """`list(...)` or `tuple(...)`. A tuple of a length that is not known is a list for the compiler."""
    make = b.tuple if fn is tuple else b.list
    if not args:
        return make(())
    sequence = engine.elements(b, args[0], loc)
    kind = sequence.kind
    if isinstance(kind, Dict):
        return make([b.const(k) for k in kind.keys])
    if is_namedtuple(kind) or isinstance(kind, (Tuple, FixedList)) or (isinstance(kind, List) and sequence in b.parts):
        return make(b.items_of(sequence))
    if isinstance(kind, List) and fn is list:
        if sequence not in b.reversals:
            return copy_of_list(engine, b, sequence)
        backwards = b.call(slice, b.const(None), b.const(None), b.const(-1))
        return b.call(operator.getitem, b.reversals[sequence], backwards)
    if isinstance(kind, Range):
        return typed_call(b, list, args, List(Scalar("int")))
    if isinstance(kind, Array) and kind.axes:
        return collect(engine, b, sequence, loc)
    raise errors.UnresolvedKind(
        f"can't make a {fn.__name__} of {kind}", loc, "its length is not known",
        "use a list, or annotate the parameter",
    )  # fmt: skip


def copy_of_list(engine: Inference, b: TypedBuilder, sequence: Value) -> Value:
    """Another list of the same elements, which can be told from this one only if one of them is changed."""
    items = b.parts.get(sequence) if isinstance(sequence.kind, List) else b.items_of(sequence)
    if items is not None:
        return b.list(items)
    if not engine.memory.active:
        return sequence
    none = b.const(None)
    return b.call(operator.getitem, sequence, b.call(slice, none, none))


def collect(engine: Inference, b: TypedBuilder, sequence: Value, loc: Any) -> Value:
    """A list of an iterable's elements, by a loop that collects them."""
    item = Value("")
    loop = Op("for", (sequence,), (Value(""),), {"iterables": 1, "collected": 1, "stops": False},
              (Region((item,), (), (item,)),), loc)  # fmt: skip
    env = {sequence: sequence}
    engine.region(b, Region((), (loop,), loop.results), env, None)
    return env[loop.result]


def column(engine: Inference, b: TypedBuilder, pairs: Value, i: int, loc: Any) -> Value:
    """`[pair[i] for pair in pairs]`."""
    pair, index, item = Value(""), Value(""), Value("")
    ops = (
        Op("const", (), (index,), {"value": i}, (), loc),
        Op("call", (pair, index), (item,), {"fn": operator.getitem, "keywords": (), "method": None}, (), loc),
    )
    attrs = {"iterables": 1, "collected": 1, "stops": False}
    loop = Op("for", (pairs,), (Value(""),), attrs, (Region((pair,), ops, (item,)),), loc)
    env = {pairs: pairs}
    engine.region(b, Region((), (loop,), loop.results), env, None)
    return env[loop.result]


def columns(engine: Inference, b: TypedBuilder, op: Op, values: list[Value], loc: Any) -> Value | None:
    """`zip(*pairs)` of a list of tuples: a tuple of lists, one for each place in the tuples."""
    if values[0].kind != Static(zip) or len(values) != 2 or tuple(op.attrs["spread"]) != ("*",):
        return None
    pairs = values[1]
    if not isinstance(pairs.kind, List) or not isinstance(pairs.kind.item, (Tuple, Record)) or pairs in b.parts:
        return None
    return b.tuple([column(engine, b, pairs, i, loc) for i in range(len(pairs.kind.item.items))])


def to_list(engine: Inference, b: TypedBuilder, array: Value, kind: Array, loc: Any) -> Value:
    """`array.tolist()`: nested lists of Python numbers, by loops that collect them."""
    number = {"f": float, "c": complex, "b": bool}.get(np.dtype(kind.dtype).kind, int)

    def loop(value: Value, depth: int) -> Op:
        item = Value("")
        if depth == 1:
            attrs = {"fn": number, "keywords": (), "method": None}
            inner = Op("call", (item,), (Value(""),), attrs, (), loc)
        else:
            inner = loop(item, depth - 1)
        attrs = {"iterables": 1, "collected": 1, "stops": False}
        return Op("for", (value,), (Value(""),), attrs, (Region((item,), (inner,), inner.results),), loc)

    op = loop(array, kind.ndim)
    env = {array: array}
    engine.region(b, Region((), (op,), op.results), env, None)
    return env[op.result]


def _map(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`map(f, xs)` as the list of `f(x)`."""
    callee, *sequences = args
    items = tuple(Value("") for _ in sequences)
    result = Value("")
    attrs = {"keywords": (), "spread": (), "statement": False}
    call = Op("apply", (callee, *items), (result,), attrs, (), loc)
    loop = Op("for", tuple(sequences), (Value(""),), {"iterables": len(sequences), "collected": 1, "stops": False},
              (Region(items, (call,), (result,)),), loc)  # fmt: skip
    env = {v: v for v in args}
    engine.region(b, Region((), (loop,), loop.results), env, None)
    return _single(engine, map, env[loop.result])


HANDLERS: dict[Any, Callable[..., Value]] = {
    range: _range,
    zip: _zip,
    enumerate: _enumerate,
    reversed: _reversed,
    map: _map,
    tuple: _as_sequence(tuple),
    list: _as_sequence(list),
}
