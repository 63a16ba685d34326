"""What is updated in parts starts as an array of its own, so that no update has to copy the whole.

What a cotangent starts from may be an argument, a scalar that was broadcast, or still needed. An update of it makes a
copy then: in each iteration of a loop, in each of several updates in a row. One copy before all of them is enough: before
the outermost loop or branch that they are in, if that lets them be done in place, else further inside.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from backprose.analysis.recording import flows
from backprose.analysis.updates import copying_updates, is_place_update, updates_reshaped
from backprose.ir.kinds import Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, free_values, substitute, substitute_op
from backprose.transform.own_results import copied, is_filling
from backprose.transform.typed import TypedBuilder


@dataclass(frozen=True)
class Place:
    """Where a copy may be made: before the op with this first result, of `value`, for what is carried in `slot`."""

    before: Value
    value: Value
    slot: int = -1


def own_buffers(fn: Function) -> Function:
    """Make the copies, before loops and branches, that let more updates be done in place."""
    copying = copying_updates(fn)
    depth = 0
    while copying:
        wanted = {v: places[depth] for v in copying if depth < len(places := list(_places(fn, v)))}
        if not wanted:
            break
        trial = _with_copies(fn, dict.fromkeys(p for group in wanted.values() for p in group))
        left = set(copying_updates(trial))
        useful = dict.fromkeys(p for v, group in wanted.items() if v not in left for p in group)
        if useful:
            filled = _filled(fn, useful)
            plain, early = _with_copies(fn, useful), _with_copies(*filled)
            copying = copying_updates(plain)
            fn = early if copying_updates(early) == copying else plain
        depth += 1
    return fn


def _places(fn: Function, update: Value) -> Iterator[tuple[Place, ...]]:
    """Where copies may be made for an update, by what it is nested in, outermost first.

    Not before a branch in a loop: an iteration that does not take it would copy for nothing.
    """
    path = _path(fn.region, update)
    buffers = _versions(fn, path[-1].operands[0])
    looped = False
    for op in path[:-1]:
        if op.name in ("for", "while"):
            looped = True
            slots = [k for k, param in enumerate(op.carried) if param in buffers]
            yield tuple(Place(op.results[0], op.inits[k], k) for k in slots)
        else:
            yield () if looped else tuple(Place(op.results[0], v) for v in free_values(*op.regions) if v in buffers)
    yield (Place(update, path[-1].operands[0], 0),)


def _path(region: Region, update: Value) -> list[Op]:
    """The ops that the update is nested in, outermost first, and its own; none where it is not in the region."""
    for op in region.ops:
        if update in op.results:
            return [op]
        for inner in op.regions:
            if path := _path(inner, update):
                return [op, *path]
    return []


def _versions(fn: Function, buffer: Value) -> set[Value]:
    """The arrays that the buffer may have been before, in the same memory."""
    before: dict[Value, list[Value]] = {}
    for op in all_ops(fn.region):
        for target, source in flows(op):
            before.setdefault(target, []).append(source)
        if is_place_update(op):
            before.setdefault(op.result, []).append(op.operands[0])
    found, pending = {buffer}, [buffer]
    while pending:
        more = [v for v in before.get(pending.pop(), ()) if v not in found]
        found.update(more)
        pending += more
    return {v for v in found if isinstance(v.kind, Array)}


def _filled(fn: Function, places: Iterable[Place]) -> tuple[Function, list[Place]]:
    """Scalars that are broadcast, and would be copied later, filled in from the start; and the places that are left."""
    made = {v: op for op in all_ops(fn.region) for v in op.results}
    broadcasts = {p.value for p in places if p.value in made and is_filling(made[p.value])}
    mapping: dict[Value, Value] = {}

    def visit(region: Region) -> Region:
        ops: list[Op] = []
        for op in region.ops:
            ops.append(replace(op, regions=tuple(map(visit, op.regions))) if op.regions else op)
            for value in broadcasts.intersection(op.results):
                b = TypedBuilder(op.loc)
                mapping[value] = copied(b, value, made, value.name)
                ops += b.ops
        return replace(region, ops=tuple(ops))

    region = substitute(visit(fn.region), mapping)
    return replace(fn, region=region), [p for p in places if p.value not in broadcasts]


def _with_copies(fn: Function, places: Iterable[Place]) -> Function:
    made = {v: op for op in all_ops(fn.region) for v in op.results}
    keeps_layout = updates_reshaped(fn)
    wanted: dict[Value, list[Place]] = {}
    for place in places:
        wanted.setdefault(place.before, []).append(place)

    def visit(region: Region) -> Region:
        ops: list[Op] = []
        for op in region.ops:
            for place in sorted(wanted.get(op.results[0], ()) if op.results else (), key=lambda p: p.slot):
                b = TypedBuilder(op.loc)
                op = _reading(op, place, copied(b, place.value, made, _name(op, place), keeps_layout))
                ops += b.ops
            ops.append(replace(op, regions=tuple(map(visit, op.regions))) if op.regions else op)
        return replace(region, ops=tuple(ops))

    return replace(fn, region=visit(fn.region))


def _reading(op: Op, place: Place, copy: Value) -> Op:
    """The op with the copy in the stead of what was copied."""
    if place.slot < 0:
        return substitute_op(op, {place.value: copy})
    at = op.attrs.get("iterables", 0) + place.slot
    return replace(op, operands=(*op.operands[:at], copy, *op.operands[at + 1 :]))


def _name(op: Op, place: Place) -> str:
    if op.name in ("for", "while"):
        return op.carried[place.slot].name
    return op.result.name if place.slot == 0 else place.value.name
