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

Where nobody knows how many segments there will be, a `while` goes over legs of equal length, its stride:

    while ...:                              for start, stop, legs in strides_backwards(...):
        if len(us) == most:                     ... as above
            us = us[::2]
            stride = stride * 2
        us.append(u)
        u = run(u, n, n + stride)
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
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
from backprose.transform.loop_edits import carry_also
from backprose.transform.residuals import definitions_in, needed_from, own_values, repeat
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.reverse_loops import Sides

PLAIN = {"keywords": (), "method": None}
SEGMENT = "segment"  # the name of a block that holds the loop over a segment
LEG = Tuple((Scalar("int"), Scalar("int")))


def schedule_of(op: Op, made: Mapping[Value, Op]) -> Op | None:
    """What makes the segments of a loop under a schedule: what a `for` goes over, or the first thing in a `while`."""
    if op.name == "for":
        schedule = made.get(op.iterables[0])
        return schedule if schedule is not None and schedule.fn is backprose_runtime.segments else None
    return next((inner for inner in op.body.ops if inner.fn is backprose_runtime.next_segment), None)


def without_test(op: Op) -> Op:
    """The loop as it runs again: how many iterations a `while` makes is known then, and not asked of its condition."""
    if op.name == "for":
        return op
    return replace(op, regions=(op.regions[0], replace(op.body, ops=tuple(map(_to_the_end, op.body.ops)))))


def _to_the_end(block: Op) -> Op:
    """A segment whose loop goes over all that it may."""
    if block.attrs.get("again") != SEGMENT:
        return block
    ops = tuple(
        replace(op, attrs={**op.attrs, "stops": False}, regions=(replace(op.body, results=op.body.results[1:]),))
        if op.name == "for" and op.attrs["stops"] else op
        for op in block.body.ops
    )  # fmt: skip
    return replace(block, regions=(replace(block.body, ops=ops),))


def bring_back_scheduled(b: TypedBuilder, sides: Sides, first: Op, schedule: Op, unbound: set[Value]) -> None:
    """Have what the reverse body reads by running again from the states that are kept; `first` is the loop as it runs first."""
    op = sides.op
    reverse = drop_dead_ops(drop_evident_sums(sides.reverse, op.body))
    here = op.items[0] if op.name == "for" else schedule.result  # the segment in the primal's body
    own, at_hand = own_values(op.body), {here, *op.carried}
    needed = needed_from(op.body, reverse)
    choice = plan(needed, definitions_in(op.body), lambda v: v not in own or v in at_hand)
    if choice.record:
        raise errors.NotDifferentiable(
            "a loop under a schedule draws at random", op.loc,
            "what each iteration drew would have to be kept for all of them", "draw before the loop, or use `every=`",
        )  # fmt: skip
    reverse = repeat(reverse, choice.recompute)
    places = _carried_for(op, {k for k, v in enumerate(op.carried) if v in free_values(reverse)})
    if found := next((op.carried[k] for k in places if op.inits[k] in unbound), None):
        raise errors.NotDifferentiable(
            f"`{found.name or 'a variable'}` may hold nothing when a loop under a schedule begins", op.loc,
            "what the loop carries is kept as it is there", "give it a value before the loop, or use `every=`",
        )  # fmt: skip
    before = TypedBuilder(op.loc, b.parts)
    kept = [Value(_list_of(op.carried[k]), List(op.carried[k].kind)) for k in places]
    if op.name == "for":
        sides.op = _keeping(before, replace(op, operands=(_first_legs(before, schedule), *op.inits)), places, kept)
        goes_over = (backprose_runtime.legs_backwards, *schedule.operands)
    else:
        n = op.carried_results[op.carried.index(schedule.operands[0])]
        sides.op, stride = _in_strides(before, first, schedule, places, kept)
        goes_over = (backprose_runtime.strides_backwards, n, *schedule.operands[1:3], stride)
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
    there, after = _run(inner, op, here, legs, places, states, left)
    reverse = substitute(reverse, {**dict(zip((op.carried[k] for k in places), there)), here: segment})
    sides.reverse = Region(reverse.params, (*inner.ops, *reverse.ops), reverse.results)
    backwards = _call(b, goes_over[0], goes_over[1:], Value("", List(item.kind)))
    sides.iterables.append((backwards, item))
    sides.carried += zip(kept, params, after)


