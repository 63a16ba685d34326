"""The functions that are emitted: a gradient with both sweeps in one, or a forward and a backward part.

`wrt` are indices of the parameters asked for; a `Seed` says which part of the result is differentiated.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.analysis.activity import active_values, carries_derivative, varied_values, maybe_missing, maybe_unbound
from backprose.analysis.kinds import is_complex, is_inexact, is_number, ndim_of
from backprose.analysis.magnitudes import Magnitudes
from backprose.analysis.recording import overwritten_values
from backprose.analysis.versions import Versions
from backprose.ir.kinds import Array, Dict, FixedList, Kind, Maybe, Number, Object, Record, Tuple, Unknown
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.walk import all_ops, rename
from backprose.transform.adjoint import Reversal
from backprose.transform.cotangents import Cotangents, Likes, bar_name, bar_tree_kind, fit
from backprose.transform.drop_dead import drop_dead_ops
from backprose.transform.entries import require_elementwise
from backprose.transform.evident_sums import drop_evident_sums
from backprose.transform.guard_zeros import guard_zeros
from backprose.transform.keep_unbound import keep_unbound
from backprose.transform.pairs import register, with_reachable
from backprose.transform.paths import leaves
from backprose.transform.segments import in_segments
from backprose.transform.two_parts import two_parts
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference


@dataclass(frozen=True)
class Request:
    """What is asked for: the parameters, in which form, and whether value and auxiliary output come along."""

    wrt: tuple[int, ...]
    single: bool  # one gradient itself rather than a tuple of them
    value: bool = False
    has_aux: bool = False
    forward: bool = False  # the value and its tangent, for tangents of the parameters
    guard_zeros: bool = True  # an exactly zero cotangent annihilates
    jacobian: str = ""  # the Jacobian, by sweeps "forward", in "reverse", or the "cheaper" of them
    holomorphic: bool = False  # of a complex function, which has a complex derivative
    integers: bool = False  # of a Jacobian: columns of zeros for arguments of integers
    inner: Request | None = None  # what is asked for is the derivative of what this asks for
    entries: bool = False  # the derivative of each entry of an elementwise function

    @classmethod
    def of_tangent(cls, wrt: tuple[int, ...], has_aux: bool = False) -> Request:
        return cls(wrt, single=False, value=True, has_aux=has_aux, forward=True)

    @property
    def suffix(self) -> str:
        if self.inner is not None:
            return "_hessian" if self.jacobian else "_hvp"
        if self.jacobian:
            return {"forward": "_jacfwd", "reverse": "_jacrev", "cheaper": "_jacobian"}[self.jacobian]
        if self.forward:
            return "_jvp"
        if self.entries:
            return "_elementwise_grad"
        return "_value_and_grad" if self.value else "_grad"


def gradient(module: Module, engine: Inference, request: Request) -> Module:
    """The module whose entry computes the gradient (and the value) of `module`'s entry."""
    register(engine, module)
    fn = in_segments(taken_apart(module.entry, request))
    inputs = [fn.params[i] for i in request.wrt]
    returns = return_loc(fn)
    b, reversal, bars = _start(fn, engine, inputs, request.guard_zeros)
    result, aux = split_aux(b, fn, request)
    _require_real(inputs, result, request.holomorphic, fn.loc, returns)
    if request.entries:
        require_elementwise(fn, inputs, result, returns)
    else:
        _require_scalar(result, returns)
    b.loc, b.pinned = returns.reversed() if returns else None, True
    _refuse_none(b, result)
    kind = result.kind.item if isinstance(result.kind, Maybe) else result.kind
    one = b.call(np.ones_like, result) if request.entries and isinstance(kind, Array) else b.const(1.0)
    seed = fit(b, one, kind, lambda: result, exact=True)
    if result in reversal.active:
        bars.set(result, (), seed)
    ops = reversal.region(b, fn.ops, bars)
    grads = [bars.tree(b, v) for v in inputs]
    out = grads[0] if request.single else b.tuple(grads)
    if request.value:
        out = b.tuple((b.tuple((result, aux)) if request.has_aux else result, out))
    elif request.has_aux:
        out = b.tuple((out, aux))
    if request.value and not result.name:
        bars.names[result] = "value"
    region = Region(fn.params, (*ops, *b.ops), (out,))
    if request.guard_zeros:
        region = guard_zeros(region, (), reversal.written_for, reversal.cotangents)
    region = rename(region, bars.names)
    region = keep_unbound(drop_dead_ops(drop_evident_sums(region)), bars.likes)
    owned = (1,) if request.value else (0,) if request.has_aux else ()
    attrs = {"owned": owned, "gradients": tuple(map(bar_name, inputs))}
    entry = replace(fn, name=fn.name + request.suffix, region=region, doc=_doc(fn, request, inputs), attrs=attrs)
    return with_reachable(engine, entry)


