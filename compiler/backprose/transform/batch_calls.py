"""What a call means for stacks: arrays with a leading axis of directions, of which `batch.py` tells.

Each handler is given the op and gives the value of its result as a stack, or raises NotBatched. It has to be right for
every call that it takes: what options it does not know, it refuses.
"""

from __future__ import annotations

import builtins
import operator
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, is_number, ndim_of
from backprose.ir.kinds import Array, FixedList, Kind, List, Scalar, Slice, Static, Tuple
from backprose.ir.nodes import Op, Value
from backprose.rules.registry import named, rule_for
from backprose.transform.rule_calls import bound
from backprose.transform.tangents import KNOWN, keys_of
from backprose.transform.typed import NotStatic, TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.batch import Batch


class NotBatched(Exception):
    """The sweep has no meaning for a stack of directions that is known here."""


Handler = Callable[["Batch", TypedBuilder, Op], Value]
HANDLERS: dict[Any, Handler] = {}


def handles(*functions: Any) -> Callable[[Handler], Handler]:
    def register(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(functions, handler))
        return handler

    return register


def call(batch: Batch, b: TypedBuilder, op: Op) -> None:
    """Build the call `op`, of whose operands some are stacked."""
    fn = op.fn
    if fn is operator.getitem and isinstance(op.operands[0].kind, (*KNOWN, List)):
        return _part(batch, b, op)
    if fn in PLAIN:
        batch.values[op.result], batch.forms[op.result] = PLAIN[fn](batch, b, op), False
        return None
    if fn in OF_LISTS and isinstance(op.result.kind, List):
        return _of_lists(batch, b, op)
    rule = rule_for(fn)
    handler = HANDLERS.get(fn)
    if handler is None and rule is not None and rule.is_elementwise and not rule.of_user:
        handler = _elementwise
    if handler is None or not is_number(op.result.kind):
        raise NotBatched(fn)
    wanted = batch.kind(op.result.kind, True)
    found = handler(batch, b, op)
    have = dtype_of(found.kind)
    if ndim_of(found.kind) not in (None, wanted.ndim):
        raise NotBatched(fn)
    if have is not None and np.dtype(have) != np.dtype(wanted.dtype):  # a Python number is weak, an array of them is not
        found = b.call(np.ndarray.astype, found, b.data(np.dtype(wanted.dtype).type), method="astype")
    batch.put(b, op.result, b.restate(found, kind=wanted), True)
    return None


# Shapes, which are the same for all directions


def shape(batch: Batch, b: TypedBuilder, value: Value) -> tuple[Value, ...]:
    """The lengths of the axes that each direction has."""
    items = b.items_of(b.call(np.shape, batch.now(value)))
    if items is None:
        raise NotBatched("a shape of unknown rank")
    return items[1:] if batch.form(value) else items


