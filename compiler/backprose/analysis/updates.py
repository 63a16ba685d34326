"""Updates of parts of arrays that must copy the whole array, since its memory is not owned or is still read later."""

from __future__ import annotations

from collections.abc import Collection

from backprose_runtime.accumulate import RESHAPES

from backprose.analysis.ownership import PLACES, Ownership
from backprose.analysis.rotations import apart
from backprose.ir.kinds import Array, Static
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, free_values


def is_place_update(op: Op) -> bool:
    """Whether the op changes a part of an array that has axes."""
    return op.fn in PLACES and isinstance(op.result.kind, Array) and bool(op.result.kind.axes)


def updates_reshaped(function: Function) -> bool:
    """Whether an array is updated through a reshape of it, which has to be a view."""
    return any(
        isinstance(v.kind, Static) and type(v.kind.value) is str and v.kind.value in RESHAPES
        for op in all_ops(function.region)
        if op.fn in PLACES
        for v in op.operands
    )


def copying_updates(fn: Function) -> list[Value]:
    """The results of the updates that can't be done in the memory of what they update, in order."""
    if not any(map(is_place_update, all_ops(fn.region))):
        return []
    owned = apart(fn)
    return [update for update, buffer, later in _updates(fn, owned) if later or not owned.is_fresh(buffer)]


def read_later(fn: Function) -> dict[Value, list[Value]]:
    """For each update of an array with axes, by its result, what shares the buffer's memory and is read afterwards."""
    if not any(map(is_place_update, all_ops(fn.region))):
        return {}
    return {update: later for update, _, later in _updates(fn, apart(fn))}


def _updates(fn: Function, owned: Ownership) -> list[tuple[Value, Value, list[Value]]]:
    """The result of each update, its buffer, and what is read later of the buffer's memory; in order."""
    walk = _Updates(owned)
    walk.region(fn.region, set())
    return walk.found[::-1]


class Later:
    """The walk backwards over a function with what is read later, looking at each op on the way."""

    def __init__(self, owned: Ownership):
        self.owned = owned

    def look(self, op: Op, live: set[Value]) -> None:
        """Called with each op and what is read after it."""

    def region(self, region: Region, later: Collection[Value]) -> set[Value]:
        """What is read from the start of the region on; `later` is what is read after it."""
        live = {*later, *region.results}
        for op in reversed(region.ops):
            live.difference_update(op.results)
            self.look(op, live)
            if op.regions:
                # What an iteration reads of what is outside, the next one reads again.
                again = {*op.iterables, *free_values(*op.regions)} if op.name in ("for", "while") else set()
                after = live | again
                for inner in reversed(op.regions):
                    live |= self.region(inner, after)
            live.update(op.operands)
        return live.difference(region.params)


class _Updates(Later):
    """Each update with its buffer, and what shares the buffer's memory and is read later."""

    def __init__(self, owned: Ownership):
        super().__init__(owned)
        self.found: list[tuple[Value, Value, list[Value]]] = []

    def look(self, op: Op, live: set[Value]) -> None:
        if is_place_update(op):
            buffer = op.operands[0]
            self.found.append((op.result, buffer, self.owned.sharing(buffer, live)))
