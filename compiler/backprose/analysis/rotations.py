"""Rotations: buffers that a loop hands round (`u, v = v, u`), told apart.

Ownership joins what a carried value is in all iterations, so buffers that change places may all share there. Here each
carried buffer of such a loop is a *slot* instead: what is in this place during this iteration. Slots of one loop never
share, by induction: before the loop its buffers are apart, and if they are apart at the start of an iteration, what
it yields is apart. That is checked under the assumption that it holds; a place for which the check fails is no slot.

Outside the iteration a slot stands for whatever it may ever hold, its *content*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from weakref import WeakKeyDictionary

from backprose.analysis.ownership import Origins, Ownership, is_update, ownership
from backprose.ir.kinds import Array
from backprose.ir.nodes import Function, Op, Value
from backprose.ir.walk import all_ops


@dataclass(frozen=True)
class Slots:
    """Bits of slots: what each may hold, and the bits of its loop."""

    content: dict[int, int] = field(default_factory=dict)
    group: dict[int, int] = field(default_factory=dict)

    def expand(self, mask: int, of: int = -1) -> int:
        """The mask with the slots `of` replaced by what they may hold."""
        for bit in sorted((b for b in self.content if mask & b & of), reverse=True):
            mask = mask & ~bit | self.expand(self.content[bit], of)
        return mask

    def meet(self, a: int, b: int) -> bool:
        """Whether something in `a` may be something in `b`. Contents speak of loops outside and before, so it ends."""
        if a & b:
            return True
        latest = next((bit for bit in reversed(self.content) if (a | b) & bit), 0)
        if not latest:
            return False
        if b & latest:
            a, b = b, a
        return self.meet(a & ~latest, b) or self.meet(self.content[latest], b & ~self.group[latest])


@dataclass(frozen=True)
class ApartOwnership(Ownership):
    """Ownership that tells the buffers of a rotation apart: two analyses, each of which may prove it."""

    slots: Slots = field(default_factory=Slots)
    places: Ownership = field(default_factory=Ownership)

    def may_share(self, value: Value, other: Value, inside: bool = False) -> bool:
        return super().may_share(value, other, inside) and (inside or self.slots.meet(
            self.places.own.get(value, 1), self.places.reach.get(other, 1)
        ))


_KNOWN: WeakKeyDictionary[Function, Ownership] = WeakKeyDictionary()  # several passes ask of one version of a function


def apart(function: Function) -> Ownership:
    """The ownership of a function's values, with the buffers that its loops rotate told apart."""
    if function not in _KNOWN:
        _KNOWN[function] = _apart(function)
    return _KNOWN[function]


def forget_ownership() -> None:
    """Drop what is known of functions that outlive their compilation."""
    _KNOWN.clear()


def _apart(function: Function) -> Ownership:
    owned = ownership(function)
    loops = {op: places for op in all_ops(function.region) if (places := _rotating(op, owned))}
    while loops:
        walk = _Places(loops)
        walk.function(function)
        wrong = {op: walk.shared(op, places) for op, places in loops.items()}
        if not any(wrong.values()):
            found = Ownership(walk.own, walk.reaches)
            return ApartOwnership(owned.own, owned.reach, owned.held, owned.mixed, owned.earlier, walk.slots, found)
        loops = {op: left for op, places in loops.items() if len(left := places - wrong[op]) > 1}
    return owned


def _rotating(op: Op, owned: Ownership) -> frozenset[int]:
    """The places in which a loop carries arrays of its own that ownership alone can't tell from others there."""
    if op.name not in ("for", "while"):
        return frozenset()
    fresh = [k for k, v in enumerate(op.carried) if isinstance(v.kind, Array) and owned.is_fresh(v)]
    pairs = [(i, j) for i, j in combinations(fresh, 2) if owned.may_share(op.carried[i], op.carried[j])]
    return frozenset(k for pair in pairs for k in pair)


class _Places(Origins):
    """The walk in which each place of `loops` is a slot, another one after the loop."""

    def __init__(self, loops: Mapping[Op, frozenset[int]]):
        super().__init__(is_update)
        self.places = loops
        self.slots = Slots()
        self.within: dict[int, int] = {}  # by loop: the slots that mean something in one iteration only

    def slot(self, loop: Op, place: int, ended: bool) -> int:
        """The bit of a place in a loop's iteration, or where the loop has ended."""
        key = (id(loop), -2 * place - 1 - ended)
        if key not in self.bits:
            bit = self.bits[key] = self.new_bit()
            self.slots.content[bit] = 0
            for around in self.loops if ended else (*self.loops, loop):
                self.within[id(around)] = self.within.get(id(around), 0) | bit
            keys = [(id(loop), -2 * k - 1 - ended) for k in self.places[loop]]
            made = [self.bits[k] for k in keys if k in self.bits]
            self.slots.group.update(dict.fromkeys(made, sum(made)))
        return self.bits[key]

    def hold(self, target: Value, slot: int, content: int) -> None:
        """`target` is what is in the slot, which holds one of `content`."""
        self.join(target, slot, slot)
        if content & ~self.slots.content[slot]:
            self.slots.content[slot] |= content
            self.changes += 1

    def after(self, loop: Op, mask: int) -> int:
        return self.slots.expand(mask, self.within.get(id(loop), 0))

    def again(self, loop: Op, mask: int) -> int:
        return self.age(loop, self.after(loop, mask))

    def enter(self, loop: Op, place: int, param: Value) -> None:
        if place not in self.places.get(loop, ()):
            return super().enter(loop, place, param)
        init, value = (self.own.get(v, 0) for v in (loop.inits[place], loop.yields[place]))
        self.hold(param, self.slot(loop, place, False), init | self.again(loop, value))

    def leave(self, loop: Op, place: int, result: Value) -> None:
        if place not in self.places.get(loop, ()):
            return super().leave(loop, place, result)
        held = self.slots.content[self.slot(loop, place, False)]
        self.hold(result, self.slot(loop, place, True), held | self.after(loop, self.own.get(loop.yields[place], 0)))

    def shared(self, loop: Op, places: frozenset[int]) -> frozenset[int]:
        """The places for which the loop starts with, or an iteration yields, what may share memory with another."""
        wrong: set[int] = set()
        for i, j in combinations(sorted(places), 2):
            for values in (loop.inits, loop.yields):
                if not wrong & {i, j} and self.slots.meet(self.own.get(values[i], 1), self.own.get(values[j], 1)):
                    wrong.add(j)
        return frozenset(wrong)
