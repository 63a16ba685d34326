"""Variables that a loop rebinds to other memory: which memory each refers to is carried along as a number.

    z = a
    for k in range(n):
        z[k] += x[k]        # a, or b once an iteration has come to the next line
        if x[k] > 0:
            z = b

What a variable may refer to when an iteration begins are its *alternatives*: memory from before the loop, by number, or
memory that an earlier iteration allocated. The content of the latter is carried as the variable's own value, and the
number 0 says so. The alternatives grow until the body adds none. Most loops do without, see `carried`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING, Any

from backprose.ir.kinds import Unbound
from backprose.ir.nodes import Value
from backprose.transform.memory import Memory
from backprose.transform.places import Cell, Either, Ref, Step, Where, holds_memory, leaves_of
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference
    from backprose.transform.slots import Slot

MOST_CONDITIONS = 6  # of which all combinations are looked at


Key = tuple[Any, ...]  # of a slot


@dataclass(frozen=True)
class Own:
    """Memory that is carried as the value of a slot, or a view of it."""

    index: Key
    path: tuple[Step, ...] = ()


Alternative = Own | Ref


class Unsettled(Exception):
    """What the variables refer to can't be said by numbers; `args` are the names of two of them."""


@dataclass
class Rebound:
    """The alternatives of each rebound slot."""

    names: dict[Key, str] = field(default_factory=dict)
    alternatives: dict[Key, list[Alternative]] = field(default_factory=dict)
    held: dict[Key, str] = field(default_factory=dict)  # slots whose own memory a container may hold
    grown: bool = False

    def begin(self, memory: Memory, slots: Mapping[Key, Slot]) -> None:
        """Before an attempt at the body: the slots that turned out to be rebound start from what they are now."""
        self.grown = False
        self.names.update((key, slot.text) for key, slot in slots.items())
        for key, slot in slots.items():
            of_cell = isinstance(key[-1], Cell)
            if slot.alias or not holds_memory(slot.kind) or key in self.alternatives or of_cell:
                continue
            self.alternatives[key] = [Own(key)]
            if not isinstance(slot.init.kind, Unbound):
                for ref in leaves_of(_told(memory, slot.init, slot.text)):
                    self._number(key, ref)
        for key in [key for key in self.alternatives if key not in slots]:
            del self.alternatives[key]

    @property
    def numbered(self) -> list[Key]:
        """The slots that a number is carried for."""
        return [key for key, found in self.alternatives.items() if len(found) > 1]

    def _number(self, key: Key, alternative: Alternative) -> int:
        found = self.alternatives[key]
        if alternative not in found:
            found.append(alternative)
            self.grown = True
        return found.index(alternative)

    # Before the loop, in its body, and after it

    def first_numbers(self, engine: Inference, b: TypedBuilder, slots: Mapping[Key, Slot]) -> list[Value]:
        inits = {key: slots[key].init for key in self.numbered}
        return [
            b.const(0) if isinstance(init.kind, Unbound) else self._number_of(engine, b, key, engine.memory.where(init))
            for key, init in inits.items()
        ]  # fmt: skip

    def bound(
        self, memory: Memory, b: TypedBuilder, values: Mapping[Key, Value], numbers: Mapping[Key, Value]
    ) -> dict[Key, Value]:
        """For each of the slots a stand-in: what its value is has to be read. `values` are those carried."""
        own = {key: Ref(Cell(value.name, value)) for key, value in values.items()}
        out = {}
        for key in [key for key in self.alternatives if key in values]:
            found = self.alternatives[key]
            if any(isinstance(a, Own) and a.index not in own for a in found):
                raise Unsettled(self.names[key], next(self.names[a.index] for a in found if isinstance(a, Own)))
            refs = [Ref(own[a.index].cell, a.path) if isinstance(a, Own) else a for a in found]
            where: Where = refs[0]
            for k, ref in list(enumerate(refs))[1:]:
                where = Either(b.call(operator.eq, numbers[key], b.const(k)), (ref, where))
            memory.refs[values[key]], memory.seen[values[key]] = own[key], values[key]
            if key in self.held:
                memory.frozen[own[key].cell] = self.held[key]
            out[key] = memory.stand_in(values[key].name, values[key].kind, where) if len(refs) > 1 else values[key]
        return out

    def next_numbers(
        self, engine: Inference, b: TypedBuilder, carried: Mapping[Key, Value], inside: set[Value]
    ) -> list[Value]:
        """The numbers at the end of an iteration, after which the slots hold `carried`."""
        memory = engine.memory
        wheres = {key: _told(memory, carried[key], self.names[key]) for key in self.alternatives}
        hosts = self._hosts(wheres, lambda cell: cell.root in inside)
        for cell, found in hosts.items():
            for key in found if cell in memory.frozen else ():
                self.grown |= key not in self.held
                self.held[key] = memory.frozen[cell]
        known = {
            key: _mapped(where, lambda ref, key=key: self._alternative(ref, key, hosts, inside))
            for key, where in wheres.items()
        }
        for key, where in known.items():
            for alternative in leaves_of(where):
                self._number(key, alternative)
        return [self._number_of(engine, b, key, known[key]) for key in self.numbered]

    def _hosts(self, wheres: dict[Key, Where], is_piece: Callable[[Cell], bool]) -> dict[Cell, list[Key]]:
        """The variables in whose own value each piece of memory that the loop made is carried on."""
        users: dict[Cell, list[Key]] = {}
        wholes: dict[Cell, Key] = {}
        for i, where in wheres.items():
            for ref in leaves_of(where):
                if is_piece(ref.cell) and i not in users.setdefault(ref.cell, []):
                    users[ref.cell].append(i)
            if isinstance(where, Ref) and not where.path:
                wholes.setdefault(where.cell, i)
        if all_separate(list(wheres.values()), is_piece):
            return users
        for cell, found in users.items():
            if len(found) > 1:
                if cell not in wholes:
                    raise Unsettled(self.names[found[0]], self.names[found[1]])
                users[cell] = [wholes[cell]]
        return users

    def _alternative(self, ref: Ref, index: Key, hosts: dict[Cell, list[Key]], inside: set[Value]) -> Alternative:
        """What the variable at `index` refers to, said in terms of the next iteration."""
        if index in hosts.get(ref.cell, ()):
            return Own(index)
        if any(v in inside for step in ref.path for v in step.args):
            raise Unsettled(self.names[index], ref.cell.name or self.names[index])
        return Own(hosts[ref.cell][0], ref.path) if ref.cell in hosts else ref

    def _number_of(self, engine: Inference, b: TypedBuilder, index: Key, where: Where) -> Value:
        if not isinstance(where, Either):
            return b.const(self._number(index, where))
        numbers = [self._number(index, a) for a in leaves_of(where)]
        if len(set(numbers)) == 1:
            return b.const(numbers[0])
        sides = [lambda inner, side=side: [self._number_of(engine, inner, index, side)] for side in where.sides]
        return engine.branch(b, where.cond, sides, [""])[0]


