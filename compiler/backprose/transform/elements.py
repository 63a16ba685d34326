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

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import FixedList, Kind, List, Number, Static
from backprose.ir.nodes import Value

if TYPE_CHECKING:
    from backprose.transform.memory import Cell, Memory

LISTS = (List, FixedList)


@dataclass(frozen=True)
class Reading:
    """When an element was read: the list's cell, and its order and the contents of lists then."""

    cell: Cell
    order: Value
    contents: Value


@dataclass
class Elements:
    """What is known of lists and their elements."""

    contents: Cell
    orders: dict[Cell, Cell] = field(default_factory=dict)
    readings: dict[Value, Reading] = field(default_factory=dict)
    separate: set[Cell] = field(default_factory=set)
    mixed: dict[Cell, str] = field(default_factory=dict)  # with the name of what is in the list twice, or elsewhere
    frozen_since: dict[Cell, Value] = field(default_factory=dict)  # contents when a cell's value went into a list
    given: list[tuple[Cell, Cell]] = field(default_factory=list)  # lists and the memory that became an element
    opened: set[Value] = field(default_factory=set)  # lists of known elements that were given them
    fresh: set[Value] = field(default_factory=set)  # what a loop collects and makes anew in each iteration

    def is_mark(self, cell: Cell) -> bool:
        """Whether the cell holds no value of the program."""
        return cell is self.contents or cell in self.orders.values()

    def order(self, cell: Cell) -> Cell:
        if cell not in self.orders:
            self.orders[cell] = type(cell)(cell.name, _mark())
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
            if own in seen or own is cell or own in memory.frozen or not self.is_whole(memory, value):
                self.mix(cell, value.name)
            seen.add(own)
            self.given.append((cell, own))

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
        alone = len(set(cells)) == len(cells) and not any(cell in memory.frozen for cell in cells)
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


def has_elements(kind: Kind) -> bool:
    """Whether the kind is one of lists whose elements can be updated in place."""
    items = (kind.item,) if isinstance(kind, List) else kind.items if isinstance(kind, FixedList) else ()
    return any(map(holds_elements, items))


def holds_elements(kind: Kind) -> bool:
    """Whether elements of the kind can be updated in place."""
    from backprose.transform.memory import holds_memory

    return holds_memory(kind) and not isinstance(kind, Number)


def mixed(name: str, other: str, loc: Any) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(
        f"an element of `{name or 'a list'}` is updated in place, and `{other or 'another name'}` may refer to it too", loc,
        "which elements of lists are one and the same is not known when compiling",
        "put copies in the list: `.copy()`",
    )  # fmt: skip
