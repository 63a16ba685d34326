"""A part of a cotangent that is overwritten, and then added to what took its place, stays where it is.

    t = x_bar[1:-1]                           x_bar[1:-1] += v - w
    x_bar[1:-1] = v                           x_bar[2:] += u
    x_bar[2:] += u
    x_bar[1:-1] += t - w

So it is with `x[1:-1] = x[1:-1] + f(x)`, a step in time. Shares of parts that overlap are added in another order.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import backprose_runtime
import numpy as np

from backprose.analysis.regions import Area, area
from backprose.ir.kinds import Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, substitute, use_counts
from backprose.transform.clear_late import is_clearing, without_copies
from backprose.transform.drop_dead import drop_dead
from backprose.transform.other_terms import Term, other_terms, summed
from backprose.transform.sum_first import adds_exactly
from backprose.transform.typed import TypedBuilder


def keep_parts(fn: Function) -> Function:
    """Add to a part of a cotangent what it is overwritten with, where it is itself added afterwards."""
    if not any(map(_is_store, all_ops(fn.region))):
        return fn
    walk = _Walk(fn)
    region = walk.region(fn.region)
    return drop_dead(replace(fn, region=region)) if walk.has_changed else fn


class _Walk:
    def __init__(self, fn: Function):
        self.made = {v: op for op in all_ops(fn.region) for v in op.results}
        self.counts: Counter[Value] = use_counts(fn.region)
        self.has_changed = False

    def region(self, region: Region) -> Region:
        ops = [replace(op, regions=tuple(map(self.region, op.regions))) if op.regions else op for op in region.ops]
        unchanged: dict[Value, Value] = {}
        instead: dict[Op, list[Op]] = {}
        readers = adding(ops)
        for store in filter(_is_store, region.ops):
            others, terms, last = self.added_again(store, readers)
            if last is None:
                continue
            b, buffer = TypedBuilder(last.loc), store.operands[0]
            steps = [replace(last, operands=(buffer, last.operands[1], summed(b, terms), *last.operands[3:]))] if terms else []
            chain = linked([*steps, *others], buffer, last.result)
            unchanged.update({} if chain else {last.result: buffer})
            instead.update({op: [] for op in (store, *others)})
            instead[last] = [*b.ops, *chain]
        self.has_changed = self.has_changed or bool(instead)
        region = substitute(replace(region, ops=tuple(new for op in ops for new in instead.get(op, (op,)))), unchanged)
        return without_copies(region) if instead else region

    def added_again(self, store: Op, readers: Mapping[Value, Op]) -> tuple[list[Op], list[Term], Op | None]:
        """The additions to other parts after the store, then what is added to this one besides itself, and the op that
        adds the part as it was; None for that if none does."""
        buffer, stored, *path, index = store.operands
        part = area(index, path, self.made)
        found = [] if is_clearing(store) else [Term(stored, True)]
        others: list[Op] = []
        for op in additions(store.result, readers, self.counts):
            _, index, value, *path = op.operands
            there = area(index, path, self.made)
            if there.is_same(part) and there.distinct:
                terms = other_terms(
                    value, lambda v: self.is_part(v, buffer, part), self.made, lambda v: self.counts[v] == 1
                )  # fmt: skip
                if terms is not None:
                    found += terms
                    exact = all(adds_exactly(term.value, buffer) for term in found)
                    return others, found, op if exact else None
            others.append(op)
        return [], [], None

    def is_part(self, value: Value, buffer: Value, part: Area) -> bool:
        """Whether the value is this part of the buffer, or a copy of it."""
        op = self.made.get(value)
        if op is not None and op.fn is np.copy:
            op = self.made.get(op.operands[0])
        if op is None or op.fn is not operator.getitem or op.operands[0] is not buffer:
            return False
        return part.parts is not None and area(op.operands[1], (), self.made).is_same(part)


def _is_store(op: Op) -> bool:
    return op.fn is backprose_runtime.set_at and op.in_reverse and isinstance(op.result.kind, Array)


def adding(ops: Iterable[Op]) -> dict[Value, Op]:
    """The additions of the reverse sweep among the ops, by the array that each adds to."""
    return {op.operands[0]: op for op in ops if op.fn is backprose_runtime.add_at and op.in_reverse}


def additions(buffer: Value, readers: Mapping[Value, Op], counts: Mapping[Value, int]) -> Iterator[Op]:
    """The additions to the buffer, one after the other, as long as nobody looks at what is in between."""
    while counts[buffer] == 1 and buffer in readers:
        yield readers[buffer]
        buffer = readers[buffer].result


def linked(updates: list[Op], buffer: Value, final: Value) -> list[Op]:
    """The updates, each of what the one before it made of the buffer; the last one gives the final value."""
    out: list[Op] = []
    for op in updates:
        result = Value(final.name, final.kind) if len(out) < len(updates) - 1 else final
        out.append(op.reading((buffer, *op.operands[1:]), ()).giving((result,)))
        buffer = result
    return out
