"""What the reverse of a loop asks of shapes, asked of arrays from before the loop.

An array that a loop updates has the shape that it had before. So no shape, and no length, is kept for each iteration: it
is read of the version before the loop, or of the same part of that.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from backprose.analysis.kinds import is_basic
from backprose.analysis.versions import Versions
from backprose.ir.kinds import Array
from backprose.ir.nodes import Op, Region, Value


def asks_shape(op: Op) -> bool:
    """Whether the op reads no more of an array than its shape."""
    if not op.operands or not isinstance(op.operands[0].kind, Array):
        return False
    if op.name == "getattr":
        return op.attrs["name"] in ("shape", "size")
    return op.name == "call" and len(op.operands) == 1 and op.fn in (np.zeros_like, len)


def otherwise_read(region: Region) -> set[Value]:
    """The values of which the region reads more than their shape."""
    read = set(region.results)
    for op in region.ops:
        if not asks_shape(op):
            read.update(op.operands)
        for inner in op.regions:
            read |= otherwise_read(inner)
    return read


def ask_outside(region: Region, own: Collection[Value], read: Collection[Value], versions: Versions) -> Region:
    """The reverse region asking no shapes of `own` values, of which it reads more than the shape only where in `read`."""
    ops: list[Op] = []
    for op in region.ops:
        op = replace(op, regions=tuple(ask_outside(r, own, read, versions) for r in op.regions))
        is_part = op.fn is operator.getitem and op.result not in read and isinstance(op.operands[0].kind, Array)
        if (is_part or asks_shape(op)) and op.operands[0] in own:
            array, rest = op.operands[0], op.operands[1:]
            outer = versions.outside(array, own)
            part = _part_outside(array, own, versions) if outer is array and not is_part else None
            ops += [part] if part else []
            op = replace(op, operands=(part.result if part else outer, *rest))
        ops.append(op)
    return replace(region, ops=tuple(ops))


def _part_outside(array: Value, own: Collection[Value], versions: Versions) -> Op | None:
    """The op that reads a part of the shape of `array` of a version from outside, if it is a part of an array."""
    made = versions.made.get(array)
    if made is None or made.fn is not operator.getitem or not is_basic(made.operands[1].kind):
        return None
    whole = versions.outside(made.operands[0], own)
    if whole in own or not isinstance(whole.kind, Array):
        return None
    loc = made.loc.reversed() if made.loc else None
    return replace(made, operands=(whole, made.operands[1]), results=(Value("", array.kind),), loc=loc)


def asking_outside(definitions: Mapping[Value, Op], own: Collection[Value], versions: Versions) -> dict[Value, Op]:
    """The definitions with questions about shapes that can be asked again in the reverse sweep."""
    return {
        value: replace(op, operands=(versions.outside(op.operands[0], own),)) if asks_shape(op) else op
        for value, op in definitions.items()
    }
