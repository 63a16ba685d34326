"""The public functions: `grad`, `value_and_grad`, `vjp`, `differentiable`, with the names and behaviour of JAX's."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backprose.signatures import Argnums, arrange, name_of, resolve, target_of

if TYPE_CHECKING:
    from backprose.dispatch import Dispatcher, Specialization
    from backprose.ir.kinds import Kind
    from backprose.transform.gradient import Request

BACKENDS = ("auto", "numpy")


def grad(
    fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, allow_int: bool = False, *,
    backend: str = "auto",
) -> Any:  # fmt: skip
    """The gradient of a scalar function: `grad(f)(x)` is df/dx, in the structure and dtypes of x.

    `argnums` names the arguments that it is taken with respect to: a position (which may be negative), a parameter's
    name, or a tuple of these, which gives a tuple of gradients. With `has_aux`, `fun` returns `(value, aux)` and the
    result is `(gradient, aux)`. Integer arguments are refused, unless `allow_int`: then their gradient is zero. Without
    `fun` it is a decorator. On methods, `self` is bound first and positions are counted behind it.
    """
    return _derivative(fun, argnums, has_aux, allow_int, backend, value=False)


def value_and_grad(
    fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, allow_int: bool = False, *,
    backend: str = "auto",
) -> Any:  # fmt: skip
    """A scalar function's value and its gradient: `(value, gradient)`, or `((value, aux), gradient)`; see `grad`."""
    return _derivative(fun, argnums, has_aux, allow_int, backend, value=True)


def _derivative(fun: Any, argnums: Argnums, has_aux: bool, allow_int: bool, backend: str, value: bool) -> Any:
    check_backend(backend)
    if fun is None:
        return lambda function: Derivative(function, argnums, has_aux, allow_int, value)
    return Derivative(fun, argnums, has_aux, allow_int, value)


def check_backend(backend: str) -> None:
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r} is not available; choose one of {', '.join(map(repr, BACKENDS))}")


