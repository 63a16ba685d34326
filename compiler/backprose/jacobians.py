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
        self, fun: Any, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False, skip: int = 0,
        guard_zeros: bool = True, debug: bool = False,
    ):  # fmt: skip
        self.holomorphic = holomorphic
        super().__init__(fun, argnums, has_aux, skip=skip, guard_zeros=guard_zeros, debug=debug)

    def _request(self, plain: Request) -> Request:
        return replace(plain, jacobian=self.mode, holomorphic=self.holomorphic)

    @property
    def _options(self) -> tuple:
        return self.argnums, self.has_aux, self.holomorphic


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
        asked = replace(plain, holomorphic=self.holomorphic)
        return replace(asked, jacobian="forward", inner=replace(asked, jacobian="reverse"))


class ElementwiseGradient(Derivative):
    """The derivative of each entry of an elementwise function."""

    _what = "elementwise gradient"

    def _request(self, plain: Request) -> Request:
        return replace(plain, entries=True)


def jacfwd(fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False) -> Any:
    """The Jacobian of `fun`, by forward mode: cheap where the arguments have fewer entries than the result.

    For one array argument and one array as the result it is an array of the shape `y.shape + x.shape`. In general it has
    the structure of the result, in each place that of the argument, and there such an array; `argnums` that is a tuple
    gives a tuple in each place. `argnums` and `has_aux` are those of `grad`, and without `fun` it is a decorator.

    A complex argument is refused, unless `holomorphic` says that the function has a complex derivative: then all arguments
    that are asked for have to be complex. Raises NotDifferentiable for an argument or a result of integers.
    """
    return _made(ForwardJacobian, fun, argnums, has_aux, holomorphic)


def jacrev(fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False) -> Any:
    """The Jacobian of `fun`, by reverse mode: cheap where the result has fewer entries than the arguments; see `jacfwd`."""
    return _made(ReverseJacobian, fun, argnums, has_aux, holomorphic)


def jacobian(fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False) -> Any:
    """The Jacobian of `fun`, in the mode that takes fewer sweeps for the sizes at hand; see `jacfwd`.

    Where the kinds of argument and result leave open which that is, the emitted function asks when it runs.
    """
    return _made(Jacobian, fun, argnums, has_aux, holomorphic)


def hessian(fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False, holomorphic: bool = False) -> Any:
    """The second derivatives of `fun`: the Jacobian, by forward mode, of its gradient (or Jacobian, by reverse mode).

    For a scalar function of an array it has the shape `x.shape + x.shape`. Structures nest as those of `jacfwd`, once
    for each derivative.
    """
    return _made(Hessian, fun, argnums, has_aux, holomorphic)


def elementwise_grad(fun: Callable | None = None, argnums: Argnums = 0, has_aux: bool = False) -> Any:
    """The derivative of each entry of an elementwise function: an array of the shape of the argument.

    Entry i of the result may depend on entry i of the argument only, and have its shape. The compiler proves that; what it
    can't prove (a sum, an index, broadcasting to another shape) is refused, where a sum over the columns of
    the Jacobian would be silently wrong. Otherwise it is as `grad`.
    """
    return _made(ElementwiseGradient, fun, argnums, has_aux)


def _made(form: type[Derivative], fun: Callable | None, *options: Any) -> Any:
    if fun is None:
        return lambda function: form(function, *options)
    return form(fun, *options)


jacfwd.__backprose_call__ = inside(jacfwd, ForwardJacobian)
jacrev.__backprose_call__ = inside(jacrev, ReverseJacobian)
jacobian.__backprose_call__ = inside(jacobian, Jacobian)
hessian.__backprose_call__ = inside(hessian, Hessian)
elementwise_grad.__backprose_call__ = inside(elementwise_grad, ElementwiseGradient)
