"""Methods that change a list or a dict, during inference: the container holds a new value from then on."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import backprose_runtime

from backprose import errors
from backprose.analysis.kinds import join, widen
from backprose.ir.kinds import Array, Dict, FixedList, Kind, List, Range, Static, Tuple, Unknown
from backprose.ir.nodes import Value
from backprose.transform import builtin_calls, iteration
from backprose.transform.type_questions import is_namedtuple
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]


def _known(b: TypedBuilder, target: Value) -> list[Value] | None:
    """The elements of a list of known length."""
    if isinstance(target.kind, FixedList) or target in b.parts:
        return list(b.items_of(target))
    return None


def _refused(what: str, loc: Any, why: str, instead: str = "make a new list by a comprehension") -> errors.CompileError:
    return errors.UnsupportedUpdate(f"{what} is not supported", loc, why, instead)


def _item_kind(target: Value, kind: Kind, loc: Any) -> List:
    """The kind of a list with one more element of this kind."""
    joined = join(target.kind, List(widen(kind)))
    if not isinstance(joined, List) or isinstance(joined.item, Unknown):
        raise errors.UnresolvedKind(
            "the elements of this list are of several kinds", loc, f"{kind} is added to {target.kind}",
            "use a list for each kind, or a tuple",
        )  # fmt: skip
    return joined


def append(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    (item,) = args
    items = _known(b, target)
    if items is not None:
        engine.memory.change(target, b.list([*items, item], name=target.name), loc)
    else:
        kind = _item_kind(target, item.kind, loc)
        engine.memory.freeze([item])
        engine.memory.change(target, b.call(backprose_runtime.appended, target, item, kind=kind, name=target.name), loc)
    return b.const(None)


def extend(engine: Inference, b: TypedBuilder, target: Value, more: Value, loc: Any) -> Value:
    """`target.extend(more)`; what `target` is then."""
    more = _as_list(engine, b, more, loc)
    items, others = _known(b, target), _known(b, more)
    if items is not None and others is not None:
        new = b.list([*items, *others], name=target.name)
    elif others is not None and len(others) == 1:
        append(engine, b, target, tuple(others), {}, loc)
        return engine.memory.current(b, target, loc)
    elif others == []:
        return target
    else:
        kind = more.kind if items == [] else join(target.kind, more.kind)
        if not isinstance(kind, List) or isinstance(kind.item, Unknown):
            raise _refused("a list of several kinds of elements", loc, f"{more.kind} is added to {target.kind}")
        new = b.call(operator.concat, target, more, kind=kind, name=target.name)
    engine.memory.change(target, new, loc)
    return engine.memory.current(b, target, loc)


def _as_list(engine: Inference, b: TypedBuilder, value: Value, loc: Any) -> Value:
    value = engine.elements(b, value, loc)
    if isinstance(value.kind, (List, FixedList)):
        return value
    if isinstance(value.kind, (Tuple, Range, Array, Dict)) or is_namedtuple(value.kind):
        return builtin_calls.HANDLERS[list](engine, b, (value,), {}, loc)
    raise _refused(f"a list that is extended by {value.kind}", loc, "what its elements are is not known")


def _extend(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    extend(engine, b, target, args[0], loc)
    return b.const(None)


def _position(index: Value) -> int | None:
    return index.kind.value if isinstance(index.kind, Static) and type(index.kind.value) is int else None


def insert(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    index, item = args
    items, at = _known(b, target), _position(index)
    if items is not None and at is not None:
        items.insert(at, item)
        engine.memory.change(target, b.list(items, name=target.name), loc)
        return b.const(None)
    if at != 0:
        raise _refused("`.insert()` at this place", loc, "the place, or the length of the list, is not known", "append")
    kind = _item_kind(target, item.kind, loc)
    first = b.list([item])
    engine.memory.change(target, b.call(operator.concat, first, target, kind=kind, name=target.name), loc)
    return b.const(None)


def pop(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    items, at = _known(b, target), _position(args[0]) if args else -1
    if items is not None and at is not None and -len(items) <= at < len(items):
        item = items.pop(at)
        engine.memory.change(target, b.list(items, name=target.name), loc)
        return item
    if at not in (0, -1) or not isinstance(target.kind, List):
        raise _refused("`.pop()` at this place", loc, "the place, or the length of the list, is not known", "use `pop()`")
    item = b.call(operator.getitem, target, b.const(at))
    bounds = (b.const(1), b.const(None)) if at == 0 else (b.const(None), b.const(-1))
    rest = b.call(operator.getitem, target, b.call(slice, *bounds), kind=List(widen(target.kind.item)), name=target.name)
    engine.memory.change(target, rest, loc)
    return item


def clear(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    engine.memory.change(target, b.list((), name=target.name), loc)
    return b.const(None)


def reverse(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    items, none = _known(b, target), b.const(None)
    if items is not None:
        new = b.list(items[::-1], name=target.name)
    else:
        backwards = b.call(slice, none, none, b.const(-1))
        new = b.call(operator.getitem, target, backwards, kind=target.kind, name=target.name)
    engine.memory.change(target, new, loc)
    return none


def copy(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    return iteration.copy_of_list(engine, b, target)


# Dicts: every key is known


def _renewed(engine: Inference, b: TypedBuilder, target: Value, items: dict[Any, Value], loc: Any) -> None:
    engine.memory.change(target, b.dict([(b.const(k), v) for k, v in items.items()], name=target.name), loc)


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


LIST: dict[str, Callable[..., Value]] = {
    "append": append, "extend": _extend, "insert": insert, "pop": pop, "clear": clear, "reverse": reverse, "copy": copy,
}  # fmt: skip
DICT: dict[str, Callable[..., Value]] = {
    "update": update, "pop": pop_key, "setdefault": setdefault, "clear": clear_dict,
}  # fmt: skip
