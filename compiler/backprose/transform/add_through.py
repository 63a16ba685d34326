"""What is stored in an array of zeros that is then added to a part of a buffer goes to the buffer at once.

    t_bar = np.zeros_like(t)
    t_bar[2:] = u                     x_bar[i, 1, 2:] += u
    t_bar[1:] += v                    x_bar[i, 1, 1:] += v
    x_bar[i, 1] += t_bar

An entry that has two shares is given them one by one, which rounds otherwise. What a store overwrites must be 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import backprose_runtime

from backprose.analysis.kinds import is_basic
from backprose.analysis.regions import At, Span, area
from backprose.ir.kinds import MANY, Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, use_counts
from backprose.transform.sum_first import ZEROS
from backprose.transform.typed import TypedBuilder


@dataclass(frozen=True)
class Entry:
    """What a store or an addition puts into the array of zeros."""

    index: Value
    value: Value
    is_store: bool


def add_through(fn: Function) -> Function:
    """Add to a part of a part itself what was put into an array that is 0 elsewhere."""
    ops = list(all_ops(fn.region))
    if not any(op.fn in ZEROS for op in ops):
        return fn
    made = {v: op for op in ops for v in op.results}
    counts = use_counts(fn.region)

    def visit(region: Region) -> Region:
        out: list[Op] = []
        here = {v for op in region.ops for v in op.results}
        for op in region.ops:
            entries = _entries(op, made, counts, here)
            if entries:
                out += _through(op, entries, made)
            else:
                out.append(replace(op, regions=tuple(map(visit, op.regions))) if op.regions else op)
        return replace(region, ops=tuple(out))

    return replace(fn, region=visit(fn.region))


def _entries(op: Op, made: Mapping[Value, Op], counts: Mapping[Value, int], here: set[Value]) -> list[Entry]:
    """What the op adds, entry by entry; none if it adds anything but an array of zeros with some entries."""
    if op.fn is not backprose_runtime.add_at or len(op.operands) > 3 or not op.is_derivative:
        return []
    buffer, index, share = op.operands
    if not isinstance(buffer.kind, Array) or not is_basic(index.kind) or not _is_part(buffer, index, share, made):
        return []
    found: list[Entry] = []
    while share in here and counts[share] == 1 and (source := made[share]).fn in (
        backprose_runtime.add_at, backprose_runtime.set_at
    ):  # fmt: skip
        if len(source.operands) > 3:
            return []
        is_store = source.fn is backprose_runtime.set_at
        at, value = source.operands[:0:-1] if is_store else source.operands[1:]
        found.append(Entry(at, value, is_store))
        share = source.operands[0]
    if share not in made or made[share].fn not in ZEROS or counts[share] != 1:
        return []
    found.reverse()
    areas = [area(entry.index, (), made) for entry in found]
    for k, entry in enumerate(found):
        if not is_basic(entry.index.kind) or (entry.is_store and not all(map(areas[k].is_apart, areas[:k]))):
            return []
    return found


def _is_part(buffer: Value, index: Value, share: Value, made: Mapping[Value, Op]) -> bool:
    """Whether the share has evidently the shape of the part, and is not spread: its axes are not 1, and as many."""
    parts = area(index, (), made).parts
    if parts is None or not isinstance(share.kind, Array) or share.kind.dtype != buffer.kind.dtype:
        return False
    if set(share.kind.axes) != {MANY}:
        return False
    named = sum(isinstance(part, At) for part in parts)
    return all(isinstance(part, (At, Span)) for part in parts) and buffer.kind.ndim - named == share.kind.ndim


def _through(op: Op, entries: list[Entry], made: Mapping[Value, Op]) -> list[Op]:
    buffer, index, _ = op.operands
    b = TypedBuilder(op.loc)
    for k, entry in enumerate(entries):
        last = k == len(entries) - 1
        result = op.result if last else Value(op.result.name, op.result.kind)
        joined = _joined(b, index, entry.index, made)
        path = () if joined else (index,)
        operands = (buffer, joined or entry.index, entry.value, *path)
        b.op("call", operands, [result], fn=backprose_runtime.add_at, keywords=(), method=None)
        buffer = result
    return b.ops


def _joined(b: TypedBuilder, outer: Value, inner: Value, made: Mapping[Value, Op]) -> Value | None:
    """One index that leads where the inner one leads in what the outer one picks; None if that takes two."""
    first, second = area(outer, (), made), area(inner, (), made)
    items = _items(b, outer, made)
    if len(items) != len(first.parts) or not all(isinstance(part, At) for part in first.parts) or second.added:
        return None
    return b.tuple([*items, *_items(b, inner, made)])


def _items(b: TypedBuilder, index: Value, made: Mapping[Value, Op]) -> tuple[Value, ...]:
    op = made.get(index)
    if op is not None and op.name == "tuple":
        return op.operands
    number = getattr(index.kind, "value", None)
    return tuple(b.const(part) for part in number) if type(number) is tuple else (index,)
