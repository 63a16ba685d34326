"""Objects of the user's classes during inference: made, replaced, taken apart."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any


from backprose import errors
from backprose.ir.kinds import Array, Dict, Dim, FixedList, List, Object, Record, Scalar, Static, Tuple
from backprose.ir.nodes import Value
from backprose.ir.records import is_generated, is_plain, started_by_class
from backprose.transform import fields, followed, stores
from backprose.transform.places import UNCHANGING, container_like
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]

def construct(engine: Inference, b: TypedBuilder, cls: type, args: Args, keywords: Keywords, loc: Any) -> Value:
    """A new object of a user's class, or an exception."""
    if issubclass(cls, BaseException):
        operands = (*args, *keywords.values())
        results = [Value("", Object(cls))]
        return b.op("call", operands, results, fn=cls, keywords=tuple(keywords), method=None).result
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        signature = inspect.signature(cls)
        return b.record(cls, cls._fields, _bind_fields(engine, b, signature, cls, args, keywords, loc))
    if cls is not types.SimpleNamespace:
        _check_followed(cls, loc)
    value = b.record(cls, (), (), engine.naming)
    engine.naming = ""
    engine.made.add(engine.memory.ref(value).cell)
    start = {name: engine.attribute(b, value, name, loc) for name in started_by_class(cls)}
    if start:
        fields.store(engine, b, value, start, loc)
        value = engine.memory.current(b, value, loc)
    if cls is types.SimpleNamespace and not args:
        fields.store(engine, b, value, keywords, loc)
    elif is_generated(cls.__init__):
        _fill(engine, b, value, cls, args, keywords, loc)
    elif isinstance(cls.__init__, types.FunctionType):
        engine.call_function(b, cls.__init__, (value, *args), keywords, loc)
    elif args or keywords:
        raise _refused(cls, loc, "it takes no arguments")
    return engine.memory.current(b, value, loc)


def _check_followed(cls: type, loc: Any) -> None:
    """Whether making an object of the class is calling its `__init__`, and nothing else happens besides."""
    if type(cls).__call__ is not type.__call__:
        raise _refused(cls, loc, f"its metaclass `{type(cls).__qualname__}` says how objects are made")
    if cls.__new__ is not object.__new__ or cls.__module__.partition(".")[0] in ("numpy", "scipy"):
        raise _refused(cls, loc, "it is no plain Python class: it defines `__new__`, or its base does")
    if cls.__getattribute__ is not object.__getattribute__:
        raise _refused(cls, loc, "it defines `__getattribute__`")
    if getattr(cls, "__abstractmethods__", None):
        raise _refused(cls, loc, "it is abstract")


def _refused(cls: type, loc: Any, why: str) -> errors.CompileError:
    return errors.UnsupportedCall(
        f"an object of the class `{cls.__qualname__}` can't be made in a differentiated function", loc, why,
        "use a plain class, a dataclass or a namedtuple, or make it outside",
    )  # fmt: skip


def _fill(engine: Inference, b: TypedBuilder, value: Value, cls: type, args: Args, keywords: Keywords, loc: Any) -> None:
    """The `__init__` that `dataclass` writes: it stores the fields, and calls `__post_init__` with what is no field."""
    signature = inspect.signature(cls)  # keyword-only fields come last in it
    given = dict(zip(signature.parameters, _bind_fields(engine, b, signature, cls, args, keywords, loc)))
    items = {}
    for f in dataclasses.fields(cls):
        if f.init:
            items[f.name] = given.pop(f.name)
        elif f.default_factory is not dataclasses.MISSING:
            items[f.name] = engine.call_object(b, f.default_factory, (), {}, loc)
    fields.store(engine, b, value, items, loc)
    post_init = getattr(cls, "__post_init__", None)
    if isinstance(post_init, types.FunctionType):
        target = engine.memory.current(b, value, loc)
        engine.call_function(b, post_init, (target, *given.values()), {}, loc)  # an InitVar is passed on


def _bind_fields(
    engine: Inference, b: TypedBuilder, signature: inspect.Signature, cls: type, args: Args, keywords: Keywords, loc: Any
) -> list[Value]:
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
            values.append(engine.call_object(b, factories[name], (), {}, loc))
        else:
            values.append(b.data(parameter.default))
    return values


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


