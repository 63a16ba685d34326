"""An elementwise operation of the reverse sweep is carried out in the memory of an operand that nobody reads any more.

    t *= 200                              t3 = 200 * t
    u = np.subtract(e, w, out=e)          u = e - w

Fresh memory is what an array of more than some 100 kB costs most: the system hands it out page by page. For small arrays
it makes no difference. NumPy itself reuses what has no name in an expression. So that expressions stay as a person writes
them, only operations count whose operand has a variable (it is read more than once, or was computed by the forward sweep;
a vector that the user named is left as it is), and whose result has one too, or is all that is added to a buffer. An
operand is marked here (the attribute `into`), where it is owned, has the result's shape and dtype, and is read for the last
time; whether it can be written to is proved again when the text is printed. Arrays on a GPU have a pool of memory, and are
left alone.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace

import numpy as np

from backprose.analysis.kinds import is_complex
from backprose.analysis.ownership import is_update
from backprose.analysis.rotations import apart
from backprose.analysis.shapes import Shapes
from backprose.analysis.updates import Later
from backprose.ir.kinds import MANY, ONE, Array
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, use_counts

COMMUTATIVE = frozenset({operator.add, operator.mul})
SUMS = frozenset({operator.add, operator.sub})
BINARY = COMMUTATIVE | {operator.sub, operator.truediv}
UNARY = frozenset({np.exp, np.log, np.sqrt, np.sin, np.cos, np.tanh, np.square})


def reuse_buffers(fn: Function) -> Function:
    """Mark operands in whose memory an operation may write its result."""
    candidates = [op for op in all_ops(fn.region) if op.in_reverse and _is_elementwise(op)]
    return _reused(fn, candidates, _Dying) if candidates else fn


def reuse_in_tiles(fn: Function) -> Function:
    """Carry out whole expressions in one array, in functions that are run tile by tile.

    What such a function computes is to stay in the cache, so it gets no memory that it can do without.
    """
    return _reused(fn, list(filter(_is_elementwise, fn.ops)), _DyingInTile) if "tile" in fn.attrs else fn


def _reused(fn: Function, candidates: list[Op], kind: type[_Dying]) -> Function:
    walk = kind(fn, candidates)
    walk.region(fn.region, set())
    return replace(fn, region=_marked(fn.region, walk.chosen(), walk.counts)) if walk.dying else fn


def _is_elementwise(op: Op) -> bool:
    if op.name != "call" or op.attrs["keywords"] or "into" in op.attrs or not isinstance(op.result.kind, Array):
        return False
    kind = op.result.kind
    if not kind.axes or kind.device or not kind.dtype.startswith(("float", "complex")):
        return False
    return op.fn in BINARY or op.fn in UNARY or op.fn is operator.neg


class _Dying(Later):
    """The walk backwards that finds which operands are read for the last time."""

    def __init__(self, fn: Function, candidates: Collection[Op]):
        super().__init__(apart(fn))
        self.candidates = frozenset(candidates)
        self.made = {v: op for op in all_ops(fn.region) for v in op.results}
        self.counts: Counter[Value] = use_counts(fn.region)
        self.shapes = Shapes(self.made)
        sums = [op for op in self.made.values() if op.in_reverse and op.fn in SUMS]
        self.added = {op.operands[1] for op in sums if op.operands[0].name == op.result.name != ""}
        self.dying: dict[Op, list[int]] = {}

    def look(self, op: Op, live: set[Value]) -> None:
        if op in self.candidates and self.stands_alone(op):
            operands = enumerate(op.operands)
            places = [k for k, v in operands if self.has_variable(v) and self.is_last(v, live) and self.may_hold(v, op)]
            if places:
                self.dying[op] = places

    def is_last(self, value: Value, live: set[Value]) -> bool:
        return self.owned.is_fresh(value) and not self.owned.sharing(value, live)

    def may_hold(self, value: Value, op: Op) -> bool:
        """Whether the result has evidently the shape and dtype of the operand, to which all others are spread."""
        kind, result = value.kind, op.result.kind
        if not isinstance(kind, Array) or kind.dtype != result.dtype or kind.ndim != result.ndim or kind.device:
            return False
        return all(self.is_spread_to(v, value) for v in op.operands if isinstance(v.kind, Array))

    def is_spread_to(self, other: Value, value: Value) -> bool:
        """An axis that is not 1 is as long as any other that is spread with it."""
        pairs = list(zip(reversed(value.kind.axes), reversed(other.kind.axes)))
        if other.kind.ndim <= value.kind.ndim and all(a == MANY or b == ONE for a, b in pairs):
            return True
        mine, its = self.shapes.keys(value), self.shapes.keys(other)
        lengths = zip(pairs, reversed(mine), reversed(its))
        return len(its) <= len(mine) and all(a == MANY or b == ONE or x == y for (a, b), x, y in lengths)

    def chosen(self) -> dict[Op, int]:
        """For each operation the place of the operand that it overwrites; the first of them if there are two."""
        return {op: places[0] for op, places in self.dying.items()}

    def stands_alone(self, op: Op) -> bool:
        """Whether the result has a variable, or is added to a buffer as it is."""
        return self.counts[op.result] > 1 or op.result.name != "" or op.result in self.added

    def has_variable(self, value: Value) -> bool:
        """Whether the operand has a variable; the user's count where they are large, as only arrays with several axes may be
        expected to be."""
        op = self.made.get(value)
        if op is None or op.name != "call" or not isinstance(value.kind, Array):
            return False
        return self.counts[value] > 1 if op.in_reverse else not is_update(op) and (not value.name or value.kind.ndim > 1)


class _DyingInTile(_Dying):
    """The same, where it counts for nothing how many lines the text has."""

    def stands_alone(self, op: Op) -> bool:
        return True

    def has_variable(self, value: Value) -> bool:
        return value in self.made and isinstance(value.kind, Array)


def _marked(region: Region, into: Mapping[Op, int], counts: Mapping[Value, int]) -> Region:
    """The region with the operands that are written to, and whether the result is called otherwise (`renames`).

    It is where the operand has a name, and where a factor that is read elsewhere as well would be called what only the
    product is; of a sum that may be said of the first term.
    """
    ops = []
    for op in region.ops:
        place = into.get(op)
        if place is not None:
            buffer, name = op.operands[place], op.result.name
            renames = buffer.name != name and (buffer.name != "" or (counts[buffer] > 1 and op.fn not in SUMS))
            commutes = op.fn in COMMUTATIVE and not is_complex(op.result.kind)  # a product of complex numbers has other last bits
            first = op.operands[::-1] if place == 1 and commutes else op.operands
            place = 0 if commutes else place
            op = replace(op, operands=first, attrs={**op.attrs, "into": place, "renames": renames})
        ops.append(replace(op, regions=tuple(_marked(r, into, counts) for r in op.regions)) if op.regions else op)
    return replace(region, ops=tuple(ops))
