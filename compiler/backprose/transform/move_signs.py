"""Minus signs of the reverse sweep go where they cost nothing: an addition becomes a subtraction.

    t = -c_bar
    x_bar = a_bar * y + t * b              # x_bar = a_bar * y - c_bar * b
    b_bar = e + t * x                      # b_bar = e - c_bar * x

A sign that one operation reads is moved by the identities of `identities.py`. Here it is one that several read, each of
which takes it up: in a sum, in a constant factor, in another minus sign, or through products and rearrangements that end
so. Where one of them can't, the sign stays. Nothing is rounded otherwise.
"""

from __future__ import annotations

import operator
from dataclasses import replace

import backprose_runtime
import numpy as np

from backprose.ir.kinds import Static
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops
from backprose.transform.array_identities import has_sign, is_plain_sum, same_kind

PRODUCTS = frozenset({operator.mul, operator.truediv})
# Functions that give the opposite result for the opposite of one of their first operands, and how many these are.
ODD = {
    **dict.fromkeys(PRODUCTS, 2), operator.matmul: 2, np.dot: 2, np.outer: 2,
    backprose_runtime.multiply_nonzero: 2, backprose_runtime.divide_nonzero: 2,
    operator.getitem: 1, np.sum: 1, np.transpose: 1, np.expand_dims: 1, np.squeeze: 1, np.reshape: 1,
    np.broadcast_to: 1, backprose_runtime.unbroadcast: 1, backprose_runtime.sum_to: 1,
}  # fmt: skip
MOST = 40  # operations that one sign is followed through


def move_signs(fn: Function) -> Function:
    """Let sums, constants and other minus signs take up a minus sign that several operations read."""
    signs = [op for op in all_ops(fn.region) if op.fn is operator.neg and op.is_derivative and has_sign(op)]
    if not signs:
        return fn
    graph = Graph(fn.region)
    for op in signs:
        Move(graph).of_sign(op)
        Move(graph).of_product(op)
    return replace(fn, region=graph.rebuilt(fn.region))


class Graph:
    """What reads each value of a function, of which ops are replaced one after the other."""

    def __init__(self, region: Region):
        self.ops: dict[Op, tuple[Op, ...]] = {}  # what stands in the place of an op
        self.same: dict[Value, Value] = {}  # what is read in the place of a value
        self.made: dict[Value, Op] = {}
        self.readers: dict[Value, list[Op]] = {}
        self.fixed: set[Value] = set(region.results)  # what leaves a region, or enters one
        for op in all_ops(region):
            self.made.update((v, op) for v in op.results)
            for value in op.operands:
                self.readers.setdefault(value, []).append(op)
            if op.regions:
                self.fixed.update(op.operands, *(inner.results for inner in op.regions))

    def take_over(self, move: Move) -> None:
        """Do what was noted."""
        self.ops.update(move.ops)
        self.same.update(move.same)
        for value, instead in (*move.turned, *move.same.items()):
            readers = self.readers.pop(value, [])
            for op in readers if value in move.same else ():
                *before, now = self.ops.get(op, (op,)) or (None,)
                if now is not None:
                    self.ops[op] = (*before, now.reading(tuple(map(self._read, now.operands)), now.regions))
            self.readers.setdefault(instead, []).extend(readers)
            if value in self.fixed:
                self.fixed.add(instead)

    def rebuilt(self, region: Region) -> Region:
        ops = [self._rebuilt(now) for op in region.ops for now in self.ops.get(op, (op,))]
        return Region(region.params, tuple(ops), tuple(map(self._read, region.results)))

    def _rebuilt(self, op: Op) -> Op:
        return op.reading(tuple(map(self._read, op.operands)), tuple([self.rebuilt(r) for r in op.regions]))

    def _read(self, value: Value) -> Value:
        while value in self.same:
            value = self.same[value]
        return value


