"""An entry that was just stored is not read again: `t = x_bar[i] / 9.0; x_bar[i] = t; x_bar[i - 1] += t`."""

from __future__ import annotations

import operator
from collections.abc import Mapping
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
        if isinstance(value.kind, Scalar) and value.kind == op.result.kind and is_same_entry(op.operands[1], store, made):
            stored[op.result] = stored.get(value, value)
    return replace(fn, region=substitute(fn.region, stored)) if stored else fn


def is_same_entry(index: Value, update: Op, made: Mapping[Value, Op]) -> bool:
    """Whether the index leads to the part of an array that the update stores or adds to."""
    there = area(update.operands[1 if update.fn is backprose_runtime.add_at else 2], (), made)
    return there.parts is not None and there.is_same(area(index, (), made))
