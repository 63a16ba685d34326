"""Attributes and methods during inference."""

from __future__ import annotations

import inspect
import types
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.analysis.kinds import is_number, kind_of
from backprose.ir.kinds import (
    Dict, FixedList, Kind, List, Maybe, Object, Range, Record, Scalar, Slice, Sparse, Static, Tuple, Unknown,
)  # fmt: skip
from backprose.ir.nodes import Value
from backprose.rules.registry import METHODS, VARIADIC_METHODS, is_known
from backprose.transform import (
    containers, followed, inherited, lists, members, outside, plain_methods, refusals, sparse, writing,
)  # fmt: skip
from backprose.transform.places import CONTAINERS
from backprose.transform.typed import LITERALS, TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference


@dataclass(frozen=True, slots=True)
class Method(Kind):
    """A method bound to a value; the engine knows which value."""

    name: str

    def __str__(self) -> str:
        return f"method({self.name})"


MUTATING = {
    "array": {"sort", "fill", "put", "partition", "resize", "setflags", "itemset", "byteswap", "setfield"},
    "list": {"append", "extend", "pop", "insert", "remove", "clear", "sort", "reverse"},
    "dict": {"update", "pop", "setdefault", "clear", "popitem"},
}

LIBRARIES = frozenset({"numpy", "math", "scipy", "operator"})  # what their modules hold stays
NEW_ARRAY = "make a new array: np.resize, np.reshape, astype"
OTHER_LAYOUT = {
    "resize": "it changes its shape under every name that it has, and what is new in it is 0",
    "setflags": "what may be written to is settled when the function is compiled",
    "byteswap": "it changes how its numbers are stored", "setfield": "it stores bytes, not numbers",
    "itemset": "NumPy has no such method any more",
}  # fmt: skip


def get(engine: Inference, b: TypedBuilder, target: Value, name: str, loc: Any) -> Value:
    """`target.name`."""
    if target in engine.supers:
        return inherited.attribute(engine, b, target, name, loc)
    kind = target.kind.item if isinstance(target.kind, Maybe) else target.kind
    if isinstance(kind, Static) and not is_number(kind) and not isinstance(kind.value, (str, bytes)):
        return _of_object(engine, b, target, kind.value, name, loc)
    if isinstance(kind, Record):
        return _of_record(engine, b, target, kind, name, loc)
    if is_number(kind):
        return _of_number(engine, b, target, kind, name, loc)
    if isinstance(kind, Slice) and name in ("start", "stop", "step"):
        bounds = b.bounds.get(target, ())
        position = {1: ("stop",)}.get(len(bounds), ("start", "stop", "step"))
        if name in position[: len(bounds)]:
            return bounds[position.index(name)]
        return b.getattr(target, name, getattr(kind, name))
    if isinstance(kind, Sparse):
        value = sparse.attribute(engine, b, target, name, loc)
        return _method(engine, b, target, name) if value is None else value
    if isinstance(kind, Range) and name in ("start", "stop", "step"):
        return b.getattr(target, name, Scalar("int"))
    if isinstance(kind, (List, FixedList, Tuple, Dict, Static, Scalar, Object)):
        return _method(engine, b, target, name)
    if isinstance(kind, Unknown):
        raise errors.UnresolvedKind(
            f"the attribute `{name}` is read of an object that is not known well enough", loc,
            "on another path it has other attributes, or is of another class",
            "give it the same attributes on every path, best in `__init__`",
        )  # fmt: skip
    raise _unknown(f"the attribute `{name}` of {kind}", loc)


def _method(engine: Inference, b: TypedBuilder, target: Value, name: str) -> Value:
    value = b.getattr(target, name, Method(name))
    engine.methods[value] = target
    return value


def _of_number(engine: Inference, b: TypedBuilder, target: Value, kind: Kind, name: str, loc: Any) -> Value:
    members.refuse(name, loc)
    value = members.get(b, target, name)
    if value is not None:
        return value
    if name in METHODS or name in MUTATING["array"] or name in members.OWN_METHODS:
        return _method(engine, b, target, name)
    raise _unknown(f"the attribute `{name}` of an array or number", loc)