class Derivative:
    """A gradient, compiled at the first call for each signature. Calling it calls the emitted function.

    `fun` is the function that it is the gradient of; the other public attributes are the options of `grad`.
    """

    def __init__(
        self, fun: Any, argnums: Argnums = 0, has_aux: bool = False, allow_int: bool = False, value: bool = False,
        skip: int = 0,
    ):  # fmt: skip
        self.fun = fun
        self.argnums = argnums
        self.has_aux = has_aux
        self.allow_int = allow_int
        self.value = value
        self.skip = skip  # leading parameters that a method binds
        target = target_of(fun)
        self._function, self._prefix, self._keywords = target.function, target.prefix, target.keywords
        self._signature = target.signature
        self._arrange = None if self._keywords else arrange(self._signature)
        self._count = len(self._signature.parameters) if self._arrange else -1
        self._dispatcher: Dispatcher | None = None
        functools.update_wrapper(self, fun, updated=())
        self.__doc__ = self._document(fun)
        if not skip and not _may_be_method(self._function):
            self.request_for(self._signature)

    def _document(self, fun: Any) -> str:
        name = name_of(fun)
        what = f"Value of `{name}` and its gradient" if self.value else f"Gradient of `{name}`"
        own = getattr(fun, "__doc__", None)
        head = f"{what} with respect to argnums={self.argnums!r}."
        return f"{head} Documentation of `{name}`:\n\n{own}" if own else head

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.fun)

    def request_for(self, signature: inspect.Signature) -> Request:
        """What is asked of a function with this signature, in which what is bound (`self`) still stands."""
        from backprose.transform.gradient import Request

        skip = self.skip + len(self._prefix)
        wrt, single = resolve(signature, self.argnums, skip, name_of(self.fun))
        return Request(wrt, single, self.value, self.has_aux)

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
            _annotate(error, found)
            raise
        return result if found.finish is None else found.finish(result, args)

    def _call_bound(self, args: tuple, keywords: dict[str, Any]) -> Any:
        """A call of a function with keyword-only or variadic parameters."""
        bound = self._signature.bind(*args, **{**self._keywords, **keywords})
        bound.apply_defaults()
        values = tuple(bound.arguments.values())
        found = (self._dispatcher or self._dispatch()).find(values)
        try:
            result = found.function(*bound.args, **bound.kwargs)
        except Exception as error:
            _annotate(error, found)
            raise
        return result if found.finish is None else found.finish(result, values)

    def _dispatch(self) -> Dispatcher:
        from backprose.dispatch import dispatcher_for
        from backprose.pipeline import Plan

        if self._dispatcher is None:
            plan = Plan(self.request_for(self._signature))
            self._dispatcher = dispatcher_for(self._function, self._signature, plan, self.allow_int)
        return self._dispatcher

    # Methods

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else types.MethodType(self.of_method, instance)

    @functools.cached_property
    def of_method(self) -> Derivative:
        """The same with `self` bound: positions are counted behind it."""
        return Derivative(self.fun, self.argnums, self.has_aux, self.allow_int, self.value, self.skip + 1)

    # Looking inside

    @property
    def specializations(self) -> list[Specialization]:
        """The kinds of call seen so far, and the function emitted for each."""
        return self._dispatch().specializations

    @property
    def source(self) -> str:
        """The function emitted last; before any call, the one for the kinds that annotations tell."""
        return self.latest().source

    def ir(self, stage: str = "optimised") -> str:
        """The program at a stage of the compiler (lowered, inferred, primal, adjoint, optimised), as text."""
        return self.latest().ir(stage)

    def latest(self) -> Specialization:
        """The specialisation compiled last; before any call, the one for the kinds that annotations tell."""
        dispatcher = self._dispatch()
        return dispatcher.latest or self.compile_for({})

    def compile_for(self, kinds: Mapping[str, Kind]) -> Specialization:
        """Compile before any call; annotations and defaults tell the kinds of the parameters that are not named."""
        return self._dispatch().ahead({**self.generic_kinds(), **kinds})

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters that are not bound yet."""
        return tuple(self._signature.parameters)[self.skip + len(self._prefix) :]

    def generic_kinds(self) -> dict[str, Any]:
        """The kinds of the parameters before any call: from annotations, defaults, and what is bound."""
        from backprose.analysis.kinds import kind_of
        from backprose.annotations import generic_kinds

        names = list(self._signature.parameters)
        bound = {**dict(zip(names, self._prefix)), **self._keywords}
        kinds = generic_kinds(self._function, self._signature, self.request_for(self._signature).wrt)
        return {**kinds, **{name: kind_of(value) for name, value in bound.items()}}

    def __repr__(self) -> str:
        what = "value and gradient" if self.value else "gradient"
        return f"<{what} of {name_of(self.fun)}, argnums={self.argnums!r}>"


def _may_be_method(function: Any) -> bool:
    """Whether the function is being defined in a class, where its first parameter may be bound later."""
    outer = getattr(function, "__qualname__", "").rpartition(".")[0]
    return bool(outer) and not outer.endswith("<locals>")


def _annotate(error: Exception, found: Specialization) -> None:
    from backprose.codegen.load import annotate

    annotate(error, found.compilation.emitted.lines, found.namespace["__file__"])


# Pullbacks


def vjp(fun: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """The value of `fun(*primals)` and its pullback: cotangent of the value -> tuple of cotangents of the primals.

    The pullback may be called any number of times, from any thread, also after the primals have changed. With
    `has_aux`, `fun` returns `(value, aux)` and the result is `(value, pullback, aux)`. A primal without a
    floating-point number has the cotangent None.
    """
    from backprose.dispatch import dispatcher_for
    from backprose.pipeline import Plan
    from backprose.pullback import Pullback, kept_apart
    from backprose.transform.gradient import Request

    target = target_of(fun)
    signature = target.signature
    bound = signature.bind(*target.prefix, *primals, **target.keywords)
    bound.apply_defaults()
    wrt, spread = _primal_indices(signature, len(target.prefix), len(primals))
    plan = Plan(Request(wrt, False, False, has_aux), True)
    values = tuple(bound.arguments.values())
    found = dispatcher_for(target.function, signature, plan, False).find(values)
    try:
        value, *aux, residuals = found.function(*bound.args, **bound.kwargs)
    except Exception as error:
        _annotate(error, found)
        raise
    return (value, Pullback(found, value, kept_apart(residuals, (value, values)), spread), *aux)


def _primal_indices(signature: inspect.Signature, skip: int, count: int) -> tuple[tuple[int, ...], bool]:
    """The parameters that the primals are passed to, and whether the last of them takes a tuple of primals."""
    parameters = list(signature.parameters.values())
    positional = [i for i, p in enumerate(parameters) if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    wanted = positional[skip : skip + count]
    if len(wanted) < count:
        return (*wanted, len(positional)), True
    return tuple(wanted), False


# Decorated functions


def differentiable(fun: Callable | None = None, argnums: Argnums = 0, *, backend: str = "auto") -> Any:
    """Leaves a function as it is, and offers its derivatives: `f.grad(x)`, `f.value_and_grad(x)`, `f.vjp(x)`.

    The function is read at once, so that syntax which can't be differentiated is refused where it stands. It is
    compiled at once if annotations tell the kinds of its parameters (`x: "f8[:, :]"`, `rate: float`).
    """
    check_backend(backend)
    if fun is None:
        return lambda function: Differentiable(function, argnums)
    return Differentiable(fun, argnums)


class Differentiable:
    """A function with its derivatives beside it. Calling it calls the function itself."""

    def __init__(self, fun: Callable, argnums: Argnums = 0):
        self.fun = fun
        self.grad = Derivative(fun, argnums)
        self.value_and_grad = Derivative(fun, argnums, value=True)
        functools.update_wrapper(self, fun)
        self._compile()

    def _compile(self) -> None:
        from backprose import errors
        from backprose.annotations import is_annotated
        from backprose.pipeline import lowered

        target = target_of(self.fun)
        if not hasattr(target.function, "__code__"):
            return
        lowered(target.function)
        if _may_be_method(target.function) or not is_annotated(target.signature):
            return
        try:
            self.grad.latest()
        except errors.UnresolvedKind:
            pass  # the first call tells
        except errors.CompileError as error:
            if type(error) is not errors.CompileError:  # that is a name which is yet to be defined
                raise

    @property
    def __backprose_target__(self) -> Callable:
        return self.fun

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self.fun)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.fun(*args, **keywords)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else BoundDifferentiable(self, instance)

    def vjp(self, *primals: Any, has_aux: bool = False) -> tuple:
        """The value at `primals` and its pullback; see `backprose.vjp`."""
        return vjp(self.fun, *primals, has_aux=has_aux)

    @property
    def specializations(self) -> list[Specialization]:
        """The kinds of call seen so far, and the function emitted for each."""
        return [*self.grad.specializations, *self.value_and_grad.specializations]

    @property
    def source(self) -> str:
        """The gradient emitted last; before any call, the one for the kinds that annotations tell."""
        return self._shown().source

    def ir(self, stage: str = "optimised") -> str:
        """The gradient's program at a stage of the compiler, as text."""
        return self._shown().ir(stage)

    def _shown(self) -> Derivative:
        used = [d for d in (self.grad, self.value_and_grad) if d.specializations]
        return used[0] if used else self.grad

    def __repr__(self) -> str:
        return f"<differentiable {name_of(self.fun)}>"


