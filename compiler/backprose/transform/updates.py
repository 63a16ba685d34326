"""Functions that write to an argument, during inference: the result as a value, stored in the argument's memory."""

from __future__ import annotations

import inspect
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.analysis.kinds import dtype_of, is_complex, is_inexact, is_none, is_number, ndim_of
from backprose.ir.kinds import Array, Static, Tuple
from backprose.ir.nodes import Value
from backprose.rules.registry import rule_for
from backprose.transform import stores
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]


def _refused(what: str, loc: Any, why: str, instead: str) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(what, loc, why, instead)


def _name(fn: Any) -> str:
    return f"`{getattr(fn, '__name__', fn)}`"


def store(engine: Inference, b: TypedBuilder, target: Value, value: Value, fn: Any, loc: Any) -> Value:
    """`target[...] = value`; the target as it is then."""
    if not isinstance(target.kind, Array):
        raise _refused(
            f"{_name(fn)} writes into something that is not known to be an array", loc, f"it is {target.kind}",
            "annotate the parameter, or use the result",
        )  # fmt: skip
    if is_complex(value.kind) and not is_complex(target.kind):
        raise _refused(f"{_name(fn)} writes complex numbers into {target.kind}", loc, "NumPy refuses it", "take the real part")
    stores.store(engine.memory, b, target, b.const(Ellipsis), value, loc)
    return engine.memory.current(b, target, loc)


