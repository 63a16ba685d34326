"""The lists that loops collect stand in the order in which an iteration comes by their items.

They were asked for one by one, by a sweep that goes backwards. In the order of the loop's own text `ts` holds what the loop
calls `t`, `ts1` what it calls `t1`, and the loop that reads them names its variables in the same order.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace

from backprose.codegen.names import plural, temporary
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops


def order_lists(function: Function) -> Function:
    """Let loops collect lists, and reverse loops go over them, in the order in which an iteration comes by their items."""
    if not any(op.attrs.get("collected", 0) > 1 for op in all_ops(function.region)):
        return function
    return replace(function, region=_read_in_order(_collected_in_order(function.region), {}, {}))


def _collected_in_order(region: Region) -> Region:
    ops = [replace(op, regions=tuple(map(_collected_in_order, op.regions))) if op.regions else op for op in region.ops]
    return replace(region, ops=tuple(_sorted(op) if op.attrs.get("collected", 0) > 1 else op for op in ops))


def _sorted(op: Op) -> Op:
    body, count = op.body, op.attrs["collected"]
    made = (*body.params, *(v for inner in body.ops for v in inner.results))
    places = {v: i for i, v in enumerate(made)}
    pairs = sorted(zip(op.collects, op.collected_results), key=lambda pair: places.get(pair[0], -1))
    body = replace(body, results=(*body.results[:-count], *(value for value, _ in pairs)))
    results = (*op.carried_results, *(result for _, result in pairs))
    return replace(op, results=results, regions=(*op.regions[:-1], body))


def _read_in_order(region: Region, made: dict[Value, Op], ranks: dict[Value, int]) -> Region:
    """`ranks` grows by the lists that loops collect, and by what loops find in them, in order."""
    ops = []
    for op in region.ops:
        made.update((v, op) for v in op.results)
        if op.name == "for" and op.in_reverse and len(op.iterables) > 1:
            op = _zipped_in_order(op, made, ranks)
        for inner in op.regions:
            ranks.update((v, len(ranks) + i) for i, v in enumerate(inner.params))
        op = replace(op, regions=tuple(_read_in_order(r, made, ranks) for r in op.regions)) if op.regions else op
        if op.attrs.get("collected"):
            ranks.update((v, len(ranks) + i) for i, v in enumerate(op.collected_results))
        ops.append(op)
    return replace(region, ops=tuple(ops))


def _zipped_in_order(op: Op, made: dict[Value, Op], ranks: dict[Value, int]) -> Op:
    pairs = sorted(zip(op.iterables, op.items), key=lambda pair: ranks.get(underlying(pair[0], made), -1))
    body = replace(op.body, params=(*(item for _, item in pairs), *op.carried))
    return replace(op, operands=(*(iterable for iterable, _ in pairs), *op.inits), regions=(body,))


def underlying(value: Value, made: Mapping[Value, Op]) -> Value:
    """What is gone over, in whatever order and however much of it."""
    while value in made and made[value].fn in (reversed, operator.getitem):
        value = made[value].operands[0]
    return value


class Lists:
    """What is in the lists that loops collect: it gives them, and what loops find in them, their names."""

    def __init__(self, made: Mapping[Value, Op]):
        self.made = made
        self.collected: dict[Value, Value] = {}  # list -> what an iteration puts in
        self.iterated: dict[Value, Value] = {}  # item -> what the loop goes over
        for op in made.values():
            if op.name in ("for", "while"):
                self.collected.update(zip(op.collected_results, op.collects))
                self.iterated.update(zip(op.items if op.name == "for" else (), op.iterables))

    def kept(self, value: Value) -> Value | None:
        """What an iteration has kept, in a tuple, where the value is taken from that tuple."""
        taken = self.made.get(value)
        if taken is None or taken.fn is not operator.getitem or taken.operands[0] not in self.iterated:
            return None
        row = self.made.get(self.element(taken.operands[0]))
        return row.operands[taken.operands[1].kind.value] if row is not None and "kept" in row.attrs else None

    def element(self, item: Value) -> Value | None:
        """The value that stands, in each iteration, in the list in which a loop finds the item."""
        iterable = underlying(self.iterated[item], self.made)
        if iterable in self.iterated:
            iterable = self.element(iterable)
        return self.collected.get(iterable)

    def name(self, value: Value) -> str:
        """`ts` for a list of what is called `t`, `ts_list` for a list of such lists."""
        if value.name:
            return value.name
        row = self.made.get(self.collected[value]) if value in self.collected else None
        if row is not None and "kept" in row.attrs:
            return "kept"
        return plural(self.name(self.collected[value])) if value in self.collected else temporary(self.made.get(value))
