"""Forward mode: `jvp` checks the tangents against the primals and calls the emitted function."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.derivative import annotate_error
from backprose.signatures import primal_indices, target_of

if TYPE_CHECKING:
    from backprose.ir.nodes import Value
    from backprose.transform.infer import Inference
    from backprose.transform.typed import TypedBuilder


def jvp(fun: Callable, primals: tuple, tangents: tuple, has_aux: bool = False) -> tuple:
    """The value of `fun(*primals)` and its tangent: the derivative in the direction of `tangents` (forward mode).

    `primals` and `tangents` are tuples of equal length. Each tangent has the structure and the shapes of its primal,
    and is cast to its dtype; where a primal holds no floating-point number (an int, a bool, a str, None) it has None. The
    tangent of the value has the value's structure, shapes and dtypes, None in the same places, and memory of its own.
    With `has_aux`, `fun` returns `(value, aux)` and the result is `(value, tangent, aux)`.

    Raises TypeError where the two are no tuples, or a tangent is not of the kind of its primal, and ValueError where
    their numbers, structures or shapes differ.
    """
    from backprose.analysis.activity import carries_derivative
    from backprose.dispatch import dispatcher_for
    from backprose.pipeline import Plan
    from backprose.transform.gradient import Request

    _check_tuples(primals, tangents)
    target = target_of(fun)
    signature = target.signature
    bound = signature.bind(*target.prefix, *primals, **target.keywords)
    bound.apply_defaults()
    wrt, spread = primal_indices(signature, len(target.prefix), len(primals))
    values = tuple(bound.arguments.values())
    plan = Plan(Request.of_tangent(wrt, has_aux))
    found = dispatcher_for(target.function, signature, plan, False).find(values)
    dots = tuple(dot_like(p, t, f"tangents[{i}]") for i, (p, t) in enumerate(zip(primals, tangents)))
    if spread:
        split = len(wrt) - 1
        dots = (*dots[:split], dots[split:])
    kinds = list(found.kinds.values())
    dots = tuple(dot for i, dot in zip(wrt, dots) if carries_derivative(kinds[i]))
    try:
        return found.function(*values, *dots)
    except Exception as error:
        annotate_error(error, found)
        raise


def _check_tuples(primals: Any, tangents: Any) -> None:
    for name, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            kind = type(given).__name__
            raise TypeError(f"jvp expects a tuple of {name}, not {kind}: write ({name},) for a single one")
    if len(primals) != len(tangents):
        counts = f"{len(primals)} primals and {len(tangents)} tangents"
        raise ValueError(f"jvp got {counts}: there is a tangent for each primal")


def dot_like(primal: Any, tangent: Any, path: str) -> Any:
    """The tangent in the dtypes of the primal, after a check of structure and shapes."""
    from backprose.pullback import fitted, form_of

    _check_none(primal, tangent, path)
    return fitted(tangent, form_of(primal), path, "primal")


def _check_none(primal: Any, tangent: Any, path: str) -> None:
    """Where the primal has no derivative None is expected, and a tangent where it has one."""
    from backprose_runtime.containers import is_container, items

    if is_container(primal):
        if is_container(tangent) and len(items(tangent)) == len(items(primal)):
            for inner, dot in zip(items(primal), items(tangent)):
                _check_none(inner, dot, f"{path} part")
        return
    moves = (primal if hasattr(primal, "dtype") else np.asarray(primal)).dtype.kind in "fc"
    if not moves and tangent is not None:
        raise TypeError(f"{path} must be None: the primal is {_described(primal)}, which carries no derivative")
    if moves and tangent is None:
        raise TypeError(f"{path} is None, but the primal is {_described(primal)}: pass zeros for what does not move")


def _described(value: Any) -> str:
    from backprose.analysis.kinds import kind_of
    from backprose.signatures import describe

    return describe(kind_of(value))


# Inside a function that is compiled


def _inside(engine: Inference, b: TypedBuilder, args: tuple[Value, ...], keywords: dict[str, Value], loc: Any) -> Value:
    """The IR of a call of `jvp`."""
    from backprose.transform.gradient import Request
    from backprose.transform.nested import call_closure_gradient, call_gradient

    given = inspect.signature(jvp).bind(*args, **keywords).arguments
    primals, tangents = (b.items_of(given[name]) for name in ("primals", "tangents"))
    if primals is None or tangents is None or len(primals) != len(tangents):
        raise errors.UnsupportedCall(
            "jvp needs a tuple of primals and a tuple of as many tangents", loc,
            "their numbers differ, or are not known", "write the tuples out: jvp(f, (x, y), (x_dot, y_dot))",
        )  # fmt: skip
    has_aux = "has_aux" in given and b.static_value(given["has_aux"])
    fun = given["fun"]
    if fun in engine.captures:
        wrt, _ = primal_indices(fun.kind.template.signature, 0, len(primals))
        request = Request.of_tangent(wrt, has_aux)
        return call_closure_gradient(engine, b, fun, request, primals, {}, loc, tangents)
    target = target_of(b.static_value(fun))
    wrt, _ = primal_indices(target.signature, len(target.prefix), len(primals))
    args = (*map(b.data, target.prefix), *primals)
    named = {name: b.data(value) for name, value in target.keywords.items()}
    request = Request.of_tangent(wrt, has_aux)
    return call_gradient(engine, b, target.function, target.signature, request, args, named, loc, tangents)


jvp.__backprose_call__ = _inside
