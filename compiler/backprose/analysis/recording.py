"""Recording: of the values that the reverse sweep reads, which are recomputed and which are kept.

A value is recomputed when that takes a few cheap operations on values that are at hand anyway: indices, shapes,
comparisons, a little arithmetic. The rest is recorded. The budget is in units of one pass over an array.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from backprose.analysis.kinds import ndim_of
from backprose.analysis.ownership import PLACES
from backprose.ir.nodes import Function, Op, Value
from backprose.ir.walk import all_ops
from backprose.rules.registry import has_effect

BUDGET = 2.0
SCALAR_COST = 0.25

ARITHMETIC = frozenset(
    {getattr(operator, n) for n in "add sub mul truediv neg pos lt le gt ge eq ne and_ or_ not_ is_ is_not".split()}
    | {np.add, np.subtract, np.multiply, np.divide, np.negative}
)
VIEWS = frozenset({operator.getitem, np.transpose, np.shape, np.expand_dims, np.swapaxes, len, range, slice, isinstance})


@dataclass(frozen=True)
class Plan:
    """`recompute` are ops to repeat, in order; `record` are values to keep."""

    recompute: tuple[Op, ...]
    record: tuple[Value, ...]


def plan(needed: Iterable[Value], definitions: Mapping[Value, Op], at_hand: Callable[[Value], bool]) -> Plan:
    """Decide for each needed value, in the order of definition: a recorded value is at hand for those after it."""
    order = {v: i for i, v in enumerate(definitions)}
    repeated: dict[Op, None] = {}
    record: list[Value] = []
    for value in sorted((v for v in needed if not at_hand(v)), key=lambda v: order.get(v, -1)):
        ops = recomputation(value, definitions, lambda v: at_hand(v) or v in record)
        if ops is None:
            record.append(value)
        else:
            repeated.update(dict.fromkeys(ops))
    ordered = sorted(repeated, key=lambda op: order[op.results[0]])
    return Plan(tuple(ordered), tuple(record))


def recomputation(value: Value, definitions: Mapping[Value, Op], at_hand: Callable[[Value], bool]) -> list[Op] | None:
    """The ops that compute `value` from what is at hand, or None if that is not cheap or not possible."""
    ops: dict[Op, None] = {}
    if not _visit(value, definitions, at_hand, ops):
        return None
    return list(ops) if sum(map(_cost, ops)) <= BUDGET else None


def _visit(value: Value, definitions: Mapping[Value, Op], at_hand: Callable[[Value], bool], ops: dict[Op, None]) -> bool:
    if at_hand(value):
        return True
    op = definitions.get(value)
    if op is None or _cost(op) > BUDGET or len(ops) > 64:
        return False
    if op not in ops:
        if not all(_visit(v, definitions, at_hand, ops) for v in op.operands):
            return False
        ops[op] = None
    return True


def _cost(op: Op) -> float:
    if op.regions:
        return float("inf")
    if op.name in ("const", "getattr", "tuple", "global"):
        return 0.0
    if op.name != "call" or has_effect(op.fn):
        return float("inf")
    if op.fn in VIEWS:
        return 0.0
    if op.fn in ARITHMETIC:
        return SCALAR_COST if all(ndim_of(v.kind) == 0 for v in op.results) else 1.0
    return float("inf")


def overwritten(fn: Function) -> set[Value]:
    """Values of the forward sweep in whose memory an update may be done, also where a loop or branch hands them on."""
    ops = [op for op in all_ops(fn.region) if not op.in_reverse]
    found = {op.operands[0] for op in ops if op.fn in PLACES}
    flows: list[tuple[Value, Value]] = []
    for op in ops:
        if op.name in ("for", "while"):
            for param, init, after, result in zip(op.carried, op.inits, op.yields, op.carried_results):
                flows += [(param, init), (param, after), (result, param), (result, after)]
        elif op.name == "if":
            flows += [(result, value) for region in op.regions for result, value in zip(op.results, region.results)]
    while more := {source for target, source in flows if target in found and source not in found}:
        found |= more
    return found
