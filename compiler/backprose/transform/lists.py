"""Lists that are changed, during inference: the list holds a new value from then on.

A list of known elements stays one: a change at a known place gives another list of known elements. Else the change is
an op, `appended(xs, v)`, which code generation prints as the user wrote it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import backprose_runtime

from backprose import errors
from backprose.analysis.kinds import is_basic, is_number, join, widen
from backprose.ir.kinds import UNBOUND, Array, Dict, FixedList, Kind, List, Range, Slice, Static, Tuple, Unknown
from backprose.ir.nodes import Value
from backprose.transform import builtin_calls, iteration, stores, writing
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


def list_kind(target: Kind, more: Kind, loc: Any) -> List:
    """The kind of a list of unknown length that has been given these elements, too."""
    joined = join(join(List(UNBOUND), target), more)
    if not isinstance(joined, List) or isinstance(joined.item, Unknown):
        raise errors.UnresolvedKind(
            "the elements of this list are of several kinds", loc, f"{more} is added to {target}",
            "use a list for each kind, or a tuple",
        )  # fmt: skip
    return joined


def _changed(
    engine: Inference, b: TypedBuilder, target: Value, fn: Any, args: Args, loc: Any, more: Kind | None = None
) -> None:
    """The list holds `fn(target, *args)`, which also has elements of the list kind `more`."""
    kind = list_kind(target.kind, more or List(UNBOUND), loc)
    stores.put(engine.memory, b, target, b.call(fn, target, *args, kind=kind, name=target.name), loc)


def _renewed(engine: Inference, b: TypedBuilder, target: Value, items: list[Value], loc: Any) -> None:
    stores.put(engine.memory, b, target, b.list(items, name=target.name), loc)


# Growing


def append(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    (item,) = args
    items = _known(b, target)
    if items is not None:
        _renewed(engine, b, target, [*items, item], loc)
    else:
        engine.memory.give(target, item)
        _changed(engine, b, target, backprose_runtime.appended, (item,), loc, List(widen(item.kind)))
    return b.const(None)


def extend(engine: Inference, b: TypedBuilder, target: Value, more: Value, loc: Any) -> Value:
    """`target.extend(more)`; what `target` is then."""
    more = _as_list(engine, b, more, loc)
    items, others = _known(b, target), _known(b, more)
    if items is not None and others is not None:
        _renewed(engine, b, target, [*items, *others], loc)
    elif others is not None:
        for item in others:
            append(engine, b, engine.memory.current(b, target, loc), (item,), {}, loc)
    else:
        _changed(engine, b, target, backprose_runtime.extended, (more,), loc, more.kind)
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


def insert(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    index, item = args
    items, at = _known(b, target), _position(index)
    if items is not None and at is not None:
        items.insert(at, item)
        _renewed(engine, b, target, items, loc)
    else:
        _require_position(index, loc)
        engine.memory.give(target, item)
        _changed(engine, b, target, backprose_runtime.inserted, (index, item), loc, List(widen(item.kind)))
    return b.const(None)


def _position(index: Value) -> int | None:
    return index.kind.value if isinstance(index.kind, Static) and type(index.kind.value) is int else None


def _require_position(index: Value, loc: Any) -> None:
    if not is_number(index.kind) or not is_basic(index.kind):
        raise _refused(f"a place in a list given by {index.kind}", loc, "only an integer is followed", "use an int")


# Shrinking


def pop(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    index = args[0] if args else b.const(-1)
    _require_position(index, loc)
    items, at = _known(b, target), _position(index)
    if items is not None and at is not None and -len(items) <= at < len(items):
        item = items[at]
    else:
        item = b.call(operator.getitem, target, index)
    _removed(engine, b, target, index, loc)
    return item


def _removed(engine: Inference, b: TypedBuilder, target: Value, index: Value, loc: Any) -> None:
    """The list without the element at `index`."""
    items, at = _known(b, target), _position(index)
    if items is not None and at is not None and -len(items) <= at < len(items):
        del items[at]
        _renewed(engine, b, target, items, loc)
    elif at == -1:
        _changed(engine, b, target, backprose_runtime.without_last, (), loc)
    else:
        _changed(engine, b, target, backprose_runtime.without, (index,), loc)


def delete(engine: Inference, b: TypedBuilder, target: Value, index: Value, loc: Any) -> None:
    """`del target[index]`."""
    if not isinstance(index.kind, Slice):
        _require_position(index, loc)
        _removed(engine, b, target, index, loc)
        return
    items, part = _known(b, target), _static_slice(b, index)
    if items is not None and part is not None:
        del items[part]
        _renewed(engine, b, target, items, loc)
    else:
        _changed(engine, b, target, backprose_runtime.without_items, _bounds(b, index, loc), loc)


def remove(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`target.remove(item)`: what comes first of those that are equal to it goes."""
    if not isinstance(target.kind, List) or not is_number(target.kind.item):
        raise _refused("`.remove()` of this list", loc, "its elements would be compared when it runs", "use `del xs[i]`")
    at = engine.apply(b, engine.attribute(b, target, "index", loc), args, {}, loc)
    _removed(engine, b, target, at, loc)
    return b.const(None)


def clear(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    _renewed(engine, b, target, [], loc)
    return b.const(None)


# Elements and parts assigned


def store_part(engine: Inference, b: TypedBuilder, target: Value, index: Value, more: Value, loc: Any) -> None:
    """`target[a:b] = more`."""
    more = _as_list(engine, b, more, loc)
    items, others, part = _known(b, target), _known(b, more), _static_slice(b, index)
    if items is not None and others is not None and part is not None:
        items[part] = others
        _renewed(engine, b, target, items, loc)
    else:
        bounds = _bounds(b, index, loc)
        _changed(engine, b, target, backprose_runtime.with_items, (*bounds, more), loc, more.kind)


def _static_slice(b: TypedBuilder, index: Value) -> slice | None:
    parts = (index.kind.start, index.kind.stop, index.kind.step)
    return slice(*(p.value for p in parts)) if all(isinstance(p, Static) for p in parts) else None


def _bounds(b: TypedBuilder, index: Value, loc: Any) -> Args:
    """Where the slice starts and stops."""
    if index.kind.step not in (Static(None), Static(1)):
        raise _refused("a slice of a list with a step, which is changed,", loc, "only parts in one piece are followed")
    made = next((op for op in reversed(b.ops) if index in op.results), None)
    if made is None or made.fn is not slice:
        return tuple(b.getattr(index, name, getattr(index.kind, name)) for name in ("start", "stop"))
    return made.operands[:2] if len(made.operands) > 1 else (b.const(None), made.operands[0])


# In another order


def reverse(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    items, none = _known(b, target), b.const(None)
    if items is not None:
        _renewed(engine, b, target, items[::-1], loc)
    else:
        backwards = b.call(slice, none, none, b.const(-1))
        new = b.call(operator.getitem, target, backwards, kind=target.kind, name=target.name)
        stores.put(engine.memory, b, target, new, loc)
    return none


def copy(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    return iteration.copy_of_list(engine, b, target)


def _sort(engine: Inference, b: TypedBuilder, target: Value, args: Args, keywords: Keywords, loc: Any) -> Value:
    engine.memory.change(target, writing.sort(engine, b, target, keywords, loc), loc)
    return b.const(None)


METHODS: dict[str, Callable[..., Value]] = {
    "append": append, "extend": _extend, "insert": insert, "pop": pop, "remove": remove, "clear": clear,
    "reverse": reverse, "copy": copy, "sort": _sort,
}  # fmt: skip
