"""Functions with a rule of their own: their calls, how a rule's functions are inlined, and what is left at the end.

A call is one op, of a `CustomCall`. Where a derivative passes through it, the functions of its rule take its place
(`custom_reverse`, `custom_forward`): these are IR like any other, and are differentiated as such at second order. All
other calls are opened at the end: the function itself is inlined.
"""

from __future__ import annotations

import inspect
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import backprose_runtime

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.examples import any_length
from backprose.analysis.kinds import widen
from backprose.analysis.ownership import ownership
from backprose.analysis.stated_kinds import stated_kind
from backprose.ir.kinds import UNKNOWN, Array, Closure, Kind, Static, Tuple
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.walk import all_ops, clone, redefine
from backprose.rules.custom import CustomCall, CustomRule, Foreign, Passed
from backprose.transform import shares
from backprose.transform.infer import Inference
from backprose.transform.binding import bind
from backprose.transform.cotangents import bar_tree_kind
from backprose.transform.drop_dead import acts, drop_dead
from backprose.transform.outside import Guard
from backprose.transform.tangents import Tangents
from backprose.transform.typed import TypedBuilder, typed_call

PLAIN: Mapping[str, Any] = {"keywords": (), "method": None}

# In inference


def call(engine: Inference, b: TypedBuilder, holder: Any, args: tuple, keywords: Mapping[str, Value], loc: Any) -> Value:
    """A call of `holder`, the user's decorated function: `fun` is the function itself, `rule` what is stated beside it."""
    function, rule = holder.fun, holder.rule
    engine.guards[id(holder), rule.name] = Guard(lambda: holder.rule, Static(rule))
    _require_rule(rule, loc)
    values = bind(b, rule.name, holder.__signature__, args, keywords, loc)
    if function in engine.own_rule:
        if None in engine.own_rule[engine.own_rule.index(function) :]:
            raise errors.UnsupportedCall(
                f"`{rule.name}` takes a derivative through itself", loc, "what its rule is would depend on itself",
                "take the derivative of a function that does not call it",
            )  # fmt: skip
        return engine.call_function(b, function, tuple(values), {}, loc)  # within itself it is a function like any other
    arguments, operands = [], []
    for name, value in zip(holder.__signature__.parameters, values):
        passed = _passed(engine, b, value, rule, name, loc)
        arguments.append(passed)
        parts = engine.captures[value][0] if passed else (value,)
        operands.extend(engine.memory.current(b, v, loc) for v in parts)
    fn = CustomCall(function, rule, tuple(holder.__signature__.parameters), tuple(arguments))
    if not holder.compile:
        kind = holder.result_kind or any_length(stated_kind(function, tuple(v.kind for v in values)), certain=())
        _require_derivative(rule, kind, loc)
        fn = replace(fn, function=Foreign(function, rule.name), has_effect=True)
    else:
        fn = _with_body(engine, fn, [v.kind for v in values], loc)
        kind = widen(fn.body.result.kind)
    value = b.op("call", operands, [Value("", kind)], fn=fn, **PLAIN).result
    return engine.memory.expand(b, value) if engine.memory.active else value


def _require_derivative(rule: CustomRule, kind: Kind, loc: Any) -> None:
    """Examples may be misleading: whole numbers would stop a derivative without a word."""
    if not carries_derivative(kind):
        raise errors.UnresolvedKind(
            f"`{rule.name}`, which is not compiled, gave {kind} for examples", loc,
            "that carries no derivative, and its rule would never be asked",
            'say what it returns by an annotation, as in `-> float` or `-> "f8[:]"`',
        )  # fmt: skip


def module(engine: Inference, holder: Any, kinds: Mapping[str, Kind], loc: Any) -> Module:
    """A function that calls `holder` with its parameters and does nothing else."""
    b = TypedBuilder(loc)
    params = [Value(name, kinds[name]) for name in holder.__signature__.parameters]
    result = call(engine, b, holder, tuple(params), {}, loc)
    name = engine.lower(holder.fun).name if holder.compile else holder.rule.name.strip("<>")
    entry = Function(name, b.region(params, [result]), loc, holder.__doc__ or "", holder.__signature__)
    return engine.module(entry)


