"""Buffers that a reverse loop hands round change their names at the top of its body.

The reverse of `u, v = v, u` comes first in an iteration. Without it, what is in `u_bar` would be updated under the name
of `v_bar`, and the names exchanged piece by piece.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from backprose.analysis.ownership import buffer_of, is_update
from backprose.ir.kinds import Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import substitute


def turn_first(function: Function) -> Function:
    """Begin the bodies of reverse loops that hand buffers round with the exchange of their names.

    It is written as ops `same`, which only code generation knows.
    """
    region = _visit(function.region)
    return function if region is function.region else replace(function, region=region)


def _visit(region: Region) -> Region:
    ops = [op.reading(op.operands, tuple(map(_visit, op.regions))) if op.regions else op for op in region.ops]
    turned = tuple([_turned(op) if op.name == "for" and op.in_reverse else op for op in ops])
    return region if turned == region.ops else Region(region.params, turned, region.results)


def _turned(op: Op) -> Op:
    made = {v: inner for inner in op.body.ops for v in inner.results}
    places = {param: k for k, param in enumerate(op.carried)}
    arrays = {k: value for k, value in enumerate(op.yields) if isinstance(value.kind, Array)}
    came = {k: places.get(_buffer(value, made), -1) for k, value in arrays.items()}
    moved = {k: start for k, start in came.items() if start != k and op.carried[k].name == op.yields[k].name != ""}
    if not moved or set(moved) != set(moved.values()) or len({op.carried[k].name for k in moved}) < len(moved):
        return op
    held = {k: Value(op.carried[k].name, op.carried[k].kind) for k in moved}
    turns = [Op("same", (op.carried[start],), (held[k],), {}, (), op.loc) for k, start in moved.items()]
    body = substitute(op.body, {op.carried[start]: held[k] for k, start in moved.items()})
    return replace(op, regions=(*op.regions[:-1], replace(body, ops=(*turns, *body.ops))))


def _buffer(value: Value, made: Mapping[Value, Op]) -> Value:
    """What the value was before the updates."""
    while value in made and is_update(made[value]):
        value = buffer_of(made[value])
    return value
