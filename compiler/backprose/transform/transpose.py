"""The transpose of a linear map that is written as IR: reverse mode with respect to what it is linear in.

A pullback is linear in its cotangent, so its transpose is the pushforward: forward mode needs no second text of a rule.
What the map reads besides is simply in scope. Of the symbolic argument itself the transpose reads no more than shapes,
for which something of the same shape stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.activity import active_values, maybe_missing, maybe_unbound
from backprose.analysis.versions import Versions
from backprose.ir.nodes import Function, Loc, Op, Region, Value
from backprose.ir.walk import defined_values, redefine, substitute
from backprose.transform.adjoint import Reversal
from backprose.transform.cotangents import Cotangents, Likes, bar_tree_kind
from backprose.transform.drop_dead import drop_dead_ops
from backprose.transform.evident_sums import drop_evident_sums
from backprose.transform.outer_shapes import asks_shape
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

# Builds the map of the symbolic arguments; gives pairs of a result and its cotangent.
LinearMap = Callable[[TypedBuilder, list[Value]], list[tuple[Value, Value]]]

SHAPE_OF_FIRST = frozenset({np.shape, np.ndim, np.size, len, np.zeros_like, np.ones_like, backprose_runtime.zeros_like})
SHAPE_OF_SECOND = frozenset({backprose_runtime.unbroadcast})


class NotLinear(Exception):
    """The map depends on its arguments in another way than linearly: its transpose reads them."""


def transpose(engine: Inference, b: TypedBuilder, linear: LinearMap, likes: list[Value]) -> list[Value | None]:
    """Build into `b` the transpose of `linear`: the cotangent of each argument, None where it is zero.

    `likes` are values with the shapes and dtypes of the arguments. Raises NotLinear.
    """
    xs = [Value("", bar_tree_kind(v.kind)) for v in likes]
    inner = b.nested()
    pairs = linear(inner, xs)
    results = inner.tuple([y for y, _ in pairs])
    fn = Function("linear", Region(tuple(xs), tuple(inner.ops), (results,)))
    active = active_values(fn, xs)
    back = b.nested()
    back.versions = Versions(fn.region)
    bars = Cotangents(active, likes=Likes(maybe_unbound(fn.region), maybe_missing(fn.region)))
    for y, y_bar in pairs:
        bars.add(back, y, y_bar)
    reversal = Reversal(engine, active)
    forward = reversal.region(back, inner.ops, bars)
    if reversal.invokes:
        raise errors.NotDifferentiable(
            "a recursive function of a tangent or cotangent can't be transposed", b.loc,
            "its forward and backward parts would be functions of their own", "write the recursion as a loop",
        )  # fmt: skip
    found = [bars.get(x) for x in xs]
    built = Region((), (*forward, *back.ops), tuple(v for v in found if v is not None))
    built = drop_dead_ops(drop_evident_sums(built))
    if not depending(built, xs).isdisjoint(built.results):
        raise NotLinear
    built = substitute(built, dict(zip(xs, likes)))
    # What rules call `y_bar` is no cotangent any more.
    built = redefine(built, {v: Value("", v.kind) for v in defined_values(built) if v.name.endswith("_bar")})
    b.ops.extend(_placed(op, b.loc) for op in built.ops)
    b.learn(built)
    results = iter(built.results)
    return [None if v is None else next(results) for v in found]


def depending(region: Region, values: list[Value]) -> set[Value]:
    """The values of the region that depend on these, in whatever way but by their shapes."""
    found, before = set(values), -1
    while len(found) != before:
        before = len(found)
        _spread(region, found)
    return found


def _spread(region: Region, found: set[Value]) -> None:
    for op in region.ops:
        if not op.regions:
            if any(v in found and not _reads_shape(op, i) for i, v in enumerate(op.operands)):
                found.update(op.results)
            continue
        if op.name in ("for", "while"):
            found.update(item for item, iterable in zip(op.items, op.iterables) if iterable in found)
            found.update(p for p, i, y in zip(op.carried, op.inits, op.yields) if i in found or y in found)
        for inner in op.regions:
            _spread(inner, found)
        if op.name in ("for", "while"):
            pairs = [*zip(op.carried_results, op.inits), *zip(op.results, (*op.yields, *op.collects))]
        else:
            pairs = [(r, v) for inner in op.regions for r, v in zip(op.results, inner.results)]
            pairs += [(r, v) for r in op.results for v in op.operands]
        found.update(result for result, source in pairs if source in found)


def _reads_shape(op: Op, position: int) -> bool:
    if position == 0:
        return op.fn in SHAPE_OF_FIRST or asks_shape(op)
    return op.fn in SHAPE_OF_SECOND


def _placed(op: Op, loc: Loc | None) -> Op:
    """The op, and those inside it, at another place of the user's source."""
    regions = tuple(replace(r, ops=tuple(_placed(inner, loc) for inner in r.ops)) for r in op.regions)
    return replace(op, loc=loc, regions=regions)
