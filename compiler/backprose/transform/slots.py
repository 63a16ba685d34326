"""The slots of a loop: variables, parts of containers, memory that the body writes to, and numbers for what is rebound.

A container of known structure is carried part by part, so that what it holds can be followed: after
`p.u, p.v = p.v, p.u` in a loop, `p` has two slots that change places. The object itself is put together in each
iteration, and is none of the emitted code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from backprose.analysis.kinds import widen
from backprose.ir.kinds import Dict, Kind, Record, Scalar
from backprose.ir.nodes import Op, Value
from backprose.ir.walk import defined_values
from backprose.transform.places import CONTAINERS, Cell, container_like, holds_memory, structure_of
from backprose.transform.rebound import Key, Rebound
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference


@dataclass(frozen=True)
class Slot:
    """A variable, or a part of a container. One that has `parts` is carried as these."""

    key: Key
    name: str
    init: Value
    alias: bool  # it refers to the same memory throughout
    kind: Kind
    text: str  # what the user calls it, for messages: `p.u`, `d['w']`
    parts: tuple[Key, ...] | None = None


class Restructured(Exception):
    """A container has another structure at the end of an iteration; `args` is its slot's key."""


class Slots:
    """What is known of a loop's slots after the attempts at its body so far."""

    def __init__(self, engine: Inference, b: TypedBuilder, names: list[str], inits: list[Value]):
        self.engine, self.b = engine, b
        self.variables = list(zip(names, inits))
        self.aliases: dict[Key, bool] = {}
        self.kinds: dict[Key, Kind] = {}
        self.cells: list[Cell] = []  # that the body writes to
        self.whole: set[Key] = set()  # containers that change their structure

    def all(self) -> dict[Key, Slot]:
        """Every slot by its key, containers before their parts."""
        found: dict[Key, Slot] = {}
        for i, (name, init) in enumerate(self.variables):
            self._add(found, (i,), name, name, init)
        for cell in self.cells:
            self._open(found, (cell,), cell.name, cell.name, self.engine.memory.whole(self.b, cell))
        return found

    def _add(self, found: dict[Key, Slot], key: Key, name: str, text: str, init: Value) -> None:
        memory = self.engine.memory
        is_alias = (
            memory.active and holds_memory(init.kind) and (memory.is_told(init) or init in memory.elements.readings)
        )
        if self.aliases.setdefault(key, is_alias) or not self._open(found, key, name, text, init):
            kind = self.kinds.setdefault(key, widen(init.kind))
            found[key] = Slot(key, name, init, self.aliases[key], kind, text)

    def _open(self, found: dict[Key, Slot], key: Key, name: str, text: str, init: Value) -> bool:
        """Carry a container part by part, if its structure is known and something of it can be updated."""
        parts = self.b.parts.get(init)
        if not self.engine.memory.active or parts is None or not isinstance(init.kind, CONTAINERS) or key in self.whole:
            return False
        if not any(holds_memory(v.kind) for v in parts) or init in self.engine.memory.elements.opened:
            return False  # of a list that is read at places known at run time only, elements are stored in the list
        keys = tuple((*key, j) for j in range(len(parts)))
        found[key] = Slot(key, name, init, False, init.kind, text, keys)
        for part, inner in zip(parts, keys):
            j = inner[-1]
            self._add(found, inner, _name_of(init.kind, name, part, j), text + _accessor(init.kind, j), part)
        return True


def _name_of(kind: Kind, name: str, part: Value, index: int) -> str:
    if isinstance(kind, Record):
        return f"{name}_{kind.fields[index]}" if name else kind.fields[index]
    return part.name or f"{name}_{index}"


def _accessor(kind: Kind, index: int) -> str:
    if isinstance(kind, Record):
        return f".{kind.fields[index]}"
    return f"[{kind.keys[index]!r}]" if isinstance(kind, Dict) else f"[{index}]"


