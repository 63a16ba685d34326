"""Remove what nobody reads and what has no effect: ops, results of branches, carried and collected values of loops."""

from __future__ import annotations

from dataclasses import replace

from backprose.ir.kinds import Unbound
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import free_values
from backprose.rules.registry import has_effect


def drop_dead(fn: Function) -> Function:
    """One backward sweep is enough in straight-line code: SSA puts every definition before its uses."""
    return replace(fn, region=drop_dead_ops(fn.region))


def drop_dead_ops(region: Region) -> Region:
    live = set(region.results)
    kept: list[Op] = []
    for op in reversed(region.ops):
        op = _trim(op, live)
        if live.isdisjoint(op.results) and not acts(op):
            continue
        kept.append(op)
        live.update(op.operands)
        live.update(free_values(*op.regions))
    return Region(region.params, tuple(reversed(kept)), region.results)


def acts(op: Op) -> bool:
    """Whether the op does something besides giving results: it may print, draw, raise, or not come to an end."""
    if op.name in ("raise", "apply", "invoke"):
        return True
    if op.name == "call":
        return has_effect(op.fn) or any(isinstance(v.kind, Unbound) for v in op.operands)
    return any(acts(inner) for region in op.regions for inner in region.ops)


def _trim(op: Op, live: set[Value]) -> Op:
    if op.name in ("if", "with"):
        keep = [i for i, v in enumerate(op.results) if v in live]
        regions = tuple(drop_dead_ops(_select(r, keep)) for r in op.regions)
        return replace(op, results=tuple(op.results[i] for i in keep), regions=regions)
    if op.name in ("for", "while"):
        return _trim_loop(op, live)
    return op


def _select(region: Region, keep: list[int]) -> Region:
    return replace(region, results=tuple(region.results[i] for i in keep))


def _trim_loop(op: Op, live: set[Value]) -> Op:
    """Keep what is read after the loop, and what those read from one iteration to the next."""
    count = len(op.inits)
    carried = {k for k in range(count) if op.results[k] in live}
    collected = [j for j, v in enumerate(op.collected_results) if v in live]
    while True:
        regions = _loop_regions(op, carried, collected)
        read = set(free_values(*(replace(r, params=()) for r in regions)))
        more = {k for k in range(count) if any(p in read for p in _params(op, k))}
        if more <= carried:
            break
        carried |= more
    keep = sorted(carried)
    n = op.attrs.get("iterables", 0)
    return replace(
        op,
        operands=(*op.operands[:n], *(op.inits[k] for k in keep)),
        results=(*(op.results[k] for k in keep), *(op.collected_results[j] for j in collected)),
        regions=regions,
        attrs={**op.attrs, "collected": len(collected)},
    )


def _params(op: Op, k: int) -> tuple[Value, ...]:
    """The parameters for carried value k: in the body, and in the condition of a `while`."""
    return (op.carried[k],) if op.name == "for" else (op.carried[k], op.regions[0].params[k])


def _loop_regions(op: Op, carried: set[int], collected: list[int]) -> tuple[Region, ...]:
    keep = sorted(carried)
    stop = op.body.results[:1] if op.attrs["stops"] else ()
    results = (*stop, *(op.yields[k] for k in keep), *(op.collects[j] for j in collected))
    body = drop_dead_ops(Region((*op.items, *(op.carried[k] for k in keep)), op.body.ops, results))
    if op.name == "for":
        return (body,)
    cond = op.regions[0]
    return drop_dead_ops(replace(cond, params=tuple(cond.params[k] for k in keep))), body
