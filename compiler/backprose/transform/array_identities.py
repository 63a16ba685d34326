"""Identities of arrays and lists: transposes, sums, indices, stores. Each looks at one call, as in `identities.py`."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, is_basic, is_complex, is_inexact, ndim_of, without_lengths
from backprose.analysis.positions import names_once
from backprose.ir.kinds import BACKWARDS, Array, List, Scalar, Static, Tuple
from backprose.ir.nodes import Op, Value
from backprose.transform.other_terms import other_terms, summed
from backprose.transform.sum_first import adds_exactly
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.algebra import Context


def is_const(value: Value, *numbers: Any) -> bool:
    return isinstance(value.kind, Static) and type(value.kind.value) in (int, float) and value.kind.value in numbers


def same_kind(value: Value, op: Op) -> Value | None:
    """`value` in place of the call's result, if that has the same kind."""
    have, want = without_lengths(value.kind), without_lengths(op.result.kind)
    if op.is_derivative and isinstance(have, Scalar) and isinstance(want, Scalar):
        have, want = Scalar(have.dtype.replace("float64", "float")), Scalar(want.dtype.replace("float64", "float"))
    return value if have == want else None


def as_result(b: TypedBuilder, value: Value | None, op: Op) -> Value | None:
    """`value` in place of the call's result, if it has the same dtype; what was just built takes over the kind."""
    if value is None or not same_kind(value, op) and dtype_of(value.kind) != dtype_of(op.result.kind):
        return None
    found = b.restate(value, kind=op.result.kind)
    return found if found is not value else same_kind(value, op)


def has_sign(op: Op) -> bool:
    """Whether -(-x) is x for the results of the op, and -x * y is -(x * y): not of integers with few bits, which wrap around."""
    dtype = dtype_of(op.result.kind)
    return op.is_derivative if dtype is None else dtype == "int" or is_inexact(op.result.kind)