class Carry:
    """What a loop carries in one attempt at its body, in this order: leaves of the slots, memory, numbers."""

    def __init__(
        self, engine: Inference, op: Op, slots: dict[Key, Slot], cells: dict[Cell, Kind], rebound: Rebound | None
    ):
        self.engine, self.op, self.slots, self.cells, self.rebound = engine, op, slots, cells, rebound
        self.leaves = [slot for slot in slots.values() if slot.parts is None]
        self.values: dict[Key, Value] = {}  # of the slots when an iteration begins
        self.carried: dict[Key, Value] = {}  # and when it ends

    @property
    def start(self) -> int:
        return 1 if self.op.attrs["stops"] else 0

    @property
    def numbered(self) -> list[Key]:
        return self.rebound.numbered if self.rebound is not None else []

    def fresh(self) -> list[Value]:
        """A new value for everything that is carried: the parameters of a region, or what is there after the loop."""
        return [
            *(Value(slot.name, slot.kind) for slot in self.leaves),
            *(Value(cell.name, kind) for cell, kind in self.cells.items()),
            *(Value(f"which_{self.slots[key].name}", Scalar("int")) for key in self.numbered),
        ]  # fmt: skip

    def inits(self) -> list[Value]:
        return [slot.init for slot in self.leaves]

    def bind(self, b: TypedBuilder, params: list[Value]) -> tuple[dict[Key, Value], dict[Key, Value]]:
        """For each slot its value and what it refers to, where `params` are what is carried; memory is as it is then."""
        memory = self.engine.memory
        end = len(self.leaves) + len(self.cells)
        for cell, param in zip(self.cells, params[len(self.leaves) :]):
            memory.replace(cell, param)
        numbers = dict(zip(self.numbered, params[end:]))
        values = {slot.key: param for slot, param in zip(self.leaves, params)}
        bound: dict[Key, Value] = {}
        if self.rebound is not None:
            bound = self.rebound.bound(memory, b, values, numbers)
        for slot in reversed(self.slots.values()):  # parts before what they are parts of
            if slot.parts is not None:
                parts = tuple(bound[key] for key in slot.parts)
                values[slot.key] = container_like(b, slot.init.kind, parts, slot.name)
                if self.rebound is not None and slot.key in self.rebound.alternatives:
                    bound.update(self.rebound.bound(memory, b, {slot.key: values[slot.key]}, numbers))
            if slot.key not in bound:
                bound[slot.key] = slot.init if slot.alias else values[slot.key]
        memory.names.update((values[key], slot.text) for key, slot in self.slots.items() if slot.text != slot.name)
        for slot in self.slots.values():
            if isinstance(slot.key[-1], Cell):
                memory.replace(slot.key[-1], bound[slot.key])
        return values, bound

    def enter(self, b: TypedBuilder, params: list[Value]) -> list[Value]:
        """What the variables refer to at the beginning of a region with these parameters."""
        self.values, bound = self.bind(b, params)
        return [bound[key] for key in self.slots if len(key) == 1 and isinstance(key[0], int)]

    def leave(self, b: TypedBuilder, params: list[Value], yields: list[Value]) -> list[Value]:
        """What the body yields, its variables replaced by everything that is carried."""
        memory, count = self.engine.memory, sum(len(key) == 1 and isinstance(key[0], int) for key in self.slots)
        variables = yields[self.start : self.start + count]
        for slot in self.slots.values():
            first = slot.key[-1]
            if isinstance(first, Cell):
                self.carried[slot.key] = memory.whole(b, first)
            elif len(slot.key) == 1:
                self.carried[slot.key] = variables[first]
            if slot.parts is not None:
                self._take_apart(b, slot)
        stored = [memory.whole(b, cell) for cell in self.cells]
        numbers: list[Value] = []
        if self.rebound is not None:
            numbers = self.rebound.next_numbers(self.engine, b, self.carried, {*defined_values(b.region()), *params})
        leaves = [self.carried[slot.key] for slot in self.leaves]
        return [*yields[: self.start], *leaves, *stored, *numbers, *yields[self.start + count :]]

    def _take_apart(self, b: TypedBuilder, slot: Slot) -> None:
        value = self.carried[slot.key]
        parts = b.parts.get(value)
        if parts is None or structure_of(value.kind) != structure_of(slot.init.kind) or len(parts) != len(slot.parts):
            raise Restructured(slot.key)
        self.carried.update(zip(slot.parts, parts))
