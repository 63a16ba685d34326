"""What a loop would keep though it is the same in all iterations is read where it is.

    P = np.eye(2)                             P = np.eye(2)
    for z in obs:                             for z in obs:
        ...                                       ...
        Ps.append(P)
    for P1 in reversed(Ps):                   for z in reversed(obs):
        q_bar += (P_bar * P1).sum()               q_bar += (P_bar * P).sum()

What was computed in the loop may be known from before it since common expressions are shared.
"""

from __future__ import annotations

from dataclasses import replace

from backprose.ir.nodes import Function, Op, Value
from backprose.ir.walk import all_ops, substitute


def read_outside(fn: Function) -> Function:
    """Read a value from outside instead of the items of a list that a loop fills with it."""
    same = {kept: value for op in all_ops(fn.region) if op.name in ("for", "while") for kept, value in _from_outside(op)}
    if not same:
        return fn
    backwards = {op.result: op.operands[0] for op in all_ops(fn.region) if op.fn is reversed}
    items: dict[Value, Value] = {}
    for op in all_ops(fn.region):
        for iterable, item in zip(op.iterables, op.items) if op.name == "for" else ():
            value = same.get(backwards.get(iterable, iterable))
            if value is not None and value.kind == item.kind:
                items[item] = items.get(value, value)
    return replace(fn, region=substitute(fn.region, items))


def _from_outside(loop: Op) -> list[tuple[Value, Value]]:
    """The lists that the loop fills with one value, and this value."""
    if not loop.collects:
        return []
    inside = {*loop.body.params, *(v for op in loop.body.ops for v in op.results)}
    return [(kept, value) for kept, value in zip(loop.collected_results, loop.collects) if value not in inside]
