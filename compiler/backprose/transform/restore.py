"""Restore what a loop overwrote, where that takes less memory than to keep what was computed from it.

    for _ in range(steps):
        u[1:-1] -= dt * u[1:-1] * (u[2:] - u[:-2])

The reverse sweep reads `u[1:-1]` and `u[2:] - u[:-2]` of each step: two slices. But the step changes nothing of `u`
outside of one slice. So that slice is kept, and going back, it is put where it was; the rest is read of `u` as it is then.
That is done where each array that need not be kept takes a few cheap operations, as it is for values that are recomputed.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace

import backprose_runtime

from backprose.analysis.recording import BUDGET
from backprose.ir.kinds import Array, List, Slice, Static, Tuple
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, clone_op, substitute, use_counts
from backprose.transform.residuals import in_reverse
from backprose.transform.typed import TypedBuilder

CHEAP = frozenset({operator.add, operator.sub, operator.mul, operator.neg})


def restore_overwritten(fn: Function) -> Function:
    """Let loops that overwrite one slice of an array in each iteration keep that slice, instead of several others."""
    if not any(op.fn is backprose_runtime.set_at and not op.in_reverse for op in all_ops(fn.region)):
        return fn
    counts = use_counts(fn.region)
    region = fn.region
    for op in fn.region.ops:
        if op.name == "for" and not op.in_reverse and not op.attrs["stops"]:
            for slot in range(len(op.inits)):
                found = _found(region, op, slot, counts)
                if found is not None:
                    return restore_overwritten(replace(fn, region=_restored(region, found)))
    return replace(fn, region=region)


@dataclass(frozen=True)
class Found:
    """A loop, the store that ends its iterations for one slot, its reverse, and what need not be kept."""

    loop: Op
    slot: int
    store: Op
    reverse: Op
    kept: tuple[int, ...]  # by place among what the loop collects
    items: tuple[int, ...]  # by place among what its reverse goes over


def _found(region: Region, loop: Op, slot: int, counts: dict[Value, int]) -> Found | None:
    made = {v: op for op in loop.body.ops for v in op.results}
    buffer, store = loop.carried[slot], made.get(loop.yields[slot])
    if (
        store is None
        or store.fn is not backprose_runtime.set_at
        or store.operands[0] is not buffer
        or len(store.operands) != 3
    ):
        return None
    inside = {*made, *loop.body.params}
    if not _is_most(store.operands[2].kind) or _again(store.operands[2], buffer, made, inside) is None:
        return None
    readers = {v: op for op in region.ops if op.fn is reversed for v in op.operands}
    reverses = {v: op for op in region.ops if op.name == "for" and op.in_reverse for v in op.iterables}
    kept, items, reverse = [], [], None
    repeated: set[Op] = set()
    for j, (value, result) in enumerate(zip(loop.collects, loop.collected_results)):
        back = readers.get(result)
        if back is None or counts[result] != 1 or counts[back.result] != 1 or not isinstance(value.kind, Array):
            continue
        ops = _again(value, buffer, made, inside)
        goes_back = reverses.get(back.result)
        if ops is None or goes_back is None or goes_back is not (reverse or goes_back) or not _is_of_most(buffer, ops):
            continue
        reverse = goes_back
        repeated.update(op for op in ops if op.fn in CHEAP)
        kept.append(j)
        items.append(reverse.iterables.index(back.result))
    if len(kept) < 2 or len(repeated) > BUDGET * (len(kept) - 1) or reverse.attrs["stops"]:
        return None
    return Found(loop, slot, store, reverse, tuple(kept), tuple(items))


def _again(value: Value, buffer: Value, made: dict[Value, Op], inside: set[Value]) -> list[Op] | None:
    """The ops that compute the value from the buffer and from what is outside the loop; None if that is not cheap."""
    ops: list[Op] = []
    pending, seen = [value], set()
    while pending:
        v = pending.pop()
        if v is buffer or v in seen or v not in inside:
            continue
        seen.add(v)
        op = made.get(v)
        if op is None or not (
            op.name in ("const", "tuple") or op.fn is slice or op.fn is operator.getitem or op.fn in CHEAP
        ):
            return None
        ops.append(op)
        pending += op.operands
    return ops if sum(op.fn in CHEAP for op in ops) <= BUDGET else None


def _is_of_most(buffer: Value, ops: list[Op]) -> bool:
    """Whether the value is about as long as what is overwritten: of slices that leave out only a few entries."""
    reads = [op for op in ops if op.fn is operator.getitem]
    return bool(reads) and all(op.operands[0] is buffer and _is_most(op.operands[1].kind) for op in reads)


def _is_most(index: object) -> bool:
    if isinstance(index, Tuple):
        return all(map(_is_most, index.items))
    if not isinstance(index, Slice):
        return index == Static(Ellipsis)
    start, stop, step = index.start, index.stop, index.step
    return (
        isinstance(start, Static) and (start.value is None or start.value >= 0)
        and isinstance(stop, Static) and (stop.value is None or stop.value < 0)
        and step in (Static(None), Static(1))
    )  # fmt: skip


# The two loops made anew


def _restored(region: Region, found: Found) -> Region:
    old = found.loop.body
    place = next(i for i, op in enumerate(old.ops) if op is found.store)
    b = TypedBuilder(found.store.loc)
    saved = b.call(operator.getitem, found.store.operands[0], found.store.operands[2])
    collects = [v for j, v in enumerate(found.loop.collects) if j not in found.kept]
    first = len(old.results) - len(found.loop.collects)
    inner = (*old.ops[:place], *b.ops, *old.ops[place:])
    body = replace(old, ops=inner, results=(*old.results[:first], *collects, saved))
    results = [v for j, v in enumerate(found.loop.collected_results) if j not in found.kept]
    saves = Value("", List(saved.kind))
    attrs = {**found.loop.attrs, "collected": len(collects) + 1}
    loop = replace(found.loop, results=(*found.loop.carried_results, *results, saves), attrs=attrs, regions=(body,))
    b = TypedBuilder(found.reverse.loc)
    back = b.call(reversed, saves, kind=saves.kind)
    ops: list[Op] = []
    gone = {found.loop.collected_results[j] for j in found.kept}
    for op in region.ops:
        if op is found.loop:
            ops.append(loop)
        elif op is found.reverse:
            ops += [*b.ops, _reverse(found, saved, back)]
        elif not gone.intersection(op.operands):  # `reversed(...)` of what is not kept
            ops.append(op)
    return replace(region, ops=tuple(ops))


def _reverse(found: Found, saved: Value, saves: Value) -> Op:
    """The reverse loop, which carries the array back through what it was."""
    op, slot = found.reverse, found.slot
    made = {v: inner for inner in found.loop.body.ops for v in inner.results}
    inside = {*made, *found.loop.body.params}
    final, buffer = found.loop.carried_results[slot], found.loop.carried[slot]
    after = Value(buffer.name, buffer.kind)
    item = Value("", saved.kind)
    b, mapping = TypedBuilder(op.loc), {}

    def repeat(value: Value) -> Value:
        """The value computed again in the reverse loop."""
        needed = _again(value, buffer, made, inside)
        b.ops += [clone_op(o, mapping, in_reverse) for o in found.loop.body.ops if o in needed and o.result not in mapping]
        return mapping.get(value, value)

    index = repeat(found.store.operands[2])
    mapping[buffer] = b.call(backprose_runtime.set_at, after, item, index, kind=buffer.kind, name=buffer.name)
    for j, i in zip(found.kept, found.items):
        mapping[op.items[i]] = repeat(found.loop.collects[j])
    body = op.body
    left = [i for i in range(len(op.items)) if i not in found.items]
    params = (*(op.items[i] for i in left), item, *op.carried, after)
    inner = substitute(Region((), body.ops, body.results), mapping)
    count = len(op.inits)
    results = (*inner.results[:count], mapping[buffer], *inner.results[count:])
    operands = (*(op.iterables[i] for i in left), saves, *op.inits, final)
    attrs = {**op.attrs, "iterables": len(left) + 1}
    outs = (*op.carried_results, Value("", buffer.kind), *op.collected_results)
    return replace(
        op, operands=operands, results=outs, attrs=attrs, regions=(Region(params, (*b.ops, *inner.ops), results),)
    )