def _require_rule(rule: CustomRule, loc: Any) -> None:
    if not rule.is_stated:
        raise errors.NotDifferentiable(
            f"`{rule.name}` has no derivative rule yet", loc, "it was decorated, but no rule was given to it",
            f"call {rule.name}.defvjp(fwd, bwd), or {rule.name}.defjvp(jvp) after `custom_jvp`",
        )  # fmt: skip


def _passed(engine: Inference, b: TypedBuilder, value: Value, rule: CustomRule, name: str, loc: Any) -> Passed | None:
    """What an argument passes if it is a nested function."""
    if value in engine.captures:
        captured, frame = engine.captures[value]
        if not any(isinstance(v.kind, Closure) for v in captured):
            return Passed(value.kind, frame, len(captured))
    elif value not in engine.gradients and value not in engine.partials and value not in engine.choices:
        return None
    raise errors.UnsupportedCall(
        f"the function that is passed to `{rule.name}` as `{name}` is not supported", loc,
        "it is a partial, a gradient, chosen by a condition, or captures another function",
        "pass a function of the module, or a nested function that captures numbers and arrays",
    )  # fmt: skip


def _with_body(engine: Inference, fn: CustomCall, kinds: Sequence[Kind], loc: Any) -> CustomCall:
    engine.own_rule.append(fn.function)
    try:
        body = _run(engine, fn.function, fn.params, fn.arguments, kinds)
    finally:
        engine.own_rule.pop()
    if engine.changed:
        raise errors.UnsupportedUpdate(
            f"`{fn.rule.name}` writes to its argument `{min(engine.changed)}`", loc,
            "a function with a rule of its own is known by what it returns, in both sweeps",
            "write to a copy, and return it",
        )  # fmt: skip
    new = isinstance(body.result.kind, Array) and ownership(body).is_fresh(body.result)
    return replace(fn, body=body, gives_new=new, has_effect=any(map(acts, body.ops)))


def _run(
    engine: Inference, function: Any, names: Sequence[str], arguments: Sequence[Passed | None], kinds: Sequence[Kind]
) -> Function:
    """The IR of a function for arguments of these kinds. It stands by itself: its memory is not that of the caller."""
    frames = {name: passed.frame for name, passed in zip(names, arguments) if passed}
    made = engine.run(function, dict(zip(names, kinds)), frames)
    if not engine.changed.isdisjoint(frames):
        raise errors.UnsupportedUpdate(
            "a function that is passed to one with a rule of its own updates what it captures", made.entry.loc,
            "the update would be seen outside", "pass what it updates as an argument, and return it",
        )  # fmt: skip
    engine.functions.update({name: other for name, other in made.functions.items() if other is not made.entry})
    return drop_dead(made.entry)  # the closures in it have been inlined


# What derivatives are made of


Argument = tuple[tuple[Value, ...], Passed | None]  # a value, or what a nested function captures


def plain(value: Value) -> Argument:
    return (value,), None


def arguments_of(fn: CustomCall, operands: Iterable[Value]) -> list[Argument]:
    """The arguments of a call, from its operands."""
    rest = iter(operands)
    return [(tuple(next(rest) for _ in range(p.count if p else 1)), p) for p in fn.arguments]


def refuse_active(active: set[Value], op: Op, arguments: list[Argument]) -> None:
    fn: CustomCall = op.fn
    for i, (values, passed) in enumerate(arguments):
        found = next((v for v in values if v in active), None)
        if found is None or not (passed or i in fn.rule.nondiff):
            continue
        what = f"the function `{fn.params[i]}` that is passed to `{fn.rule.name}` captures"
        raise errors.NotDifferentiable(
            f"{what} `{found.name or 'a value'}`, which depends on what is differentiated" if passed else
            f"the argument `{fn.params[i]}` of `{fn.rule.name}` depends on what is differentiated", op.loc,
            "its rule gives no cotangent of what a function captures" if passed else
            "it is in `nondiff_argnums`, so the rule gives no cotangent of it",
            "pass it as an argument of its own" if passed else "take it out of `nondiff_argnums`",
        )  # fmt: skip


