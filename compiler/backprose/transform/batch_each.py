"""A call that has no meaning for stacks of directions: it goes over the directions alone, between ops that need not.

`np.stack([np.kron(a, b_dot_1) for b_dot_1 in b_dot])` costs what single sweeps pay for this one call; what stands before
and behind it is done for all directions at once.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import backprose_runtime
import numpy as np

from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import dtype_of, is_number, ndim_of
from backprose.ir.kinds import Array, Kind, List, Scalar, Static
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import substitute_op
from backprose.rules.registry import has_effect, is_context
from backprose.transform.batch_calls import NotBatched
from backprose.transform.batch_forms import container, form_of, stacked
from backprose.transform.paths import CONTAINERS, keys_of, part
from backprose.transform.typed import TypedBuilder, typed_call

if TYPE_CHECKING:
    from backprose.transform.batch import Batch


def call_each(batch: Batch, b: TypedBuilder, op: Op) -> None:
    """Build a loop over directions around the op, which is a call."""
    if has_effect(op.fn) or is_context(op.fn):
        raise NotBatched(op.fn)
    inner = b.nested()
    iterables: list[Value] = []
    items: list[Value] = []
    operands = {v: _one(batch, b, inner, v, iterables, items) for v in dict.fromkeys(op.operands)}
    result = Value("", op.result.kind)
    made = substitute_op(op, operands)
    inner.add(Op(made.name, made.operands, (result,), made.attrs, (), made.loc))
    found = list(_numbers(inner, result))
    lists = [Value("", List(v.kind)) for v in found]
    body = Region(tuple(items), tuple(inner.ops), tuple(found))
    b.op("for", iterables, lists, [body], iterables=len(items), collected=len(found), stops=False)
    stacks = iter([_stacked(batch, b, v, source.kind) for v, source in zip(lists, found)])
    batch.put(b, op.result, _whole(b, op.result.kind, stacks), form_of(op.result.kind))


def _one(
    batch: Batch, b: TypedBuilder, inner: TypedBuilder, value: Value, iterables: list[Value], items: list[Value]
) -> Value:
    """The value for one direction: what is stacked becomes an iterable of the loop and its item."""
    form = batch.form(value)
    if not stacked(form):
        return batch.now(value)
    if isinstance(value.kind, CONTAINERS):
        parts = list(batch.parts(b, value))
        return container(inner, value.kind, [_one(batch, b, inner, v, iterables, items) for v in parts])
    if not is_number(value.kind) or ndim_of(value.kind) is None or dtype_of(value.kind) is None:
        raise NotBatched("a list of unknown length")
    now = batch.now(value)
    any_length = replace(now.kind, lengths=(None, *now.kind.lengths[1:]))
    iterables.append(typed_call(b, backprose_runtime.each, (now,), any_length))
    if ndim_of(value.kind):
        items.append(Value(value.name, value.kind))
        return items[-1]
    items.append(Value(value.name, Scalar(np.dtype(dtype_of(value.kind)).name)))
    return inner.call(np.asarray, items[-1], kind=value.kind) if isinstance(value.kind, Array) else items[-1]


def _numbers(b: TypedBuilder, value: Value) -> Iterator[Value]:
    """The numbers in a result."""
    if isinstance(value.kind, CONTAINERS):
        for key in keys_of(value.kind):
            yield from _numbers(b, part(b, value, (key,)))
    elif carries_derivative(value.kind) and is_number(value.kind):
        if ndim_of(value.kind) is None or dtype_of(value.kind) is None:
            raise NotBatched("a number of unknown kind")
        yield value
    elif value.kind != Static(None):
        raise NotBatched("a result that is no number")


def _stacked(batch: Batch, b: TypedBuilder, items: Value, kind: Kind) -> Value:
    """The stack of what the loop has collected, none of it if there is no direction."""
    wanted = batch.kind(kind, True)
    stack = typed_call(b, np.stack if wanted.ndim > 1 else np.array, (items,), wanted)
    return typed_call(b, operator.getitem, (stack, b.call(slice, b.const(None), batch.total)), wanted)


def _whole(b: TypedBuilder, kind: Kind, stacks: Iterator[Value]) -> Value:
    """The stacks in the structure of the result."""
    if isinstance(kind, CONTAINERS):
        return container(b, kind, [_whole(b, k, stacks) for k in kind.items])
    return b.const(None) if kind == Static(None) else next(stacks)
