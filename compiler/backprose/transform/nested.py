"""A gradient inside a differentiated function: its IR is inlined like that of any other call.

So `grad(grad(f))`, and `grad(g)(x)` in the body of a function, need nothing of their own: the adjoint of an adjoint is
the adjoint of IR.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from backprose.ir.kinds import Kind
from backprose.ir.nodes import Function, Module, Value
from backprose.ir.walk import clone
from backprose.transform.calls import bind
from backprose.transform.drop_dead import drop_dead
from backprose.transform.gradient import Request, gradient
from backprose.transform.infer import Inference
from backprose.transform.typed import TypedBuilder


def gradient_module(engine: Inference, function: Any, kinds: Mapping[str, Kind], request: Request) -> Module:
    """The gradient of `function`, which may itself be a gradient, as IR."""
    if hasattr(function, "__backprose_module__"):
        primal = function.__backprose_module__(engine, kinds)
    else:
        primal = engine.run(function, kinds)
    primal = Module({name: drop_dead(fn) for name, fn in primal.functions.items()})
    module = gradient(primal, engine, request)
    return Module({name: drop_dead(fn) for name, fn in module.functions.items()})


def call_gradient(
    engine: Inference, b: TypedBuilder, function: Any, request: Request, args: tuple[Value, ...],
    keywords: Mapping[str, Value], loc: Any,
) -> Value:  # fmt: skip
    """The call of a gradient of `function` with these arguments, inlined into `b`."""
    signature = inspect.signature(function, follow_wrapped=False)
    values = bind(b, getattr(function, "__name__", "function"), signature, args, keywords, loc)
    kinds = {name: value.kind for name, value in zip(signature.parameters, values)}
    module = gradient_module(engine, function, kinds, request)
    entry: Function = module.entry
    engine.functions.update({name: fn for name, fn in module.functions.items() if fn is not entry})
    inlined = clone(entry.region, dict(zip(entry.params, values)))
    b.ops.extend(inlined.ops)
    b.learn(inlined)
    return inlined.results[0]
