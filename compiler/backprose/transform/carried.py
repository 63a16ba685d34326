"""What a loop carries: its variables and the memory that its body writes to, built until both have settled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.analysis.kinds import join, widen
from backprose.ir.kinds import Kind, List, Record, Unknown
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import defined_values
from backprose.transform.doubts import still_held
from backprose.transform.places import Cell, holds_memory, leaves_of
from backprose.transform.rebound import Key, Rebound, Unsettled, all_separate
from backprose.transform.slots import Carry, Restructured, Slots
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

ROUNDS = 20  # kinds form short chains, so a loop that has not settled by then never will


@dataclass
class Loop:
    """A loop's regions once kinds and memory have settled."""

    carry: Carry
    regions: tuple[Region, ...]
    inits: list[Value]
    collects: list[Value]
    before: dict[Cell, Value]
    shares: dict[Key, list[Cell]] | None  # by slot: the memory from before the loop that it may be; None if not told

    @property
    def inside(self) -> set[Value]:
        return set().union(*map(defined_values, self.regions))

    def results(self, op: Op) -> list[Value]:
        names = {(i,): r.name for i, r in enumerate(op.results)}
        carried = self.carry.fresh()
        leaves = [Value(names.get(slot.key, slot.name), v.kind) for slot, v in zip(self.carry.leaves, carried)]
        collected = zip(op.results[len(op.inits) :], self.collects)
        return [*leaves, *carried[len(leaves) :], *(Value(r.name, List(widen(v.kind))) for r, v in collected)]

    def settle(self, b: TypedBuilder, op: Op, results: list[Value]) -> list[Value]:
        """What the variables refer to after the loop; the values of the op's own results."""
        memory, carry = self.carry.engine.memory, self.carry
        memory.state = dict(self.before)
        collected = results[len(results) - len(self.collects) :]
        values, bound = carry.bind(b, results[: len(results) - len(self.collects)])
        if carry.rebound is None:
            self._follow(b, values)
        for result, value in zip(collected, self.collects):
            memory.note_collected(result, value)
        return [*(memory.current(b, bound[i,], op.loc) for i in range(len(op.inits))), *collected]

    def _follow(self, b: TypedBuilder, results: dict[Key, Value]) -> None:
        """Note where the slots are that are rebound."""
        memory, carry, inside = self.carry.engine.memory, self.carry, self.inside
        params = {v for region in self.regions for v in region.params}
        slots = [slot for slot in carry.slots.values() if not slot.alias and not isinstance(slot.key[-1], Cell)]
        rebound = [slot.init for slot in slots if holds_memory(slot.init.kind)]
        shares = self.shares or {}
        for slot in slots:
            if slot.key not in shares:
                after = carry.carried[slot.key]
                fresh = memory.is_fresh(b, after, inside - params)
                memory.follow(results[slot.key], [after, slot.init] if fresh else [after, slot.init, *rebound], inside)
        memory.link([(results[key], cells) for key, cells in shares.items()])
        for key in shares:
            memory.freeze_like(results[key], memory.cells_of(carry.carried[key]))
        memory.note_together(b, [results[s.key] for s in slots], [[carry.carried[s.key] for s in slots]])


def carry_memory(engine: Inference, b: TypedBuilder, op: Op, names: list[str], inits: list[Value], build: Any) -> Loop:
    """Build the body until the kinds of what it carries have settled, and which cells it writes to."""
    slots = Slots(engine, b, names, inits)
    rebound = Rebound() if engine.careful and engine.memory.active else None
    before, depth, loc = dict(engine.memory.state), engine.depth, b.loc
    for _ in range(ROUNDS):
        b.loc, engine.memory.state, engine.depth = loc, dict(before), depth
        try:
            loop = _attempt(engine, b, op, slots, rebound, build, before)
        except Unsettled as found:
            raise _shared(op, *found.args) from None
        except Restructured as found:
            slots.whole.update(found.args)
            continue
        if loop is not None:
            return loop
    raise errors.UnresolvedKind(
        "the kinds of the variables in this loop do not settle", op.loc,
        "each iteration gives them another kind", "keep the structure of what the loop carries the same",
    )  # fmt: skip