def all_separate(wheres: list[Where], is_piece: Callable[[Cell], bool]) -> bool:
    """Whether the pieces of memory that the references lead to are whole and different ones, whatever holds."""
    conditions = list(dict.fromkeys(c for where in wheres for c in _conditions(where)))
    if len(conditions) > MOST_CONDITIONS:
        return False
    for truths in product((True, False), repeat=len(conditions)):
        found = [_chosen(where, dict(zip(conditions, truths))) for where in wheres]
        pieces = [ref for ref in found if is_piece(ref.cell)]
        if any(ref.path for ref in pieces) or len({ref.cell for ref in pieces}) < len(pieces):
            return False
    return True


def _conditions(where: Where) -> list[Value]:
    if not isinstance(where, Either):
        return []
    return [where.cond, *(c for side in where.sides for c in _conditions(side))]


def _chosen(where: Where, truths: dict[Value, bool]) -> Ref:
    while isinstance(where, Either):
        where = where.sides[0 if truths[where.cond] else 1]
    return where


def _mapped(where: Where, change: Callable[[Ref], Alternative]) -> Any:
    if isinstance(where, Either):
        return Either(where.cond, tuple(_mapped(side, change) for side in where.sides))
    return change(where)


def _told(memory: Memory, value: Value, name: str) -> Where:
    if not memory.is_told(value):
        raise Unsettled(name, memory.other(value))
    return memory.where(value)
