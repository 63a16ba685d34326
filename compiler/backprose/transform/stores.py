"""Stores during inference: what a piece of memory holds after `x[i] = v`, `x[i] += v` and `x += v`.

A store makes a new value of the whole and puts it in the cell that the target's reference leads to; `Memory` decides
whether the target may be written to at all, and reads anew what shares memory with it.
"""

from __future__ import annotations

import operator
from typing import Any

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.kinds import (
    dtype_of, has_shape_of, is_basic, is_inexact, is_mask, is_number, join, ndim_of, widen, without_lengths,
)  # fmt: skip
from backprose.ir.kinds import UNBOUND, Array, Dict, FixedList, Kind, List, Maybe, Record, Static, Tuple, Unknown
from backprose.ir.nodes import Value
from backprose.transform import views
from backprose.transform.as_arrays import SEQUENCES
from backprose.transform.layouts import require_c_order
from backprose.transform.memory import Memory
from backprose.transform.places import Step
from backprose.transform.type_questions import is_flattening
from backprose.transform.typed import TypedBuilder


def store(memory: Memory, b: TypedBuilder, target: Value, index: Value, value: Value, loc: Any) -> None:
    """`target[index] = value`."""
    if target in memory.either:
        memory.each(b, target, lambda inner, side: store(memory, inner, side, index, value, loc) or [], [])
        return
    memory.check_writable(target, loc)
    ref = memory.ref(target)
    if isinstance(target.kind, Tuple) or (isinstance(target.kind, Record) and not isinstance(index.kind, Static)):
        raise errors.UnsupportedUpdate(
            f"an element of {target.kind} is assigned", loc, "it can't be changed", "make a new one"
        )
    path = ref.steps
    _refuse_read_only(target, path, loc)
    if isinstance(target.kind, Array):
        value = stored(b, target.kind, value, loc)
        if path and views.is_flat(path[-1].fn) and ndim_of(value.kind) != 0:
            part = b.call(operator.getitem, memory.current(b, target, loc), index)
            value = b.call(np.resize, value, b.call(np.size, part))  # as many as there is room for
    elif not (path and isinstance(target.kind, List) and is_number(value.kind) and not isinstance(value.kind, Array)):
        kind = target.kind.item if isinstance(target.kind, Maybe) else target.kind
        put(memory, b, target, _with_item(memory, b, target, kind, index, value, target.name or ref.cell.name, loc), loc)
        return
    memory.replace(ref.cell, _written(b, memory.now(ref.cell), path, index, value, ref.cell.name, loc))
    if target in memory.elements.readings:
        memory.elements.stored(memory)


def put(memory: Memory, b: TypedBuilder, target: Value, value: Value, loc: Any) -> None:
    """`value` is what the container `target` holds from now on, which may be an element of a list."""
    ref = memory.ref(target)
    if not ref.path:
        memory.change(target, value, loc)
        return
    cell = memory.check_writable(target, loc)
    memory.replace(cell, _with_part(b, memory.now(cell), ref.path, value, cell.name))
    memory.elements.stored(memory)
    if isinstance(value.kind, (List, FixedList)):
        memory.elements.reordered(memory, cell)


def _with_part(b: TypedBuilder, whole: Value, path: tuple[Step, ...], value: Value, name: str) -> Value:
    """The list `whole` with `value` where the path leads."""
    index = path[0].args[0]
    if len(path) > 1:
        value = _with_part(b, b.call(operator.getitem, whole, index), path[1:], value, "")
    return b.call(backprose_runtime.with_item, whole, index, value, kind=_list_kind(whole.kind, 1, value), name=name)


def _list_kind(kind: Kind, steps: int, value: Value) -> Kind:
    """The kind of a list, perhaps of lists, after a store of `value` so many steps inside."""
    if isinstance(kind, FixedList):
        kind = join(List(UNBOUND), kind)
    if not isinstance(kind, List):
        return kind
    return join(kind, List(widen(value.kind))) if steps == 1 else List(_list_kind(kind.item, steps - 1, value))


