"""Lists whose arrays may lie in one piece of memory: `hs = History(len(xs))` instead of `hs = []`.

They are what an outermost loop of known length keeps for another loop, or hands over to a backward part. Whether the
arrays are large enough for it shows when it runs (`backprose_runtime.History`). In a loop within another one, or over the
few elements of a list, the question would cost more than the answer is worth.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping, Sequence

from backprose.analysis.activity import maybe_unbound
from backprose.codegen.folding import Folds
from backprose.ir.kinds import ONE, Array, Range, Slice
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops

SHORT = 3  # operations in an expression for a length that is written twice


def histories(function: Function, folds: Folds) -> dict[Value, Value]:
    """The lists that loops collect like that, with what the loop goes over: a `range`, or an array in a variable."""
    loops = list(_outermost(function.region))
    if not loops:
        return {}
    nothing = maybe_unbound(function.region)  # of some iterations there may be no array to keep
    found = {
        result: over for loop in loops if (over := _extent(loop, folds)) is not None
        for result, value in zip(loop.collected_results, loop.collects) if may_be_large(value) and value not in nothing
    }  # fmt: skip
    readers = readers_of(function.region) if found else {}
    return {value: over for value, over in found.items() if _only_gone_over(value, readers)}


def _outermost(region: Region) -> Iterator[Op]:
    """The loops of known length that are in no other loop and collect something."""
    for op in region.ops:
        if op.name == "for" and op.collected_results and not op.attrs["stops"]:
            yield op
        elif op.name in ("if", "with"):
            for inner in op.regions:
                yield from _outermost(inner)


def _extent(loop: Op, folds: Folds) -> Value | None:
    """The first of the iterables whose length can be had at once."""
    for iterable in loop.iterables:
        made = folds.folded.get(iterable)
        if made is None and isinstance(iterable.kind, Array):
            return iterable
        if made is not None and made.fn is range and _size(iterable, folds) <= SHORT and not _counts_items(made, folds):
            return iterable
    return None


def _counts_items(span: Op, folds: Folds) -> bool:
    """Whether the `range` goes up to the length of a list."""
    lengths = [made for v in span.operands if (made := folds.folded.get(v)) is not None and made.fn is len]
    return any(not isinstance(made.operands[0].kind, Array) for made in lengths)


def _size(value: Value, folds: Folds) -> int:
    """How many operations the value's expression is made of."""
    op = folds.folded.get(value)
    return 0 if op is None or op.name == "const" else 1 + sum(_size(v, folds) for v in op.operands)


def may_be_history(loop: Op, value: Value) -> bool:
    """Whether an outermost loop may keep the value in a history: an array, of a number of iterations that is not small."""
    many = any(isinstance(v.kind, (Array, Range)) for v in loop.iterables) and not loop.attrs["stops"]
    return many and may_be_large(value)


def may_be_large(value: Value) -> bool:
    """Whether the value is an array of numbers on the host."""
    kind = value.kind
    return isinstance(kind, Array) and not kind.device and kind.dtype != "object" and any(axis != ONE for axis in kind.axes)


def readers_of(region: Region) -> dict[Value, list[Op | None]]:
    """The ops that read each value, or that have it as a result of theirs; None where the function returns it."""
    found: dict[Value, list[Op | None]] = {v: [None] for v in region.results}
    for op in all_ops(region):
        for value in (*op.operands, *(v for inner in op.regions for v in inner.results)):
            found.setdefault(value, []).append(op)
    return found


def _only_gone_over(items: Value, readers: Mapping[Value, Sequence[Op | None]]) -> bool:
    """Whether nothing is done with the list but to go over it, or over a part of it, and to ask for its length."""
    return all(op is not None and _goes_over(op, items, readers) for op in readers.get(items, ()))


def _goes_over(op: Op, items: Value, readers: Mapping[Value, Sequence[Op | None]]) -> bool:
    if op.name == "if":
        merged = [result for region in op.regions for value, result in zip(region.results, op.results) if value is items]
        return all(_only_gone_over(result, readers) for result in merged)
    if op.name == "for":
        return items in op.iterables and items not in op.inits and all(items not in r.results for r in op.regions)
    if op.fn is operator.getitem:
        return op.operands[0] is items and isinstance(op.operands[1].kind, Slice)
    if "residuals" in op.attrs:
        return True  # the backward part goes over it
    return op.fn is reversed or op.fn is len
