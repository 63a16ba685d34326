"""Memory during inference: who shares what, and what is stored there now.

What an op's result shares is in `sharing`, what a store puts where in `stores`, the words for both in `places`.

The user's variables hold references; the IR holds values. A *cell* stands for one piece of memory, an array or a
container, and `state` says which value is in it now. A value that was read from a cell knows the cell and the path of
views that leads to its part (`refs`); when it is read again after a store, it is read anew. So a store through one name
is seen through all others, and the IR stays pure: what Python updates in place is a new value, and code generation
turns it back.

Where sharing is not known when compiling, the value is `doubtful`: it may be read as long as nothing was stored in what
it may share memory with, and nothing may be stored through it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, KeysView
from dataclasses import dataclass, field
from typing import Any

from backprose import errors
from backprose.ir.kinds import Dict, FixedList, Kind, List, Record, Tuple, Unbound
from backprose.ir.nodes import Value
from backprose.transform.doubts import element, outside_update, still_held, undecided
from backprose.transform.elements import Elements, mixed
from backprose.transform.layouts import Layouts
from backprose.transform.places import (
    CONTAINERS,
    CONTENTS,
    ELEMENTS,
    OUTSIDE,
    UNCHANGING,
    Cell,
    Either,
    Ref,
    Step,
    Where,
    cells_at,
    container_like,
    holds_memory,
    in_scope,
    ordered,
    part_of,
    reachable,
    view_of,
)  # fmt: skip
from backprose.transform.typed import TypedBuilder

UNNAMED = ("", "result")  # not the user's names: what an expression gives, and what a function with several returns


@dataclass
class Memory:
    """What inference knows of memory. `state` has what was stored on the path of control flow that is being walked.

    Reverse mode inlines rules by the same inference, but reads primal values as they were: then it is not `active`.
    """

    active: bool = False
    state: dict[Cell, Value] = field(default_factory=dict)
    refs: dict[Value, Ref] = field(default_factory=dict)
    seen: dict[Value, Value] = field(default_factory=dict)  # what was in the cell when a value was read from it
    doubtful: dict[Value, dict[Cell, Value]] = field(default_factory=dict)
    either: dict[Value, Either] = field(default_factory=dict)  # doubtful values of which it is known after all
    branch: Callable[..., list[Value]] | None = None  # that of inference, to read and write by a condition
    views: dict[tuple[Ref, Value], Value] = field(default_factory=dict)
    rebuilt: dict[tuple[Value, tuple[Value, ...]], Value] = field(default_factory=dict)
    poisoned: dict[Cell, str] = field(default_factory=dict)
    frozen: dict[Cell, str] = field(default_factory=dict)  # what containers of unknown elements may hold: stays as it is
    parts: dict[Value, tuple[Value, ...]] = field(default_factory=dict)  # those of the builder
    links: dict[Cell, dict[Cell, None]] = field(default_factory=dict)  # what may be the same, and can't be read once written
    outside: dict[Value, tuple[Any, str]] = field(default_factory=dict)  # values of globals and attributes: of what
    names: dict[Value, str] = field(default_factory=dict)  # those that the user gave to values without one, for messages
    locs: dict[Value, Any] = field(default_factory=dict)  # where those were made
    layouts: Layouts = field(default_factory=Layouts)
    elements: Elements = field(default_factory=lambda: Elements(CONTENTS))

    def ref(self, value: Value) -> Ref:
        """Where the value is; a value not met before is alone in its memory."""
        if value not in self.refs:
            self.refs[value], self.seen[value] = Ref(Cell(value.name, value)), value
        return self.refs[value]

    def meet(self, value: Value, name: str, loc: Any) -> None:
        """Note how a message may speak of the value, if it has no name of the user's."""
        if value.name in UNNAMED and name:
            self.names.setdefault(value, name)
        elif value.name in UNNAMED and loc is not None and loc.line == loc.end_line:
            self.locs.setdefault(value, loc)

    def called(self, what: Value | Cell) -> str:
        """How a message speaks of it: by the user's name, or by the expression that made it."""
        value = what.root if isinstance(what, Cell) else what
        if value not in self.names and what.name not in UNNAMED:
            return what.name
        name = self.names.get(value) or errors.quoted(self.locs.get(value))
        if name or isinstance(what, Cell):
            return name or value.name or "an element of a container"
        return self.called(self.ref(value).cell)

    def other(self, value: Value) -> str:
        """What a doubtful value may share memory with, for messages: if that has no name, how the value came about."""
        named = [c for c in self.doubtful.get(value, self.cells_of(value)) if c not in (*UNCHANGING, CONTENTS)]
        return self.called(named[0] if named else value)

    def now(self, cell: Cell) -> Value:
        """What the cell holds."""
        return self.state.get(cell, cell.root)

    def whole(self, b: TypedBuilder, cell: Cell) -> Value:
        """What the cell holds, with the elements of a container as they are now."""
        if self.elements.is_mark(cell):
            return b.const(None)
        return self._container(b, self.now(cell), b.loc)

    def move(self, old: Value, new: Value) -> None:
        """`new` is `old` under another name."""
        if old in self.refs and self.views.get((self.refs[old], self.seen[old])) is old:
            self.views[self.refs[old], self.seen[old]] = new
        self._copy_place(new, old)
        for values in (self.layouts.in_order, self.layouts.in_another_order):
            if old in values:
                values.add(new)
        for cell, value in self.state.items():
            if value is old:
                self.state[cell] = new
                self.seen[new] = new
        if old in self.refs and self.refs[old].cell.root is old and self.refs[old].cell not in self.state:
            self.state[self.refs[old].cell] = self.seen[new] = new

    def _copy_place(self, new: Value, old: Value) -> None:
        for table in (self.refs, self.seen, self.doubtful, self.either, self.elements.readings):
            if old in table:
                table[new] = table[old]

    # Reading

    def current(self, b: TypedBuilder, value: Value, loc: Any) -> Value:
        """What is in the value's memory now."""
        if not self.active:
            return value
        for cell in self.cells_of(value) if value in self.refs else self.doubtful.get(value, ()):
            if cell in self.frozen and cell not in UNCHANGING and self.elements.is_stale(self, cell):
                raise self.undecided(value, self.frozen[cell], loc)
        if value in self.doubtful and (cell := self._changed(value)) is not None:
            if value not in self.either:
                raise self.undecided(value, self.called(cell), loc)
            return self._read(b, self.either[value], value.name)
        ref = self.refs.get(value)
        if ref is None:
            return self._container(b, value, loc)
        if ref.cell in self.poisoned:
            raise undecided(self.called(value), self.poisoned[ref.cell], loc)
        root = self.now(ref.cell)
        if value in self.elements.readings and not self.elements.is_in_place(self, value):
            if not self.elements.is_unchanged(self, value):
                raise undecided(self.called(value), self.called(ref.cell), loc)
            return self._container(b, value, loc)
        if self.seen[value] is root:
            return self._container(b, value, loc)
        return self.at(b, ref, root, value.name)

    def at(self, b: TypedBuilder, ref: Ref, root: Value, name: str = "") -> Value:
        """The part of `root` that the reference's path leads to."""
        if not ref.path:
            self.refs[root], self.seen[root] = ref, root
            return self._container(b, root, b.loc)
        key = (ref, root)
        if key not in self.views or not in_scope(b, self.views[key]):
            value = root
            for step in ref.path:
                value = part_of(b, value, step)
            value = b.restate(value, name)
            self.views[key] = value
            self.refs[value], self.seen[value] = ref, root
            if isinstance(root.kind, (List, FixedList)):
                self.doubtful.pop(value, None)
                self.elements.read(self, value, ref.cell)
        return self.views[key]

    def _container(self, b: TypedBuilder, value: Value, loc: Any) -> Value:
        """A container of known parts, made anew if one of these has changed."""
        parts = b.parts.get(value)
        if parts is None or not isinstance(value.kind, CONTAINERS):
            return value
        now = tuple(self.current(b, part, loc) for part in parts)
        if all(x is y for x, y in zip(now, parts)):
            return value
        key = (value, now)
        if key not in self.rebuilt or not in_scope(b, self.rebuilt[key]):
            self.ref(value)
            self.rebuilt[key] = container_like(b, value.kind, now, value.name)
            self._copy_place(self.rebuilt[key], value)
        return self.rebuilt[key]

    def _changed(self, value: Value) -> Cell | None:
        """The memory that a doubtful value may share and that was written to since it was read."""
        for cell, then in self.doubtful[value].items():
            if cell not in UNCHANGING and (self.now(cell) is not then or cell in self.poisoned):
                return cell
        return None

    def _read(self, b: TypedBuilder, where: Where, name: str) -> Value:
        """What is there now."""
        if isinstance(where, Ref):
            if where.cell in self.poisoned:
                raise undecided(self.called(where.cell), self.poisoned[where.cell], b.loc)
            return self.at(b, where, self.now(where.cell), name)
        key = (where, tuple(self.now(cell) for cell in cells_at(where)))
        if key not in self.views or not in_scope(b, self.views[key]):
            sides = [lambda inner, side=side: [self._read(inner, side, name)] for side in where.sides]
            (self.views[key],) = self.branch(b, where.cond, sides, [name])
            self.put(self.views[key], where, self.ref(self.views[key]))
        return self.views[key]

    # Conditional references

    def where(self, value: Value) -> Where:
        return self.either[value] if value in self.either else self.ref(value)

    def is_told(self, value: Value) -> bool:
        """Whether it is known what the value refers to, be it by a condition."""
        return (value in self.either or value not in self.doubtful) and value not in self.elements.readings

    def stand_in(self, name: str, kind: Kind, where: Either) -> Value:
        """A value that no op gives: whenever it is read, what is there is read."""
        value = Value(name, kind)
        self.either[value] = where
        self.doubtful[value] = dict.fromkeys(cells_at(where), value)
        return value

    def put(self, value: Value, where: Where, own: Ref) -> None:
        """`value`, just read, is what is there; `own` is the memory that is its own on one of the sides, or on none."""
        self.refs[value] = own if isinstance(where, Either) else where
        self.seen[value] = self.now(self.refs[value].cell)
        if isinstance(where, Either):
            self.either[value] = where
            self.doubtful[value] = {cell: self.now(cell) for cell in cells_at(where)}

    def each(
        self, b: TypedBuilder, target: Value, act: Callable[[TypedBuilder, Value], list[Value]], names: list[str]
    ) -> list[Value]:
        """`act(builder, value)` on either side of the conditional reference `target`, with what it refers to there."""
        return self._each(b, self.either[target], target.name, act, names)

    def _each(self, b: TypedBuilder, where: Where, name: str, act: Any, names: list[str]) -> list[Value]:
        if isinstance(where, Ref):
            return act(b, self._read(b, where, name))
        sides = [lambda inner, side=side: self._each(inner, side, name, act, names) for side in where.sides]
        return self.branch(b, where.cond, sides, names)

    # Sharing

    def undecided(self, value: Value, other: str, loc: Any) -> errors.UnsupportedUpdate:
        """The refusal of an update that depends on what the value shares memory with."""
        error = undecided(self.called(value), other, loc)
        error.reshapes = self.layouts.behind(self.doubtful.get(value, ()))
        return error

    def note_view(self, result: Value, source: Value, fn: Any, args: tuple[Value, ...]) -> None:
        """`result` is the view `fn(source, *args)`."""
        if not self.active:
            return
        ref = self.ref(source)
        self.refs[result] = Ref(ref.cell, (*ref.path, Step(fn, args)))
        self.seen[result] = self.now(ref.cell)
        if source in self.doubtful:
            self.doubtful[result] = self.doubtful[source]
        if source in self.elements.readings:
            self.elements.read(self, result, ref.cell)
        if source in self.either:
            self.either[result] = view_of(self.either[source], Step(fn, args))

    def note_same(self, result: Value, source: Value) -> None:
        """`result` is `source` itself under another name."""
        self.ref(source)
        self._copy_place(result, source)

    def note_doubt(self, result: Value, sources: Iterable[Value]) -> None:
        """`result` may share memory with `sources`, or not."""
        if not self.active:
            return
        cells = [cell for value in sources for cell in self.cells_of(value)]
        if cells:
            before = self.doubtful.get(result, {})
            self.doubtful[result] = {**before, **{cell: self.now(cell) for cell in cells}}

    def follow(self, result: Value, sources: list[Value], inside: set[Value]) -> None:
        """`result` is what a region yields, one of `sources`: where is it? `inside` are the values made in the region."""
        if not self.active or not holds_memory(result.kind):
            return
        sources = [v for v in sources if not isinstance(v.kind, Unbound)]  # reading it there raises
        self.freeze_contents(sources)
        refs = [self.ref(v) if v not in inside else self.refs.get(v) for v in sources]
        self.freeze_like(result, [cell for value in sources for cell in self.cells_of(value)])
        outside = [r is not None and r.cell.root not in inside for r in refs]
        if all(outside) and all(r == refs[0] for r in refs):
            self.refs[result], self.seen[result] = refs[0], self.now(refs[0].cell)
            cells = []
        else:
            cells = [r.cell for r, out in zip(refs, outside) if out]
        cells += [c for value in sources for c in self.doubtful.get(value, ()) if c.root not in inside]
        if cells:
            self.doubtful[result] = {cell: self.now(cell) for cell in cells}

    def note_together(self, b: TypedBuilder, results: list[Value], sides: list[list[Value]]) -> None:
        """Of what regions yield together, two results may be one piece of memory, made inside: `a = f(x); b = a`."""
        if not self.active:
            return
        found = [[self._cells(b, v) if holds_memory(v.kind) else ordered() for v in values] for values in sides]
        for i, result in enumerate(results):
            for j, other in enumerate(results[:i]):
                if not any(cells[i] & cells[j] for cells in found):
                    continue
                if all(values[i] is values[j] for values in sides) and not isinstance(result.kind, CONTAINERS):
                    if other not in self.refs or result not in self.refs:
                        self.note_same(result, other)
                    continue
                for value in (result, other):
                    if value not in self.refs or value in self.doubtful:
                        marker = Cell(other.name if value is result else result.name, value)
                        self.doubtful[value] = {**self.doubtful.get(value, {}), marker: value}
                        self.either.pop(value, None)

    def is_fresh(self, b: TypedBuilder, value: Value, inside: set[Value]) -> bool:
        """Whether the value certainly is memory made `inside`, all of it."""
        return not holds_memory(value.kind) or all(cell.root in inside for cell in self._cells(b, value))

    def _cells(self, b: TypedBuilder, value: Value) -> KeysView[Cell]:
        """All memory that the value, or a part of it, is or may be."""
        return ordered(*(cell for v in reachable(b.parts, [value]) for cell in self.cells_of(v)))

    def same(self, x: Value, y: Value) -> bool:
        """Whether two values certainly refer to the same memory."""
        if x in self.either or y in self.either:
            return x is y or self.either.get(x) == self.either.get(y)
        return x is y or (x in self.refs and self.refs.get(y) == self.refs[x])

    def note_collected(self, result: Value, item: Value) -> None:
        """A list that a loop collected: its elements may be what was there before the loop."""
        if self.active:
            if item in self.elements.fresh:
                self.elements.separate.add(self.ref(result).cell)
            self.freeze([item])

    def held(self, containers: Iterable[Value]) -> dict[Cell, Value]:
        """The memory that is gone over, and what it holds."""
        found = [v for v in containers if self.active and holds_memory(v.kind)]
        return {cell: self.now(cell) for v in found for cell in self.cells_of(v) if cell not in UNCHANGING}

    # What may not change any more

    def cells_of(self, value: Value) -> KeysView[Cell]:
        """The memory that the value is, or may be, a part of."""
        if not holds_memory(value.kind):
            return ordered()
        cell = self.ref(value).cell
        return ordered(cell, *self.doubtful.get(value, ()), *self.links.get(cell, ()))

    def freeze(self, values: Iterable[Value]) -> None:
        """The values go where they are not followed: their memory may be read, but not updated any more."""
        for value in reachable(self.parts, values):
            for cell in self.cells_of(value) - {CONTENTS}:
                self.frozen.setdefault(cell, value.name)
                self.elements.frozen_since.setdefault(cell, self.now(CONTENTS))

    def freeze_like(self, result: Value, cells: Iterable[Cell]) -> None:
        """`result` may be one of the cells, which containers may hold."""
        for cell in cells:
            if cell in self.frozen:
                self.frozen[self.ref(result).cell] = self.frozen[cell]

    def freeze_contents(self, containers: Iterable[Value]) -> None:
        """The same for the elements of containers."""
        for value in containers if self.active else ():
            if value in self.parts:
                if isinstance(value.kind, (List, FixedList)):
                    self.elements.open(self, value, reachable(self.parts, self.parts[value]))
                self.freeze(self.parts[value])

    def give(self, target: Value, item: Value) -> None:
        """The list `target`, whose elements are not known, is given one more."""
        if self.active:
            self.elements.give(self, target, reachable(self.parts, [item]))
            if not self.elements.is_own(self, target, item):
                self.freeze([item])

    def check_writable(self, target: Value, loc: Any) -> Cell:
        """The cell that a store to `target` writes to."""
        if target in self.doubtful:
            other = next(iter(self.doubtful[target]))
            if OUTSIDE in self.doubtful[target]:
                raise outside_update(target, self.outside.get(self.doubtful[target][OUTSIDE]), loc)
            if target in self.elements.reasons:
                raise mixed(*self.elements.reasons[target], loc)
            if other is ELEMENTS:
                raise element(self.called(target), loc)
            raise self.undecided(target, self.called(other), loc)
        cell = self.ref(target).cell
        for held in (cell, *self.links.get(cell, ())):
            if held in self.frozen:
                raise still_held(self.called(held), loc)
        if target in self.elements.readings:
            if cell in self.elements.mixed:
                raise mixed(cell.name, self.elements.mixed[cell], loc)
            if not self.elements.is_in_place(self, target):
                raise element(self.called(target), loc)
        return cell

    def change(self, target: Value, value: Value, loc: Any) -> None:
        """`value` is what the container `target` holds from now on."""
        cell = self.check_writable(target, loc)
        self.replace(cell, value)
        if isinstance(value.kind, (List, FixedList)):
            self.elements.reordered(self, cell)

    def reachable(self, b: TypedBuilder, value: Value) -> list[Value]:
        """The value and its known parts, as far as they can be changed."""
        return reachable(b.parts, [value])

    def may_be_outside(self, b: TypedBuilder, value: Value) -> bool:
        """Whether it, or a part of it, may be memory of a global's or an attribute's."""
        return any(OUTSIDE in self.doubtful.get(v, ()) for v in self.reachable(b, value))

    def note_outside(self, value: Value) -> None:
        """`value` may be memory that lives outside the program."""
        if self.active and holds_memory(value.kind):
            self.doubtful[value] = {**self.doubtful.get(value, {}), OUTSIDE: value}

    def expand(self, b: TypedBuilder, value: Value) -> Value:
        """The elements of a parameter that is a container, each in memory of its own: that is checked at run time."""
        if isinstance(value.kind, (Tuple, FixedList, Dict, Record)) and value not in b.parts and holds_memory(value.kind):
            b.parts[value] = b.items_of(value)
            for part in b.parts[value]:
                self.doubtful.pop(part, None)
                self.expand(b, part)
        if isinstance(value.kind, List) and value not in b.parts:
            self.elements.separate.add(self.ref(value).cell)
        return value

    # Writing

    def replace(self, cell: Cell, value: Value) -> None:
        """`value` is what the cell holds from now on."""
        self.state[cell] = value
        self.refs[value], self.seen[value] = Ref(cell), value
        self.doubtful.pop(value, None)
        self.either.pop(value, None)
        self.poisoned.update((other, self.called(cell)) for other in self.links.get(cell, ()))

    def link(self, shares: list[tuple[Value, list[Cell]]]) -> None:
        """Each value's memory may be one of its cells: after a store to one, the other can't be read any more."""
        found = [
            (self.ref(value).cell, list(dict.fromkeys(c for given in cells for c in (given, *self.links.get(given, ())))))
            for value, cells in shares
        ]
        for own, cells in found:
            for cell in cells:
                self.links.setdefault(own, {})[cell] = None
                self.links.setdefault(cell, {})[own] = None

    def written(self, before: dict[Cell, Value], inside: set[Value] = frozenset()) -> list[Cell]:
        """The cells that hold something else than `before`, but for those of values made `inside`, in order."""
        return [
            cell for cell, value in self.state.items()
            if value is not before.get(cell, cell.root) and self.elements.owners.get(cell, cell).root not in inside
        ]  # fmt: skip
