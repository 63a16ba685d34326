"""Algebra: a table of identities that hold in floating point, and the folding of constants.

Each entry (in `identities`) looks at one call and gives a simpler value for it, or None. `x * 1` is `x`, `-(-x)` is
`x`, a transpose of a transpose is no transpose; a minus sign moves outwards until a subtraction takes it up; a scalar
that was broadcast to the shape that the other operand has anyway is not broadcast. Nothing here changes the value of the
user's function by rounding; sums of cotangents may round otherwise (`terms`).
"""

from __future__ import annotations

import operator
from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np

from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, use_counts
from backprose.rules.registry import has_effect
from backprose.transform.array_identities import has_sign
from backprose.transform.identities import IDENTITIES
from backprose.transform.narrow_broadcasts import shape_source, without_broadcasts
from backprose.transform.typed import TypedBuilder


def simplify(fn: Function) -> Function:
    """Apply the table of identities everywhere, and fold constants, in one forward sweep."""
    context = Context(use_counts(fn.region))
    b = TypedBuilder(fn.loc)
    return replace(fn, region=context.region(b, fn.region, {}))


def simplified(reverse: Region, forward: Region, names: dict[Value, str]) -> Region:
    """The reverse of a region, simplified before it is settled what is kept for it: so it reads less.

    What takes the place of a value takes over the name that `names` has for it.
    """
    context = Context(use_counts(forward) + use_counts(reverse), names)
    context.made.update((v, op) for op in all_ops(forward) for v in op.results)
    b = TypedBuilder(None)
    b.learn(forward)
    return context.region(b, reverse, {})


class Context:
    """What identities look at: how often values are read, and which op made them."""

    def __init__(self, counts: Counter[Value], names: dict[Value, str] | None = None):
        self.counts = counts
        self.names = {} if names is None else names
        self.made: dict[Value, Op] = {}
        self.shaped_as: dict[Value, Value] = {}  # an answer of `shape_root`, where a later one may go on from
        self.scaled: dict[Value, tuple[float, Value]] = {}  # constants, and what they are multiplied with to give values

    def region(self, b: TypedBuilder, region: Region, mapping: dict[Value, Value]) -> Region:
        inner = b.nested()
        for op in region.ops:
            self.op(inner, op, mapping)
        return inner.region(region.params, [mapping.get(v, v) for v in region.results])

    def op(self, b: TypedBuilder, op: Op, mapping: dict[Value, Value]) -> None:
        operands = tuple([mapping.get(v, v) for v in op.operands])
        b.loc = op.loc
        if op.name == "getattr" and op.attrs["name"] in ("shape", "size") and op.is_derivative:
            operands = (self.shape_root(operands[0]),)  # the shape is that of a value which is at hand anyway
        if op.name == "call" and not has_effect(op.fn):
            value = self.call(b, op.reading(operands, ()))
            if value is not op.result:
                mapping[op.result] = value
                self.counts[value] += self.counts[op.result]
                if op.result in self.names:
                    self.names.setdefault(value, self.names[op.result])
            return
        if op.name in ("for", "while"):
            _enter_with_invariants(op, mapping)
        regions = tuple(self.region(b, r, mapping) for r in op.regions)
        if op.name == "if" and op.is_derivative:
            mapping.update((r, v) for r, v, w in zip(op.results, *(region.results for region in regions)) if v is w)
        kept = b.add(op.reading(operands, regions))
        b.learn_ops([kept.reading(operands, ())])
        self.made.update([(v, kept) for v in kept.results])

    def call(self, b: TypedBuilder, op: Op) -> Value:
        """The value of the call: a simpler one that the table or folding gives, or its own result."""
        before = len(b.ops)
        simpler = self.identity(b, op)
        if simpler is not None:
            return self.named(b, simpler, op.result.name) if len(b.ops) > before else simpler
        if b.stays(op):
            b.add(op)
            return self.kept(b, op)
        value = b.call_named(op.fn, op.positional, op.keywords, op.result.kind, op.result.name, op.attrs["method"])
        if len(b.ops) == before + 1 and b.ops[-1].name == "call" and b.ops[-1].fn is op.fn:
            b.ops[-1] = op  # unchanged: keep the op and its result
            return self.kept(b, op)
        self.note(b, before)
        return value

    def kept(self, b: TypedBuilder, op: Op) -> Value:
        """The result of the op that was just added as it is."""
        b.learn_call(op, op.fn)
        self.made[op.result] = op
        return op.result

    def named(self, b: TypedBuilder, value: Value, name: str) -> Value:
        """A value that was just made, under the name of what it replaces."""
        fresh = b.restate(value, name)
        if fresh is not value:
            self.made[fresh] = b.ops[-1]
            self.counts[fresh] = self.counts[value]
        return fresh

    def identity(self, b: TypedBuilder, op: Op) -> Value | None:
        entry = IDENTITIES.get(op.fn)
        before = len(b.ops)
        value = entry(self, b, op) if entry and (not op.attrs["keywords"] or op.fn is np.sum) else None
        if value is None:
            value = without_broadcasts(self, b, op)
        self.note(b, before)
        return value

    def note(self, b: TypedBuilder, since: int) -> None:
        for made in b.ops[since:] if len(b.ops) > since else ():
            self.made.update((v, made) for v in made.results)

    # Questions

    def call_of(self, value: Value, *fns: Any) -> Op | None:
        """The call that made `value`, if it is of one of these functions."""
        op = self.made.get(value)
        return op if op is not None and op.fn in fns else None  # only calls have a function

    def minus(self, value: Value) -> Op | None:
        """The call that made `value`, if it is the negative of a number; of unsigned integers there is none."""
        op = self.call_of(value, operator.neg)
        return op if op is not None and has_sign(op) else None

    def only_use(self, value: Value) -> bool:
        return self.counts[value] <= 1

    def shape_root(self, value: Value) -> Value:
        """A value that certainly has the same shape: elementwise operations keep it."""
        passed: list[Value] = []
        while (source := self.shaped_as.get(value) or self.shape_source(value)) is not None:
            passed.append(value)
            value = source
        self.shaped_as.update(dict.fromkeys(passed, value))
        return value

    def shape_source(self, value: Value) -> Value | None:
        op = self.made.get(value)
        return shape_source(self, op) if op is not None and op.name == "call" else None


def _enter_with_invariants(op: Op, mapping: dict[Value, Value]) -> None:
    """What a loop carries along unchanged is what it was before the loop."""
    skip = op.attrs.get("iterables", 0)
    for k, (param, init, after, result) in enumerate(zip(op.carried, op.inits, op.yields, op.carried_results)):
        if after is param and op.is_derivative:
            for region in op.regions:
                mapping[region.params[k + (skip if region is op.body else 0)]] = mapping.get(init, init)
            mapping[result] = mapping.get(init, init)