def _nan_to_num(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    copy = args[1] if len(args) > 1 else keywords.get("copy")
    if copy is not None and copy.kind != Static(True):
        raise _refused("`nan_to_num` with `copy` is not supported", loc, "it may write to its argument", "use the result")
    return engine.known(b, np.nan_to_num, args, keywords, loc)


# `out`


def with_out(engine: Inference, b: TypedBuilder, fn: Any, args: Args, keywords: Keywords, loc: Any) -> Value | None:
    """A call with an `out` that is an array: its result is stored there. None for calls without."""
    place = _place_of_out(fn)
    out = args[place] if place is not None and len(args) > place else keywords.get("out")
    if out is None or is_none(out.kind):
        return None
    if isinstance(fn, np.ufunc) and fn.nout > 1:
        raise _refused(f"{_name(fn)} writes into several arrays", loc, "that is not followed", "use the results")
    if isinstance(out.kind, Tuple) and len(out.kind.items) == 1:
        (out,) = b.items_of(out)
    plain = args[:place] + args[place + 1 :] if place is not None and len(args) > place else args
    if place is not None and len(args) > place + 1:
        raise _refused(f"arguments behind `out` of {_name(fn)} are not supported", loc, "", "pass them by keyword")
    rest = {k: v for k, v in keywords.items() if k != "out"}
    if isinstance(fn, np.ufunc):
        where = rest.pop("where", None)
        if where is not None and where.kind != Static(True):
            return _where(engine, b, fn, plain, rest, where, out, loc)
    value = engine.known(b, fn, plain, rest, loc)
    if not isinstance(fn, np.ufunc) and dtype_of(value.kind) != dtype_of(out.kind):
        raise _refused(
            f"{_name(fn)} writes {value.kind} into {out.kind}", loc, "it may compute in the precision of `out`",
            "give `out` the dtype of the result, or store the result: `out[...] = ...`",
        )  # fmt: skip
    return store(engine, b, out, value, fn, loc)


def _place_of_out(fn: Any) -> int | None:
    """The position at which `out` may be passed; None if it can be named only, or there is none."""
    if isinstance(fn, np.ufunc):
        return fn.nin
    rule = rule_for(fn)
    if rule is not None and "out" in rule.params:
        return rule.params.index("out")
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return None
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return positional.index("out") if "out" in positional and not variadic else None


def _where(
    engine: Inference, b: TypedBuilder, fn: Any, args: Args, keywords: Keywords, where: Value, out: Value, loc: Any
) -> Value:
    """`fn(*args, out=out, where=mask)`: entries outside the mask are not computed, so they get harmless operands."""
    safe = 2.0 if fn is np.arccosh else 0.5
    operands = []
    for value in args:
        if isinstance(value.kind, Array) and is_inexact(value.kind):
            value = engine.known(b, np.where, (where, value, b.const(safe)), {}, loc)
        elif isinstance(value.kind, Array) and dtype_of(value.kind) != "bool":
            value = engine.known(b, np.where, (where, value, b.const(1)), {}, loc)
        elif not isinstance(value.kind, (Static, Array)):
            raise _refused(
                f"{_name(fn)} with `where` of a number is not supported", loc, "it is computed where nothing is written",
                "use np.where",
            )  # fmt: skip
        operands.append(value)
    value = engine.known(b, fn, tuple(operands), keywords, loc)
    return store(engine, b, out, _chosen(engine, b, where, value, out, loc), fn, loc)


def _chosen(engine: Inference, b: TypedBuilder, where: Value, value: Value, target: Value, loc: Any) -> Value:
    return engine.known(b, np.where, (where, value, engine.memory.current(b, target, loc)), {}, loc)


# Functions whose first argument is written to


def _bound(names: tuple[str, ...], fn: Any, args: Args, keywords: Keywords, loc: Any) -> dict[str, Value]:
    bound = {**dict(zip(names, args)), **keywords}
    if len(args) > len(names) or not set(bound) <= set(names):
        raise _refused(f"these arguments of {_name(fn)} are not supported", loc, "", f"supported: {', '.join(names)}")
    return bound


def _copyto(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    given = _bound(("dst", "src", "where"), np.copyto, args, keywords, loc)
    value, where = given["src"], given.get("where")
    if not is_number(value.kind):
        value = engine.known(b, np.array, (value,), {}, loc)
    if where is not None and where.kind != Static(True):
        value = _chosen(engine, b, where, value, given["dst"], loc)
    store(engine, b, given["dst"], value, np.copyto, loc)
    return b.const(None)


def _fill(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    given = _bound(("self", "value"), np.ndarray.fill, args, keywords, loc)
    if ndim_of(given["value"].kind) != 0:
        raise _refused("`fill` with something that may be no single number", loc, "", "use `x[...] = value`")
    store(engine, b, given["self"], given["value"], np.ndarray.fill, loc)
    return b.const(None)


def _sort(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    given = _bound(("self", "axis"), np.ndarray.sort, args, keywords, loc)
    axis = (given["axis"],) if "axis" in given else ()
    value = engine.known(b, np.sort, (given["self"], *axis), {}, loc)
    store(engine, b, given["self"], value, np.ndarray.sort, loc)
    return b.const(None)


def _one_axis(target: Value, fn: Any, loc: Any, ndim: int) -> None:
    if ndim_of(target.kind) != ndim or not isinstance(target.kind, Array):
        raise _refused(
            f"{_name(fn)} of {target.kind} is not supported", loc, f"only arrays of {ndim} axes are followed",
            "store by an index",
        )  # fmt: skip


def _put(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    given = _bound(("a", "ind", "v"), np.put, args, keywords, loc)
    _one_axis(given["a"], np.put, loc, 1)
    index, value = given["ind"], given["v"]
    if not is_number(index.kind):
        index = engine.known(b, np.array, (index,), {}, loc)
    if not is_number(value.kind):
        value = engine.known(b, np.array, (value,), {}, loc)
    if isinstance(index.kind, Array) and index.kind.dtype == "bool":
        raise _refused("`put` at a mask", loc, "it takes positions", "use `x[mask] = value`")
    if ndim_of(value.kind) not in (0, ndim_of(index.kind)):
        raise _refused("`put` of values of another shape than the positions", loc, "it repeats them", "repeat them first")
    stores.store(engine.memory, b, given["a"], index, value, loc)
    return b.const(None)


def _fill_diagonal(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    given = _bound(("a", "val"), np.fill_diagonal, args, keywords, loc)
    target, value = given["a"], given["val"]
    _one_axis(target, np.fill_diagonal, loc, 2)
    if ndim_of(value.kind) not in (0, 1):
        raise _refused("`fill_diagonal` with these values", loc, f"they are {value.kind}", "pass a number or a vector")
    shape = engine.known(b, np.shape, (target,), {}, loc)
    rows, columns = (engine.known(b, operator.getitem, (shape, b.const(i)), {}, loc) for i in (0, 1))
    position = engine.known(b, np.arange, (engine.known(b, min, (rows, columns), {}, loc),), {}, loc)
    stores.store(engine.memory, b, target, b.tuple((position, position)), value, loc)
    return b.const(None)


WRITING: dict[Any, Callable[..., Value]] = {
    np.copyto: _copyto, np.put: _put, np.fill_diagonal: _fill_diagonal,
    np.nan_to_num: _nan_to_num,
}  # fmt: skip
METHODS: dict[str, Callable[..., Value]] = {"fill": _fill, "sort": _sort, "put": _put}


# `ufunc.at`


def is_at(fn: Any) -> bool:
    return getattr(fn, "__name__", "") == "at" and isinstance(getattr(fn, "__self__", None), np.ufunc)


def at(engine: Inference, b: TypedBuilder, ufunc: np.ufunc, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`np.add.at(target, index, value)`, which adds every share where an entry is named several times."""
    if ufunc not in (np.add, np.subtract) or len(args) != 3 or keywords:
        raise _refused(
            f"`np.{ufunc.__name__}.at` is not supported", loc, "entries that are named several times are updated in turn",
            "use np.add.at or np.subtract.at, or a loop",
        )  # fmt: skip
    target, index, value = args
    if not isinstance(target.kind, Array) or not is_number(value.kind):
        raise _refused(f"`np.{ufunc.__name__}.at` of {target.kind} is not supported", loc, "", "pass an array")
    if is_inexact(value.kind) and not is_inexact(target.kind):
        raise _refused("a store into an array of integers truncates", loc, "its derivative is lost", "use floats")
    weak = dtype_of(value.kind) in ("bool", "int", "float")
    exact = weak or np.result_type(_dtype(value), _dtype(target)) == _dtype(target)
    if not exact:
        raise _refused(
            f"`np.{ufunc.__name__}.at` adds {value.kind} to {target.kind}", loc, "each share is rounded in turn",
            "convert the values first",
        )  # fmt: skip
    if ufunc is np.subtract:
        value = engine.known(b, operator.neg, (value,), {}, loc)
    stores.accumulate(engine.memory, b, target, index, value, loc)
    return b.const(None)


def _dtype(value: Value) -> np.dtype:
    name = dtype_of(value.kind)
    return np.dtype(name.rstrip("_") if name else "complex256")

