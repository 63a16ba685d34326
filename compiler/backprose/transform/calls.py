"""Calls during inference: binding arguments, and what each kind of callee means."""

from __future__ import annotations

import dataclasses
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
from backprose.ir.kinds import (
    Array, Closure, Dict, FixedList, List, Maybe, Number, Object, Record, Static, Tuple, Unknown,
)  # fmt: skip
from backprose.ir.nodes import Function, Op, Value
from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import is_complex, is_none, is_number
from backprose.rules.registry import Rule, has_effect, has_no_derivative, is_compile_time, is_known, is_real_only, rule_for
from backprose.transform import attributes, builtin_calls, containers, stores, updates
from backprose.transform.typed import TypedBuilder, is_hashable

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Keywords = Mapping[str, Value]

UPDATES = {
    getattr(operator, f"i{name}"): getattr(operator, op)
    for name, op in {
        "add": "add", "sub": "sub", "mul": "mul", "truediv": "truediv", "floordiv": "floordiv", "mod": "mod",
        "pow": "pow", "matmul": "matmul", "and": "and_", "or": "or_", "xor": "xor", "lshift": "lshift",
        "rshift": "rshift",
    }.items()
}  # fmt: skip
SYMBOLS = {"iadd": "+=", "isub": "-=", "imul": "*=", "itruediv": "/=", "ifloordiv": "//=", "imod": "%=", "ipow": "**=",
           "imatmul": "@=", "iand": "&=", "ior": "|=", "ixor": "^=", "ilshift": "<<=", "irshift": ">>="}  # fmt: skip

CONTEXTS = (np.errstate,)


