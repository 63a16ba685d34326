"""Let values be kept for the reverse sweep also where the variable that they come from is unbound.

A list that a loop collects, or the bundle of residuals, may name a variable that some path leaves unbound; there the
reverse sweep does not read it. Such a variable gets a twin that follows it and holds None as long as it is unbound,
and the twin is what is kept. Reading the variable itself still raises what Python raises.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from backprose.analysis.activity import maybe_unbound
from backprose.ir.kinds import Static, Unbound
from backprose.ir.nodes import Op, Region, Value
from backprose.transform.reverse_loops import carry_also


def keep_unbound(region: Region, bundles: Collection[Value] = ()) -> Region:
    """The region with twins in lists that loops collect, and in the tuples `bundles`."""
    twins = _Twins(maybe_unbound(region), set(bundles))
    while twins.missed:
        twins.missed = False
        found = twins.region(region)
    return found if twins.of else region


class _Twins:
    """`of` maps a value to its twin. An op whose results get their first twins after it was rebuilt is `missed`."""

    def __init__(self, unbound: set[Value], bundles: set[Value]):
        self.unbound, self.bundles = unbound, bundles
        self.of: dict[Value, Value] = {}
        self.missed = True

    def twin(self, value: Value) -> Value:
        if value not in self.unbound:
            return value
        if value not in self.of:
            kind = Static(None) if isinstance(value.kind, Unbound) else value.kind
            self.of[value] = Value("", kind)
            self.missed = True
        return self.of[value]

    def region(self, region: Region) -> Region:
        return replace(region, ops=tuple(new for op in region.ops for new in self.op(op)))

    def op(self, op: Op) -> tuple[Op, ...]:
        op = replace(op, regions=tuple(map(self.region, op.regions)))
        if op.name in ("unbound", "const") and op.result in self.of:
            return op, Op("const", (), (self.of[op.result],), {"value": None}, (), op.loc)
        if op.name == "tuple" and op.result in self.bundles:
            return (replace(op, operands=tuple(map(self.twin, op.operands))),)
        if op.name in ("for", "while"):
            return (self.loop(op),)
        if op.name in ("if", "with"):
            return (self.branches(op),)
        return (op,)

    def loop(self, op: Op) -> Op:
        kept = len(op.body.results) - op.attrs["collected"]
        results = (*op.body.results[:kept], *map(self.twin, op.body.results[kept:]))
        op = replace(op, regions=(*op.regions[:-1], replace(op.body, results=results)))
        for init, param, after, result in list(zip(op.inits, op.carried, op.yields, op.carried_results)):
            if param in self.of or result in self.of:
                op = carry_also(op, self.twin(init), self.twin(param), self.twin(after), self.twin(result))
        return op

    def branches(self, op: Op) -> Op:
        asked = [i for i, v in enumerate(op.results) if v in self.of]
        regions = tuple(replace(r, results=(*r.results, *(self.twin(r.results[i]) for i in asked))) for r in op.regions)
        return replace(op, results=(*op.results, *(self.of[op.results[i]] for i in asked)), regions=regions)
