"""Python's builtins during inference: what containers, ranges and questions about types become."""

from __future__ import annotations

import builtins
import dataclasses
import functools
import operator
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.kinds import is_inexact, is_number, ndim_of
from backprose.ir.kinds import (
    Array, Dict, Dim, FixedList, Kind, List, Maybe, Number, Object, Range, Record, Scalar, Static, Tuple,
)  # fmt: skip
from backprose.ir.nodes import Op, Region, Value
from backprose.rules.static import length_is_known, rank_is_known
from backprose.transform.cotangents import fit
from backprose.transform.typed import LITERALS, NotStatic, TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]


def _typed(b: TypedBuilder, fn: Any, args: Args, kind: Kind, keywords: Keywords | None = None) -> Value:
    keywords = keywords or {}
    operands = (*args, *keywords.values())
    results = [Value("", kind)]
    return b.op("call", operands, results, fn=fn, keywords=tuple(keywords), method=None).result


# Iteration


def _range(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    value = _typed(b, range, args, Range())
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
        value = _typed(b, reversed, args, kind)
        b.reversals[value] = sequence
        return _single(engine, reversed, value)
    index = b.call(slice, b.const(None), b.const(None), b.const(-1))
    return _single(engine, reversed, b.call(operator.getitem, _iterable(b, sequence), index))


def is_namedtuple(kind: Kind) -> bool:
    return isinstance(kind, Record) and issubclass(kind.cls, tuple)


def _as_sequence(fn: Any) -> Callable[..., Value]:
    def handler(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
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
            return _typed(b, list, args, List(Scalar("int")))
        if isinstance(kind, Array) and kind.axes:
            return collect(engine, b, sequence, loc)
        raise errors.UnresolvedKind(
            f"can't make a {fn.__name__} of {kind}", loc, "its length is not known",
            "use a list, or annotate the parameter",
        )  # fmt: skip

    return handler


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


def _sum(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """The sum of an iterable; of one of known length, a chain of additions."""
    sequence = engine.elements(b, args[0], loc)
    start = args[1] if len(args) > 1 else keywords.get("start", b.const(0))
    if isinstance(sequence.kind, List) and isinstance(sequence.kind.item, (List, FixedList, Tuple, Dict, Record)):
        return _concatenated(engine, b, sequence, start, loc)
    known = isinstance(sequence.kind, (Tuple, FixedList)) or is_namedtuple(sequence.kind) or sequence in b.parts
    if known and not isinstance(sequence.kind, (Range, Dict)) and not _is_compensated(b.items_of(sequence)):
        total = start
        for item in b.items_of(sequence):
            skip_zero = total.kind == Static(0) and is_inexact(item.kind)  # 0 + item is item, bit for bit but for -0.0
            total = item if skip_zero else engine.known(b, operator.add, (total, item), {}, loc)
        return total
    return engine.known(b, builtins.sum, (sequence, start) if start.kind != Static(0) else (sequence,), {}, loc)


def _concatenated(engine: Inference, b: TypedBuilder, sequence: Value, start: Value, loc: Any) -> Value:
    """`sum(lists, [])`: the lists one after the other."""
    if isinstance(sequence.kind.item, (List, FixedList)) and isinstance(start.kind, (List, FixedList)):
        flat = engine.known(b, backprose_runtime.flatten, (sequence,), {}, loc)
        return flat if start.kind == FixedList(()) else engine.known(b, operator.add, (start, flat), {}, loc)
    raise errors.UnsupportedCall(
        f"the sum of {sequence.kind} is not supported", loc, "numbers, arrays and lists are summed", "write a loop"
    )


def _is_compensated(items: Args) -> bool:
    """Whether `sum` may carry a correction along, as it does for Python's floats from Python 3.12 on."""
    return sum(type_of(v.kind) is float for v in items) > 2


def _dict(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    pairs: list[tuple[Value, Value]] = []
    for value in args:
        if isinstance(value.kind, Dict):
            pairs += [(b.const(k), v) for k, v in zip(value.kind.keys, b.items_of(value))]
            continue
        sequence = engine.elements(b, value, loc)
        items = b.items_of(sequence) if sequence in b.parts or isinstance(sequence.kind, (Tuple, FixedList)) else None
        if items is None:
            raise errors.UnresolvedKind(
                "the keys of this dict are not known when compiling", loc,
                f"it is made of {value.kind}", "use constant keys, or a list",
            )  # fmt: skip
        pairs += [tuple(b.items_of(item)) for item in items]
    merged = {k.kind: (k, v) for k, v in pairs}
    merged |= {Static(k): (b.const(k), v) for k, v in keywords.items()}
    return b.dict(merged.values())


# Questions about types

PYTHON_TYPES = {"bool": bool, "int": int, "float": float, "complex": complex, "str": str}


def type_of(kind: Kind) -> type | None:
    """The class of the values of a kind; None if they may be of several."""
    if isinstance(kind, Static):
        return type(kind.value)
    if isinstance(kind, Scalar):
        return PYTHON_TYPES[kind.dtype] if kind.is_python else np.dtype(kind.dtype.rstrip("_")).type
    if isinstance(kind, (Record, Object)):
        return kind.cls
    simple = {Array: np.ndarray, Dim: int, Tuple: tuple, List: list, FixedList: list, Dict: dict, Range: range}
    return simple.get(type(kind))


def _isinstance(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    value, classes = args
    cls = type_of(value.kind)
    try:
        targets = b.static_value(classes)
    except NotStatic:
        targets = None
    if cls is None and targets is not None and isinstance(value.kind, Number) and not _any_number(targets):
        return b.const(False)
    if cls is None or targets is None:
        return _typed(b, isinstance, args, Scalar("bool"))
    return b.const(issubclass(cls, targets))


def _any_number(targets: Any) -> bool:
    """Whether some number or array may be an instance of one of the classes."""
    targets = targets if isinstance(targets, tuple) else (targets,)
    return not all(cls in (tuple, list, dict, str, set) for cls in targets)


def _unbroadcast(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """The sums that are due are known where the kinds are."""
    g, x = args
    return fit(b, g, x.kind, lambda: x)


def _type(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    cls = type_of(args[0].kind)
    return _typed(b, type, args, Object(type)) if cls is None else b.data(cls)


def _hasattr(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    cls = type_of(args[0].kind)
    name = b.static_value(args[1])
    if isinstance(args[0].kind, Static):
        return b.const(hasattr(args[0].kind.value, name))
    if cls is None:
        return _typed(b, hasattr, args, Scalar("bool"))
    return b.const(hasattr(cls, name) or name in getattr(args[0].kind, "fields", ()))


def _getattr(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    if len(args) != 2 or not isinstance(args[1].kind, Static):
        raise errors.UnsupportedCall(
            "`getattr` with a name that is not constant, or with a default, is not supported", loc,
            "which attribute is read must be known when compiling", "write `value.name`",
        )  # fmt: skip
    return engine.attribute(b, args[0], args[1].kind.value, loc)


def _setattr(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """Imported here: what changes containers stands above the builtins that make them."""
    from backprose.transform.containers import set_attribute

    return set_attribute(engine, b, args, loc)


def _callable(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    kind = args[0].kind
    return b.const(callable(kind.value) if isinstance(kind, Static) else args[0] in engine.captures)


def _print(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return _typed(b, print, args, Static(None), keywords)


def _text(fn: Any) -> Callable[..., Value]:
    """Functions that make text of values: inactive, whatever they are given."""

    def handler(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
        if all(isinstance(v.kind, Static) and isinstance(v.kind.value, LITERALS) for v in args) and not keywords:
            return b.call(fn, *args)
        elements = tuple(engine.elements(b, v, loc) for v in args) if fn is str.join else args
        return _typed(b, fn, elements, Scalar("str"), keywords)

    return handler


def _float(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`float(x)` of a number; of text, a constant."""
    if args and not is_number(args[0].kind) and not isinstance(args[0].kind, Maybe):
        if b.is_static(args[0]):
            return b.const(float(b.static_value(args[0])))
        raise errors.UnsupportedCall(
            f"`float` of {args[0].kind} is not supported", loc, "a number that becomes text and back loses its derivative",
            "keep the number, or convert outside the differentiated function",
        )  # fmt: skip
    if args and args[0].kind == Scalar("float"):
        return args[0]
    folded = b.is_static(args[0]) if args else True
    return b.call(float, *args) if folded else _typed(b, float, args, Scalar("float"))


def _refused(why: str, instead: str) -> Callable[..., Value]:
    def handler(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
        raise errors.UnsupportedCall("this call is not supported", loc, why, instead)

    return handler


def _divmod(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`divmod(x, y)` is `(x // y, x % y)`."""
    return b.tuple([engine.known(b, fn, args, {}, loc) for fn in (operator.floordiv, operator.mod)])


def _reduce(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`functools.reduce` over an iterable of known length."""
    callee, sequence, *initial = args
    sequence = engine.elements(b, sequence, loc)
    if not (isinstance(sequence.kind, (Tuple, FixedList)) or sequence in b.parts):
        raise errors.UnresolvedKind(
            "the number of elements that `reduce` combines is not known", loc, f"it goes over {sequence.kind}",
            "write a loop",
        )  # fmt: skip
    items = [*initial, *b.items_of(sequence)]
    total = items[0]
    for item in items[1:]:
        total = engine.apply(b, callee, (total, item), {}, loc)
    return total


def _length_is_known(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(b.is_static(b.call(len, args[0])))


def _rank_is_known(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return b.const(ndim_of(args[0].kind) is not None)


HANDLERS: dict[Any, Callable[..., Value]] = {
    length_is_known: _length_is_known,
    rank_is_known: _rank_is_known,
    range: _range,
    zip: _zip,
    enumerate: _enumerate,
    reversed: _reversed,
    map: _map,
    tuple: _as_sequence(tuple),
    list: _as_sequence(list),
    dict: _dict,
    builtins.sum: _sum,
    backprose_runtime.unbroadcast: _unbroadcast,
    isinstance: _isinstance,
    type: _type,
    hasattr: _hasattr,
    getattr: _getattr,
    callable: _callable,
    print: _print,
    str: _text(str),
    repr: _text(repr),
    format: _text(format),
    str.join: _text(str.join),
    float: _float,
    functools.reduce: _reduce,
    divmod: _divmod,
    setattr: _setattr,
    eval: _refused("what it evaluates is not known when compiling", "write the expression out"),
    exec: _refused("what it executes is not known when compiling", "write the statements out"),
    open: _refused("a file is not part of a differentiable computation", "read it outside"),
    input: _refused("its result is not known when compiling", "pass the value as an argument"),
    globals: _refused("which names it gives is not known when compiling", "use the names"),
    locals: _refused("which names it gives is not known when compiling", "use the names"),
}

# What goes over its arguments, or only asks for their class.
ITERATING = frozenset({
    zip, enumerate, map, tuple, list, dict, builtins.sum, str.join, functools.reduce, isinstance, type, callable,
})  # fmt: skip


# Dataclasses


def _fields(b: TypedBuilder, value: Value, fn: Any, loc: Any) -> dict[str, Value]:
    if not isinstance(value.kind, Record) or not dataclasses.is_dataclass(value.kind.cls):
        raise errors.UnsupportedCall(
            f"`{fn.__name__}` of {value.kind} is not supported", loc, "it takes a dataclass whose class is known",
            "pass a dataclass",
        )  # fmt: skip
    return dict(zip(value.kind.fields, b.items_of(value)))


def _replace(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`dataclasses.replace`: calls the class with the fields, some of them new."""
    fields = _fields(b, args[0], dataclasses.replace, loc)
    return engine.call_object(b, args[0].kind.cls, (), {**fields, **keywords}, loc)


def _taken_apart(fn: Any) -> Callable[..., Value]:
    """`dataclasses.astuple` and `asdict`, which go into the fields too."""

    def convert(b: TypedBuilder, value: Value, loc: Any) -> Value:
        kind = value.kind
        if isinstance(kind, Record) and dataclasses.is_dataclass(kind.cls):
            return handler(None, b, (value,), {}, loc)
        if isinstance(kind, (Record, Tuple, FixedList, Dict)) or (isinstance(kind, List) and value in b.parts):
            items = [convert(b, v, loc) for v in b.items_of(value)]
            if isinstance(kind, Record):
                return b.record(kind.cls, kind.fields, items)
            if isinstance(kind, Dict):
                return b.dict([(b.const(k), v) for k, v in zip(kind.keys, items)])
            return b.tuple(items) if isinstance(kind, Tuple) else b.list(items)
        return value

    def handler(engine: Inference | None, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
        fields = {name: convert(b, v, loc) for name, v in _fields(b, args[0], fn, loc).items()}
        return b.tuple(fields.values()) if fn is dataclasses.astuple else b.dict([(b.const(k), v) for k, v in fields.items()])

    return handler


HANDLERS.update({
    dataclasses.replace: _replace,
    dataclasses.astuple: _taken_apart(dataclasses.astuple),
    dataclasses.asdict: _taken_apart(dataclasses.asdict),
    dataclasses.is_dataclass: lambda engine, b, args, keywords, loc: b.const(
        isinstance(args[0].kind, Record) and dataclasses.is_dataclass(args[0].kind.cls)
    ),
})  # fmt: skip


# Methods of containers


def _dict_get(b: TypedBuilder, target: Value, key: Value, default: Value | None = None) -> Value:
    if isinstance(key.kind, Static) and key.kind.value in target.kind.keys:
        return b.call(operator.getitem, target, key)
    return default if default is not None else b.const(None)


DICT_METHODS: dict[str, Callable[..., Value]] = {
    "get": _dict_get,
    "keys": lambda b, d: b.tuple([b.const(k) for k in d.kind.keys]),
    "values": lambda b, d: b.tuple(b.items_of(d)),
    "items": lambda b, d: b.tuple([b.tuple((b.const(k), v)) for k, v in zip(d.kind.keys, b.items_of(d))]),
    "copy": lambda b, d: b.dict(zip(map(b.const, d.kind.keys), b.items_of(d))),
}

PLAIN_METHODS = {
    list: {"copy", "index", "count"}, tuple: {"index", "count"}, str: set(dir(str)), range: {"index", "count"},
}  # fmt: skip


def plain_method(
    b: TypedBuilder, target: Value, kind: Kind, name: str, args: Args, keywords: Keywords, loc: Any
) -> Value:
    """A method of a list, tuple, string or range that changes nothing."""
    cls = type_of(kind)
    if cls not in PLAIN_METHODS or name not in PLAIN_METHODS[cls] or keywords:
        raise errors.UnsupportedCall(
            f"the method `{name}` of {kind} is not supported", loc, "it is in no table of known methods",
            "compute it outside the differentiated function",
        )  # fmt: skip
    if name == "copy":
        return target
    if all(b.is_static(v) for v in (target, *args)):
        folded = getattr(b.static_value(target), name)(*(b.static_value(v) for v in args))
        return b.list([b.data(v) for v in folded]) if isinstance(folded, list) else b.data(folded)
    result = Scalar("int") if name in ("index", "count", "find") else Scalar("str")
    return _typed(b, getattr(cls, name), (target, *args), result)