def in_the_place(
    engine: Inference, b: TypedBuilder, op: Op, function: Any, arguments: list[Argument]
) -> tuple[tuple[Op, ...], Value]:
    """The ops of `fwd`, which define the result of the call, and the residuals."""
    rule: CustomRule = op.fn.rule
    f = TypedBuilder(op.loc, b.parts)
    out = inlined(engine, f, function, arguments, rule, op.loc, "fwd")
    residuals = second(f, rule, function, out, op, "residuals")
    value = f.items_of(out)[0]
    defined = {v for made in f.ops for v in made.results}
    if value not in defined or value.kind != op.result.kind:
        f.op("call", (f.tuple([value]), f.const(0)), [op.result], fn=operator.getitem, **PLAIN)
        return tuple(f.ops), residuals
    region = redefine(Region((), tuple(f.ops), (residuals,)), {value: op.result})
    f.learn(region)
    return region.ops, region.results[0]


def second(b: TypedBuilder, rule: CustomRule, function: Any, out: Value, op: Op, what: str = "tangent") -> Value:
    """What `fwd` or `jvp` returns besides the value, which is compared with that of the function."""
    if not isinstance(out.kind, Tuple) or len(out.kind.items) != 2:
        raise wrong_rule(rule, function, f"it returns {shares.described(out.kind)}", f"return (value, {what})", op.loc)
    found = shares.mismatch(op.result.kind, out.kind.items[0], "value")
    if found:
        raise wrong_rule(
            rule, function, f"its {found[0]} is {found[2]} where `{rule.name}` returns {found[1]}",
            f"return what `{rule.name}` returns, and its {what}", op.loc,
        )  # fmt: skip
    return b.items_of(out)[1]


def differentiated(fn: CustomCall, operands: Iterable[Value]) -> list[tuple[str, Value]]:
    """The arguments that the rule gives cotangents of, by name."""
    arguments = arguments_of(fn, operands)
    return [(fn.params[i], values[0]) for i, (values, p) in enumerate(arguments) if i not in fn.rule.nondiff and p is None]


def tangent(engine: Inference, b: TypedBuilder, op: Op, dots: Tangents) -> list[tuple[tuple, Value]]:
    """The tangents of the parts of the result, by their paths, from a rule that states them. What does not move has zeros."""
    fn: CustomCall = op.fn
    arguments, rule = arguments_of(fn, op.operands), fn.rule
    primals = [v for _, v in differentiated(fn, op.operands)]
    if rule.jvps:
        given = [(f, v) for f, v in zip(rule.jvps, primals) if f is not None and dots.has(v)]
        parts = []
        for f, v in given:
            out = inlined(engine, b, f, [plain(dots.tree(b, v)), plain(op.result), *map(plain, primals)], rule, op.loc, "jvps")
            parts.append(shares.tangents(b, shares.Source(rule.name, name_of(f), op.loc, engine.debug, "tangent"), out, op.result))
        return _sum(b, parts)
    fixed = [arguments[i] for i in rule.nondiff]
    moving = [dots.tree(b, v, fill=True) for v in primals]
    source = shares.Source(rule.name, name_of(rule.jvp), op.loc, engine.debug, "tangent")
    if fn.body is None:
        flat = [v for values, _ in fixed for v in values]
        pair = b.op("call", (*flat, b.tuple(primals), b.tuple(moving)), [Value("", UNKNOWN)], fn=rule.jvp, **PLAIN).result
        names = b.data((f"the rule `{name_of(rule.jvp)}` of `{rule.name}`", "value"))
        kind = bar_tree_kind(op.result.kind)
        out = typed_call(b, backprose_runtime.checked_tangent, (pair, op.result, names), kind)
    else:
        given = [*fixed, plain(b.tuple(primals)), plain(b.tuple(moving))]
        out = second(b, rule, rule.jvp, inlined(engine, b, rule.jvp, given, rule, op.loc, "jvp"), op)
    return shares.tangents(b, source, out, op.result)


def _sum(b: TypedBuilder, parts: list[list[tuple[tuple, Value]]]) -> list[tuple[tuple, Value]]:
    total: dict[tuple, Value] = {}
    for part in parts:
        for path, dot in part:
            total[path] = b.call(operator.add, total[path], dot) if path in total else dot
    return list(total.items())