def apply(engine: Inference, b: TypedBuilder, callee: Value, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Value:
    """The call of whatever `callee` is known to be."""
    args = tuple(engine.memory.current(b, v, loc) for v in args)
    if callee in engine.captures:
        return _call_closure(engine, b, callee, args, keywords, loc)
    if callee in engine.gradients:
        closure, request = engine.gradients[callee]
        return engine.call_gradient(b, closure, request, args, keywords, loc)
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
    if engine.memory.active and updates.is_at(fn):
        return updates.at(engine, b, fn.__self__, args, keywords, loc)
    if engine.memory.active and is_hashable(fn) and fn in updates.WRITING:
        return updates.WRITING[fn](engine, b, args, keywords, loc)
    handler = builtin_calls.HANDLERS.get(fn) if is_hashable(fn) else None
    if handler is not None:
        if fn not in builtin_calls.ITERATING:
            refuse_iterators(engine, fn, args, loc)
        return handler(engine, b, args, keywords, loc)
    if is_known(fn) or is_compile_time(fn):
        return known(engine, b, fn, args, keywords, loc)
    if isinstance(fn, functools.partial):
        bound = tuple(b.data(v) for v in fn.args)
        named = {**{k: b.data(v) for k, v in fn.keywords.items()}, **keywords}
        return call_object(engine, b, fn.func, (*bound, *args), named, loc)
    if fn is functools.partial:
        return _partial(engine, b, args, keywords)
    if isinstance(fn, types.MethodType):
        return call_object(engine, b, fn.__func__, (b.data(fn.__self__), *args), keywords, loc)
    if isinstance(fn, type):
        return _construct(engine, b, fn, args, keywords, loc)
    if hasattr(fn, "__backprose_call__"):
        return fn.__backprose_call__(engine, b, args, keywords, loc)
    function = inspect.unwrap(fn) if callable(fn) and not isinstance(fn, types.FunctionType) else fn
    if isinstance(function, types.FunctionType) and not is_library(function):
        return engine.call_function(b, function, args, keywords, loc)
    call = getattr(type(fn), "__call__", None)
    if isinstance(call, types.FunctionType):
        return engine.call_function(b, call, (b.data(fn), *args), keywords, loc)
    raise without_rule(fn, loc)


def is_library(function: types.FunctionType) -> bool:
    """Whether the function belongs to a library whose functions have rules or none: its inside is not for reading."""
    if function is type(np.s_).__getitem__:  # gives back what it is given
        return False
    module = getattr(function, "__module__", None) or ""
    return module.partition(".")[0] in ("numpy", "scipy")


def without_rule(fn: Any, loc: Any) -> errors.UnsupportedCall:
    return errors.UnsupportedCall(
        f"`{_name(fn)}` has no derivative rule", loc,
        "it is in no table of known functions, and it is no plain Python function that could be read instead",
        "write it with functions that have rules (docs/rules.md), or compute it outside the differentiated function",
    )  # fmt: skip


def _partial(engine: Inference, b: TypedBuilder, args: tuple[Value, ...], keywords: Keywords) -> Value:
    """`functools.partial(f, ...)`: nothing runs; the engine knows what is called with what."""
    value = Value("", Object(functools.partial))
    engine.partials[value] = (args[0], args[1:], keywords)
    return value


def built_in(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Value:
    """A call that the syntax stands for: an operator, a display, a piece of an f-string."""
    if fn is iter:
        return builtin_calls.generator(engine, *args)
    handler = builtin_calls.HANDLERS.get(fn)
    return handler(engine, b, args, keywords, loc) if handler else known(engine, b, fn, args, keywords, loc)


def known(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Value:
    """A call of a function that the tables know."""
    refuse_writes(fn, loc)
    if engine.memory.active and fn not in UPDATES and (keywords or fn not in ARITHMETIC):
        stored = updates.with_out(engine, b, fn, args, keywords, loc)
        if stored is not None:
            return stored
    args = _elements(engine, b, fn, args, loc)
    if fn in UPDATES:
        return _update(engine, b, fn, args, loc)
    _check_operands(fn, args, loc)
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
        check_key(args[0], args[1], loc)
    overload = _overload(engine, b, fn, args, loc)
    if overload is not None:
        return overload
    if is_compile_time(fn) and not all(map(b.is_static, (*args, *keywords.values()))):
        return engine.call_function(b, fn, args, keywords, loc)
    rule = rule_for(fn)
    if rule is not None:
        _refuse_objects(fn, args, loc)
        keywords = _check_parameters(fn, rule, args, keywords, loc)
        args, keywords = _arrays(b, fn, rule, args, keywords)
    if fn is not operator.getitem and any(_is_unresolved(v.kind) for v in args) and not has_no_derivative(fn):
        raise errors.UnresolvedKind(
            f"can't tell what `{_name(fn)}` is applied to", loc, "an operand may be of several kinds",
            "keep one kind of value in a variable",
        )  # fmt: skip
    try:
        return b.call_named(fn, args, keywords)
    except ValueError as reason:  # a helper of a rule refuses
        raise errors.UnsupportedCall(
            "this call is not supported", loc, str(reason), "use other arguments, or compute it outside"
        ) from reason


CONSUMERS = frozenset({max, min, any, all, math.fsum, math.prod, backprose_runtime.unpack, backprose_runtime.flatten,
                       operator.contains})  # fmt: skip


def refuse_writes(fn: Any, loc: Any) -> None:
    """Refuse functions that change an argument."""
    if getattr(fn, "__name__", "") == "shuffle" and has_effect(fn):
        raise errors.UnsupportedUpdate(
            f"`{_name(fn)}` changes its argument in place", loc, "updates in place are not supported yet",
            "index with a permutation: `x[rng.permutation(len(x))]`",
        )  # fmt: skip


def _elements(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], loc: Any) -> tuple[Value, ...]:
    """Iterators that are passed to functions which go over them, as lists."""
    if fn not in CONSUMERS:
        refuse_iterators(engine, fn, args, loc)
    return tuple(engine.elements(b, v, loc) for v in args)


def refuse_iterators(engine: Inference, fn: Any, args: tuple[Value, ...], loc: Any) -> None:
    if any(v in engine.single or v in engine.iterators for v in args):
        raise errors.UnsupportedCall(
            f"`{_name(fn)}` of an iterator is not supported", loc, "it gives its elements once, one after the other",
            "make it a list: `list(...)`",
        )  # fmt: skip


def _check_parameters(fn: Any, rule: Rule, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Keywords:
    """Refuse what the rule does not cover; an `out` that is None is dropped."""
    keywords = {k: v for k, v in keywords.items() if not (k == "out" and is_none(v.kind))}
    for name in keywords:
        if name not in rule.params + rule.options or name == "out":
            raise errors.UnsupportedCall(
                f"the parameter `{name}` of `{_name(fn)}` is not supported", loc,
                "updates in place are not supported yet" if name == "out" else "its derivative rule does not have it",
                f"leave it out; supported: {', '.join(p for p in rule.params + rule.options if p != 'out')}",
            )  # fmt: skip
    if isinstance(fn, np.ufunc) and len(args) > fn.nin:
        raise errors.UnsupportedUpdate(
            f"`{_name(fn)}` writes into its argument {fn.nin + 1}", loc, "updates in place are not supported yet",
            "leave it out, and use the result",
        )  # fmt: skip
    if "out" in rule.params and not is_none(dict(zip(rule.params, args)).get("out", NO_OUT).kind):
        raise errors.UnsupportedCall(
            f"the parameter `out` of `{_name(fn)}` is not supported", loc, "updates in place are not supported yet",
            "leave it out",
        )  # fmt: skip
    if is_real_only(fn) and any(is_complex(v.kind) for v in (*args, *keywords.values())):
        raise errors.UnsupportedCall(
            f"`{_name(fn)}` of complex numbers is not supported", loc, "its derivative rule holds for real numbers only",
            "take real and imaginary parts, or the squared modulus",
        )  # fmt: skip
    return keywords


NO_OUT = Value("", Static(None))


# Functions of several arrays that are given as one sequence.
OF_SEQUENCES = frozenset({np.concatenate, np.stack, np.vstack, np.hstack, np.dstack, np.column_stack, np.block})
MAKE_ARRAYS = frozenset({np.array, np.asarray, np.asanyarray, np.ascontiguousarray})
SPLITS = frozenset({np.split, np.vsplit, np.hsplit, np.dsplit})  # these take no lists
OPERATORS = frozenset({operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul})


def _arrays(
    b: TypedBuilder, fn: Any, rule: Rule, args: tuple[Value, ...], keywords: Keywords
) -> tuple[tuple[Value, ...], Keywords]:
    """The arguments with sequences of numbers made the arrays that NumPy takes them for: rules read arrays only."""
    if fn in OPERATORS:
        if any(isinstance(v.kind, Array) for v in args):
            args = tuple(_array(b, v) for v in args)
        return args, keywords
    if fn in (*MAKE_ARRAYS, *SPLITS) or not (isinstance(fn, np.ufunc) or (getattr(fn, "__module__", None) or "").startswith("numpy")):
        return args, keywords
    params = (*rule.params, *rule.params[-1:] * len(args))  # the last one may take all the rest
    named = {**dict(enumerate(args)), **keywords}
    for key, value in named.items():
        if (key if isinstance(key, str) else params[key]) not in rule.wrt:
            continue
        if fn not in OF_SEQUENCES:
            named[key] = _array(b, value)
        elif (items := _items(b, value)) is not None and any(map(_may_be_active, items)):
            named[key] = b.tuple([_array(b, v) for v in items])
    return tuple(named[i] for i in range(len(args))), {k: named[k] for k in keywords}


SEQUENCES = (List, FixedList, Tuple)


def _items(b: TypedBuilder, value: Value) -> tuple[Value, ...] | None:
    return b.items_of(value) if isinstance(value.kind, SEQUENCES) else None


def _may_be_active(value: Value) -> bool:
    """Whether the value is a sequence of numbers that are not all constants."""
    kind = value.kind
    return isinstance(kind, SEQUENCES) and (isinstance(kind, List) or not all(isinstance(k, Static) for k in kind.items))


def _array(b: TypedBuilder, value: Value) -> Value:
    sequence = isinstance(value.kind, SEQUENCES) or builtin_calls.is_namedtuple(value.kind)
    return b.call(np.array, value) if sequence and carries_derivative(value.kind) else value


def _is_unresolved(kind: Any) -> bool:
    return isinstance(kind, Unknown)


def _update(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], loc: Any) -> Value:
    """`x += y` on a name: a rebinding for immutable values, an update in place for arrays and lists."""
    kind = args[0].kind.item if isinstance(args[0].kind, Maybe) else args[0].kind
    symbol = SYMBOLS[fn.__name__.strip("_")]
    method = _special(kind, f"__{fn.__name__.strip('_')}__")
    if method is not None:
        return engine.call_function(b, method, args, {}, loc)
    if isinstance(kind, Array):
        value = _as_written(b, fn, known(engine, b, UPDATES[fn], args, {}, loc))
        return stores.update(engine.memory, b, args[0], value, loc)
    if isinstance(kind, (List, FixedList)) and fn is operator.iadd:
        return containers.extend(engine, b, args[0], args[1], loc)
    if isinstance(kind, Dict) and fn is operator.ior:
        containers.DICT["update"](engine, b, args[0], args[1:], {}, loc)
        return engine.memory.current(b, args[0], loc)
    if isinstance(kind, (List, FixedList, Dict)):
        what = "container"
        raise errors.UnsupportedUpdate(
            f"`{symbol}` updates this {what} in place", loc,
            "updates in place are not supported yet", f"write `x = x {symbol[:-1]} y`, which makes a new {what}",
        )  # fmt: skip
    if isinstance(kind, (Number, Unknown)):
        raise errors.UnresolvedKind(
            f"can't tell whether `{symbol}` rebinds a number or updates an array in place", loc,
            "the rank of its left side is not known",
            f"write `x = x {symbol[:-1]} y`, annotate the parameters, or call with arguments",
        )  # fmt: skip
    return _as_written(b, fn, known(engine, b, UPDATES[fn], args, {}, loc))


def _as_written(b: TypedBuilder, fn: Any, value: Value) -> Value:
    """Note that the user wrote `x += y`, so that it is printed in this way."""
    if b.ops and b.ops[-1].fn is UPDATES[fn] and b.ops[-1].results == (value,):
        attrs = {**b.ops[-1].attrs, "method": f"__{fn.__name__}__"}
        b.ops[-1] = dataclasses.replace(b.ops[-1], attrs=attrs)
    return value


def updated(
    engine: Inference, b: TypedBuilder, fn: Any, before: Value, value: Value, loc: Any
) -> Value:
    """What `before op= value` gives for an element: arrays are updated through the store that follows."""
    return known(engine, b, UPDATES[fn], (before, value), {}, loc)


def _overload(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], loc: Any) -> Value | None:
    """An operator that a user's class defines."""
    if fn in (abs, round):
        method = _special(args[0].kind, f"__{fn.__name__}__")
        return engine.call_function(b, method, args, {}, loc) if method is not None else None
    if getattr(fn, "__module__", "") not in ("_operator", "operator"):
        return None
    name = f"__{fn.__name__.strip('_')}__"
    for i, value in enumerate(args[:2]):
        method = _special(value.kind, name if i == 0 else name.replace("__", "__r", 1))
        if method is not None:
            others = args if i == 0 else args[::-1]
            return engine.call_function(b, method, others, {}, loc)
    return None


OF_ANY_OBJECT = frozenset({operator.getitem, reversed, list})


def _refuse_objects(fn: Any, args: tuple[Value, ...], loc: Any) -> None:
    """Refuse objects and dicts where a rule reads numbers: what a special method of theirs gives is not known to it."""
    if fn in OF_ANY_OBJECT or (getattr(fn, "__module__", None) or "").startswith(backprose_runtime.__name__):
        return
    items = [v.kind for v in args]
    if getattr(fn, "__module__", None) != "_operator":  # an operator joins and repeats lists of anything
        items = [k for kind in items for k in (kind.items if isinstance(kind, (Tuple, FixedList)) else (kind,))]
        items = [k.item if isinstance(k, List) else k for k in items]
    for kind in items:
        if isinstance(kind, Dict) or (isinstance(kind, Record) and not issubclass(kind.cls, tuple)):
            raise errors.UnsupportedCall(
                f"`{_name(fn)}` of {_described(kind)} is not supported", loc, "its derivative rule is for numbers and arrays",
                "take the numbers out of it first",
            )  # fmt: skip
    compared = items if len(args) == 1 else [v.kind for v in args]
    compared = [k for k in compared if not isinstance(k, Unknown) and not is_number(k)]
    if fn in (max, min) and any(map(carries_derivative, compared)):
        raise errors.UnsupportedCall(
            f"`{_name(fn)}` of sequences is not supported", loc, "they are compared element by element",
            "choose by a condition on their elements",
        )  # fmt: skip


ARITHMETIC = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.pow: "**",
              operator.matmul: "@", operator.floordiv: "//", operator.mod: "%", operator.neg: "-"}  # fmt: skip


