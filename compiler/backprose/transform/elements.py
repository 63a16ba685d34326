"""Elements of lists whose length is not known when compiling, during inference: may they be updated in place?

A list is *separate* if each of its elements is memory of its own that no other element is a part of. What a loop makes
anew for each element is separate, as are an argument's elements, which are checked at run time. `row = xs[i]` is then a
reference into the list, `row[j] = v` a store in the list, and `xs[k]` is read anew after it. A list that is given
an element twice, or shares its elements with another list, is *mixed*: nothing is stored through its elements.

Two pieces of what is known belong to a path of control flow, so they are cells: the *order* of a list changes when its
elements change places, and *contents* when something is stored through an element of any list. What was read before
is still right as long as these are what they were.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import FixedList, Kind, List, Number, Static
from backprose.ir.nodes import Value

if TYPE_CHECKING:
    from backprose.transform.memory import Memory
    from backprose.transform.places import Cell
    from backprose.transform.typed import TypedBuilder

LISTS = (List, FixedList)


@dataclass(frozen=True)
class Reading:
    """When an element was read: the list's cell, and its order and the contents of lists then."""

    cell: Cell
    order: Value
    contents: Value


@dataclass
class Move:
    """Elements of one list that are stored at other places of it: from where each place has its element."""

    order: Value  # the order of the list in which they were read
    sources: dict[Any, Any] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether the places have exchanged their elements. Of more than two, those known at run time may be the same."""
        distinct = len(self.sources) <= 2 or all(isinstance(at, int) and at >= 0 for at in self.sources)
        return distinct and sorted(map(str, self.sources)) == sorted(map(str, self.sources.values()))


@dataclass
class Elements:
    """What is known of lists and their elements."""

    contents: Cell
    orders: dict[Cell, Cell] = field(default_factory=dict)
    owners: dict[Cell, Cell] = field(default_factory=dict)  # the lists that orders are of
    readings: dict[Value, Reading] = field(default_factory=dict)
    separate: set[Cell] = field(default_factory=set)
    mixed: dict[Cell, str] = field(default_factory=dict)  # with the name of what is in the list twice, or elsewhere
    frozen_since: dict[Cell, Value] = field(default_factory=dict)  # contents when a cell's value went into a list
    given: list[tuple[Cell, Cell]] = field(default_factory=list)  # lists and the memory that became an element
    opened: set[Value] = field(default_factory=set)  # lists of known elements that were given them
    moves: dict[Cell, Move] = field(default_factory=dict)
    reasons: dict[Value, tuple[str, str]] = field(default_factory=dict)  # why elements are not followed
    fresh: set[Value] = field(default_factory=set)  # what a loop collects and makes anew in each iteration

    def is_mark(self, cell: Cell) -> bool:
        """Whether the cell holds no value of the program."""
        return cell is self.contents or cell in self.owners

    def order(self, cell: Cell) -> Cell:
        if cell not in self.orders:
            self.orders[cell] = type(cell)(cell.name, _mark())
            self.owners[self.orders[cell]] = cell
        return self.orders[cell]

    # Reading

    def is_followed(self, memory: Memory, source: Value, parts: Iterable[Value] | None) -> bool:
        """Whether an element of the list `source` is a reference into it."""
        if source in memory.doubtful or not has_elements(source.kind):
            return False
        cell = memory.ref(source).cell
        made = isinstance(cell.root.kind, LISTS) and cell.root in memory.parts
        return (made or cell in self.separate) and cell not in self.mixed and cell not in memory.frozen

    def read(self, memory: Memory, value: Value, cell: Cell) -> None:
        self.readings[value] = Reading(cell, memory.now(self.order(cell)), memory.now(self.contents))

    def is_in_place(self, memory: Memory, value: Value) -> bool:
        """Whether the element is still where it was read."""
        reading = self.readings[value]
        return memory.now(self.order(reading.cell)) is reading.order

    def is_unchanged(self, memory: Memory, value: Value) -> bool:
        return memory.now(self.contents) is self.readings[value].contents

    def is_stale(self, memory: Memory, cell: Cell) -> bool:
        """Whether the value of a cell that went into a list may have been stored to through the list since."""
        return memory.now(self.contents) is not self.frozen_since.get(cell, self.contents.root)

    # Writing

    def stored(self, memory: Memory) -> None:
        """Something was stored through an element."""
        memory.state[self.contents] = _mark()

    def reordered(self, memory: Memory, cell: Cell) -> None:
        """The list has other elements, or has them at other places."""
        memory.state[self.order(cell)] = _mark()

    def mix(self, cell: Cell, name: str) -> None:
        """The list's elements are elsewhere, too."""
        self.mixed.setdefault(cell, name)

    def note_mixed(self, memory: Memory, element: Value, source: Value) -> None:
        """`element`, read of the list `source`, is not followed: keep the reason if that is known."""
        cell = memory.ref(source).cell
        if cell in self.mixed:
            self.reasons[element] = (cell.name, self.mixed[cell])

    def is_own(self, memory: Memory, target: Value, item: Value) -> bool:
        """Whether the item was read as an element of the list `target`."""
        return item in self.readings and self.readings[item].cell is memory.ref(target).cell

    def open(self, memory: Memory, target: Value, reachable: list[Value]) -> None:
        """The list `target` of known elements becomes one of which it is not followed which element is which."""
        if target not in self.opened:
            self.opened.add(target)
            self.give(memory, target, reachable)

    def give(self, memory: Memory, target: Value, reachable: list[Value]) -> None:
        """The list `target` is given elements; `reachable` are they and their parts."""
        cell, seen = memory.ref(target).cell, set()
        for value in reachable:
            own = memory.ref(value).cell
            held = any(c in memory.frozen for c in memory.cells_of(value))
            if own in seen or own is cell or held or not self.is_whole(memory, value):
                self.mix(cell, value.name)
            seen.add(own)
            self.given.append((cell, own))

    def move(self, memory: Memory, b: TypedBuilder, target: Value, index: Value, item: Value) -> bool:
        """An element of the list `target` is stored at another of its places; False if that is not what happens.

        Until the places have exchanged their elements, as in `xs[i], xs[j] = xs[j], xs[i]`, the list is mixed.
        """
        ref, place = memory.ref(target), memory.ref(item)
        if not self.is_own(memory, target, item) or ref.path or len(place.path) != 1:
            return False
        order, now = self.readings[item].order, self.moves.get(ref.cell)
        if now is None or now.order is not order:
            if ref.cell in self.mixed:
                return False
            now = self.moves[ref.cell] = Move(order)
        now.sources[_described(b, index)] = _described(b, place.path[0].args[0])
        if now.is_complete:
            self.mixed.pop(ref.cell, None)
        else:
            self.mix(ref.cell, item.name)
        return True

    def is_whole(self, memory: Memory, value: Value) -> bool:
        """Whether the value is all of its memory, and so is what it holds."""
        cell = memory.ref(value).cell
        if value in memory.doubtful or memory.ref(value).path:
            return False
        if has_elements(value.kind) and value not in memory.parts:
            return cell not in self.mixed and (cell in self.separate or cell.root in memory.parts)
        return True

    def note_fresh(self, memory: Memory, item: Value, reachable: list[Value], inside: set[Value]) -> None:
        """A loop collects `item`: is it made anew in each iteration?"""
        cells = [memory.ref(v).cell for v in reachable]
        alone = len(set(cells)) == len(cells) and not any(c in memory.frozen for v in reachable for c in memory.cells_of(v))
        if alone and all(cell.root in inside for cell in cells) and all(self.is_whole(memory, v) for v in reachable):
            self.fresh.add(item)

    def check_loop(self, cells: list[Cell], own: set[Value], since: int, loc: Any) -> None:
        """A loop's body gives lists the same memory in each iteration unless it makes it: that is not what was assumed."""
        for cell, item in self.given[since:]:
            if item.root not in own and cell.root not in own:
                self.mix(cell, item.name)
        if self.contents in cells:
            for cell in self.mixed:
                if cell in cells:
                    raise mixed(cell.name, self.mixed[cell], loc)


def _mark() -> Value:
    return Value("", Static(None))


def _described(b: TypedBuilder, index: Value) -> Any:
    """What tells an index from others: its number, or how it is computed."""
    if isinstance(index.kind, Static):
        return index.kind.value
    op = next((op for op in reversed(b.ops) if index in op.results), None)
    if op is None or op.fn not in (operator.add, operator.sub):
        return id(index)
    return op.fn.__name__, *(_described(b, v) for v in op.operands)


def has_elements(kind: Kind) -> bool:
    """Whether the kind is one of lists whose elements can be updated in place."""
    items = (kind.item,) if isinstance(kind, List) else kind.items if isinstance(kind, FixedList) else ()
    return any(map(holds_elements, items))


def holds_elements(kind: Kind) -> bool:
    """Whether elements of the kind can be updated in place."""
    from backprose.transform.places import holds_memory

    return holds_memory(kind) and not isinstance(kind, Number)


def mixed(name: str, other: str, loc: Any) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(
        f"an element of `{name or 'a list'}` is updated in place, and `{other or 'another name'}` may refer to it too", loc,
        "which elements of lists are one and the same is not known when compiling",
        "put copies in the list: `.copy()`",
    )  # fmt: skip
