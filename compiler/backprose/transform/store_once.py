"""An entry of an array that is updated twice in a row is computed first, and stored once.

    a[i, j] += a[i, j - 1]                    a[i, j] = (a[i, j] + a[i, j - 1]) / 9.0
    a[i, j] = a[i, j] / 9.0

The number is the same, as it has the dtype of the array either way.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import backprose_runtime

from backprose.ir.kinds import Array, Scalar
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, substitute, use_counts
from backprose.transform.read_stored import is_same_entry
from backprose.transform.typed import TypedBuilder

UPDATES = frozenset({backprose_runtime.add_at, backprose_runtime.set_at})


def store_once(fn: Function) -> Function:
    """Store an entry only when its last value is known, where nothing else looks at the array in between."""
    made = {v: op for op in all_ops(fn.region) for v in op.results}
    if not any(_overwritten(op, made) for op in made.values()):
        return fn
    return replace(fn, region=_visit(fn.region, made, use_counts(fn.region)))


def _visit(region: Region, made: Mapping[Value, Op], counts: Counter[Value]) -> Region:
    ops = [replace(op, regions=tuple(_visit(r, made, counts) for r in op.regions)) if op.regions else op for op in region.ops]
    found = {update: [] for op in ops if (update := _overwritten(op, made)) is not None}
    for op in ops:
        if op.fn is operator.getitem and (update := made.get(op.operands[0])) in found:
            found[update].append(op)
    computed: dict[Op, list[Op]] = {}  # what takes the place of an update
    mapping: dict[Value, Value] = {}
    for update in [op for op in ops if op in found]:
        reads = found[update]
        if counts[update.result] != 1 + len(reads) or not all(is_same_entry(read.operands[1], update, made) for read in reads):
            continue
        b = TypedBuilder(update.loc)
        entry = _entry(b, update)
        if all(v.kind == Scalar(update.result.kind.dtype) for v in (entry, *(read.result for read in reads))):
            computed[update] = b.ops if reads else []
            mapping.update(dict.fromkeys((read.result for read in reads), mapping.get(entry, entry)))
            mapping[update.result] = mapping.get(update.operands[0], update.operands[0])
    out = [new for op in ops for new in computed.get(op, (op,)) if mapping.keys().isdisjoint(new.results)]
    return substitute(replace(region, ops=tuple(out)), mapping)


def _overwritten(store: Op, made: Mapping[Value, Op]) -> Op | None:
    """The update of the entry that the op stores anew."""
    if store.fn is not backprose_runtime.set_at or len(store.operands) != 3 or not isinstance(store.result.kind, Array):
        return None
    update = made.get(store.operands[0])
    if update is None or update.fn not in UPDATES or len(update.operands) != 3:
        return None
    return update if is_same_entry(store.operands[2], update, made) else None


def _entry(b: TypedBuilder, update: Op) -> Value:
    """What the update leaves in its entry."""
    if update.fn is backprose_runtime.set_at:
        return update.operands[1]
    buffer, index, share = update.operands
    before = b.call(operator.getitem, buffer, index, kind=Scalar(buffer.kind.dtype))
    return b.call(operator.add, before, share)
