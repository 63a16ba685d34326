"""What products and linear systems mean for stacks of directions: one factor is stacked, the others are as they are."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import backprose_runtime
import numpy as np

from backprose.ir.nodes import Op, Value
from backprose.rules.registry import named, rule_for
from backprose.transform.rule_calls import bound
from backprose.transform.batch_calls import (
    NotBatched, handles, is_complex_kind, ndim, shape, static, widened,
)  # fmt: skip
from backprose.transform.batch_forms import stacked
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.batch import Batch


@handles(np.matmul, operator.matmul, *named(np.linalg, "matmul"))
def _matmul(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if len(op.operands) != 2 or op.keywords:
        raise NotBatched(op.fn)
    left, right = op.operands
    m, n = ndim(left), ndim(right)
    if batch.form(left) and batch.form(right):
        raise NotBatched("a product of two directions")
    if batch.form(left):
        if m == 1 and n > 2:
            raise NotBatched("a vector times many matrices")
        return b.call(operator.matmul, widened(batch, b, left, max(m, n) if n > 1 else m), right)
    if n == 1:
        if m > 2:
            raise NotBatched("many matrices times a vector")
        return b.call(operator.matmul, batch.now(right), left if m == 1 else b.call(np.transpose, left))
    return b.call(operator.matmul, left, widened(batch, b, right, max(m, n)))


@handles(np.dot, np.inner, np.vdot)
def _dot(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if len(op.operands) != 2 or op.keywords:
        raise NotBatched(op.fn)
    left, right = op.operands
    if 0 in (ndim(left), ndim(right)):
        if op.fn is np.vdot:
            raise NotBatched(op.fn)
        n = ndim(op.result)
        return b.call(operator.mul, widened(batch, b, left, n), widened(batch, b, right, n))
    plain = max(ndim(left), ndim(right)) <= (2 if op.fn is np.dot else 1)
    if not plain or (op.fn is np.vdot and (is_complex_kind(left.kind) or is_complex_kind(right.kind))):
        raise NotBatched(op.fn)
    return _matmul(batch, b, op)


@handles(np.outer)
def _outer(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    left, right = op.operands[:2]
    if len(op.operands) != 2 or (ndim(left), ndim(right)) != (1, 1) or (batch.form(left) and batch.form(right)):
        raise NotBatched(op.fn)
    column = b.call(np.expand_dims, batch.now(left), b.const(-1))
    return b.call(operator.mul, column, widened(batch, b, right, 2))


@handles(np.tensordot)
def _tensordot(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    args, keywords = bound(rule_for(op.fn), op)
    given = {**args, **keywords}
    if not given.keys() <= {"a", "b", "axes"}:
        raise NotBatched(op.fn)
    left, right = given["a"], given["b"]
    if batch.form(left) and batch.form(right):
        raise NotBatched("a product of two directions")
    m, n = ndim(left), ndim(right)
    axes = static(b, given.get("axes"), 2)
    pairs = (tuple(range(m - axes, m)), tuple(range(axes))) if isinstance(axes, int) else tuple(
        (side,) if isinstance(side, int) else tuple(side) for side in axes
    )  # fmt: skip
    first, second = ([i % k for i in side] for side, k in zip(pairs, (m, n)))
    if batch.form(left):
        first = [i + 1 for i in first]
    else:
        second = [i + 1 for i in second]
    sides = b.tuple([b.tuple([b.const(i) for i in side]) for side in (first, second)])
    found = b.call(np.tensordot, batch.now(left), batch.now(right), sides)
    place = 0 if batch.form(left) else m - len(first)
    return found if place == 0 else b.call(np.moveaxis, found, b.const(place), b.const(0))


@handles(np.einsum)
def _einsum(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    subscripts, *operands = op.positional
    text = static(b, subscripts, "")
    if op.keywords or not isinstance(text, str) or "..." in text or "->" not in text:
        raise NotBatched("an einsum with options")
    inputs, output = text.replace(" ", "").split("->")
    free = next(c for c in "zyxwvutsrqponmlkjihgfedcba" if c not in text)
    terms = inputs.split(",")
    moving = [batch.form(v) for v in operands]
    if sum(map(bool, moving)) != 1:
        raise NotBatched("a product of two directions")
    terms = [free + term if stacks else term for term, stacks in zip(terms, moving)]
    return b.call(np.einsum, b.const(f"{','.join(terms)}->{free}{output}"), *map(batch.now, operands))


@handles(np.linalg.solve)
def _solve(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    left, right = op.operands
    if batch.form(left) or ndim(left) != 2 or ndim(right) not in (1, 2):
        raise NotBatched(op.fn)
    if ndim(right) == 1:
        return _system(batch, b, op)
    return b.call(np.linalg.solve, left, batch.now(right))


@handles(backprose_runtime.cholesky_bar)
def _cholesky_bar(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """Of one factor, or of one for each direction."""
    lower, bar = op.operands
    if not batch.form(lower):
        return b.call(op.fn, lower, batch.now(bar), kind=batch.kind(op.result.kind, True))
    return b.call(op.fn, *(batch.stack(b, v) for v in op.operands), kind=batch.kind(op.result.kind, True))


@handles("scipy.linalg.solve_triangular", "scipy.linalg.cho_solve", "scipy.linalg.solve")
def _system(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """One matrix, and right-hand sides of all directions side by side."""
    right = op.operands[1]
    if [v for v in op.operands if stacked(batch.form(v))] != [right] or ndim(right) not in (1, 2):
        raise NotBatched(op.fn)
    count = len(op.positional)
    now, flipped = batch.now(right), lambda v: b.call(np.transpose, v)

    def solved(sides: Value) -> Value:
        operands = (op.operands[0], sides, *op.operands[2:])
        return b.call_named(op.fn, operands[:count], dict(zip(op.keywords, operands[count:])))

    if ndim(right) == 1:
        return flipped(solved(flipped(now)))
    n, k = shape(batch, b, right)
    wide = b.call(np.reshape, b.call(np.moveaxis, now, b.const(0), b.const(1)), b.tuple([n, b.const(-1)]))
    whole = b.call(np.reshape, solved(wide), b.tuple([n, batch.total, k]))
    return b.call(np.moveaxis, whole, b.const(1), b.const(0))


@handles(np.kron)
def _kron(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """An axis of length 1 for the directions in the factor that is not stacked."""
    left, right = op.operands
    n = ndim(op.result)
    if len(op.operands) != 2 or op.keywords or (batch.form(left) and batch.form(right)) or n == 0:
        raise NotBatched(op.fn)
    return b.call(np.kron, *(widened(batch, b, v, n) if batch.form(v) else v for v in (left, right)))
