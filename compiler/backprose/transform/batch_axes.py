"""What functions that reduce, move or join axes mean for stacks of directions, whose axis comes first."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import is_number
from backprose.ir.kinds import FixedList, List, Tuple
from backprose.ir.nodes import Op, Value
from backprose.rules.registry import rule_for
from backprose.transform.rule_calls import bound
from backprose.transform.batch_calls import (
    AXES, NotBatched, axes_value, behind, handles, is_none, named_operands, ndim, shape, static, with_total,
)  # fmt: skip
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.batch import Batch


@handles(np.sum, np.mean, np.add.reduce)
def _reduced(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    first = rule_for(op.fn).params[0]
    array, axis, keep = named_operands(batch, op, first, "axis", "keepdims")
    n = ndim(array)
    axis = static(b, axis, 0 if op.fn is np.add.reduce else None)
    axes = range(n) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(behind(i, n) for i in axes)
    keywords = {"keepdims": b.const(True)} if static(b, keep, False) else {}
    if not axes:
        return batch.now(array)
    fn = np.mean if op.fn is np.mean else np.sum
    return b.call_named(fn, (batch.now(array),), {"axis": axes_value(b, axes), **keywords}, method=op.attrs["method"])


@handles(np.cumsum, np.flip, np.roll, np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft,
         np.repeat, np.diff)  # fmt: skip
def _along(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """A function that acts along one axis."""
    rule = rule_for(op.fn)
    others = [name for name in (*rule.params, *rule.options) if name not in ("axis", *rule.wrt)]
    array, axis, *given = named_operands(batch, op, rule.wrt[0], "axis", *others)
    n, default = ndim(array), None if op.fn in (np.cumsum, np.flip, np.roll, np.repeat) else -1
    axis = static(b, axis, default)
    if op.fn is np.flip and axis is None:
        axis = tuple(range(n))
    if axis is None and n != 1:
        raise NotBatched("all axes at once")
    if isinstance(axis, tuple) and op.fn not in (np.flip, np.roll):
        raise NotBatched("several axes")
    keywords = {name: batch.now(v) for name, v in zip(others, given) if v is not None}
    at = axes_value(b, (behind(i, n) for i in axis)) if isinstance(axis, tuple) else b.const(behind(axis or 0, n))
    return b.call_named(op.fn, (batch.now(array),), {**keywords, "axis": at})


@handles(np.fft.fftn, np.fft.ifftn, np.fft.rfftn, np.fft.irfftn, np.fft.fft2, np.fft.ifft2, np.fft.rfft2, np.fft.irfft2,
         np.fft.fftshift, np.fft.ifftshift)  # fmt: skip
def _along_axes(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """A function that acts along some axes, or all."""
    rule = rule_for(op.fn)
    options = [name for name in ("norm",) if name in rule.params]
    array, axes, *given = named_operands(batch, op, rule.wrt[0], "axes", *options)
    n = ndim(array)
    axes = static(b, axes, (-2, -1) if op.fn.__name__.endswith("2") else None)
    axes = range(n) if axes is None else (axes,) if isinstance(axes, int) else axes
    at = b.tuple([b.const(behind(i, n)) for i in axes])
    keywords = {name: v for name, v in zip(options, given) if v is not None}
    return b.call_named(op.fn, (batch.now(array),), {"axes": at, **keywords})


@handles(np.pad)
def _padded(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, width, mode, constant = named_operands(batch, op, "array", "pad_width", "mode", "constant_values")
    if constant is not None and ndim(constant) != 0:
        raise NotBatched("constants that depend on the axis")
    try:
        widths = np.broadcast_to(static(b, width, 0), (ndim(array), 2)).tolist()
    except ValueError:
        raise NotBatched("widths that do not fit") from None
    pairs = [b.tuple(map(b.const, pair)) for pair in ((0, 0), *widths)]
    keywords = {} if constant is None else {"constant_values": constant}
    return b.call_named(op.fn, (batch.now(array), b.tuple(pairs), *(() if mode is None else (mode,))), keywords)


PIECES = {np.vsplit: 0, np.hsplit: 1, np.dsplit: 2}


@handles(np.split, np.array_split, *PIECES)
def _pieces(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """The pieces of all directions, one after the other."""
    array, where, *axis = named_operands(batch, op, "ary", "indices_or_sections", *(() if op.fn in PIECES else ("axis",)))
    n = ndim(array)
    along = min(PIECES[op.fn], n - 1) if op.fn in PIECES else static(b, axis[0], 0)
    split = np.split if op.fn in PIECES else op.fn
    return b.call(split, batch.now(array), where, b.const(behind(along, n)))


@handles(np.reshape, np.ravel, np.ndarray.flatten, backprose_runtime.flat)
def _reshaped(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if op.fn is np.reshape:
        array, to = named_operands(batch, op, "a", "shape")
        to = with_total(batch, b, to)
    else:
        array = op.operands[0]
        if len(op.operands) != 1:
            raise NotBatched(op.fn)
        sizes = shape(batch, b, array)
        size = sizes[0] if len(sizes) == 1 else b.const(1)
        for length in sizes if len(sizes) > 1 else ():
            size = b.call(operator.mul, size, length)
        to = b.tuple([batch.total, size])
    return b.call(np.reshape, batch.now(array), to)


@handles(np.transpose)
def _transposed(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, axes = named_operands(batch, op, "a", "axes")
    n = ndim(array)
    axes = static(b, axes, tuple(reversed(range(n))))
    if not isinstance(axes, tuple):
        raise NotBatched(op.fn)
    order = (0, *(behind(i, n) for i in axes))
    return batch.now(array) if n < 2 else b.call(np.transpose, batch.now(array), axes_value(b, order))


@handles(np.swapaxes, np.moveaxis)
def _moved(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    names = ("a", "axis1", "axis2") if op.fn is np.swapaxes else ("a", "source", "destination")
    array, *places = named_operands(batch, op, *names)
    n, axes = ndim(array), [static(b, place, None) for place in places]
    if not all(isinstance(axis, (int, tuple)) for axis in axes):
        raise NotBatched("axes that are known at run time only")
    axes = [(axis,) if isinstance(axis, int) else axis for axis in axes]
    return b.call(op.fn, batch.now(array), *(axes_value(b, (behind(i, n) for i in axis)) for axis in axes))


@handles(np.take)
def _taken_along(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, indices, axis = named_operands(batch, op, "a", "indices", "axis")
    axis = static(b, axis, None)
    if axis is None and ndim(array) != 1:
        raise NotBatched("all axes at once")
    return b.call(np.take, batch.now(array), indices, b.const(behind(axis or 0, ndim(array))))


@handles(np.expand_dims, np.squeeze)
def _axes_of_length_1(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, axis = named_operands(batch, op, "a", "axis")
    axes = static(b, axis, None)
    if axes is None:
        raise NotBatched("all axes of length 1")
    axes = (axes,) if isinstance(axes, int) else axes
    n = max(ndim(array), ndim(op.result))
    return b.call(op.fn, batch.now(array), axes_value(b, (behind(i, n) for i in axes)))


@handles(np.tril, np.triu)
def _triangle(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, k = named_operands(batch, op, "m", "k")
    if ndim(array) < 2:
        raise NotBatched("a triangle of a vector")
    return b.call(op.fn, batch.now(array), *(() if k is None else (k,)))


@handles(np.diagonal, np.trace)
def _diagonal(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, offset, first, second = named_operands(batch, op, "a", "offset", "axis1", "axis2")
    n = ndim(array)
    axes = [behind(static(b, axis, default), n) for axis, default in ((first, 0), (second, 1))]
    return b.call(op.fn, batch.now(array), b.const(0) if offset is None else offset, *map(b.const, axes))


@handles(np.diag)
def _diag(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, k = named_operands(batch, op, "v", "k")
    if ndim(array) == 2:
        return b.call(np.diagonal, batch.now(array), b.const(0) if k is None else k, b.const(1), b.const(2))
    if static(b, k, 0) != 0:
        raise NotBatched("a diagonal beside the main one")
    (n,) = shape(batch, b, array)
    return b.call(operator.mul, b.call(np.expand_dims, batch.now(array), b.const(-1)), b.call(np.eye, n))


@handles(np.take_along_axis)
def _taken(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, indices, axis = named_operands(batch, op, "arr", "indices", "axis")
    axis, n = static(b, axis, -1), ndim(array)
    if not isinstance(axis, int) or ndim(indices) != n:
        raise NotBatched("all axes at once")
    return b.call(np.take_along_axis, batch.now(array), b.call(np.expand_dims, indices, b.const(0)), b.const(behind(axis, n)))


@handles(np.concatenate, np.stack)
def _joined(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    args, keywords = bound(rule_for(op.fn), op)
    given = {name: v for name, v in {**args, **keywords}.items() if name in AXES or not is_none(v)}
    if not given.keys() <= {"arrays", "axis"} or not isinstance(given["arrays"].kind, (Tuple, FixedList, List)):
        raise NotBatched("an option of a function that joins arrays")
    arrays, axis = given["arrays"], static(b, given.get("axis"), 0)
    if not isinstance(axis, int):
        raise NotBatched("a flat result")
    stacks = batch.stack(b, arrays)
    return b.call(op.fn, stacks, axis=b.const(behind(axis, ndim(op.result))))


@handles(np.array)
def _array(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """An array of a list of numbers: the stacks of these, side by side."""
    items = op.operands[0]
    if len(op.operands) != 1:
        raise NotBatched(op.fn)
    if is_number(items.kind):
        return batch.now(items)
    if isinstance(items.kind, List):
        kinds = (items.kind.item,)
    else:
        kinds = items.kind.items if isinstance(items.kind, (Tuple, FixedList)) else ()
    if not kinds or not all(map(is_number, kinds)):
        raise NotBatched("an array of nested lists")
    return b.call(np.stack, batch.stack(b, items), axis=b.const(1))
