"""Inference of loops: iterables resolved, kinds of carried values to a fixed point, known lengths unrolled."""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import backprose_runtime

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.examples import result_kind
from backprose.analysis.kinds import join, widen
from backprose.ir.kinds import (
    UNBOUND, UNKNOWN, Array, Dict, FixedList, Kind, List, Range, Scalar, Static, Tuple, Unbound, Unknown,
)  # fmt: skip
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import defined_values
from backprose.transform.type_questions import is_namedtuple
from backprose.transform.memory import Cell, Memory, holds_memory, still_held
from backprose.transform.typed import TypedBuilder, truth

if TYPE_CHECKING:
    from backprose.transform.infer import Env, Frame, Inference

ROUNDS = 20  # kinds form short chains, so a loop that has not settled by then never will


def infer_for(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    iterables = [env[v] for v in op.iterables]
    flat, shape = _flatten(engine, b, iterables, op.loc)
    inits = bound_or_not(b, [env[v] for v in op.inits])
    length = _known_length(b, flat)
    if length is not None:
        items = [_elements(b, v)[:length] for v in flat]
        rows = [[_nest(s, [column[k] for column in items]) for s in shape] for k in range(length)]
        held = engine.memory.held(flat)
        values = _unroll(engine, b, op, env, frame, rows, inits)
        if any(engine.memory.now(cell) is not then for cell, then in held.items()):
            raise _changes(next(v for v in flat if holds_memory(v.kind)), op.loc)
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
    flat = [_as_list(b, v) for v in flat]
    names_of_items = _item_names(op, shape)
    outer_items = [Value(names_of_items.get(i, ""), _item_kind(v, op.loc)) for i, v in enumerate(flat)]

    def build(params: list[Value], bound: list[Value], cells: list[Cell]):
        inner = b.nested()
        items = [Value(v.name, v.kind) for v in outer_items]
        for item, iterable in zip(items, flat):
            if holds_memory(item.kind):
                engine.memory.note_doubt(item, [iterable])
        given = list(items)
        for i, array in arrays.items():
            given[i] = inner.call(operator.getitem, engine.memory.current(inner, array, op.loc), items[i])
        rows = {p: _bundle(inner, s, given) for p, s in zip(op.items, shape)}
        carried = dict(zip(op.carried, bound))
        yields = engine.region(inner, op.body, {**env, **rows, **carried}, frame)
        yields = with_cells(engine.memory, inner, op, bound_or_not(inner, yields), bound, cells)
        return (inner.region([*items, *params], yields),), yields

    names = [p.name for p in op.carried]
    loop = carry_memory(engine, b, op, names, inits, build)
    for cell in engine.memory.held(flat):
        if cell in loop.cells:
            raise _changes(cell, op.loc)
    results = loop.results(op)
    attrs = {"iterables": len(flat), "collected": op.attrs["collected"], "stops": op.attrs["stops"]}
    b.op("for", [*flat, *loop.inits], results, loop.regions, **attrs)
    return loop.settle(engine, b, op, inits, results)


@dataclass
class Loop:
    """A loop's regions once kinds and memory have settled. What it carries besides variables are cells."""

    regions: tuple[Region, ...]
    kinds: list[Kind]
    collected: list[Kind]
    inits: list[Value]
    cells: list[Cell]
    aliases: list[bool]  # variables that refer to the same memory throughout
    yields: list[Value]
    before: dict[Cell, Value]
    params: set[Value]
    separate: bool  # what it carries are pieces of memory that change places, and nothing else refers to them

    @property
    def inside(self) -> set[Value]:
        return set().union(*map(defined_values, self.regions))

    def results(self, op: Op) -> list[Value]:
        count = len(op.inits)
        names = [*(r.name for r in op.results[:count]), *(c.name for c in self.cells)]
        carried = [Value(n, k) for n, k in zip(names, self.kinds)]
        return [*carried, *(Value(r.name, k) for r, k in zip(op.results[count:], self.collected))]

    def settle(self, engine: Inference, b: TypedBuilder, op: Op, inits: list[Value], results: list[Value]) -> list[Value]:
        """What the variables refer to after the loop; the values of the op's own results."""
        memory, count = engine.memory, len(op.inits)
        memory.state = dict(self.before)
        for cell, value in zip(self.cells, results[count:]):
            memory.replace(cell, value)
        out, inside = [], self.inside
        rebound = [v for v, alias in zip(inits, self.aliases) if not alias and holds_memory(v.kind)]
        fresh = [memory.is_fresh(b, v, inside - self.params) for v in self.yields[:count]]
        for init, alias, result, after, own in zip(inits, self.aliases, results, self.yields, fresh):
            if alias:
                out.append(memory.current(b, init, op.loc))
                continue
            if not self.separate:  # in a loop that only permutes buffers, what they were before is not read again
                memory.follow(result, [after, init] if own else [after, init, *rebound], inside)
            out.append(result)
        others = [i for i, alias in enumerate(self.aliases) if not alias]
        memory.note_together(b, [results[i] for i in others], [[self.yields[i] for i in others]])
        collected = results[count + len(self.cells) :]
        for result, value in zip(collected, self.yields[len(inits) :]):
            memory.note_collected(result, value, self.inside)
        return [*out, *collected]


def with_cells(
    memory: Memory, b: TypedBuilder, op: Op, yields: list[Value], bound: list[Value], cells: list[Cell]
) -> list[Value]:
    """What the body yields, with what the cells hold. A variable that refers to the same memory throughout passes."""
    start = 1 if op.attrs["stops"] else 0
    count = len(bound)
    stored = [memory.whole(b, cell) for cell in cells]
    return [*yields[: start + count], *stored, *yields[start + count :]]


def carry_memory(engine: Inference, b: TypedBuilder, op: Op, names: list[str], inits: list[Value], build: Any) -> Loop:
    """Build the body until the kinds of what it carries have settled, and which cells it writes to."""
    memory, loc = engine.memory, b.loc
    before = dict(memory.state)
    kinds = [widen(v.kind) for v in inits]
    aliases = [memory.active and holds_memory(v.kind) and v not in memory.doubtful for v in inits]
    cells: list[Cell] = []
    for _ in range(ROUNDS):
        b.loc = loc
        params = [Value(n, k) for n, k in zip([*names, *(c.name for c in cells)], kinds)]
        memory.state = dict(before)
        memory.freeze_contents([v for v, alias in zip(inits, aliases) if not alias])
        memory.freeze_contents([before.get(c, c.root) for c in cells])
        for cell, param in zip(cells, params[len(inits) :]):
            memory.replace(cell, param)
        engine.depth += 1
        regions, yields = build(params, _bound(engine, b, params, inits, aliases), cells)
        engine.depth -= 1
        start = 1 if op.attrs["stops"] else 0
        carried = yields[start : start + len(inits)]
        collects = yields[start + len(inits) + len(cells) :]
        rebound = [alias and not memory.same(init, after) for alias, init, after in zip(aliases, inits, carried)]
        inside = set().union(*map(defined_values, regions))
        touched = [c for c in memory.written(before, inside) if c not in cells]
        if any(rebound):  # what was written to was written through a wrong guess
            aliases = [alias and not gone for alias, gone in zip(aliases, rebound)]
            cells, kinds = [], kinds[: len(inits)]
            continue
        if touched:
            cells += touched
            kinds += [widen(before.get(c, c.root).kind) for c in touched]
            continue
        joined = [join(k, widen(v.kind)) for k, v in zip(kinds, yields[start : start + len(kinds)])]
        _check_kinds(op, names, kinds, joined)
        if joined == kinds:
            b.loc = loc
            memory.freeze_contents(yields)
            _check_frozen(engine, op, inits, params, carried, aliases, cells)
            separate = _check_sharing(engine, op, inits, params, carried, aliases, cells, inside)
            memory.state = dict(before)
            passed = [*inits, *(memory.whole(b, c) for c in cells)]
            found = [List(widen(v.kind)) for v in collects]
            return Loop(regions, kinds, found, passed, cells, aliases, [*carried, *collects], before, set(params), separate)
        kinds = joined
    raise errors.UnresolvedKind(
        "the kinds of the variables in this loop do not settle", op.loc,
        "each iteration gives them another kind", "keep the structure of what the loop carries the same",
    )  # fmt: skip


def _bound(engine: Inference, b: TypedBuilder, params: list[Value], inits: list[Value], aliases: list[bool]) -> list[Value]:
    """What the body's variables hold at first: the parameter, or the memory that they refer to throughout."""
    return [init if alias else param for param, init, alias in zip(params, inits, aliases)]


def _check_kinds(op: Op, names: list[str], kinds: list[Kind], joined: list[Kind]) -> None:
    for name, before, after in zip([*names, *[""] * len(kinds)], kinds, joined):
        if isinstance(after, Unknown) and not isinstance(before, Unknown):
            raise errors.UnresolvedKind(
                f"`{name or 'a value'}` changes its kind in the loop", op.loc,
                f"it is {before} before an iteration and something else after it",
                "use one kind for it throughout the loop",
            )  # fmt: skip


def _changes(iterable: Value | Cell, loc: Any) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(
        f"a loop goes over `{iterable.name or 'a value'}` and updates it", loc,
        "what the later iterations find there depends on the earlier ones", "go over positions, or over a copy",
    )  # fmt: skip


def _check_frozen(
    engine: Inference, op: Op, inits: list[Value], params: list[Value], carried: list[Value], aliases: list[bool],
    cells: list[Cell],
) -> None:  # fmt: skip
    """What one iteration puts where it is not followed may not be updated by a later one."""
    memory = engine.memory
    if not memory.active:
        return
    for cell in cells:
        if cell in memory.frozen:
            raise still_held(cell, op.loc)
    own = {i: memory.ref(params[i]).cell for i, alias in enumerate(aliases) if not alias and holds_memory(inits[i].kind)}
    settled = False
    while not settled:
        settled = True
        for i, cell in own.items():
            if cell not in memory.frozen and any(c in memory.frozen for c in memory.cells_of(carried[i])):
                memory.frozen[cell], settled = params[i].name, False
    for i, cell in own.items():
        if cell in memory.frozen and memory.now(cell) is not params[i]:
            raise still_held(cell, op.loc)


def _check_sharing(
    engine: Inference, op: Op, inits: list[Value], params: list[Value], carried: list[Value], aliases: list[bool],
    cells: list[Cell], inside: set[Value],
) -> bool:  # fmt: skip
    """Variables that are rebound in the loop: in the first iteration they share memory with what they held before it.

    That is seen if the body writes to them, or to that memory. Arrays that only change places, each under one name,
    are the common case and are safe; the memory they had before is not read again.
    """
    memory = engine.memory
    rebound = [i for i, alias in enumerate(aliases) if not alias and holds_memory(inits[i].kind)]
    own = {i: memory.refs[params[i]].cell for i in rebound if params[i] in memory.refs}
    written = {i for i, cell in own.items() if memory.now(cell) is not params[i]}
    sources = {i: memory.ref(inits[i]) for i in rebound}
    afters = {i: memory.ref(carried[i]) for i in rebound}
    for i in rebound:
        source, after = sources.get(i), afters.get(i)
        if source is not None and source.cell in cells:
            raise _shared(op, params[i], source.cell.name)
        if after is not None and after.cell.root not in inside and (after.cell in cells or i in written or written):
            raise _shared(op, params[i], after.cell.name)
        if carried[i] in memory.doubtful and (written or cells):
            raise _shared(op, params[i], next(iter(memory.doubtful[carried[i]])).name)
    if not written:
        return False
    for i in rebound:
        if inits[i] in memory.doubtful:
            raise _shared(op, params[i], next(iter(memory.doubtful[inits[i]])).name)
    ends = [ref for ref in afters.values()]
    if len({ref.cell for ref in ends}) != len(ends) or any(ref.path for ref in ends):
        raise _shared(op, params[min(written)], "another")
    starts = [sources[i] for i in rebound if i in sources]
    if len({ref.cell for ref in starts}) != len(starts) or any(ref.path for ref in starts):
        raise _shared(op, params[min(written)], "another")
    for ref in starts:
        memory.poisoned[ref.cell] = params[min(written)].name
    return True


def _shared(op: Op, value: Value, other: str) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(
        f"whether `{value.name or 'a value'}` and `{other or 'another'}` share memory changes in this loop", op.loc,
        "one of them is updated in place, and the other may have to change with it", "copy one of them first: `.copy()`",
    )  # fmt: skip


# Iterables: `zip`, `enumerate` and their kin are taken apart into what they go over


def _flatten(engine: Inference, b: TypedBuilder, iterables: list[Value], loc: Any) -> tuple[list[Value], list[Any]]:
    """The plain iterables, and for each item of the loop a nest of indices into them."""
    flat: list[Value] = []

    def shape_of(value: Value) -> Any:
        engine.spend(value, loc)
        if value in engine.single:
            return shape_of(engine.single[value])
        if value in engine.iterators:
            return tuple(shape_of(v) for v in engine.iterators[value])
        flat.append(engine.memory.current(b, value, loc))
        return len(flat) - 1

    return flat, [shape_of(v) for v in iterables]


def _nest(shape: Any, items: list[Value]) -> Any:
    return tuple(_nest(s, items) for s in shape) if isinstance(shape, tuple) else items[shape]


def _bundle(b: TypedBuilder, shape: Any, items: list[Value]) -> Value:
    """The loop's item as the user sees it: a tuple where several iterables go in lockstep."""
    if isinstance(shape, tuple):
        return b.tuple([_bundle(b, s, items) for s in shape])
    return items[shape]


def _bundle_nest(b: TypedBuilder, nest: Any) -> Value:
    return b.tuple([_bundle_nest(b, n) for n in nest]) if isinstance(nest, tuple) else nest


def _as_list(b: TypedBuilder, iterable: Value) -> Value:
    """A tuple of numbers as a list, whose elements the reverse sweep can go over as well."""
    kind = iterable.kind
    if not isinstance(kind, (FixedList, Tuple)) and not is_namedtuple(kind):
        return iterable
    if not any(map(carries_derivative, kind.items)):
        return iterable
    return b.list(b.items_of(iterable), List(_item_kind(iterable, b.loc)), iterable.name)


def _item_names(op: Op, shape: list) -> dict[int, str]:
    """The user's names of the plain items: those that the body gives to the parts of its targets."""
    parts: dict[Value, list[Op]] = {}
    for inner in op.body.ops:
        if inner.fn in (operator.getitem, backprose_runtime.unpack):
            parts.setdefault(inner.operands[0], []).append(inner)
    constants = {inner.result: inner.attrs["value"] for inner in op.body.ops if inner.name == "const"}
    names: dict[int, str] = {}

    def visit(item: Value, nest: Any) -> None:
        if not isinstance(nest, tuple):
            names.setdefault(nest, item.name)
            return
        for use in parts.get(item, ()):
            if use.fn is backprose_runtime.unpack:
                visit(use.result, nest)
            elif constants.get(use.operands[1]) in range(len(nest)):
                visit(use.result, nest[constants[use.operands[1]]])

    for item, nest in zip(op.items, shape):
        visit(item, nest)
    return names


def _item_kind(iterable: Value, loc: Any) -> Kind:
    kind = iterable.kind
    if isinstance(kind, Range):
        return Scalar("int")
    if isinstance(kind, List):
        return kind.item
    if isinstance(kind, Array) and kind.axes:
        return result_kind(operator.getitem, (kind, Static(0)))
    if isinstance(kind, (FixedList, Tuple)) or is_namedtuple(kind):
        item: Kind = kind.items[0] if kind.items else UNKNOWN
        for k in kind.items[1:]:
            item = join(item, k)
        if not isinstance(item, Unknown):
            return item
    raise errors.UnresolvedKind(
        f"can't tell what this loop goes over: {kind}", loc,
        "loops go over ranges, arrays, lists, tuples, dicts, and zip, enumerate and reversed of these",
        "annotate the parameter, call with arguments, or loop over one of these",
    )  # fmt: skip


def _known_length(b: TypedBuilder, flat: list[Value]) -> int | None:
    """The number of iterations if an iterable is a container of known length; the others must then have elements."""
    lengths = [len(v.kind.items) for v in flat if isinstance(v.kind, (Tuple, FixedList, Dict)) or is_namedtuple(v.kind)]
    lengths += [len(v.kind.value) for v in flat if isinstance(v.kind, Static) and isinstance(v.kind.value, str)]
    lengths += [len(b.parts[v]) for v in flat if isinstance(v.kind, List) and v in b.parts]
    if not lengths:
        return None
    if any(not _has_elements(b, v) for v in flat):
        return None
    return min([*lengths, *(_static_range(b, v) for v in flat if isinstance(v.kind, Range))])


def _has_elements(b: TypedBuilder, value: Value) -> bool:
    if isinstance(value.kind, Range):
        return _static_range(b, value) is not None
    if isinstance(value.kind, List):
        return value in b.parts
    return isinstance(value.kind, (Tuple, FixedList, Dict, Static)) or is_namedtuple(value.kind)


def _static_range(b: TypedBuilder, value: Value) -> int | None:
    bounds = b.parts.get(value)
    if bounds is None or not all(isinstance(v.kind, Static) for v in bounds):
        return None
    return len(range(*(v.kind.value for v in bounds)))


def _elements(b: TypedBuilder, value: Value) -> list[Value]:
    if isinstance(value.kind, Range):
        return [b.const(i) for i in range(*(v.kind.value for v in b.parts[value]))]
    if isinstance(value.kind, Dict):
        return [b.const(key) for key in value.kind.keys]
    if isinstance(value.kind, Static):
        return [b.const(c) for c in value.kind.value]
    return list(b.items_of(value))


# Unrolling


def _unroll(
    engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame, rows: list, carried: list[Value]
) -> list[Value]:
    """The iterations one after the other; where one may stop the loop, the rest is nested in an `if`."""
    collected: list[list[Value]] = [[] for _ in range(op.attrs["collected"])]
    for k, row in enumerate(rows):
        bound = {p: _bundle_nest(b, nest) for p, nest in zip(op.items, row)}
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
