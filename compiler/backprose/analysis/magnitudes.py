"""What is evident of numbers: that they are never negative, never 0, never infinite or NaN.

Arguments are taken to be finite, but where the program itself asks whether one is (`np.isnan(x)`). Two grades tell
what comes of an exponential from the rest: it overflows to infinity and underflows to 0, but only far out.

An abstract interpretation, forward over the regions; what a loop carries is assumed to be as it was before the loop,
until an iteration shows otherwise. Functions are in `analysis/magnitude_rules.py`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from enum import Flag, auto
from functools import cache, reduce
from typing import Any

import numpy as np

from backprose.analysis.kinds import is_number
from backprose.ir.kinds import PYTHON_SCALARS, Dim, Kind, Scalar, Static
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import all_ops


class Fact(Flag):
    """What holds of every entry of a value, or of every number in a container."""

    NONNEGATIVE = auto()  # or NaN
    NONPOSITIVE = auto()
    NONZERO = auto()  # but for the underflow of an exponential
    SURELY_NONZERO = auto()
    FINITE = auto()  # neither infinite nor NaN, but for the overflow of an exponential
    SURELY_FINITE = auto()
    FLAT = auto()  # nowhere negative, and where it is 0 its derivative is 0: a sum of squares
    WHOLE = auto()  # no zeros were put in by a choice, a mask or an index
    LENGTH = auto()  # made of lengths and whole constants

    # Flag's own operators make their result anew, which takes longer than all that is asked of it here.
    def __or__(self, other: Fact) -> Fact:
        return _fact(self._value_ | other._value_)

    def __and__(self, other: Fact) -> Fact:
        return _fact(self._value_ & other._value_)

    def __contains__(self, other: Fact) -> bool:
        return self._value_ & other._value_ == other._value_


_fact = cache(Fact)

NOTHING = Fact(0)
BOUNDED = Fact.FINITE | Fact.SURELY_FINITE
ORDINARY = BOUNDED | Fact.WHOLE  # of an argument
NOWHERE_ZERO = Fact.NONZERO | Fact.SURELY_NONZERO
POSITIVE = Fact.NONNEGATIVE | Fact.NONZERO
A_LENGTH = ORDINARY | NOWHERE_ZERO | Fact.NONNEGATIVE | Fact.LENGTH
ZERO = BOUNDED | Fact.NONNEGATIVE | Fact.NONPOSITIVE | Fact.FLAT
EVERYTHING = ~NOTHING

QUESTIONS = frozenset({np.isnan, np.isfinite, np.isinf, math.isnan, math.isfinite, math.isinf})


def of_number(number: Any) -> Fact:
    """The facts of a constant."""
    if isinstance(number, complex) or not isinstance(number, (bool, int, float)):
        return ORDINARY
    if number != number or math.isinf(number):
        return Fact.WHOLE | (NOWHERE_ZERO if number == number else NOTHING)
    if number == 0:
        return ZERO | (Fact.LENGTH if type(number) is int else NOTHING)
    sign = Fact.NONNEGATIVE | Fact.FLAT if number > 0 else Fact.NONPOSITIVE
    return ORDINARY | NOWHERE_ZERO | sign | (Fact.LENGTH if type(number) is int else NOTHING)


def of_kind(kind: Kind) -> Fact:
    """The facts of what comes from outside."""
    if isinstance(kind, Static):
        return of_number(kind.value)
    return A_LENGTH if isinstance(kind, Dim) else ORDINARY


def meet(facts: Iterable[Fact]) -> Fact:
    """What holds of all."""
    return reduce(lambda a, b: a & b, facts, EVERYTHING)


COMPARISONS = {
    operator.gt: ">", operator.ge: ">=", operator.lt: "<", operator.le: "<=", operator.ne: "!=", operator.eq: "==",
}  # fmt: skip
MIRRORED = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "!=": "!=", "==": "=="}
NEGATED = {">": "<=", ">=": "<", "<": ">=", "<=": ">", "!=": "==", "==": "!="}
TOLD = {
    ">+": POSITIVE | NOWHERE_ZERO, ">=+": POSITIVE | NOWHERE_ZERO, "==+": POSITIVE | NOWHERE_ZERO,
    ">0": POSITIVE | NOWHERE_ZERO, ">=0": Fact.NONNEGATIVE, "<0": NOWHERE_ZERO, "!=0": NOWHERE_ZERO,
    "<-": NOWHERE_ZERO, "<=-": NOWHERE_ZERO, "==-": NOWHERE_ZERO,
}  # fmt: skip


def is_python_scalar(value: Value) -> bool:
    """Whether arithmetic with the value is Python's own, which raises ZeroDivisionError."""
    kind = value.kind
    return isinstance(kind, (Static, Dim)) or (isinstance(kind, Scalar) and kind.dtype in PYTHON_SCALARS)


