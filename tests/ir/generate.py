"""Random well-formed IR over Python floats: nested branches, loops and breaks, and names that clash.

`functions()` is a hypothesis strategy of functions whose parameters and results are floats, `arguments(fn)` one of
what to call them with. All values have kinds, everything is smooth but for the comparisons, loops are short, and
values stay far from overflow. Collected lists are summed by a later loop, so that they matter.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from backprose.ir.build import Builder
from backprose.ir.kinds import Kind, List, Range, Scalar
from backprose.ir.nodes import Function, Loc, Region, Value

FLOAT, INT, BOOL = Scalar("float"), Scalar("int"), Scalar("bool")
NAMES = ("x", "y", "x_bar", "t", "")


@dataclass
class _Scope:
    """A region while it is built, and the values that can be read in it."""

    builder: Builder
    floats: list[Value]
    flags: list[Value] = field(default_factory=list)

    def inner(self, floats: tuple[Value, ...] = ()) -> _Scope:
        return _Scope(Builder(self.builder.loc), [*self.floats, *floats], list(self.flags))


@dataclass
class _Generator:
    draw: Any
    max_ops: int
    line: int = 1

    def function(self, depth: int) -> Function:
        params = [self.fresh() for _ in range(self.draw(st.integers(1, 3)))]
        scope = _Scope(Builder(), list(params))
        self.block(scope, depth)
        return Function("generated", scope.builder.region(params, [self.read(scope)]), self.loc())

    def block(self, scope: _Scope, depth: int) -> None:
        makers = [self.arithmetic, self.arithmetic, self.compare, self.constant]
        if depth > 0:
            makers += [self.branch, self.for_loop, self.while_loop]
        for _ in range(self.draw(st.integers(1, self.max_ops))):
            self.line += 1
            scope.builder.loc = self.loc()
            self.draw(st.sampled_from(makers))(scope, depth)

    # Straight-line code
    def arithmetic(self, scope: _Scope, depth: int) -> None:
        a, b = self.read(scope), self.read(scope)
        match self.draw(st.sampled_from(["add", "sub", "mul", "neg", "sin", "tanh"])):
            case "mul":
                # One factor is at most 1, so that nested loops of products can't overflow.
                made = self.call(scope, operator.mul, a, self.call(scope, math.cos, b))
            case "neg":
                made = self.call(scope, operator.neg, a)
            case "sin" | "tanh" as name:
                made = self.call(scope, getattr(math, name), a)
            case name:
                made = self.call(scope, getattr(operator, name), a, b)
        scope.floats.append(made)

    def constant(self, scope: _Scope, depth: int) -> None:
        scope.floats.append(scope.builder.const(self.draw(st.sampled_from([0.5, -1.5, 2.0])), self.name()))

    def compare(self, scope: _Scope, depth: int) -> None:
        compare = self.draw(st.sampled_from([operator.lt, operator.gt]))
        scope.flags.append(self.call(scope, compare, self.read(scope), self.read(scope), kind=BOOL))

    # Control flow
    def branch(self, scope: _Scope, depth: int) -> None:
        condition = self.flag(scope)
        results = [self.fresh() for _ in range(self.draw(st.integers(0, 2)))]
        regions = []
        for _ in range(2):
            inner = scope.inner()
            self.block(inner, depth - 1)
            regions.append(inner.builder.region((), [self.read(inner) for _ in results]))
        scope.builder.op("if", (condition,), results, regions)
        scope.floats += results

    def for_loop(self, scope: _Scope, depth: int) -> None:
        count = scope.builder.const(self.draw(st.integers(0, 3)))
        numbers = scope.builder.call(range, count, kind=Range())
        item = self.fresh(INT)
        carried = [self.fresh() for _ in range(self.draw(st.integers(0, 2)))]
        inner = scope.inner(tuple(carried))
        inner.floats.append(self.call(inner, operator.mul, item, self.read(inner)))
        self.loop(scope, depth, "for", (numbers,), (item,), carried, inner, ())

    def while_loop(self, scope: _Scope, depth: int) -> None:
        start = scope.builder.const(0)
        limit = scope.builder.const(self.draw(st.integers(0, 3)))
        counters = [self.fresh(INT), self.fresh(INT)]
        carried = [self.fresh() for _ in range(self.draw(st.integers(0, 2)))]
        before = [self.fresh() for _ in carried]
        condition = scope.inner()
        flag = self.call(condition, operator.lt, counters[0], limit, kind=BOOL)
        inner = scope.inner(tuple(carried))
        one = inner.builder.const(1)
        counted = self.call(inner, operator.add, counters[1], one, kind=INT)
        test = condition.builder.region([counters[0], *before], [flag])
        self.loop(scope, depth, "while", (), (), carried, inner, (test,), (start, counters[1], counted))

    def loop(
        self,
        scope: _Scope,
        depth: int,
        name: str,
        iterables: tuple[Value, ...],
        items: tuple[Value, ...],
        carried: list[Value],
        inner: _Scope,
        before: tuple[Region, ...],
        counter: tuple[Value, ...] = (),
    ) -> None:
        """The part that both loops share. `counter` is its initial value, its parameter and its yield."""
        self.block(inner, depth - 1)
        stops, collected = self.draw(st.booleans()), self.draw(st.integers(0, 1))
        yields = [self.flag(inner)] if stops else []
        yields += counter[2:] + tuple(self.read(inner) for _ in range(len(carried) + collected))
        params = (*items, *counter[1:2], *carried)
        body = inner.builder.region(params, yields)
        attrs = {"iterables": len(iterables)} if name == "for" else {}
        floats = [self.fresh() for _ in carried]
        lists = [self.fresh(List(FLOAT)) for _ in range(collected)]
        results = [*(self.fresh(INT) for _ in counter[:1]), *floats, *lists]
        operands = (*iterables, *counter[:1], *(self.read(scope) for _ in carried))
        scope.builder.op(name, operands, results, (*before, body), **attrs, collected=collected, stops=stops)
        scope.floats += floats + [self.total(scope, values) for values in lists]

    def total(self, scope: _Scope, values: Value) -> Value:
        item, running, result = self.fresh(), self.fresh(), self.fresh()
        start = scope.builder.const(0.0)
        inner = scope.inner()
        added = self.call(inner, operator.add, running, item)
        body = inner.builder.region([item, running], [added])
        scope.builder.op("for", (values, start), [result], [body], iterables=1, collected=0, stops=False)
        return result

    # Parts
    def call(self, scope: _Scope, fn: Any, *operands: Value, kind: Kind = FLOAT) -> Value:
        return scope.builder.call(fn, *operands, kind=kind, name=self.name())

    def flag(self, scope: _Scope) -> Value:
        if not scope.flags or self.draw(st.booleans()):
            self.compare(scope, 0)
        return self.draw(st.sampled_from(scope.flags))

    def read(self, scope: _Scope) -> Value:
        return self.draw(st.sampled_from(scope.floats))

    def fresh(self, kind: Kind = FLOAT) -> Value:
        return Value(self.name(), kind)

    def name(self) -> str:
        return self.draw(st.sampled_from(NAMES))

    def loc(self) -> Loc:
        return Loc("generated.py", self.line, 0, self.line, 1, "generated")


@st.composite
def functions(draw: Any, depth: int = 2, max_ops: int = 4) -> Function:
    """Functions of one to three floats with at most `depth` levels of nested regions."""
    return _Generator(draw, max_ops).function(depth)


def arguments(function: Function) -> st.SearchStrategy[list[float]]:
    """A float for each parameter."""
    return st.lists(st.floats(-2, 2), min_size=len(function.params), max_size=len(function.params))
