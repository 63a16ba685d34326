"""Blocks that run again, at the end: what is in them stands where they stood, or is a function of its own.

In a loop each iteration has the same variables, so what a block computes is gone when the next one begins. Elsewhere
the variables of a function would hold it to the end: there the block becomes a function, whose variables go when it
returns.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, field, replace
from typing import Any

from backprose.analysis.activity import maybe_missing
from backprose.analysis.kinds import without_lengths
from backprose.ir.kinds import Static, Tuple
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.walk import all_ops, clone, free_values, redefine, substitute_op
from backprose.transform.again import REVERSE
from backprose.transform.drop_dead import drop_dead_ops
from backprose.transform.typed import is_hashable

PLAIN: dict[str, Any] = {"keywords": (), "method": None}


def open_blocks(module: Module, as_functions: bool) -> Module:
    """Let blocks that run again stand where they stood, or be functions of their own.

    `as_functions`: those outside loops become functions.
    """
    if not any(is_block(op) for fn in module.functions.values() for op in all_ops(fn.region)):
        return module
    opener = Opener(set(module.functions))
    functions: dict[str, Function] = {}
    for name, fn in module.functions.items():
        opener.missing, opener.made = maybe_missing(fn.region), {v: op for op in all_ops(fn.region) for v in op.results}
        functions[name] = replace(fn, region=opener.region(fn.region, not as_functions))
    return Module({**functions, **opener.functions})


def is_block(op: Op) -> bool:
    return op.name == "with" and "again" in op.attrs


@dataclass
class Opener:
    taken: set[str]
    functions: dict[str, Function] = field(default_factory=dict)
    known: dict[Any, str] = field(default_factory=dict)  # by what they do
    missing: set[Value] = field(default_factory=set)  # values that may be unbound
    made: dict[Value, Op] = field(default_factory=dict)

    def region(self, region: Region, inside: bool) -> Region:
        """The region without blocks; `inside`: they are in a loop or in a function of their own."""
        ops: list[Op] = []
        mapping: dict[Value, Value] = {}
        for op in region.ops:
            op = substitute_op(op, mapping)
            own = is_block(op) and not inside and self._can_stand_alone(op)
            within = inside or own or op.name in ("for", "while")
            op = replace(op, regions=tuple(self.region(r, within) for r in op.regions))
            if not is_block(op):
                ops.append(op)
            elif own:
                ops += self._called(op)
            else:
                ops += self._opened(op, mapping)
        return Region(region.params, tuple(ops), tuple(mapping.get(v, v) for v in region.results))

    def _opened(self, op: Op, mapping: dict[Value, Value]) -> tuple[Op, ...]:
        body = op.body
        defined = {v for inner in body.ops for v in inner.results}
        unnamed = [(v, r.name) for v, r in zip(body.results, op.results) if r.name and not v.name and v in defined]
        body = redefine(body, {v: Value(name, v.kind) for v, name in unnamed})
        mapping.update(zip(op.results, body.results))
        return body.ops

    def _can_stand_alone(self, op: Op) -> bool:
        """Whether all that goes in and out certainly is there: an unbound variable can't be passed."""
        return self.missing.isdisjoint((*free_values(op.body), *op.results, *op.body.results))

    def _called(self, op: Op) -> list[Op]:
        """The block as a call of a function of its own."""
        body = op.body
        free = list(free_values(body))
        constants = [self.made[v] for v in free if v in self.made and self.made[v].name == "const"]
        passed = [v for v in free if not (v in self.made and self.made[v].name == "const")]
        params = [Value(v.name or self._role(v), v.kind) for v in passed]
        inner = clone(Region((), (*constants, *body.ops), body.results), dict(zip(passed, params)))
        loc = op.loc
        single = len(op.results) == 1
        if not single:
            out = Value("", Tuple(tuple(v.kind for v in inner.results)))
            inner = Region((), (*inner.ops, Op("tuple", inner.results, (out,), {}, (), loc)), (out,))
        name = self._function(op, drop_dead_ops(Region(tuple(params), inner.ops, inner.results)))
        if single:
            return [Op("invoke", tuple(passed), op.results, {"callee": name}, (), loc)]
        out = Value("", inner.results[0].kind)
        ops = [Op("invoke", tuple(passed), (out,), {"callee": name}, (), loc)]
        for i, result in enumerate(op.results):
            place = Value("", Static(i))
            ops.append(Op("const", (), (place,), {"value": i}, (), loc))
            ops.append(Op("call", (out, place), (result,), {"fn": operator.getitem, **PLAIN}, (), loc))
        return ops

    def _role(self, value: Value) -> str:
        """A name for a parameter that has none: a cotangent comes from outside."""
        return "out_bar" if value in self.made and self.made[value].in_reverse else ""

    def _function(self, op: Op, region: Region) -> str:
        """The name of the function with this body, which is there already where an equal block stood."""
        key = _form(region)
        if key in self.known:
            return self.known[key]
        of = op.attrs["again"]
        doc = f"Pullback of `{of.removesuffix(REVERSE)}`, which it runs again." if of.endswith(REVERSE) else ""
        name = self.known[key] = self._name(of)
        self.functions[name] = Function(name, region, op.loc, doc)
        return name

    def _name(self, wanted: str) -> str:
        wanted = wanted if wanted.isidentifier() else "block"
        name, n = wanted, 1
        while name in self.taken:
            n += 1
            name = f"{wanted}_{n}"
        self.taken.add(name)
        return name


def _form(region: Region) -> Any:
    """What two bodies have in common that do the same: all but the names of values and of lengths, and places."""
    numbers: dict[Value, int] = {}

    def number(value: Value) -> int:
        return numbers.setdefault(value, len(numbers))

    def of_region(region: Region) -> Any:
        params = tuple((number(v), without_lengths(v.kind)) for v in region.params)
        return params, tuple(map(of_op, region.ops)), tuple(map(number, region.results))

    def of_op(op: Op) -> Any:
        attrs = tuple((k, type(v), v if is_hashable(v) else id(v)) for k, v in sorted(op.attrs.items()))
        regions = tuple(map(of_region, op.regions))
        results = tuple((number(v), without_lengths(v.kind)) for v in op.results)
        return op.name, tuple(map(number, op.operands)), attrs, regions, results

    return of_region(region)
