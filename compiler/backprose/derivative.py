"""A gradient as an object: a call binds its arguments, finds the specialisation, and runs the emitted function."""

from __future__ import annotations

import functools
import inspect
import os
import types
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.known import Known
from backprose.signatures import Argnums, arrange, is_module_level, name_of, resolve, target_of
from backprose.variadic import Shaped, as_called, is_variadic, needs_shape, shape_before_a_call, signature_of_call

if TYPE_CHECKING:
    from backprose.explaining import Explanation, Residuals
    from backprose.dispatch import Dispatcher, Specialization
    from backprose.ir.kinds import Kind
    from backprose.ir.nodes import Module
    from backprose.transform.gradient import Request
    from backprose.transform.infer import Inference
    from backprose.transform.typed import TypedBuilder


class Derivative:
    """A gradient, compiled at the first call for each signature. Calling it calls the emitted function.

    `fun` is the function that it is the gradient of; the other public attributes are the options of `grad`.
    """

    _what = "gradient"

    def __init__(
        self, fun: Any, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False, allow_int: bool = False,
        value: bool = False, skip: int = 0, guard_zeros: bool = True, debug: bool = False,
    ):  # fmt: skip
        self.fun = fun
        self.argnums = argnums
        self.has_aux = has_aux
        self.holomorphic = holomorphic
        self.allow_int = allow_int
        self.value = value
        self.guard_zeros = guard_zeros
        self.skip = skip  # leading parameters that a method binds
        self.debug = debug
        target = target_of(fun)
        self._function, self._prefix, self._keywords = target.function, target.prefix, target.keywords
        self._signature = target.signature
        self._arrange = None if self._keywords else arrange(self._signature)
        self._count = len(self._signature.parameters) if self._arrange else -1
        self._dispatcher: Dispatcher | None = None
        # For arguments that arrive in `*args`: the gradient for each number of arguments and set of keywords.
        shaped = needs_shape(self._function, argnums, skip + len(self._prefix))
        self._shapes: dict[Any, Derivative] | None = {} if shaped else None
        functools.update_wrapper(self, fun, updated=())
        self.__doc__ = self._document(fun)
        if not skip and not shaped and not may_be_method(self._function):
            self.request_for(self._signature)

    def _document(self, fun: Any) -> str:
        name = name_of(fun)
        own = getattr(fun, "__doc__", None)
        what = f"Value of `{name}` and its gradient" if self.value else f"{self._what[:1].upper()}{self._what[1:]} of `{name}`"
        head = f"{what} with respect to argnums={self.argnums!r}."
        return f"{head} Documentation of `{name}`:\n\n{own}" if own else head

    @property
    def __signature__(self) -> inspect.Signature:
        return self._signature if isinstance(self._function, Known) else inspect.signature(self.fun)

    def request_for(self, signature: inspect.Signature) -> Request:
        """What is asked of a function with this signature, in which what is bound (`self`) still stands."""
        from backprose.transform.gradient import Request

        skip = self.skip + len(self._prefix)
        wrt, single = resolve(signature, self.argnums, skip, name_of(self.fun))
        options = {"guard_zeros": self.guard_zeros, "holomorphic": self.holomorphic}
        return self._request(Request(wrt, single, self.value, self.has_aux, **options))

    def _request(self, plain: Request) -> Request:
        """What is asked for, from what is asked of a gradient."""
        return plain

    # Calling

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        if self._prefix:
            args = self._prefix + args
        if self._arrange is None:
            return self._call_bound(args, keywords)
        if keywords or len(args) != self._count:
            args = self._arrange(args, keywords)
        found = (self._dispatcher or self._dispatch()).find(args)
        try:
            result = found.function(*args)
        except Exception as error:
            annotate_error(error, found)
            raise
        return result if found.finish is None else found.finish(result, args)

    def _call_bound(self, args: tuple, keywords: dict[str, Any]) -> Any:
        """A call of a function with keyword-only or variadic parameters."""
        if self._shapes is not None:
            keywords = {**self._keywords, **keywords}
            return self._shaped(len(args), tuple(keywords))(*args, **keywords)
        bound = self._signature.bind(*args, **{**self._keywords, **keywords})
        bound.apply_defaults()
        values = tuple(bound.arguments.values())
        found = (self._dispatcher or self._dispatch()).find(values)
        try:
            result = found.function(*bound.args, **bound.kwargs)
        except Exception as error:
            annotate_error(error, found)
            raise
        return result if found.finish is None else found.finish(result, values)

    # Inside a function that is compiled

    @property
    def __backprose_twin__(self) -> tuple[Any, tuple]:
        """The function, and what is asked of it: the derivatives of two functions of one code are of one code, too."""
        options = (tuple(o) if isinstance(o, list) else o for o in self._options)
        alone = None if self._prefix or self._keywords else self._function
        return alone, (type(self), *options, self.skip, self.guard_zeros, self.debug)

    def __backprose_module__(self, engine: Inference, kinds: Mapping[str, Kind]) -> Module:
        """The IR of this gradient, for parameters of these kinds."""
        from backprose.transform.nested import gradient_module

        if self._shapes is not None:
            return self._module_of_call(engine, kinds)
        return gradient_module(engine, self._function, kinds, self.request_for(self._signature))

    def _module_of_call(self, engine: Inference, kinds: Mapping[str, Kind]) -> Module:
        """The same where an argument that is asked for arrives in `*args`: its parameters are those of the function."""
        from backprose.ir.nodes import Function, Value
        from backprose.transform.typed import TypedBuilder

        lowered = engine.lower(self._function)
        b = TypedBuilder(lowered.loc)
        params = [Value(name, kinds[name]) for name in self._signature.parameters]
        args, keywords = as_called(b, self._signature, params)
        shaped = self._shaped(len(args), tuple(keywords))
        result = shaped.__backprose_call__(engine, b, args, keywords, lowered.loc)
        name = lowered.name + shaped.request_for(shaped._signature).suffix
        return engine.module(Function(name, b.region(params, [result]), lowered.loc, signature=self._signature))

    def __backprose_call__(
        self, engine: Inference, b: TypedBuilder, args: tuple, keywords: Mapping[str, Any], loc: Any
    ) -> Any:
        """The IR of a call of this gradient."""
        from backprose.transform.nested import call_gradient

        if self._shapes is not None:
            return self._shaped(len(args), tuple(keywords)).__backprose_call__(engine, b, args, keywords, loc)
        args = (*map(b.data, self._prefix), *args)
        keywords = {**{name: b.data(value) for name, value in self._keywords.items()}, **keywords}
        request = self.request_for(self._signature)
        return call_gradient(engine, b, self._function, self._signature, request, args, keywords, loc)

    def _shaped(self, count: int, keywords: tuple[str, ...]) -> Derivative:
        key = count, keywords
        if key not in self._shapes:
            function = Shaped(self._function, count, keywords)
            skip = self.skip + len(self._prefix)
            self._shapes[key] = self._like(function, skip)
        return self._shapes[key]

    def _like(self, fun: Any, skip: int) -> Derivative:
        """This gradient of another function, of which `skip` leading parameters are bound."""
        return type(self)(fun, *self._options, skip, self.guard_zeros, self.debug)

    @property
    def _options(self) -> tuple:
        return self.argnums, self.has_aux, self.holomorphic, self.allow_int, self.value

    def _dispatch(self) -> Dispatcher:
        from backprose.dispatch import dispatcher_for
        from backprose.pipeline import Plan

        if self._dispatcher is None:
            plan = Plan(self.request_for(self._signature), debug=self.debug or debugging())
            self._dispatcher = dispatcher_for(self._function, self._signature, plan, self.allow_int)
        return self._dispatcher

    # Methods

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self.of_method, instance)

    @functools.cached_property
    def of_method(self) -> Derivative:
        """The same with `self` bound: positions are counted behind it."""
        return self._like(self.fun, self.skip + 1)

    # Looking inside

    @property
    def specializations(self) -> list[Specialization]:
        """The kinds of call seen so far, and the function emitted for each."""
        if self._shapes is not None:
            return [s for derivative in self._shapes.values() for s in derivative.specializations]
        return self._dispatch().specializations

    @property
    def source(self) -> str:
        """The function emitted last; before any call, the one for the kinds that annotations tell."""
        return self.latest().source

    def ir(self, stage: str = "optimised") -> str:
        """The program at a stage of the compiler (lowered, inferred, primal, adjoint, optimised), as text."""
        return self.latest().ir(stage)

    def explain(self, line: int | None = None) -> Explanation:
        """What the forward sweep keeps for the reverse sweep and why, and where derivatives end: for the latest
        specialisation, and on one line of the source if `line` names it. `print` shows it; its fields hold the same."""
        return self.explanation_of(self.latest(), line)

    def explanation_of(self, found: Specialization, line: int | None = None) -> Explanation:
        """The same for one of the `specializations`."""
        from backprose.explaining import explain

        what = "Value and gradient" if self.value else self._what[:1].upper() + self._what[1:]
        return explain(found, f"{what} of `{name_of(self.fun)}`", f"`{name_of(self.fun)}`", line)

    def residuals(self, *args: Any, **keywords: Any) -> Residuals:
        """What is kept for the reverse sweep of a call with these arguments, and how many bytes that takes.

        The forward sweep runs for it, effects included. Numbers count the bytes of NumPy's, containers what is in them.
        """
        from backprose.explaining import measured

        if self._shapes is not None:
            return self._shaped(len(args), tuple(keywords)).residuals(*args, **keywords)
        bound = self._signature.bind(*self._prefix, *args, **{**self._keywords, **keywords})
        bound.apply_defaults()
        found = self._dispatch().find(tuple(bound.arguments.values()))
        return measured(found, f"`{name_of(self.fun)}`", bound.args, bound.kwargs)

    def latest(self) -> Specialization:
        """The specialisation compiled last; before any call, the one for the kinds that annotations tell."""
        if self._shapes:
            return list(self._shapes.values())[-1].latest()
        return (self._shapes is None and self._dispatch().latest) or self.compile_for({})

    def compile_for(self, kinds: Mapping[str, Kind]) -> Specialization:
        """Compile before any call; annotations and defaults tell the kinds of the parameters that are not named."""
        if self._shapes is not None:
            return self._of_wrapped().compile_for(kinds)
        return self._dispatch().ahead({**self.generic_kinds(), **kinds})

    def _of_wrapped(self) -> Derivative:
        count = shape_before_a_call(self._function)
        if count is None:
            raise errors.UnresolvedKind(
                f"how many arguments `{name_of(self.fun)}` is called with is not known before a call",
                why="it takes them by `*args` or `**keywords`", instead="call it first",
            )  # fmt: skip
        return self._shaped(count, ())

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters that are not bound yet."""
        if self._shapes is not None:
            return self._of_wrapped().parameters
        return tuple(self._signature.parameters)[self.skip + len(self._prefix) :]

    def generic_kinds(self) -> dict[str, Any]:
        """The kinds of the parameters before any call: from annotations, defaults, and what is bound."""
        from backprose.analysis.kinds import kind_of
        from backprose.annotations import generic_kinds

        names = list(self._signature.parameters)
        bound = {**dict(zip(names, self._prefix)), **self._keywords}
        kinds = generic_kinds(self._function, self._signature, self.request_for(self._signature).wrt)
        return {**kinds, **{name: kind_of(value) for name, value in bound.items()}}

    def __reduce__(self) -> Any:
        """Pickled by name where it is what its module holds under its name, as a decorated function is."""
        if is_module_level(self):
            return self.__qualname__
        return type(self), (self.fun, *self._options, self.skip, self.guard_zeros, self.debug)

    def __repr__(self) -> str:
        what = "value and gradient" if self.value else self._what
        return f"<{what} of {name_of(self.fun)}, argnums={self.argnums!r}>"


class Nested:
    """A nested function as a derivative sees it: its name and its signature."""

    __backprose_module__ = None

    def __init__(self, name: str, signature: inspect.Signature):
        self.__name__, self.__signature__ = name, signature

    def __call__(self) -> None:
        """What `inspect.signature` asks for; the function itself exists while it is compiled only."""


def inside(public: Callable, form: Callable[..., Derivative]) -> Callable:
    """What `public(f)`, as `grad(f)`, means in the body of a function that is compiled; `form` makes the derivative of f."""

    def call(engine: Any, b: Any, args: tuple, keywords: dict[str, Any], loc: Any) -> Any:
        from backprose.ir.kinds import Object
        from backprose.ir.nodes import Value
        from backprose.transform.nested import call_closure_gradient

        given = inspect.signature(public).bind(*args, **keywords).arguments
        fun = given.pop("fun")
        options = {name: b.static_value(value) for name, value in given.items() if name != "backend"}
        if fun not in engine.captures:
            return b.data(form(b.static_value(fun), **options))
        template = fun.kind.template

        def asked(count: int, keywords: Iterable[str]) -> tuple[inspect.Signature, Request]:
            signature = signature_of_call(Nested(template.name, template.signature), count, keywords)
            return signature, form(Nested(template.name, signature), **options).request_for(signature)

        if not is_variadic(template.signature):
            asked(0, ())  # what is wrong with the options is said here
        gradient = Value("", Object(Derivative))
        engine.gradients[gradient] = lambda b, *call: call_closure_gradient(engine, b, fun, asked, *call)
        return gradient

    return call


def may_be_method(function: Any) -> bool:
    """Whether the function is being defined in a class, where its first parameter may be bound later."""
    outer = getattr(function, "__qualname__", "").rpartition(".")[0]
    return bool(outer) and not outer.endswith("<locals>")


def debugging() -> bool:
    """Whether the environment asks for the dtypes of what users' rules return to be compared."""
    return os.environ.get("BACKPROSE_DEBUG", "") not in ("", "0")


def annotate_error(error: Exception, found: Specialization) -> None:
    from backprose.codegen.load import annotate

    annotate(error, found.compilation.emitted.lines, found.namespace["__file__"])