def _of_record(engine: Inference, b: TypedBuilder, target: Value, kind: Record, name: str, loc: Any) -> Value:
    if name in kind.fields:
        i = kind.fields.index(name)
        if target in b.parts:
            return b.parts[target][i]
        if isinstance(kind.items[i], Static) and isinstance(kind.items[i].value, LITERALS):
            return b.const(kind.items[i].value)
        return b.getattr(target, name, kind.items[i])
    if name == "__class__":
        return b.data(kind.cls)
    member = inspect.getattr_static(kind.cls, name, None)
    if isinstance(member, property):
        return engine.call_function(b, member.fget, (target,), {}, loc)
    if inspect.isdatadescriptor(member) and not isinstance(member, types.MemberDescriptorType):
        raise _unknown(f"the attribute `{name}` of `{kind.cls.__qualname__}`", loc)
    if isinstance(member, (types.FunctionType, classmethod, staticmethod)) or name in ("_replace", "_asdict") or has_rule(member):
        return _method(engine, b, target, name)
    if member is not None and not hasattr(member, "__get__"):
        return outside.live(engine, b, lambda: getattr(kind.cls, name), name, (id(kind.cls), name), kind.cls)
    fallback = inspect.getattr_static(kind.cls, "__getattr__", None)
    if isinstance(fallback, types.FunctionType):
        return engine.call_function(b, fallback, (target, b.const(name)), {}, loc)
    raise errors.CompileError(
        f"an object of the class `{kind.cls.__qualname__}` has no attribute `{name}` here", loc,
        "reading it would raise AttributeError, unless it is set outside the function or on one path only",
        "assign it in `__init__`, or make it a field of a dataclass",
    )  # fmt: skip


def _of_object(engine: Inference, b: TypedBuilder, target: Value, obj: Any, name: str, loc: Any) -> Value:
    """An attribute of a module, a class or another object that is known now, read live where it is data."""
    if type(obj) is types.ModuleType and obj.__name__.partition(".")[0] in LIBRARIES and name in vars(obj):
        return b.data(vars(obj)[name])
    if isinstance(obj, (np.finfo, np.iinfo)):
        return b.getattr(target, name, kind_of(getattr(obj, name)))
    member = inspect.getattr_static(type(obj), name, None)
    if isinstance(member, property):
        return engine.call_function(b, member.fget, (target,), {}, loc)
    found = followed.read(engine, b, obj, name, loc)
    if found is not None:
        return found
    if not hasattr(obj, name):
        raise errors.CompileError(
            f"`{_describe(obj)}` has no attribute `{name}`", loc, "reading it would raise AttributeError",
            "define it before the function is compiled",
        )  # fmt: skip
    current = getattr(obj, name)
    if isinstance(current, types.MethodType) and current.__self__ is obj:
        value = b.getattr(target, name, Method(name))
        engine.methods[value] = target
        return value
    if isinstance(obj, types.ModuleType) and obj.__name__.partition(".")[0] in LIBRARIES:
        return b.data(current)
    if isinstance(obj, np.ufunc):
        return b.data(current)
    return followed.read_live(engine, b, obj, name)


def call_method(
    engine: Inference, b: TypedBuilder, target: Value, name: str, args: tuple[Value, ...],
    keywords: Mapping[str, Value], loc: Any,
) -> Value:  # fmt: skip
    """`target.name(*args, **keywords)`."""
    if target in engine.memory.either and (isinstance(target.kind, Record) or _writes(target.kind, name)):
        act = lambda inner, side: [call_method(engine, inner, side, name, args, keywords, loc)]  # noqa: E731
        return engine.memory.each(b, target, act, [""])[0]
    kind = target.kind.item if isinstance(target.kind, Maybe) else target.kind
    if is_number(kind):
        if engine.memory.active and writing.writes(getattr(np.ndarray, name, None)):
            return writing.call(engine, b, getattr(np.ndarray, name), (target, *args), keywords, loc)
        _refuse_mutation("array", name, loc)
        own = members.OWN_METHODS.get(name)
        value = own(engine, b, target, args, keywords, loc) if own is not None else None
        if value is not None:
            return value
        if name not in METHODS:
            raise _unknown(f"this call of the method `{name}` of an array", loc)
        if name in VARIADIC_METHODS and len(args) != 1:
            args = (b.tuple(args),) if args else ()
        if name == "clip" and len(args) == 1 and not {"a_max", "max"} & set(keywords):
            args = (*args, b.const(None))  # the function has no default for it
        value = engine.known(b, METHODS[name], (target, *args), keywords, loc)
        return _as_method(b, value, name)
    if isinstance(kind, Sparse):
        return sparse.call_method(engine, b, target, name, args, keywords, loc)
    if isinstance(kind, Record):
        return _call_record_method(engine, b, target, kind, name, args, keywords, loc)
    table = lists.METHODS if isinstance(kind, (List, FixedList)) else containers.DICT if isinstance(kind, Dict) else {}
    if name in table and engine.memory.active:
        return table[name](engine, b, target, args, keywords, loc)
    if isinstance(kind, (List, FixedList)):
        _refuse_mutation("list", name, loc)
    if isinstance(kind, Dict):
        _refuse_mutation("dict", name, loc)
        handler = plain_methods.DICT_METHODS.get(name)
        if handler is not None:
            if name == "get":
                refusals.check_key(target, args[0], loc)
            value = handler(b, target, *args)
            if name in ("values", "items"):
                engine.memory.note_view(value, target, handler, ())  # what it gives is read of the dict as it is then
            return value
    if isinstance(kind, Static) and not isinstance(kind.value, LITERALS):
        return _call_object_method(engine, b, target, kind.value, name, args, keywords, loc)
    if isinstance(kind, Object) and is_known(getattr(kind.cls, name, None)):
        return _call_known_method(engine, b, target, getattr(kind.cls, name), args, keywords, loc)
    args = tuple(engine.elements(b, v, loc, False) for v in args)
    return plain_methods.plain_method(b, target, kind, name, args, keywords, loc)


