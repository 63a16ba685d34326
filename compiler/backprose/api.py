"""The public functions: `grad`, `value_and_grad`, `vjp`, `differentiable`, with the names and behaviour of JAX's."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.derivative import Derivative, annotate_error, debugging, inside, may_be_method
from backprose.forward import Options, hvp, in_parts_inside, jvp
from backprose.jacobians import Hessian, Jacobian
from backprose.signatures import Argnums, is_module_level, name_of, primal_indices, target_of
from backprose.variadic import fit_for

if TYPE_CHECKING:
    from backprose.dispatch import Specialization
    from backprose.explaining import Explanation, Residuals
    from backprose.transform.gradient import Request

BACKENDS = ("auto", "numpy")


def grad(
    fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False,
    allow_int: bool = False, *, guard_zeros: bool = True, backend: str = "auto", debug: bool = False,
) -> Any:  # fmt: skip
    """The gradient of a scalar function: `grad(f)(x)` is df/dx, in the structure and dtypes of x.

    `argnums` names the arguments that it is taken with respect to: a position (which may be negative), a parameter's
    name, or a tuple of these, which gives a tuple of gradients. With `has_aux`, `fun` returns `(value, aux)` and the
    result is `(gradient, aux)`. Integer arguments are refused, unless `allow_int`: then their gradient is zero. Without
    `fun` it is a decorator. On methods, `self` is bound first and positions are counted behind it. With `debug` (or where
    the environment has BACKPROSE_DEBUG=1) what users' rules return must have the dtypes of the arguments, too.

    A complex result is refused, unless `holomorphic` says that the function has a complex derivative: then that is the
    result, and all arguments that are asked for have to be complex.

    An exactly zero cotangent annihilates: at x <= 0, `np.where(x > 0, np.sqrt(x), 0)` has the gradient 0. With
    `guard_zeros=False` it is multiplied like any other, which may give NaN there, and saves the checks (docs/kinks.md).
    """
    return _derivative(fun, (argnums, has_aux, holomorphic, allow_int, False), guard_zeros, backend, debug)


def value_and_grad(
    fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False,
    allow_int: bool = False, *, guard_zeros: bool = True, backend: str = "auto", debug: bool = False,
) -> Any:  # fmt: skip
    """A scalar function's value and its gradient: `(value, gradient)`, or `((value, aux), gradient)`; see `grad`."""
    return _derivative(fun, (argnums, has_aux, holomorphic, allow_int, True), guard_zeros, backend, debug)


def _derivative(fun: Any, asked: tuple, guard_zeros: bool, backend: str, debug: bool) -> Any:
    check_backend(backend)
    options = {"guard_zeros": guard_zeros, "debug": debug}
    if fun is None:
        return lambda function: Derivative(function, *asked, **options)
    return Derivative(fun, *asked, **options)


grad.__backprose_call__ = inside(grad, Derivative)
value_and_grad.__backprose_call__ = inside(value_and_grad, functools.partial(Derivative, value=True))


def check_backend(backend: str) -> None:
    if backend not in BACKENDS:
        raise ValueError(f"backend={backend!r} is not available; choose one of {', '.join(map(repr, BACKENDS))}")


# Pullbacks


def vjp(
    fun: Callable, *primals: Any, has_aux: bool = False, guard_zeros: bool = True, debug: bool = False
) -> tuple:
    """The value of `fun(*primals)` and its pullback: cotangent of the value -> tuple of cotangents of the primals.

    The pullback may be called any number of times, from any thread, also after the primals have changed. With
    `has_aux`, `fun` returns `(value, aux)` and the result is `(value, pullback, aux)`. A primal without a
    floating-point number has the cotangent None. An exactly zero cotangent annihilates, unless `guard_zeros` is False;
    that and `debug` are those of `grad`.
    """
    from backprose.dispatch import dispatcher_for
    from backprose.pipeline import Plan
    from backprose.pullback import Pullback, kept_apart
    from backprose.transform.gradient import Request

    target = fit_for(target_of(fun), len(primals))
    signature = target.signature
    bound = signature.bind(*target.prefix, *primals, **target.keywords)
    bound.apply_defaults()
    wrt, spread = primal_indices(signature, len(target.prefix), len(primals))
    plan = Plan(Request(wrt, False, False, has_aux, guard_zeros=guard_zeros), True, debug or debugging())
    values = tuple(bound.arguments.values())
    found = dispatcher_for(target.function, signature, plan, False).find(values)
    try:
        value, *aux, residuals = found.function(*bound.args, **bound.kwargs)
    except Exception as error:
        annotate_error(error, found)
        raise
    return (value, Pullback(found, value, kept_apart(residuals, (value, aux, values, found.captured)), spread), *aux)


def _pulled(wrt: tuple[int, ...], options: Options) -> Request:
    from backprose.transform.gradient import Request

    return Request(wrt, False, False, options.has_aux, guard_zeros=options.guard_zeros)


