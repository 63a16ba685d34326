"""Calls that stand for a Python program, during inference: the program is inlined at the place of the call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.ir.kinds import Object
from backprose.ir.nodes import Value
from backprose.rules.applying import vectorized
from backprose.transform.typed import NotStatic, TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

OWN_SOURCE = str(Path(errors.__file__).parent)


@dataclass(frozen=True)
class Standing:
    """The call whose program is being walked, and whether the source position was pinned before it."""

    fn: Any
    pinned: bool


def run(
    engine: Inference, b: TypedBuilder, fn: Any, program: Callable, args: tuple[Value, ...], keywords: Mapping[str, Value],
    loc: Any,
) -> Value:  # fmt: skip
    """The program for a call of `fn`. Its own text, also what it refuses, stands at the place of the call; that of the
    user's functions, which it is given, stands where the user wrote it (`Inference.inline_body`)."""
    outer, engine.standing = engine.standing, Standing(fn, b.pinned)
    b.pinned = True
    try:
        return engine.call_function(b, program, args, keywords, loc)
    except errors.CompileError as error:
        if error.loc is None or not error.loc.file.startswith(OWN_SOURCE):
            raise
        raise type(error)(error.what, loc, error.why, error.instead) from error
    finally:
        b.pinned, engine.standing = engine.standing.pinned, outer


# `np.vectorize`


def vectorize(
    engine: Inference, b: TypedBuilder, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any
) -> Value:
    """`np.vectorize(f, ...)`: nothing runs; the engine knows what is called. Without `f` it is a decorator."""
    named = {**dict(zip(("pyfunc", "otypes", "doc", "excluded", "cache", "signature"), args)), **keywords}
    value = Value("", Object(np.vectorize))
    if "pyfunc" not in named:
        engine.partials[value] = (b.data(np.vectorize), (), keywords)
        return value
    try:
        options = np.vectorize(len, **{k: b.static_value(v) for k, v in named.items() if k != "pyfunc"})
    except (NotStatic, TypeError, ValueError) as reason:
        raise errors.UnsupportedCall(
            "this call of `np.vectorize` is not supported", loc, str(reason) or "its options must be constants",
            "make it outside the differentiated function",
        ) from reason  # fmt: skip
    engine.partials[value] = (b.data(vectorized), (named["pyfunc"], *_options(b, options)), {})
    return value


def call_vectorized(
    engine: Inference, b: TypedBuilder, fn: np.vectorize, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any
) -> Value:  # fmt: skip
    """The call of an object that `np.vectorize` made outside."""
    if fn.pyfunc is np._NoValue:  # `@np.vectorize(otypes=...)`, used inside
        options = {"otypes": fn.otypes, "excluded": fn.excluded, "signature": fn.signature}
        return vectorize(engine, b, args, {k: b.data(v) for k, v in options.items()}, loc)
    return engine.call_object(b, vectorized, (b.data(fn.pyfunc), *_options(b, fn), *args), keywords, loc)


def _options(b: TypedBuilder, fn: np.vectorize) -> tuple[Value, ...]:
    """What the program asks of the object: the dtypes of results, the arguments that are passed as they are, the signature."""
    otypes = None if fn.otypes is None else tuple(fn.otypes)
    return b.data(otypes), b.data(tuple(sorted(fn.excluded, key=str))), b.data(fn.signature)
