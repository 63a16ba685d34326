"""Remove what nobody reads and what has no effect: ops, results of branches, carried and collected values of loops."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backprose.ir.kinds import Unbound
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import free_values
from backprose.rules.registry import has_effect


def drop_dead(fn: Function) -> Function:
    """Remove what nobody reads and what has no effect.

    One backward sweep is enough in straight-line code: SSA puts every definition before its uses.
    """
    region = drop_dead_ops(fn.region)
    return fn if region is fn.region else replace(fn, region=region)


def drop_dead_ops(region: Region) -> Region:
    """The region without them; itself where there is nothing dead."""
    live = set(region.results)
    kept: list[Op] = []
    made = {v: op for op in region.ops for v in op.results} if any(op.regions for op in region.ops) else {}
    for op in reversed(region.ops):
        op = _trim(op, live, made) if op.regions else op
        if live.isdisjoint(op.results) and not acts(op):
            continue
        kept.append(op)
        live.update(op.operands)
        if op.regions:
            live.update(free_values(*op.regions))
    ops = tuple(reversed(kept))
    return region if ops == region.ops else Region(region.params, ops, region.results)


def acts(op: Op) -> bool:
    """Whether the op does something besides giving results: it may print, draw, raise, or not come to an end."""
    if op.name in ("raise", "apply", "invoke"):
        return True
    if op.name == "call":
        return has_effect(op.fn) or any(isinstance(v.kind, Unbound) for v in op.operands)
    return any(acts(inner) for region in op.regions for inner in region.ops)


def _trim(op: Op, live: set[Value], made: Mapping[Value, Op]) -> Op:
    if op.name in ("if", "with"):
        keep = [i for i, v in enumerate(op.results) if v in live]
        regions = tuple([drop_dead_ops(_select(r, keep)) for r in op.regions])
        kept = op if len(keep) == len(op.results) else op.giving(tuple([op.results[i] for i in keep]))
        return kept.reading(op.operands, regions)
    if op.name in ("for", "while"):
        return _trim_iterables(_trim_loop(op, live), made)
    return op


def _select(region: Region, keep: list[int]) -> Region:
    if len(keep) == len(region.results):
        return region
    return Region(region.params, region.ops, tuple([region.results[i] for i in keep]))


def _trim_loop(op: Op, live: set[Value]) -> Op:
    """Keep what is read after the loop, and what those read from one iteration to the next."""
    count = len(op.inits)
    carried = {k for k in range(count) if op.results[k] in live}
    collected = [j for j, v in enumerate(op.collected_results) if v in live]
    while True:
        regions = _loop_regions(op, carried, collected)
        read = set(free_values(*[Region((), r.ops, r.results) for r in regions]))
        more = {k for k in range(count) if any(p in read for p in _params(op, k))}
        if more <= carried:
            break
        carried |= more
    if len(carried) + len(collected) == len(op.results):
        return op.reading(op.operands, regions)
    keep = sorted(carried)
    n = op.attrs.get("iterables", 0)
    return replace(
        op,
        operands=(*op.operands[:n], *(op.inits[k] for k in keep)),
        results=(*(op.results[k] for k in keep), *(op.collected_results[j] for j in collected)),
        regions=regions,
        attrs={**op.attrs, "collected": len(collected)},
    )


def _trim_iterables(op: Op, made: Mapping[Value, Op]) -> Op:
    """Do not go over what is not read where something else of the same length is gone over."""
    if len(op.iterables) < 2:
        return op
    read = set(free_values(Region((), op.body.ops, op.body.results)))
    wholes = [_whole(v, made) for v in op.iterables]
    keep = list(range(len(wholes)))
    for i in reversed(range(len(wholes))):
        if op.items[i] not in read and any(j != i and wholes[j] is wholes[i] for j in keep):
            keep.remove(i)
    if len(keep) == len(wholes):
        return op
    return replace(
        op,
        operands=(*(op.iterables[i] for i in keep), *op.inits),
        regions=(replace(op.body, params=(*(op.items[i] for i in keep), *op.carried)),),
        attrs={**op.attrs, "iterables": len(keep)},
    )


def _whole(iterable: Value, made: Mapping[Value, Op]) -> Value:
    """What has as many elements as the iterable: x for `range(len(x))` and `reversed(x)`, the first list of a loop's."""
    op = made.get(iterable)
    if op is not None and op.fn is range and len(op.operands) == 1:
        bound = made.get(op.operands[0])
        return _whole(bound.operands[0], made) if bound is not None and bound.fn is len else iterable
    if op is not None and op.fn is reversed:
        return _whole(op.operands[0], made)
    if op is not None and op.name in ("for", "while") and iterable in op.collected_results:
        return op.collected_results[0]
    return iterable


def _params(op: Op, k: int) -> tuple[Value, ...]:
    """The parameters for carried value k: in the body, and in the condition of a `while`."""
    return (op.carried[k],) if op.name == "for" else (op.carried[k], op.regions[0].params[k])


def _loop_regions(op: Op, carried: set[int], collected: list[int]) -> tuple[Region, ...]:
    if len(carried) + len(collected) == len(op.results):
        return tuple([drop_dead_ops(r) for r in op.regions])
    keep = sorted(carried)
    stop = op.body.results[:1] if op.attrs["stops"] else ()
    results = (*stop, *(op.yields[k] for k in keep), *(op.collects[j] for j in collected))
    body = drop_dead_ops(Region((*op.items, *(op.carried[k] for k in keep)), op.body.ops, results))
    if op.name == "for":
        return (body,)
    cond = op.regions[0]
    return drop_dead_ops(replace(cond, params=tuple(cond.params[k] for k in keep))), body
