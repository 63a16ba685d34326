"""What a loop computes anew in each iteration, though it is always the same, is computed once before the loop.

Only what can't fail and costs nothing to have is moved, since the loop may not run at all: numbers made of numbers by
sums, products and quotients by constants, and the slices of an index. What the user named stays where it is.
"""

from __future__ import annotations

import operator
from dataclasses import replace

from backprose.ir.kinds import Scalar, Slice, Static
from backprose.ir.nodes import Function, Op, Region, Value

ARITHMETIC = frozenset({operator.add, operator.sub, operator.mul, operator.neg})


def hoist_invariants(fn: Function) -> Function:
    """Compute what a loop leaves the same before the outermost such loop."""
    return replace(fn, region=_without_invariants(fn.region))


def _without_invariants(region: Region) -> Region:
    """The region in which what is the same in all iterations of its loops stands before them."""
    ops: list[Op] = []
    for op in region.ops:
        if op.regions:
            op = replace(op, regions=tuple(map(_without_invariants, op.regions)))
        if op.name in ("for", "while"):
            first, op = _taken_out(op)
            ops += first
        ops.append(op)
    return replace(region, ops=tuple(ops))


def _taken_out(loop: Op) -> tuple[list[Op], Op]:
    """What can be moved out of the loop, and the loop without it."""
    inside = {v for region in loop.regions for v in region.params}
    inside.update(v for region in loop.regions for op in region.ops for v in op.results)
    moved: list[Op] = []
    for op in (op for region in loop.regions for op in region.ops):
        if (op.name == "const" or _is_movable(op)) and inside.isdisjoint(op.operands):
            moved.append(op)
            inside.difference_update(op.results)
    needed: set[Value] = set()
    for op in reversed(moved):  # what is written where it is used is moved only with what reads it
        if not _is_written_out(op) or op.result in needed:
            needed.update((*op.operands, op.result))
    taken = [op for op in moved if op.result in needed]
    gone = {op for op in taken if not _is_written_out(op)}
    fresh = {op.result: Value(op.result.name, op.result.kind) for op in taken if _is_written_out(op)}
    first = [_reading(op, fresh) for op in taken]
    regions = [replace(region, ops=tuple(op for op in region.ops if op not in gone)) for region in loop.regions]
    return first, replace(loop, regions=tuple(regions))


def _reading(op: Op, fresh: dict[Value, Value]) -> Op:
    """The op among those before the loop, where some values have others of their own."""
    operands, results = (tuple(fresh.get(v, v) for v in values) for values in (op.operands, op.results))
    return replace(op, operands=operands, results=results)


def _is_written_out(op: Op) -> bool:
    """Whether the op is a constant or a slice, of which there may be one before the loop and one in it."""
    return op.name == "const" or op.fn is slice


def _is_movable(op: Op) -> bool:
    if op.results and op.results[0].name and not op.is_derivative:
        return False
    if op.name == "tuple":  # a shorter index is written where it is used
        return len(op.operands) > 2 and all(isinstance(v.kind, Slice) for v in op.operands)
    if op.fn is slice:
        return all(isinstance(v.kind, Static) for v in op.operands)
    if op.name != "call" or not _is_float(op.result) or not all(_is_float(v) or _is_small(v) for v in op.operands):
        return False
    return op.fn in ARITHMETIC or (op.fn is operator.truediv and _is_small(op.operands[1]) and op.operands[1].kind.value != 0)


def _is_float(value: Value) -> bool:
    """Whether it is a float of Python's, of which sums and products raise nothing and warn of nothing."""
    return value.kind == Scalar("float")


def _is_small(value: Value) -> bool:
    """Whether it is a constant which a float can be combined with: no integer that is too long."""
    number = value.kind.value if isinstance(value.kind, Static) else None
    return type(number) is float or (type(number) is int and abs(number) < 2**53)
