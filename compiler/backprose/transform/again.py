"""The reverse of a block that runs again: its forward ops once more, then their reverse.

Of a block, a `with` without contexts that has the attribute `again`, nothing is kept but what it reads from outside.
What it draws at random is yielded to the reverse sweep, where it is not drawn again, and what it prints is not printed
again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backprose import errors
from backprose.ir.kinds import List, Static, Unbound
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, clone, free_values, substitute
from backprose.rules.registry import has_effect
from backprose.transform.cotangents import Cotangents, bar_name, cotangent_kind
from backprose.transform.drop_dead import drop_dead_ops
from backprose.transform.evident_sums import drop_evident_sums
from backprose.transform.keep_unbound import keep_unbound
from backprose.transform.paths import kind_at, leaves
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.adjoint import Reversal
    from backprose.transform.infer import Inference

REVERSE = "_reverse"  # behind the name of a block: the block that runs it again and sweeps it back


def reverse_block(reversal: Reversal, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...]:
    """Build the block's reverse into `b`; the ops that stand in its place going forward."""
    inner, inside, tail = b.nested(), bars.child(), TypedBuilder(op.loc, b.parts)
    companions = [(r, i, path) for i, r in enumerate(op.results) for path in bars.likes.asked(r)]
    yields = [bars.likes.define(tail, op.body.results[i], path, kind_at(r.kind, path)) for r, i, path in companions]
    for result, value in zip(op.results, op.body.results):
        for path, _ in leaves(result.kind):
            if bars.get(result, path) is not None and value in reversal.active:
                inside.add(inner, value, bars.get(result, path), path)
    ops = reversal.region(inner, op.body.ops, inside)
    outer = [v for v in free_values(op.body) if v in reversal.active]
    changed = [(v, p) for v in outer for p, _ in leaves(v.kind) if inside.get(v, p) is not bars.get(v, p)]
    out = [inside.leaf(inner, v, p) for v, p in changed]

    forward = Region((), (*ops, *tail.ops), (*op.body.results, *yields))
    run, rerun, drawn = Replay(reversal.engine).split(forward)
    mapping: dict[Value, Value] = {v: Value(v.name, v.kind) for v in drawn}
    kept = tuple(mapping[v] for v in drawn)
    results = (*op.results, *(bars.likes.of(r, path) for r, _, path in companions), *kept)
    op = replace(op, results=results, regions=(replace(run, results=(*run.results, *drawn)),))
    again = Region((), rerun.ops, ())
    undefined = bars.likes.renewed(again, mapping)
    once_more = clone(again, mapping)  # the user's own ops, which no identity touches
    if undefined:  # defined at once: the ops of the values that they follow may be dead here
        bars.likes.companions.update(((mapping[value], path), fresh) for (value, path), fresh in undefined.items())
        once_more = keep_unbound(once_more, bars.likes)
    reverse = substitute(inner.region((), out), mapping)
    reverse = drop_dead_ops(drop_evident_sums(Region((), (*once_more.ops, *reverse.ops), reverse.results)))
    bars_out = [Value(bar_name(v, p), cotangent_kind(kind_at(v.kind, p))) for v, p in changed]
    b.op("with", (), bars_out, [reverse], again=op.attrs["again"] + REVERSE)
    for (v, path), bar in zip(changed, bars_out):
        bars.set(v, path, bar)
    return tuple(drop_dead_ops(Region((), (op,), results)).ops)


