"""A function as two: one returns its value and what the other one reads of it, the residuals; the other takes these."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from backprose.analysis.recording import plan
from backprose.analysis.versions import Versions
from backprose.ir.nodes import Function, Loc, Region, Value
from backprose.ir.walk import clone, free_values
from backprose.transform.cotangents import Likes
from backprose.transform.drop_dead import drop_dead_ops
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
    kept = list(free_values(second))

    tail = TypedBuilder(loc)
    bundle = tail.tuple(kept, name="")
    returned = tail.tuple((*first.results, bundle))
    region = drop_dead_ops(Region(first.params, (*first.ops, *tail.ops), (returned,)))
    forward = replace(fn, name=names[0], region=keep_unbound(region, likes, {bundle}), doc=docs[0])

    head = TypedBuilder(second.ops[0].loc if second.ops else fn.loc)
    residuals = Value("residuals", bundle.kind)
    mapping: dict[Value, Value] = {v: v for v in second.params}
    for i, value in enumerate(kept):
        taken = head.call(operator.getitem, residuals, head.const(i), kind=value.kind)
        mapping[value] = head.restate(taken, value.name or "kept")
    inner = clone(Region((), second.ops, second.results), mapping)
    other = Region((residuals, *second.params), (*head.ops, *inner.ops), inner.results)
    return forward, Function(names[1], other, fn.loc, docs[1], attrs=attrs)
