"""The reverse of a loop over segments under a schedule: no more than so many states are kept at a time.

The forward sweep goes over legs, several segments each, and keeps the state where each begins. The reverse sweep goes
over the segments, last first: it takes the last state that is kept, runs the legs from there to the segment, keeping
states on the way, and sweeps the segment back.

    for begin, end in first_legs(...):      for start, stop, legs in legs_backwards(...):
        us.append(u)                            u = us.pop()
        u = run(u, begin, end)                  for begin, end in legs:
                                                    us.append(u)
                                                    u = run(u, begin, end)
                                                ... the segment from start to stop, and its reverse
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import backprose_runtime

from backprose import errors
from backprose.analysis.recording import plan
from backprose.ir.kinds import List, Scalar, Tuple
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import clone, free_values, substitute
from backprose.transform.drop_dead import drop_dead_ops
from backprose.transform.evident_sums import drop_evident_sums
from backprose.transform.residuals import definitions_in, needed_from, own_values, repeat
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.reverse_loops import Sides

PLAIN = {"keywords": (), "method": None}
LEG = Tuple((Scalar("int"), Scalar("int")))


def is_scheduled(made: Op | None) -> bool:
    """Whether what a loop goes over, `made` by this op, are segments under a schedule."""
    return made is not None and made.fn is backprose_runtime.segments


def bring_back_scheduled(b: TypedBuilder, sides: Sides, schedule: Op, unbound: set[Value]) -> None:
    """Have what the reverse body reads by running again from the states that are kept."""
    op = sides.op
    reverse = drop_dead_ops(drop_evident_sums(sides.reverse, op.body))
    own, at_hand = own_values(op.body), {*op.items, *op.carried}
    needed = needed_from(op.body, reverse)
    choice = plan(needed, definitions_in(op.body), lambda v: v not in own or v in at_hand)
    if choice.record:
        raise errors.NotDifferentiable(
            "a loop under a schedule draws at random", op.loc,
            "what each iteration drew would have to be kept for all of them", "draw before the loop, or use `every=`",
        )  # fmt: skip
    reverse = repeat(reverse, choice.recompute)
    places = _carried_for(op, {k for k, v in enumerate(op.carried) if v in free_values(reverse)})
    if found := next((op.carried[k] for k in places if op.carried[k] in unbound), None):
        raise errors.NotDifferentiable(
            f"`{found.name or 'a variable'}` may hold nothing when a loop under a schedule begins", op.loc,
            "what the loop carries is kept as it is there", "give it a value before the loop, or use `every=`",
        )  # fmt: skip
    before = TypedBuilder(op.loc, b.parts)
    kept = [Value(_list_of(op.carried[k]), List(op.carried[k].kind)) for k in places]
    sides.op = _forward(before, op, schedule, places, kept)
    sides.before = (*sides.before, *before.ops)

    item, inner = Value("", Tuple((*LEG.items, List(LEG)))), TypedBuilder(op.loc, b.parts)
    start, end, legs = (_take(inner, item, i, name) for i, name in enumerate(("start", "end", "legs")))
    segment = inner.tuple((start, end))
    params = [Value(v.name, v.kind) for v in kept]
    states, left = [], []
    for k, param in zip(places, params):
        last = inner.const(-1)
        states.append(_call(inner, operator.getitem, (param, last), Value(op.carried[k].name, op.carried[k].kind)))
        left.append(_call(inner, backprose_runtime.without_last, (param,), Value(param.name, param.kind)))
    here, after = _run(inner, op, legs, places, states, left)
    reverse = substitute(reverse, {**dict(zip((op.carried[k] for k in places), here)), op.items[0]: segment})
    sides.reverse = Region(reverse.params, (*inner.ops, *reverse.ops), reverse.results)
    backwards = _call(b, backprose_runtime.legs_backwards, schedule.operands, Value("", List(item.kind)))
    sides.iterables.append((backwards, item))
    sides.carried += zip(kept, params, after)


def _forward(b: TypedBuilder, op: Op, schedule: Op, places: Sequence[int], kept: list[Value]) -> Op:
    """The forward loop, over legs, which keeps the states; what it needs before is built into `b`."""
    legs = b.op("call", schedule.operands, [Value("", List(LEG))], fn=backprose_runtime.first_legs, **PLAIN).result
    empty = [b.op("list", (), [Value(v.name, v.kind)]).result for v in kept]
    params = [Value(v.name, v.kind) for v in kept]
    keeps, after = _keep(op, params, [op.carried[k] for k in places])
    n = len(op.inits)
    results = (*op.body.results[:n], *after, *op.body.results[n:])
    body = Region((*op.body.params, *params), (*keeps, *op.body.ops), results)
    return replace(
        op, operands=(legs, *op.inits, *empty), results=(*op.results[:n], *kept, *op.results[n:]), regions=(body,)
    )


def _keep(op: Op, lists: Sequence[Value], states: Sequence[Value]) -> tuple[list[Op], list[Value]]:
    """The ops that put each state into its list, and the lists then."""
    after = [Value(v.name, v.kind) for v in lists]
    attrs = {"fn": backprose_runtime.appended, **PLAIN}
    return [Op("call", pair, (out,), attrs, (), op.loc) for pair, out in zip(zip(lists, states), after)], after


def _run(
    b: TypedBuilder, op: Op, legs: Value, places: Sequence[int], states: list[Value], kept: list[Value]
) -> tuple[list[Value], list[Value]]:
    """The loop over legs in the reverse sweep: the states where it ends, and what is kept then."""
    region = clone(Region(op.body.params, op.body.ops, tuple(op.yields[k] for k in places)), {})
    params = [region.params[1 + k] for k in places]
    lists = [Value(v.name, v.kind) for v in kept]
    keeps, after = _keep(op, lists, params)
    body = drop_dead_ops(Region((region.params[0], *params, *lists), (*keeps, *region.ops), (*region.results, *after)))
    outs = [Value(v.name, v.kind) for v in states]
    lists_after = [Value(v.name, v.kind) for v in kept]
    attrs = {"iterables": 1, "collected": 0, "stops": False}
    b.op("for", (legs, *states, *kept), (*outs, *lists_after), [body], **attrs)
    return outs, lists_after


def _carried_for(op: Op, needed: set[int]) -> list[int]:
    """What has to be carried so that the needed values are there: what their next ones are computed from."""
    while True:
        region = drop_dead_ops(Region((), op.body.ops, tuple(op.yields[k] for k in sorted(needed))))
        read = free_values(region)
        more = {k for k, v in enumerate(op.carried) if v in read} | needed
        if more == needed:
            return sorted(needed)
        needed = more


def _list_of(value: Value) -> str:
    return f"kept_{value.name}" if value.name else "kept"


def _take(b: TypedBuilder, item: Value, i: int, name: str) -> Value:
    return _call(b, operator.getitem, (item, b.const(i)), Value(name, item.kind.items[i]))


def _call(b: TypedBuilder, fn: Callable, operands: tuple[Value, ...], result: Value) -> Value:
    return b.op("call", operands, [result], fn=fn, **PLAIN).result
