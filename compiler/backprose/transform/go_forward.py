"""Let reverse loops that carry nothing go forward: each iteration stands alone, so their order is free."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace

from backprose.ir.kinds import BACKWARDS
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, substitute, use_counts
from backprose.transform.drop_dead import acts


def go_forward(fn: Function) -> Function:
    """Let reverse loops that carry nothing go forward: `[f(x) for x in reversed(xs)][::-1]` is `[f(x) for x in xs]`."""
    made = {v: op for op in all_ops(fn.region) for v in op.results}
    counts = use_counts(fn.region)
    turned = [op for op in made.values() if op.fn is operator.getitem and op.operands[1].kind == BACKWARDS]
    backwards: dict[Value, list[Op]] = {}
    for op in turned:
        backwards.setdefault(op.operands[0], []).append(op)
    counts.subtract(op.operands[0] for op in made.values() if op.fn is len)  # which is the same in any order
    mapping: dict[Value, Value] = {}

    def visit(region: Region) -> Region:
        ops = []
        for op in region.ops:
            if _is_free(op, made) and all(counts[v] == len(backwards.get(v, ())) for v in op.results):
                iterables = tuple(_turned(v, made) for v in op.iterables)
                op = replace(op, operands=iterables)
                mapping.update((again.result, v) for v in op.results for again in backwards.get(v, ()))
            ops.append(replace(op, regions=tuple(map(visit, op.regions))) if op.regions else op)
        return replace(region, ops=tuple(ops))

    return replace(fn, region=_each_once(substitute(visit(fn.region), mapping)))


def _each_once(region: Region) -> Region:
    """The region with loops that go once over what they went over several times side by side."""
    ops = []
    for op in region.ops:
        is_reverse = op.name == "for" and op.in_reverse
        if is_reverse and len(set(op.iterables)) < len(op.iterables):
            first: dict[Value, Value] = {}
            for iterable, item in zip(op.iterables, op.items):
                first.setdefault(iterable, item)
            body = substitute(op.body, {item: first[iterable] for iterable, item in zip(op.iterables, op.items)})
            body = replace(body, params=(*first.values(), *op.carried))
            attrs = {**op.attrs, "iterables": len(first)}
            op = replace(op, operands=(*first, *op.inits), regions=(body,), attrs=attrs)
        ops.append(replace(op, regions=tuple(map(_each_once, op.regions))) if op.regions else op)
    return replace(region, ops=tuple(ops))


def _is_free(op: Op, made: Mapping[Value, Op]) -> bool:
    """Whether the op is a reverse loop whose iterations know nothing of each other."""
    if op.name != "for" or op.inits or op.attrs["stops"] or op.loc is None or op.loc.sweep != "reverse":
        return False
    return all(_turned(v, made) is not None for v in op.iterables) and not any(map(acts, op.body.ops))


def _turned(iterable: Value, made: Mapping[Value, Op]) -> Value | None:
    """xs for `reversed(xs)` and for `xs[::-1]`."""
    op = made.get(iterable)
    if op is None or not (op.fn is reversed or (op.fn is operator.getitem and op.operands[1].kind == BACKWARDS)):
        return None
    return op.operands[0]
