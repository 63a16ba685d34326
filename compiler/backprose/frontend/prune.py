"""Drop what lowering made and nothing needs: carried variables, branch results, constants and empty displays.

A value is needed if an op that may act reads it, or if the result of a needed op depends on it. Marking starts from
the ops that may act (calls, attributes, free names, `raise`, and what decides control flow) and follows definitions;
a carried variable that only feeds itself is never reached.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops

SILENT = frozenset({"const", "unbound", "tuple", "list", "dict", "closure"})


def prune(function: Function) -> Function:
    """The function without unneeded definitions; everything that may raise or act stays."""
    needed = _needed(function.region)
    return replace(function, region=_region(function.region, needed))


def _needed(region: Region) -> set[Value]:
    sources: dict[Value, Sequence[Value]] = {}
    todo = list(region.results)
    for op in all_ops(region):
        todo += _roots(op)
        for value, others in _dependencies(op):
            sources[value] = others
    needed: set[Value] = set()
    while todo:
        value = todo.pop()
        if value not in needed:
            needed.add(value)
            todo += sources.get(value, ())
    return needed


def _roots(op: Op) -> tuple[Value, ...]:
    """Values that are read whatever is needed."""
    if op.name == "if" or op.name == "with":
        return op.operands
    if op.name == "for" or op.name == "while":
        stop = (op.stop,) if op.stop is not None else ()
        cond = op.regions[0].results if op.name == "while" else ()
        return (*op.iterables, *stop, *cond, *op.collects)
    return () if op.name in SILENT else op.operands


def _dependencies(op: Op) -> list[tuple[Value, tuple[Value, ...]]]:
    """What each definition of the op stands for."""
    if op.name == "if" or op.name == "with":
        return list(zip(op.results, zip(*(region.results for region in op.regions))))
    if op.name == "for" or op.name == "while":
        slots = list(zip(op.inits, op.yields, op.carried, op.carried_results))
        heads = op.regions[0].params if op.name == "while" else op.carried
        carried = [(value, (*slot, head)) for slot, head in zip(slots, heads) for value in (*slot[2:], head)]
        return [*carried, *((value, (item,)) for value, item in zip(op.collected_results, op.collects))]
    return [(result, op.operands) for result in op.results]


def _region(region: Region, needed: set[Value]) -> Region:
    ops = (op for op in region.ops if op.name not in SILENT or not needed.isdisjoint(op.results))
    return replace(region, ops=tuple(_op(op, needed) for op in ops))


def _op(op: Op, needed: set[Value]) -> Op:
    if not op.regions:
        return op
    regions = [_region(region, needed) for region in op.regions]
    keep = [value in needed for value in op.results]
    if op.name == "for" or op.name == "while":
        carried, collected = keep[: len(op.inits)], [True] * op.attrs["collected"]
        keep = [*carried, *collected]
        results = _kept(op.body.results, [*([True] * op.attrs["stops"]), *keep])
        params = _kept(op.body.params, [*([True] * len(op.items)), *carried])
        regions[-1] = replace(regions[-1], params=params, results=results)
        if op.name == "while":
            regions[0] = replace(regions[0], params=_kept(op.regions[0].params, carried))
        operands = (*op.iterables, *_kept(op.inits, carried))
    else:
        regions = [replace(region, results=_kept(region.results, keep)) for region in regions]
        operands = op.operands
    return replace(op, operands=operands, results=_kept(op.results, keep), regions=tuple(regions))


def _kept(values: Sequence[Value], keep: Sequence[bool]) -> tuple[Value, ...]:
    return tuple(compress(values, keep))
