"""What a loop carries: its variables and the memory that its body writes to, built until both have settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.analysis.kinds import join, widen
from backprose.ir.kinds import Kind, List, Scalar, Unknown
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import defined_values
from backprose.transform import opened
from backprose.transform.memory import Cell, Memory, holds_memory, leaves_of, still_held
from backprose.transform.rebound import Rebound, Unsettled, all_separate
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

ROUNDS = 20  # kinds form short chains, so a loop that has not settled by then never will


@dataclass
class Carry:
    """What a loop carries besides its variables in one attempt at its body: memory, and numbers for what is rebound."""

    engine: Inference
    op: Op
    names: list[str]
    inits: list[Value]
    aliases: list[bool]  # variables that refer to the same memory throughout
    kinds: list[Kind]
    cells: list[Cell]
    rebound: Rebound | None

    @property
    def start(self) -> int:
        return 1 if self.op.attrs["stops"] else 0

    @property
    def numbers(self) -> list[str]:
        return [f"which_{self.names[i]}" for i in self.rebound.numbered] if self.rebound is not None else []

    def values(self) -> list[Value]:
        """A new value for everything that is carried: the parameters of a region, or what is there after the loop."""
        named = zip([*self.names, *(cell.name for cell in self.cells)], self.kinds)
        return [*(Value(n, k) for n, k in named), *(Value(n, Scalar("int")) for n in self.numbers)]

    def apart(self, values: list[Value]) -> tuple[list[Value], list[Value], list[Value]]:
        """What is carried: variables, cells, numbers."""
        count, end = len(self.inits), len(self.inits) + len(self.cells)
        return values[:count], values[count:end], values[end : end + len(self.numbers)]

    def enter(self, b: TypedBuilder, params: list[Value]) -> list[Value]:
        """What the variables refer to at the beginning of a region with these parameters."""
        memory = self.engine.memory
        variables, stored, numbers = self.apart(params)
        for cell, param in zip(self.cells, stored):
            memory.replace(cell, param)
        bound = [init if alias else param for param, init, alias in zip(variables, self.inits, self.aliases)]
        if self.rebound is not None:
            for i, value in self.rebound.bound(memory, b, variables, numbers).items():
                bound[i] = value
        return bound

    def leave(self, b: TypedBuilder, params: list[Value], yields: list[Value]) -> list[Value]:
        """What the body yields, with what the cells hold and what the variables refer to."""
        split = self.start + len(self.inits)
        stored = [self.engine.memory.whole(b, cell) for cell in self.cells]
        numbers: list[Value] = []
        if self.rebound is not None:
            inside = {*defined_values(b.region()), *params}
            numbers = self.rebound.next_numbers(self.engine, b, yields[self.start : split], inside)
        return [*yields[:split], *stored, *numbers, *yields[split:]]


@dataclass
class Loop:
    """A loop's regions once kinds and memory have settled."""

    carry: Carry
    regions: tuple[Region, ...]
    collected: list[Kind]
    inits: list[Value]
    yields: list[Value]
    before: dict[Cell, Value]
    params: set[Value]
    shares: dict[int, list[Cell]] | None  # by variable: the memory from before the loop that it may be; None if not told

    @property
    def cells(self) -> list[Cell]:
        return self.carry.cells

    @property
    def inside(self) -> set[Value]:
        return set().union(*map(defined_values, self.regions))

    def results(self, op: Op) -> list[Value]:
        count = len(op.inits)
        carried = self.carry.values()
        variables = [Value(r.name, v.kind) for r, v in zip(op.results, carried[:count])]
        return [*variables, *carried[count:], *(Value(r.name, k) for r, k in zip(op.results[count:], self.collected))]

    def settle(self, engine: Inference, b: TypedBuilder, op: Op, inits: list[Value], results: list[Value]) -> list[Value]:
        """What the variables refer to after the loop; the values of the op's own results."""
        memory = engine.memory
        memory.state = dict(self.before)
        variables, stored, numbers = self.carry.apart(results)
        for cell, value in zip(self.cells, stored):
            memory.replace(cell, value)
        collected = results[len(variables) + len(stored) + len(numbers) :]
        if self.carry.rebound is None:
            out = self._followed(engine, b, inits, variables)
        else:
            told = self.carry.rebound.bound(memory, b, variables, numbers)
            out = [init if alias else told.get(i, v) for i, (init, alias, v) in enumerate(zip(inits, self.carry.aliases, variables))]
            out = [memory.current(b, v, op.loc) for v in out]
        for result, value in zip(collected, self.yields[len(inits) :]):
            memory.note_collected(result, value, self.inside)
        return [*out, *collected]

    def _followed(self, engine: Inference, b: TypedBuilder, inits: list[Value], results: list[Value]) -> list[Value]:
        memory, aliases = engine.memory, self.carry.aliases
        out, inside = [], self.inside
        rebound = [v for v, alias in zip(inits, aliases) if not alias and holds_memory(v.kind)]
        fresh = [memory.is_fresh(b, v, inside - self.params) for v in self.yields[: len(inits)]]
        for i, (init, alias, result, after) in enumerate(zip(inits, aliases, results, self.yields)):
            if alias:
                out.append(memory.current(b, init, b.loc))
                continue
            if self.shares is None or i not in self.shares:
                memory.follow(result, [after, init] if fresh[i] else [after, init, *rebound], inside)
            out.append(result)
        memory.link([(results[i], cells) for i, cells in (self.shares or {}).items()])
        for i in self.shares or {}:
            memory.freeze_like(results[i], memory.cells_of(self.yields[i]))
        others = [i for i, alias in enumerate(aliases) if not alias]
        memory.note_together(b, [results[i] for i in others], [[self.yields[i] for i in others]])
        return out


