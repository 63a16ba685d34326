"""Recording: of the values that the reverse sweep reads, which are recomputed and which are kept.

A value is recomputed when that takes a few cheap operations on values that are at hand anyway: indices, shapes,
comparisons, a little arithmetic. The rest is recorded. The budget is in units of one pass over an array.

What is read of a buffer that is *overwritten* later is recorded too, unless the reverse sweep reads the buffer itself
anyway: to have it at hand, each update would have to copy the whole buffer.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import ndim_of
from backprose.analysis.ownership import LIST_UPDATES, PLACES, allocates, is_deep
from backprose.ir.kinds import Array, List
from backprose.ir.nodes import Op, Value
from backprose.rules.registry import has_effect

BUDGET = 2.0
SCALAR_COST = 0.25

ARITHMETIC = frozenset(
    {getattr(operator, n) for n in "add sub mul truediv neg pos lt le gt ge eq ne and_ or_ not_ is_ is_not".split()}
    | {np.add, np.subtract, np.multiply, np.divide, np.negative}
)
VIEWS = frozenset(
    {operator.getitem, np.transpose, np.shape, np.expand_dims, np.swapaxes, len, range, slice, isinstance,
     backprose_runtime.stop_gradient}
)  # fmt: skip


@dataclass(frozen=True)
class Plan:
    """`recompute` are ops to repeat, in order; `record` are values to keep."""

    recompute: tuple[Op, ...]
    record: tuple[Value, ...]


def plan(
    needed: Iterable[Value], definitions: Mapping[Value, Op], at_hand: Callable[[Value], bool],
    is_overwritten: Callable[[Value], bool] = lambda value: False,
) -> Plan:  # fmt: skip
    """Decide for each needed value, in the order of definition: a recorded value is at hand for those after it.

    Of what is overwritten, no more than the shape is at hand.
    """
    order = {v: i for i, v in enumerate(definitions)}
    repeated: dict[Op, None] = {}
    record: list[Value] = []

    def available(value: Value) -> bool:
        return value in record or (at_hand(value) and not is_overwritten(value))

    for value in sorted((v for v in needed if not available(v)), key=lambda v: order.get(v, -1)):
        ops = recomputation(value, definitions, available, at_hand)
        if ops is None:
            record.append(value)
        else:
            repeated.update(dict.fromkeys(ops))
    ordered = sorted(repeated, key=lambda op: order[op.results[0]])
    return Plan(tuple(ordered), tuple(record))


def recomputation(
    value: Value, definitions: Mapping[Value, Op], at_hand: Callable[[Value], bool], has_shape: Callable[[Value], bool]
) -> list[Op] | None:
    """The ops that compute `value` from what is at hand, or None if that is not cheap or not possible."""
    ops: dict[Op, None] = {}

    def visit(value: Value, at_hand: Callable[[Value], bool]) -> bool:
        if at_hand(value):
            return True
        op = definitions.get(value)
        if op is None or _cost(op) > BUDGET or len(ops) > 64:
            return False
        if op not in ops:
            if not all(visit(v, has_shape if _asks_shape(op) else at_hand) for v in op.operands):
                return False
            ops[op] = None
        return True

    return list(ops) if visit(value, at_hand) and sum(map(_cost, ops)) <= BUDGET else None


def _asks_shape(op: Op) -> bool:
    return op.fn is len or (op.name == "getattr" and op.attrs["name"] in ("shape", "size"))


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


def overwritten_values(ops: Iterable[Op]) -> set[Value]:
    """Arrays and lists that the ops may update in place after they are read, and views of such arrays.

    An array in a list is updated where an op writes into elements: `xs[i] = v` puts another one in its place.
    """
    before: dict[Value, set[Value]] = {}  # value -> what it may have been before, in the same memory
    views: dict[Value, set[Value]] = {}
    found: set[Value] = set()
    elements: list[tuple[Value, Value]] = []
    into_elements = False
    for op in ops:
        for target, source in flows(op):
            before.setdefault(target, set()).add(source)
        if op.name == "call" and op.operands and _holds(op.result):
            if op.fn in PLACES or op.fn in LIST_UPDATES or (op.attrs["method"] or "").startswith("__i"):
                found.add(op.operands[0])
                into_elements |= is_deep(op)
            elif isinstance(op.operands[0].kind, List) and isinstance(op.result.kind, Array):
                elements.append((op.operands[0], op.result))
            elif not allocates(op):
                views.setdefault(op.operands[0], set()).add(op.result)
    for items, element in elements if into_elements else ():
        views.setdefault(items, set()).add(element)
    found = _closure(found, before)
    return {v for v in _closure(found, views) if _holds(v)}


def flows(op: Op) -> Iterator[tuple[Value, Value]]:
    """Target and source of what an op with regions passes on as it is."""
    if op.name in ("if", "with"):
        for region in op.regions:
            yield from zip(op.results, region.results)
    elif op.name in ("for", "while"):
        for sources in (op.inits, op.yields):
            for region in op.regions:
                yield from zip(region.params[-len(op.inits) :] if op.inits else (), sources)
            yield from zip(op.carried_results, sources)


def _closure(values: set[Value], steps: Mapping[Value, set[Value]]) -> set[Value]:
    found, pending = set(values), list(values)
    while pending:
        more = steps.get(pending.pop(), set()) - found
        found |= more
        pending += more
    return found


def _holds(value: Value) -> bool:
    return isinstance(value.kind, (Array, List))
