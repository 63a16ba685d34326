"""What a loop carries: its variables and the memory that its body writes to, built until both have settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.analysis.kinds import join, widen
from backprose.ir.kinds import Kind, List, Unknown
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import defined_values
from backprose.transform import opened
from backprose.transform.memory import Cell, Memory, holds_memory, still_held
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

ROUNDS = 20  # kinds form short chains, so a loop that has not settled by then never will


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
        touched = opened.check(engine, b, op, [c for c in memory.written(before, inside) if c not in cells], before)
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
