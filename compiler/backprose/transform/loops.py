"""Inference of loops: bodies built over what they go over, known lengths unrolled."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import UNBOUND, Array, Unbound
from backprose.ir.nodes import Op, Value
from backprose.transform.carried import carry_memory, with_cells
from backprose.transform.iterables import (
    as_list, bundle, bundle_nest, elements, flatten, item_kind, item_names, known_length, nest_of,
)  # fmt: skip
from backprose.transform.memory import Cell, holds_memory
from backprose.transform.typed import TypedBuilder, truth

if TYPE_CHECKING:
    from backprose.transform.infer import Env, Frame, Inference


def infer_for(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    iterables = [env[v] for v in op.iterables]
    flat, shape = flatten(engine, b, iterables, op.loc)
    inits = bound_or_not(b, [env[v] for v in op.inits])
    length = known_length(b, flat)
    if length is not None:
        items = [elements(b, v)[:length] for v in flat]
        rows = [[nest_of(s, [column[k] for column in items]) for s in shape] for k in range(length)]
        held = engine.memory.held(flat)
        values = _unroll(engine, b, op, env, frame, rows, inits)
        if any(engine.memory.now(cell) is not then for cell, then in held.items()):
            raise _changes(engine.memory.called(next(v for v in flat if holds_memory(v.kind))), op.loc)
    else:
        values = _loop_or_positions(engine, b, op, env, frame, flat, shape, inits)
    env.update(zip(op.results, values))


def infer_while(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    inits = bound_or_not(b, [env[v] for v in op.inits])
    cond, _ = op.regions

    def build(params: list[Value], bound: list[Value], cells: list[Cell]):
        memory, count = engine.memory, len(inits)
        head, state = b.nested(), dict(memory.state)
        (test,) = engine.region(head, cond, {**env, **dict(zip(cond.params, bound))}, frame)
        if memory.written(state):
            raise errors.UnsupportedUpdate(
                "the condition of this loop updates something in place", op.loc, "", "update it in the loop's body"
            )
        inner_params = [Value(v.name, v.kind) for v in params]
        for cell, param in zip(cells, inner_params[count:]):
            memory.replace(cell, param)
        bound = [p if x is q else x for x, p, q in zip(bound, inner_params, params)]
        inner = b.nested()
        yields = engine.region(inner, op.body, {**env, **dict(zip(op.carried, bound))}, frame)
        yields = with_cells(memory, inner, op, bound_or_not(inner, yields), bound, cells)
        for param, own in zip(params, inner_params):
            memory.move(own, param)
        return (head.region(params, [test]), inner.region(inner_params, yields)), yields

    names = [p.name for p in cond.params]
    loop = carry_memory(engine, b, op, names, inits, build)
    results = loop.results(op)
    attrs = {"collected": op.attrs["collected"], "stops": op.attrs["stops"]}
    b.op("while", loop.inits, results, loop.regions, **attrs)
    env.update(zip(op.results, loop.settle(engine, b, op, inits, results)))


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
        if not engine.memory.active or not any(isinstance(v.kind, Array) and v.kind.axes for v in flat):
            raise
    engine.memory.state, engine.depth, engine.fresh, b.loc = state, depth, fresh, op.loc
    del b.ops[mark:]
    arrays = {i: v for i, v in enumerate(flat) if isinstance(v.kind, Array) and v.kind.axes}
    flat = [b.call(range, b.call(len, v)) if i in arrays else v for i, v in enumerate(flat)]
    return _loop(engine, b, op, env, frame, flat, shape, inits, arrays)


def _loop(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, flat: list[Value], shape: list,
    inits: list[Value], arrays: dict[int, Value] | None = None,
) -> list[Value]:  # fmt: skip
    """A loop that stays a loop. `arrays`: those whose elements are read at the positions that it goes over."""
    arrays = arrays or {}
    flat = [as_list(b, v) for v in flat]
    names_of_items = item_names(op, shape)
    outer_items = [Value(names_of_items.get(i, ""), item_kind(v, op.loc)) for i, v in enumerate(flat)]

    def build(params: list[Value], bound: list[Value], cells: list[Cell]):
        inner = b.nested()
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
        yields = with_cells(engine.memory, inner, op, bound_or_not(inner, yields), bound, cells)
        return (inner.region([*items, *params], yields),), yields

    names = [p.name for p in op.carried]
    loop = carry_memory(engine, b, op, names, inits, build)
    for cell in engine.memory.held(flat):
        if cell in loop.cells:
            raise _changes(engine.memory.called(cell), op.loc)
    results = loop.results(op)
    attrs = {"iterables": len(flat), "collected": op.attrs["collected"], "stops": op.attrs["stops"]}
    b.op("for", [*flat, *loop.inits], results, loop.regions, **attrs)
    return loop.settle(engine, b, op, inits, results)


def _changes(iterable: str, loc: Any) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(
        f"a loop goes over `{iterable}` and updates it", loc,
        "what the later iterations find there depends on the earlier ones", "go over positions, or over a copy",
    )  # fmt: skip


# Unrolling


def _unroll(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, rows: list, carried: list[Value]
) -> list[Value]:
    """The iterations one after the other; where one may stop the loop, the rest is nested in an `if`."""
    collected: list[list[Value]] = [[] for _ in range(op.attrs["collected"])]
    for k, row in enumerate(rows):
        bound = {p: bundle_nest(b, nest) for p, nest in zip(op.items, row)}
        yields = engine.region(b, op.body, {**env, **bound, **dict(zip(op.carried, carried))}, frame)
        start = 1 if op.attrs["stops"] else 0
        carried = yields[start : start + len(carried)]
        for values, value in zip(collected, yields[start + len(carried) :]):
            values.append(value)
        stop = truth(yields[0].kind) if start else False
        if stop:
            break
        if stop is None:
            carried = _rest(engine, b, op, env, frame, yields[0], rows[k + 1 :], carried)
            break
    return [*carried, *(b.list(values) for values in collected)]


def _rest(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, stop: Value, rows: list, carried: list[Value]
) -> list[Value]:
    if not rows:
        return carried
    if op.attrs["collected"]:
        raise errors.InternalError("a loop that stops early and collects can't be unrolled")
    return engine.branch(
        b, stop, [lambda inner: list(carried), lambda inner: _unroll(engine, inner, op, env, frame, rows, carried)],
        [v.name for v in carried],
    )  # fmt: skip