def carry_memory(engine: Inference, b: TypedBuilder, op: Op, names: list[str], inits: list[Value], build: Any) -> Loop:
    """Build the body until the kinds of what it carries have settled, and which cells it writes to."""
    try:
        return _settled(engine, b, op, names, inits, build)
    except Unsettled as found:
        raise _shared(op, *found.args) from None


def _settled(engine: Inference, b: TypedBuilder, op: Op, names: list[str], inits: list[Value], build: Any) -> Loop:
    memory, loc = engine.memory, b.loc
    before = dict(memory.state)
    kinds = [widen(v.kind) for v in inits]
    aliases = [memory.active and holds_memory(v.kind) and memory.is_told(v) for v in inits]
    rebound = Rebound(names) if engine.careful and memory.active else None
    cells: list[Cell] = []
    for _ in range(ROUNDS):
        b.loc = loc
        if rebound is not None:
            rebound.grown = False
            for i, init in enumerate(inits):
                if not aliases[i] and holds_memory(kinds[i]) and i not in rebound.alternatives:
                    rebound.begin(memory, i, init)
        carry = Carry(engine, op, names, inits, aliases, kinds, cells, rebound)
        params = carry.values()
        memory.state = dict(before)
        memory.freeze_contents([v for v, alias in zip(inits, aliases) if not alias])
        memory.freeze_contents([before.get(c, c.root) for c in cells])
        engine.depth += 1
        regions, yields = build(params, carry)
        engine.depth -= 1
        carried, _, _ = carry.apart(yields[carry.start :])
        gone = [alias and not memory.same(init, after) for alias, init, after in zip(aliases, inits, carried)]
        inside = set().union(*map(defined_values, regions))
        touched = opened.check(engine, b, op, [c for c in memory.written(before, inside) if c not in cells], before)
        if any(gone):  # what was written to was written through a wrong guess
            aliases = [alias and not left for alias, left in zip(aliases, gone)]
            cells, kinds = [], kinds[: len(inits)]
            continue
        if touched:
            cells = [*cells, *touched]
            kinds = [*kinds, *(widen(before.get(c, c.root).kind) for c in touched)]
            continue
        joined = [join(k, widen(v.kind)) for k, v in zip(kinds, yields[carry.start :])]
        _check_kinds(op, names, kinds, joined)
        if joined == kinds and not (rebound is not None and rebound.grown):
            b.loc = loc
            memory.freeze_contents(yields)
            _check_frozen(carry, params, carried)
            shares = None if rebound is not None else _check_sharing(carry, params, carried, inside)
            memory.state = dict(before)
            numbers = rebound.first_numbers(engine, b, inits) if rebound is not None else []
            passed = [*inits, *(memory.whole(b, c) for c in cells), *numbers]
            collects = yields[carry.start + len(params) :]
            found = [List(widen(v.kind)) for v in collects]
            return Loop(carry, regions, found, passed, [*carried, *collects], before, set(params), shares)
        kinds = joined
    raise errors.UnresolvedKind(
        "the kinds of the variables in this loop do not settle", op.loc,
        "each iteration gives them another kind", "keep the structure of what the loop carries the same",
    )  # fmt: skip