def _check_operands(fn: Any, args: tuple[Value, ...], loc: Any) -> None:
    """Refuse arithmetic on what is certainly no number: it would raise when it runs."""
    if fn not in ARITHMETIC or (fn is operator.mod and isinstance(args[0].kind, Static)):
        return
    for value in args:
        kind = value.kind
        nothing = isinstance(kind, Static) and (kind.value is None or isinstance(kind.value, FUNCTIONS))
        if nothing or isinstance(kind, (Dict, Closure, attributes.Method)) or (
            isinstance(kind, Record) and not _has_operator(kind.cls)
        ):
            raise errors.CompileError(
                f"an operand of `{ARITHMETIC[fn]}` is {_described(kind)}", loc, "arithmetic is done on numbers and arrays",
                "take the number out of it first",
            )  # fmt: skip


def check_key(target: Value, key: Value, loc: Any) -> None:
    """The key that is read of a dict must be known, because each has a kind of its own."""
    if not isinstance(key.kind, Static):
        raise errors.UnresolvedKind(
            "which key of the dict is read is not known when compiling", loc, f"the key is {key.kind}",
            "use a list or a tuple where the index is computed, or a constant key",
        )  # fmt: skip


def _has_operator(cls: type) -> bool:
    return issubclass(cls, tuple) or any(isinstance(v, types.FunctionType) and k.startswith("__") and k not in ROUTINE
                                         for k, v in vars(cls).items())  # fmt: skip


FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, type, np.ufunc)
ROUTINE = {"__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__post_init__", "__call__"}


def _described(kind: Any) -> str:
    if isinstance(kind, Record):
        return f"an object of the class `{kind.cls.__qualname__}`"
    if isinstance(kind, Dict):
        return "a dict"
    return "None" if is_none(kind) else "a function"


def _call_chosen(
    engine: Inference, b: TypedBuilder, callee: Value, args: tuple[Value, ...], keywords: Keywords, loc: Any
) -> Value:
    """`(f if cond else g)(x)` is `f(x) if cond else g(x)`."""
    cond, *functions = engine.choices[callee]
    build = [lambda inner, fn=fn: [apply(engine, inner, inner.data(fn), args, keywords, loc)] for fn in functions]
    return engine.branch(b, cond, build, [""])[0]


COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")


def _special(kind: Any, name: str) -> types.FunctionType | None:
    """A special method that a user's class defines in Python."""
    cls = kind.cls if isinstance(kind, Record) else type(kind.value) if isinstance(kind, Static) else None
    method = getattr(cls, name, None) if cls else None
    if isinstance(method, types.FunctionType) and name in COMPARISONS and method.__code__.co_filename == "<string>":
        return None  # written by `dataclass`: runs as it is
    is_own = isinstance(method, types.FunctionType) and method.__module__ not in ("collections", "numpy", "builtins", "enum")
    return method if is_own else None


