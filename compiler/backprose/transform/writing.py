"""Calls of functions that write to an argument, during inference: their programs are inlined with the user's place."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.analysis.kinds import dtype_of, is_basic, is_inexact, is_mask, is_number, ndim_of
from backprose.ir.kinds import Array, FixedList, List, Static, Tuple
from backprose.ir.nodes import Value
from backprose.rules import programs
from backprose.transform import meanings, stores
from backprose.transform.as_arrays import SEQUENCES
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]


def refused(what: str, loc: Any, why: str, instead: str) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(what, loc, why, instead)


def name(fn: Any) -> str:
    return f"`{getattr(fn, '__name__', fn)}`"


def writes(fn: Any) -> bool:
    """Whether a function of NumPy's writes to its first argument."""
    return fn in programs.PROGRAMS or fn is np.nan_to_num


def call(engine: Inference, b: TypedBuilder, fn: Any, args: Args, keywords: Keywords, loc: Any) -> Value:
    """The call of a function that writes to its first argument."""
    if fn is np.nan_to_num:
        return _nan_to_num(engine, b, args, keywords, loc)
    args, keywords = tuple(_as_array(b, v) for v in args), {k: _as_array(b, v) for k, v in keywords.items()}
    if args:
        check_array(args[0], fn, loc)
    if fn is np.copyto:
        _check_cast(args, keywords, loc)
    if fn in (np.place, np.fill_diagonal):
        refuse_overlap(engine, b, fn, (*args[1:], *keywords.values()), args[0], loc)
    if fn in (np.put, np.ndarray.put) and _is_plain_put(args, keywords):
        stores.store(engine.memory, b, args[0], args[1], args[2], loc)
        return b.const(None)
    return meanings.run(engine, b, fn, programs.PROGRAMS[fn], args, keywords, loc)


def check_array(target: Value, fn: Any, loc: Any) -> None:
    if not isinstance(target.kind, Array):
        raise refused(
            f"{name(fn)} writes into something that is not known to be an array", loc, f"it is {target.kind}",
            "annotate the parameter, or use the result",
        )  # fmt: skip


def refuse_overlap(engine: Inference, b: TypedBuilder, fn: Any, args: Iterable[Value], out: Value, loc: Any) -> None:
    """Refuse functions that may write to what they have still to read."""
    cells = engine.memory.cells_of(out)
    for value in args:
        for part in b.items_of(value) if isinstance(value.kind, (Tuple, FixedList)) else (value,):
            if isinstance(part.kind, (Array, List)) and cells & engine.memory.cells_of(part):
                raise refused(
                    f"{name(fn)} writes into `{out.name or 'an array'}`, which shares memory with `{part.name or 'an operand'}`",
                    loc, "it may be written to before all of it has been read", "copy the operand, or write to another array",
                )  # fmt: skip


def _as_array(b: TypedBuilder, value: Value) -> Value:
    """A list of numbers as an array, but for one that is an index as it stands."""
    if isinstance(value.kind, FixedList) and all(isinstance(k, Static) and type(k.value) is int for k in value.kind.items):
        return value
    return b.call(np.array, value) if isinstance(value.kind, SEQUENCES) else value


def _is_plain_put(args: Args, keywords: Keywords) -> bool:
    """Whether `np.put(a, ind, v)` is `a[ind] = v`."""
    if len(args) != 3 or keywords or ndim_of(args[0].kind) != 1:
        return False
    index, value = args[1].kind, args[2].kind
    is_position = isinstance(index, FixedList) or (ndim_of(index) == 0 and dtype_of(index) == "int")
    return is_position and ndim_of(value) == 0


def _check_cast(args: Args, keywords: Keywords, loc: Any) -> None:
    """Refuse what `np.copyto` would refuse to cast."""
    named = {**dict(zip(("dst", "src", "casting"), args)), **keywords}
    rule = named["casting"].kind.value if "casting" in named else "same_kind"
    source, target = dtype_of(named["src"].kind), dtype_of(named["dst"].kind)
    if source is None or source in ("bool", "int", "float", "complex"):
        return
    if not np.can_cast(np.dtype(source.rstrip("_")), np.dtype(target), rule):
        raise refused(
            f"`copyto` casts {source} to {target}", loc, f"NumPy refuses it with casting={rule!r}", "cast the values first"
        )


