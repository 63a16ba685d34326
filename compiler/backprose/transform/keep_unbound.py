"""Let values be kept for the reverse sweep also where the variable that they come from is unbound.

A list that a loop collects, or the bundle of residuals, may name a variable that some path leaves unbound; there the
reverse sweep does not read it. Such a variable gets a twin that follows it and holds None as long as it is unbound,
and the twin is what is kept. Reading the variable itself still raises what Python raises. The companions that zeros
are made of (see `Likes`) follow their variables in the same way; those that no reversal has defined are defined here.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from backprose.analysis.activity import maybe_unbound
from backprose.ir.kinds import Unbound
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import defined_values
from backprose.transform.cotangents import Likes, nothing
from backprose.transform.loop_edits import carry_also
from backprose.transform.paths import Path, kind_at
from backprose.transform.typed import TypedBuilder

What = Path | None  # a part's companion, or None for the value itself


def keep_unbound(region: Region, likes: Likes, bundles: Collection[Value] = ()) -> Region:
    """The region with twins in lists that loops collect, and in the tuples `bundles`."""
    defined = defined_values(region)
    missing = {key: companion for key, companion in likes.companions.items() if companion not in defined}
    twins = _Twins(maybe_unbound(region), set(bundles), likes, missing)
    if not twins.unbound and not twins.of and not bundles:
        return region
    while twins.missed:
        twins.missed = False
        found = twins.region(region)
    return found if twins.of else region


class _Twins:
    """`of` maps a value to its twin. An op whose results get their first twins after it was rebuilt is `missed`."""

    def __init__(self, unbound: set[Value], bundles: set[Value], likes: Likes, missing: dict[tuple[Value, Path], Value]):
        self.unbound, self.bundles, self.likes = unbound, bundles, likes
        self.of: dict[tuple[Value, What], Value] = dict(missing)
        self.missed = True

    def twin(self, value: Value, what: What = None, b: TypedBuilder | None = None, like: Value | None = None) -> Value:
        """What follows `value`; `b` takes the ops that read a bound value's shape, `like` tells an unbound one's kind."""
        if isinstance(value.kind, Unbound) and b is not None:
            if what is None:
                return b.op("const", (), [Value("", like.kind)], value=None).result
            return self.likes.define(b, value, what, kind_at(like.kind, what))
        if value not in self.unbound:
            return value if what is None else self.likes.define(b, value, what, kind_at(like.kind, what))
        if (value, what) not in self.of and (what is None or (value, what) not in self.likes.companions):
            self.of[value, what] = Value("", value.kind) if what is None else self.likes.of(value, what)
            self.missed = True
        if what is None or b is None:
            return self.of[value, what] if what is None else self.likes.of(value, what)
        return self.likes.fitted(b, value, what, kind_at(like.kind, what))

    def asked(self, *values: Value) -> list[What]:
        return list(dict.fromkeys(what for value, what in self.of if value in values))

    def region(self, region: Region) -> Region:
        return replace(region, ops=tuple(new for op in region.ops for new in self.op(op)))

    def op(self, op: Op) -> tuple[Op, ...]:
        op = op.reading(op.operands, tuple(map(self.region, op.regions)))
        if op.name in ("unbound", "const") and self.asked(op.result):
            return op, *(self.nothing(op, what) for what in self.asked(op.result))
        if op.name == "tuple" and op.result in self.bundles:
            return (replace(op, operands=tuple(map(self.twin, op.operands))),)
        if op.name in ("for", "while"):
            return self.loop(op)
        if op.name in ("if", "with"):
            return (self.branches(op),)
        return (op,)

    def nothing(self, op: Op, what: What) -> Op:
        """What the twin of an unbound variable holds."""
        value = None if what is None else nothing(kind_at(op.result.kind, what))
        return Op("const", (), (self.of[op.result, what],), {"value": value}, (), op.loc)

    def loop(self, op: Op) -> tuple[Op, ...]:
        kept = len(op.body.results) - op.attrs["collected"]
        results = (*op.body.results[:kept], *map(self.twin, op.body.results[kept:]))
        op = replace(op, regions=(*op.regions[:-1], replace(op.body, results=results)))
        before, tail = TypedBuilder(op.loc), TypedBuilder(op.loc)
        for init, param, after, result in list(zip(op.inits, op.carried, op.yields, op.carried_results)):
            for what in self.asked(param, result):
                start, end = self.twin(init, what, before, param), self.twin(after, what, tail, param)
                op = carry_also(op, start, self.twin(param, what), end, self.twin(result, what))
        body = replace(op.body, ops=(*op.body.ops, *tail.ops))
        return (*before.ops, replace(op, regions=(*op.regions[:-1], body)))

    def branches(self, op: Op) -> Op:
        asked = [(i, what) for i, v in enumerate(op.results) for what in self.asked(v)]
        regions = []
        for region in op.regions:
            tail = TypedBuilder(op.loc)
            yields = [self.twin(region.results[i], what, tail, op.results[i]) for i, what in asked]
            regions.append(replace(region, ops=(*region.ops, *tail.ops), results=(*region.results, *yields)))
        results = (*op.results, *(self.of[op.results[i], what] for i, what in asked))
        return replace(op, results=results, regions=tuple(regions))
