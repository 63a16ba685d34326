"""What is added to a part of a cotangent that was just cleared is stored there.

    x_bar[1:-1] = 0.0                         x_bar[1:-1] = v
    x_bar[2:] += u                            x_bar[2:] += u
    x_bar[1:-1] += v

A loop that begins with a part that is 0, and clears it at the end of each iteration, may leave there what it likes: the
next iteration stores, and the part is cleared behind the loop. Shares of parts that overlap are added in another order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

import backprose_runtime

from backprose.analysis.regions import Area, area
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, clone_op, use_counts
from backprose.transform.clear_late import is_clearing
from backprose.transform.keep_parts import adding, additions, linked
from backprose.transform.sum_first import ZEROS, adds_exactly, without_spread


def store_cleared(fn: Function) -> Function:
    """Store what is first added to a part that was cleared, also where the iteration before cleared it."""
    if not any(map(is_clearing, all_ops(fn.region))):
        return fn
    return replace(fn, region=_Walk(fn).region(fn.region))


class _Walk:
    def __init__(self, fn: Function):
        self.made = {v: op for op in all_ops(fn.region) for v in op.results}
        self.counts: Counter[Value] = use_counts(fn.region)

    def region(self, region: Region) -> Region:
        ops: list[Op] = []
        for op in region.ops:
            op = replace(op, regions=tuple(map(self.region, op.regions))) if op.regions else op
            ops += self.loop(op) if op.name in ("for", "while") and op.in_reverse else [op]
        instead: dict[Op, list[Op]] = {}
        readers = adding(ops)
        for clearing in filter(is_clearing, region.ops):
            if updates := self.until_added(clearing.result, self.part(clearing), readers):
                instead |= {clearing: [], **self.stored(clearing.operands[0], updates)}
        return replace(region, ops=tuple(new for op in ops for new in instead.get(op, (op,))))

    def loop(self, loop: Op) -> list[Op]:
        """The loop, and behind it what was cleared at the end of each iteration."""
        behind: list[Op] = []
        inside = {*loop.body.params, *(v for op in loop.body.ops for v in op.results)}
        for k, (init, param, value) in enumerate(zip(loop.inits, loop.carried, loop.yields)):
            clearing = self.made.get(value)
            if clearing not in loop.body.ops or not is_clearing(clearing) or self.counts[value] != 1:
                continue
            if loop.name == "while" and self.counts[loop.regions[0].params[k]]:
                continue  # the condition may look at what the iteration before left
            part = self.part(clearing)
            index = self.made_of_outside(clearing.operands[1:], inside)
            updates = self.until_added(param, part, adding(loop.body.ops))
            if not updates or index is None or not self.is_clear(init, part):
                continue
            instead = {clearing: [], **self.stored(param, updates)}
            ops = [new for op in loop.body.ops for new in instead.get(op, (op,))]
            uncleared = clearing.operands[0]
            results = tuple(uncleared if v is value else v for v in loop.body.results)
            left, after = Value(uncleared.name, uncleared.kind), loop.results[k]
            mapping = {uncleared: left, value: after}
            behind += [clone_op(op, mapping) for op in (*index, clearing)]
            body = Region(loop.body.params, tuple(ops), results)
            loop = replace(loop, regions=(*loop.regions[:-1], body)).giving(
                tuple(left if v is after else v for v in loop.results)
            )
        return [loop, *behind]

    def until_added(self, buffer: Value, part: Area, readers: Mapping[Value, Op]) -> list[Op]:
        """The additions to the buffer, one after the other, up to the first one to just this part; none if there is no
        such one, or if something else looks at the buffer before."""
        found: list[Op] = []
        for op in additions(buffer, readers, self.counts):
            found.append(op)
            _, index, value, *path = op.operands
            there = area(index, path, self.made)
            if there.is_same(part):
                return found if there.distinct and adds_exactly(value, buffer) else []
        return []

    def stored(self, buffer: Value, updates: list[Op]) -> dict[Op, list[Op]]:
        """What takes the place of the updates of the buffer: where the last one was, it is a store, and the others follow."""
        *others, last = updates
        _, index, value, *path = last.operands
        operands = (buffer, without_spread(value, self.made), *path, index)
        store = replace(last, operands=operands, attrs={**last.attrs, "fn": backprose_runtime.set_at})
        return {**{op: [] for op in others}, last: linked([store, *others], buffer, last.result)}

    def part(self, clearing: Op) -> Area:
        *path, index = clearing.operands[2:]
        return area(index, path, self.made)

    def is_clear(self, buffer: Value, part: Area) -> bool:
        """Whether the part of the buffer is certainly 0."""
        op = self.made.get(buffer)
        return op is not None and (op.fn in ZEROS or (is_clearing(op) and self.part(op).is_same(part)))

    def made_of_outside(self, values: Iterable[Value], inside: set[Value]) -> list[Op] | None:
        """The ops that make the parts of an index of constants and of what is outside of the loop; None if others do."""
        found: list[Op] = []
        for value in values:
            op = self.made.get(value) if value in inside else None
            if op is not None and (op.name in ("const", "tuple") or op.fn is slice):
                parts = self.made_of_outside(op.operands, inside)
                if parts is None:
                    return None
                found += [*parts, op]
            elif value in inside:
                return None
        return list(dict.fromkeys(found))
