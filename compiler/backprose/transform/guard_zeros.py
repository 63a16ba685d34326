"""An exactly zero cotangent annihilates: products and quotients of cotangents are guarded where that is in doubt.

Rules say `d / (2 * y)` and `d * b`, which is NaN where d is 0 and y is 0, or b infinite. A zero cotangent says that the
value does not count, as at the entries that `np.where(x > 0, np.sqrt(x), 0)` does not take. So such a product becomes
`multiply_nonzero(d, b)`, and such a quotient `divide_nonzero(d, b)`, once for all rules.

They stay plain where nothing can go wrong (`analysis/magnitudes.py`): the divisor is evidently not 0, as `1 + np.exp(x)`,
the factor is finite, as an argument is taken to be, or the cotangent is nowhere 0. So they do where zeros in the
cotangent can't be reconciled with a finite result: what is `np.log(0)` or `x / 0` and has the weight 0 makes NaN of it;
only a choice, a mask or an index makes such a value count for nothing. The same goes for exponentials that overflow.
"""

from __future__ import annotations

import builtins
import math
import operator
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import is_number
from backprose.analysis.magnitudes import Fact, Magnitudes
from backprose.ir.nodes import Op, Region, Value
from backprose.rules.registry import has_no_derivative, is_singular, rule_for

PRODUCTS = frozenset({operator.mul, np.multiply})
QUOTIENTS = frozenset({operator.truediv, np.divide})
GUARDED = PRODUCTS | QUOTIENTS


# Functions with finite values at points where the derivative is not; elsewhere it is infinite only with the value.
POWERS = frozenset({operator.pow, builtins.pow, np.power, np.float_power, math.pow})
STEEP = POWERS | {
    np.sqrt, np.cbrt, math.sqrt, math.cbrt, np.linalg.norm, backprose_runtime.divide_nonzero,
    backprose_runtime.multiply_nonzero,
}  # fmt: skip


def guard_zeros(
    region: Region, given: Collection[Value], written_for: Mapping[Value, Op], cotangents: Collection[Value] = (),
    *before: Region,
) -> Region:  # fmt: skip
    """The region with guarded products and quotients of what depends linearly on cotangents, or on tangents.

    `given` are those that are parameters, whose zeros are what the caller chose; `cotangents` are others, made on the way.
    `written_for` gives the primal's op whose rule computes a value of the region; `before` are regions that run before it,
    whose values it reads.
    """
    known = Magnitudes(*before)
    known.zeroed.update(given)
    known.add(region)
    return _guarded(region, {*given, *cotangents}, Doubts(known, written_for))


@dataclass(frozen=True)
class Doubts:
    """What decides whether a product or a quotient is guarded."""

    known: Magnitudes
    written_for: Mapping[Value, Op]
    steep: set[Value] = field(default_factory=set)  # what may be infinite though the primal's value is finite

    def note(self, op: Op, d: Value, other: Value) -> None:
        """A quotient whose divisor may be 0 is steep: the derivative of a root at 0."""
        if op.fn in QUOTIENTS and Fact.NONZERO not in self.facts(op)[other] and not self._is_infinite_too(op):
            self.steep.add(op.result)

    def is_steep(self, op: Op, d: Value, other: Value) -> bool:
        """Whether an infinite d may be multiplied by 0: the root has a minimum there, of which 0 is a subgradient."""
        return op.fn in PRODUCTS and d in self.steep and Fact.SURELY_NONZERO not in self.facts(op)[other]

    def facts(self, op: Op) -> dict[Value, Fact]:
        return dict(zip(op.operands, self.known.seen[op]))

    def has(self, op: Op, d: Value, other: Value) -> bool:
        """Whether d may be 0 where that counts, and the other operand does not give 0 with it."""
        facts = self.facts(op)
        zero, factor = facts[d], facts[other]
        if Fact.SURELY_NONZERO in zero or (Fact.WHOLE in zero and self._is_infinite_too(op)):
            return False
        if op.fn in PRODUCTS:
            return not (Fact.SURELY_FINITE in factor or (Fact.FINITE in factor and Fact.WHOLE in zero))
        weakly = Fact.FINITE | Fact.NONZERO in factor and Fact.WHOLE in zero
        return not (Fact.FINITE | Fact.SURELY_NONZERO in factor or weakly)

    def _is_infinite_too(self, op: Op) -> bool:
        """Whether the primal's value is infinite or NaN wherever the derivative is."""
        primal = self.written_for.get(op.result)
        if primal is None or primal.name != "call" or rule_for(primal.fn) is None:
            return False
        if primal.fn in POWERS:
            exponent = getattr(primal.operands[1].kind, "value", None)
            return isinstance(exponent, (int, float)) and not 0 < exponent < 1
        return primal.fn not in STEEP and (primal.fn in (np.arctanh, math.atanh) or not is_singular(primal.fn))


def _guarded(region: Region, linear: set[Value], doubts: Doubts) -> Region:
    """`linear` takes in what depends on cotangents; comparisons of them do not count as such."""
    ops = []
    for op in region.ops:
        if op.regions:
            op = _guarded_inside(op, linear, doubts)
        elif any(v in linear for v in op.operands) and not (op.name == "call" and has_no_derivative(op.fn)):
            if not doubts.steep.isdisjoint(op.operands):
                doubts.steep.update(op.results)
            op = _guard(op, linear, doubts)
            linear.update(op.results)
        ops.append(op)
    return Region(region.params, tuple(ops), region.results)


def _guarded_inside(op: Op, linear: set[Value], doubts: Doubts) -> Op:
    """The op with guarded regions. What a loop hands on is linear if it is so in any iteration."""
    flows = [pair for inner in op.regions for pair in _yielded(op, inner)]
    if op.name in ("for", "while"):
        flows += [*zip(op.items, op.iterables), *zip(op.carried, op.inits), *zip(op.carried, op.yields)]
        flows += [pair for inner in op.regions if inner is not op.body for pair in zip(inner.params, op.carried)]
    while True:
        before = len(linear), len(doubts.steep)
        for found in (linear, doubts.steep):
            found.update(target for target, source in flows if source in found)
        regions = tuple(_guarded(inner, linear, doubts) for inner in op.regions)
        if before == (len(linear), len(doubts.steep)):
            return replace(op, regions=regions)


def _yielded(op: Op, region: Region) -> list[tuple[Value, Value]]:
    """The op's results with what the region yields for them."""
    if op.name == "while" and region is not op.body:
        return []
    return list(zip(op.results, region.results[1 if op.attrs.get("stops") else 0 :]))


def _guard(op: Op, linear: set[Value], doubts: Doubts) -> Op:
    if op.name != "call" or op.fn not in GUARDED or not all(is_number(v.kind) for v in op.operands):
        return op
    d, other = op.operands
    if op.fn in PRODUCTS and d not in linear:
        d, other = other, d
    if d not in linear or other in linear:
        return op
    doubts.note(op, d, other)
    if doubts.has(op, d, other):
        fn = backprose_runtime.multiply_nonzero if op.fn in PRODUCTS else backprose_runtime.divide_nonzero
        return replace(op, operands=(d, other), attrs={"fn": fn, "keywords": (), "method": None})
    if doubts.is_steep(op, d, other):
        attrs = {"fn": backprose_runtime.multiply_nonzero, "keywords": (), "method": None}
        return replace(op, operands=(other, d), attrs=attrs)
    return op