def _refuse_read_only(target: Value, path: tuple[Step, ...], loc: Any) -> None:
    for step in path:
        if step.fn in views.READ_ONLY:
            raise errors.UnsupportedUpdate(
                f"`{target.name or 'a view'}` is updated in place", loc,
                f"the view that np.{step.fn.__name__} gives is read-only", views.READ_ONLY[step.fn],
            )  # fmt: skip


def _written(
    b: TypedBuilder, root: Value, path: tuple[Step, ...], index: Value, value: Value, name: str, loc: Any
) -> Value:
    """`root` after the store of `value` at `index` of the part that the path leads to."""
    kind = _list_kind(root.kind, len(path) + 1, value)
    lists = _list_steps(root.kind)
    if len(path) > lists and path[-1].fn is operator.getitem and index.kind == Static(Ellipsis):
        path, index = path[:-1], path[-1].args[0]  # all of `x[1:3]` is `x` at 1:3
    steps = [v for step in path for v in encoded(b, step)]
    if path and ndim_of(value.kind) == 0 and is_number(index.kind) and is_flattening(path[-1].fn, path[-1].args):
        steps[-2:] = [b.const(backprose_runtime.view_name(backprose_runtime.flat)), b.tuple(())]
    if is_basic(index.kind) or is_mask(index.kind):
        return b.call(backprose_runtime.set_at, root, value, *steps, index, kind=kind, name=name)
    return b.call(backprose_runtime.put_at, root, value, *steps, index, kind=kind, name=name)


def _list_steps(kind: Kind) -> int:
    """How many steps lead from a list to an array in it, or to a number."""
    if isinstance(kind, FixedList):
        kind = join(List(UNBOUND), kind)
    return 1 + _list_steps(kind.item) if isinstance(kind, List) else 0


def encoded(b: TypedBuilder, step: Step) -> list[Value]:
    """A step as operands of `set_at`: an index, or a view's name followed by its arguments in a tuple."""
    if step.fn is operator.getitem:
        return [step.args[0]]
    return [b.const(backprose_runtime.view_name(step.fn)), b.tuple(step.args)]


def stored(b: TypedBuilder, kind: Array, value: Value, loc: Any) -> Value:
    """What a store into an array of the kind leaves of `value`: refused where its derivative would be lost."""
    if value.kind == UNBOUND:  # what a recursive call gives before its kind has settled, or reading it raises
        return value
    if isinstance(value.kind, SEQUENCES):
        value = b.call(np.array, value)
    if not is_number(value.kind):
        raise errors.UnsupportedUpdate(
            f"{value.kind} is stored in an array of numbers", loc, "how it is converted is not followed",
            "store a number or an array",
        )  # fmt: skip
    if not is_inexact(kind) and is_inexact(value.kind):
        raise errors.UnsupportedUpdate(
            f"a store into an array of {dtype_of(kind)} truncates", loc,
            "what is stored there has no derivative any more", "make the array one of floats, or round explicitly",
        )  # fmt: skip
    return value


def _with_item(
    memory: Memory, b: TypedBuilder, target: Value, kind: Kind, index: Value, value: Value, name: str, loc: Any
) -> Value:
    """The container with one item replaced."""
    if isinstance(kind, (List, FixedList)) and isinstance(index.kind, Static) and type(index.kind.value) is int:
        items = b.parts.get(target) or (b.items_of(target) if isinstance(kind, FixedList) else None)
        if items is not None and -len(items) <= index.kind.value < len(items):
            items = list(items)
            items[index.kind.value] = value
            return b.list(items, name=name)
    if isinstance(kind, (List, FixedList)) and is_number(index.kind) and is_basic(index.kind):
        kind = join(kind, List(widen(value.kind)))
        if isinstance(kind, List) and not isinstance(kind.item, Unknown):
            if not memory.elements.move(memory, b, target, index, value):
                memory.give(target, value)
            return b.call(backprose_runtime.with_item, target, index, value, kind=kind, name=name)
    if isinstance(kind, Dict) and isinstance(index.kind, Static):
        items = dict(zip(kind.keys, _items(b, target, name, loc)))
        items[index.kind.value] = value
        return b.dict([(b.const(k), v) for k, v in items.items()], name=name)
    if isinstance(kind, Record) and isinstance(index.kind, Static) and index.kind.value in kind.fields:
        items = list(_items(b, target, name, loc))
        items[kind.fields.index(index.kind.value)] = value
        return b.record(kind.cls, kind.fields, items, name)
    raise errors.UnsupportedUpdate(
        "an element is assigned that is not known when compiling", loc,
        f"the container is {kind}, and its elements may be shared", "use an array, or constant keys",
    )  # fmt: skip