def _attempt(
    engine: Inference, b: TypedBuilder, op: Op, slots: Slots, rebound: Rebound | None, build: Any,
    before: dict[Cell, Value],
) -> Loop | None:  # fmt: skip
    """One attempt at the body; None, with more known of the slots, if they had not settled."""
    memory, loc = engine.memory, b.loc
    found = slots.all()
    if rebound is not None:
        rebound.begin(memory, found)
    cells = [cell for cell in slots.cells if (cell,) not in found]
    carry = Carry(
        engine, op, found, {c: slots.kinds.setdefault((c,), widen(memory.now(c).kind)) for c in cells}, rebound
    )
    memory.freeze_contents([slot.init for slot in carry.leaves if not slot.alias])
    memory.freeze_contents(map(memory.now, cells))
    engine.depth, given, params = engine.depth + 1, len(memory.elements.given), carry.fresh()
    regions, yields = build(params, carry)
    engine.depth -= 1
    inside = set().union(*map(defined_values, regions))
    gone = [s.key for s in found.values() if s.alias and not memory.same(s.init, carry.carried[s.key])]
    touched = [c for c in memory.written(before, inside) if c not in slots.cells]
    if gone:  # what was written to was written through a wrong guess
        slots.aliases.update(dict.fromkeys(gone, False))
        slots.cells = [cell for cell in slots.cells if (cell,) in found]
        return None
    if touched:
        slots.cells += touched
        return None
    if not _same_kinds(carry, slots, yields) or (rebound is not None and rebound.grown):
        return None
    b.loc = loc
    _check_lists(carry, b, yields[carry.start + len(params) :], regions, given)
    moved = [carry.carried[slot.key] for slot in carry.leaves if not slot.alias]
    memory.freeze_contents([*moved, *yields[carry.start + len(carry.leaves) :]])
    _check_frozen(carry)
    shares = None if rebound is not None else _check_sharing(carry, inside)
    memory.state = dict(before)
    numbers = rebound.first_numbers(engine, b, found) if rebound is not None else []
    passed = [*carry.inits(), *(memory.whole(b, cell) for cell in cells), *numbers]
    return Loop(carry, regions, passed, yields[carry.start + len(passed) :], before, shares)


def _same_kinds(carry: Carry, slots: Slots, yields: list[Value]) -> bool:
    """Whether what is carried has the kinds at the end of an iteration that it had at its beginning."""
    keys = [*(slot.key for slot in carry.leaves), *((cell,) for cell in carry.cells)]
    names = [*(slot.text for slot in carry.leaves), *(cell.name for cell in carry.cells)]
    kinds = [slots.kinds[key] for key in keys]
    joined = [join(k, widen(v.kind)) for k, v in zip(kinds, yields[carry.start :])]
    _check_kinds(carry.op, names, kinds, joined)
    slots.kinds.update(zip(keys, joined))
    return joined == kinds


def _check_kinds(op: Op, names: list[str], kinds: list[Kind], joined: list[Kind]) -> None:
    for name, before, after in zip([*names, *[""] * len(kinds)], kinds, joined):
        if isinstance(after, Unknown) and isinstance(before, Record):
            raise errors.UnresolvedKind(
                f"a loop makes something else of an object of the class `{before.cls.__qualname__}`", op.loc,
                "it has other attributes after an iteration, or is of another class",
                "assign its attributes before the loop, best in `__init__`",
            )  # fmt: skip
        if isinstance(after, Unknown) and not isinstance(before, Unknown):
            raise errors.UnresolvedKind(
                f"`{name or 'a value'}` changes its kind in the loop", op.loc,
                f"it is {before} before an iteration and something else after it",
                "use one kind for it throughout the loop",
            )  # fmt: skip


def _check_lists(carry: Carry, b: TypedBuilder, collects: list[Value], regions: tuple[Region, ...], given: int) -> None:
    """What lists were given, or are made of, in the body: memory that each iteration makes anew, or the same again."""
    memory = carry.engine.memory
    if not memory.active:
        return
    own = set().union(*map(defined_values, regions)) - {v for region in regions for v in region.params}
    cells = [*carry.cells, *(key[-1] for key in carry.slots if isinstance(key[-1], Cell))]
    memory.elements.check_loop(cells, own, given, carry.op.loc)
    for item in collects:
        memory.elements.note_fresh(memory, item, memory.reachable(b, item), own)


