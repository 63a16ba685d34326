"""Sequences of numbers as the arrays that NumPy takes them for."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from backprose.analysis.activity import carries_derivative
from backprose.analysis.devices import creates_on_device
from backprose.ir.kinds import Array, FixedList, List, Static, Tuple
from backprose.ir.nodes import Value
from backprose.rules.registry import Rule, takes_tuple, ufunc_of
from backprose.rules.registry import named as those_of
from backprose.transform.type_questions import is_namedtuple
from backprose.transform.typed import TypedBuilder

Keywords = Mapping[str, Value]

# Functions of several arrays that are given as one sequence.
OF_SEQUENCES = frozenset({
    np.concatenate, np.stack, np.vstack, *those_of(np, "row_stack"), np.hstack, np.dstack, np.column_stack, np.choose, np.select,
    np.linalg.multi_dot,
})  # fmt: skip
MAKE_ARRAYS = frozenset({
    np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.asfortranarray, np.asarray_chkfinite, np.require, np.copy,
})  # fmt: skip
AS_GIVEN = frozenset({np.split, np.vsplit, np.hsplit, np.dsplit, np.trim_zeros, np.block})  # to these, lists are no arrays
OPERATORS = frozenset({operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.matmul})
SEQUENCES = (List, FixedList, Tuple)
DATA = frozenset({"condition", "indices", "obj", "weights", "x", "xp", "bins"})  # operands that are lists of numbers


def with_arrays(
    b: TypedBuilder, fn: Any, rule: Rule, args: tuple[Value, ...], keywords: Keywords
) -> tuple[tuple[Value, ...], Keywords]:
    """The arguments with sequences of numbers made the arrays that NumPy takes them for: rules read arrays only."""
    if fn in OPERATORS:
        if any(isinstance(v.kind, Array) for v in args):
            args = tuple(as_array(b, v) for v in args)
        return args, keywords
    is_ufunc = isinstance(fn, np.ufunc) or ufunc_of(fn) is not None
    takes_arrays = is_ufunc or (getattr(fn, "__module__", None) or "").startswith(("numpy", "scipy"))
    takes_arrays = takes_arrays or getattr(fn, "__objclass__", None) is np.ndarray
    if fn in (*MAKE_ARRAYS, *AS_GIVEN) or not takes_arrays:
        return args, keywords
    params = (*rule.params, *rule.params[-1:] * len(args))  # the last one may take all the rest
    named = {**dict(enumerate(args)), **keywords}
    for key, value in named.items():
        name = key if isinstance(key, str) else params[key]
        if name not in rule.wrt:
            if name in DATA and creates_on_device():
                named[key] = as_array(b, value)
            continue
        if isinstance(value.kind, Tuple) and takes_tuple(fn):
            continue
        if fn not in OF_SEQUENCES:
            named[key] = as_array(b, value)
        elif (items := _items(b, value)) is not None and any(map(_may_be_active, items)):
            named[key] = b.tuple([as_array(b, v) for v in items])
    return tuple(named[i] for i in range(len(args))), {k: named[k] for k in keywords}


def _items(b: TypedBuilder, value: Value) -> tuple[Value, ...] | None:
    return b.items_of(value) if isinstance(value.kind, SEQUENCES) else None


def _may_be_active(value: Value) -> bool:
    """Whether the value is a sequence of numbers that are not all constants."""
    kind = value.kind
    return isinstance(kind, SEQUENCES) and (isinstance(kind, List) or not all(isinstance(k, Static) for k in kind.items))


def as_array(b: TypedBuilder, value: Value) -> Value:
    """A sequence that may carry a derivative as an array; other values as they are. CuPy takes no list for an array."""
    sequence = isinstance(value.kind, SEQUENCES) or is_namedtuple(value.kind)
    return b.call(np.array, value) if sequence and (carries_derivative(value.kind) or creates_on_device()) else value