def _items(b: TypedBuilder, target: Value, name: str, loc: Any) -> tuple[Value, ...]:
    """The items of a container that is one whatever path was taken."""
    items = b.items_of(target)
    if items is None:
        raise errors.UnsupportedUpdate(
            f"an element of `{name or 'a value'}` is assigned, which may be None", loc,
            "whether it is shows only when it runs", "assign it on the path that makes the container",
        )  # fmt: skip
    return items


def update(memory: Memory, b: TypedBuilder, target: Value, value: Value, loc: Any) -> Value:
    """`target op= y` on a name, `value` being `target op y`; what the target holds then."""
    memory.check_writable(target, loc)
    ref = memory.ref(target)
    alike = without_lengths(value.kind) == without_lengths(target.kind) and has_shape_of(target.kind, value.kind)
    if alike and not ref.path and ref.cell not in memory.layouts.reshaped:
        memory.layouts.renewed.add(ref.cell)
        memory.replace(ref.cell, b.restate(value, ref.cell.name))
    else:
        store(memory, b, target, b.const(Ellipsis), value, loc)
    return memory.current(b, target, loc)


def add(memory: Memory, b: TypedBuilder, target: Value, index: Value, value: Value, loc: Any) -> bool:
    """`target[index] += value` as one update where the index is basic; False if it has to be read and stored."""
    if target in memory.doubtful or not isinstance(target.kind, Array) or not is_basic(index.kind):
        return False
    memory.check_writable(target, loc)
    if not _fits(target.kind, value.kind):
        return False
    accumulate(memory, b, target, index, value, loc)
    return True


def _fits(kind: Array, value: Kind) -> bool:
    have = dtype_of(value)
    return have in ("bool", "int", "float") or have == kind.dtype


def accumulate(memory: Memory, b: TypedBuilder, target: Value, index: Value, value: Value, loc: Any) -> None:
    """`np.add.at(target, index, value)`."""
    if target in memory.either:
        memory.each(b, target, lambda inner, side: accumulate(memory, inner, side, index, value, loc) or [], [])
        return
    cell, path = memory.check_writable(target, loc), memory.ref(target).steps
    _refuse_read_only(target, path, loc)
    root, steps = memory.now(cell), [v for step in path for v in encoded(b, step)]
    name, kind = cell.name or target.name, _list_kind(root.kind, len(steps) + 1, value)
    memory.replace(cell, b.call(backprose_runtime.add_at, root, index, value, *steps, kind=kind, name=name))
    if target in memory.elements.readings:
        memory.elements.stored(memory)


def copy(memory: Memory, b: TypedBuilder, value: Value) -> Value:
    """The argument in memory of its own, so that what is stored there does not reach the caller."""
    if isinstance(value.kind, Array):
        if value.name in memory.layouts.ordered:
            require_c_order(b, value)
        fresh = b.call(np.ndarray.copy, value, kind=value.kind, name=value.name, method="copy")
        memory.layouts.in_order.discard(fresh)  # the caller's array may lie in memory in another order
        memory.layouts.copies[fresh] = value
        return fresh
    fresh = b.call(backprose_runtime.copy_of, value, kind=value.kind, name=value.name)
    memory.doubtful.pop(fresh, None)
    return fresh