vjp.__backprose_call__ = in_parts_inside(vjp, _pulled)


# Decorated functions


def differentiable(
    fun: Callable | None = None, argnums: Argnums = 0, *, guard_zeros: bool = True, backend: str = "auto"
) -> Any:
    """Leaves a function as it is, and offers its derivatives: `f.grad(x)`, `f.value_and_grad(x)`, `f.vjp(x)`,
    `f.jvp((x,), (x_dot,))`, `f.hvp((x,), (x_dot,))`, `f.jacobian(x)`, `f.hessian(x)`.

    The function is read at once, so that syntax which can't be differentiated is refused where it stands. It is
    compiled at once if annotations tell the kinds of its parameters (`x: "f8[:, :]"`, `rate: float`). `guard_zeros`: see
    `grad`.
    """
    check_backend(backend)
    if fun is None:
        return lambda function: Differentiable(function, argnums, guard_zeros)
    return Differentiable(fun, argnums, guard_zeros)


class Shown:
    """What can be looked at where there are `grad` and `value_and_grad`, of a function or of a bound method."""

    grad: Any
    value_and_grad: Any

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

    def explain(self, line: int | None = None) -> Explanation:
        """What the gradient keeps and why, and where derivatives end; see `grad(f).explain`."""
        return self._shown().explain(line)

    def residuals(self, *args: Any, **keywords: Any) -> Residuals:
        """What the gradient keeps for these arguments; see `grad(f).residuals`."""
        return self._shown().residuals(*args, **keywords)

    def _shown(self) -> Any:
        used = [d for d in (self.grad, self.value_and_grad) if d.specializations]
        return used[0] if used else self.grad


class Differentiable(Shown):
    """A function with its derivatives beside it. Calling it calls the function itself."""

    def __init__(self, fun: Callable, argnums: Argnums = 0, guard_zeros: bool = True):
        self.fun = fun
        self.grad = Derivative(fun, argnums, guard_zeros=guard_zeros)
        self.value_and_grad = Derivative(fun, argnums, value=True, guard_zeros=guard_zeros)
        self.jacobian = Jacobian(fun, argnums, guard_zeros=guard_zeros)
        self.hessian = Hessian(fun, argnums, guard_zeros=guard_zeros)
        functools.update_wrapper(self, fun)
        self._compile()

    def _compile(self) -> None:
        from backprose.annotations import is_annotated
        from backprose.pipeline import lowered

        target = target_of(self.fun)
        if not hasattr(target.function, "__code__"):
            return
        lowered(target.function)
        if may_be_method(target.function) or not is_annotated(target.signature):
            return
        try:
            self.grad.latest()
        except errors.UnresolvedKind:
            pass  # the first call tells
        except errors.CompileError as error:
            if type(error) is not errors.CompileError:  # that is a name which is yet to be defined
                raise

    def __reduce__(self) -> Any:
        return self.__qualname__ if is_module_level(self) else (Differentiable, (self.fun, self.grad.argnums, self.grad.guard_zeros))

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
        return vjp(self.fun, *primals, has_aux=has_aux, guard_zeros=self.grad.guard_zeros)

    def jvp(self, primals: tuple, tangents: tuple, has_aux: bool = False) -> tuple:
        """The value at `primals` and its tangent; see `backprose.jvp`."""
        return jvp(self.fun, primals, tangents, has_aux, guard_zeros=self.grad.guard_zeros)

    def hvp(self, primals: tuple, tangents: tuple, has_aux: bool = False) -> Any:
        """The Hessian at `primals` times `tangents`; see `backprose.hvp`."""
        return hvp(self.fun, primals, tangents, has_aux, guard_zeros=self.grad.guard_zeros)

    def __repr__(self) -> str:
        return f"<differentiable {name_of(self.fun)}>"


class BoundDifferentiable(Shown):
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

    @property
    def jacobian(self) -> Callable:
        return self.__func__.jacobian.__get__(self.__self__)

    @property
    def hessian(self) -> Callable:
        return self.__func__.hessian.__get__(self.__self__)

    def vjp(self, *primals: Any, has_aux: bool = False) -> tuple:
        return vjp(self.__wrapped__, *primals, has_aux=has_aux, guard_zeros=self.__func__.grad.guard_zeros)

    def jvp(self, primals: tuple, tangents: tuple, has_aux: bool = False) -> tuple:
        return jvp(self.__wrapped__, primals, tangents, has_aux, guard_zeros=self.__func__.grad.guard_zeros)

    def hvp(self, primals: tuple, tangents: tuple, has_aux: bool = False) -> Any:
        return hvp(self.__wrapped__, primals, tangents, has_aux, guard_zeros=self.__func__.grad.guard_zeros)

    def __repr__(self) -> str:
        return f"<bound {self.__func__!r} of {self.__self__!r}>"
