"""Objects of the user's classes during inference: made, replaced, taken apart."""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.ir.kinds import Dict, FixedList, List, Object, Record, Tuple
from backprose.ir.nodes import Value
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]

CONTEXTS = (np.errstate,)


def construct(engine: Inference, b: TypedBuilder, cls: type, args: Args, keywords: Keywords, loc: Any) -> Value:
    """A new object: a dataclass, a namedtuple, an exception, or a context such as np.errstate."""
    if issubclass(cls, BaseException) or cls in CONTEXTS:
        operands = (*args, *keywords.values())
        results = [Value("", Object(cls))]
        return b.op("call", operands, results, fn=cls, keywords=tuple(keywords), method=None).result
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        signature = inspect.signature(cls)
        return b.record(cls, cls._fields, _bind_fields(b, signature, cls, args, keywords, loc))
    if dataclasses.is_dataclass(cls):
        generated = cls.__init__.__qualname__.endswith("__create_fn__.<locals>.__init__") or (
            getattr(cls.__init__, "__code__", None) is not None and cls.__init__.__code__.co_filename == "<string>"
        )
        if generated and not hasattr(cls, "__post_init__") and all(f.init for f in dataclasses.fields(cls)):
            fields = tuple(f.name for f in dataclasses.fields(cls))
            signature = inspect.signature(cls)  # keyword-only fields come last in it
            given = dict(zip(signature.parameters, _bind_fields(b, signature, cls, args, keywords, loc)))
            if set(given) == set(fields):  # an InitVar is a parameter and no field
                return b.record(cls, fields, [given[name] for name in fields])
    raise errors.UnsupportedCall(
        f"an object of the class `{cls.__qualname__}` can't be made in a differentiated function", loc,
        "only tuples, lists, dicts, namedtuples and dataclasses without `__post_init__` are followed",
        "make it a dataclass or a namedtuple, or make it outside",
    )  # fmt: skip


def _bind_fields(b: TypedBuilder, signature: inspect.Signature, cls: type, args: Any, keywords: Any, loc: Any) -> list[Value]:
    try:
        bound = signature.bind(*args, **keywords)
    except TypeError as error:
        raise errors.CompileError(
            f"the call of `{cls.__qualname__}` does not fit its fields", loc, str(error), f"its fields are {signature}"
        ) from error
    factories = {f.name: f.default_factory for f in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else {}
    values = []
    for name, parameter in signature.parameters.items():
        if name in bound.arguments:
            values.append(bound.arguments[name])
        elif factories.get(name, dataclasses.MISSING) is not dataclasses.MISSING:
            values.append(_empty_container(b, factories[name], cls, loc))
        else:
            values.append(b.data(parameter.default))
    return values


def _empty_container(b: TypedBuilder, factory: Any, cls: type, loc: Any) -> Value:
    makers = {list: lambda: b.list(()), dict: lambda: b.dict(()), tuple: lambda: b.tuple(())}
    if factory in makers:
        return makers[factory]()
    raise errors.UnsupportedCall(
        f"a default of `{cls.__qualname__}` is made by a factory that can't be followed", loc,
        "only list, dict and tuple are", "pass the field explicitly",
    )  # fmt: skip


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


HANDLERS: dict[Any, Callable[..., Value]] = {
    dataclasses.replace: _replace,
    dataclasses.astuple: _taken_apart(dataclasses.astuple),
    dataclasses.asdict: _taken_apart(dataclasses.asdict),
    dataclasses.is_dataclass: lambda engine, b, args, keywords, loc: b.const(
        isinstance(args[0].kind, Record) and dataclasses.is_dataclass(args[0].kind.cls)
    ),
}