class BoundDifferentiable:
    """A differentiable method of an instance."""

    def __init__(self, of: Differentiable, instance: Any):
        self.__func__, self.__self__ = of, instance
        self.__wrapped__ = types.MethodType(of.fun, instance)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.__func__.fun(self.__self__, *args, **keywords)

    @property
    def __backprose_target__(self) -> Callable:
        return self.__wrapped__

    @property
    def grad(self) -> Callable:
        return self.__func__.grad.__get__(self.__self__)

    @property
    def value_and_grad(self) -> Callable:
        return self.__func__.value_and_grad.__get__(self.__self__)

    def vjp(self, *primals: Any, has_aux: bool = False) -> tuple:
        return vjp(self.__wrapped__, *primals, has_aux=has_aux)

    @property
    def specializations(self) -> list[Specialization]:
        return [*self.grad.specializations, *self.value_and_grad.specializations]

    @property
    def source(self) -> str:
        return self._shown().source

    def ir(self, stage: str = "optimised") -> str:
        return self._shown().ir(stage)

    def _shown(self) -> Any:
        used = [d for d in (self.grad, self.value_and_grad) if d.specializations]
        return used[0] if used else self.grad

    def __repr__(self) -> str:
        return f"<bound {self.__func__!r} of {self.__self__!r}>"
