"""Inference of loops: bodies built over what they go over, known lengths unrolled."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import UNBOUND, Array, Dict, List, Unbound
from backprose.ir.nodes import Op, Value
from backprose.transform import waiting
from backprose.transform.carried import carry_memory
from backprose.transform.elements import has_elements
from backprose.transform.iterables import (
    as_list, bundle, bundle_nest, elements, flatten, item_kind, item_names, known_length, nest_of,
)  # fmt: skip
from backprose.transform.places import holds_memory
from backprose.transform.slots import Carry
from backprose.transform.typed import TypedBuilder, truth

if TYPE_CHECKING:
    from backprose.transform.frames import Env, Frame
    from backprose.transform.infer import Inference


def infer_for(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    iterables = [env[v] for v in op.iterables]
    flat, shape = flatten(engine, b, iterables, op.loc)
    inits = bound_or_not(b, [env[v] for v in op.inits])
    length = known_length(b, flat)
    if length is not None:
        values = _unroll(engine, b, op, env, frame, Rows(engine, flat, shape, length, op.loc), inits)
    else:
        build = partial(_loop_or_positions, engine, b, op, env, frame, flat, shape, inits)
        values = waiting.loop(engine, b, build, inits, op.attrs["collected"])
    env.update(zip(op.results, values))


def infer_while(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    inits = bound_or_not(b, [env[v] for v in op.inits])
    build = partial(_while, engine, b, op, env, frame, inits)
    env.update(zip(op.results, waiting.loop(engine, b, build, inits, op.attrs["collected"])))


def _while(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, inits: list[Value]) -> list[Value]:
    cond, _ = op.regions

    def build(params: list[Value], carry: Carry):
        memory = engine.memory
        head, state = b.nested(), dict(memory.state)
        bound = dict(zip(cond.params, carry.enter(head, params)))
        entered = dict(memory.state)
        (test,) = engine.region(head, cond, {**env, **bound}, frame)
        if memory.written(entered):
            raise errors.UnsupportedUpdate(
                "the condition of this loop updates something in place", op.loc, "it runs once more than the body does",
                "update it in the loop's body",
            )
        inner, memory.state = b.nested(), state
        inner_params = [Value(v.name, v.kind) for v in params]
        bound = dict(zip(op.carried, carry.enter(inner, inner_params)))
        yields = engine.region(inner, op.body, {**env, **bound}, frame)
        yields = carry.leave(inner, inner_params, bound_or_not(inner, yields))
        return (head.region(params, [test]), inner.region(inner_params, yields)), yields

    names = [p.name for p in cond.params]
    loop = carry_memory(engine, b, op, names, inits, build)
    results = loop.results(op)
    attrs = {"collected": op.attrs["collected"], "stops": op.attrs["stops"]}
    b.op("while", loop.inits, results, loop.regions, **attrs)
    return loop.settle(b, op, results)


def bound_or_not(b: TypedBuilder, values: list[Value]) -> list[Value]:
    """The values to be carried, an `unbound` of its own for each that no path binds: no other variable has to hold it."""
    return [
        b.op("unbound", (), [Value(v.name, UNBOUND)]).result if isinstance(v.kind, Unbound) else v for v in values
    ]


def _loop_or_positions(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, flat: list[Value], shape: list, inits: list[Value]
) -> list[Value]:
    """A loop over what it goes over; where it updates an array that it goes over, over the positions in it."""
    state, depth, mark = dict(engine.memory.state), engine.depth, len(b.ops)
    fresh = dict(engine.fresh)
    try:
        return _loop(engine, b, op, env, frame, flat, shape, inits)
    except errors.UnsupportedUpdate:
        if not engine.memory.active or not any(map(_has_places, flat)):
            raise
    engine.memory.state, engine.depth, engine.fresh, b.loc = state, depth, fresh, op.loc
    del b.ops[mark:]
    arrays = {i: v for i, v in enumerate(flat) if _has_places(v)}
    flat = [b.call(range, b.call(len, v)) if i in arrays else v for i, v in enumerate(flat)]
    return _loop(engine, b, op, env, frame, flat, shape, inits, arrays)


def _has_places(iterable: Value) -> bool:
    """Whether going over it is reading it at one position after the other, so that updates of its elements are followed."""
    kind = iterable.kind
    return (isinstance(kind, Array) and bool(kind.axes)) or (isinstance(kind, List) and has_elements(kind))


def _loop(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, flat: list[Value], shape: list,
    inits: list[Value], arrays: dict[int, Value] | None = None,
) -> list[Value]:  # fmt: skip
    """A loop that stays a loop. `arrays`: those whose elements are read at the positions that it goes over."""
    arrays = arrays or {}
    flat = [as_list(b, v) for v in flat]
    names_of_items = item_names(op, shape)
    outer_items = [Value(names_of_items.get(i, ""), item_kind(v, op.loc)) for i, v in enumerate(flat)]

    def build(params: list[Value], carry: Carry):
        inner = b.nested()
        bound = carry.enter(inner, params)
        items = [Value(v.name, v.kind) for v in outer_items]
        for item, iterable in zip(items, flat):
            if holds_memory(item.kind):
                engine.memory.note_doubt(item, [iterable])
        given = list(items)
        for i, array in arrays.items():
            given[i] = inner.call(operator.getitem, engine.memory.current(inner, array, op.loc), items[i])
        rows = {p: bundle(inner, s, given) for p, s in zip(op.items, shape)}
        carried = dict(zip(op.carried, bound))
        yields = engine.region(inner, op.body, {**env, **rows, **carried}, frame)
        yields = carry.leave(inner, params, bound_or_not(inner, yields))
        return (inner.region([*items, *params], yields),), yields

    names = [p.name for p in op.carried]
    loop = carry_memory(engine, b, op, names, inits, build)
    for cell in engine.memory.held(flat):
        if cell in loop.carry.cells or (cell,) in loop.carry.slots:
            raise _changes(engine.memory.called(cell), op.loc)
    for array in arrays.values():
        if engine.memory.elements.orders.get(engine.memory.ref(array).cell) in loop.carry.cells:
            raise _changes(engine.memory.called(array), op.loc)
    results = loop.results(op)
    attrs = {"iterables": len(flat), "collected": op.attrs["collected"], "stops": op.attrs["stops"]}
    b.op("for", [*flat, *loop.inits], results, loop.regions, **attrs)
    return loop.settle(b, op, results)


def _changes(iterable: str, loc: Any) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(
        f"a loop goes over `{iterable}` and updates it", loc,
        "what the later iterations find there depends on the earlier ones", "go over positions, or over a copy",
    )  # fmt: skip


# Unrolling


def _as_long(b: TypedBuilder, value: Value, before: Value) -> bool:
    """Whether the container still has as many elements, or the same keys."""
    if isinstance(before.kind, Dict):
        return isinstance(value.kind, Dict) and value.kind.keys == before.kind.keys
    known = value in b.parts or not isinstance(value.kind, List)
    return known and len(elements(b, value)) == len(elements(b, before))


@dataclass(frozen=True)
class Rows:
    """What the iterations of an unrolled loop go over, each read when its turn has come: the loop may change it."""

    engine: Inference
    flat: list[Value]
    shape: list
    length: int
    loc: Any

    def at(self, b: TypedBuilder, k: int) -> list[Any]:
        """The items of iteration k."""
        now = self.now(b)
        return [nest_of(s, [elements(b, v)[k] for v in now]) for s in self.shape]

    def now(self, b: TypedBuilder) -> list[Value]:
        """What is gone over, as it is now: as long as it was."""
        now = [self.engine.memory.current(b, v, self.loc) for v in self.flat]
        for value, before in zip(now, self.flat):
            if value is not before and not _as_long(b, value, before):
                raise _changes(self.engine.memory.called(before), self.loc)
        return now


def _unroll(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, rows: Rows, carried: list[Value], start: int = 0
) -> list[Value]:
    """The iterations one after the other; where one may stop the loop, the rest is nested in an `if`."""
    collected: list[list[Value]] = [[] for _ in range(op.attrs["collected"])]
    first = 1 if op.attrs["stops"] else 0
    for k in range(start, rows.length):
        bound = {p: bundle_nest(b, nest) for p, nest in zip(op.items, rows.at(b, k))}
        yields = engine.region(b, op.body, {**env, **bound, **dict(zip(op.carried, carried))}, frame)
        carried = yields[first : first + len(carried)]
        for values, value in zip(collected, yields[first + len(carried) :]):
            values.append(value)
        stop = truth(yields[0].kind) if first else False
        if stop:
            break
        if stop is None:
            carried = _rest(engine, b, op, env, frame, yields[0], rows, carried, k + 1)
            break
    else:
        rows.now(b)
    return [*carried, *(b.list(values) for values in collected)]


def _rest(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, stop: Value, rows: Rows, carried: list[Value],
    start: int,
) -> list[Value]:  # fmt: skip
    if start == rows.length:
        return carried
    if op.attrs["collected"]:
        raise errors.InternalError("a loop that stops early and collects can't be unrolled")
    return engine.branch(
        b, stop, [lambda inner: list(carried), lambda inner: _unroll(engine, inner, op, env, frame, rows, carried, start)],
        [v.name for v in carried],
    )  # fmt: skip