def _call_closure(
    engine: Inference, b: TypedBuilder, callee: Value, args: tuple[Value, ...], keywords: Keywords, loc: Any
) -> Value:
    captured, _ = engine.captures[callee]
    captured = tuple(engine.memory.current(b, v, loc) for v in captured)
    template: Function = callee.kind.template
    defaults = {name: captured[i] for name, i in template.attrs.get("defaults", {}).items()}
    values = bind(b, template.name, template.signature, args, keywords, loc, defaults)
    return engine.inline_closure(b, callee, [*captured, *values])


def bind(
    b: TypedBuilder, callee: str, signature: inspect.Signature, args: tuple[Value, ...], keywords: Keywords, loc: Any,
    defaults: Mapping[str, Value] | None = None,
) -> list[Value]:  # fmt: skip
    """A value for each parameter, as Python binds a call; `defaults` are those of nested functions."""
    try:
        bound = signature.bind(*args, **keywords)
    except TypeError as error:
        raise errors.CompileError(
            f"the call of `{callee}` does not fit its parameters", loc, str(error), f"its parameters are {signature}"
        ) from error
    values = []
    for name, parameter in signature.parameters.items():
        if name in bound.arguments:
            given = bound.arguments[name]
            if parameter.kind is parameter.VAR_POSITIONAL:
                given = b.tuple(given)
            elif parameter.kind is parameter.VAR_KEYWORD:
                given = b.dict([(b.const(k), v) for k, v in given.items()])
        elif parameter.kind is parameter.VAR_POSITIONAL:
            given = b.tuple(())
        elif parameter.kind is parameter.VAR_KEYWORD:
            given = b.dict(())
        else:
            given = defaults[name] if defaults and name in defaults else b.data(parameter.default)
        values.append(given)
    return values


