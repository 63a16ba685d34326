"""An entry that was just stored is not read again: `t = x_bar[i] / 9.0; x_bar[i] = t; x_bar[i - 1] += t`."""

from __future__ import annotations

import operator
from dataclasses import replace

import backprose_runtime

from backprose.analysis.regions import area
from backprose.ir.kinds import Scalar
from backprose.ir.nodes import Function, Op, Value
from backprose.ir.walk import all_ops, substitute


def read_stored(fn: Function) -> Function:
    """Let the reverse sweep use the number that it stored, rather than read the entry of the array right after it."""
    made = {v: op for op in all_ops(fn.region) for v in op.results}
    stored: dict[Value, Value] = {}
    for op in made.values():
        store = made.get(op.operands[0]) if op.fn is operator.getitem and op.in_reverse else None
        if store is None or store.fn is not backprose_runtime.set_at or len(store.operands) != 3:
            continue
        value = store.operands[1]
        if isinstance(value.kind, Scalar) and value.kind == op.result.kind and _same_entry(op, store, made):
            stored[op.result] = stored.get(value, value)
    return replace(fn, region=substitute(fn.region, stored)) if stored else fn


def _same_entry(read: Op, store: Op, made: dict[Value, Op]) -> bool:
    there = area(store.operands[2], (), made)
    return there.parts is not None and there.is_same(area(read.operands[1], (), made))