def _transpose(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """Of a transpose, of a product with one, and of an outer product: `(a.T @ b).T` is `b.T @ a`."""
    if len(op.operands) != 1:
        return None
    inner = c.call_of(op.operands[0], np.transpose)
    if inner and len(inner.operands) == 1:
        return same_kind(inner.operands[0], op)
    if not op.is_derivative or not c.only_use(op.operands[0]):
        return None
    outer = c.call_of(op.operands[0], np.outer)
    if outer and len(outer.operands) == 2:
        return b.call(np.outer, *outer.operands[::-1], kind=op.result.kind)
    return _flipped_product(c, b, op, lambda v: c.call_of(v, np.transpose), lambda v: b.call(np.transpose, v))


def _swapaxes(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """The same of stacks of matrices."""
    ndim = ndim_of(op.result.kind)
    if not op.is_derivative or not ndim or not _swaps_last(b, op, ndim):
        return None

    def swapped(v: Value) -> Op | None:
        made = c.call_of(v, np.swapaxes)
        return made if made and ndim_of(v.kind) == ndim and _swaps_last(b, made, ndim) else None

    inner = swapped(op.operands[0])
    if inner:
        return same_kind(inner.operands[0], op)
    if not c.only_use(op.operands[0]):
        return None
    return _flipped_product(c, b, op, swapped, lambda v: b.call(np.swapaxes, v, b.const(-1), b.const(-2)))


def _swaps_last(b: TypedBuilder, op: Op, ndim: int) -> bool:
    axes = [b.static_value(v) for v in op.operands[1:] if b.is_static(v)]
    return len(axes) == 2 and {i % ndim for i in axes} == {ndim - 2, ndim - 1}


def _flipped_product(
    c: Context, b: TypedBuilder, op: Op, flipped: Callable[[Value], Op | None], flip: Callable[[Value], Value]
) -> Value | None:
    """The transpose of a product one factor of which is a transpose, as the product of the transposes."""
    product = c.call_of(op.operands[0], operator.matmul)
    if not product or not product.is_derivative or not any(map(flipped, product.operands)):
        return None
    if {ndim_of(v.kind) for v in product.operands} != {ndim_of(op.result.kind)}:
        return None
    left, right = (made.operands[0] if (made := flipped(v)) else flip(v) for v in product.operands[::-1])
    return b.call(operator.matmul, left, right, kind=op.result.kind)


def _squeeze(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """What was kept, or added, only to be taken away: the axes of a sum, or of `np.expand_dims`."""
    if len(op.operands) != 2 or not op.is_derivative:
        return None
    x, axes = op.operands
    minus = c.minus(x)
    if minus and c.only_use(x):
        squeezed = b.call(np.squeeze, minus.operands[0], axes, kind=op.result.kind)
        return b.call(operator.neg, squeezed, kind=op.result.kind)
    spread = c.call_of(x, np.expand_dims)
    if spread and len(spread.operands) == 2 and _same_axes(b, spread.operands[1], axes):
        return same_kind(spread.operands[0], op)
    total = c.call_of(x, np.sum)
    if not total or not c.only_use(x) or len(total.positional) != 1 or set(total.keywords) != {"axis", "keepdims"}:
        return None
    axis, keeps = total.keywords["axis"], total.keywords["keepdims"]
    if keeps.kind != Static(True) or not _same_axes(b, axis, axes):
        return None
    return b.call_named(np.sum, total.positional, {"axis": axis}, op.result.kind, "", total.attrs["method"])


def _same_axes(b: TypedBuilder, one: Value, other: Value) -> bool:
    return b.is_static(one) and b.is_static(other) and b.static_value(one) == b.static_value(other)


def _where(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    if len(op.operands) != 3 or not isinstance(op.operands[0].kind, Static):
        return None
    chosen = op.operands[1 if op.operands[0].kind.value else 2]
    if chosen.kind == op.result.kind:
        return chosen
    if not op.is_derivative or ndim_of(op.result.kind) != 0 or ndim_of(chosen.kind) != 0:
        return None
    return chosen if _plain(dtype_of(chosen.kind)) == _plain(dtype_of(op.result.kind)) else None


def _plain(dtype: str | None) -> str | None:
    """Python's name of a precision that is also Python's."""
    return {"float64": "float", "complex128": "complex"}.get(dtype, dtype)


def _getitem(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """`x[()]` of a scalar, and a list reversed twice."""
    if isinstance(op.operands[0].kind, (Scalar, Static)) and op.operands[1].kind == Tuple(()):
        return op.operands[0]
    if op.operands[1].kind != BACKWARDS or not isinstance(op.operands[0].kind, List):
        return None
    inner = c.call_of(op.operands[0], operator.getitem)
    return inner.operands[0] if inner and inner.operands[1].kind == BACKWARDS else None


def _reversed(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """Going backwards over a reversed list is going over the list."""
    inner = c.call_of(op.operands[0], operator.getitem)
    if inner and inner.operands[1].kind == BACKWARDS and isinstance(op.operands[0].kind, List):
        return inner.operands[0]
    return None


def _broadcast_to(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    inner = c.call_of(op.operands[0], np.broadcast_to)
    if ndim_of(op.result.kind) == 0 and isinstance(op.operands[0].kind, (Scalar, Static)):
        return op.operands[0]
    if inner:
        return b.call(np.broadcast_to, inner.operands[0], op.operands[1], kind=op.result.kind)
    return None


def _zeros_like(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """Zeros like zeros are zeros like what these are like."""
    inner = c.call_of(op.operands[0], np.zeros_like)
    if not inner or len(inner.operands) != len(op.operands) or not op.is_derivative:
        return None
    if same_kind(inner.result, op) is None or dtype_of(inner.operands[0].kind) != dtype_of(op.result.kind):
        return None
    return b.call(np.zeros_like, inner.operands[0], kind=op.result.kind)


def _sum(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """The minus sign of what is summed moves outwards: rounding is symmetric.

    And `(a @ b).sum(axis=0)` is `a.sum(axis=0) @ b`.
    """
    if not c.only_use(op.operands[0]) or not op.is_derivative:
        return None
    minus = c.minus(op.operands[0])
    if minus and is_plain_sum(op):
        args = (minus.operands[0], *op.positional[1:])
        total = b.call_named(np.sum, args, op.keywords, op.result.kind, "", op.attrs["method"])
        return b.call(operator.neg, total, kind=op.result.kind)
    product = c.call_of(op.operands[0], operator.matmul)
    return _sum_of_rows(b, op, *product.operands) if product else None


def is_plain_sum(op: Op) -> bool:
    """Whether a call of `np.sum` gives the sum alone, which begins at 0."""
    return len(op.positional) <= 2 and set(op.attrs["keywords"]) <= {"axis", "keepdims"}


def _sum_of_rows(b: TypedBuilder, op: Op, left: Value, right: Value) -> Value | None:
    """The sum over the rows of a product is the product with the summed rows: one row instead of all."""
    n, axis, keeps = ndim_of(op.operands[0].kind), op.keywords.get("axis"), op.keywords.get("keepdims")
    if axis is None or not set(op.keywords) <= {"axis", "keepdims"} or len(op.positional) > 1:
        return None
    if not isinstance(axis.kind, Static) or axis.kind.value not in (-2, (n or 0) - 2) or (ndim_of(right.kind) or 0) < 2:
        return None
    if ndim_of(left.kind) == 2 and keeps is None:
        row = b.call(np.sum, left, axis=b.const(0), method="sum")
        return b.call(operator.matmul, row, right, kind=op.result.kind) if n == 2 else None
    if (ndim_of(left.kind) or 0) < 2 or (keeps is not None and keeps.kind != Static(True)):
        return None
    row = b.call(np.sum, left, axis=b.const(-2), keepdims=b.const(True), method="sum")
    product = b.call(operator.matmul, row, right)
    return product if keeps is not None else b.call(np.squeeze, product, b.const(-2), kind=op.result.kind)


def _add_at(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """What is added where zero was just stored is stored; something else may have been added elsewhere in between.

    Where what was overwritten is a term of it, the other terms are added: `x[i] = 0`, `x[i] += t - u` is `x[i] -= u`.
    """
    buffer, index, value, *path = op.operands
    if isinstance(buffer.kind, List) and not path:
        return _add_at_list(c, b, op)
    if not isinstance(buffer.kind, Array) or not names_once(index, c.made):
        return None
    between = c.call_of(buffer, backprose_runtime.add_at)
    cleared = c.call_of(between.operands[0] if between else buffer, backprose_runtime.set_at)
    if not cleared or not c.only_use(buffer) or not c.only_use(cleared.result):
        return None
    if not is_const(cleared.operands[1], 0) or cleared.operands[2:] != (*path, index):
        return None
    if between and not (op.is_derivative and between.is_derivative and is_basic(between.operands[1].kind)):
        return None
    name, kind = op.result.name, op.result.kind
    before = _put_over(c, b, cleared.operands[0], op)
    return b.call(backprose_runtime.add_at, before, *between.operands[1:], kind=kind, name=name) if between else before


def _put_over(c: Context, b: TypedBuilder, before: Value, op: Op) -> Value:
    """The array with a part of it replaced by what the op adds to that; a share that the part is a term of adds the rest."""
    buffer, index, value, *path = op.operands
    name, kind = op.result.name, op.result.kind

    def is_overwritten(v: Value) -> bool:
        read = c.call_of(v, operator.getitem)
        return read is not None and read.operands == (before, index) and not path

    terms = other_terms(value, is_overwritten, c.made, c.only_use) if op.is_derivative else None
    if terms is None or not all(adds_exactly(term.value, buffer) for term in terms):
        return b.call(backprose_runtime.set_at, before, value, *path, index, kind=kind, name=name)
    if not terms:
        return before
    return b.call(backprose_runtime.add_at, before, index, summed(b, terms), kind=kind, name=name)


def _add_at_list(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """The same for lists: what is added to the zero that an update has put there is put there."""
    buffer, index, value = op.operands
    put = c.call_of(buffer, backprose_runtime.with_item, backprose_runtime.inserted, backprose_runtime.appended)
    if not put or not c.only_use(buffer):
        return None
    *before, zero = put.operands
    if not (is_const(zero, 0) or c.call_of(zero, backprose_runtime.zeros_like, np.zeros_like, np.zeros)):
        return None
    if put.fn is backprose_runtime.appended:
        there = index.kind == Static(-1)
    else:
        counted = c.call_of(before[1], backprose_runtime.place)
        at = counted.operands[0] if counted else before[1]
        there = at is index or (isinstance(at.kind, Static) and at.kind == index.kind)
    return b.call(put.fn, *before, value, kind=op.result.kind, name=op.result.name) if there else None


def _cholesky_bar(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """What stands above the diagonal does not count, so it need not be cleared."""
    lower, whole = op.operands[0], _before_tril(c, b, op.operands[1])
    return None if whole is None else b.call(backprose_runtime.cholesky_bar, lower, whole, kind=op.result.kind)


def _before_tril(c: Context, b: TypedBuilder, value: Value) -> Value | None:
    """The value with the same lower triangle that was there before the rest was cleared; None if nothing was."""
    op = c.made.get(value)
    if op is None or not op.is_derivative or not c.only_use(value):
        return None
    if op.fn is np.tril and (len(op.operands) == 1 or is_const(op.operands[1], 0)):
        return same_kind(op.operands[0], op)
    if op.fn is backprose_runtime.add_at:
        whole = _before_tril(c, b, op.operands[0])
        return None if whole is None else b.call(op.fn, whole, *op.operands[1:], kind=value.kind, name=value.name)
    if op.fn in (operator.add, operator.sub):
        parts = [_before_tril(c, b, v) for v in op.operands]
        if any(parts):
            return b.call(op.fn, *(part or v for part, v in zip(parts, op.operands)), kind=value.kind, name=value.name)
    return None


def _last_at(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """Of positions that name no entry twice, nothing was overwritten at once."""
    return b.call(operator.getitem, *op.operands, kind=op.result.kind) if names_once(op.operands[1], c.made) else None


def _of_real(c: Context, b: TypedBuilder, op: Op) -> Value | None:
    """Of a real number, the number itself."""
    if not op.in_reverse or dtype_of(op.operands[0].kind) is None or is_complex(op.operands[0].kind):
        return None
    return same_kind(op.operands[0], op)


OF_ARRAYS: dict[Any, Callable[[Context, TypedBuilder, Op], Value | None]] = {
    np.transpose: _transpose,
    np.swapaxes: _swapaxes,
    np.squeeze: _squeeze,
    np.conjugate: _of_real,
    np.real: _of_real,
    np.where: _where,
    np.sum: _sum,
    np.zeros_like: _zeros_like,
    np.broadcast_to: _broadcast_to,
    operator.getitem: _getitem,
    reversed: _reversed,
    backprose_runtime.add_at: _add_at,
    backprose_runtime.last_at: _last_at,
    backprose_runtime.cholesky_bar: _cholesky_bar,
}
