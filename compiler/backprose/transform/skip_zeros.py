"""Let a branch that contributes zero to a cotangent contribute nothing.

`if c {v} else {0.0}`, added to a cotangent behind the branch, is `if c: x_bar += v`.
"""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import replace

import backprose_runtime

from backprose.ir.kinds import Scalar
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import use_counts


def skip_zeros(fn: Function) -> Function:
    """Move sums of the reverse sweep into the branches that give what is added, where one of them gives zero."""
    return replace(fn, region=_visit(fn.region, use_counts(fn.region)))


def _visit(region: Region, counts: Counter[Value]) -> Region:
    ops = [replace(op, regions=tuple(_visit(r, counts) for r in op.regions)) if op.regions else op for op in region.ops]
    i = 0
    while i < len(ops):
        found = _share(ops, i, counts)
        if found is not None:
            at, result = found
            ops[at] = _moved(ops[at], result, ops[i])
            del ops[i]
        else:
            i += 1
    return replace(region, ops=tuple(ops))


def _share(ops: list[Op], i: int, counts: Counter[Value]) -> tuple[int, int] | None:
    """Where the branch stands that gives what op i adds to a cotangent, and which of its results that is."""
    op = ops[i]
    if op.fn not in (backprose_runtime.add_at, operator.add) or op.loc is None or op.loc.sweep != "reverse":
        return None
    buffer, share = op.operands[0], op.operands[-1]
    if counts[buffer] != 1 or counts[share] != 1 or not buffer.name.endswith("_bar") or buffer.kind != op.result.kind:
        return None
    if len(op.operands) > 3:
        return None  # the share is not the last operand of an addition into a view
    if op.fn is operator.add and not isinstance(buffer.kind, Scalar):
        return None  # the zero may be what gives the sum its shape
    at = next((k for k in range(i) if share in ops[k].results), None)
    if at is None or ops[at].name != "if":
        return None
    later = {v for between in ops[at:i] for v in between.results}
    result = ops[at].results.index(share)
    if later.intersection(op.operands[:-1]) or not any(_is_zero(r, result) for r in ops[at].regions):
        return None
    return at, result


def _is_zero(region: Region, result: int) -> bool:
    made = next((op for op in region.ops if region.results[result] in op.results), None)
    return made is not None and made.name == "const" and type(made.attrs["value"]) is float and made.attrs["value"] == 0


def _moved(branch: Op, result: int, add: Op) -> Op:
    """The branch with the sum in place of what was added."""

    def inside(region: Region) -> Region:
        if _is_zero(region, result):
            ops, after = region.ops, add.operands[0]
        else:
            after = Value(add.result.name, add.result.kind)
            step = replace(add, operands=(*add.operands[:-1], region.results[result]), results=(after,))
            ops = (*region.ops, step)
        return Region(region.params, ops, (*region.results[:result], after, *region.results[result + 1 :]))

    results = (*branch.results[:result], add.result, *branch.results[result + 1 :])
    return replace(branch, results=results, regions=tuple(map(inside, branch.regions)))
