"""Dicts and objects that are changed, during inference: the container holds a new value from then on."""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import Array, Dict, Kind, Record, Static
from backprose.ir.nodes import Value
from backprose.transform import builtin_calls, stores
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]


def _refused(what: str, loc: Any, why: str, instead: str = "make a new list by a comprehension") -> errors.CompileError:
    return errors.UnsupportedUpdate(f"{what} is not supported", loc, why, instead)


# Dicts: every key is known


def _renewed(engine: Inference, b: TypedBuilder, target: Value, items: dict[Any, Value], loc: Any) -> None:
    stores.put(engine.memory, b, target, b.dict([(b.const(k), v) for k, v in items.items()], name=target.name), loc)


def _items(b: TypedBuilder, target: Value) -> dict[Any, Value]:
    return dict(zip(target.kind.keys, b.items_of(target)))


def _key(value: Value, loc: Any) -> Any:
    if not isinstance(value.kind, Static):
        raise _refused("a key that is not constant", loc, "each key has a kind of its own", "use a list or an array")
    return value.kind.value


def update(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    more = builtin_calls.HANDLERS[dict](engine, b, args, keywords, loc)
    if not isinstance(more.kind, Dict):
        raise _refused("an update by a dict of unknown keys", loc, f"it is {more.kind}", "use constant keys")
    _renewed(engine, b, target, {**_items(b, target), **_items(b, more)}, loc)
    return b.const(None)


def pop_key(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    items, key = _items(b, target), _key(args[0], loc)
    if key not in items:
        if len(args) == 2:
            return args[1]
        raise _refused(f"`.pop({key!r})`", loc, "the dict has no such key", "give a default")
    item = items.pop(key)
    _renewed(engine, b, target, items, loc)
    return item


def setdefault(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    items, key = _items(b, target), _key(args[0], loc)
    if key in items:
        return items[key]
    item = args[1] if len(args) == 2 else b.const(None)
    _renewed(engine, b, target, {**items, key: item}, loc)
    return item


def clear_dict(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    _renewed(engine, b, target, {}, loc)
    return b.const(None)


# Objects


PARTS_OF_ARRAYS = ("flat", "real", "imag")


def set_attribute(engine: Inference, b: TypedBuilder, args: Args, loc: Any) -> Value:
    """`target.name = value`, for an instance of a dataclass that is not frozen."""
    if args[0] in engine.memory.either:
        act = lambda inner, side: [set_attribute(engine, inner, (side, *args[1:]), loc)]  # noqa: E731
        return engine.memory.each(b, args[0], act, [""])[0]
    target, name, value = args
    kind = target.kind
    if not isinstance(name.kind, Static):
        raise _refused("setting an attribute by a name found at run time", loc, "it is not known", "write `x.name = value`")
    if isinstance(kind, Array) and name.kind.value in PARTS_OF_ARRAYS and engine.memory.active:
        part = engine.attribute(b, target, name.kind.value, loc)
        if not engine.memory.same(part, value):  # as it is after `z.real += x`, which has stored already
            stores.store(engine.memory, b, part, b.const(Ellipsis), value, loc)
        return b.const(None)
    if not isinstance(kind, Record) or not dataclasses.is_dataclass(kind.cls) or not engine.memory.active:
        raise errors.UnsupportedUpdate(
            f"an attribute of {_described(kind)} is assigned", loc, "only those of dataclass instances are followed",
            "make the class a dataclass, and pass the object as an argument",
        )  # fmt: skip
    frozen = kind.cls.__dataclass_params__.frozen
    if frozen or kind.cls.__setattr__ is not object.__setattr__:
        why = "the dataclass is frozen" if frozen else "the class defines `__setattr__`"
        raise errors.UnsupportedUpdate(
            f"an attribute of {_described(kind)} is assigned", loc, why, "build a new value: dataclasses.replace"
        )
    field = name.kind.value
    if field not in kind.fields or hasattr(inspect.getattr_static(kind.cls, field, None), "__set__") and (
        not isinstance(inspect.getattr_static(kind.cls, field), types.MemberDescriptorType)
    ):
        raise errors.UnsupportedUpdate(
            f"`{field}` of {_described(kind)} is assigned", loc, "it is no field of the dataclass", "make it a field"
        )
    items = list(b.items_of(target))
    at = kind.fields.index(field)
    if items[at] is not value and not engine.memory.same(items[at], value):
        items[at] = value
        stores.put(engine.memory, b, target, b.record(kind.cls, kind.fields, items, target.name), loc)
    return b.const(None)


def _described(kind: Kind) -> str:
    if isinstance(kind, Record):
        return f"an object of the class `{kind.cls.__qualname__}`"
    value = kind.value if isinstance(kind, Static) else None
    return f"`{getattr(value, '__name__', type(value).__qualname__)}`" if isinstance(kind, Static) else f"{kind}"


DICT: dict[str, Callable[..., Value]] = {
    "update": update, "pop": pop_key, "setdefault": setdefault, "clear": clear_dict,
}  # fmt: skip