def _nan_to_num(engine: Inference, b: TypedBuilder, args: Args, keywords: Keywords, loc: Any) -> Value:
    """With `copy=False` the argument itself is changed, and is the result."""
    copy = args[1] if len(args) > 1 else keywords.get("copy", b.const(True))
    if not isinstance(copy.kind, Static):
        raise refused("whether `nan_to_num` writes to its argument is not known", loc, "", "pass True or False")
    value = engine.known(b, np.nan_to_num, (args[0], b.const(True), *args[2:]) if len(args) > 1 else args,
                         {k: v for k, v in keywords.items() if k != "copy"}, loc)  # fmt: skip
    if copy.kind.value or not isinstance(args[0].kind, Array) or not is_inexact(args[0].kind):
        return value
    stores.store(engine.memory, b, args[0], b.const(Ellipsis), value, loc)
    return engine.memory.current(b, args[0], loc)


# `ufunc.at`


def is_at(fn: Any) -> bool:
    return getattr(fn, "__name__", "") == "at" and isinstance(getattr(fn, "__self__", None), np.ufunc)


def at(engine: Inference, b: TypedBuilder, ufunc: np.ufunc, args: Args, keywords: Keywords, loc: Any) -> Value:
    """`np.add.at(target, index, value)` and its kin: entries that are named several times are updated in turn."""
    if keywords or len(args) != ufunc.nin + 1:
        raise refused(f"this call of `np.{ufunc.__name__}.at` is not supported", loc, "", "pass its arguments in order")
    args = tuple(_as_array(b, v) if i == 2 else v for i, v in enumerate(args))
    target, index, *value = args
    check_array(target, ufunc.at, loc)
    if ufunc in (np.add, np.subtract) and is_number(value[0].kind) and _is_exact(value[0], target):
        _refuse_truncation(value[0], target, loc)
        share = value[0] if ufunc is np.add else engine.known(b, np.negative, (value[0],), {}, loc)
        stores.accumulate(engine.memory, b, target, index, share, loc)
        return b.const(None)
    once = is_basic(index.kind) or is_mask(index.kind)
    if once:
        program = programs.update_each if value else programs.apply_each
    else:
        program = programs.update_in_turn if value else programs.apply_in_turn
    return meanings.run(engine, b, ufunc.at, program, (b.data(ufunc), *args), {}, loc)


def _refuse_truncation(value: Value, target: Value, loc: Any) -> None:
    if is_inexact(value.kind) and not is_inexact(target.kind):
        raise refused("a store into an array of integers truncates", loc, "its derivative is lost", "use floats")


def _is_exact(value: Value, target: Value) -> bool:
    """Whether adding all shares at once rounds as adding each does."""
    weak = dtype_of(value.kind) in ("bool", "int", "float")
    return weak or np.result_type(_dtype(value), _dtype(target)) == _dtype(target)


def _dtype(value: Value) -> np.dtype:
    found = dtype_of(value.kind)
    return np.dtype(found.rstrip("_") if found else "complex256")


# `shuffle`


def shuffles(fn: Any) -> bool:
    return getattr(fn, "__name__", "") == "shuffle" and fn in SHUFFLES


SHUFFLES = {
    np.random.shuffle: np.random.permutation,
    np.random.RandomState.shuffle: np.random.RandomState.permutation,
    np.random.Generator.shuffle: np.random.Generator.permutation,
}


def shuffle(
    engine: Inference, b: TypedBuilder, draw: Callable[[Value], Value], args: Args, keywords: Keywords, loc: Any
) -> Value:
    """`rng.shuffle(x)`: a permutation is drawn, once, by `draw(n)`, and x taken in its order."""
    target, axis = args[0], args[1] if len(args) > 1 else keywords.get("axis", b.const(0))
    check_array(target, np.random.shuffle, loc)
    shape = engine.known(b, np.shape, (target,), {}, loc)
    n = engine.known(b, operator.getitem, (shape, axis), {}, loc)
    value = engine.known(b, np.take, (target, draw(n)), {"axis": axis}, loc)
    stores.store(engine.memory, b, target, b.const(Ellipsis), value, loc)
    return b.const(None)


# Sorting of sequences


def sort(engine: Inference, b: TypedBuilder, items: Value, keywords: Keywords, loc: Any) -> Value:
    """`sorted(items, key=..., reverse=...)`, a new list."""
    return meanings.run(engine, b, sorted, programs.in_order, (items,), keywords, loc)
