"""Dicts and objects that are changed, during inference: the container holds a new value from then on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import Dict, Static
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


DICT: dict[str, Callable[..., Value]] = {
    "update": update, "pop": pop_key, "setdefault": setdefault, "clear": clear_dict,
}  # fmt: skip
