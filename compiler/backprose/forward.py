"""Forward mode: `jvp`, `hvp`, `linearize` check the tangents against the primals and call the emitted function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from types import FunctionType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from backprose import errors
from backprose.derivative import Nested, annotate_error
from backprose.signatures import Target, arrange, primal_indices, target_of
from backprose.variadic import Shaped, signature_of_call

if TYPE_CHECKING:
    from backprose.dispatch import Dispatcher
    from backprose.ir.nodes import Value
    from backprose.transform.gradient import Request
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
    return _pushed("jvp", fun, primals, tangents, has_aux)


def hvp(fun: Callable, primals: tuple, tangents: tuple, has_aux: bool = False) -> Any:
    """The Hessian of a scalar function times a vector: how its gradient moves in the direction of `tangents`.

    `primals` and `tangents` are as for `jvp`. The product has the structure of the primal, or is a tuple of those if there
    are several; it takes one sweep forward over the gradient, and no Hessian is made. With `has_aux`, `fun` returns
    `(value, aux)` and the result is `(product, aux)`. It is `jvp(grad(fun), primals, tangents)[1]`, compiled as one.
    """
    return _pushed("hvp", fun, primals, tangents, has_aux)


def linearize(fun: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """The value of `fun(*primals)` and its derivative there: a linear function, tangents of the primals -> tangent.

    The function may be called any number of times, also after the primals have changed; each call runs the function
    itself along with its tangent, so that nothing is kept. It takes what `jvp` takes as `tangents`, one by one, and
    checks them in the same way. With `has_aux`, `fun` returns `(value, aux)` and the result is `(value, linear, aux)`.
    """
    from backprose.pullback import kept_apart

    pushed = Pushed("jvp", fun, kept_apart(tuple(primals), primals), has_aux)
    value, _, *aux = pushed(*map(no_direction, primals))
    return (value, Linear(pushed), *aux)


class Linear:
    """The derivative of a function at a point: tangents of the primals -> tangent of the value."""

    def __init__(self, pushed: Pushed):
        self._pushed = pushed

    def __call__(self, *tangents: Any) -> Any:
        check_tuples("the linear function", self._pushed.primals, tangents)
        return self._pushed(*tangents)[1]

    @property
    def source(self) -> str:
        """The emitted text."""
        return self._pushed.found.source

    def __repr__(self) -> str:
        return f"<linear function, compiled for {self._pushed.found.signature}>"


def no_direction(primal: Any) -> Any:
    """The zero tangent of a primal: None where it holds no floating-point number."""
    from backprose_runtime.containers import is_container, map_items

    if is_container(primal):
        return map_items(no_direction, primal)
    return np.zeros_like(primal)[()] if np.asarray(primal).dtype.kind in "fc" else None


def _request(name: str, wrt: tuple[int, ...], has_aux: bool) -> Request:
    from backprose.transform.gradient import Request

    plain = Request.of_tangent(wrt, has_aux)
    return replace(plain, inner=Request(wrt, len(wrt) == 1, has_aux=has_aux)) if name == "hvp" else plain


def _pushed(name: str, fun: Callable, primals: tuple, tangents: tuple, has_aux: bool) -> Any:
    """The call of what `name` asks for."""
    check_tuples(name, primals, tangents)
    pushed = Pushed(name, fun, primals, has_aux)
    found = pushed(*tangents)
    if name == "jvp" or not pushed.spread:
        return found
    product, *aux = found if has_aux else (found,)
    parts = (*product[:-1], *product[-1]) if len(pushed.wrt) > 1 else product
    product = parts if len(parts) > 1 else parts[0]
    return (product, *aux) if has_aux else product


@dataclass(frozen=True)
class Asked:
    """What `jvp` or `hvp` asks of a function with so many primals: the same for all calls."""

    dispatcher: Dispatcher
    wrt: tuple[int, ...]
    spread: bool  # the last parameter takes a tuple of primals
    by_position: Callable[[tuple, Mapping[str, Any]], tuple] | None

    @classmethod
    def of(cls, name: str, target: Target, count: int, has_aux: bool) -> Asked:
        from backprose.dispatch import dispatcher_for
        from backprose.pipeline import Plan

        signature = target.signature
        wrt, spread = primal_indices(signature, len(target.prefix), count)
        dispatcher = dispatcher_for(target.function, signature, Plan(_request(name, wrt, has_aux)), False)
        return cls(dispatcher, wrt, spread, None if target.keywords else arrange(signature))

    def values(self, target: Target, primals: tuple) -> tuple:
        """The arguments by position."""
        given = (*target.prefix, *primals)
        if self.by_position is not None:
            return self.by_position(given, {})
        bound = self.dispatcher.signature.bind(*given, **target.keywords)
        bound.apply_defaults()
        return tuple(bound.arguments.values())


# For plain functions, whose signatures are slow to read; as long as they have the same defaults.
_ASKED: WeakKeyDictionary[Any, dict[Any, tuple[Any, Asked]]] = WeakKeyDictionary()


def asked_of(name: str, target: Target, count: int, has_aux: bool) -> Asked:
    """What is asked, looked up if the same has been asked before."""
    function = target.function
    if not isinstance(function, FunctionType) or target.keywords or function.__kwdefaults__:
        return Asked.of(name, target, count, has_aux)
    known = _ASKED.setdefault(function, {})
    key = name, len(target.prefix), count, has_aux
    defaults, asked = known.get(key, (None, None))
    if asked is None or defaults is not function.__defaults__:
        asked = Asked.of(name, target, count, has_aux)
        known[key] = function.__defaults__, asked
    return asked


class Pushed:
    """The emitted function of primals and tangents, for these primals."""

    def __init__(self, name: str, fun: Callable, primals: tuple, has_aux: bool):
        target = target_of(fun)
        asked = asked_of(name, target, len(primals), has_aux)
        self.primals, self.wrt, self.spread = primals, asked.wrt, asked.spread
        self.values = asked.values(target, primals)
        self.found = asked.dispatcher.find(self.values)

    def __call__(self, *tangents: Any) -> Any:
        from backprose.analysis.activity import carries_derivative

        dots = tuple(dot_like(p, t, f"tangents[{i}]") for i, (p, t) in enumerate(zip(self.primals, tangents)))
        if self.spread:
            split = len(self.wrt) - 1
            dots = (*dots[:split], dots[split:])
        kinds = list(self.found.kinds.values())
        dots = tuple(dot for i, dot in zip(self.wrt, dots) if carries_derivative(kinds[i]))
        try:
            return self.found.function(*self.values, *dots)
        except Exception as error:
            annotate_error(error, self.found)
            raise


def check_tuples(name: str, primals: Any, tangents: Any) -> None:
    for what, given in (("primals", primals), ("tangents", tangents)):
        if not isinstance(given, (tuple, list)):
            kind = type(given).__name__
            raise TypeError(f"{name} expects a tuple of {what}, not {kind}: write ({what},) for a single one")
    if len(primals) != len(tangents):
        counts = f"{len(primals)} primals and {len(tangents)} tangents"
        raise ValueError(f"{name} got {counts}: there is a tangent for each primal")


def dot_like(primal: Any, tangent: Any, path: str) -> Any:
    """The tangent in the dtypes of the primal, after a check of structure and shapes."""
    if type(primal) is type(tangent) is float:
        return tangent
    if type(primal) is type(tangent) is np.ndarray and primal.dtype is tangent.dtype and primal.shape == tangent.shape:
        if primal.dtype.kind in "fc":
            return tangent
    from backprose.pullback import fitted, form_of

    _check_none(primal, tangent, path)
    return fitted(tangent, form_of(primal), path, "primal")


def _check_none(primal: Any, tangent: Any, path: str) -> None:
    """Where the primal has no derivative None is expected, and a tangent where it has one."""
    from backprose.pullback import parts_like
    from backprose_runtime.containers import is_container, items

    if is_container(primal):
        for inner, dot in zip(items(primal), parts_like(tangent, primal) or ()):
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


def _inside(name: str, function: Callable) -> Callable:
    """What a call of `jvp` or `hvp` means in the body of a function that is compiled."""

    def call(
        engine: Inference, b: TypedBuilder, args: tuple[Value, ...], keywords: dict[str, Value], loc: Any
    ) -> Value:
        from backprose.transform.nested import call_closure_gradient, call_gradient

        given = inspect.signature(function).bind(*args, **keywords).arguments
        primals, tangents = (b.items_of(given[part]) for part in ("primals", "tangents"))
        if primals is None or tangents is None or len(primals) != len(tangents):
            raise errors.UnsupportedCall(
                f"{name} needs a tuple of primals and a tuple of as many tangents", loc,
                "their numbers differ, or are not known", f"write the tuples out: {name}(f, (x, y), (x_dot, y_dot))",
            )  # fmt: skip
        has_aux = "has_aux" in given and b.static_value(given["has_aux"])
        fun = given["fun"]

        if fun in engine.captures:
            template = fun.kind.template

            def asked(count: int, keywords: Iterable[str]) -> tuple[inspect.Signature, Request]:
                signature = signature_of_call(Nested(template.name, template.signature), count, keywords)
                return signature, _request(name, primal_indices(signature, 0, count)[0], has_aux)

            return call_closure_gradient(engine, b, fun, asked, primals, {}, loc, tangents)
        target = target_of(b.static_value(fun))
        args = (*map(b.data, target.prefix), *primals)
        named = {key: b.data(value) for key, value in target.keywords.items()}
        callee, signature = target.function, signature_of_call(target.function, len(args), named)
        if signature != target.signature:
            callee = Shaped(callee, len(args), tuple(named))
        wrt, _ = primal_indices(signature, len(target.prefix), len(primals))
        return call_gradient(engine, b, callee, signature, _request(name, wrt, has_aux), args, named, loc, tangents)

    return call


jvp.__backprose_call__ = _inside("jvp", jvp)
hvp.__backprose_call__ = _inside("hvp", hvp)
