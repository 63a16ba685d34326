"""Reverse mode through functions with a rule of their own.

`fwd` takes the place of the call going forward, and `bwd` is inlined into the reverse sweep. A rule that states a tangent
is linear in the tangents: it is transposed.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import backprose_runtime

from backprose import errors
from backprose.ir.kinds import UNKNOWN, Tuple
from backprose.ir.nodes import Op, Value
from backprose.rules.custom import CustomCall
from backprose.transform import shares, symmetric
from backprose.transform.cotangents import Cotangents, bar_tree_kind
from backprose.transform.custom import (
    PLAIN, arguments_of, differentiated, in_the_place, inlined, name_of, plain, refuse_active, tangent,
)  # fmt: skip
from backprose.transform.paths import leaves, part
from backprose.transform.tangents import Tangents
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.adjoint import Reversal


def reverse(reversal: Reversal, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...]:
    """Build the rule's reverse into `b`; the ops that stand in the place of the call going forward."""
    if isinstance(op.fn, symmetric.GradientCall):
        symmetric.reverse(reversal.engine, b, op, bars, reversal.active, reversal.guarded)
        return (op,)
    refuse_active(reversal.active, op, arguments_of(op.fn, op.operands))
    if op.fn.rule.bwd is None:
        _transposed(reversal, b, op, bars)
        return (op,)
    return _by_vjp(reversal, b, op, bars)


def _by_vjp(reversal: Reversal, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...]:
    fn: CustomCall = op.fn
    arguments = arguments_of(fn, op.operands)
    fixed = [arguments[i] for i in fn.rule.nondiff]
    operands = differentiated(fn, op.operands)
    bar = bars.tree(b, op.result)
    if fn.body is None:
        forward, residuals = _foreign_forward(op)
        out = _foreign_backward(b, fn, [v for values, _ in fixed for v in values], residuals, bar, operands)
    else:
        forward, residuals = in_the_place(reversal.engine, b, op, fn.rule.fwd, arguments)
        out = inlined(reversal.engine, b, fn.rule.bwd, [*fixed, plain(residuals), plain(bar)], fn.rule, op.loc, "bwd")
    rule = shares.Source(fn.rule.name, name_of(fn.rule.bwd), op.loc, reversal.engine.debug)
    for operand, path, share in shares.cotangents(b, rule, out, operands):
        bars.add(b, operand, share, path)
    return forward


def _transposed(reversal: Reversal, b: TypedBuilder, op: Op, bars: Cotangents) -> None:
    """The cotangents from a rule that states the tangent, which is linear in the tangents of the arguments."""
    from backprose.transform.transpose import NotLinear, transpose  # which stands on reverse mode

    fn: CustomCall = op.fn
    if fn.body is None:
        raise errors.NotDifferentiable(
            f"`{fn.rule.name}` has no derivative in reverse mode", op.loc,
            "its rule states a tangent and is not compiled (`compile=False`), so it can't be transposed",
            "use jvp, or state a `custom_vjp`",
        )  # fmt: skip
    moving = [
        (operand, path) for _, operand in differentiated(fn, op.operands) if operand in reversal.active
        for path, _ in leaves(operand.kind)
    ]  # fmt: skip

    def linear(inner: TypedBuilder, xs: list[Value]) -> list[tuple[Value, Value]]:
        dots = Tangents()
        for (operand, path), x in zip(moving, xs):
            dots.set(operand, path, x)
        found = tangent(reversal.engine, inner, op, dots)
        return [(dot, bars.get(op.result, path)) for path, dot in found if bars.get(op.result, path) is not None]

    try:
        found = transpose(reversal.engine, b, linear, [part(b, operand, path) for operand, path in moving])
    except NotLinear:
        raise errors.NotDifferentiable(
            f"the tangent that the rule of `{fn.rule.name}` gives is not linear in the tangents", op.loc,
            "a derivative is linear, and reverse mode transposes it", "let each tangent enter as a factor, or in a sum of such",
        ) from None  # fmt: skip
    for (operand, path), share in zip(moving, found):
        if share is not None:
            bars.add(b, operand, share, path)


# Rules that are not compiled


def _foreign_forward(op: Op) -> tuple[tuple[Op, ...], Value]:
    f = TypedBuilder(op.loc)
    kept = UNKNOWN  # it may depend on the operands
    pair = f.op("call", op.operands, [Value("", Tuple((op.result.kind, kept)))], fn=op.fn.rule.fwd, **PLAIN).result
    f.op("call", (pair, f.const(0)), [op.result], fn=operator.getitem, **PLAIN)
    residuals = f.op("call", (pair, f.const(1)), [Value("residuals", kept)], fn=operator.getitem, **PLAIN).result
    return tuple(f.ops), residuals


def _foreign_backward(
    b: TypedBuilder, fn: CustomCall, fixed: list[Value], residuals: Value, bar: Value, active: list[tuple[str, Value]]
) -> Value:
    """The call of `bwd`, and of what checks its cotangents and puts zeros in the stead of None."""
    rule = fn.rule
    given = b.op("call", (*fixed, residuals, bar), [Value("", UNKNOWN)], fn=rule.bwd, **PLAIN).result
    like = b.tuple([v for _, v in active])
    names = b.data((f"the rule `{name_of(rule.bwd)}` of `{rule.name}`", *(name for name, _ in active)))
    kind = Tuple(tuple(bar_tree_kind(v.kind) for _, v in active))
    return b.op("call", (given, like, names), [Value("", kind)], fn=backprose_runtime.checked_cotangents, **PLAIN).result