@dataclass
class Replay:
    """Forward ops as they run first, and as they run again: what has an effect is not repeated."""

    engine: Inference

    def split(self, region: Region) -> tuple[Region, Region, list[Value]]:
        """The region, the region for the second run, and what this reads of the first, which is free in it."""
        first: list[Op] = []
        second: list[Op] = []
        drawn: list[Value] = []
        for op in region.ops:
            self._refuse(op)
            if op.name == "call" and has_effect(op.fn):
                first.append(op)
                drawn += [v for v in op.results if not isinstance(v.kind, Static)]
                second += [constant(v, op) for v in op.results if isinstance(v.kind, Static)]
            elif any(map(_has_effects, op.regions)):
                once, again, more = self._nested(op)
                first.append(once)
                second.append(again)
                drawn += more
            else:
                first.append(op)
                second.append(op)
        return replace(region, ops=tuple(first)), replace(region, ops=tuple(second)), drawn

    def _nested(self, op: Op) -> tuple[Op, Op, list[Value]]:
        if op.name in ("for", "while"):
            return self._loop(op)
        sides = [self.split(region) for region in op.regions]
        drawn = [Value(v.name, v.kind) for _, _, values in sides for v in values]
        at = iter(drawn)
        onces, agains = [], []
        for i, (once, again, values) in enumerate(sides):
            nothing = [Value("", Unbound()) for j, (_, _, other) in enumerate(sides) if j != i for _ in other]
            rest = iter(nothing)
            yielded = [v if j == i else next(rest) for j, (_, _, other) in enumerate(sides) for v in other]
            ops = (*once.ops, *(Op("unbound", (), (v,), {}, (), op.loc) for v in nothing))
            onces.append(replace(once, ops=ops, results=(*once.results, *yielded)))
            agains.append(substitute(again, {v: next(at) for v in values}))
        first = replace(op, results=(*op.results, *drawn), regions=tuple(onces))
        return first, replace(op, regions=tuple(agains)), drawn

    def _loop(self, op: Op) -> tuple[Op, Op, list[Value]]:
        """A loop that draws collects what it draws; run again, it goes over that as well."""
        if op.name == "while" and _has_effects(op.regions[0]):
            raise errors.NotDifferentiable(
                "the condition of a loop that is checkpointed draws or prints", op.loc,
                "it runs once more than the body, and is not run again", "do that in the loop's body",
            )  # fmt: skip
        once, again, drawn = self.split(op.body)
        lists = [Value("", List(v.kind)) for v in drawn]
        collected = op.attrs["collected"] + len(lists)
        first = replace(
            op, results=(*op.results, *lists), attrs={**op.attrs, "collected": collected},
            regions=(*op.regions[:-1], replace(once, results=(*once.results, *drawn))),
        )  # fmt: skip
        if not lists:
            return first, replace(op, regions=(*op.regions[:-1], again)), []
        items = {v: Value(v.name, v.kind) for v in drawn}
        count = len(op.iterables)
        body = substitute(replace(again, params=(*again.params[:count], *items.values(), *again.params[count:])), items)
        attrs = {"iterables": count + len(lists), "collected": op.attrs["collected"], "stops": op.attrs["stops"]}
        second = replace(op, name="for", operands=(*op.iterables, *lists, *op.inits), attrs=attrs, regions=(body,))
        return first, second, lists

    def _refuse(self, op: Op) -> None:
        """What is behind an `invoke` can't be looked into: it must not draw."""
        if op.name != "invoke":
            return
        known = {**{i.name: i.function for i in self.engine.instances.values()}, **self.engine.functions}
        name = op.attrs["callee"].removesuffix("_forward")
        if draws(known.get(name), known, set()):
            raise errors.NotDifferentiable(
                f"the recursive function `{name}` draws or prints inside a checkpoint", op.loc,
                "what it drew would have to be handed to its second run", "draw outside, and pass it what it needs",
            )  # fmt: skip


def _has_effects(region: Region) -> bool:
    return any(op.name == "call" and has_effect(op.fn) for op in all_ops(region))


def draws(fn: Function | None, known: dict, seen: set[str]) -> bool:
    """Whether a call of the function may have an effect."""
    if fn is None or fn.name in seen:
        return fn is None
    seen.add(fn.name)
    callees = (op.attrs["callee"] for op in all_ops(fn.region) if op.name == "invoke")
    return _has_effects(fn.region) or any(draws(known.get(callee), known, seen) for callee in callees)


def constant(value: Value, op: Op) -> Op:
    """What an effect gives that is no result at all, like that of `print`."""
    return Op("const", (), (value,), {"value": value.kind.value}, (), op.loc)