def _check_frozen(carry: Carry) -> None:
    """What one iteration puts where it is not followed may not be updated by a later one."""
    memory = carry.engine.memory
    if not memory.active:
        return
    for cell in carry.cells:
        if cell in memory.frozen:
            raise still_held(memory.called(cell), carry.op.loc)
    own = {
        slot.key: memory.ref(carry.values[slot.key]).cell for slot in carry.slots.values()
        if not slot.alias and holds_memory(slot.init.kind)
    }  # fmt: skip
    settled = False
    while not settled:
        settled = True
        for key, cell in own.items():
            if cell not in memory.frozen and any(c in memory.frozen for c in memory.cells_of(carry.carried[key])):
                memory.frozen[cell], settled = carry.slots[key].text, False
    for key, cell in own.items():
        if cell in memory.frozen and memory.now(cell) is not carry.values[key]:
            raise still_held(memory.called(cell), carry.op.loc)


def _check_sharing(carry: Carry, inside: set[Value]) -> dict[Key, list[Cell]] | None:
    """Variables that are rebound in the loop: in the first iteration they share memory with what they held before it.

    That is seen if the body writes to them, or to that memory. Arrays that only change places, each under one name,
    are the common case and are safe as long as the memory that they had before is not read by other names.
    """
    memory, op = carry.engine.memory, carry.op
    slots = [
        s for s in carry.slots.values() if not s.alias and holds_memory(s.init.kind) and not isinstance(s.key[-1], Cell)
    ]
    cells = {*carry.cells, *(key[-1] for key in carry.slots if isinstance(key[-1], Cell))}
    own = {s.key: memory.ref(carry.values[s.key]).cell for s in slots}
    written = [s for s in slots if memory.now(own[s.key]) is not carry.values[s.key]]
    sources = {s.key: memory.ref(s.init) for s in slots}
    afters = {s.key: carry.carried[s.key] for s in slots}
    told = {key: leaves_of(memory.where(v)) for key, v in afters.items() if memory.is_told(v)}
    names = {ref.cell: slot.text for ref, slot in zip(sources.values(), slots)}
    for s in slots:
        for cell in memory.cells_of(s.init):
            if cell in cells:
                raise _shared(op, s.text, memory.called(cell))
        if s.key not in told and (written or cells):
            raise _shared(
                op, s.text, memory.other(afters[s.key]), memory.layouts.behind(memory.doubtful.get(afters[s.key], ()))
            )
        for ref in told.get(s.key, ()):
            if ref.cell.root not in inside and (ref.cell in cells or written):
                raise _shared(op, s.text, names.get(ref.cell) or memory.called(ref.cell))
    doubtful = next((s for s in slots if s.init in memory.doubtful), None)
    if written and doubtful is not None:
        raise _shared(
            op,
            doubtful.text,
            memory.other(doubtful.init),
            memory.layouts.behind(memory.doubtful.get(doubtful.init, ())),
        )
    separate = doubtful is None and len(told) == len(slots) and all(
        all_separate(wheres, lambda cell: True)
        for wheres in (list(map(memory.where, afters.values())), list(sources.values()))
    )  # fmt: skip
    if written and not separate:
        raise _shared(op, written[0].text, next((s.text for s in slots if s is not written[0]), written[0].text))
    if not separate or any(ref.cell.root not in inside for refs in told.values() for ref in refs):
        return None
    starts = [ref.cell for ref in sources.values()]
    if written:  # a view that was kept from before the loop may have changed
        memory.poisoned.update((cell, written[0].text) for cell in starts)
    begun = set(carry.values.values())
    fresh = {key for key, refs in told.items() if all(r.cell == own[key] or r.cell.root not in begun for r in refs)}
    return {s.key: [sources[s.key].cell] if s.key in fresh else starts for s in slots}


def _shared(op: Op, name: str, other: str, reshapes: frozenset = frozenset()) -> errors.UnsupportedUpdate:
    other = f"`{other}`" if other != name else "what it was before"
    error = errors.UnsupportedUpdate(
        f"whether `{name}` and {other} share memory changes in this loop", op.loc,
        "one of them is updated in place, and the other may have to change with it", "copy one of them first: `.copy()`",
    )  # fmt: skip
    error.reshapes = reshapes
    return error
