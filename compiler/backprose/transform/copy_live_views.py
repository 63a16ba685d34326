"""Copy a part of a buffer that is read after the buffer is updated, so that the updates need not copy the whole.

`t = a_bar[i]` is a view. Where it is still read when `a_bar` has been updated elsewhere, the update could not be done in
the buffer's own memory, for t would change; and so with each of several updates in a row. One copy of the part is less.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from backprose.analysis.updates import read_later
from backprose.ir.kinds import Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, defined_values, substitute
from backprose.transform.copy_views import VIEWS, copying


def copy_live_views(fn: Function) -> Function:
    """Copy the views that alone keep an update from being done in place.

    In a loop that is alone but for what is outside of it, of which the buffer has a copy before the loop (`own_buffers`).
    """
    views = {op.result for op in all_ops(fn.region) if op.fn in VIEWS and _is_part_of_an_array(op)}
    if not views:
        return fn
    loops = dict(_innermost(fn.region, None))
    copies: dict[Value, Value] = {}
    for update, later in read_later(fn).items():
        loop = loops[update]
        if views.issuperset(later if loop is None else loop.intersection(later)):
            copies.update((v, Value(v.name, v.kind)) for v in later if v in views)
    return replace(fn, region=_visit(fn.region, copies)) if copies else fn


def _innermost(region: Region, loop: frozenset[Value] | None) -> Iterator[tuple[Value, frozenset[Value] | None]]:
    """Each value, and all values of the innermost loop that it is made in, if there is one."""
    for op in region.ops:
        yield from ((v, loop) for v in op.results)
        for inner in op.regions:
            is_loop = op.name in ("for", "while")
            yield from _innermost(inner, frozenset(defined_values(inner)) if is_loop else loop)


def _is_part_of_an_array(op: Op) -> bool:
    """Not an item of a container, which is no part of a buffer, and may be None where what is kept there is unbound."""
    return isinstance(op.result.kind, Array) and isinstance(op.operands[0].kind, Array)


def _visit(region: Region, copies: dict[Value, Value]) -> Region:
    """The region in which what follows a view that is copied reads the copy."""
    ops: list[Op] = []
    for op in substitute(region, copies).ops:
        ops.append(replace(op, regions=tuple(_visit(r, copies) for r in op.regions)) if op.regions else op)
        ops += [Op("call", (v,), (copies[v],), copying(v.kind), (), op.loc) for v in op.results if v in copies]
    return Region(region.params, tuple(ops), tuple(copies.get(v, v) for v in region.results))
