"""Jacobians: `jacfwd`, `jacrev`, `jacobian`, `hessian`, with the signatures and results of JAX; `elementwise_grad`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backprose.derivative import Derivative, inside
from backprose.signatures import Argnums

if TYPE_CHECKING:
    from backprose.transform.gradient import Request


class Jacobian(Derivative):
    """A Jacobian as an object, compiled at the first call for each signature."""

    mode = "cheaper"
    _what = "Jacobian"

    def __init__(
        self, fun: Any, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False, allow_int: bool = False,
        skip: int = 0, guard_zeros: bool = True, debug: bool = False,
    ):  # fmt: skip
        super().__init__(fun, argnums, has_aux, holomorphic, allow_int, False, skip, guard_zeros, debug)

    def _request(self, plain: Request) -> Request:
        return replace(plain, jacobian=self.mode, integers=self.allow_int)

    @property
    def _options(self) -> tuple:
        return self.argnums, self.has_aux, self.holomorphic, self.allow_int


class ForwardJacobian(Jacobian):
    """A Jacobian by forward mode."""

    mode = "forward"


class ReverseJacobian(Jacobian):
    """A Jacobian by reverse mode."""

    mode = "reverse"


class Hessian(Jacobian):
    """The second derivatives, by forward mode over reverse mode."""

    _what = "Hessian"

    def _request(self, plain: Request) -> Request:
        return replace(plain, jacobian="forward", inner=replace(plain, jacobian="reverse"))


class ElementwiseGradient(Derivative):
    """The derivative of each entry of an elementwise function."""

    _what = "elementwise gradient"

    def _request(self, plain: Request) -> Request:
        return replace(plain, entries=True)


def jacfwd(
    fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False, *,
    guard_zeros: bool = True, debug: bool = False,
) -> Any:  # fmt: skip
    """The Jacobian of `fun`, by forward mode: cheap where the arguments have fewer entries than the result.

    For one array argument and one array as the result it is an array of the shape `y.shape + x.shape`. In general it has
    the structure of the result, in each place that of the argument, and there such an array; `argnums` that is a tuple
    gives a tuple in each place. `argnums`, `has_aux`, `guard_zeros` and `debug` are those of `grad`, and without `fun` it is a
    decorator.

    A complex argument is refused, unless `holomorphic` says that the function has a complex derivative: then all arguments
    that are asked for have to be complex. Raises NotDifferentiable for an argument or a result of integers.
    """
    return _made(ForwardJacobian, fun, argnums, has_aux, holomorphic, guard_zeros=guard_zeros, debug=debug)


def jacrev(
    fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False,
    allow_int: bool = False, *, guard_zeros: bool = True, debug: bool = False,
) -> Any:  # fmt: skip
    """The Jacobian of `fun`, by reverse mode: cheap where the result has fewer entries than the arguments; see `jacfwd`.

    With `allow_int` it has zeros for arguments of integers, which are refused otherwise.
    """
    return _made(ReverseJacobian, fun, argnums, has_aux, holomorphic, allow_int, guard_zeros=guard_zeros, debug=debug)


def jacobian(
    fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False,
    allow_int: bool = False, *, guard_zeros: bool = True, debug: bool = False,
) -> Any:  # fmt: skip
    """The Jacobian of `fun`, in the mode that takes fewer sweeps for the sizes at hand; see `jacfwd` and `jacrev`.

    Where the kinds of argument and result leave open which that is, the emitted function asks when it runs.
    """
    return _made(Jacobian, fun, argnums, has_aux, holomorphic, allow_int, guard_zeros=guard_zeros, debug=debug)


def hessian(
    fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False, *,
    guard_zeros: bool = True, debug: bool = False,
) -> Any:  # fmt: skip
    """The second derivatives of `fun`: the Jacobian, by forward mode, of its gradient (or Jacobian, by reverse mode).

    For a scalar function of an array it has the shape `x.shape + x.shape`. Structures nest as those of `jacfwd`, once
    for each derivative; its options are those of `jacfwd`, for both.
    """
    return _made(Hessian, fun, argnums, has_aux, holomorphic, guard_zeros=guard_zeros, debug=debug)


def elementwise_grad(
    fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False,
    allow_int: bool = False, *, guard_zeros: bool = True, debug: bool = False,
) -> Any:  # fmt: skip
    """The derivative of each entry of an elementwise function: an array of the shape of the argument.

    Entry i of the result may depend on entry i of the argument only, and have its shape. The compiler proves that; what it
    can't prove (a sum, an index, broadcasting to another shape) is refused, where a sum over the columns of
    the Jacobian would be silently wrong. Otherwise, and in its options, it is as `grad`.
    """
    return _made(ElementwiseGradient, fun, argnums, has_aux, holomorphic, allow_int, guard_zeros=guard_zeros, debug=debug)


def _made(form: type[Derivative], fun: Callable | None, *options: Any, **others: Any) -> Any:
    if fun is None:
        return lambda function: form(function, *options, **others)
    return form(fun, *options, **others)


jacfwd.__backprose_call__ = inside(jacfwd, ForwardJacobian)
jacrev.__backprose_call__ = inside(jacrev, ReverseJacobian)
jacobian.__backprose_call__ = inside(jacobian, Jacobian)
hessian.__backprose_call__ = inside(hessian, Hessian)
elementwise_grad.__backprose_call__ = inside(elementwise_grad, ElementwiseGradient)
