"""Python's builtins during inference: one table of what each call becomes."""

from __future__ import annotations

import builtins
import functools
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.kinds import is_inexact, is_number
from backprose.ir.kinds import Dict, FixedList, List, Maybe, Range, Record, Scalar, Static, Tuple
from backprose.ir.nodes import Value
from backprose.transform import fields, followed, iteration, meanings, objects, stopping, type_questions, writing
from backprose.transform.cotangents import fit
from backprose.transform.type_questions import is_namedtuple, type_of
from backprose.transform.typed import LITERALS, TypedBuilder, typed_call

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]


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


def _unbroadcast(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """The sums that are due are known where the kinds are."""
    g, x = args
    return fit(b, g, x.kind, lambda: x)


def _getattr(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    if len(args) != 2 or not isinstance(args[1].kind, Static):
        raise errors.UnsupportedCall(
            "`getattr` with a name that is not constant, or with a default, is not supported", loc,
            "which attribute is read must be known when compiling", "write `value.name`",
        )  # fmt: skip
    return engine.attribute(b, args[0], args[1].kind.value, loc)


def _print(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    followed.check_unchanged(engine, b, args, loc)
    return typed_call(b, print, args, Static(None), keywords)


def _text(fn: Any) -> Callable[..., Value]:
    """Functions that make text of values: inactive, whatever they are given."""

    def handler(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
        if all(isinstance(v.kind, Static) and isinstance(v.kind.value, LITERALS) for v in args) and not keywords:
            return b.call(fn, *args)
        followed.check_unchanged(engine, b, args, loc)
        elements = tuple(engine.elements(b, v, loc) for v in args) if fn is str.join else args
        return typed_call(b, fn, elements, Scalar("str"), keywords)

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
    return b.call(float, *args) if folded else typed_call(b, float, args, Scalar("float"))


def _divmod(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`divmod(x, y)` is `(x // y, x % y)`."""
    return b.tuple([engine.known(b, fn, args, {}, loc) for fn in (operator.floordiv, operator.mod)])


def _sorted(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    return writing.sort(engine, b, engine.elements(b, args[0], loc), keywords, loc)


def _delitem(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`del target[index]`. Imported here, as for `setattr`."""
    from backprose.transform import containers, lists

    target, index = args
    if engine.memory.active and isinstance(target.kind, Dict):
        containers.pop_key(engine, b, target, (index,), {}, loc)
    elif engine.memory.active and isinstance(target.kind, (List, FixedList)):
        lists.delete(engine, b, target, index, loc)
    else:
        raise errors.UnsupportedUpdate(
            f"an element of {target.kind} is deleted", loc, "only those of lists and dicts are followed", "build a new value"
        )
    return b.const(None)


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


HANDLERS: dict[Any, Callable[..., Value]] = {
    **iteration.HANDLERS,
    **type_questions.HANDLERS,
    **objects.HANDLERS,
    **fields.HANDLERS,
    **stopping.HANDLERS,
    dict: _dict,
    builtins.sum: _sum,
    backprose_runtime.unbroadcast: _unbroadcast,
    getattr: _getattr,
    iter: lambda engine, b, args, keywords, loc: iteration.generator(engine, *args),
    print: _print,
    str: _text(str),
    repr: _text(repr),
    format: _text(format),
    str.join: _text(str.join),
    float: _float,
    functools.reduce: _reduce,
    np.vectorize: meanings.vectorize,
    divmod: _divmod,
    sorted: _sorted,
    operator.delitem: _delitem,
}

# What goes over its arguments, or only asks for their class.
ITERATING = frozenset({
    zip, enumerate, map, tuple, list, dict, builtins.sum, str.join, functools.reduce, isinstance, type, callable,
})  # fmt: skip
