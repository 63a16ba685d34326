"""Results of a gradient own their memory: they never alias an argument, a constant or each other."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Mapping
from dataclasses import replace

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, ndim_of
from backprose.analysis.ownership import Ownership, allocates, ownership
from backprose.ir.kinds import Array, List, Number, Scalar, Static
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import free_values, rename, use_counts
from backprose.transform.typed import TypedBuilder

WHOLE_VIEWS = frozenset(
    {np.flip, np.flipud, np.fliplr, np.transpose, np.swapaxes, np.reshape, np.expand_dims, np.squeeze}
)  # fmt: skip
CONTAINERS = ("tuple", "list", "dict", "record")


def own_results(fn: Function) -> Function:
    """Copy each result that may share memory with something else.

    `fn.attrs["owned"]` is the path to the gradients.
    """
    path = fn.attrs.get("owned")
    if path is None:
        return fn
    owned = ownership(replace(fn, region=_telling(fn.region)), lambda op: False)
    made = {v: op for op in fn.ops for v in op.results}
    b = TypedBuilder(fn.ops[-1].loc if fn.ops else fn.loc)
    counts = use_counts(fn.region)
    taken: list[Value] = []

    def own(value: Value) -> Value:
        op = made.get(value)
        if op is not None and op.name in CONTAINERS:
            items = op.operands
            fresh = tuple(own(v) if not (op.name == "dict" and i % 2 == 0) else v for i, v in enumerate(items))
            return value if fresh == items else _rebuilt(b, op, fresh)
        if not isinstance(value.kind, (Array, Number, List)):
            return value
        whole = _whole(value, made, counts)
        if isinstance(value.kind, List):
            fresh = _collects_fresh(value, made, owned)
        else:
            fresh = owned.is_fresh(whole) or _yields_fresh(value, made, owned, counts)
        shared = not fresh or any(owned.may_share(whole, other) for other in taken)
        again = whole in taken  # a copy of `x_bar` needs no name of its own
        taken.append(whole)
        return copied(b, value, made, "" if again else value.name) if shared else value

    result = _at(fn.result, path, made, own, b)
    region = Region(fn.params, (*fn.ops, *b.ops), (result,)) if b.ops else fn.region
    named = _name_shared(region, path, fn.attrs.get("gradients", ()))
    return fn if named is fn.region else replace(fn, region=named)


def _telling(region: Region) -> Region:
    """The region with those ops alone that tell whose memory its results are: what is behind a new array does not."""
    asked = set(region.results)
    ops: list[Op] = []
    for op in reversed(region.ops):
        if not asked.isdisjoint(op.results):
            ops.append(op)
            if not (op.name == "call" and isinstance(op.result.kind, Array) and allocates(op)):
                asked.update(op.operands, free_values(*op.regions))
    return Region(region.params, tuple(reversed(ops)), region.results)


def _whole(value: Value, made: Mapping[Value, Op], counts: Mapping[Value, int]) -> Value:
    """What the value is a view of, all of it, where nothing else reads that: it need not be copied."""
    while (op := made.get(value)) is not None and op.fn in WHOLE_VIEWS and counts[op.operands[0]] <= 1:
        value = op.operands[0]
    return value


def _yields_fresh(value: Value, made: Mapping[Value, Op], owned: Ownership, counts: Mapping[Value, int]) -> bool:
    """Whether the value is what each branch of an `if` allocates, or a view of all of that."""
    op = made.get(value)
    if op is None or op.name != "if":
        return False
    for region in op.regions:
        item = region.results[op.results.index(value)]
        whole = _whole(item, {v: inner for inner in region.ops for v in inner.results}, counts)
        others = [v for v in region.results if v is not item]
        if region.results.count(item) > 1 or not owned.is_fresh(whole) or any(owned.may_share(whole, v) for v in others):
            return False
    return True


def _name_shared(region: Region, path: tuple[int, ...], names: tuple[str, ...]) -> Region:
    """Name the gradients that are read more than once, as by the copy for an equal one: they become variables."""
    made = {v: op for op in region.ops for v in op.results}
    value = region.results[0]
    for i in path:
        value = made[value].operands[i] if value in made and made[value].name == "tuple" else value
    leaves = (value,) if len(names) == 1 else made[value].operands if value in made else ()
    counts = use_counts(region)
    shared = {}
    for leaf, name in zip(leaves, names):
        op = made.get(leaf)
        if op is not None and op.name == "call" and op.in_reverse and counts[leaf] > 1:
            shared.setdefault(leaf, name)
    return rename(region, shared)


def _collects_fresh(value: Value, made: dict[Value, Op], owned: Ownership) -> bool:
    """Whether the value is a list, sliced or joined, of what each iteration of a loop allocates anew."""
    op = made.get(value)
    if op is not None and op.fn is backprose_runtime.zeros_like:
        return True
    if op is not None and op.fn is operator.concat:
        return all(_collects_fresh(v, made, owned) for v in op.operands)
    if op is not None and op.fn is operator.getitem and isinstance(op.operands[0].kind, List):
        return _collects_fresh(op.operands[0], made, owned)
    if op is None or op.name not in ("for", "while") or value not in op.collected_results:
        return False
    inside = {v: inner for inner in op.body.ops for v in inner.results}
    item = op.collects[op.collected_results.index(value)]
    parts = list(_parts(item, inside))
    others = [v for v in op.body.results if v is not item]
    separate = owned.is_separate(value)  # also what a branch or a loop inside yields is new in each iteration
    return all(
        v in inside and (separate or inside[v].name == "call") and owned.is_fresh(v)
        and not any(owned.may_share(v, w) for w in (*parts[:i], *others))
        for i, v in enumerate(parts)
    )  # fmt: skip


def _parts(item: Value, inside: Mapping[Value, Op]) -> Iterator[Value]:
    """What holds memory in an item that may be a container."""
    op = inside.get(item)
    if op is not None and op.name in CONTAINERS:
        for v in op.operands[1::2] if op.name == "dict" else op.operands:
            yield from _parts(v, inside)
    elif not isinstance(item.kind, (Scalar, Static)):
        yield item


def _at(value: Value, path: tuple[int, ...], made: dict[Value, Op], own, b: TypedBuilder) -> Value:
    """`own` applied to the part of the result that `path` leads to."""
    if not path:
        return own(value)
    op = made.get(value)
    if op is None or op.name != "tuple":
        return value
    items = list(op.operands)
    items[path[0]] = _at(items[path[0]], path[1:], made, own, b)
    return value if tuple(items) == op.operands else _rebuilt(b, op, tuple(items))


def _rebuilt(b: TypedBuilder, op: Op, operands: tuple[Value, ...]) -> Value:
    fresh = Value(op.result.name, op.result.kind)
    b.add(replace(op, operands=operands, results=(fresh,)))
    return fresh


def copied(b: TypedBuilder, value: Value, made: Mapping[Value, Op], name: str, keeps_layout: bool = False) -> Value:
    """A copy; of a broadcast scalar, an array filled with it. `keeps_layout`: a reshape of it is a view if one of the array is."""
    op = made.get(value)
    if op is not None and is_filling(op):
        scalar, shape = op.operands
        dtype = dtype_of(value.kind)
        extra = () if dtype == dtype_of(scalar.kind) or dtype == "float64" else (b.data(np.dtype(dtype).type),)
        return b.call(np.full, shape, scalar, *extra, kind=value.kind, name=name)
    if isinstance(value.kind, Array) and not value.kind.axes:  # a cotangent without axes may be a scalar
        return b.call(np.array, value, kind=value.kind, name=name)
    if isinstance(value.kind, Array):
        order = {"order": b.const("K")} if keeps_layout and value.kind.ndim > 1 else {}
        return b.call(np.ndarray.copy, value, kind=value.kind, name=name, method="copy", **order)
    return b.call(backprose_runtime.copy_of, value, kind=value.kind, name=name)


def is_filling(op: Op) -> bool:
    """Whether the op broadcasts a scalar."""
    return op.fn is np.broadcast_to and ndim_of(op.operands[0].kind) == 0
