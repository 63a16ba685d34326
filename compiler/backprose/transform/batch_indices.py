"""What reading and storing at an index mean for stacks of directions: a `:` comes before the index."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, is_number, ndim_of
from backprose.ir.kinds import Array, FixedList, Kind, List, Slice, Static, Tuple
from backprose.ir.nodes import Op, Value
from backprose.transform.batch_calls import (
    NotBatched, handles, widened,
)  # fmt: skip
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.batch import Batch


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
    part = b.call(operator.getitem, batch.now(array), _index(batch, b, index))
    if array in batch.stored and ndim_of(op.result.kind) == 0 and ndim_of(part.kind) != 0:
        return b.call(np.ndarray.copy, part, method="copy")  # lest the whole array be copied when it is stored over
    return part


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