def _first_legs(b: TypedBuilder, schedule: Op) -> Value:
    return _call(b, backprose_runtime.first_legs, schedule.operands, Value("", List(LEG)))


def _keeping(b: TypedBuilder, op: Op, places: Sequence[int], kept: list[Value]) -> Op:
    """The forward loop which keeps the states where each iteration begins; what it needs before is built into `b`."""
    params = [Value(v.name, v.kind) for v in kept]
    keeps, after = _keep(op, params, [op.carried[k] for k in places])
    op = replace(op, regions=(*op.regions[:-1], replace(op.body, ops=(*keeps, *op.body.ops))))
    for param, left, result in zip(params, after, kept):
        op = carry_also(op, b.op("list", (), [Value(param.name, param.kind)]).result, param, left, result)
    return op


def _in_strides(
    b: TypedBuilder, op: Op, schedule: Op, places: Sequence[int], kept: list[Value]
) -> tuple[Op, Value]:
    """The forward `while` over legs of one stride, which doubles when too many states are kept; and the last stride."""
    n, every, snapshots, *count = schedule.operands
    if not places:
        return op, every
    op = _keeping(b, op, places, kept)
    most = _call(b, backprose_runtime.most_before_thinning, (snapshots,), Value("most", Scalar("int")))
    lists, strides = op.carried[-len(places) :], [Value("stride", Scalar("int")) for _ in range(4)]
    head = TypedBuilder(op.loc, b.parts)
    full = head.call(operator.eq, head.call(len, lists[0]), most, kind=Scalar("bool"))
    fewer, same = head.nested(), head.nested()
    second = fewer.call(slice, fewer.const(None), fewer.const(None), fewer.const(2))
    halves = [fewer.call(operator.getitem, xs, second, kind=xs.kind, name=xs.name) for xs in lists]
    twice = fewer.call(operator.mul, strides[0], fewer.const(2), kind=Scalar("int"), name="stride", method="__imul__")
    left = [Value(v.name, v.kind) for v in lists]
    branches = [fewer.region((), (*halves, twice)), same.region((), (*lists, strides[0]))]
    head.op("if", (full,), [*left, strides[1]], branches)
    end = head.call(operator.add, n, strides[1], kind=Scalar("int"), name="" if count else "end")
    end = head.call(min, end, *count, kind=Scalar("int"), name="end") if count else end
    leg = head.tuple((n, end))
    rest = substitute(Region((), op.body.ops, op.body.results), {**dict(zip(lists, left)), schedule.result: leg})
    ops = tuple(inner for inner in rest.ops if inner.fn is not backprose_runtime.next_segment)
    op = replace(op, regions=(op.regions[0], Region(op.body.params, (*head.ops, *ops), rest.results)))
    return carry_also(op, every, strides[0], strides[1], strides[2]), strides[2]


def _keep(op: Op, lists: Sequence[Value], states: Sequence[Value]) -> tuple[list[Op], list[Value]]:
    """The ops that put each state into its list, and the lists then."""
    after = [Value(v.name, v.kind) for v in lists]
    attrs = {"fn": backprose_runtime.appended, **PLAIN}
    return [Op("call", pair, (out,), attrs, (), op.loc) for pair, out in zip(zip(lists, states), after)], after


def _run(
    b: TypedBuilder, op: Op, here: Value, legs: Value, places: Sequence[int], states: list[Value], kept: list[Value]
) -> tuple[list[Value], list[Value]]:
    """The loop over legs in the reverse sweep: the states where it ends, and what is kept then."""
    ops = (inner for inner in op.body.ops if here not in inner.results)
    region = clone(Region((here, *op.carried), tuple(ops), tuple(op.yields[k] for k in places)), {})
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