class Move:
    """One sign on its way: what is done if all that it meets can take it up or pass it on."""

    def __init__(self, graph: Graph):
        self.graph = graph
        self.ops: dict[Op, tuple[Op, ...]] = {}
        self.same: dict[Value, Value] = {}
        self.turned: list[tuple[Value, Value]] = []  # values, and what is their opposite from now on

    def now(self, op: Op) -> Op | None:
        """What an op has become, if it is still there."""
        ops = self.ops.get(op) if op in self.ops else self.graph.ops.get(op, (op,))
        return ops[-1] if ops else None

    def of_sign(self, op: Op) -> None:
        """Read x where -x is read."""
        op = self.now(op)
        if op is not None and op.fn is operator.neg and same_kind(op.operands[0], op):
            self.turn(op.result, op.operands[0])

    def of_product(self, op: Op) -> None:
        """Drop the sign of a product with a negative constant that others read too: the constant becomes positive."""
        op = self.now(op)
        product = self.graph.made.get(op.operands[0]) if op is not None and op.fn is operator.neg else None
        if product is not None and product not in self.graph.ops and product.fn in PRODUCTS and product.is_derivative:
            opposite = Value("", product.result.kind)
            turned = _with_opposite_constant(product, product.operands, opposite)
            if turned:
                self.ops[product] = turned
                self.turn(product.result, opposite)

    def turn(self, value: Value, opposite: Value) -> None:
        """Let the opposite be read in the place of a value, and change nothing if that is not possible."""
        self.turned.append((value, opposite))
        for value, opposite in self.turned:  # which grows on the way
            readers = self.graph.readers.get(value, ())
            if value in self.graph.fixed or not all(self.take(op, value, opposite) for op in readers):
                return
        self.graph.take_over(self)

    def take(self, op: Op, value: Value, opposite: Value) -> bool:
        """Whether an op can read the opposite; how it does so is noted."""
        now = self.now(op)
        if now is None or value not in now.operands:
            return True  # it was read twice
        if now.name != "call" or not now.is_derivative:
            return False
        if not is_plain_sum(now) if now.fn is np.sum else now.attrs["keywords"]:
            return False
        if len(self.ops) == MOST:
            return False
        at = [k for k, v in enumerate(now.operands) if v is value]
        operands = tuple([opposite if v is value else v for v in now.operands])
        return self.take_up(op, now, operands, at) or self.pass_on(op, now, operands, at)

    def take_up(self, op: Op, now: Op, operands: tuple[Value, ...], at: list[int]) -> bool:
        """Whether the op can give what it gave, in another form."""
        if now.fn is operator.neg and same_kind(operands[0], now):
            self.same[now.result] = operands[0]
            self.ops[op] = ()
            return True
        if now.fn is operator.add and len(at) == 1:
            self.ops[op] = (_call(now, operator.sub, (operands[1 - at[0]], *(operands[k] for k in at)), now.result),)
            return True
        if now.fn is operator.sub and at == [1]:
            self.ops[op] = (_call(now, operator.add, operands, now.result),)
            return True
        if now.fn in PRODUCTS and (len(at) == 2 or (made := _with_opposite_constant(now, operands, now.result))):
            self.ops[op] = made if len(at) == 1 else (now.reading(operands, ()),)
            return True
        return False

    def pass_on(self, op: Op, now: Op, operands: tuple[Value, ...], at: list[int]) -> bool:
        """Whether the op can give the opposite of what it gave."""
        odd = ODD.get(now.fn, 0) > at[-1] and len(at) == 1
        if not odd and not (now.fn is operator.sub and at == [0]) and not (now.fn is operator.add and len(at) == 2):
            return False
        if any(now.result is turned for _, turned in self.turned):
            return False  # it gives the opposite already, for another operand
        opposite = Value("", now.result.kind)
        self.ops[op] = (_call(now, operator.add if now.fn is operator.sub else now.fn, operands, opposite),)
        self.turned.append((now.result, opposite))
        return True


def _call(op: Op, fn: object, operands: tuple[Value, ...], result: Value) -> Op:
    return Op("call", operands, (result,), {**op.attrs, "fn": fn}, (), op.loc)


def _with_opposite_constant(op: Op, operands: tuple[Value, ...], result: Value) -> tuple[Op, Op] | None:
    """The product or quotient with its negative constant made positive, behind the op that makes that."""
    for k, value in enumerate(operands):
        number = value.kind.value if isinstance(value.kind, Static) else None
        if type(number) in (int, float) and number < 0:
            positive = Value("", Static(-number))
            made = Op("const", (), (positive,), {"value": -number}, (), op.loc)
            return made, _call(op, op.fn, (*operands[:k], positive, *operands[k + 1 :]), result)
    return None
