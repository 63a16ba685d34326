"""Positions that name no entry twice: `x[np.arange(n), labels]`, `x[np.tril_indices(n)]`.

What is added at such positions needs no `np.add.at`, and of what is stored there nothing is overwritten at once.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping

import numpy as np

from backprose.analysis.kinds import is_basic, is_mask, ndim_of
from backprose.ir.kinds import MANY, Array, Dim, Slice, Static
from backprose.ir.nodes import Op, Value

NEW_AXIS, DOTS, WHOLE = Static(None), Static(Ellipsis), Slice(Static(None), Static(None), Static(None))

# Functions that give a tuple of positions, one array for each axis, which together name each entry once.
COORDINATES = frozenset({np.tril_indices, np.triu_indices, np.tril_indices_from, np.triu_indices_from, np.diag_indices,
                         np.diag_indices_from, np.nonzero})  # fmt: skip


def names_once(index: Value, made: Mapping[Value, Op]) -> bool:
    """Whether the index certainly names no entry twice; `made` says how values come about.

    A negative position may be another name of one that is not, so that different numbers alone do not tell.
    """
    if is_basic(index.kind) or is_mask(index.kind):
        return True
    op = made.get(index)
    if op is None:
        return False
    if op.fn in COORDINATES:
        return True
    items = op.operands if op.name == "tuple" else (index,)
    arrays = [v for v in items if not is_basic(v.kind)]
    if any(not isinstance(v.kind, Array) or is_mask(v.kind) or v.kind.ndim != 1 for v in arrays):
        return False
    if any(_is_ascending(v, made) and (len(arrays) == 1 or v.kind.axes == (MANY,)) for v in arrays):
        return True  # one that is longer than 1 is not repeated for the others
    return _are_coordinates(arrays, made)


def new_axes(index: Value, ndim: int, made: Mapping[Value, Op]) -> tuple[int, ...] | None:
    """The axes that an index into as many axes adds, if it leaves all others as they are: (1,) for `x[:, None]`."""
    op = made.get(index)
    kinds = [v.kind for v in (op.operands if op is not None and op.name == "tuple" else (index,))]
    if not all(kind in (NEW_AXIS, DOTS, WHOLE) for kind in kinds):
        return None
    missing = ndim - kinds.count(WHOLE)
    if DOTS in kinds:
        at = kinds.index(DOTS)
        kinds[at : at + 1] = [WHOLE] * missing
    return tuple(i for i, kind in enumerate(kinds) if kind == NEW_AXIS)


def _is_ascending(value: Value, made: Mapping[Value, Op]) -> bool:
    """Whether the array is 0, 1, 2, ... or part of it in this order."""
    op = made.get(value)
    if op is None or op.name != "call" or op.keywords:
        return False
    if op.fn is np.arange:
        return len(op.operands) == 1 or (len(op.operands) == 2 and _is_natural(op.operands[0]))
    return op.fn is np.flatnonzero


def _is_natural(start: Value) -> bool:
    if isinstance(start.kind, Static):
        return type(start.kind.value) is int and start.kind.value >= 0
    return isinstance(start.kind, Dim)


def _are_coordinates(arrays: list[Value], made: Mapping[Value, Op]) -> bool:
    """Whether the arrays are all that one call of such a function gives."""
    taken = [made.get(v) for v in arrays]
    if any(op is None or op.fn is not operator.getitem for op in taken):
        return False
    whole = {op.operands[0] for op in taken}
    numbers = {op.operands[1].kind for op in taken}
    call = made.get(whole.pop()) if len(whole) == 1 else None
    return call is not None and call.fn in COORDINATES and numbers == {Static(i) for i in range(_rank(call))}


def _rank(op: Op) -> int | None:
    """How many arrays the call gives."""
    if op.fn is np.nonzero:
        return ndim_of(op.operands[0].kind) or 0
    return len(op.result.kind.items) if hasattr(op.result.kind, "items") else 0
