"""A function as two: one returns its value and what the other one reads of it, the residuals; the other takes these."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backprose.analysis.activity import maybe_unbound
from backprose.analysis.recording import plan
from backprose.analysis.versions import Versions
from backprose.ir.kinds import Static, Tuple
from backprose.ir.nodes import Function, Loc, Module, Op, Region, Value
from backprose.ir.walk import all_ops, clone, free_values, substitute
from backprose.transform.cotangents import Likes
from backprose.transform.drop_dead import drop_dead, drop_dead_ops
from backprose.transform.keep_unbound import keep_unbound
from backprose.transform.residuals import keep_shapes, repeat
from backprose.transform.typed import TypedBuilder


def two_parts(
    fn: Function, first: Region, second: Region, likes: Likes, versions: Versions, names: tuple[str, ...],
    docs: tuple[str, str], attrs: Mapping[str, Any], loc: Loc | None,
) -> tuple[Function, Function]:  # fmt: skip
    """`first` gives what is returned along with the residuals; `second` reads values of it, and has parameters of its own."""
    first, second = keep_shapes(first, second, likes.missing, versions)
    definitions = {v: op for op in first.ops for v in op.results}
    params = set(first.params)
    second = repeat(second, plan(set(free_values(second)), definitions, lambda v: v in params).recompute)
    first, second, names_outside = _read_once(first, second)
    kept = list(free_values(second))

    tail = TypedBuilder(loc)
    bundle = tail.op("tuple", kept, [Value("", Tuple(tuple(v.kind for v in kept)))], residuals=True).result
    returned = tail.tuple((*first.results, bundle))
    region = drop_dead_ops(Region(first.params, (*first.ops, *tail.ops), (returned,)))
    forward = replace(fn, name=names[0], region=keep_unbound(region, likes, {bundle}), doc=docs[0])

    head = TypedBuilder(fn.loc and fn.loc.reversed())
    residuals = Value("residuals", bundle.kind)
    mapping: dict[Value, Value] = {v: v for v in second.params}
    for i, value in enumerate(kept):
        taken = head.call(operator.getitem, residuals, head.const(i), kind=value.kind)
        mapping[value] = head.restate(taken, value.name or names_outside.get(value, "kept"))
    inner = clone(drop_dead_ops(Region((), second.ops, second.results)), mapping)
    other = Region((residuals, *second.params), (*head.ops, *inner.ops), inner.results)
    other = keep_unbound(other, Likes(maybe_unbound(other)))  # of what runs again, what the rest reads is kept there
    return forward, Function(names[1], other, fn.loc, docs[1], attrs=attrs)


def _read_once(first: Region, second: Region) -> tuple[Region, Region, dict[Value, str]]:
    """Both with what they read of the outside read in the first alone, for it may be bound to something else later; and
    the names of what is read so."""
    reads: dict[tuple[str, str], Op] = {}
    mapping: dict[Value, Value] = {}
    for op in all_ops(second):
        if op.name == "global":
            key = op.attrs["name"], op.attrs["scope"]
            loc = op.loc and replace(op.loc, sweep="")
            read = reads.setdefault(key, replace(op, results=(Value(op.result.name, op.result.kind),), loc=loc))
            mapping[op.result] = read.result
    names = {read.result: name for (name, _), read in reads.items()}
    return replace(first, ops=(*reads.values(), *first.ops)), substitute(second, mapping), names


def hand_over_what_is_read(module: Module) -> Module:
    """Let the first of two entries hand over no more than what the second reads, now that both are simplified."""
    first, second, *others = module.functions.values()
    made = {v: op for op in first.ops for v in op.results}
    returned = made.get(first.result)
    bundle = made.get(returned.operands[-1]) if returned is not None and returned.name == "tuple" else None
    if bundle is None or "residuals" not in bundle.attrs:
        return module
    takes = [op for op in second.ops if op.operands and op.operands[0] is second.params[0]]
    read = sorted({op.operands[1].kind.value for op in takes})
    kept = tuple(dict.fromkeys(bundle.operands[i] for i in read))  # what turned out to be the same is kept once
    if len(kept) == len(bundle.operands):
        return module
    residuals = Value("", Tuple(tuple(v.kind for v in kept)))
    result = Value(first.result.name, Tuple((*(v.kind for v in returned.operands[:-1]), residuals.kind)))
    others_of = (op for op in first.ops if op is not bundle and op is not returned)
    returned = replace(returned, operands=(*returned.operands[:-1], residuals), results=(result,))
    ops = (*others_of, replace(bundle, operands=kept, results=(residuals,)), returned)
    first = drop_dead(replace(first, region=replace(first.region, ops=ops, results=(result,))))

    param = Value(second.params[0].name, residuals.kind)
    ops, taken, same = [], {}, {}
    for op in second.ops:
        if op in takes:
            place = Value("", Static(kept.index(bundle.operands[op.operands[1].kind.value])))
            first_taken = taken.setdefault(place.kind.value, op.result)
            if first_taken is not op.result:
                same[op.result] = first_taken
                continue
            ops.append(Op("const", (), (place,), {"value": place.kind.value}, (), op.loc))
            op = replace(op, operands=(param, place))
        ops.append(op)
    region = substitute(replace(second.region, params=(param, *second.params[1:]), ops=tuple(ops)), same)
    functions = (first, drop_dead(replace(second, region=region)), *others)
    return Module({fn.name: fn for fn in functions})
