"""`stop_gradient` during inference, and its removal once everything is differentiated.

What it gives is its argument seen through a view of nothing but constants: the same memory, read without a derivative.
In the IR it is a call that carries no derivative, until no derivative can be asked for any more.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backprose_runtime import stop_gradient

from backprose.analysis.activity import carries_derivative
from backprose.ir.kinds import Dict, FixedList, Record, Static, Tuple
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops
from backprose.transform.binding import bind
from backprose.transform.places import container_like
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference
    from backprose.transform.memory import Memory


def _stop_gradient(
    engine: Inference, b: TypedBuilder, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any
) -> Value:
    (value,) = bind(b, "stop_gradient", inspect.signature(stop_gradient), args, keywords, loc)
    return _stopped(engine.memory, b, value)


HANDLERS = {stop_gradient: _stop_gradient}


def _stopped(memory: Memory, b: TypedBuilder, value: Value) -> Value:
    """The value as a constant; a container of known parts with each part as a constant."""
    kind = value.kind
    if isinstance(kind, Static) or not carries_derivative(kind):
        return value
    if not isinstance(kind, (Tuple, FixedList, Dict, Record)):
        return b.call(stop_gradient, value, kind=kind)
    parts = tuple(_stopped(memory, b, part) for part in b.items_of(value))
    made = container_like(b, kind, parts, value.name)
    if not _is_fixed(kind):
        memory.note_doubt(made, [value])  # it is the same container, of which a change would have to be seen in both
    return made


def _is_fixed(kind: Any) -> bool:
    """Whether the parts of a container can't be exchanged."""
    return isinstance(kind, Tuple) or (isinstance(kind, Record) and issubclass(kind.cls, tuple))


def drop_stops(function: Function) -> Function:
    """Put its argument in the place of each call of `stop_gradient`, which no derivative asks about any more."""
    if not any(op.fn is stop_gradient for op in all_ops(function.region)):
        return function
    return replace(function, region=_without_stops(function.region, {}))


def _without_stops(region: Region, mapping: dict[Value, Value]) -> Region:
    ops: list[Op] = []
    for op in region.ops:
        operands = tuple(mapping.get(v, v) for v in op.operands)
        if op.fn is stop_gradient:
            mapping[op.result] = operands[0]
        else:
            ops.append(op.reading(operands, tuple([_without_stops(r, mapping) for r in op.regions])))
    return Region(region.params, tuple(ops), tuple(mapping.get(v, v) for v in region.results))
