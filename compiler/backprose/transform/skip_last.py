"""The last iteration of a reverse loop leaves out products that only a further one would read.

    for i, layer in zip(reversed(range(len(layers))), reversed(layers)):
        ...
        if i > 0:
            h_bar = h_bar @ layer["w"].T

Nobody asked for the gradient with respect to the first layer's input. So what the loop carries is not read behind it,
and the last update is in vain: one product of the three that a layer of a network takes. Where nothing counts the
iterations downwards yet, a counter goes along.

The counter is gone over beside the other iterables, the shortest of which ends the loop. So at its end the iteration is
the last, whatever their lengths; and if another one ends before, the last update is made as before.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from backprose.analysis.kinds import ndim_of
from backprose.ir.kinds import Array, List, Range, Scalar, Static
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, free_values, use_counts
from backprose.transform.drop_dead import acts
from backprose.transform.typed import TypedBuilder

PRODUCTS = frozenset({operator.matmul, np.matmul, np.dot, np.tensordot, np.einsum, np.linalg.solve})


def skip_last(fn: Function) -> Function:
    """Guard what reverse loops compute for the next iteration alone, where there are products in it."""
    if not any(op.name == "for" and op.in_reverse and op.inits for op in all_ops(fn.region)):
        return fn
    return replace(fn, region=_Walk(fn).region(fn.region))


class _Walk:
    def __init__(self, fn: Function):
        self.counts: Counter[Value] = use_counts(fn.region)
        self.made: Mapping[Value, Op] = {v: op for op in all_ops(fn.region) for v in op.results}

    def region(self, region: Region) -> Region:
        ops: list[Op] = []
        for op in region.ops:
            if op.regions:
                op = replace(op, regions=tuple(map(self.region, op.regions)))
            if op.name == "for" and op.in_reverse and not op.attrs["stops"]:
                before, op = self.guarded(op)
                ops += before
            ops.append(op)
        return replace(region, ops=tuple(ops))

    def guarded(self, loop: Op) -> tuple[tuple[Op, ...], Op]:
        """The loop with a guard around what is in vain the last time, and what has to stand before the loop then."""
        vain = [k for k, result in enumerate(loop.carried_results) if not self.counts[result]]
        late = _only_for(loop.body, set(vain)) if vain else []
        if not any(_is_product(op) for op in late):
            return (), loop
        b = TypedBuilder(loop.loc)
        counter = self.counter(loop)
        if counter is None:
            iterable = self.countdown(b, loop)
            if iterable is None:
                return (), loop
            counter = Value("", Scalar("int")), Static(0)
            loop = _also_over(loop, iterable, counter[0])
        return tuple(b.ops), _with_guard(loop, vain, late, *counter)

    def counter(self, loop: Op) -> tuple[Value, Static] | None:
        """An item that counts down, and the number at which it ends."""
        for iterable, item in zip(loop.iterables, loop.items):
            back = self.made.get(iterable)
            count = self.made.get(back.operands[0]) if back is not None and back.fn is reversed else None
            if count is not None and count.fn is range:
                start = Static(0) if len(count.operands) == 1 else count.operands[0].kind
                if len(count.operands) < 3 and isinstance(start, Static):
                    return item, start
        return None

    def countdown(self, b: TypedBuilder, loop: Op) -> Value | None:
        """`reversed(range(len(xs)))` for what the loop goes over, a list if there is one."""
        backs = [self.made.get(v) for v in loop.iterables]
        wholes = [v if op is None or op.fn is not reversed else op.operands[0] for v, op in zip(loop.iterables, backs)]
        for kind in (List, Array):
            for whole in wholes:
                if isinstance(whole.kind, kind):
                    return b.call(reversed, b.call(range, b.call(len, whole), kind=Range()), kind=Range())
        return None


def _only_for(body: Region, vain: set[int]) -> list[Op]:
    """The ops of the body that nothing reads but what it yields at these places."""
    live = {v for k, v in enumerate(body.results) if k not in vain}
    late: list[Op] = []
    for op in reversed(body.ops):
        if live.isdisjoint(op.results) and not acts(op):
            late.append(op)
        else:
            live.update((*op.operands, *free_values(*op.regions)))
    return late[::-1]


def _is_product(op: Op) -> bool:
    if op.regions:
        return any(_is_product(inner) for region in op.regions for inner in region.ops)
    return op.fn in PRODUCTS and ndim_of(op.result.kind) != 0


def _also_over(loop: Op, iterable: Value, item: Value) -> Op:
    """The loop going over one more iterable, first of all."""
    body = replace(loop.body, params=(item, *loop.body.params))
    attrs = {**loop.attrs, "iterables": loop.attrs["iterables"] + 1}
    return replace(loop, operands=(iterable, *loop.operands), regions=(body,), attrs=attrs)


def _with_guard(loop: Op, vain: list[int], late: list[Op], counter: Value, end: Static) -> Op:
    """The loop whose last iteration leaves the values carried `vain` unbound that `late` computes."""
    body, made = loop.body, {v for op in late for v in op.results}
    yields = list(dict.fromkeys(loop.yields[k] for k in vain if loop.yields[k] in made))
    loc = late[-1].loc
    b = TypedBuilder(loc)
    is_not_last = b.call(operator.gt, counter, b.const(end.value), kind=Scalar("bool"))
    nothing = [Op("unbound", (), (Value("", v.kind),), {}, (), loc) for v in yields]
    otherwise = Region((), tuple(nothing), tuple(op.result for op in nothing))
    guarded = {v: Value(v.name, v.kind) for v in yields}
    b.op("if", (is_not_last,), tuple(guarded.values()), (Region((), tuple(late), tuple(yields)), otherwise))
    rest = tuple(op for op in body.ops if op not in late)
    results = tuple(guarded.get(v, v) for v in body.results)
    return replace(loop, regions=(Region(body.params, (*rest, *b.ops), results),))
