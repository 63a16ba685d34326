"""Let what a loop carries on be computed last.

In a reverse loop the new cotangent takes over the name of the old one, which other results still read. Computed at the
end of the iteration, it can be written where the old one was.
"""

from __future__ import annotations

from dataclasses import replace

from backprose.ir.nodes import Function, Op, Region
from backprose.ir.walk import use_counts
from backprose.rules.registry import has_effect


def finish_last(fn: Function) -> Function:
    """In bodies of reverse loops, move pure calls that only give a carried value behind everything else."""
    return replace(fn, region=_visit(fn.region))


def _visit(region: Region) -> Region:
    ops = []
    for op in region.ops:
        regions = tuple(map(_visit, op.regions))
        if op.name == "for" and op.in_reverse:
            regions = (_finish(replace(op, regions=regions)),)
        ops.append(replace(op, regions=regions) if regions else op)
    return replace(region, ops=tuple(ops))


def _finish(op: Op) -> Region:
    body = op.body
    counts = use_counts(body)
    last = {v for v in op.yields if counts[v] == 1}
    moved = [o for o in body.ops if o.name == "call" and not has_effect(o.fn) and o.results[0] in last]
    kept = [o for o in body.ops if o not in moved]
    return replace(body, ops=(*kept, *moved))
