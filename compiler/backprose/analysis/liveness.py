"""Liveness of variables over statements, and which of them interfere.

A variable is a value that is not folded away. Sets of variables are bit masks over their numbers, which follow the order
of appearance, so that nothing depends on hashes. Two variables interfere when one is assigned while the other is
still to be read; a copy does not make its two sides interfere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from backprose.analysis.statements import (
    Append,
    Break,
    Continue,
    Copy,
    Do,
    For,
    Forget,
    If,
    NewList,
    Return,
    Statement,
    Update,
    While,
    With,
)  # fmt: skip
from backprose.ir.nodes import Value

Leaves = Callable[[Value], Iterable[Value]]
Exits = tuple[int, int]  # what is live after `break` and after `continue`


@dataclass
class Interference:
    """`clashes[i]` is the mask of variables that are live where variable i is assigned (one direction only)."""

    number: dict[Value, int] = field(default_factory=dict)
    clashes: list[int] = field(default_factory=list)
    copies: list[tuple[Value, Value, int]] = field(default_factory=list)  # target, source, loop depth
    after_update: dict[Update, int] = field(default_factory=dict)

    def bit(self, value: Value) -> int:
        if value not in self.number:
            self.number[value] = len(self.clashes)
            self.clashes.append(0)
        return 1 << self.number[value]

    def mask(self, values: Iterable[Value]) -> int:
        result = 0
        for value in values:
            result |= self.bit(value)
        return result


def interference(
    params: Sequence[Value],
    block: Sequence[Statement],
    leaves: Leaves,
    scoped: Leaves,
    updates: Sequence[Update] = (),
    unread: Collection[Value] = (),
    voided: Collection[Value] = (),
) -> Interference:
    """The interference of a function's variables.

    `leaves(v)` are the variables that the expression of v reads, `scoped(v)` those bound within it (the targets of
    comprehensions). `updates` are those whose result replaces the buffer, as a copy would, where it is dead.
    `unread` are the variables that are never read where they are not bound; the others, which raise then, keep clear of
    whatever was assigned before. `voided` are those that are assigned None there.
    """
    walk = _Liveness(leaves, scoped, frozenset(updates), frozenset(unread), frozenset(voided))
    walk.number(params, block)
    live = walk.block(block, 0, (0, 0))
    walk.define(params, live)
    return walk.found


class _Liveness:
    def __init__(
        self, leaves: Leaves, scoped: Leaves, in_place: frozenset[Update], unread: frozenset, voided: frozenset
    ):
        self.leaves, self.scoped, self.in_place, self.unread, self.voided = leaves, scoped, in_place, unread, voided
        self.found = Interference()
        self.recording = True
        self.depth = 0

    def number(self, params: Sequence[Value], block: Sequence[Statement]) -> None:
        self.found.mask(params)
        for value in _definitions(block):
            self.found.bit(value)

    def reads(self, values: Iterable[Value], live: int) -> int:
        """The mask of what the expressions read; what they bind inside interferes with everything around."""
        values = tuple(values)
        mask = self.found.mask(leaf for value in values for leaf in self.leaves(value))
        if self.recording:
            bound = [inner for value in values for inner in self.scoped(value)]
            if bound:
                self.define(bound, live | mask)
        return mask

    def define(self, values: Sequence[Value], live: int, same: int = 0) -> int:
        """The live set before `values` are assigned at once; they interfere with what is live, but not with `same`."""
        mask = self.found.mask(values)
        if self.recording:
            for value in values:
                self.found.clashes[self.found.number[value]] |= (live | mask) & ~self.found.bit(value) & ~same
        return live & ~mask

    def block(self, block: Sequence[Statement], live: int, exits: Exits) -> int:
        for statement in reversed(block):
            live = getattr(self, "on_" + type(statement).__name__)(statement, live, exits)
        return live

    def on_Do(self, s: Do, live: int, exits: Exits) -> int:
        before = self.define(s.op.results, live)
        return before | self.reads(s.op.operands or s.op.results if s.op.regions else s.op.operands, live)

    def on_Update(self, s: Update, live: int, exits: Exits) -> int:
        if self.recording:
            self.found.after_update[s] = live
        (buffer,) = self.leaves(s.buffer)
        same = self.found.bit(buffer) & ~live if s in self.in_place else 0
        before = self.define(s.op.results, live, same)
        if same and self.recording and not s.op.attrs.get("renames"):
            self.found.copies.append((s.op.result, buffer, self.depth))
        return before | self.reads(s.op.operands, live)

    def on_Copy(self, s: Copy, live: int, exits: Exits) -> int:
        mask = self.found.mask(s.targets)
        for target, source in zip(s.targets, s.sources):
            leaves = tuple(self.leaves(source))
            plain = leaves == (source,)
            if self.recording:
                same = self.found.bit(source) if plain else 0
                clash = (live | mask) & ~self.found.bit(target) & ~same
                self.found.clashes[self.found.number[target]] |= clash
                if plain:
                    self.found.copies.append((target, source, self.depth))
        return live & ~mask | self.reads(s.sources, live)

    def on_Forget(self, s: Forget, live: int, exits: Exits) -> int:
        live &= ~self.found.mask(v for v in s.targets if v in self.unread)
        return self.define([v for v in s.targets if v in self.voided], live)

    def on_NewList(self, s: NewList, live: int, exits: Exits) -> int:
        before = self.define([s.target], live)
        return before | self.reads([] if s.over is None else [s.over], live)

    def on_Append(self, s: Append, live: int, exits: Exits) -> int:
        return live | self.found.bit(s.target) | self.reads([s.item], live)

    def on_If(self, s: If, live: int, exits: Exits) -> int:
        branches = self.block(s.then, live, exits) | self.block(s.orelse, live, exits)
        return branches | self.reads([s.condition], branches)

    def on_For(self, s: For, live: int, exits: Exits) -> int:
        held = self.found.mask(leaf for v in s.held for leaf in self.leaves(v))

        def header(at_end: int) -> int:
            body = self.block(s.body, at_end | held, (live, at_end | held))
            return live | held | self.define(s.targets, body)

        return self.loop(header, live) | self.reads(s.op.iterables, live)

    def on_While(self, s: While, live: int, exits: Exits) -> int:
        def header(at_end: int) -> int:
            into = self.block(s.body, at_end, (live, at_end))
            if s.condition is not None:
                into |= live
                into |= self.reads([s.condition], into)
            return self.block(s.setup, into, (live, at_end))

        return self.loop(header, 0)

    def loop(self, header: Callable[[int], int], live: int) -> int:
        """The fixed point of what is live at the loop's head; only its last round is recorded."""
        recording, self.recording = self.recording, False
        while (found := header(live) | live) != live:
            live = found
        self.recording = recording
        if recording:
            self.depth += 1
            header(live)
            self.depth -= 1
        return live

    def on_With(self, s: With, live: int, exits: Exits) -> int:
        # A context may swallow an exception, so what is live afterwards is live from the start.
        into = self.block(s.body, live, exits) | live
        return into | self.reads(s.contexts, into)

    def on_Break(self, s: Break, live: int, exits: Exits) -> int:
        return exits[0]

    def on_Continue(self, s: Continue, live: int, exits: Exits) -> int:
        return exits[1]

    def on_Return(self, s: Return, live: int, exits: Exits) -> int:
        return self.reads([s.value], 0)


def _definitions(block: Sequence[Statement]) -> Iterator[Value]:
    """Every variable where it is first assigned, in the order of the text."""
    for s in block:
        match s:
            case Do(op=op) | Update(op=op):
                yield from op.results
            case Copy(targets=targets):
                yield from targets
            case NewList(target=target):
                yield target
            case If():
                yield from _definitions(s.then)
                yield from _definitions(s.orelse)
            case For():
                yield from s.targets
                yield from _definitions(s.body)
            case While():
                yield from _definitions(s.setup)
                yield from _definitions(s.body)
            case With():
                yield from _definitions(s.body)
