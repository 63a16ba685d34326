"""Generated arithmetic with cotangents: sums, products and signs of vectors and numbers, in branches and loops too."""

import operator
from typing import Any

import backprose_runtime as runtime
import numpy as np
from hypothesis import strategies as st

from backprose.ir.build import Builder
from backprose.ir.kinds import Array, Range, Scalar
from backprose.ir.nodes import Function, Loc, Value

VECTOR, FLOAT = Array("float64", ("N",)), Scalar("float64")
SIZE = 3
FORWARD, REVERSE = (Loc("f.py", 2, 0, 2, 1, "f", sweep) for sweep in ("", "reverse"))
NUMBERS = [2, -2, 0.5, -1.0, 3.0, -0.3]
SMALL = [operator.neg, operator.neg, operator.add, operator.sub, operator.add, operator.sub, operator.mul, operator.truediv]


def of(fn: Any, *args: Value) -> Any:
    """The kind of an elementwise call."""
    return VECTOR if any(v.kind == VECTOR for v in args) else FLOAT


class Generator:
    """Programs of two vectors and a number; most operands are recent values, and some ops are not of the reverse sweep."""

    def __init__(self, draw: Any):
        self.draw = draw

    def function(self) -> Function:
        params = [Value("x", VECTOR), Value("y", VECTOR), Value("s", FLOAT)]
        b = Builder()
        pool = list(params)
        self.block(b, pool, 2)
        b.loc = REVERSE
        shares = [self.read(pool) for _ in range(self.draw(st.integers(1, 4)))]
        kept = [b.call(operator.add, self.draw(st.sampled_from(params[:2])), v, kind=VECTOR) for v in shares]
        return Function("generated", b.region(params, [b.tuple(kept)]))

    def block(self, b: Builder, pool: list[Value], depth: int) -> None:
        makers = [self.arithmetic] * 12 + [self.constant] * 4 + [self.call] + ([self.loop, self.branch] if depth else [])
        for _ in range(self.draw(st.integers(2, 8))):
            b.loc = self.draw(st.sampled_from([FORWARD, *[REVERSE] * 7]))
            self.draw(st.sampled_from(makers))(b, pool, depth)

    def read(self, pool: list[Value]) -> Value:
        return self.draw(st.sampled_from(pool[-3:] + pool if self.draw(st.booleans()) else pool[-3:]))

    def arithmetic(self, b: Builder, pool: list[Value], depth: int) -> None:
        fn = self.draw(st.sampled_from([*SMALL, runtime.multiply_nonzero, runtime.divide_nonzero]))
        args = [self.read(pool) for _ in range(1 if fn is operator.neg else 2)]
        pool.append(b.call(fn, *args, kind=of(fn, *args), name=self.draw(st.sampled_from(["", "", "x_bar", "y_bar"]))))

    def constant(self, b: Builder, pool: list[Value], depth: int) -> None:
        fn, x = self.draw(st.sampled_from([operator.mul, operator.truediv, operator.add])), self.read(pool)
        args = [x, b.const(self.draw(st.sampled_from(NUMBERS)))]
        pool.append(b.call(fn, *(args if self.draw(st.booleans()) else args[::-1]), kind=x.kind))

    def call(self, b: Builder, pool: list[Value], depth: int) -> None:
        x = self.read(pool)
        match self.draw(st.integers(0, 3)) if x.kind == VECTOR else 3:
            case 0:
                made = b.call(np.sum, x, kind=FLOAT, method="sum")
            case 1:
                made = b.call(operator.getitem, x, b.const(slice(None, None, -1)), kind=VECTOR)
            case 2:
                made = b.call(runtime.add_at, x, b.const(slice(0, 2)), pool[2], kind=VECTOR)
            case _:
                made = b.call(np.tanh, x, kind=x.kind)
        pool.append(made)

    def loop(self, b: Builder, pool: list[Value], depth: int) -> None:
        source = b.call(range, b.const(self.draw(st.integers(0, 2))), kind=Range())
        inits = [self.read(pool) for _ in range(self.draw(st.integers(1, 2)))]
        carried = [Value("t", v.kind) for v in inits]
        inner = Builder(b.loc)
        inside = [*pool, *carried]
        self.block(inner, inside, depth - 1)
        yields = [self.draw(st.sampled_from([v for v in inside if v.kind == init.kind])) for init in inits]
        results = [Value("", v.kind) for v in inits]
        body = inner.region([Value("i", Scalar("int")), *carried], yields)
        b.op("for", [source, *inits], results, [body], iterables=1, collected=0, stops=False)
        pool += results

    def branch(self, b: Builder, pool: list[Value], depth: int) -> None:
        condition = b.call(operator.gt, pool[2], b.const(0.0), kind=Scalar("bool"))
        regions = []
        for _ in range(2):
            inner, inside = Builder(b.loc), list(pool)
            self.block(inner, inside, depth - 1)
            regions.append(inner.region([], [self.draw(st.sampled_from([v for v in inside if v.kind == VECTOR]))]))
        result = Value("", VECTOR)
        b.op("if", [condition], [result], regions)
        pool.append(result)


@st.composite
def programs(draw) -> Function:
    return Generator(draw).function()