def _check_kinds(op: Op, names: list[str], kinds: list[Kind], joined: list[Kind]) -> None:
    for name, before, after in zip([*names, *[""] * len(kinds)], kinds, joined):
        if isinstance(after, Unknown) and not isinstance(before, Unknown):
            raise errors.UnresolvedKind(
                f"`{name or 'a value'}` changes its kind in the loop", op.loc,
                f"it is {before} before an iteration and something else after it",
                "use one kind for it throughout the loop",
            )  # fmt: skip


def _check_frozen(carry: Carry, params: list[Value], carried: list[Value]) -> None:
    """What one iteration puts where it is not followed may not be updated by a later one."""
    memory, inits = carry.engine.memory, carry.inits
    if not memory.active:
        return
    for cell in carry.cells:
        if cell in memory.frozen:
            raise still_held(cell, carry.op.loc)
    own = {
        i: memory.ref(params[i]).cell for i, alias in enumerate(carry.aliases)
        if not alias and holds_memory(inits[i].kind)
    }  # fmt: skip
    settled = False
    while not settled:
        settled = True
        for i, cell in own.items():
            if cell not in memory.frozen and any(c in memory.frozen for c in memory.cells_of(carried[i])):
                memory.frozen[cell], settled = params[i].name, False
    for i, cell in own.items():
        if cell in memory.frozen and memory.now(cell) is not params[i]:
            raise still_held(cell, carry.op.loc)


def _check_sharing(
    carry: Carry, params: list[Value], carried: list[Value], inside: set[Value]
) -> dict[int, list[Cell]] | None:
    """Variables that are rebound in the loop: in the first iteration they share memory with what they held before it.

    That is seen if the body writes to them, or to that memory. Arrays that only change places, each under one name,
    are the common case and are safe as long as the memory that they had before is not read by other names.
    """
    memory, op, inits, cells = carry.engine.memory, carry.op, carry.inits, carry.cells
    rebound = [i for i, alias in enumerate(carry.aliases) if not alias and holds_memory(inits[i].kind)]
    own = {i: memory.refs[params[i]].cell for i in rebound if params[i] in memory.refs}
    written = [i for i, cell in own.items() if memory.now(cell) is not params[i]]
    sources = {i: memory.ref(inits[i]) for i in rebound}
    told = {i: leaves_of(memory.where(carried[i])) for i in rebound if memory.is_told(carried[i])}
    for i in rebound:
        if sources[i].cell in cells:
            raise _shared(op, params[i].name, sources[i].cell.name)
        if i not in told and (written or cells):
            raise _shared(op, params[i].name, _other(memory, carried[i]), memory.reshapes_behind(carried[i]))
        for ref in told.get(i, ()):
            if ref.cell.root not in inside and (ref.cell in cells or written):
                raise _shared(op, params[i].name, ref.cell.name)
    doubtful = next((i for i in rebound if inits[i] in memory.doubtful), None)
    if written and doubtful is not None:
        reshapes = memory.reshapes_behind(inits[doubtful])
        raise _shared(op, params[doubtful].name, _other(memory, inits[doubtful]), reshapes)
    separate = doubtful is None and len(told) == len(rebound) and all(
        all_separate(wheres, lambda cell: True)
        for wheres in ([memory.where(carried[i]) for i in rebound], list(sources.values()))
    )
    if written and not separate:
        name, others = params[written[0]].name, (params[i].name for i in rebound if i != written[0])
        raise _shared(op, name, next(others, "what it was before"))
    if not separate or any(ref.cell.root not in inside for refs in told.values() for ref in refs):
        return None
    if written:  # a view that was kept from before the loop may have changed
        memory.poisoned.update((ref.cell, params[written[0]].name) for ref in sources.values())
    fresh = {i for i in rebound if all(ref.cell == own.get(i) or ref.cell.root not in params for ref in told[i])}
    starts = [ref.cell for ref in sources.values()]
    return {i: [sources[i].cell] if i in fresh else starts for i in rebound}


def _other(memory: Memory, value: Value) -> str:
    return next(iter(memory.doubtful[value])).name


def _shared(op: Op, name: str, other: str, reshapes: frozenset = frozenset()) -> errors.UnsupportedUpdate:
    error = errors.UnsupportedUpdate(
        f"whether `{name or 'a value'}` and `{other or 'another'}` share memory changes in this loop", op.loc,
        "one of them is updated in place, and the other may have to change with it", "copy one of them first: `.copy()`",
    )  # fmt: skip
    error.reshapes = reshapes
    return error