def _shape(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    return b.tuple(shape(batch, b, op.operands[0]))


def _len(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if isinstance(op.operands[0].kind, (*KNOWN, List)):
        return b.call(len, batch.now(op.operands[0]))
    return shape(batch, b, op.operands[0])[0]


def _ndim(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    return b.const(len(shape(batch, b, op.operands[0])))


def _size(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if len(op.operands) != 1:
        raise NotBatched(op.fn)
    size = b.const(1)
    for n in shape(batch, b, op.operands[0]):
        size = n if size.kind == Static(1) else b.call(operator.mul, size, n)
    return size


PLAIN: dict[Any, Handler] = {np.shape: _shape, len: _len, np.ndim: _ndim, np.size: _size}


# Containers


def _part(batch: Batch, b: TypedBuilder, op: Op) -> None:
    """An element of a container."""
    target, index = op.operands
    if batch.form(index):
        raise NotBatched("an index")
    form = batch.form(target)
    found = b.call(operator.getitem, batch.now(target), batch.now(index))
    if isinstance(target.kind, KNOWN):
        if not isinstance(index.kind, Static):
            raise NotBatched("an element of a container")
        form = form[list(keys_of(target.kind)).index(_key(target.kind, index.kind.value))]
    batch.values[op.result], batch.forms[op.result] = b.restate(found, op.result.name), form


def _key(kind: Kind, key: Any) -> Any:
    return key + len(kind.items) if isinstance(kind, (Tuple, FixedList)) and key < 0 else key


# Functions of lists that only move their elements, and those whose operands are all lists or elements.
OF_LISTS = frozenset({
    reversed, operator.concat, backprose_runtime.appended, backprose_runtime.extended, backprose_runtime.without_last,
    backprose_runtime.flatten, backprose_runtime.add, backprose_runtime.copy_of,
})  # fmt: skip


def _of_lists(batch: Batch, b: TypedBuilder, op: Op) -> None:
    if op.keywords or any(isinstance(v.kind, KNOWN) for v in op.operands):
        raise NotBatched(op.fn)
    operands = [batch.stack(b, v) for v in op.operands]
    form = next(batch.form(v) for v in op.operands if batch.form(v))
    form = form if isinstance(form, bool) else NotImplemented
    if form is NotImplemented:
        raise NotBatched(op.fn)
    found = b.op("call", operands, [Value("", batch.kind(op.result.kind, form))], fn=op.fn, keywords=(), method=None).result
    batch.put(b, op.result, found, form)


# Entry by entry


def ndim(value: Value) -> int:
    """The number of axes that each direction has."""
    n = ndim_of(value.kind)
    if n is None:
        raise NotBatched("a number of unknown rank")
    return n


def widened(batch: Batch, b: TypedBuilder, value: Value, n: int) -> Value:
    """The value so that each direction has n axes, as broadcasting takes it; what is not stacked is left alone."""
    missing = n - ndim(value)
    if not batch.form(value) or missing == 0:
        return batch.now(value)
    if missing < 0:
        raise NotBatched("an operand with more axes than the result")
    axes = [b.const(i) for i in range(1, missing + 1)]
    return b.call(np.expand_dims, batch.now(value), axes[0] if missing == 1 else b.tuple(axes))


def _elementwise(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    rule = rule_for(op.fn)
    if any(name not in rule.wrt + rule.inert for name in op.keywords):
        raise NotBatched("an option of a function that acts entry by entry")
    n = ndim(op.result)
    if not all(is_number(v.kind) or isinstance(v.kind, Static) for v in op.operands):
        raise NotBatched("an operand that is no number")
    operands = [widened(batch, b, v, n) if is_number(v.kind) else v for v in op.operands]
    count = len(op.positional)
    return b.call_named(VECTORISED.get(op.fn, op.fn), operands[:count], dict(zip(op.keywords, operands[count:])))


VECTORISED = {builtins.abs: np.abs, operator.abs: np.abs}


@handles(np.copy, np.ndarray.copy, np.zeros_like, np.ones_like, np.conjugate, np.real, np.imag)
def _alone(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """A function of one array that has no options here."""
    if len(op.operands) != 1:
        raise NotBatched(op.fn)
    fn = np.copy if op.fn is np.ndarray.copy else op.fn
    return b.call(fn, batch.now(op.operands[0]))


@handles(float, complex, np.float16, np.float32, np.float64, np.complex64, np.complex128, np.ndarray.astype, np.asarray,
         np.ndarray.item, backprose_runtime.copy_of, np.ascontiguousarray)  # fmt: skip
def _converted(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """The dtype is seen to with that of every result."""
    value = op.operands[0]
    if len(op.operands) > (2 if op.fn in (np.ndarray.astype, np.asarray) else 1) or not is_number(value.kind):
        raise NotBatched(op.fn)
    if ndim(value) != ndim(op.result):
        raise NotBatched(op.fn)
    if _complex(value.kind) and not _complex(op.result.kind):
        raise NotBatched(op.fn)
    return batch.now(value)


def _complex(kind: Kind) -> bool:
    return np.dtype(dtype_of(kind) or "complex128").kind == "c"


@handles(np.broadcast_to)
def _broadcast_to(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, to = _named(batch, op, "array", "shape")
    return b.call(np.broadcast_to, widened(batch, b, array, ndim(op.result)), _with_total(batch, b, to))


def _with_total(batch: Batch, b: TypedBuilder, to: Value) -> Value:
    """The shape with the number of directions before it."""
    items = (to,) if is_number(to.kind) else b.items_of(batch.now(to))
    made = batch.made.get(to)
    if items is None and made is not None and made.name == "getattr":
        items = shape(batch, b, made.operands[0])
    if items is None:
        raise NotBatched("a shape of unknown rank")
    return b.tuple([batch.total, *items])


@handles(backprose_runtime.sum_to, backprose_runtime.unbroadcast)
def _sum_to(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    g, like = op.operands
    if op.fn is backprose_runtime.sum_to and batch.form(like):
        raise NotBatched("a shape")
    to = b.tuple(shape(batch, b, like)) if op.fn is backprose_runtime.unbroadcast else like
    n, extra = ndim(op.result), ndim(g) - ndim(op.result)
    if not batch.form(g) or extra < 0:
        raise NotBatched(op.fn)
    found = batch.now(g)
    if extra:
        found = b.call(np.sum, found, axis=_axes(b, range(1, extra + 1)))
    return found if n == 0 else b.call(backprose_runtime.sum_to, found, _with_total(batch, b, to))


# Reductions and axes


def _named(batch: Batch, op: Op, *names: str) -> list[Value | None]:
    """The operands of these names, of which only the first may be stacked; others are refused."""
    args, keywords = bound(rule_for(op.fn), op)
    given = {**args, **keywords}
    given = {name: value for name, value in given.items() if name in AXES or not _is_none(value)}
    if not given.keys() <= set(names) or any(isinstance(v, tuple) for v in given.values()):
        raise NotBatched(f"an option of {op.fn}")
    first, *others = (given.get(name) for name in names)
    if first is None or not batch.form(first) or any(v is not None and batch.form(v) for v in others):
        raise NotBatched(op.fn)
    return [first, *others]


AXES = frozenset({"axis", "axes"})  # where None is not the same as nothing


def _is_none(value: Any) -> bool:
    return isinstance(value, Value) and isinstance(value.kind, Static) and value.kind.value is None


def _static(b: TypedBuilder, value: Value | None, default: Any) -> Any:
    try:
        return default if value is None else b.static_value(value)
    except NotStatic:
        raise NotBatched("an option that is known at run time only") from None


def _axes(b: TypedBuilder, axes: Iterable[int]) -> Value:
    axes = tuple(axes)
    return b.const(axes[0]) if len(axes) == 1 else b.tuple([b.const(i) for i in axes])


def _behind(axis: int, n: int) -> int:
    """An axis of n, counted behind that of the directions."""
    return axis % n + 1 if n else axis


@handles(np.sum, np.mean, np.add.reduce)
def _reduced(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    first = rule_for(op.fn).params[0]
    array, axis, keep = _named(batch, op, first, "axis", "keepdims")
    n = ndim(array)
    axis = _static(b, axis, 0 if op.fn is np.add.reduce else None)
    axes = range(n) if axis is None else (axis,) if isinstance(axis, int) else axis
    axes = tuple(_behind(i, n) for i in axes)
    keywords = {"keepdims": b.const(True)} if _static(b, keep, False) else {}
    if not axes:
        return batch.now(array)
    fn = np.mean if op.fn is np.mean else np.sum
    return b.call_named(fn, (batch.now(array),), {"axis": _axes(b, axes), **keywords}, method=op.attrs["method"])


@handles(np.cumsum, np.flip, np.roll, np.fft.fft, np.fft.ifft, np.fft.rfft, np.fft.irfft, np.fft.hfft, np.fft.ihfft,
         np.repeat, np.diff)  # fmt: skip
def _along(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """A function that acts along one axis."""
    rule = rule_for(op.fn)
    others = [name for name in (*rule.params, *rule.options) if name not in ("axis", *rule.wrt)]
    array, axis, *given = _named(batch, op, rule.wrt[0], "axis", *others)
    n, default = ndim(array), None if op.fn in (np.cumsum, np.flip, np.roll, np.repeat) else -1
    axis = _static(b, axis, default)
    if axis is None and n != 1:
        raise NotBatched("all axes at once")
    if not isinstance(axis, int) and axis is not None:
        raise NotBatched("several axes")
    keywords = {name: batch.now(v) for name, v in zip(others, given) if v is not None}
    return b.call_named(op.fn, (batch.now(array),), {**keywords, "axis": b.const(_behind(axis or 0, n))})


@handles(np.reshape, np.ravel, np.ndarray.flatten, backprose_runtime.flat)
def _reshaped(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if op.fn is np.reshape:
        array, to = _named(batch, op, "a", "shape")
        to = _with_total(batch, b, to)
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
    array, axes = _named(batch, op, "a", "axes")
    n = ndim(array)
    axes = _static(b, axes, tuple(reversed(range(n))))
    if not isinstance(axes, tuple):
        raise NotBatched(op.fn)
    order = (0, *(_behind(i, n) for i in axes))
    return batch.now(array) if n < 2 else b.call(np.transpose, batch.now(array), _axes(b, order))


@handles(np.swapaxes, np.moveaxis)
def _moved(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    names = ("a", "axis1", "axis2") if op.fn is np.swapaxes else ("a", "source", "destination")
    array, *places = _named(batch, op, *names)
    places = [_static(b, place, None) for place in places]
    if not all(isinstance(place, int) for place in places):
        raise NotBatched("several axes")
    return b.call(op.fn, batch.now(array), *(b.const(_behind(place, ndim(array))) for place in places))


@handles(np.expand_dims, np.squeeze)
def _axes_of_length_1(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, axis = _named(batch, op, "a", "axis")
    axes = _static(b, axis, None)
    if axes is None:
        raise NotBatched("all axes of length 1")
    axes = (axes,) if isinstance(axes, int) else axes
    n = max(ndim(array), ndim(op.result))
    return b.call(op.fn, batch.now(array), _axes(b, (_behind(i, n) for i in axes)))


@handles(np.tril, np.triu)
def _triangle(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, k = _named(batch, op, "m", "k")
    if ndim(array) < 2:
        raise NotBatched("a triangle of a vector")
    return b.call(op.fn, batch.now(array), *(() if k is None else (k,)))


@handles(np.diagonal, np.trace)
def _diagonal(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, offset, first, second = _named(batch, op, "a", "offset", "axis1", "axis2")
    n = ndim(array)
    axes = [_behind(_static(b, axis, default), n) for axis, default in ((first, 0), (second, 1))]
    return b.call(op.fn, batch.now(array), b.const(0) if offset is None else offset, *map(b.const, axes))


@handles(np.diag)
def _diag(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, k = _named(batch, op, "v", "k")
    if ndim(array) == 2:
        return b.call(np.diagonal, batch.now(array), b.const(0) if k is None else k, b.const(1), b.const(2))
    if _static(b, k, 0) != 0:
        raise NotBatched("a diagonal beside the main one")
    (n,) = shape(batch, b, array)
    return b.call(operator.mul, b.call(np.expand_dims, batch.now(array), b.const(-1)), b.call(np.eye, n))


@handles(np.take_along_axis)
def _taken(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, indices, axis = _named(batch, op, "arr", "indices", "axis")
    axis, n = _static(b, axis, -1), ndim(array)
    if not isinstance(axis, int) or ndim(indices) != n:
        raise NotBatched("all axes at once")
    return b.call(np.take_along_axis, batch.now(array), b.call(np.expand_dims, indices, b.const(0)), b.const(_behind(axis, n)))


@handles(np.concatenate, np.stack)
def _joined(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    args, keywords = bound(rule_for(op.fn), op)
    given = {name: v for name, v in {**args, **keywords}.items() if name in AXES or not _is_none(v)}
    if not given.keys() <= {"arrays", "axis"} or not isinstance(given["arrays"].kind, (Tuple, FixedList, List)):
        raise NotBatched("an option of a function that joins arrays")
    arrays, axis = given["arrays"], _static(b, given.get("axis"), 0)
    if not isinstance(axis, int):
        raise NotBatched("a flat result")
    stacks = batch.stack(b, arrays)
    return b.call(op.fn, stacks, axis=b.const(_behind(axis, ndim(op.result))))


@handles(np.array)
def _array(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """An array of a list of numbers: the stacks of these, side by side."""
    items = op.operands[0]
    if len(op.operands) != 1:
        raise NotBatched(op.fn)
    if is_number(items.kind):
        return batch.now(items)
    kinds = items.kind.items if isinstance(items.kind, (Tuple, FixedList)) else (items.kind.item,) if isinstance(items.kind, List) else ()
    if not kinds or not all(map(is_number, kinds)):
        raise NotBatched("an array of nested lists")
    return b.call(np.stack, batch.stack(b, items), axis=b.const(1))


# Products


@handles(np.matmul, operator.matmul, *named(np.linalg, "matmul"))
def _matmul(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if len(op.operands) != 2 or op.keywords:
        raise NotBatched(op.fn)
    left, right = op.operands
    m, n = ndim(left), ndim(right)
    if batch.form(left) and batch.form(right):
        raise NotBatched("a product of two directions")
    if batch.form(left):
        if m == 1 and n > 2:
            raise NotBatched("a vector times many matrices")
        return b.call(operator.matmul, widened(batch, b, left, max(m, n) if n > 1 else m), right)
    if n == 1:
        if m > 2:
            raise NotBatched("many matrices times a vector")
        return b.call(operator.matmul, batch.now(right), left if m == 1 else b.call(np.transpose, left))
    return b.call(operator.matmul, left, widened(batch, b, right, max(m, n)))


@handles(np.dot, np.inner, np.vdot)
def _dot(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if len(op.operands) != 2 or op.keywords:
        raise NotBatched(op.fn)
    left, right = op.operands
    if 0 in (ndim(left), ndim(right)):
        if op.fn is np.vdot:
            raise NotBatched(op.fn)
        n = ndim(op.result)
        return b.call(operator.mul, widened(batch, b, left, n), widened(batch, b, right, n))
    plain = max(ndim(left), ndim(right)) <= (2 if op.fn is np.dot else 1)
    if not plain or (op.fn is np.vdot and (_complex(left.kind) or _complex(right.kind))):
        raise NotBatched(op.fn)
    return _matmul(batch, b, op)


@handles(np.outer)
def _outer(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    left, right = op.operands[:2]
    if len(op.operands) != 2 or (ndim(left), ndim(right)) != (1, 1) or (batch.form(left) and batch.form(right)):
        raise NotBatched(op.fn)
    column = b.call(np.expand_dims, batch.now(left), b.const(-1))
    return b.call(operator.mul, column, widened(batch, b, right, 2))


@handles(np.tensordot)
def _tensordot(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    args, keywords = bound(rule_for(op.fn), op)
    given = {**args, **keywords}
    if not given.keys() <= {"a", "b", "axes"}:
        raise NotBatched(op.fn)
    left, right = given["a"], given["b"]
    if batch.form(left) and batch.form(right):
        raise NotBatched("a product of two directions")
    m, n = ndim(left), ndim(right)
    axes = _static(b, given.get("axes"), 2)
    pairs = (tuple(range(m - axes, m)), tuple(range(axes))) if isinstance(axes, int) else tuple(
        (side,) if isinstance(side, int) else tuple(side) for side in axes
    )  # fmt: skip
    first, second = ([i % k for i in side] for side, k in zip(pairs, (m, n)))
    if batch.form(left):
        first = [i + 1 for i in first]
    else:
        second = [i + 1 for i in second]
    sides = b.tuple([b.tuple([b.const(i) for i in side]) for side in (first, second)])
    found = b.call(np.tensordot, batch.now(left), batch.now(right), sides)
    place = 0 if batch.form(left) else m - len(first)
    return found if place == 0 else b.call(np.moveaxis, found, b.const(place), b.const(0))


@handles(np.einsum)
def _einsum(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    subscripts, *operands = op.positional
    text = _static(b, subscripts, "")
    if op.keywords or not isinstance(text, str) or "..." in text or "->" not in text:
        raise NotBatched("an einsum with options")
    inputs, output = text.replace(" ", "").split("->")
    free = next(c for c in "zyxwvutsrqponmlkjihgfedcba" if c not in text)
    terms = inputs.split(",")
    moving = [batch.form(v) for v in operands]
    if sum(map(bool, moving)) != 1:
        raise NotBatched("a product of two directions")
    terms = [free + term if stacks else term for term, stacks in zip(terms, moving)]
    return b.call(np.einsum, b.const(f"{','.join(terms)}->{free}{output}"), *map(batch.now, operands))


@handles(np.linalg.solve)
def _solve(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    left, right = op.operands
    if batch.form(left) or ndim(left) != 2 or ndim(right) not in (1, 2):
        raise NotBatched(op.fn)
    if ndim(right) == 1:
        return b.call(np.transpose, b.call(np.linalg.solve, left, b.call(np.transpose, batch.now(right))))
    return b.call(np.linalg.solve, left, batch.now(right))


# Indices


def _index(batch: Batch, b: TypedBuilder, index: Value) -> Value:
    """The index behind a `:` for the directions."""
    items = b.items_of(index) if isinstance(index.kind, Tuple) else (index,)
    if items is None or any(batch.form(v) for v in items):
        raise NotBatched("an index")
    places = [i for i, v in enumerate(items) if isinstance(v.kind, (Array, List, FixedList))]
    if places:  # integers join the arrays; what they give stands in their place only if they stand together
        places = [i for i, v in enumerate(items) if i in places or _is_whole(v.kind)]
        if places != list(range(places[0], places[-1] + 1)):
            raise NotBatched("an index with arrays apart from each other")
    for i, v in enumerate(items):
        known = isinstance(v.kind, Slice) or _is_whole(v.kind) or i in places
        if not known and not (isinstance(v.kind, Static) and (v.kind.value is None or v.kind.value is Ellipsis)):
            raise NotBatched("an index of another kind")
    return b.tuple([b.call(slice, b.const(None)), *items])


def _is_whole(kind: Kind) -> bool:
    """Whether an index of the kind is one whole number."""
    name = dtype_of(kind)
    return ndim_of(kind) == 0 and not isinstance(kind, Array) and name is not None and name.startswith(("int", "uint"))


def _part_ndim(b: TypedBuilder, array: Value, index: Value) -> int:
    n = ndim_of(b.kind_of_call(operator.getitem, (array, index), {}))
    if n is None:
        raise NotBatched("an index of unknown kind")
    return n


@handles(operator.getitem, backprose_runtime.get_at)
def _getitem(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if len(op.operands) != 2 or not isinstance(op.operands[0].kind, Array):
        raise NotBatched(op.fn)
    array, index = op.operands
    return b.call(operator.getitem, batch.now(array), _index(batch, b, index))


@handles(backprose_runtime.add_at, backprose_runtime.set_at, backprose_runtime.put_at)
def _stored(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if len(op.operands) != 3 or not isinstance(op.operands[0].kind, Array):
        raise NotBatched(op.fn)
    buffer, *rest = op.operands
    index, value = rest if op.fn is backprose_runtime.add_at else reversed(rest)
    if not is_number(value.kind):
        raise NotBatched("a store of something that is no number")
    part = widened(batch, b, value, _part_ndim(b, buffer, index))
    at = _index(batch, b, index)
    inner = (at, part) if op.fn is backprose_runtime.add_at else (part, at)
    return b.call(op.fn, batch.stack(b, buffer), *inner)