def inlined(
    engine: Inference, b: TypedBuilder, function: Any, arguments: Sequence[Argument], rule: CustomRule, loc: Any, role: str
) -> Value:  # fmt: skip
    """The call of a function of the rule, which is compiled for these arguments and inlined."""
    signature = inspect.signature(function, follow_wrapped=False)
    given = {values[0] if p is None else Value("", p.kind): (values, p) for values, p in arguments}
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise wrong_rule(
            rule, function, f"it is called with {len(arguments)} arguments: {error}", f"it is called as {CALLED[role]}", loc
        ) from None  # fmt: skip
    bound = bind(b, rule.name, signature, tuple(given), {}, loc)
    flat = [w for v in bound for w in (given[v][0] if v in given else (v,))]
    return built(engine, b, function, rule.name, bound, [given[v][1] if v in given else None for v in bound], flat)


def built(
    engine: Inference, b: TypedBuilder, function: Any, owner: str, bound: list[Value], passed: list[Passed | None], flat: list[Value]
) -> Value:  # fmt: skip
    """The body of a rule's function, for a value for each of its parameters; `flat` has what nested functions capture."""
    names = list(inspect.signature(function, follow_wrapped=False).parameters)
    active, engine.memory.active = engine.memory.active, False
    try:
        body = _run(engine, function, names, passed, [v.kind for v in bound])
    except errors.RuleMismatch:
        raise
    except errors.CompileError as error:
        raise type(error)(
            error.what, error.loc,
            (f"{error.why}; " if error.why else "") + f"it is in `{name_of(function)}`, a rule of `{owner}`",
            (f"{error.instead}, or " if error.instead else "")
            + f"give `{owner}` compile=False: then its rule is called as it is",
        ) from error  # fmt: skip
    finally:
        engine.memory.active = active
    in_reverse = b.loc is not None and b.loc.sweep == "reverse"
    edit = (lambda op: replace(op, loc=op.loc and op.loc.reversed())) if in_reverse else None
    region = clone(body.region, dict(zip(body.params, flat)), edit)
    b.ops.extend(region.ops)
    b.learn(region)
    return region.results[0]


CALLED = {
    "fwd": "fwd(*arguments), and returns (value, residuals)",
    "bwd": "bwd(*nondiff_arguments, residuals, cotangent), and returns a tuple of cotangents",
    "jvp": "jvp(*nondiff_arguments, primals, tangents), and returns (value, tangent)",
    "jvps": "f(tangent, value, *arguments), and returns the tangent of the value",
}


def wrong_rule(rule: CustomRule, function: Any, why: str, instead: str, loc: Any) -> errors.RuleMismatch:
    return errors.RuleMismatch(f"the rule `{name_of(function)}` of `{rule.name}` does not fit", loc, why, instead)


def name_of(function: Any) -> str:
    return getattr(function, "__name__", None) or type(function).__name__


# At the end


def open_calls(function: Function) -> Function:
    """Put what they stand for in the place of the calls that are left of functions with a rule of their own.

    Those that are called as they are stay calls of these.
    """
    if not any(isinstance(op.fn, CustomCall) for op in all_ops(function.region)):
        return function
    return replace(function, region=_opened(function.region, {}))


def _opened(region: Region, mapping: dict[Value, Value]) -> Region:
    ops: list[Op] = []
    for op in region.ops:
        operands = tuple([mapping.get(v, v) for v in op.operands])
        op = op.reading(operands, tuple([_opened(r, mapping) for r in op.regions]))
        if not isinstance(op.fn, CustomCall):
            ops.append(op)
        elif op.fn.body is None:
            ops.append(replace(op, attrs={**op.attrs, "fn": op.fn.function}))
        else:
            body = op.fn.body
            opened = _opened(clone(body.region, dict(zip(body.params, op.operands))), mapping)
            defined = {v for made in opened.ops for v in made.results}
            (result,) = opened.results
            if result in defined and not result.name and op.result.name:
                named = Value(op.result.name, result.kind)
                opened = redefine(opened, {result: named})
                result = named
            ops.extend(opened.ops)
            mapping[op.result] = result
    return Region(region.params, tuple(ops), tuple(mapping.get(v, v) for v in region.results))
