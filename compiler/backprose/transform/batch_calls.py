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
from backprose.ir.kinds import FixedList, Kind, List, Static, Tuple
from backprose.ir.nodes import Op, Value
from backprose.rules.registry import named, rule_for
from backprose.rules.tables import entries
from backprose.transform.batch_forms import form_of
from backprose.transform.paths import CONTAINERS, keys_of
from backprose.transform.rule_calls import bound
from backprose.transform.typed import NotStatic, TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.batch import Batch


class NotBatched(Exception):
    """The sweep has no meaning for a stack of directions that is known here."""


Handler = Callable[["Batch", TypedBuilder, Op], Value]
HANDLERS: dict[Any, Handler] = {}
handles = entries(HANDLERS)


def _public_name(fn: Any) -> str:
    """The name of a function of a library that is imported only by those who use it: `scipy.linalg.cho_solve`."""
    library = ".".join((getattr(fn, "__module__", None) or "").split(".")[:2])
    return f"{library}.{getattr(fn, '__name__', '')}"


def call(batch: Batch, b: TypedBuilder, op: Op) -> None:
    """Build the call `op`, of whose operands some are stacked."""
    fn = op.fn
    if fn is operator.getitem and isinstance(op.operands[0].kind, (*CONTAINERS, List)):
        return _part(batch, b, op)
    if fn in PLAIN:
        batch.values[op.result], batch.forms[op.result] = PLAIN[fn](batch, b, op), False
        return None
    if fn in OF_LISTS and isinstance(op.result.kind, List):
        return _of_lists(batch, b, op)
    rule = rule_for(fn)
    handler = HANDLERS.get(fn) or HANDLERS.get(_public_name(fn))
    if handler is None and rule is not None and rule.is_elementwise and not rule.of_user:
        handler = _elementwise
    if handler is not None and isinstance(op.result.kind, (List, FixedList)):
        form = form_of(op.result.kind)
        found = handler(batch, b, op)
        return batch.put(b, op.result, b.restate(found, kind=batch.kind(op.result.kind, form)), form)
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
    if isinstance(op.operands[0].kind, (*CONTAINERS, List)):
        return b.call(len, batch.now(op.operands[0]))
    return shape(batch, b, op.operands[0])[0]


def _ndim(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    return b.const(len(shape(batch, b, op.operands[0])))


def _size(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    if len(op.operands) != 1:
        raise NotBatched(op.fn)
    return size(batch, b, op.operands[0])


def size(batch: Batch, b: TypedBuilder, value: Value) -> Value:
    """The number of entries that each direction has."""
    size = b.const(1)
    for n in shape(batch, b, value):
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
    if isinstance(target.kind, CONTAINERS):
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
    if op.keywords or any(isinstance(v.kind, CONTAINERS) for v in op.operands):
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
    if getattr(op.fn, "__module__", None) == "math":
        raise NotBatched("a function of single numbers")
    if any(name not in rule.wrt + rule.inert for name in op.keywords):
        raise NotBatched("an option of a function that acts entry by entry")
    n = ndim(op.result)
    if not all(is_number(v.kind) or isinstance(v.kind, Static) for v in op.operands):
        raise NotBatched("an operand that is no number")
    operands = [widened(batch, b, v, n) if is_number(v.kind) else v for v in op.operands]
    count = len(op.positional)
    return b.call_named(VECTORISED.get(op.fn, op.fn), operands[:count], dict(zip(op.keywords, operands[count:])))


VECTORISED = {builtins.abs: np.abs, operator.abs: np.abs}


@handles(np.copy, np.ndarray.copy, np.zeros_like, np.ones_like, np.conjugate, np.real, np.imag,
         *named(np, "matrix_transpose"), *named(np.linalg, "matrix_transpose"))  # fmt: skip
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
    if is_complex_kind(value.kind) and not is_complex_kind(op.result.kind):
        raise NotBatched(op.fn)
    return batch.now(value)


@handles(backprose_runtime.checked_cotangent)
def _checked(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    """Of the shape that the directions have by themselves."""
    return batch.now(op.operands[0])


def is_complex_kind(kind: Kind) -> bool:
    return np.dtype(dtype_of(kind) or "complex128").kind == "c"


@handles(np.broadcast_to)
def _broadcast_to(batch: Batch, b: TypedBuilder, op: Op) -> Value:
    array, to = named_operands(batch, op, "array", "shape")
    return b.call(np.broadcast_to, widened(batch, b, array, ndim(op.result)), with_total(batch, b, to))


def with_total(batch: Batch, b: TypedBuilder, to: Value) -> Value:
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
        found = b.call(np.sum, found, axis=axes_value(b, range(1, extra + 1)))
    return found if n == 0 else b.call(backprose_runtime.sum_to, found, with_total(batch, b, to))


# Operands and options


def named_operands(batch: Batch, op: Op, *names: str) -> list[Value | None]:
    """The operands of these names, of which only the first may be stacked; others are refused."""
    args, keywords = bound(rule_for(op.fn), op)
    given = {**args, **keywords}
    given = {name: value for name, value in given.items() if name in AXES or not is_none(value)}
    if not given.keys() <= set(names) or any(isinstance(v, tuple) for v in given.values()):
        raise NotBatched(f"an option of {op.fn}")
    first, *others = (given.get(name) for name in names)
    if first is None or not batch.form(first) or any(v is not None and batch.form(v) for v in others):
        raise NotBatched(op.fn)
    return [first, *others]


AXES = frozenset({"axis", "axes"})  # where None is not the same as nothing


def is_none(value: Any) -> bool:
    return isinstance(value, Value) and isinstance(value.kind, Static) and value.kind.value is None


def static(b: TypedBuilder, value: Value | None, default: Any) -> Any:
    try:
        return default if value is None else b.static_value(value)
    except NotStatic:
        raise NotBatched("an option that is known at run time only") from None


def axes_value(b: TypedBuilder, axes: Iterable[int]) -> Value:
    axes = tuple(axes)
    return b.const(axes[0]) if len(axes) == 1 else b.tuple([b.const(i) for i in axes])


def behind(axis: int, n: int) -> int:
    """An axis of n, counted behind that of the directions."""
    return axis % n + 1 if n else axis