def _call_known_method(
    engine: Inference, b: TypedBuilder, target: Value, fn: Any, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any
) -> Value:
    """A method of a class that the tables know, as those of random generators."""
    if engine.memory.active and writing.shuffles(fn):
        draw = writing.SHUFFLES[fn]
        return writing.shuffle(engine, b, lambda n: b.call(draw, target, n, method=draw.__name__), args, keywords, loc)
    refusals.refuse_writes(fn, loc)
    return b.call_named(fn, (target, *args), keywords, method=fn.__name__)


def _writes(kind: Kind, name: str) -> bool:
    return isinstance(kind, CONTAINERS) and any(name in names for names in MUTATING.values())


def _refuse_mutation(what: str, name: str, loc: Any) -> None:
    if what == "array" and name in OTHER_LAYOUT:
        raise errors.UnsupportedUpdate(
            f"`.{name}()` changes the array itself", loc, OTHER_LAYOUT[name], NEW_ARRAY
        )
    if name in MUTATING[what]:
        raise errors.UnsupportedUpdate(
            f"`.{name}()` changes the {what} in place", loc, "where its entries go has no rule",
            f"make a new {what} instead" + (", for example by a comprehension" if what == "list" else ""),
        )  # fmt: skip


def _as_method(b: TypedBuilder, value: Value, name: str) -> Value:
    """Note that the call was written as a method, so that it is printed as one."""
    if b.ops and value in b.ops[-1].results and b.ops[-1].name == "call" and b.ops[-1].attrs["fn"] is METHODS[name]:
        b.ops[-1] = replace(b.ops[-1], attrs={**b.ops[-1].attrs, "method": name})
    return value


def _call_record_method(
    engine: Inference, b: TypedBuilder, target: Value, kind: Record, name: str, args: Any, keywords: Any, loc: Any
) -> Value:
    member = inspect.getattr_static(kind.cls, name)
    if isinstance(member, staticmethod):
        return engine.call_object(b, member.__func__, args, keywords, loc)
    if isinstance(member, classmethod):
        return engine.call_object(b, member.__func__, (b.data(kind.cls), *args), keywords, loc)
    if name == "_replace":
        items = b.items_of(target)
        return b.record(kind.cls, kind.fields, [keywords.get(f, v) for f, v in zip(kind.fields, items)])
    if name == "_asdict":
        return b.dict([(b.const(f), v) for f, v in zip(kind.fields, b.items_of(target))])
    if isinstance(member, types.FunctionType) or has_rule(member):
        return engine.call_object(b, member, (target, *args), keywords, loc)
    raise _unknown(f"the method `{name}` of `{kind.cls.__qualname__}`", loc)


def _call_object_method(
    engine: Inference, b: TypedBuilder, target: Value, obj: Any, name: str, args: Any, keywords: Any, loc: Any
) -> Value:
    bound = getattr(obj, name)
    if is_known(bound):
        return engine.call_object(b, bound, args, keywords, loc)
    function = getattr(bound, "__func__", None)
    if isinstance(function, types.FunctionType) or has_rule(function):
        return engine.call_object(b, function, (target, *args), keywords, loc)
    descriptor = getattr(type(obj), name, None)
    if descriptor is not None and is_known(descriptor):
        return _call_known_method(engine, b, target, descriptor, args, keywords, loc)
    return engine.call_object(b, bound, args, keywords, loc)


def has_rule(member: Any) -> bool:
    """Whether it is a function that says itself what a call of it means, as one with a rule of its own."""
    return hasattr(member, "__backprose_call__")


def _describe(obj: Any) -> str:
    return getattr(obj, "__name__", None) or type(obj).__qualname__


def _unknown(what: str, loc: Any) -> errors.CompileError:
    return errors.UnsupportedCall(
        f"{what} is not supported", loc, "it is in no table of known attributes and methods",
        "use a NumPy function that has a rule (docs/rules.md), or compute it outside the differentiated function",
    )  # fmt: skip
