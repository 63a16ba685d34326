"""Inference of branches: what either side yields and stores, and what the results refer to.

A variable may be one piece of memory where the condition holds and another where it does not: `z = y if c else y * 2`.
Its reference is then *conditional* (`memory.Either`): it is read, and stored through, by the same condition.
Containers of known structure are yielded leaf by leaf, so that what they hold is known afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from backprose.analysis.kinds import dtype_of, is_inexact, is_number, join, ndim_of
from backprose.ir.kinds import Static, Unbound
from backprose.ir.nodes import Op, Value
from backprose.ir.walk import defined_values
from backprose.transform.memory import Memory
from backprose.transform.places import (
    CONTAINERS,
    Cell,
    Either,
    Ref,
    Step,
    Where,
    container_like,
    holds_memory,
    structure_of,
)
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference


@dataclass
class Side:
    """One side of a branch: what was built, what it yields, and the state of memory at its end."""

    builder: TypedBuilder
    values: list[Value]
    state: dict[Cell, Value]


def branch(engine: Inference, b: TypedBuilder, cond: Value, build: Iterable[Callable], names: list[str]) -> list[Value]:
    """An `if`, each side of which a function builds; what they stored goes on, too."""
    memory, before = engine.memory, engine.memory.state
    sides = _built(engine, b, build, before)
    inside = set().union(*(defined_values(side.builder.region()) for side in sides))
    written = _written(memory, sides, before, inside)
    for side in sides:
        memory.state = side.state
        side.values = [*side.values, *(memory.whole(side.builder, cell) for cell in written)]
    memory.state = dict(before)
    pairs = list(zip([*names, *(cell.name for cell in written)], *(side.values for side in sides)))
    leaves = _Leaves(engine, b, cond)
    nodes = [leaves.split(name, x, y) for name, x, y in pairs]
    changed = [node for node, _ in zip(reversed(nodes), written)]
    memory.freeze_contents(v for leaf in leaves.yielded for v in leaf.sides if isinstance(v.kind, CONTAINERS))
    places = _Places(memory, b, cond, sides, inside)
    places.find([node for node in leaves.nodes if node not in changed])
    yields = [[*(leaf.sides[k] for leaf in leaves.yielded), *places.exports[k]] for k in range(2)]
    regions = [side.builder.region((), values) for side, values in zip(sides, yields)]
    b.op("if", (cond,), [*(leaf.result for leaf in leaves.yielded), *places.exported.values()], regions)
    results = [leaves.joined(node) for node in nodes]
    for cell, value in zip(written, results[len(names) :]):
        memory.replace(cell, value)
    places.settle()
    return results[: len(names)]


def _built(engine: Inference, b: TypedBuilder, build: Iterable[Callable], before: dict[Cell, Value]) -> list[Side]:
    sides, loc, fresh, left = [], b.loc, engine.fresh, []
    for make in build:
        inner = b.nested()
        engine.fresh = dict(fresh)
        left.append(engine.fresh)
        engine.memory.state = dict(before)
        values = make(inner)
        sides.append(Side(inner, values, engine.memory.state))
        b.at(loc)
    engine.fresh = {v: depth for v, depth in left[0].items() if v in left[1]}
    return sides


def _written(memory: Memory, sides: list[Side], before: dict[Cell, Value], inside: set[Value]) -> list[Cell]:
    """The memory that either side wrote to, in order."""
    written: dict[Cell, None] = {}
    for side in sides:
        memory.state = side.state
        written.update(dict.fromkeys(memory.written(before, inside)))
    return list(written)


# What is yielded


@dataclass(eq=False)
class Node:
    """One result, a value or a container that is put together again from the results of its parts."""

    name: str
    sides: tuple[Value, Value]
    parts: list[Node] | None = None
    result: Value | None = None


class _Leaves:
    """The values of the two sides, taken apart as far as both have the same known structure."""

    def __init__(self, engine: Inference, b: TypedBuilder, cond: Value):
        self.engine, self.b, self.cond, self.active = engine, b, cond, engine.memory.active
        self.nodes: list[Node] = []
        self.yielded: list[Node] = []

    def split(self, name: str, x: Value, y: Value) -> Node:
        node = Node(name, (x, y))
        self.nodes.append(node)
        if self.active and self._is_alike(x, y):
            node.parts = [self.split(p.name, p, q) for p, q in zip(self.b.parts[x], self.b.parts[y])]
            return node
        node.result = Value(name, join(x.kind, y.kind))
        self.yielded.append(node)
        if x.kind != y.kind and all(isinstance(v.kind, Static) and callable(v.kind.value) for v in (x, y)):
            self.engine.choices[node.result] = (self.cond, x.kind.value, y.kind.value)
        return node

    def _is_alike(self, x: Value, y: Value) -> bool:
        """Whether both are containers with the same structure, of which something can be updated."""
        parts = self.b.parts.get(x), self.b.parts.get(y)
        if None in parts or not isinstance(x.kind, CONTAINERS) or len(parts[0]) != len(parts[1]):
            return False
        if not any(holds_memory(v.kind) for values in parts for v in values):
            return False
        return structure_of(x.kind) == structure_of(y.kind)

    def joined(self, node: Node) -> Value:
        if node.parts is not None and node.result is None:
            parts = tuple(self.joined(part) for part in node.parts)
            node.result = container_like(self.b, node.sides[0].kind, parts, node.name)
        return node.result


# Where the results are


@dataclass(frozen=True)
class Outside:
    """Memory that was there before the branch."""

    ref: Ref


@dataclass(frozen=True)
class Inside:
    """Memory that the side allocated: `cell` is the one it has there."""

    cell: Cell
    path: tuple[Step, ...]


@dataclass(frozen=True)
class Split:
    """One of two places, by the condition of a branch within the side."""

    cond: Value
    sides: tuple[Place, Place]


@dataclass(frozen=True)
class Nowhere:
    """What is not bound, and raises when it is read."""


Place = Outside | Inside | Split | Nowhere
Key = tuple[int, Cell]  # memory that one of the two sides allocated


class Untold(Exception):
    """Where a value is can't be said outside the side that it was made in."""


