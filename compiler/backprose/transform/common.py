"""Common subexpressions: what the forward sweep, or an enclosing region, has computed is not computed again."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, is_complex, is_inexact, is_number
from backprose.ir.kinds import Dim, Scalar, Static, Unbound
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.rules.registry import has_effect, is_context

# Fresh buffers are not shared: each is written to on its own. Lengths and ranges read best where they are used.
NOT_SHARED = frozenset(
    {np.zeros_like, np.zeros, np.ones, np.empty, np.full, np.empty_like, np.ones_like, np.full_like, np.copy,
     np.ndarray.copy, backprose_runtime.add_at, backprose_runtime.zeros_like, reversed, range, len}
)  # fmt: skip


def share_common(fn: Function) -> Function:
    """Replace a pure op by an equal earlier one whose region encloses it.

    What the user named is kept in the forward sweep.
    """
    return replace(fn, region=_share(fn.region, {}, {}))


def _share(region: Region, seen: dict[Any, Value], mapping: dict[Value, Value]) -> Region:
    """`seen` are the ops of the regions around, to which those of this one are added while it is gone over."""
    added: list[Any] = []
    backwards: dict[Value, Value] = {}  # what each `reversed(x)` goes over
    ops: list[Op] = []
    for op in region.ops:
        op = op.reading(tuple([mapping.get(v, v) for v in op.operands]), op.regions)
        if op.regions:
            if op.name == "for" and op.in_reverse and len(op.iterables) > 1:
                op = _go_over_once(op, backwards, mapping)
            op = op.reading(op.operands, tuple([_share(r, seen, mapping) for r in op.regions]))
            if op.attrs.get("collected", 0) > 1:
                op = _collect_once(op, mapping)
        elif op.fn is reversed:
            backwards[op.result] = op.operands[0]
        key = _key(op)
        if key is None:
            ops.append(op)
            continue
        earlier = seen.get(key)
        if earlier is not None and not (op.result.name and not op.is_derivative):
            mapping[op.result] = earlier
            continue
        if earlier is None:
            seen[key] = op.result
            added.append(key)
        ops.append(op)
    for key in added:
        del seen[key]
    return Region(region.params, tuple(ops), tuple([mapping.get(v, v) for v in region.results]))


def _collect_once(op: Op, mapping: dict[Value, Value]) -> Op:
    """A loop that collects one value into several lists keeps one of them."""
    first: dict[Value, Value] = {}
    kept = []
    for result, value in zip(op.collected_results, op.collects):
        if value in first:
            mapping[result] = first[value]
        else:
            first[value] = result
            kept.append((result, value))
    plain = len(op.body.results) - op.attrs["collected"]
    body = replace(op.body, results=(*op.body.results[:plain], *(value for _, value in kept)))
    return replace(
        op,
        results=(*op.carried_results, *(result for result, _ in kept)),
        regions=(*op.regions[:-1], body),
        attrs={**op.attrs, "collected": len(kept)},
    )


def _go_over_once(op: Op, backwards: dict[Value, Value], mapping: dict[Value, Value]) -> Op:
    """A loop of the reverse sweep that goes over one list several times goes over it once."""
    first: dict[Any, Value] = {}
    kept = []
    for iterable, item in zip(op.iterables, op.items):
        key = ("reversed", backwards[iterable]) if iterable in backwards else iterable
        if first.setdefault(key, item) is item:
            kept.append((iterable, item))
        else:
            mapping[item] = first[key]
    if len(kept) == len(op.iterables):
        return op
    body = replace(op.body, params=(*(item for _, item in kept), *op.carried))
    operands = (*(iterable for iterable, _ in kept), *op.inits)
    return replace(op, operands=operands, regions=(body,), attrs={**op.attrs, "iterables": len(kept)})


def _key(op: Op) -> Any:
    """What makes two ops give the same value; None for what is not pure or not worth sharing."""
    if op.name == "const":
        return ("const", op.result.kind) if isinstance(op.result.kind, Static) else ("const", id(op.attrs["value"]))
    if Unbound in [type(v.kind) for v in op.operands]:
        return None
    if op.name == "call" and not has_effect(op.fn) and op.fn not in NOT_SHARED and not is_context(op.fn) and not _is_index(op):
        operands = frozenset(op.operands) if _commutes(op) else op.operands
        return ("call", op.fn, op.attrs["keywords"], operands)
    return ("tuple", op.operands) if op.name == "tuple" else None


def _commutes(op: Op) -> bool:
    """Whether the op is a sum or product of real numbers, which has the same bits in either order."""
    if op.fn not in (operator.add, operator.mul) or not is_inexact(op.result.kind) or is_complex(op.result.kind):
        return False
    return dtype_of(op.result.kind) is not None and all(is_number(v.kind) for v in op.operands)


def _is_index(op: Op) -> bool:
    """Whether the op is `i + 1` or the like, which reads best where it is used."""
    if op.fn not in (operator.add, operator.sub) or not isinstance(op.result.kind, (Scalar, Dim)):
        return False
    is_int = isinstance(op.result.kind, Dim) or op.result.kind.dtype == "int"
    return is_int and any(isinstance(v.kind, Static) for v in op.operands)
