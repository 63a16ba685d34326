"""Calls with `out`, during inference: the result as a value, stored in the memory of the array that is given."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose.analysis.kinds import dtype_of, is_complex, is_inexact, is_none
from backprose.ir.kinds import Scalar, Static, Tuple
from backprose.ir.nodes import Value
from backprose.rules.registry import rule_for
from backprose.transform import stores
from backprose.transform.as_arrays import SEQUENCES
from backprose.transform.typed import TypedBuilder
from backprose.transform.writing import check_array, name, refuse_overlap, refused

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]
Keywords = Mapping[str, Value]

# Functions that compute as without `out`, and round when they store; and those whose operands `out` may overlap.
ROUNDED = frozenset({
    np.sum, np.prod, np.nansum, np.cumsum, np.cumprod, np.max, np.min, np.amax, np.amin, np.ptp, np.median,
    np.concatenate, np.stack, np.clip, np.round, np.around,
})  # fmt: skip
OVERLAPPING = frozenset({
    np.sum, np.prod, np.cumsum, np.cumprod, np.mean, np.var, np.std, np.max, np.min, np.amax, np.amin, np.ptp, np.clip,
    np.round, np.around, np.dot, np.any, np.all,
})  # fmt: skip


def with_out(engine: Inference, b: TypedBuilder, fn: Any, args: Args, keywords: Keywords, loc: Any) -> Value | None:
    """A call with an `out` that is an array: its result is stored there. None for calls without."""
    outs, plain, rest = _taken_apart(b, fn, args, keywords, loc)
    outs = [None if out is None or is_none(out.kind) else out for out in outs]
    masked = isinstance(fn, np.ufunc) and "where" in rest and rest["where"].kind != Static(True)
    if not any(outs):
        if masked:
            raise refused(
                f"{name(fn)} with `where` and without `out` is not supported", loc,
                "the entries at which the mask does not hold would be whatever is in new memory",
                "give it `out=`, or use np.where",
            )  # fmt: skip
        return None
    for out in filter(None, outs):
        check_array(out, fn, loc)
    if isinstance(fn, np.ufunc):
        mask = rest.pop("where", None)
        if mask is not None and isinstance(mask.kind, SEQUENCES):
            mask = b.call(np.array, mask)  # its shape may be asked for
        value = _where(engine, b, fn, plain, rest, mask, loc) if masked else engine.known(b, fn, plain, rest, loc)
    else:
        mask = None
        if fn not in OVERLAPPING:
            refuse_overlap(engine, b, fn, (*plain, *rest.values()), outs[0], loc)
        value = engine.known(b, fn, plain, rest, loc)
        _refuse_precision(fn, value, outs[0], loc)
    values = b.items_of(value) if len(outs) > 1 else (value,)
    stored = [v if out is None else _stored(engine, b, fn, out, v, mask if masked else None, loc) for v, out in zip(values, outs)]
    return b.tuple(stored) if len(outs) > 1 else stored[0]


def _taken_apart(
    b: TypedBuilder, fn: Any, args: Args, keywords: Keywords, loc: Any
) -> tuple[list[Value | None], Args, dict[str, Value]]:
    """What the results are stored in, and the other arguments."""
    rest = dict(keywords)
    given = rest.pop("out", None)
    if isinstance(fn, np.ufunc):
        outs = list(args[fn.nin : fn.nin + fn.nout])
        if given is not None:
            outs = list(b.items_of(given)) if isinstance(given.kind, Tuple) else [given]
        return outs + [None] * (fn.nout - len(outs)), args[: fn.nin], rest
    place = _place_of_out(fn)
    if place is None or len(args) <= place:
        return [given], args, rest
    behind = args[place + 1 :]
    return [args[place]], (*args[:place], b.const(None), *behind) if behind else args[:place], rest


def _place_of_out(fn: Any) -> int | None:
    """The position at which `out` may be passed; None if it can be named only, or there is none."""
    rule = rule_for(fn)
    if rule is not None and "out" in rule.params:
        return rule.params.index("out")
    return _place_in_signature(fn)


@lru_cache(maxsize=256)
def _place_in_signature(fn: Any) -> int | None:
    try:
        parameters = list(inspect.signature(fn).parameters.values())
    except (TypeError, ValueError):
        return None
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return positional.index("out") if "out" in positional and not variadic else None


def _refuse_precision(fn: Any, value: Value, out: Value, loc: Any) -> None:
    if dtype_of(value.kind) != dtype_of(out.kind) and fn not in ROUNDED:
        raise refused(
            f"{name(fn)} writes {value.kind} into {out.kind}", loc, "it may compute in the precision of `out`",
            "give `out` the dtype of the result, or store the result: `out[...] = ...`",
        )  # fmt: skip


def _stored(engine: Inference, b: TypedBuilder, fn: Any, out: Value, value: Value, mask: Value | None, loc: Any) -> Value:
    """`out[...] = value` where the mask holds; `out` as it is then."""
    if is_complex(value.kind) and not is_complex(out.kind):
        raise refused(f"{name(fn)} writes complex numbers into {out.kind}", loc, "NumPy refuses it", "take the real part")
    if mask is not None:
        value = engine.known(b, np.where, (mask, value, engine.memory.current(b, out, loc)), {}, loc)
    stores.store(engine.memory, b, out, b.const(Ellipsis), value, loc)
    return engine.memory.current(b, out, loc)


def _where(
    engine: Inference, b: TypedBuilder, fn: Any, args: Args, keywords: Keywords, mask: Value, loc: Any
) -> Value:
    """`fn(*args)` where the mask holds: what is not computed has harmless operands, at which derivatives are finite."""
    safe = 2.0 if fn is np.arccosh else 0.5
    dtype = dtype_of(b.kind_of_call(fn, args, keywords))
    operands = []
    for value in args:
        kind = value.kind
        if isinstance(kind, Static) or dtype_of(kind) in ("bool", "bool_"):
            operands.append(value)
            continue
        chosen = engine.known(b, np.where, (mask, value, b.const(safe if is_inexact(kind) else 1)), {}, loc)
        if isinstance(kind, Scalar) and kind.is_python and is_inexact(kind) and dtype not in (None, dtype_of(chosen.kind)):
            # A Python number takes on the precision of the arrays, which an array of it does not.
            chosen = engine.known(b, np.ndarray.astype, (chosen, b.data(np.dtype(dtype))), {}, loc)
        operands.append(chosen)
    return engine.known(b, fn, tuple(operands), keywords, loc)
