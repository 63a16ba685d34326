"""Loops with one more carried value."""

from __future__ import annotations

import operator
from dataclasses import replace

from backprose.ir.kinds import Static
from backprose.ir.nodes import Op, Region, Value


def carry_also(op: Op, init: Value, param: Value, after: Value, result: Value) -> Op:
    """The loop with one more carried value behind the others."""
    n, body = len(op.inits), op.body
    at = n + (1 if op.attrs["stops"] else 0)
    body = Region((*body.params, param), body.ops, (*body.results[:at], after, *body.results[at:]))
    regions = (body,)
    if op.name == "while":
        cond = op.regions[0]
        regions = (replace(cond, params=(*cond.params, Value(param.name, param.kind))), body)
    return replace(
        op, operands=(*op.operands, init), results=(*op.results[:n], result, *op.results[n:]), regions=regions
    )


def counting(op: Op, start: Value, count: Value) -> Op:
    """The loop counting its iterations, first thing in each, so that what leads to a `break` stands last."""
    param, after, one = Value(count.name, count.kind), Value(count.name, count.kind), Value("", Static(1))
    step = (
        Op("const", (), (one,), {"value": 1}, (), op.loc),
        Op("call", (param, one), (after,), {"fn": operator.add, "keywords": (), "method": "__iadd__"}, (), op.loc),
    )
    op = replace(op, regions=(*op.regions[:-1], replace(op.body, ops=(*step, *op.body.ops))))
    return carry_also(op, start, param, after, count)
