"""Guards of zero cotangents ask once for all whether they are needed.

`divide_nonzero(x_bar, z)` looks at z, for each product and quotient anew. But if what the forward sweep made of z is
finite, z was nowhere 0, and so one look at a few values, often at the result alone, tells that no guard is needed:

    regular = all_finite(value)
    ...
    z_bar = divide_nonzero(x_bar, z, regular)

Where something is not finite each guard looks for itself, as before.
"""

from __future__ import annotations

from dataclasses import replace

from backprose_runtime import all_finite, divide_nonzero, multiply_nonzero

from backprose.analysis.implied import DIVIDES, FINITE, Holds, closure, head
from backprose.analysis.magnitudes import Magnitudes
from backprose.ir.kinds import Scalar
from backprose.ir.nodes import Function, Op, Value

NEEDS = {multiply_nonzero: FINITE, divide_nonzero: DIVIDES}
MOST = 4  # values that are looked at


def check_once(fn: Function) -> Function:
    """Tell guards of zeros, outside loops, where a look at few values makes them unnecessary."""
    guards = [op for op in fn.ops if op.fn in NEEDS]
    if len(guards) < 2:
        return fn
    first = fn.ops.index(guards[0])
    known = Magnitudes(fn.region)
    sweep = [op for op in fn.ops[:first] if not op.regions and not op.is_derivative]
    looked_at = _looked_at(guards, sweep, known)
    holds = closure([op for op in fn.ops if not op.regions and op.fn not in NEEDS], known, looked_at)
    settled = [op for op in guards if NEEDS[op.fn] in holds.get(op.operands[1], Holds(0))]
    if not looked_at or 2 * len(looked_at) > len(settled):
        return fn
    regular = Value("regular", Scalar("bool"))
    told = {op: replace(op, operands=(*op.operands, regular)) for op in settled}
    attrs = {"fn": all_finite, "keywords": (), "method": None}
    test = Op("call", tuple(looked_at), (regular,), attrs, (), guards[0].loc)
    ops = (*fn.ops[:first], test, *(told.get(op, op) for op in fn.ops[first:]))
    return replace(fn, region=replace(fn.region, ops=ops))


def _looked_at(guards: list[Op], sweep: list[Op], known: Magnitudes) -> list[Value]:
    """The values that together tell of what all guards look at, as far as the forward sweep has it."""
    readers: dict[Value, list[Op]] = {}
    for op in sweep:
        if len(op.results) == 1:
            for value in op.operands:
                readers.setdefault(value, []).append(op)
    found: list[Value] = []
    holds = closure(sweep, known, found)
    for op in guards:
        factor, need = op.operands[1], NEEDS[op.fn]
        if factor in holds and need not in holds[factor] and len(found) < MOST:
            more = [*found, head(factor, need, readers)]
            told = closure(sweep, known, more)
            if need in told[factor]:
                found, holds = more, told
    return found