def _copied(deep: bool) -> Callable[..., Value]:
    """`copy.copy`, and `copy.deepcopy`, which keeps what is shared inside shared."""

    def handler(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
        if len(args) != 1 or keywords:
            raise errors.UnsupportedCall("a copy with a memo is not supported", loc, "", "copy without")
        return _copy(engine, b, args[0], deep, {}, loc)

    return handler


def _copy(engine: Inference, b: TypedBuilder, value: Value, deep: bool, done: dict[Any, Value], loc: Any) -> Value:
    kind = value.kind
    if isinstance(kind, Static) and is_plain(kind.value):
        return _copy_passed(engine, b, value, deep, done, loc)
    if isinstance(kind, (Static, Scalar, Dim)):
        return value
    place = engine.memory.ref(value)
    if place in done:
        return done[place]
    if not engine.memory.doubtful.get(value, {}).keys() <= set(UNCHANGING):
        raise _not_copied(kind, loc, "whether it is the same object as another is not known")
    if isinstance(kind, Array) or (deep and isinstance(kind, List) and value not in b.parts):
        copied = stores.copy(engine.memory, b, value)
    elif isinstance(kind, (Record, Tuple, FixedList, Dict)) or (isinstance(kind, List) and value in b.parts):
        if isinstance(kind, Record):
            _check_copied(kind, kind.cls, loc)
        items = b.items_of(value)
        if deep:
            items = tuple(_copy(engine, b, v, deep, done, loc) for v in items)
        elif isinstance(kind, Tuple):
            return value
        copied = container_like(b, kind, items, "")
        if isinstance(kind, Record):
            engine.made.add(engine.memory.ref(copied).cell)
    else:
        raise _not_copied(kind, loc, "its structure is not known when compiling")
    done[place] = copied
    return copied


def _copy_passed(engine: Inference, b: TypedBuilder, value: Value, deep: bool, done: dict[Any, Value], loc: Any) -> Value:
    """A copy of an object that lives outside: of the attributes that it has now."""
    obj = value.kind.value
    _check_copied(value.kind, type(obj), loc)
    if id(obj) in done:
        return done[id(obj)]
    copied = done[id(obj)] = b.record(type(obj), (), ())
    for name in followed.own_attributes(engine, b, obj):
        item = engine.attribute(b, value, name, loc)
        item = _copy(engine, b, item, deep, done, loc) if deep else item
        fields.store(engine, b, engine.memory.current(b, copied, loc), {name: item}, loc)
    return engine.memory.current(b, copied, loc)


def _check_copied(kind: Any, cls: type, loc: Any) -> None:
    if not issubclass(cls, tuple) and COPYING & _defined(cls):
        raise _not_copied(kind, loc, "its class says how it is copied")


COPYING = {"__copy__", "__deepcopy__", "__reduce__", "__reduce_ex__", "__getstate__", "__setstate__"}


def _defined(cls: type) -> set[str]:
    """What the user's classes define themselves. The methods by which `dataclass` copies slots do nothing else."""
    return {name for c in cls.__mro__ if c is not object for name, member in vars(c).items()
            if getattr(member, "__module__", "") != "dataclasses"}  # fmt: skip


def _not_copied(kind: Any, loc: Any, why: str) -> errors.UnsupportedCall:
    return errors.UnsupportedCall(f"a copy of {kind} is not supported", loc, why, "copy its parts")


HANDLERS: dict[Any, Callable[..., Value]] = {
    dataclasses.replace: _replace,
    dataclasses.astuple: _taken_apart(dataclasses.astuple),
    dataclasses.asdict: _taken_apart(dataclasses.asdict),
    dataclasses.is_dataclass: lambda engine, b, args, keywords, loc: b.const(
        isinstance(args[0].kind, Record) and dataclasses.is_dataclass(args[0].kind.cls)
    ),
    copy.copy: _copied(deep=False),
    copy.deepcopy: _copied(deep=True),
    object.__init__: lambda engine, b, args, keywords, loc: b.const(None),
}