class _Places:
    """What each result refers to, told in values that are in scope after the branch."""

    def __init__(self, memory: Memory, b: TypedBuilder, cond: Value, sides: list[Side], inside: set[Value]):
        self.memory, self.b, self.cond, self.sides, self.inside = memory, b, cond, sides, inside
        self.exports: tuple[list[Value], list[Value]] = ([], [])  # what the sides yield for it besides
        self.exported: dict[Value, Value] = {}
        self.rebuilt: dict[Value, Value] = {}
        self.found: dict[int, list[Place | None]] = {}  # by node
        self.own: dict[int, Ref] = {}
        self.nodes: list[Node] = []
        self.hosts: dict[Key, Node] = {}

    def find(self, nodes: list[Node]) -> None:
        """Where either side's values are; what tells it is yielded by the sides."""
        if not self.memory.active:
            return
        for node in nodes:
            if any(holds_memory(v.kind) for v in node.sides):
                self.nodes.append(node)
                self.found[id(node)] = [self._found(value, k) for k, value in enumerate(node.sides)]
        self.hosts = self._hosts()
        for node in self.nodes:
            if node.parts is None and self._has_twin(node):
                self._export(node.result, 0, *node.sides)

    def _has_twin(self, node: Node) -> bool:
        """Whether the result is at times memory of its own, which then is a value apart from the conditional one."""
        places = self.found[id(node)]
        hosted = [self.hosts.get((k, cell)) is node for k, place in enumerate(places) for cell in _cells_inside(place)]
        alone = all(isinstance(place, (Inside, Nowhere)) for place in places) and all(hosted)
        return any(hosted) and not alone

    def _found(self, value: Value, k: int) -> Place | None:
        if isinstance(value.kind, Unbound):
            return Nowhere()
        try:
            return self._place(value, k) if holds_memory(value.kind) and self.memory.is_told(value) else None
        except Untold:
            return None

    def _place(self, value: Value, k: int) -> Place:
        return self._of(self.memory.where(value), k)

    def _of(self, where: Ref | Either, k: int) -> Place:
        if isinstance(where, Either):
            self._announce(where.cond, k)
            return Split(where.cond, tuple(self._of(side, k) for side in where.sides))
        for step in where.path:
            for value in step.args:
                self._announce(value, k)
        return Inside(where.cell, where.path) if where.cell.root in self.inside else Outside(where)

    def _announce(self, value: Value, k: int) -> None:
        """`value`, which side `k` may have made, is read after the branch."""
        if value not in self.inside or isinstance(value.kind, Static) or value in self.exported:
            return
        made = _maker(self.sides[k].builder, value)
        if _is_plain(made):
            for operand in made.operands:
                self._announce(operand, k)
        elif is_number(value.kind) and ndim_of(value.kind) == 0 and not is_inexact(value.kind):
            fn = bool if dtype_of(value.kind).startswith("bool") else int
            made = value if dtype_of(value.kind) == fn.__name__ else self.sides[k].builder.call(fn, value)
            self._export(value, k, made, self.sides[1 - k].builder.const(fn()))
        else:
            raise Untold

    def _export(self, value: Value, k: int, mine: Value, other: Value) -> None:
        self.exports[k].append(mine)
        self.exports[1 - k].append(other)
        self.exported[value] = Value(value.name, join(mine.kind, other.kind))

    def _outside(self, value: Value, k: int) -> Value:
        """The value after the branch."""
        if value not in self.inside:
            return value
        if value in self.exported:
            return self.exported[value]
        if value not in self.rebuilt:
            made = _maker(self.sides[k].builder, value)
            if isinstance(value.kind, Static):
                self.rebuilt[value] = self.b.data(value.kind.value)
            else:
                parts = [self._outside(v, k) for v in made.operands]
                self.rebuilt[value] = self.b.tuple(parts) if made.name == "tuple" else self.b.call(slice, *parts)
        return self.rebuilt[value]

    # After the branch

    def settle(self) -> None:
        """Note what the results refer to."""
        untold = []
        for node in self.nodes:
            self.own[id(node)] = Ref(Cell(node.result.name, self._twin(node) if self._has_twin(node) else node.result))
        for node in self.nodes:
            try:
                x, y = (self._resolved(place, k, node) for k, place in enumerate(self.found[id(node)]))
                self.memory.put(node.result, _either(self.cond, x, y), self.own[id(node)])
            except Untold:
                untold.append(node)
        for node in untold:
            self.memory.follow(node.result, list(node.sides), self.inside)
        if untold:
            sides = [list(side) for side in zip(*(node.sides for node in self.nodes))]
            self.memory.note_together(self.b, [node.result for node in self.nodes], sides)

    def _twin(self, node: Node) -> Value:
        if node.parts is None:
            return self.exported[node.result]
        return container_like(self.b, node.result.kind, tuple(part.result for part in node.parts), node.name)

    def _hosts(self) -> dict[Key, Node]:
        """The result in whose memory each piece is found that a side allocated: one that is the whole of it."""
        hosts: dict[Key, Node] = {}
        users: dict[Key, list[Node]] = {}
        for node in self.nodes:
            if None in self.found[id(node)]:
                continue
            for k, place in enumerate(self.found[id(node)]):
                if isinstance(place, Inside) and not place.path:
                    hosts.setdefault((k, place.cell), node)
                for cell in _cells_inside(place):
                    users.setdefault((k, cell), []).append(node)
        for key, found in users.items():
            if key not in hosts and len(found) == 1:
                hosts[key] = found[0]
        return hosts

    def _resolved(self, place: Place | None, k: int, node: Node) -> Where | None:
        if isinstance(place, Split):
            return _either(self._outside(place.cond, k), *(self._resolved(side, k, node) for side in place.sides))
        if place is None:
            raise Untold
        if isinstance(place, Nowhere):
            return None
        if isinstance(place, Outside):
            return Ref(place.ref.cell, self._path(place.ref.path, k))
        host = self.hosts.get((k, place.cell))
        if host is None:
            raise Untold
        own = self.own[id(host)]
        if place.cell in self.memory.frozen:
            self.memory.frozen[own.cell] = self.memory.frozen[place.cell]
        return own if host is node else Ref(own.cell, self._path(place.path, k))

    def _path(self, path: tuple[Step, ...], k: int) -> tuple[Step, ...]:
        return tuple(Step(step.fn, tuple(self._outside(v, k) for v in step.args)) for step in path)


def _either(cond: Value, x: Where | None, y: Where | None) -> Where | None:
    return x if y is None or x == y else y if x is None else Either(cond, (x, y))


def _cells_inside(place: Place | None) -> list[Cell]:
    if isinstance(place, Split):
        return list(dict.fromkeys(cell for side in place.sides for cell in _cells_inside(side)))
    return [place.cell] if isinstance(place, Inside) else []


def _maker(b: TypedBuilder, value: Value) -> Op | None:
    """The op of the region that gives the value."""
    return next((op for op in b.ops if value in op.results), None)


def _is_plain(made: Op | None) -> bool:
    """Whether the op only puts an index together."""
    return made is not None and (made.name == "tuple" or made.fn is slice)