def pullback(module: Module, engine: Inference, request: Request) -> Module:
    """Two entries: `f_forward` returns the value and the residuals, `f_backward` takes these and a cotangent."""
    name = module.entry.name
    register(engine, module)
    engine.derived["entry", name] = names = f"{name}_forward", f"{name}_backward"
    return with_reachable(engine, *pair(engine, taken_apart(module.entry, request), request.wrt, request.guard_zeros, names, request))


def _start(
    fn: Function, engine: Inference, inputs: list[Value], guarded: bool
) -> tuple[TypedBuilder, Reversal, Cotangents]:
    active = active_values(fn, [v for v in inputs if carries_derivative(v.kind)])
    b = TypedBuilder(fn.loc)
    b.learn(fn.region)
    b.versions = Versions(fn.region)
    b.magnitudes = Magnitudes(fn.region)
    refuse_optional(fn, [v for v in inputs if carries_derivative(v.kind)])
    bars = Cotangents(active, likes=Likes(maybe_unbound(fn.region), maybe_missing(fn.region)))
    return b, Reversal(engine, active, overwritten_values(all_ops(fn.region)), guarded=guarded), bars


def refuse_optional(fn: Function, inputs: list[Value]) -> None:
    """A container that may be None has no place to keep the cotangents of its parts."""
    optional = [(op, v) for op in all_ops(fn.region) for v in op.results if isinstance(v.kind, Maybe)]
    varied = varied_values(fn, inputs) if optional else set()
    for op, value in optional:
        if value in varied and isinstance(value.kind.item, (Tuple, FixedList, Dict, Record)):
            raise errors.NotDifferentiable(
                f"`{value.name or 'a value'}` may be None or a container of active values", op.loc,
                "which of them it is shows only when it runs", "use None for single arrays and numbers only",
            )  # fmt: skip


def _refuse_none(b: TypedBuilder, result: Value) -> None:
    """None has no gradient: where the result may be None, that is asked when it runs."""
    if not isinstance(result.kind, Maybe):
        return
    is_missing = b.call(operator.is_, result, b.const(None))
    inner = b.nested()
    text = inner.const("the function returned None, which has no gradient")
    error = inner.op("call", [text], [Value("", Object(TypeError))], fn=TypeError, keywords=(), method=None).result
    inner.op("raise", [error])
    b.op("if", (is_missing,), (), [inner.region((), ()), b.nested().region((), ())])


@dataclass(frozen=True)
class Sweeps:
    """Both sweeps of a function: the ops that compute its value and what is kept, and the region of a cotangent of that."""

    ops: tuple[Op, ...]
    reverse: Region  # takes the cotangent of the result, gives those of the inputs
    result: Value
    aux: Value | None
    bars: Cotangents
    builder: TypedBuilder


def sweeps(fn: Function, engine: Inference, inputs: list[Value], guarded: bool, request: Request | None = None) -> Sweeps:
    """The sweeps of `fn`; `guarded`: zeros annihilate. Without a request each parameter has a cotangent, or None."""
    b, reversal, bars = _start(fn, engine, inputs, guarded)
    result, aux = split_aux(b, fn, request) if request else (fn.result, None)
    loc = return_loc(fn)
    b.loc, b.pinned = loc.reversed() if loc else None, True
    bar = Value("out_bar", bar_tree_kind(result.kind))
    if result in reversal.active:
        bars.add(b, result, bar)
    ops = reversal.region(b, fn.ops, bars)
    grads = [bars.tree(b, v) if v in inputs else b.const(None) for v in (inputs if request else fn.params)]
    out = grads[0] if request and request.single else b.tuple(grads)

    reverse = Region((bar,), tuple(b.ops), (out,))
    if guarded:
        reverse = guard_zeros(reverse, (bar,), reversal.written_for, reversal.cotangents, Region(fn.params, ops, ()))
    reverse = drop_evident_sums(reverse, Region((), ops, ()))
    reverse = rename(drop_dead_ops(reverse), bars.names)
    return Sweeps(tuple(ops), reverse, result, aux, bars, b)