class Magnitudes:
    """The facts of the values of one function; regions are added in the order in which they run."""

    def __init__(self, *regions: Region):
        from backprose.analysis.magnitude_rules import fact_of_call  # which is written with what is above

        self._fact_of_call = fact_of_call
        self.facts: dict[Value, Fact] = {}
        self.made: dict[Value, Op] = {}
        self.seen: dict[Op, tuple[Fact, ...]] = {}  # of the operands of calls, where they are
        self.doubted: set[Value] = set()  # arguments that may be infinite or NaN
        self.zeroed: set[Value] = set()  # and that may be 0 in parts
        for region in regions:
            self.add(region)

    def add(self, region: Region) -> None:
        for op in all_ops(region):
            for value in op.results:
                self.made[value] = op
            if op.fn in QUESTIONS:
                self.doubted.update(op.operands)
        self.region(region)

    def of(self, value: Value) -> Fact:
        fact = self.facts.get(value)
        if fact is None:
            fact = of_kind(value.kind)
            fact = fact & ~BOUNDED if value in self.doubted else fact
            return fact & ~Fact.WHOLE if value in self.zeroed else fact
        return fact

    def is_flat(self, value: Value) -> bool:
        """Whether the derivative is 0 wherever the value is, and it may be."""
        fact = self.of(value)
        return Fact.FLAT in fact and Fact.SURELY_NONZERO not in fact

    def is_nonnegative(self, value: Value) -> bool:
        """Whether the value is 0, positive, or NaN."""
        return Fact.NONNEGATIVE in self.of(value)

    def set(self, value: Value, fact: Fact) -> None:
        if isinstance(value.kind, Static) and is_number(value.kind):
            fact = of_number(value.kind.value)
        self.facts[value] = fact & ~BOUNDED if value in self.doubted else fact

    # Ops

    def region(self, region: Region) -> None:
        for op in region.ops:
            if op.name == "call":
                self._call(op)
            else:
                getattr(self, f"_{op.name}", self._other)(op)

    def _other(self, op: Op) -> None:
        for inner in op.regions:
            self.region(inner)
        for value in op.results:
            self.set(value, of_kind(value.kind))

    def _call(self, op: Op) -> None:
        self.seen[op] = tuple(map(self.of, op.operands))
        fact = self._fact_of_call(self, op)
        if is_python_scalar(op.result) and all(map(is_python_scalar, op.operands)):
            fact |= meet(map(self.of, op.operands)) & BOUNDED  # what is infinite or undefined is an error of Python's
            if op.fn is operator.truediv:
                self.set(op.operands[1], self.of(op.operands[1]) | NOWHERE_ZERO)
        self.set(op.result, fact)

    def _const(self, op: Op) -> None:
        value = op.attrs["value"]
        self.set(op.result, of_number(value) if isinstance(value, (bool, int, float)) else of_kind(op.result.kind))

    def _getattr(self, op: Op) -> None:
        kept = op.attrs["name"] in ("T", "real", "flat")
        is_length = op.attrs["name"] in ("shape", "size", "ndim")
        self.set(op.result, self.of(op.operands[0]) if kept else A_LENGTH if is_length else of_kind(op.result.kind))

    def _tuple(self, op: Op) -> None:
        self.set(op.result, meet(map(self.of, op.operands)) if op.operands else ORDINARY)

    _list = _record = _tuple

    def _dict(self, op: Op) -> None:
        self.set(op.result, meet(map(self.of, op.operands[1::2])) if op.operands else ORDINARY)

    def _if(self, op: Op) -> None:
        for region, holds in zip(op.regions, (True, False)):
            learned = self._learned(op.operands[0], holds)
            before = {value: self.of(value) for value in learned}
            self.facts.update(learned)
            self.region(region)
            self.facts.update(before)
        for i, value in enumerate(op.results):
            self.set(value, meet(self.of(region.results[i]) for region in op.regions))

    def _learned(self, condition: Value, holds: bool) -> dict[Value, Fact]:
        """What a condition like `x > 0` tells of x where it holds, or where it does not."""
        made = self.made.get(condition)
        if made is None or made.name != "call" or made.fn not in COMPARISONS or len(made.operands) != 2:
            return {}
        x, bound = made.operands
        comparison = COMPARISONS[made.fn]
        if isinstance(x.kind, Static):
            x, bound, comparison = bound, x, MIRRORED[comparison]
        if not isinstance(bound.kind, Static) or not isinstance(bound.kind.value, (int, float)):
            return {}
        sign = "+" if bound.kind.value > 0 else "0" if bound.kind.value == 0 else "-"
        told = TOLD.get(comparison + sign, NOTHING) if holds else TOLD.get(NEGATED[comparison] + sign, NOTHING)
        return {x: self.of(x) | told} if told else {}

    def _with(self, op: Op) -> None:
        self.region(op.body)
        for value, inner in zip(op.results, op.body.results):
            self.set(value, self.of(inner))

    def _for(self, op: Op) -> None:
        for item, iterable in zip(op.items, op.iterables):
            self.set(item, self.of(iterable))
        self._loop(op)

    def _while(self, op: Op) -> None:
        self._loop(op)

    def _loop(self, op: Op) -> None:
        carried = [self.of(v) for v in op.inits]
        while True:
            for region in op.regions:
                for param, fact in zip(region.params[op.attrs.get("iterables", 0) :], carried):
                    self.set(param, fact)
                self.region(region)
            after = [before & self.of(v) for before, v in zip(carried, op.yields)]
            if after == carried:
                break
            carried = after
        for value, fact in zip(op.carried_results, carried):
            self.set(value, fact)
        for value, inner in zip(op.collected_results, op.collects):
            self.set(value, self.of(inner))
