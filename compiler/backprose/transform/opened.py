"""Objects and dicts that a loop changes: what their attributes and keys hold is carried along like variables.

An object in a loop is a piece of memory whose content is another record after each iteration. Carried as a whole it would
have to exist, and nothing would be known of what it holds. So it is *opened*: the parts that are bound anew in the body
become variables that the loop carries, the others stay, and the record is put together again at the beginning of the body
and after the loop, where nothing of it is emitted. Which parts that are is found by trying.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import Dict, Kind, Record
from backprose.ir.nodes import Op, Region, Value
from backprose.transform import fields
from backprose.transform.memory import Cell, Memory, container_like
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Env, Frame, Inference


class Changed(Exception):
    """A part of a container turned out to be bound anew in a loop; without parts, the container can't be opened.

    `of_class` are attributes that start from those of the class: the object gets them before the loop.
    """

    def __init__(self, op: Op, cell: Cell, parts: set[int] | None, of_class: tuple[str, ...] = ()):
        self.op, self.cell, self.parts, self.of_class = op, cell, parts, of_class


@dataclass(frozen=True)
class Opened:
    """A container as it was before the loop, and by position the parts that are carried: a name for each."""

    cell: Cell
    before: Value
    parts: tuple[Value, ...]
    carried: dict[int, str]


def infer(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, of_loop: Callable) -> None:
    """Infer a loop by `of_loop`, opening what its body changes."""
    memory, found, closed = engine.memory, {}, set()
    kept = dict(memory.state), dict(memory.frozen), dict(memory.poisoned), dict(engine.fresh), engine.depth, len(b.ops)
    while True:
        containers = [_open(memory, b, cell, parts) for cell, parts in found.items()]
        wide, inner = _widened(op, containers, closed), dict(env)
        inner.update(zip(wide.inits[len(op.inits) :], [c.parts[i] for c in containers for i in c.carried]))
        try:
            of_loop(engine, b, wide, inner, frame)
            break
        except Changed as change:
            if change.op is not wide:
                raise
            memory.state, memory.frozen, memory.poisoned, engine.fresh = map(dict, kept[:4])
            engine.depth = kept[4]
            del b.ops[kept[5] :]
            b.at(op.loc)
            if change.of_class:
                record = memory.current(b, memory.now(change.cell), op.loc)
                start = {name: engine.attribute(b, record, name, op.loc) for name in change.of_class}
                fields.store(engine, b, record, start, op.loc)
                kept = (dict(memory.state), *kept[1:5], len(b.ops))
            elif change.parts is None:
                closed.add(change.cell)
                found.pop(change.cell, None)
            else:
                found.setdefault(change.cell, set()).update(change.parts)
    count = len(op.inits)
    after = iter(wide.results[count : len(wide.results) - len(op.results) + count])
    for container in containers:
        values = {i: inner[next(after)] for i in container.carried}
        memory.replace(container.cell, _rebuilt(b, container, values))
    env.update({result: inner[result] for result in op.results})


def check(engine: Inference, b: TypedBuilder, op: Op, cells: list[Cell], before: dict[Cell, Value]) -> list[Cell]:
    """Those of the cells, which the body was found to write to, that are carried as a whole."""
    opened = {c.cell for c in op.attrs["opened"]}
    for cell in cells:
        if cell in opened or cell in op.attrs["closed"]:
            continue
        first, now = before.get(cell, cell.root), engine.memory.now(cell)
        parts = _parts(b, first), _parts(b, now)
        if None not in parts and _structure(first.kind) == _structure(now.kind):
            raise Changed(op, cell, _differing(engine.memory, *parts))
        if isinstance(first.kind, Record) and isinstance(now.kind, Record) and first.kind.cls is now.kind.cls:
            missing = tuple(name for name in now.kind.fields if name not in first.kind.fields)
            if missing and all(_is_data(first.kind.cls, name) for name in missing):
                raise Changed(op, cell, None, missing)
        _check_attributes(op, first.kind, now.kind)
    return [cell for cell in cells if cell not in opened]


def _is_data(cls: type, name: str) -> bool:
    member = inspect.getattr_static(cls, name, cls)
    return member is not cls and not hasattr(member, "__get__")


def _check_attributes(op: Op, first: Kind, now: Kind) -> None:
    if isinstance(first, Record) and isinstance(now, Record) and first.cls is now.cls and first.fields != now.fields:
        names = ", ".join(f"`{name}`" for name in sorted({*first.fields} ^ {*now.fields}))
        raise errors.UnresolvedKind(
            f"a loop gives an object of the class `{first.cls.__qualname__}` other attributes than it had", op.loc,
            f"before the first iteration and after it they differ by {names}",
            "assign them before the loop, best in `__init__`",
        )  # fmt: skip


def assemble(engine: Inference, b: TypedBuilder, op: Op, env: Env) -> None:
    """At the beginning of the body: the containers hold what is carried."""
    values = iter(op.operands)
    for container in op.attrs["opened"]:
        parts = {i: env[next(values)] for i in container.carried}
        engine.assembled[container.cell] = _rebuilt(b, container, parts)
        engine.memory.replace(container.cell, engine.assembled[container.cell])


def take_apart(engine: Inference, b: TypedBuilder, op: Op, env: Env) -> None:
    """At the end of the body: what the containers hold is carried on."""
    memory, values = engine.memory, iter(op.results)
    for container in op.attrs["opened"]:
        now = memory.now(container.cell)
        parts = _parts(b, now)
        _check_attributes(op, container.before.kind, now.kind)
        if parts is None or _structure(now.kind) != _structure(container.before.kind):
            raise Changed(op.attrs["loop"](), container.cell, None)
        others = _differing(memory, container.parts, parts) - set(container.carried)
        if others:
            raise Changed(op.attrs["loop"](), container.cell, others)
        env.update({next(values): parts[i] for i in container.carried})


def _open(memory: Memory, b: TypedBuilder, cell: Cell, indices: set[int]) -> Opened:
    before = memory.now(cell)
    kind = before.kind
    names = kind.fields if isinstance(kind, Record) else [k if isinstance(k, str) else "" for k in kind.keys]
    parts = tuple(memory.current(b, part, b.loc) for part in _parts(b, before))
    return Opened(cell, before, parts, {i: names[i] for i in sorted(indices)})


def _parts(b: TypedBuilder, value: Value) -> tuple[Value, ...] | None:
    if not isinstance(value.kind, (Record, Dict)) or value not in b.parts:
        return None
    return b.parts[value]


def _structure(kind: Kind) -> Any:
    return (kind.cls, kind.fields) if isinstance(kind, Record) else (Dict, kind.keys)


def _differing(memory: Memory, before: tuple[Value, ...], after: tuple[Value, ...]) -> set[int]:
    """The positions of parts that are not what they were, other than by an update in place."""
    return {i for i, (x, y) in enumerate(zip(before, after)) if x is not y and not memory.same(x, y)}


def _rebuilt(b: TypedBuilder, container: Opened, values: dict[int, Value]) -> Value:
    parts = tuple(values.get(i, part) for i, part in enumerate(container.parts))
    return container_like(b, container.before.kind, parts, container.before.name)


def _widened(op: Op, containers: list[Opened], closed: set[Cell]) -> Op:
    """The loop with more carried variables, which its regions put into the containers and take out of them."""
    names = [name for c in containers for name in c.carried.values()]
    wide: list[Op] = []
    attrs = {"opened": tuple(containers)}
    regions = []
    for region in op.regions:
        params, ends = [Value(n) for n in names], [Value(n) for n in names]
        ops = (Op("assemble", tuple(params), (), attrs, (), op.loc), *region.ops)
        results = region.results
        if region is op.body:
            ops += (Op("take_apart", (), tuple(ends), {**attrs, "loop": lambda: wide[0]}, (), op.loc),)
            at = (1 if op.attrs["stops"] else 0) + len(op.inits)
            results = (*results[:at], *ends, *results[at:])
        regions.append(Region((*region.params, *params), ops, results))
    count = len(op.inits)
    results = (*op.results[:count], *(Value(n) for n in names), *op.results[count:])
    wide.append(replace(
        op, operands=(*op.operands, *(Value(n) for n in names)), results=results, regions=tuple(regions),
        attrs={**op.attrs, "opened": tuple(containers), "closed": frozenset(closed)},
    ))  # fmt: skip
    return wide[0]