def pair(
    engine: Inference, fn: Function, wrt: tuple[int, ...], guarded: bool, names: tuple[str, ...], request: Request | None = None
) -> tuple[Function, Function]:
    """The forward part of `fn`, which also returns residuals, and the backward part."""
    fn = in_segments(fn)
    both = sweeps(fn, engine, [fn.params[i] for i in wrt], guarded, request)
    results = (both.result,) if both.aux is None else (both.result, both.aux)
    docs = (
        f"Value of `{fn.name}` and what its pullback keeps.",
        f"Pullback of `{fn.name}`: cotangents of its arguments for the cotangent of its value.",
    )
    forward = Region(fn.params, both.ops, results)
    attrs = {"owned": ()} if request else {}
    return two_parts(fn, forward, both.reverse, both.bars.likes, both.builder.versions, names, docs, attrs, return_loc(fn))


def taken_apart(fn: Function, request: Request) -> Function:
    """The function with the pair that it returns taken apart and put together, where it comes from a call."""
    made = next((op for op in fn.ops if fn.result in op.results), None)
    if not request.has_aux or not isinstance(fn.result.kind, Tuple) or made is None or made.name == "tuple":
        return fn
    b = TypedBuilder(made.loc)
    result = b.tuple(b.items_of(fn.result))
    return replace(fn, region=replace(fn.region, ops=(*fn.ops, *b.ops), results=(result,)))


def split_aux(b: TypedBuilder, fn: Function, request: Request) -> tuple[Value, Value | None]:
    if not request.has_aux:
        return fn.result, None
    parts = b.parts.get(fn.result)
    if parts is None or len(parts) != 2:
        raise errors.NotDifferentiable(
            "with `has_aux` the function must return a pair", return_loc(fn), f"it returns {fn.result.kind}",
            "return (value, aux)",
        )  # fmt: skip
    return parts


def _require_real(inputs: list[Value], result: Value, holomorphic: bool, place: Any, returns: Any) -> None:
    """The result of a gradient is real; that of a holomorphic function is complex, and so are its arguments."""
    kind = result.kind.item if isinstance(result.kind, Maybe) else result.kind
    if is_complex(kind) and not holomorphic:
        raise errors.NotDifferentiable(
            "the result is complex, so it has no gradient", returns, f"the function returns {kind}",
            "set holomorphic=True if the function has a complex derivative, or use vjp with a cotangent",
        )  # fmt: skip
    for value in inputs if holomorphic else ():
        require_complex(f"the argument `{value.name}`", value.kind, place)
    if holomorphic and is_number(kind):
        require_complex("the result", kind, returns)


def require_complex(what: str, kind: Kind, place: Any) -> None:
    """Refuse a number that is not complex where the function was said to be holomorphic."""
    for _, inner in leaves(kind):
        if not is_complex(inner):
            raise errors.NotDifferentiable(
                f"{what} is not complex", place, f"it is {inner}, and holomorphic=True is set", "pass complex numbers",
            )  # fmt: skip


def _require_scalar(result: Value, loc: Any) -> None:
    kind = result.kind.item if isinstance(result.kind, Maybe) else result.kind
    if isinstance(kind, (Number, Unknown)) or (is_number(kind) and ndim_of(kind) == 0):
        if not is_number(kind) or is_inexact(kind) or isinstance(kind, Number):
            return
    what = "not a scalar" if ndim_of(kind) != 0 else "not a real number"
    raise errors.NotDifferentiable(
        f"the result is {what}, so it has no gradient", loc, f"the function returns {kind}",
        "reduce it to a scalar, for example by np.sum, or use vjp with a cotangent",
    )  # fmt: skip


def return_loc(fn: Function) -> Any:
    """Where the result is computed: the place that an error about the result points to."""
    for op in reversed(fn.ops):
        if fn.result in op.results:
            return op.loc
    return fn.loc


def _doc(fn: Function, request: Request, inputs: list[Value]) -> str:
    names = [v.name for v in inputs]
    listed = names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]
    what = f"Value of `{fn.name}` and its gradient" if request.value else f"Gradient of `{fn.name}`"
    if request.entries:
        what = f"Derivative of each entry of `{fn.name}`"
    return f"{what} with respect to {listed} (reverse mode)."

