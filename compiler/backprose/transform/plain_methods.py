"""Methods of dicts, lists, tuples, strings and ranges that change nothing."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from backprose import errors
from backprose.ir.kinds import Kind, Scalar, Static
from backprose.ir.nodes import Value
from backprose.transform.type_questions import type_of
from backprose.transform.typed import TypedBuilder, typed_call

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]


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
    return typed_call(b, getattr(cls, name), (target, *args), result)
