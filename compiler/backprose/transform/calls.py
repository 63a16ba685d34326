"""Calls during inference: what each kind of callee means."""

from __future__ import annotations

import functools
import inspect
import math
import operator
import types
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

import backprose_runtime

from backprose import errors
from backprose.ir.kinds import Closure, Dict, Maybe, Object, Record, Static, Unknown
from backprose.ir.nodes import Function, Value
from backprose.analysis.kinds import is_number
from backprose.rules.registry import has_no_derivative, is_compile_time, is_known, meaning_of, places_of, rule_for
from backprose.transform import (
    attributes, builtin_calls, checkpoints, identity, iteration, meanings, objects, operators, refusals, updates, writing,
)  # fmt: skip
from backprose.transform.as_arrays import with_arrays
from backprose.transform.binding import bind
from backprose.transform.refusals import name_of
from backprose.transform.places import CONTAINERS
from backprose.transform.typed import NUMBERS, TypedBuilder, is_hashable

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Keywords = Mapping[str, Value]


def apply(engine: Inference, b: TypedBuilder, callee: Value, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Value:
    """The call of whatever `callee` is known to be."""
    args = tuple(engine.memory.current(b, v, loc) for v in args)
    if callee in engine.captures:
        return _call_closure(engine, b, callee, args, keywords, loc)
    if callee in engine.gradients:
        return engine.gradients[callee](b, args, keywords, loc)
    if callee in engine.methods:
        target = engine.memory.current(b, engine.methods[callee], loc)
        return attributes.call_method(engine, b, target, callee.kind.name, args, keywords, loc)
    if callee in engine.choices:
        return _call_chosen(engine, b, callee, args, keywords, loc)
    if callee in engine.partials:
        fn, first, named = engine.partials[callee]
        first = tuple(engine.memory.current(b, v, loc) for v in first)
        named = {k: engine.memory.current(b, v, loc) for k, v in named.items()}
        return apply(engine, b, fn, (*first, *args), {**named, **keywords}, loc)
    if callee in engine.checkpointed:
        function = engine.checkpointed[callee]
        return checkpoints.call(engine, b, function, args, keywords, loc, function.name or "function")
    if isinstance(callee.kind, Static):
        return call_object(engine, b, callee.kind.value, args, keywords, loc)
    if isinstance(callee.kind, Record) and isinstance(vars(callee.kind.cls).get("__call__"), types.FunctionType):
        return engine.call_function(b, callee.kind.cls.__call__, (callee, *args), keywords, loc)
    raise errors.UnsupportedCall(
        "can't tell which function is called here", loc,
        "it is chosen at run time" if isinstance(callee.kind, (Closure, Maybe, Unknown)) else f"the callee is {callee.kind}",
        "choose between results rather than between functions, or pass the function as an argument of its own",
    )  # fmt: skip


def call_object(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Value:
    """The call of a Python object that is known when compiling."""
    if engine.memory.active and writing.is_at(fn):
        return writing.at(engine, b, fn.__self__, args, keywords, loc)
    if engine.memory.active and is_hashable(fn) and writing.writes(fn):
        return writing.call(engine, b, fn, args, keywords, loc)
    if engine.memory.active and writing.shuffles(fn):
        return writing.shuffle(engine, b, lambda n: b.call(writing.SHUFFLES[fn], n), args, keywords, loc)
    handler = builtin_calls.HANDLERS.get(fn) if is_hashable(fn) else None
    if handler is not None:
        refusals.refuse_stand_ins(fn, (*args, *keywords.values()), loc)
        if fn not in builtin_calls.ITERATING:
            refusals.refuse_iterators(engine, fn, args, loc)
        answer = handler(engine, b, args, keywords, loc)
        if engine.recording is not None:
            engine.recording.note(fn, args, answer)
        return answer
    refusals.refuse_not_compiled(fn, loc)
    if is_known(fn) or is_compile_time(fn):
        return known(engine, b, fn, args, keywords, loc)
    if isinstance(fn, types.MethodDescriptorType) and issubclass(fn.__objclass__, (np.ndarray, np.generic)) and args:
        method = attributes.get(engine, b, args[0], fn.__name__, loc)  # np.ndarray.sum(x) is x.sum()
        return apply(engine, b, method, args[1:], keywords, loc)
    if isinstance(fn, functools.partial):
        bound = tuple(b.data(v) for v in fn.args)
        named = {**{k: b.data(v) for k, v in fn.keywords.items()}, **keywords}
        return call_object(engine, b, fn.func, (*bound, *args), named, loc)
    if fn is functools.partial:
        return _partial(engine, b, args, keywords)
    if isinstance(fn, np.vectorize):
        return meanings.call_vectorized(engine, b, fn, args, keywords, loc)
    if isinstance(fn, types.MethodType):
        return call_object(engine, b, fn.__func__, (b.data(fn.__self__), *args), keywords, loc)
    if isinstance(fn, type):
        return objects.construct(engine, b, fn, args, keywords, loc)
    if hasattr(fn, "__backprose_call__"):
        return fn.__backprose_call__(engine, b, args, keywords, loc)
    function = inspect.unwrap(fn) if callable(fn) and not isinstance(fn, types.FunctionType) else fn
    if isinstance(function, types.FunctionType) and not is_library(function):
        return engine.call_function(b, function, args, keywords, loc)
    call = getattr(type(fn), "__call__", None)
    if isinstance(call, types.FunctionType):
        return engine.call_function(b, call, (b.data(fn), *args), keywords, loc)
    raise refusals.without_rule(fn, loc)


def is_library(function: types.FunctionType) -> bool:
    """Whether the function belongs to a library whose functions have rules or none: its inside is not for reading."""
    if function is type(np.s_).__getitem__:  # gives back what it is given
        return False
    module = getattr(function, "__module__", None) or ""
    return module.partition(".")[0] in ("numpy", "scipy")


def _partial(engine: Inference, b: TypedBuilder, args: tuple[Value, ...], keywords: Keywords) -> Value:
    """`functools.partial(f, ...)`: nothing runs; the engine knows what is called with what."""
    value = Value("", Object(functools.partial))
    engine.partials[value] = (args[0], args[1:], keywords)
    return value


def built_in(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Value:
    """A call that the syntax stands for: an operator, a display, a piece of an f-string."""
    if fn is iter:
        return iteration.generator(engine, *args)
    handler = builtin_calls.HANDLERS.get(fn)
    if handler is None:
        return known(engine, b, fn, args, keywords, loc)
    answer = handler(engine, b, args, keywords, loc)
    if engine.recording is not None:
        engine.recording.note(fn, args, answer)
    return answer


def known(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Value:
    """A call of a function that the tables know."""
    if keywords or (fn not in operators.ARITHMETIC and not isinstance(fn, np.ufunc)):
        return _known(engine, b, fn, args, keywords, loc)
    key = fn, tuple([v.kind for v in args])
    kind = engine.plain.get(key)
    if kind is not None:
        return b.op("call", args, [Value("", kind)], fn=fn, keywords=(), method=None).result
    before = len(b.ops)
    value = _known(engine, b, fn, args, keywords, loc)
    made = b.ops[before:]
    as_it_is = len(made) == 1 and made[0].fn is fn and made[0].operands == args and made[0].results == (value,)
    if as_it_is and meaning_of(fn) is None and NUMBERS.issuperset([type(v.kind) for v in (*args, value)]):
        engine.plain[key] = value.kind  # of numbers nothing but their kinds is asked
    return value


def _known(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Value:
    refusals.refuse_writes(fn, loc)
    if engine.memory.active and fn not in operators.UPDATES and (keywords or fn not in operators.ARITHMETIC):
        stored = updates.with_out(engine, b, fn, args, keywords, loc)
        if stored is not None:
            return stored
    program = meaning_of(fn)
    if program is not None and not engine.stands_for(fn):
        return meanings.run(engine, b, fn, program, args, keywords, loc)
    args = _elements(engine, b, fn, args, loc)
    if fn is operator.getitem:
        refusals.refuse_long_index(engine, args[1], loc)
    if fn in operators.UPDATES:
        return operators.update(engine, b, fn, args, loc)
    if fn is operator.getitem and args[0] in engine.memory.either and isinstance(args[0].kind, CONTAINERS) and args[0] not in b.parts:
        act = lambda inner, side: [known(engine, inner, fn, (side, *args[1:]), keywords, loc)]  # noqa: E731
        return engine.memory.each(b, args[0], act, [""])[0]
    operators.check_operands(fn, args, loc)
    if fn is operator.getitem and isinstance(args[0].kind, Unknown) and not is_number(args[1].kind):
        raise errors.UnresolvedKind(
            "can't tell what is subscripted here", loc, "it may be one of several containers that differ in structure",
            "give them the same keys or length in every branch",
        )  # fmt: skip
    if fn is backprose_runtime.unpack and isinstance(args[0].kind, Record) and not issubclass(args[0].kind.cls, tuple):
        raise errors.UnsupportedCall(
            f"an object of the class `{args[0].kind.cls.__qualname__}` is unpacked", loc, "only sequences are",
            "name the fields, or use dataclasses.astuple",
        )  # fmt: skip
    if fn is operator.getitem and isinstance(args[0].kind, Dict):
        refusals.check_key(args[0], args[1], loc)
    for answer in (operators.overload, identity.answer):
        found = answer(engine, b, fn, args, loc)
        if found is not None:
            return found
    if is_compile_time(fn) and not all(map(b.is_static, (*args, *keywords.values()))):
        return engine.call_function(b, fn, args, keywords, loc)
    refusals.refuse_stand_ins(fn, (*args, *keywords.values()), loc)
    rule = rule_for(fn)
    if rule is not None:
        refusals.refuse_objects(fn, args, loc)
        args, keywords = _placed(fn, args, keywords)
        refusals.refuse_overwriting(fn, rule, args, keywords, loc)
        keywords = refusals.check_parameters(fn, rule, args, keywords, loc)
        args, keywords = with_arrays(b, fn, rule, args, keywords)
    if fn is not operator.getitem and any(_is_unresolved(v.kind) for v in args) and not has_no_derivative(fn):
        raise errors.UnresolvedKind(
            f"can't tell what `{name_of(fn)}` is applied to", loc, "an operand may be of several kinds",
            "keep one kind of value in a variable",
        )  # fmt: skip
    try:
        value = b.call_named(fn, args, keywords)
        gives_several = isinstance(fn, np.ufunc) and fn.nout > 1
        return engine.memory.expand(b, value) if gives_several and engine.memory.active else value
    except ValueError as reason:  # a helper of a rule refuses
        raise errors.UnsupportedCall(
            "this call is not supported", loc, str(reason), "use other arguments, or compute it outside"
        ) from reason


def _placed(fn: Any, args: tuple[Value, ...], keywords: Keywords) -> tuple[tuple[Value, ...], Keywords]:
    """The arguments with those by name where they belong, whose rule knows them by place."""
    rest = dict(keywords)
    for name in places_of(fn)[len(args) - 1 :] if args else ():
        if name not in rest:
            break
        args = (*args, rest.pop(name))
    return args, rest


CONSUMERS = frozenset({max, min, any, all, math.fsum, math.prod, backprose_runtime.unpack, backprose_runtime.flatten,
                       operator.contains})  # fmt: skip


def _elements(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], loc: Any) -> tuple[Value, ...]:
    """Iterators that are passed to functions which go over them, as lists."""
    goes_over = fn in CONSUMERS and fn is not operator.contains
    if fn not in CONSUMERS:
        refusals.refuse_iterators(engine, fn, args, loc)
    return tuple(engine.elements(b, v, loc, goes_over) for v in args)


def _is_unresolved(kind: Any) -> bool:
    return isinstance(kind, Unknown)


def _call_chosen(
    engine: Inference, b: TypedBuilder, callee: Value, args: tuple[Value, ...], keywords: Keywords, loc: Any
) -> Value:
    """`(f if cond else g)(x)` is `f(x) if cond else g(x)`."""
    cond, *functions = engine.choices[callee]
    build = [lambda inner, fn=fn: [apply(engine, inner, inner.data(fn), args, keywords, loc)] for fn in functions]
    return engine.branch(b, cond, build, [""])[0]


def _call_closure(
    engine: Inference, b: TypedBuilder, callee: Value, args: tuple[Value, ...], keywords: Keywords, loc: Any
) -> Value:
    captured, _ = engine.captures[callee]
    captured = tuple(engine.memory.current(b, v, loc) for v in captured)
    template: Function = callee.kind.template
    defaults = {name: captured[i] for name, i in template.attrs.get("defaults", {}).items()}
    values = bind(b, template.name, template.signature, args, keywords, loc, defaults)
    return engine.inline_closure(b, callee, [*captured, *values])
