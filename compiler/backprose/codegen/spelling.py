"""The quickest spelling of what derivatives do: `v[:, None]` for `np.expand_dims(v, 1)`, `x.sum()` for `np.sum(x)`.

NumPy's functions first look for a method of whatever they are given, which takes longer than the work does for small
arrays. What is certainly an array has the method. The user's own lines stay as they are written.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose.analysis.activity import maybe_unbound
from backprose.codegen.cupy import on_device
from backprose.ir.kinds import Array, Kind, Static, Tuple
from backprose.ir.nodes import Function, Op, Value
from backprose.ir.walk import all_ops

if TYPE_CHECKING:
    from backprose.codegen.expressions import Expressions

# Functions whose first operand is an array, and which take what the method takes, in the same order.
METHODS: Mapping[Any, str] = {
    function: function.__name__
    for function in (
        np.sum, np.prod, np.max, np.min, np.cumsum, np.swapaxes, np.squeeze, np.reshape, np.ravel, np.repeat, np.take,
        np.trace, np.diagonal,
    )
}  # fmt: skip


def spelled(write: Expressions, op: Op) -> ast.expr | None:
    """A quicker spelling of a call in a derivative; None if there is none."""
    if not op.is_derivative or not op.operands or op.attrs["method"] or not _is_array(op.operands[0]):
        return None
    if op.fn in METHODS:
        keywords = [ast.keyword(name, write.value(v)) for name, v in op.keywords.items()]
        method = ast.Attribute(write.value(op.operands[0]), METHODS[op.fn], ast.Load())
        return ast.Call(method, write.values(op.positional[1:]), keywords)
    spelling = SPELLINGS.get(op.fn)
    return spelling(write, op) if spelling is not None and not op.keywords else None


def _expand_dims(write: Expressions, op: Op) -> ast.expr | None:
    """`v[:, None]`: the axes that are added are those of the result."""
    array, axes = op.operands[0], _axes(op.operands[1].kind)
    if not axes:
        return None
    ndim = array.kind.ndim + len(axes)
    added = {i % ndim for i in axes}
    parts = [ast.Constant(None) if i in added else ast.Slice() for i in range(max(added) + 1)]
    index = parts[0] if len(parts) == 1 else ast.Tuple(parts, ast.Load())
    return ast.Subscript(write.value(array), index, ast.Load())


def _zeros_like(write: Expressions, op: Op) -> ast.expr | None:
    """`np.zeros(x.shape)`. Its entries lie in C order, so it is for what is never looked at through a reshape."""
    if len(op.operands) != 1 or on_device(op) or (op.operands[0].kind.ndim > 1 and not write.any_layout):
        return None
    if op.operands[0] not in write.bound:
        return None  # zeros like None, which stands for what a path has left unbound, are never read
    array = write.value(op.operands[0])
    shape, dtype = (ast.Attribute(array, name, ast.Load()) for name in ("shape", "dtype"))
    arguments = [shape] if op.result.kind.dtype == "float64" else [shape, dtype]
    return ast.Call(write.references.node(np.zeros), arguments, [])


def _copy(write: Expressions, op: Op) -> ast.expr | None:
    """`x.copy()`, which is in C order."""
    if len(op.operands) != 1 or (op.operands[0].kind.ndim > 1 and not write.any_layout):
        return None
    return ast.Call(ast.Attribute(write.value(op.operands[0]), "copy", ast.Load()), [], [])


def _outer(write: Expressions, op: Op) -> ast.expr | None:
    """`u[:, None] * v`."""
    if len(op.operands) != 2 or not all(_is_array(v) and v.kind.ndim == 1 for v in op.operands):
        return None
    column, row = write.values(op.operands)
    index = ast.Tuple([ast.Slice(), ast.Constant(None)], ast.Load())
    return ast.BinOp(ast.Subscript(column, index, ast.Load()), ast.Mult(), row)


def _transpose(write: Expressions, op: Op) -> ast.expr | None:
    """`x.transpose(axes)`; without axes it is `x.T`."""
    if len(op.operands) != 2:
        return None
    array, axes = write.values(op.operands)
    return ast.Call(ast.Attribute(array, "transpose", ast.Load()), [axes], [])


def _moveaxis(write: Expressions, op: Op) -> ast.expr | None:
    """`x.transpose(1, 0, 2)`."""
    ndim = op.operands[0].kind.ndim
    start, end = (_axes(v.kind) for v in op.operands[1:])
    if not start or not end or len(start) != len(end):
        return None
    moved = dict(zip([i % ndim for i in end], [i % ndim for i in start]))
    others = (i for i in range(ndim) if i not in moved.values())
    order = [ast.Constant(moved[i] if i in moved else next(others)) for i in range(ndim)]
    return ast.Call(ast.Attribute(write.value(op.operands[0]), "transpose", ast.Load()), order, [])


SPELLINGS: Mapping[Any, Callable[[Expressions, Op], ast.expr | None]] = {
    np.expand_dims: _expand_dims,
    np.zeros_like: _zeros_like,
    np.copy: _copy,
    np.outer: _outer,
    np.transpose: _transpose,
    np.moveaxis: _moveaxis,
}


def _axes(kind: Kind) -> list[int]:
    """The axes that an argument names; none if they are not all known."""
    found = [k.value for k in (kind.items if isinstance(kind, Tuple) else (kind,)) if isinstance(k, Static)]
    is_known = all(type(i) is int for i in found) and len(found) == (len(kind.items) if isinstance(kind, Tuple) else 1)
    return found if is_known else []


def bound_values(function: Function) -> set[Value]:
    """What is there on every path: parameters, what loops carry, what is computed; not what is read of something kept."""
    if not any(op.fn is np.zeros_like for op in all_ops(function.region)):
        return set()  # nothing asks
    found = set(function.params)
    for op in all_ops(function.region):
        if op.fn is not operator.getitem:
            found.update(op.results)
        if op.name in ("for", "while"):
            found.update(op.carried)
    return found - maybe_unbound(function.region)


def _is_array(value: Value) -> bool:
    """Whether the value certainly is an array: what has no axes may be a number."""
    return isinstance(value.kind, Array) and bool(value.kind.axes)
