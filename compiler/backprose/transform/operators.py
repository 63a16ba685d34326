"""Operators during inference: updates, the overloads of user classes, and operands that arithmetic refuses."""

from __future__ import annotations

import dataclasses
import operator
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.ir.kinds import (
    Array, Closure, Dict, FixedList, List, Maybe, Number, Record, Sparse, Static, Unknown,
)  # fmt: skip
from backprose.ir.nodes import Value
from backprose.rules.registry import meaning_of
from backprose.transform import attributes, containers, lists, meanings, sparse, stores, type_questions
from backprose.transform.refusals import described
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

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


def update(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], loc: Any) -> Value:
    """`x += y` on a name: a rebinding for immutable values, an update in place for arrays and lists."""
    if args[0] in engine.memory.either:
        act = lambda inner, side: [update(engine, inner, fn, (side, *args[1:]), loc)]  # noqa: E731
        return engine.memory.each(b, args[0], act, [args[0].name])[0]
    kind = args[0].kind.item if isinstance(args[0].kind, Maybe) else args[0].kind
    symbol = SYMBOLS[fn.__name__.strip("_")]
    method = type_questions.special(kind, f"__{fn.__name__.strip('_')}__")
    if method is not None:
        return engine.call_function(b, method, args, {}, loc)
    if isinstance(kind, Array):
        value = _as_written(b, fn, engine.known(b, UPDATES[fn], args, {}, loc))
        return stores.update(engine.memory, b, args[0], value, loc)
    if isinstance(kind, (List, FixedList)) and fn is operator.iadd:
        return lists.extend(engine, b, args[0], args[1], loc)
    if isinstance(kind, Dict) and fn is operator.ior:
        containers.DICT["update"](engine, b, args[0], args[1:], {}, loc)
        return engine.memory.current(b, args[0], loc)
    if isinstance(kind, (List, FixedList, Dict, Sparse)):
        what = "sparse matrix" if isinstance(kind, Sparse) else "container"
        raise errors.UnsupportedUpdate(
            f"`{symbol}` updates this {what} in place", loc,
            "what the elements are then has no rule", f"write `x = x {symbol[:-1]} y`, which makes a new {what}",
        )  # fmt: skip
    if isinstance(kind, (Number, Unknown)):
        raise errors.UnresolvedKind(
            f"can't tell whether `{symbol}` rebinds a number or updates an array in place", loc,
            "the rank of its left side is not known",
            f"write `x = x {symbol[:-1]} y`, annotate the parameters, or call with arguments",
        )  # fmt: skip
    return _as_written(b, fn, engine.known(b, UPDATES[fn], args, {}, loc))


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
    return engine.known(b, UPDATES[fn], (before, value), {}, loc)


def overload(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], loc: Any) -> Value | None:
    """An operator that a user's class defines."""
    if fn in (abs, round):
        method = type_questions.special(args[0].kind, f"__{fn.__name__}__")
        return engine.call_function(b, method, args, {}, loc) if method is not None else None
    if getattr(fn, "__module__", "") not in ("_operator", "operator"):
        return None
    if any(isinstance(v.kind, Sparse) for v in args) and not isinstance(args[0].kind, Record):
        return sparse.operation(engine, b, fn, args, loc)
    name = f"__{fn.__name__.strip('_')}__"
    for i, value in enumerate(args[:2]):
        method = type_questions.special(value.kind, name if i == 0 else name.replace("__", "__r", 1))
        if method is not None:
            others = args if i == 0 else args[::-1]
            program = meaning_of(method)
            if program is not None:
                return meanings.run(engine, b, method, program, others, {}, loc)
            return engine.call_function(b, method, others, {}, loc)
    return None


ARITHMETIC = {operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/", operator.pow: "**",
              operator.matmul: "@", operator.floordiv: "//", operator.mod: "%", operator.neg: "-"}  # fmt: skip
FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, type, np.ufunc)
ROUTINE = {"__init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__", "__post_init__", "__call__"}


def check_operands(fn: Any, args: tuple[Value, ...], loc: Any) -> None:
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
                f"an operand of `{ARITHMETIC[fn]}` is {described(kind)}", loc, "arithmetic is done on numbers and arrays",
                "take the number out of it first",
            )  # fmt: skip


def _has_operator(cls: type) -> bool:
    return issubclass(cls, tuple) or any(isinstance(v, types.FunctionType) and k.startswith("__") and k not in ROUTINE
                                         for base in cls.__mro__ for k, v in vars(base).items())  # fmt: skip
