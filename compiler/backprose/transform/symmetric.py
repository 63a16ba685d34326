"""The derivative of a gradient whose loops run under a schedule: a Hessian is symmetric, so the tangent is the pullback.

    g = grad f(x),  g_bar given   =>   x_bar = d/de grad f(x + e g_bar) at e = 0

The sweep back over a schedule is itself a loop of many iterations, all of which reverse mode would keep; forward mode
keeps nothing. So such a gradient is one call in the IR until it is known what is asked of it. `grad f` is by all
arguments that x_bar is asked for, and moves by those that g is the gradient by.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import is_complex
from backprose.ir.kinds import Static
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.walk import all_ops, clone, free_values
from backprose.rules.checkpoints import OPTIONS, paced
from backprose.rules.custom import CustomCall, CustomRule
from backprose.rules.registry import OF_USERS, has_effect
from backprose.transform.cotangents import Cotangents
from backprose.transform.paths import kind_at, leaves, part
from backprose.transform.tangents import Tangents
from backprose.transform.typed import TypedBuilder, is_hashable

if TYPE_CHECKING:
    from backprose.transform.gradient import Request
    from backprose.transform.infer import Inference


@dataclass(frozen=True, eq=False)
class GradientCall(CustomCall):
    """A call of the gradient of `primal`, or of its value and gradient, that `request` asks for."""

    primal: Function = None  # type: ignore[assignment]  # what it inherits has defaults
    request: Request = None  # type: ignore[assignment]


def as_call(primal: Function, gradient: Module, request: Request) -> Module:
    """The module of a gradient whose entry is one call of it, if its derivative is to be had by symmetry."""
    if not (_is_scheduled(primal) and _is_plain(request) and _is_smooth(primal)):
        return gradient
    entry = gradient.entry
    captured = [v for v in free_values(entry.region) if v not in entry.params]
    captured += [v for v in free_values(primal.region) if v not in captured]
    primal, body = (replace(fn, region=replace(fn.region, params=(*fn.params, *captured))) for fn in (primal, entry))
    names = tuple(v.name for v in body.params)
    fn = GradientCall(
        None, CustomRule(body.name), names, (None,) * len(names), body, gives_new=True, primal=primal, request=request
    )
    params = tuple(Value(v.name, v.kind) for v in entry.params)
    result = Value(entry.result.name, entry.result.kind)
    call = Op("call", (*params, *captured), (result,), {"fn": fn, "keywords": (), "method": None}, (), entry.loc)
    return Module({**gradient.functions, entry.name: replace(entry, region=Region(params, (call,), (result,)))})


def _is_scheduled(fn: Function) -> bool:
    options = (dict(zip(OPTIONS, op.operands[1:])) for op in all_ops(fn.region) if op.fn is paced)
    return any(given[name].kind != Static(None) for given in options for name in ("schedule", "memory"))


def _is_plain(request: Request) -> bool:
    other = request.forward or request.jacobian or request.inner or request.entries or request.holomorphic
    return not (other or request.has_aux)


def _is_smooth(fn: Function) -> bool:
    """Whether the rules of the table alone decide: what users state as a derivative need not be one of anything."""
    if any(is_complex(kind_at(v.kind, path)) for v in fn.params for path, _ in leaves(v.kind)):
        return False
    return not any(
        op.name == "invoke" or isinstance(op.fn, CustomCall)
        or (op.name == "call" and (has_effect(op.fn) or (is_hashable(op.fn) and op.fn in OF_USERS)))
        for op in all_ops(fn.region)
    )  # fmt: skip


def reverse(engine: Inference, b: TypedBuilder, op: Op, bars: Cotangents, active: set[Value], guarded: bool) -> None:
    """Build the tangent of the gradient by all operands that are active, in the direction of its cotangent."""
    from backprose.transform.derivatives import derivative, tidy  # which stand on reverse mode

    fn: GradientCall = op.fn
    wrt = tuple(i for i, v in enumerate(op.operands) if v in active and carries_derivative(v.kind))
    request = replace(fn.request, wrt=wrt, single=False, value=False, guard_zeros=guarded)
    gradient = tidy(derivative(engine.module(fn.primal), engine, request).entry)
    bar = bars.tree(b, op.result)
    value_bar, bar = b.items_of(bar) if fn.request.value else (None, bar)
    directions = (bar,) if fn.request.single else b.items_of(bar)
    grads, moved = _pushed(engine, b, gradient, op.operands, dict(zip(fn.request.wrt, directions)), guarded)
    for i, grad, dot in zip(wrt, b.items_of(grads), b.items_of(moved)):
        bars.add(b, op.operands[i], dot)
        if value_bar is not None and bars.get(op.result, (0,)) is not None:
            for path, _ in leaves(op.operands[i].kind):
                bars.add(b, op.operands[i], b.call(operator.mul, value_bar, part(b, grad, path)), path)


def push(engine: Inference, b: TypedBuilder, op: Op, dots: Tangents, guarded: bool) -> None:
    """Build the call and its tangent, that of the gradient as any other function."""
    from backprose.transform.derivatives import tidy

    moving = {i: dots.tree(b, v) for i, v in enumerate(op.operands) if dots.has(v)}
    value, dot = _pushed(engine, b, tidy(op.fn.body), op.operands, moving, guarded)
    b.op("call", (b.tuple([value]), b.const(0)), [op.result], fn=operator.getitem, keywords=(), method=None)
    dots.put(b, op.result, dot)


def _pushed(
    engine: Inference, b: TypedBuilder, fn: Function, operands: Iterable[Value], moving: dict[int, Value], guarded: bool
) -> tuple[Value, Value]:
    """The value of `fn` and its tangent, inlined; `moving` are the tangents of the operands that have one."""
    from backprose.transform.jvp import with_tangent

    moving = {i: dot for i, dot in moving.items() if carries_derivative(fn.params[i].kind)}
    (made,) = with_tangent(engine, fn, tuple(moving), guarded, fn.name)
    at = (lambda op: replace(op, loc=op.loc and op.loc.reversed())) if b.loc and b.loc.sweep == "reverse" else None
    inlined = clone(made.region, dict(zip(made.params, (*operands, *moving.values()))), at)
    b.ops.extend(inlined.ops)
    b.learn(inlined)
    value, dot = b.items_of(inlined.results[0])
    return value, dot
