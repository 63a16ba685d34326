"""A gradient inside a differentiated function: its IR is inlined like that of any other call.

So `grad(grad(f))`, and `grad(g)(x)` in the body of a function, need nothing of their own: the adjoint of an adjoint is
the adjoint of IR. A gradient of a nested function treats what that captures as constants.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import is_number, ndim_of, widen
from backprose.ir.kinds import Array, Kind
from backprose.ir.nodes import Function, Module, Value
from backprose.ir.walk import clone, defined_values
from backprose.transform import stores, symmetric
from backprose.transform.binding import bind
from backprose.transform.cotangents import cast
from backprose.transform.derivatives import derivative
from backprose.transform.drop_dead import drop_dead
from backprose.transform.gradient import Request
from backprose.transform.infer import Inference
from backprose.transform.typed import TypedBuilder


def gradient_module(engine: Inference, function: Any, kinds: Mapping[str, Kind], request: Request) -> Module:
    """The gradient of `function`, or its tangent, as IR; `function` may itself be a gradient."""
    engine.own_rule.append(None)
    try:
        if hasattr(function, "__backprose_module__"):
            primal = function.__backprose_module__(engine, kinds)
        else:
            primal = engine.run(function, kinds)
    finally:
        engine.own_rule.pop()
    return _gradient(engine, primal, request)


def call_gradient(
    engine: Inference, b: TypedBuilder, function: Any, signature: inspect.Signature, request: Request,
    args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any, dots: tuple[Value, ...] = (),
) -> Value:  # fmt: skip
    """The call of a gradient of `function` with these arguments, inlined into `b`; `dots` are their tangents."""
    name = getattr(function, "__name__", "function")
    values = bind(b, name, signature, args, keywords, loc)
    kinds = {param: widen(value.kind) for param, value in zip(signature.parameters, values)}
    dots = _checked(b, list(kinds), list(kinds.values()), request, name, loc, dots)
    return _inlined(engine, b, gradient_module(engine, function, kinds, request), [*values, *dots])


def call_closure_gradient(
    engine: Inference, b: TypedBuilder, closure: Value, request: Request, args: tuple[Value, ...],
    keywords: Mapping[str, Value], loc: Any, dots: tuple[Value, ...] = (),
) -> Value:  # fmt: skip
    """The call of a gradient of a nested function, inlined into `b`."""
    template: Function = closure.kind.template
    captured = tuple(engine.memory.current(b, v, loc) for v in engine.captures[closure][0])
    defaults = {name: captured[i] for name, i in template.attrs.get("defaults", {}).items()}
    values = bind(b, template.name, template.signature, args, keywords, loc, defaults)
    names = list(template.signature.parameters)
    params = [Value(name, widen(value.kind)) for name, value in zip(names, values)]
    dots = _checked(b, names, [p.kind for p in params], request, template.name, loc, dots)
    inner, state = b.nested(), dict(engine.memory.state)
    engine.own_rule.append(None)
    try:
        result = engine.inline_closure(inner, closure, [*captured, *params])
    finally:
        engine.own_rule.pop()
    written = engine.memory.written(state, {*defined_values(inner.region()), *params})
    engine.memory.state = state
    if written:
        raise errors.UnsupportedUpdate(
            f"`{template.name}` updates `{written[0].name or 'a value'}`, which it captures, and its gradient is taken", loc,
            "the update would be seen outside", "pass it as an argument",
        )  # fmt: skip
    body = Function(template.name, inner.region(params, [result]), template.loc)
    return _inlined(engine, b, _gradient(engine, engine.module(body), request), [*values, *dots])


def _checked(
    b: TypedBuilder, names: list[str], kinds: list[Kind], request: Request, function: str, loc: Any,
    dots: tuple[Value, ...],
) -> list[Value]:  # fmt: skip
    """The tangents of the parameters that carry derivatives; in reverse mode all that are asked for have to."""
    if not request.forward:
        _require_floats(names, kinds, request, function, loc)
        return []
    if len(dots) != len(request.wrt):
        raise errors.UnsupportedCall(
            f"the primals of `{function}` arrive in `*args`", loc, "their tangents have no parameter of their own",
            "give each a parameter of its own",
        )  # fmt: skip
    return [_like(b, dot, kinds[i], names[i], loc) for i, dot in zip(request.wrt, dots) if carries_derivative(kinds[i])]


def _like(b: TypedBuilder, dot: Value, kind: Kind, name: str, loc: Any) -> Value:
    """The tangent in the dtype of its primal, whose structure and number of axes it must have."""
    if is_number(kind) and is_number(dot.kind):
        if ndim_of(dot.kind) == ndim_of(kind):
            return cast(b, dot, kind)
    elif type(dot.kind) is type(kind) and len(getattr(kind, "items", ())) == len(getattr(dot.kind, "items", ())):
        return dot
    raise errors.UnsupportedCall(
        f"the tangent of `{name}` is {dot.kind}, but `{name}` is {kind}", loc,
        "a tangent has the structure of its primal", "pass one with the same shape",
    )  # fmt: skip


def _gradient(engine: Inference, primal: Module, request: Request) -> Module:
    primal = Module({name: drop_dead(fn) for name, fn in primal.functions.items()})
    active, engine.memory.active = engine.memory.active, False  # rules read primal values as they were
    module = derivative(primal, engine, request)
    engine.memory.active = active
    module = Module({name: drop_dead(fn) for name, fn in module.functions.items()})
    return symmetric.as_call(primal.entry, module, request)


def _inlined(engine: Inference, b: TypedBuilder, module: Module, values: list[Value]) -> Value:
    entry = module.entry
    engine.functions.update({name: fn for name, fn in module.functions.items() if fn is not entry})
    inlined = clone(entry.region, dict(zip(entry.params, values)))
    b.ops.extend(inlined.ops)
    b.learn(inlined)
    (result,) = inlined.results
    if engine.memory.active and isinstance(result.kind, Array) and all(result not in op.results for op in inlined.ops):
        return stores.copy(engine.memory, b, result)  # a gradient is in memory of its own
    return result


def _require_floats(names: list[str], kinds: list[Kind], request: Request, function: str, loc: Any) -> None:
    for i in request.wrt:
        if not carries_derivative(kinds[i]):
            raise errors.NotDifferentiable(
                f"the argument `{names[i]}` of `{function}` has no derivative", loc,
                f"it is {kinds[i]}, and a gradient with respect to it is asked for", "pass a float",
            )  # fmt: skip
