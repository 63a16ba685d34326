"""Arguments and parameters: a value for each parameter of what is called."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import Dict, FixedList, List, Tuple
from backprose.ir.nodes import Op, Value
from backprose.transform.type_questions import is_namedtuple
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Keywords = Mapping[str, Value]


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
            known = isinstance(value.kind, (Tuple, FixedList, List)) or is_namedtuple(value.kind)
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