def spread(engine: Inference, b: TypedBuilder, op: Op, values: list[Value]) -> tuple[tuple[Value, ...], dict[str, Value]]:
    """The arguments of an `apply` with `*` and `**` taken apart."""
    names = op.attrs["keywords"]
    split = len(values) - len(names)
    marks = tuple(op.attrs["spread"]) or ("",) * len(values)
    args: list[Value] = []
    keywords: dict[str, Value] = {}
    for i, (value, mark) in enumerate(zip(values, marks)):
        if mark == "*":
            value = engine.elements(b, value, op.loc)
            known = isinstance(value.kind, (Tuple, FixedList, List)) or builtin_calls.is_namedtuple(value.kind)
            items = b.items_of(value) if known else None
            if items is None:
                raise errors.UnsupportedCall(
                    "the number of arguments that `*` passes is not known", op.loc, f"it spreads {value.kind}",
                    "pass a tuple, or the arguments one by one",
                )  # fmt: skip
            args.extend(items)
        elif mark == "**":
            if not isinstance(value.kind, Dict):
                raise errors.UnsupportedCall(
                    "the names of the arguments that `**` passes are not known", op.loc, f"it spreads {value.kind}",
                    "pass a dict with constant keys",
                )  # fmt: skip
            keywords.update(zip(value.kind.keys, b.items_of(value)))
        elif i >= split:
            keywords[names[i - split]] = value
        else:
            args.append(value)
    return tuple(args), keywords


