"""Rules that users state: `custom_vjp` and `custom_jvp` beside a function of theirs, `register_rule` for one of others."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.signatures import Decorated, is_module_level, name_of

if TYPE_CHECKING:
    from backprose.ir.kinds import Kind
    from backprose.ir.nodes import Module, Value
    from backprose.rules.custom import CustomRule
    from backprose.transform.infer import Inference
    from backprose.transform.typed import TypedBuilder


class _WithRule(Decorated):
    """A function with a rule of its own. Calling it calls the function itself."""

    rule: CustomRule

    def __init__(self, fun: Callable, nondiff_argnums: int | tuple[int, ...] = (), compile: bool = True):
        from backprose.rules.custom import CustomRule

        if isinstance(fun, (staticmethod, classmethod)):
            raise TypeError(f"put @{type(self).__name__} below @{type(fun).__name__}")
        if not isinstance(fun, types.FunctionType) and (compile or not callable(fun)):
            raise TypeError(f"{type(self).__name__} is for Python functions, not {fun!r}; register_rule is for others")
        super().__init__(fun, _plain_signature(fun, type(self).__name__))
        self.compile = compile
        self.nondiff_argnums = _positions(nondiff_argnums, self.__signature__, name_of(fun))
        self.rule = CustomRule(name_of(fun), nondiff=self.nondiff_argnums)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} function {name_of(self.fun)}>"

    def __reduce__(self) -> Any:
        if is_module_level(self):
            return self.__qualname__
        raise TypeError(f"{self!r} can't be pickled: it is not what its module holds under its name")

    # Inside a function that is compiled

    @functools.cached_property
    def result_kind(self) -> Kind | None:
        """What the return annotation tells, of a function that is not compiled."""
        from backprose.annotations import annotated

        annotation = self.__signature__.return_annotation
        return None if annotation is inspect.Signature.empty else annotated(annotation, self.fun, "return")

    def __backprose_call__(
        self, engine: Inference, b: TypedBuilder, args: tuple, keywords: Mapping[str, Value], loc: Any
    ) -> Any:
        """The IR of a call."""
        from backprose.transform.custom import call

        return call(engine, b, self, args, keywords, loc)

    def __backprose_module__(self, engine: Inference, kinds: Mapping[str, Kind]) -> Module:
        """The IR of the function, which a gradient is asked of."""
        from backprose.dispatch import place_of
        from backprose.transform.custom import module

        return module(engine, self, kinds, place_of(self.fun) if self.compile else None)


def _plain_signature(fun: Any, decorator: str) -> inspect.Signature:
    signature = inspect.signature(fun, follow_wrapped=False)
    for parameter in signature.parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            raise TypeError(
                f"{decorator}: the parameter {parameter} of {name_of(fun)}() can't be passed to its rule by position; "
                "give each argument a parameter of its own"
            )
    return signature


def _positions(nondiff: Any, signature: inspect.Signature, name: str) -> tuple[int, ...]:
    """`nondiff_argnums` as positions, counted from the front."""
    count = len(signature.parameters)
    found = []
    for item in (nondiff,) if isinstance(nondiff, (int, str)) else tuple(nondiff):
        if isinstance(item, str) and item in signature.parameters:
            item = list(signature.parameters).index(item)
        if not isinstance(item, int) or not -count <= item < count:
            known = ", ".join(signature.parameters)
            raise ValueError(f"nondiff_argnums={nondiff!r}: {name}() has the parameters ({known})")
        found.append(item % count)
    return tuple(sorted(set(found)))


def custom_vjp(fun: Callable | None = None, nondiff_argnums: int | tuple[int, ...] = (), *, compile: bool = True) -> Any:
    """A decorator: a function whose derivative in reverse mode is stated by the user, as with JAX's.

        @custom_vjp
        def norm(x):
            return np.sqrt(x @ x)

        def norm_fwd(x):
            y = norm(x)
            return y, (x, y)

        def norm_bwd(residuals, y_bar):
            x, y = residuals
            return (y_bar * x / y,)

        norm.defvjp(norm_fwd, norm_bwd)

    `fwd` takes the arguments, and returns the value and what `bwd` needs, in any structure of numbers, arrays and
    containers. `bwd` takes that and the cotangent of the value, in the structure of the value, and returns a tuple with a
    cotangent for each argument, in the structure, shape and dtype of that, or None where it is zero. What it gives for an
    integer is not read. Arguments in `nondiff_argnums` (positions or names) get no cotangent: they come first in the call
    of `bwd`, may be functions, and a gradient that depends on them is refused.

    Calling the function calls it: `fwd` runs only where a derivative is asked for. The function, `fwd` and `bwd` are
    compiled and inlined, so they are differentiated as they stand at second order, and may write to arrays that they
    made, but not to the function's arguments. With `compile=False` they are any Python: emitted code calls them, there are
    first derivatives in reverse mode only, and no module can be written of it. To see what it returns, the function is
    called with a few small arrays when a gradient is compiled, unless its return annotation (`-> "f8[:]"`) tells.

    A second `defvjp` replaces the first, also in gradients that were compiled before.

    Raises: TypeError for parameters that can't be passed by position. When a gradient is compiled,
    `NotDifferentiable` for a rule that returns another number of cotangents than there are arguments, or one of another
    structure, rank or length, with the names and both kinds. What that leaves open is compared when the gradient runs:
    ValueError for another shape. A cotangent is cast to the dtype of its argument; `grad(..., debug=True)` refuses one of
    another dtype instead.
    """
    if fun is None:
        return lambda function: CustomVjp(function, nondiff_argnums, compile)
    return CustomVjp(fun, nondiff_argnums, compile)


def _refuse_inside(engine: Any, b: Any, args: tuple, keywords: Any, loc: Any) -> Any:
    raise errors.UnsupportedCall(
        "a rule is stated inside a function that is differentiated", loc,
        "rules belong to functions that are there before, and know nothing of a function's variables",
        "define the function and its rule outside, and pass it what it captured",
    )  # fmt: skip


custom_vjp.__backprose_call__ = _refuse_inside


class CustomVjp(_WithRule):
    """A function whose derivative in reverse mode is what `defvjp` was given."""

    def defvjp(self, fwd: Callable, bwd: Callable) -> Callable:
        """State the rule, in the stead of an earlier one; gives back `bwd`, so that it can be used as a decorator."""
        from backprose.rules.custom import Foreign

        _require_function(fwd, "fwd", self)
        _require_function(bwd, "bwd", self)
        if not self.compile:
            fwd_called, bwd_called = Foreign(fwd, self.rule.name), Foreign(bwd, self.rule.name)
            self.rule = replace(self.rule, fwd=fwd_called, bwd=bwd_called)
        else:
            self.rule = replace(self.rule, fwd=fwd, bwd=bwd)
        return bwd


def custom_jvp(fun: Callable | None = None, nondiff_argnums: int | tuple[int, ...] = (), *, compile: bool = True) -> Any:
    """A decorator: a function whose derivative is stated by the user as a tangent, as with JAX's.

        @custom_jvp
        def softplus(x):
            return np.logaddexp(0.0, x)

        @softplus.defjvp
        def softplus_jvp(primals, tangents):
            (x,), (x_dot,) = primals, tangents
            return softplus(x), x_dot / (1 + np.exp(-x))

    `jvp` takes two tuples: the arguments, and a tangent for each of them, in its structure and shape, with zeros for what
    does not move. It returns the value and its tangent, None where that is zero. `f.defjvps(...)` states the same by
    argument instead. Reverse mode is had by transposing the tangent, so it must be linear in the tangents: checked when a
    gradient is compiled. Of the value that `jvp` returns only the structure is looked at: the function itself gives it.

    The rest is as for `custom_vjp`. With `compile=False` there is forward mode only.
    """
    if fun is None:
        return lambda function: CustomJvp(function, nondiff_argnums, compile)
    return CustomJvp(fun, nondiff_argnums, compile)


custom_jvp.__backprose_call__ = _refuse_inside


class CustomJvp(_WithRule):
    """A function whose derivative is what `defjvp` or `defjvps` was given."""

    def defjvp(self, jvp: Callable) -> Callable:
        """State `jvp(*nondiff, primals, tangents) -> (value, tangent)`, in the stead of an earlier rule; gives it back."""
        from backprose.rules.custom import Foreign

        _require_function(jvp, "jvp", self)
        self.rule = replace(self.rule, jvp=jvp if self.compile else Foreign(jvp, self.rule.name), jvps=())
        return jvp

    def defjvps(self, *jvps: Callable | None) -> None:
        """State for each argument `f(tangent, value, *arguments)`, its share in the tangent of the value; None is zero."""
        count = len(self.__signature__.parameters)
        if self.nondiff_argnums or not self.compile:
            raise TypeError("defjvps is for functions without nondiff_argnums, and compiled; use defjvp")
        if len(jvps) != count:
            raise TypeError(f"defjvps got {len(jvps)} rules for the {count} arguments of {name_of(self.fun)}()")
        for jvp in jvps:
            if jvp is not None:
                _require_function(jvp, "a rule", self)
        self.rule = replace(self.rule, jvp=None, jvps=jvps)


def _require_function(function: Any, role: str, owner: _WithRule) -> None:
    if owner.compile and not isinstance(function, (types.FunctionType, types.MethodType)):
        raise TypeError(
            f"{role} of {name_of(owner.fun)} must be a Python function, not {function!r}; "
            f"with compile=False it may be any callable"
        )
    if not callable(function):
        raise TypeError(f"{role} of {name_of(owner.fun)} must be a function, not {function!r}")


KINDS = ("pullback", "elementwise", "linear", "no_derivative")


def register_rule(
    function: Callable, *, kind: str = "pullback", wrt: str | tuple[str, ...] | None = None, compile: bool = True
) -> Any:
    """Register the decorated derivative rule for a function that you did not write: one of C, or of a library.

        @register_rule(lib.smooth, wrt="x")                  # x_bar from y_bar, where y = lib.smooth(x, width)
        def smooth(y, x, width=3, *, y_bar):
            return lib.smooth_transposed(y_bar, width)

        @register_rule(lib.gauss, kind="elementwise")        # d times the partial of each operand
        def gauss(y, x, *, d):
            return -2 * x * y * d

        register_rule(lib.bin_of, kind="no_derivative")      # integers, steps: no derivative passes

    The rule takes the result, then the parameters of the function with their names and defaults, then the cotangent of the
    result as a keyword-only parameter of any name. It returns the cotangent of the operand in `wrt`, or a tuple with one
    for each (default: the parameters without default), in the operand's shape; None is zero. A parameter that the rule
    does not have can't be used in a call, and one that is not in `wrt` must not depend on what is differentiated.

    Kinds: "pullback", as above. "elementwise", entry by entry with broadcasting: instead of the cotangent the rule
    takes a perturbation `d`, and returns `d` times the partial of each operand; sums over broadcast axes are done for it.
    "linear", linear in the operands `wrt` taken together: the rule is the transpose, and tangents go through the
    function itself. "no_derivative" has no rule, and declares that the result carries none.

    The rule is compiled and inlined, so it may call what a differentiated function may: NumPy, functions with rules, other
    Python functions. Then it serves both modes and all orders, if it is linear in the cotangent. With `compile=False` a
    pullback is any Python, which emitted code calls: reverse mode, first order.

    The function must have no effects, and give the same for the same arguments. It is called with a few small
    arrays when a gradient is compiled, to see what it returns. A second registration replaces the first; what was compiled before is
    compiled anew.

    Raises ValueError for a function that Backprose has a rule for, or a name in `wrt` that is no parameter of the rule,
    TypeError for a rule with other parameters than those above. What the rule returns is compared as with `custom_vjp`.
    """
    from backprose import dispatch
    from backprose.rules.registry import register_of_user

    _check_function(function, kind)
    if not compile and kind not in ("pullback", "no_derivative"):
        raise ValueError(f"compile=False is for kind='pullback', not {kind!r}")

    def register(rule: Callable | None) -> Callable | None:
        from backprose.rules.custom import Foreign

        if rule is not None:
            _check_text(rule, function, wrt)
        text = rule if compile or rule is None else Foreign(rule, name_of(function))
        with dispatch.COMPILING:
            form = {"pullback": "general"}.get(kind, kind)
            register_of_user(function, form, text, wrt)
            dispatch.forget()
        return rule

    return register(None) if kind == "no_derivative" else register


def _check_function(function: Any, kind: str) -> None:
    from backprose.transform.builtin_calls import HANDLERS

    if kind not in KINDS:
        raise ValueError(f"kind={kind!r}; choose one of {', '.join(map(repr, KINDS))}")
    if not callable(function):
        raise TypeError(f"register_rule expects a function, not {function!r}")
    if hasattr(function, "__backprose_call__"):
        raise ValueError(f"{name_of(function)} has a rule of its own, or is a derivative")
    try:
        known = function in HANDLERS
    except TypeError:
        raise TypeError(
            f"{function!r} can't be registered, because it is not hashable: wrap it in a Python function with `custom_vjp`, "
            "compile=False"
        ) from None
    if known:
        raise ValueError(f"{name_of(function)} is in the table of rules already")


def _check_text(rule: Any, function: Any, wrt: str | tuple[str, ...] | None) -> None:
    if not isinstance(rule, types.FunctionType):
        raise TypeError(f"the rule of {name_of(function)} must be a Python function, not {rule!r}")
    parameters = list(inspect.signature(rule).parameters.values())
    bars = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    variadic = [str(p) for p in parameters if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    operands = [p.name for p in parameters[1:] if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    form = f"write it like `def {rule.__name__}(y, x, ..., *, y_bar)`"
    if len(bars) != 1:
        raise TypeError(
            f"the rule of {name_of(function)} has {len(bars)} keyword-only parameters without default, and needs one, "
            f"which takes the cotangent of the result; {form}"
        )
    if variadic:
        raise TypeError(f"the rule of {name_of(function)} has the parameter {variadic[0]}; name each operand: {form}")
    if not operands:
        raise TypeError(f"the rule of {name_of(function)} takes the result and no operand; {form}")
    for name in (wrt,) if isinstance(wrt, str) else wrt or ():
        if name not in operands:
            raise ValueError(f"wrt={wrt!r}: the rule of {name_of(function)} has the operands ({', '.join(operands)})")
