"""Attributes that a function gives to objects, takes away and asks for, during inference.

An object of a user's class whose attributes are known is a record in a cell of memory (`transform/memory`): an attribute
that is assigned makes a new record there, which all names of the object see. Nothing of the object has to exist in the
emitted code unless it goes where it is not followed.
"""

from __future__ import annotations

import dataclasses
import inspect
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import Array, Kind, Record, Static
from backprose.ir.nodes import Value
from backprose.ir.records import is_plain
from backprose.transform import followed, stores
from backprose.transform.typed import NotStatic, TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

PLAIN_SETTERS = (object.__setattr__, types.SimpleNamespace.__setattr__)
PLAIN_DELETERS = (object.__delattr__, types.SimpleNamespace.__delattr__)
PARTS_OF_ARRAYS = ("flat", "real", "imag")
Args = tuple[Value, ...]
Keywords = Mapping[str, Value]


def set_attribute(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`target.name = value`, also by `setattr`."""
    if args[0] in engine.memory.either:
        act = lambda inner, side: [set_attribute(engine, inner, (side, *args[1:]), {}, loc)]  # noqa: E731
        return engine.memory.each(b, args[0], act, [""])[0]
    target, name = args[0], _name(b, args[1], loc)
    if isinstance(target.kind, Array) and name in PARTS_OF_ARRAYS and engine.memory.active:
        part = engine.attribute(b, target, name, loc)
        if not engine.memory.same(part, args[2]):  # as it is after `z.real += x`, which has stored already
            stores.store(engine.memory, b, part, b.const(Ellipsis), args[2], loc)
        return b.const(None)
    _check_followed(engine, target, name, "assigned", loc)
    cls = _class_of(target.kind)
    if cls.__setattr__ not in PLAIN_SETTERS:
        frozen = dataclasses.is_dataclass(cls) and cls.__dataclass_params__.frozen
        raise errors.UnsupportedUpdate(
            f"{_of(target, name)} is assigned", loc,
            "the dataclass is frozen" if frozen else "the class defines `__setattr__`",
            "build a new value: dataclasses.replace" if frozen else "leave assignments to Python, or use a property",
        )  # fmt: skip
    return store_plainly(engine, b, args, {}, loc)


def store_plainly(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`object.__setattr__(target, name, value)`: a property's setter is called, any other attribute is stored."""
    target, value = args[0], args[2]
    name = _name(b, args[1], loc)
    _check_followed(engine, target, name, "assigned", loc)
    member = _descriptor(_class_of(target.kind), name)
    if isinstance(member, property) and member.fset is not None:
        engine.call_function(b, member.fset, (target, value), {}, loc)
        return b.const(None)
    _check_place(target, name, member, "assigned", loc)
    store(engine, b, _record(engine, b, target, name, "assigned", loc), {name: value}, loc)
    return b.const(None)


def delete_attribute(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`del target.name`, also by `delattr`."""
    if args[0] in engine.memory.either:
        act = lambda inner, side: [delete_attribute(engine, inner, (side, *args[1:]), {}, loc)]  # noqa: E731
        return engine.memory.each(b, args[0], act, [""])[0]
    target, name = args[0], _name(b, args[1], loc)
    _check_followed(engine, target, name, "deleted", loc)
    cls = _class_of(target.kind)
    member = _descriptor(cls, name)
    if isinstance(member, property) and member.fdel is not None:
        engine.call_function(b, member.fdel, (target,), {}, loc)
        return b.const(None)
    _check_place(target, name, member, "deleted", loc)
    record = _record(engine, b, target, name, "deleted", loc)
    if name not in record.kind.fields or cls.__delattr__ not in PLAIN_DELETERS:
        why = "the class defines `__delattr__`" if name in record.kind.fields else "it has no such attribute"
        raise errors.UnsupportedUpdate(f"{_of(target, name)} is deleted", loc, why, "set it to None instead")
    kept = {f: v for f, v in zip(record.kind.fields, b.items_of(record)) if f != name}
    stores.put(engine.memory, b, record, b.record(cls, tuple(kept), kept.values(), record.name), loc)
    return b.const(None)


def _class_of(kind: Kind) -> type:
    return kind.cls if isinstance(kind, Record) else type(kind.value)


def _record(engine: Inference, b: TypedBuilder, target: Value, name: str, done: str, loc: Any) -> Value:
    if isinstance(target.kind, Record):
        return target
    return followed.record_for_writing(engine, b, target, name, done, loc)


def store(engine: Inference, b: TypedBuilder, target: Value, values: Mapping[str, Value], loc: Any) -> None:
    """The record `target` has these attributes from now on."""
    kind = target.kind
    before = dict(zip(kind.fields, b.items_of(target)))
    if all(name in before and _is_same(engine, before[name], value) for name, value in values.items()):
        return
    for name, value in values.items():
        engine.names.setdefault(value, f"{target.name}_{name}" if target.name else name)
    items = {**before, **values}
    order = engine.field_orders.setdefault(kind.cls, dict.fromkeys(_declared(kind.cls)))
    order.update(dict.fromkeys(items))  # one order for all objects of the class, whichever attribute came first
    fields = tuple(name for name in order if name in items)
    stores.put(engine.memory, b, target, b.record(kind.cls, fields, [items[f] for f in fields], target.name), loc)


def _is_same(engine: Inference, before: Value, value: Value) -> bool:
    return before is value or (before not in engine.memory.doubtful and engine.memory.same(before, value))


def _declared(cls: type) -> tuple[str, ...]:
    return tuple(f.name for f in dataclasses.fields(cls)) if dataclasses.is_dataclass(cls) else ()


def has(engine: Inference, target: Value, name: str, loc: Any) -> bool:
    """`hasattr` of an object whose attributes are known. That of a slot says nothing of what is in it."""
    kind = target.kind
    member = inspect.getattr_static(kind.cls, name, None)
    if name in kind.fields or (member is not None and not isinstance(member, types.MemberDescriptorType)):
        return True
    if engine.memory.ref(target).cell in engine.made and not hasattr(kind.cls, "__getattr__"):
        return False
    raise errors.UnsupportedCall(
        f"whether an object of the class `{kind.cls.__qualname__}` has the attribute `{name}` is not known", loc,
        "only its fields are known when compiling", f"make `{name}` a field that may be None",
    )  # fmt: skip


# What is refused


def _name(b: TypedBuilder, value: Value, loc: Any) -> str:
    try:
        return b.static_value(value)
    except NotStatic:
        raise errors.UnsupportedUpdate(
            "setting an attribute by a name found at run time is not supported", loc, "it is not known when compiling",
            "write `x.name = value`",
        ) from None  # fmt: skip


def _check_followed(engine: Inference, target: Value, name: str, done: str, loc: Any) -> None:
    kind = target.kind
    if engine.memory.active and isinstance(kind, Record) and not issubclass(kind.cls, tuple):
        return
    if engine.memory.active and isinstance(kind, Static) and is_plain(kind.value):
        return
    if isinstance(kind, Record):
        why, instead = "a namedtuple can't be changed", "make a new one: `._replace(...)`"
    elif isinstance(kind, Static):
        why, instead = "it lives outside the function, where other code sees the change", "return the value"
    else:
        why, instead = "it is no object whose attributes are known when compiling", "keep the value in a variable"
    raise errors.UnsupportedUpdate(f"{_of(target, name)} is {done}", loc, why, instead)


def _descriptor(cls: type, name: str) -> Any:
    member = inspect.getattr_static(cls, name, None)
    return member if inspect.isdatadescriptor(member) else None


def _check_place(target: Value, name: str, member: Any, done: str, loc: Any) -> None:
    """Whether an attribute of the name can be kept: in a slot, or in the object's dict."""
    slots = isinstance(member, types.MemberDescriptorType)
    if isinstance(member, property):
        why = f"it is a property without a {'setter' if done == 'assigned' else 'deleter'}"
    elif member is not None and not slots:
        why = f"it is {type(member).__name__}, a descriptor that is not followed"
    elif not slots and not _class_of(target.kind).__dictoffset__:
        why = "the class has `__slots__` without this name"
    else:
        return
    raise errors.UnsupportedUpdate(f"{_of(target, name)} is {done}", loc, why, "use an attribute that can be assigned")


def _of(target: Value, name: str) -> str:
    kind = target.kind
    if isinstance(kind, Record):
        return f"the attribute `{name}` of an object of the class `{kind.cls.__qualname__}`"
    if isinstance(kind, Static):
        named = getattr(kind.value, "__name__", None) or target.name or type(kind.value).__qualname__
        return f"the attribute `{name}` of `{named}`"
    return f"the attribute `{name}` of {kind}"


HANDLERS = {
    setattr: set_attribute,
    delattr: delete_attribute,
    object.__setattr__: store_plainly,
    object.__delattr__: delete_attribute,
}