def columns(engine: Inference, b: TypedBuilder, op: Op, values: list[Value], loc: Any) -> Value | None:
    """`zip(*pairs)` of a list of tuples: a tuple of lists, one for each place in the tuples."""
    if values[0].kind != Static(zip) or len(values) != 2 or tuple(op.attrs["spread"]) != ("*",):
        return None
    pairs = values[1]
    if not isinstance(pairs.kind, List) or not isinstance(pairs.kind.item, (Tuple, Record)) or pairs in b.parts:
        return None
    return b.tuple([builtin_calls.column(engine, b, pairs, i, loc) for i in range(len(pairs.kind.item.items))])


def _construct(engine: Inference, b: TypedBuilder, cls: type, args: tuple[Value, ...], keywords: Keywords, loc: Any) -> Value:
    """A new object: a dataclass, a namedtuple, an exception, or a context such as np.errstate."""
    if issubclass(cls, BaseException) or cls in CONTEXTS:
        operands = (*args, *keywords.values())
        results = [Value("", Object(cls))]
        return b.op("call", operands, results, fn=cls, keywords=tuple(keywords), method=None).result
    if issubclass(cls, tuple) and hasattr(cls, "_fields"):
        signature = inspect.signature(cls)
        return b.record(cls, cls._fields, _bind_fields(b, signature, cls, args, keywords, loc))
    if dataclasses.is_dataclass(cls):
        generated = cls.__init__.__qualname__.endswith("__create_fn__.<locals>.__init__") or (
            getattr(cls.__init__, "__code__", None) is not None and cls.__init__.__code__.co_filename == "<string>"
        )
        if generated and not hasattr(cls, "__post_init__") and all(f.init for f in dataclasses.fields(cls)):
            fields = tuple(f.name for f in dataclasses.fields(cls))
            signature = inspect.signature(cls)  # keyword-only fields come last in it
            given = dict(zip(signature.parameters, _bind_fields(b, signature, cls, args, keywords, loc)))
            if set(given) == set(fields):  # an InitVar is a parameter and no field
                return b.record(cls, fields, [given[name] for name in fields])
    raise errors.UnsupportedCall(
        f"an object of the class `{cls.__qualname__}` can't be made in a differentiated function", loc,
        "only tuples, lists, dicts, namedtuples and dataclasses without `__post_init__` are followed",
        "make it a dataclass or a namedtuple, or make it outside",
    )  # fmt: skip


def _bind_fields(b: TypedBuilder, signature: inspect.Signature, cls: type, args: Any, keywords: Any, loc: Any) -> list[Value]:
    try:
        bound = signature.bind(*args, **keywords)
    except TypeError as error:
        raise errors.CompileError(
            f"the call of `{cls.__qualname__}` does not fit its fields", loc, str(error), f"its fields are {signature}"
        ) from error
    factories = {f.name: f.default_factory for f in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else {}
    values = []
    for name, parameter in signature.parameters.items():
        if name in bound.arguments:
            values.append(bound.arguments[name])
        elif factories.get(name, dataclasses.MISSING) is not dataclasses.MISSING:
            values.append(_empty_container(b, factories[name], cls, loc))
        else:
            values.append(b.data(parameter.default))
    return values


def _empty_container(b: TypedBuilder, factory: Any, cls: type, loc: Any) -> Value:
    makers = {list: lambda: b.list(()), dict: lambda: b.dict(()), tuple: lambda: b.tuple(())}
    if factory in makers:
        return makers[factory]()
    raise errors.UnsupportedCall(
        f"a default of `{cls.__qualname__}` is made by a factory that can't be followed", loc,
        "only list, dict and tuple are", "pass the field explicitly",
    )  # fmt: skip


def _name(fn: Any) -> str:
    module = getattr(fn, "__module__", None)
    name = getattr(fn, "__qualname__", None) or getattr(fn, "__name__", None) or repr(fn)
    if isinstance(fn, np.ufunc):
        module = "numpy"
    if module in (None, "builtins", "__main__", "_operator"):
        return name
    return f"{module}.{name}"


