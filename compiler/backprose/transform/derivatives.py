"""Which transformation answers a request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from backprose.ir.nodes import Function, Module, Region
from backprose.transform.algebra import simplify
from backprose.transform.common import share_common
from backprose.transform.drop_dead import drop_dead, drop_dead_ops
from backprose.transform.gradient import Request, gradient, return_loc
from backprose.transform.jacobian import jacobian
from backprose.transform.jvp import tangent
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference


def derivative(module: Module, engine: Inference, request: Request) -> Module:
    """The module whose entry is the derivative of `module`'s entry that is asked for."""
    if request.inner is not None:
        return _second(module, engine, request)
    if request.jacobian:
        return jacobian(module, engine, request)
    return tangent(module, engine, request) if request.forward else gradient(module, engine, request)


def _second(module: Module, engine: Inference, request: Request) -> Module:
    """The Hessian, or the tangent of the gradient, which is the Hessian times a vector."""
    first = derivative(module, engine, request.inner)
    first = Module({name: tidy(fn) for name, fn in first.functions.items()})
    second = derivative(first, engine, replace(request, inner=None))
    entry, name = second.entry, module.entry.name
    doc = f"Hessian of `{name}` (forward over reverse)."
    if request.forward:
        entry = _without_value(entry, request)
        doc = f"Hessian of `{name}` times the tangents of its arguments (forward over reverse)."
    made = replace(entry, name=name + request.suffix, doc=doc)
    return Module({made.name: made, **{key: fn for key, fn in second.functions.items() if fn is not second.entry}})


def tidy(fn: Function) -> Function:
    """The function as it should be differentiated again: without what is computed twice, by 1, or in vain."""
    return drop_dead(simplify(drop_dead(share_common(simplify(drop_dead(fn))))))


def _without_value(fn: Function, request: Request) -> Function:
    """A tangent function without the value."""
    b = TypedBuilder(return_loc(fn))
    b.learn(fn.region)
    _, *rest = b.parts[fn.result]
    out = b.tuple(rest) if request.has_aux else rest[0]
    region = drop_dead_ops(Region(fn.params, (*fn.ops, *b.ops), (out,)))
    return replace(fn, region=region, attrs={"owned": (0,) if request.has_aux else ()})
