"""Forward mode through functions with a rule of their own: by its tangent, or by the transpose of its pullback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backprose import errors
from backprose.ir.nodes import Op, Value
from backprose.rules.custom import CustomCall
from backprose.transform import shares, symmetric
from backprose.transform.cotangents import Cotangents
from backprose.transform.custom import (
    arguments_of, differentiated, in_the_place, inlined, name_of, plain, refuse_active, tangent,
)  # fmt: skip
from backprose.transform.paths import leaves, part
from backprose.transform.tangents import dot_name, stretched
from backprose.transform.transpose import NotLinear, transpose
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.tangent import Pushforward


def push(pushforward: Pushforward, b: TypedBuilder, op: Op) -> None:
    """Build the call and its tangent into `b`."""
    fn: CustomCall = op.fn
    if isinstance(fn, symmetric.GradientCall):
        symmetric.push(pushforward.engine, b, op, pushforward.dots, pushforward.guarded)
        return
    refuse_active(pushforward.active, op, arguments_of(fn, op.operands))
    if not any(pushforward.dots.has(v) for _, v in differentiated(fn, op.operands)):
        b.add(op)
    elif fn.rule.bwd is not None:
        _by_pullback(pushforward, b, op)
    else:
        b.add(op)
        for path, dot in tangent(pushforward.engine, b, op, pushforward.dots):
            _found(pushforward, b, op, path, dot)


def _by_pullback(pushforward: Pushforward, b: TypedBuilder, op: Op) -> None:
    """`bwd` is linear in the cotangent: transposed, it takes the tangents of the arguments to that of the value."""
    fn, engine, result = op.fn, pushforward.engine, op.result
    if fn.body is None:
        raise errors.NotDifferentiable(
            f"`{fn.rule.name}` has no derivative in forward mode", op.loc,
            "its rule states a pullback and is not compiled (`compile=False`), so it can't be transposed",
            "use grad or vjp, or state a `custom_jvp`",
        )  # fmt: skip
    arguments = arguments_of(fn, op.operands)
    forward, residuals = in_the_place(engine, b, op, fn.rule.fwd, arguments)
    b.ops.extend(forward)
    paths = [path for path, _ in leaves(result.kind)]
    source = shares.Source(fn.rule.name, name_of(fn.rule.bwd), op.loc, engine.debug)

    def pullback(inner: TypedBuilder, bars: list[Value]) -> list[tuple[Value, Value]]:
        seeds = Cotangents({result}, {(result, path): bar for path, bar in zip(paths, bars)})
        given = [*(arguments[i] for i in fn.rule.nondiff), plain(residuals), plain(seeds.tree(inner, result))]
        out = inlined(engine, inner, fn.rule.bwd, given, fn.rule, op.loc, "bwd")
        found = shares.cotangents(inner, source, out, differentiated(fn, op.operands))
        dots = [(share, pushforward.dots.get(operand, path)) for operand, path, share in found]
        return [(share, dot) for share, dot in dots if dot is not None]

    try:
        found = transpose(engine, b, pullback, [part(b, result, path) for path in paths])
    except NotLinear:
        raise errors.NotDifferentiable(
            f"what `{name_of(fn.rule.bwd)}`, a rule of `{fn.rule.name}`, returns is not linear in the cotangent", op.loc,
            "a pullback is linear, and forward mode transposes it", "let the cotangent enter as a factor, or use grad or vjp",
        ) from None  # fmt: skip
    for path, dot in zip(paths, found):
        if dot is not None:
            _found(pushforward, b, op, path, dot)


def _found(pushforward: Pushforward, b: TypedBuilder, op: Op, path: tuple, dot: Value) -> None:
    fitted = stretched(b, dot, part(b, op.result, path), exact=True)
    name = dot_name(op.result, path)
    pushforward.dots.set(op.result, path, b.restate(fitted, name) if name else fitted)
