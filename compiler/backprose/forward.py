"""Forward mode: `jvp`, `hvp`, `linearize` check the tangents against the primals and call the emitted function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import FunctionType
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from backprose import errors
from backprose.derivative import Nested, annotate_error, debugging
from backprose.second_part import SecondPart
from backprose.signatures import Target, arrange, primal_indices, target_of
from backprose.variadic import Shaped, fit_for, signature_of_call

if TYPE_CHECKING:
    from backprose.dispatch import Dispatcher, Specialization
    from backprose.ir.nodes import Value
    from backprose.transform.gradient import Request
    from backprose.transform.infer import Inference
    from backprose.transform.typed import TypedBuilder


def jvp(
    fun: Callable, primals: tuple, tangents: tuple, has_aux: bool = False, *, guard_zeros: bool = True, debug: bool = False
) -> tuple:
    """The value of `fun(*primals)` and its tangent: the derivative in the direction of `tangents` (forward mode).

    `primals` and `tangents` are tuples of equal length. Each tangent has the structure and the shapes of its primal,
    and is cast to its dtype; where a primal holds no floating-point number (an int, a bool, a str, None) it has None. The
    tangent of the value has the value's structure, shapes and dtypes, None in the same places, and memory of its own.
    With `has_aux`, `fun` returns `(value, aux)` and the result is `(value, tangent, aux)`.

    An exactly zero tangent annihilates: what does not move has no derivative of infinite steepness. With
    `guard_zeros=False` it is multiplied like any other (docs/kinks.md); that and `debug` are those of `grad`.

    Raises TypeError where the two are no tuples, or a tangent is not of the kind of its primal, and ValueError where
    their numbers, structures or shapes differ.
    """
    return _along("jvp", fun, primals, tangents, Options(has_aux, guard_zeros, debug))


def hvp(
    fun: Callable, primals: tuple, tangents: tuple, has_aux: bool = False, *, guard_zeros: bool = True, debug: bool = False
) -> Any:
    """The Hessian of a scalar function times a vector: how its gradient moves in the direction of `tangents`.

    `primals` and `tangents` are as for `jvp`. The product has the structure of the primal, or is a tuple of those if there
    are several; it takes one sweep forward over the gradient, and no Hessian is made. With `has_aux`, `fun` returns
    `(value, aux)` and the result is `(product, aux)`. It is `jvp(grad(fun), primals, tangents)[1]`, compiled as one.
    `guard_zeros` and `debug` are those of `grad`, for both derivatives.
    """
    return _along("hvp", fun, primals, tangents, Options(has_aux, guard_zeros, debug))


def linearize(
    fun: Callable, *primals: Any, has_aux: bool = False, guard_zeros: bool = True, debug: bool = False
) -> tuple:
    """The value of `fun(*primals)` and its derivative there: a linear function, tangents of the primals -> tangent.

    `fun` runs once, and what its derivative reads is kept. The linear function computes with the tangents alone, so it costs
    less than `jvp`; it may be called any number of times, from any thread, also after the primals have changed. It takes
    what `jvp` takes as `tangents`, one by one, and checks them in the same way. With `has_aux`, `fun` returns
    `(value, aux)` and the result is `(value, linear, aux)`. `guard_zeros` and `debug` are those of `jvp`.
    """
    from backprose.pullback import kept_apart

    pushed = Pushed.of("linearize", fun, primals, Options(has_aux, guard_zeros, debug))
    value, *aux, residuals = pushed.run(pushed.found.function, *pushed.values)
    kept = kept_apart(residuals, (value, aux, pushed.values, pushed.found.captured))
    return (value, Linear(replace(pushed, primals=outlines(primals), values=()), kept), *aux)


class Linear(SecondPart):
    """The derivative of a function at a point: tangents of the primals -> tangent of the value."""

    _what = "Linear function"

    def __init__(self, pushed: Pushed, residuals: Any):
        self._pushed, self._found = pushed, pushed.found
        self._residuals = residuals

    def __call__(self, *tangents: Any) -> Any:
        check_tuples("the linear function", self._pushed.primals, tangents)
        return self._pushed.run(self._found.backward, self._residuals, *self._pushed.dots(tangents))


def outlines(value: Any) -> Any:
    """The containers, shapes and dtypes of primals, without what their arrays hold."""
    from backprose_runtime.arrays import array_module, is_array
    from backprose_runtime.containers import is_container, map_items

    if is_array(value):
        numpy = array_module(value)
        return numpy.broadcast_to(numpy.zeros((), value.dtype), value.shape)
    return map_items(outlines, value) if is_container(value) else value


@dataclass(frozen=True)
class Options:
    """The options of the public functions, which mean the same in all of them."""

    has_aux: bool = False
    guard_zeros: bool = True
    debug: bool = False


def _request(name: str, wrt: tuple[int, ...], options: Options) -> Request:
    from backprose.transform.gradient import Request

    plain = replace(Request.of_tangent(wrt, options.has_aux), guard_zeros=options.guard_zeros)
    inner = Request(wrt, len(wrt) == 1, has_aux=options.has_aux, guard_zeros=options.guard_zeros)
    return replace(plain, inner=inner) if name == "hvp" else plain


def _along(name: str, fun: Callable, primals: tuple, tangents: tuple, options: Options) -> Any:
    """The call of what `name` asks for."""
    check_tuples(name, primals, tangents)
    pushed = Pushed.of(name, fun, primals, options)
    found = pushed.run(pushed.found.function, *pushed.values, *pushed.dots(tangents))
    if name == "jvp" or not pushed.asked.spread:
        return found
    product, *aux = found if options.has_aux else (found,)
    parts = (*product[:-1], *product[-1]) if len(pushed.asked.wrt) > 1 else product
    product = parts if len(parts) > 1 else parts[0]
    return (product, *aux) if options.has_aux else product


@dataclass(frozen=True)
class Asked:
    """What `jvp`, `hvp` or `linearize` asks of a function with so many primals: the same for all calls."""

    dispatcher: Dispatcher
    wrt: tuple[int, ...]
    spread: bool  # the last parameter takes a tuple of primals
    by_position: Callable[[tuple, Mapping[str, Any]], tuple] | None

    @classmethod
    def of(cls, name: str, target: Target, count: int, options: Options) -> Asked:
        from backprose.dispatch import dispatcher_for
        from backprose.pipeline import Plan

        signature = target.signature
        wrt, spread = primal_indices(signature, len(target.prefix), count)
        plan = Plan(_request(name, wrt, options), name == "linearize", options.debug)
        dispatcher = dispatcher_for(target.function, signature, plan, False)
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


def asked_of(name: str, target: Target, count: int, options: Options) -> Asked:
    """What is asked, looked up if the same has been asked before."""
    if debugging() and not options.debug:
        options = replace(options, debug=True)
    function = target.function
    if not isinstance(function, FunctionType) or target.keywords or function.__kwdefaults__:
        return Asked.of(name, target, count, options)
    known = _ASKED.setdefault(function, {})
    key = name, len(target.prefix), count, options.has_aux, options.guard_zeros, options.debug
    defaults, asked = known.get(key, (None, None))
    if asked is None or defaults is not function.__defaults__:
        asked = Asked.of(name, target, count, options)
        known[key] = function.__defaults__, asked
    return asked


@dataclass(frozen=True)
class Pushed:
    """The emitted function, and what its tangents have to look like: these primals."""

    found: Specialization
    asked: Asked
    primals: tuple
    values: tuple  # of all parameters

    @classmethod
    def of(cls, name: str, fun: Callable, primals: tuple, options: Options) -> Pushed:
        target = fit_for(target_of(fun), len(primals))
        asked = asked_of(name, target, len(primals), options)
        values = asked.values(target, primals)
        return cls(asked.dispatcher.find(values), asked, primals, values)

    def dots(self, tangents: tuple) -> tuple:
        """The tangents that the emitted function takes."""
        from backprose.analysis.activity import carries_derivative

        dots = tuple(dot_like(p, t, f"tangents[{i}]") for i, (p, t) in enumerate(zip(self.primals, tangents)))
        wrt = self.asked.wrt
        if self.asked.spread:
            split = len(wrt) - 1
            dots = (*dots[:split], dots[split:])
        kinds = list(self.found.kinds.values())
        return tuple(dot for i, dot in zip(wrt, dots) if carries_derivative(kinds[i]))

    def run(self, function: Callable, *args: Any) -> Any:
        """The call of an emitted function."""
        try:
            return function(*args)
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
        given = inspect.signature(function).bind(*args, **keywords).arguments
        primals, tangents = (b.items_of(given[part]) for part in ("primals", "tangents"))
        if primals is None or tangents is None or len(primals) != len(tangents):
            raise errors.UnsupportedCall(
                f"{name} needs a tuple of primals and a tuple of as many tangents", loc,
                "their numbers differ, or are not known", f"write the tuples out: {name}(f, (x, y), (x_dot, y_dot))",
            )  # fmt: skip
        return called_inside(engine, b, given, partial(_request, name), primals, loc, tangents)

    return call


def called_inside(
    engine: Inference, b: TypedBuilder, given: Mapping[str, Any], request_for: Callable[[tuple[int, ...], Options], Request],
    primals: tuple[Value, ...], loc: Any, tangents: tuple[Value, ...] | None = None,
) -> Value:  # fmt: skip
    """A call in the body of a function that is compiled: `given` are its arguments by name, of which `fun` may be nested."""
    from backprose.transform.nested import call_closure_gradient, call_gradient

    options = Options(**{key: b.static_value(given[key]) for key in ("has_aux", "guard_zeros") if key in given})
    fun = given["fun"]
    if fun in engine.captures:
        template = fun.kind.template

        def asked(count: int, keywords: Iterable[str]) -> tuple[inspect.Signature, Request]:
            signature = signature_of_call(Nested(template.name, template.signature), count, keywords)
            return signature, request_for(primal_indices(signature, 0, count)[0], options)

        return call_closure_gradient(engine, b, fun, asked, primals, {}, loc, tangents)
    target = target_of(b.static_value(fun))
    args = (*map(b.data, target.prefix), *primals)
    named = {key: b.data(value) for key, value in target.keywords.items()}
    callee, signature = target.function, signature_of_call(target.function, len(args), named)
    if signature != target.signature:
        callee = Shaped(callee, len(args), tuple(named))
    wrt, _ = primal_indices(signature, len(target.prefix), len(primals))
    return call_gradient(engine, b, callee, signature, request_for(wrt, options), args, named, loc, tangents)


def in_parts_inside(function: Callable, request_for: Callable[[tuple[int, ...], Options], Request]) -> Callable:
    """What a call of `linearize` or `vjp` means in the body of a function that is compiled."""

    def call(
        engine: Inference, b: TypedBuilder, args: tuple[Value, ...], keywords: dict[str, Value], loc: Any
    ) -> Value:
        given = inspect.signature(function).bind(*args, **keywords).arguments
        return called_inside(engine, b, given, request_for, given.get("primals", ()), loc)

    return call


jvp.__backprose_call__ = _inside("jvp", jvp)
hvp.__backprose_call__ = _inside("hvp", hvp)
linearize.__backprose_call__ = in_parts_inside(linearize, partial(_request, "linearize"))
