"""What is added to an array of zeros is summed first, and stored there once.

    x_bar = np.zeros_like(x)                  x_bar = np.zeros_like(x)
    x_bar[:-1] += u                           x_bar[:-1] = u + v
    x_bar[:-1] += v                           x_bar[1:] += w
    x_bar[1:] += w

The first share of a part is stored, further ones of the same part are added to it before. What covers the whole array is
the array. The sums are the same, in the same order, as 0 + u is u (but for the sign of a zero). A share joins another only
if no share of a part that may overlap came between, for then the order would change.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of
from backprose.analysis.regions import Area, area
from backprose.analysis.shapes import Shapes
from backprose.ir.kinds import MANY, ONE, Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, rename, substitute, use_counts
from backprose.transform.typed import TypedBuilder

ZEROS = frozenset({np.zeros_like, np.zeros})


@dataclass(frozen=True)
class Share:
    """What some updates of a part add to it: `first` is the op that adds first, `last` the one that adds last."""

    area: Area
    updates: tuple[Op, ...]
    is_store: bool  # the part was zero before

    @property
    def last(self) -> Op:
        return self.updates[-1]


def sum_first(fn: Function) -> Function:
    """Store what is the first to be added to its part of an array of zeros."""
    if not any(op.fn is backprose_runtime.add_at for op in all_ops(fn.region)):
        return fn
    walk = _Walk(fn)
    region = walk.region(fn.region)
    return replace(fn, region=rename(substitute(region, walk.whole_mapping()), walk.names))


class _Walk:
    def __init__(self, fn: Function):
        self.made = {v: op for op in all_ops(fn.region) for v in op.results}
        self.counts: Counter[Value] = use_counts(fn.region)
        self.shapes = Shapes(self.made)
        self.mapping: dict[Value, Value] = {}  # what is no array of zeros any more
        self.names: dict[Value, str] = {}  # of what takes its place

    def whole_mapping(self) -> dict[Value, Value]:
        found = {}
        for value in self.mapping:
            target = self.mapping[value]
            while target in self.mapping:
                target = self.mapping[target]
            found[value] = target
        return found

    def region(self, region: Region) -> Region:
        ops = [replace(op, regions=tuple(map(self.region, op.regions))) if op.regions else op for op in region.ops]
        after = {op.operands[0]: op for op in ops if op.fn is backprose_runtime.add_at}
        for zeros in [op for op in ops if op.fn in ZEROS and op.is_derivative]:
            if chain := self.chain(zeros.result, after):
                ops = self.summed(ops, zeros, self.shares(zeros, chain))
        return Region(region.params, tuple(ops), region.results)

    def chain(self, buffer: Value, after: Mapping[Value, Op]) -> list[Op]:
        """The additions to the buffer, one after the other, as long as nobody sees what is in between."""
        found: list[Op] = []
        while self.counts[buffer] == 1 and buffer in after:
            op = after[buffer]
            if not op.is_derivative or not isinstance(buffer.kind, Array) or not buffer.kind.axes:
                break
            found.append(op)
            buffer = op.result
        return found

    def shares(self, zeros: Op, chain: list[Op]) -> list[Share]:
        """The shares in the order in which they are complete."""
        shares: list[Share] = []
        for op in chain:
            _, index, value, *path = op.operands
            part = area(index, path, self.made)
            exact = adds_exactly(value, zeros.result)
            joined = next((k for k, s in enumerate(shares) if s.is_store and s.area.is_same(part)), None)
            if joined is not None and exact and all(s.area.is_apart(part) for s in shares[joined + 1 :]):
                updates = shares.pop(joined).updates
                shares.append(Share(part, (*updates, op), True))
            else:
                is_first = exact and part.distinct and all(s.area.is_apart(part) for s in shares)
                shares.append(Share(part, (op,), is_first))
        return shares

    def summed(self, ops: list[Op], zeros: Op, shares: list[Share]) -> list[Op]:
        """The ops with the shares summed and stored."""
        if not any(s.is_store for s in shares):
            return ops
        share_of = {op: share for share in shares for op in share.updates}
        sums: dict[Share, Value] = {}
        buffer, out = zeros.result, []
        for op in ops:
            share = share_of.get(op)
            if share is None:
                out.append(op)
                continue
            b = TypedBuilder(op.loc)
            value = op.operands[2]
            sums[share] = b.call(operator.add, sums[share], value) if share in sums else value
            if op is share.last:
                final = op is shares[-1].last
                buffer = self.finished(b, share, buffer, sums[share], op.result if final else None)
            out += b.ops
            self.made.update((v, made) for made in b.ops for v in made.results)
        return out

    def finished(self, b: TypedBuilder, share: Share, buffer: Value, value: Value, result: Value | None) -> Value:
        """The buffer with the share in it. `result` is the value that it has to be, if it is the last one."""
        _, index, _, *path = share.last.operands
        if share.is_store and share.area.is_whole and (whole := self.whole(b, share.area, buffer, value)) is not None:
            if result is not None:
                self.mapping[result] = whole
            return whole
        result = result or Value(share.last.result.name, share.last.result.kind)
        if share.is_store:
            operands, fn = (buffer, without_spread(value, self.made), *path, index), backprose_runtime.set_at
        else:
            operands, fn = (buffer, index, value, *path), backprose_runtime.add_at
        b.op("call", operands, [result], fn=fn, keywords=(), method=None)
        return result

    def whole(self, b: TypedBuilder, part: Area, buffer: Value, value: Value) -> Value | None:
        """What is stored in all of the buffer, if it has evidently the buffer's shape: the buffer itself."""
        if not isinstance(value.kind, Array) or value.kind.dtype != buffer.kind.dtype:
            return None
        if part.added:
            axes = tuple(axis for i, axis in enumerate(value.kind.axes) if i not in part.added)
            added = b.const(part.added[0]) if len(part.added) == 1 else b.tuple([b.const(i) for i in part.added])
            is_whole = fills(axes, buffer.kind.axes)
            return b.call(np.squeeze, value, added, kind=buffer.kind, name=buffer.name) if is_whole else None
        if not fills(value.kind.axes, buffer.kind.axes) and not self.shapes.is_reached(value, buffer):
            return None
        self.names.setdefault(value, buffer.name)
        return value


def without_spread(value: Value, made: Mapping[Value, Op]) -> Value:
    """What is spread to the shape of a part: storing it there spreads it anyway."""
    spread = made.get(value)
    return spread.operands[0] if spread is not None and spread.fn is np.broadcast_to else value


def fills(axes: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether what has these axes and can be spread to the wanted ones has them already: an axis that is not 1 is spread
    no further."""
    return len(axes) == len(wanted) and all(axis == MANY or axis == of == ONE for axis, of in zip(axes, wanted))


def adds_exactly(value: Value, buffer: Value) -> bool:
    """Whether shares like the value may be summed before they are added: nothing is cast on the way."""
    dtype, wanted = dtype_of(value.kind), dtype_of(buffer.kind)
    return dtype == wanted or (dtype == "float" and wanted == "float64")
