"""Walking and copying IR: nested ops, free values, use counts, clones with substitution."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping

from backprose.ir.nodes import Op, Region, Value


def all_ops(region: Region) -> Iterator[Op]:
    """Every op of the region and of the regions nested in it, outer before inner."""
    for op in region.ops:
        yield op
        if op.regions:
            for inner in op.regions:
                yield from all_ops(inner)


def made_by(ops: Iterable[Op]) -> Iterator[Value]:
    """The results of the ops and of those nested in them."""
    for op in ops:
        yield from op.results
        for inner in op.regions:
            yield from made_by(inner.ops)


def defined_values(region: Region) -> set[Value]:
    """Every value defined in the region or nested in it."""
    values = set(region.params)
    for op in all_ops(region):
        values.update(op.results)
        for inner in op.regions:
            values.update(inner.params)
    return values


def free_values(*regions: Region) -> dict[Value, None]:
    """Values read in the regions but defined outside them, in order of first reading."""
    free: dict[Value, None] = {}
    for region in regions:
        _free(region, set(), free)
    return free


def _free(region: Region, bound: set[Value], free: dict[Value, None]) -> None:
    bound = bound | set(region.params)
    for op in region.ops:
        for value in op.operands:
            if value not in bound:
                free[value] = None
        for inner in op.regions:
            _free(inner, bound, free)
        bound.update(op.results)
    for value in region.results:
        if value not in bound:
            free[value] = None


def use_counts(region: Region) -> Counter[Value]:
    """How often each value is read, as an operand or a yield, anywhere in the region."""
    read: list[Value] = list(region.results)
    for op in all_ops(region):
        read += op.operands
        for inner in op.regions:
            read += inner.results
    return Counter(read)


def substitute(region: Region, mapping: Mapping[Value, Value]) -> Region:
    """The region with reads replaced by `mapping`; definitions stay."""
    if not mapping:
        return region
    ops = tuple([substitute_op(op, mapping) for op in region.ops])
    results = tuple([mapping.get(v, v) for v in region.results])
    unchanged = ops == region.ops and results == region.results
    return region if unchanged else Region(region.params, ops, results)


def substitute_op(op: Op, mapping: Mapping[Value, Value]) -> Op:
    operands = tuple([mapping.get(v, v) for v in op.operands])
    return op.reading(operands, tuple([substitute(r, mapping) for r in op.regions]) if op.regions else ())


def rename(region: Region, names: Mapping[Value, str]) -> Region:
    """The region with temporaries that `names` lists given these names."""
    temporaries = {v: name for v, name in names.items() if not v.name}
    defined = defined_values(region) if temporaries else ()
    mapping = {v: Value(name, v.kind) for v, name in temporaries.items() if v in defined}
    return redefine(region, mapping) if mapping else region


def redefine(region: Region, mapping: Mapping[Value, Value]) -> Region:
    """The region with other values in the place of these, where they are defined and where they are read."""

    def new(values: tuple[Value, ...]) -> tuple[Value, ...]:
        return tuple([mapping.get(v, v) for v in values])

    ops: list[Op] = []
    for op in region.ops:
        regions = tuple([redefine(r, mapping) for r in op.regions]) if op.regions else ()
        results = new(op.results)
        same = results == op.results
        ops.append((op if same else op.giving(results)).reading(new(op.operands), regions))
    return Region(new(region.params), tuple(ops), new(region.results))


def clone(
    region: Region, mapping: dict[Value, Value], edit: Callable[[Op], Op] | None = None
) -> Region:
    """A copy of the region with new definitions; `mapping` gives (and receives) what reads become.

    `edit` may change each copied op's attributes or location.
    """
    params = tuple(_fresh(v, mapping) for v in region.params)
    ops = tuple(clone_op(op, mapping, edit) for op in region.ops)
    return Region(params, ops, tuple(mapping.get(v, v) for v in region.results))


def clone_op(op: Op, mapping: dict[Value, Value], edit: Callable[[Op], Op] | None = None) -> Op:
    operands = tuple([mapping.get(v, v) for v in op.operands])
    regions = tuple([clone(r, mapping, edit) for r in op.regions])
    results = tuple([_fresh(v, mapping) for v in op.results])
    copy = Op(op.name, operands, results, op.attrs, regions, op.loc)
    return edit(copy) if edit else copy


def _fresh(value: Value, mapping: dict[Value, Value]) -> Value:
    # A value the caller mapped beforehand is bound to that, which is how parameters are tied.
    if value in mapping:
        return mapping[value]
    mapping[value] = Value(value.name, value.kind)
    return mapping[value]
