"""A gradient inside a differentiated function: its IR is inlined like that of any other call.

So `grad(grad(f))`, and `grad(g)(x)` in the body of a function, need nothing of their own: the adjoint of an adjoint is
the adjoint of IR. A gradient of a nested function treats what that captures as constants.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import is_number, ndim_of, widen
from backprose.ir.kinds import Array, Kind, Object
from backprose.ir.nodes import Function, Module, Value
from backprose.ir.walk import clone, defined_values
from backprose.transform import stores, symmetric
from backprose.transform.binding import bind
from backprose.transform.cotangents import cast
from backprose.transform.derivatives import derivative
from backprose.transform.directions import tree
from backprose.transform.drop_dead import drop_dead
from backprose.transform.gradient import Request, pullback
from backprose.transform.infer import Inference
from backprose.transform.linear import linear_parts
from backprose.transform.paths import CONTAINERS, Path, keys_of, kind_at, part
from backprose.transform.shares import compared, number_fits
from backprose.transform.typed import TypedBuilder

# What is asked of a nested function that is called with so many arguments and these keywords, and its parameters: those
# of its own, or one for each argument if it takes any number.
Asked = Callable[[int, Iterable[str]], tuple[inspect.Signature, Request]]


def gradient_module(engine: Inference, function: Any, kinds: Mapping[str, Kind], request: Request) -> Module:
    """The gradient of `function`, or its tangent, as IR; `function` may itself be a gradient."""
    return _derived(engine, _primal(engine, function, kinds), request, derivative)


def _primal(engine: Inference, function: Any, kinds: Mapping[str, Kind]) -> Module:
    engine.own_rule.append(None)
    try:
        if hasattr(function, "__backprose_module__"):
            return function.__backprose_module__(engine, kinds)
        return engine.run(function, kinds)
    finally:
        engine.own_rule.pop()


def call_gradient(
    engine: Inference, b: TypedBuilder, function: Any, signature: inspect.Signature, request: Request,
    args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any, dots: tuple[Value, ...] | None = (),
) -> Value:  # fmt: skip
    """The call of a gradient of `function` with these arguments, inlined into `b`; `dots` are tangents.

    If `dots` is None, it is the call of `vjp` or `linearize`, as the request says.
    """
    name = getattr(function, "__name__", "function")
    values = bind(b, name, signature, args, keywords, loc)
    kinds = {param: widen(value.kind) for param, value in zip(signature.parameters, values)}
    if dots == ():
        _require_floats(kinds, request, name, loc)
    return _end(engine, b, _primal(engine, function, kinds), request, values, loc, dots)


def call_closure_gradient(
    engine: Inference, b: TypedBuilder, closure: Value, asked: Asked,
    args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any, dots: tuple[Value, ...] | None = (),
) -> Value:  # fmt: skip
    """The same for a gradient of a nested function."""
    template: Function = closure.kind.template
    captured = tuple(engine.memory.current(b, v, loc) for v in engine.captures[closure][0])
    defaults = {name: captured[i] for name, i in template.attrs.get("defaults", {}).items()}

    def bound(b: TypedBuilder, args: Sequence[Value], keywords: Mapping[str, Value]) -> list[Value]:
        return bind(b, template.name, template.signature, args, keywords, loc, defaults)

    signature, request = asked(len(args), keywords)
    names, as_called = list(signature.parameters), signature != template.signature
    values = [*args, *keywords.values()] if as_called else bound(b, args, keywords)
    params = [Value(name, widen(value.kind)) for name, value in zip(names, values)]
    if dots == ():
        _require_floats({param.name: param.kind for param in params}, request, template.name, loc)
    inner, state = b.nested(), dict(engine.memory.state)
    given = bound(inner, params[: len(args)], dict(zip(keywords, params[len(args) :]))) if as_called else params
    engine.own_rule.append(None)
    try:
        result = engine.inline_closure(inner, closure, [*captured, *given])
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
    return _end(engine, b, engine.module(body), request, values, loc, dots)


def _end(
    engine: Inference, b: TypedBuilder, primal: Module, request: Request, values: list[Value], loc: Any,
    dots: tuple[Value, ...] | None,
) -> Value:  # fmt: skip
    """What is asked for, inlined."""
    if dots is None:
        return _in_parts(engine, b, primal, request, values)
    if request.forward:
        dots = _dots(b, primal.entry, request, values, dots, loc)
    return _inlined(engine, b, _derived(engine, primal, request, derivative), [*values, *dots])


def _in_parts(engine: Inference, b: TypedBuilder, primal: Module, request: Request, values: list[Value]) -> Value:
    """The value, the linear function or pullback, and the auxiliary output; the second part is inlined at its calls."""
    module = _derived(engine, primal, request, linear_parts if request.forward else pullback)
    forward, backward, *others = module.functions.values()
    engine.functions.update({fn.name: fn for fn in others})
    value, *aux, residuals = b.items_of(_body(engine, b, forward, values))

    def second(b: TypedBuilder, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any) -> Value:
        expected = len(request.wrt) if request.forward else 1
        if keywords or len(args) != expected:
            raise errors.UnsupportedCall(
                f"this call of what is derived from `{primal.entry.name}` does not fit", loc,
                f"it takes {expected} argument{'s' * (expected > 1)}, by position", "pass these",
            )  # fmt: skip
        if request.forward:
            dots = _dots(b, primal.entry, request, values, args, loc)
        else:
            dots = [_like(b, args[0], value, f"the value of `{primal.entry.name}`", loc, "cotangent")]
        return _body(engine, b, backward, [residuals, *dots])

    part = Value("", Object(object))
    engine.gradients[part] = second
    return b.tuple((value, part, *aux))


def _dots(
    b: TypedBuilder, fn: Function, request: Request, values: Sequence[Value], dots: tuple[Value, ...], loc: Any
) -> list[Value]:
    """The tangents of the parameters that carry derivatives, for these values of all parameters."""
    given = [(i, dot) for i, dot in zip(request.wrt, dots) if carries_derivative(fn.params[i].kind)]
    return [_like(b, dot, values[i], f"`{fn.params[i].name}`", loc) for i, dot in given]


def _like(b: TypedBuilder, dot: Value, primal: Value, name: str, loc: Any, what: str = "tangent") -> Value:
    """The tangent in the dtypes of its primal, whose structure and shapes it must have; dicts go by their keys."""

    def leaf(path: Path, inner: Kind) -> Value:
        found = compared(b, part(b, dot, path), part(b, primal, path), f"the {what} of {name}")
        return cast(b, found, inner) if is_number(inner) else found

    kind = widen(primal.kind)
    if not _is_like(dot.kind, kind):
        raise errors.UnsupportedCall(
            f"the {what} of {name} is {dot.kind}, but {name} is {kind}", loc,
            f"a {what} has the structure of its primal", "pass one with the same shape",
        )  # fmt: skip
    return tree(b, kind, leaf)


def _is_like(dot: Kind, kind: Kind) -> bool:
    """Whether a tangent may be of the kind `dot` where its primal is of `kind`."""
    if not carries_derivative(kind):
        return True
    if is_number(kind):
        return is_number(dot) and ndim_of(dot) == ndim_of(kind) and number_fits(kind, dot, False, exact_dtype=False)
    if not isinstance(kind, CONTAINERS):
        return type(dot) is type(kind)
    if type(dot) is not type(kind) or set(keys_of(dot)) != set(keys_of(kind)):
        return False
    return all(_is_like(kind_at(dot, (key,)), kind_at(kind, (key,))) for key in keys_of(kind))


def _derived(
    engine: Inference, primal: Module, request: Request, how: Callable[[Module, Inference, Request], Module]
) -> Module:
    primal = Module({name: drop_dead(fn) for name, fn in primal.functions.items()})
    active, engine.memory.active = engine.memory.active, False  # rules read primal values as they were
    module = how(primal, engine, request)
    engine.memory.active = active
    module = Module({name: drop_dead(fn) for name, fn in module.functions.items()})
    return symmetric.as_call(primal.entry, module, request)


def _inlined(engine: Inference, b: TypedBuilder, module: Module, values: list[Value]) -> Value:
    entry = module.entry
    engine.functions.update({name: fn for name, fn in module.functions.items() if fn is not entry})
    return _body(engine, b, entry, values)


def _body(engine: Inference, b: TypedBuilder, fn: Function, values: list[Value]) -> Value:
    """The result of a function, whose ops are inlined."""
    inlined = clone(fn.region, dict(zip(fn.params, values)))
    b.ops.extend(inlined.ops)
    b.learn(inlined)
    (result,) = inlined.results
    if engine.memory.active and isinstance(result.kind, Array) and all(result not in op.results for op in inlined.ops):
        return stores.copy(engine.memory, b, result)  # a gradient is in memory of its own
    return result


def _require_floats(kinds: Mapping[str, Kind], request: Request, function: str, loc: Any) -> None:
    """All arguments that a gradient is asked for have to carry derivatives."""
    for i in request.wrt:
        name, kind = list(kinds.items())[i]
        if not carries_derivative(kind):
            raise errors.NotDifferentiable(
                f"the argument `{name}` of `{function}` has no derivative", loc,
                f"it is {kind}, and a gradient with respect to it is asked for", "pass a float",
            )  # fmt: skip
