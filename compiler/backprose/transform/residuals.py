"""Residuals: values from inside a primal region that the reverse region reads.

`hand_out` rebuilds a branch so that it yields them; loops are in `reverse_loops.py`. In both, what can be recomputed
cheaply is, and where only the shape of an array is read, the shape is kept and not the array.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from backprose.analysis.kinds import dtype_of
from backprose.analysis.recording import Plan, plan
from backprose.analysis.versions import Versions
from backprose.ir.kinds import ANY, MANY, ONE, Array, Dim, List, Scalar, Static, Tuple, Unbound
from backprose.ir.nodes import Loc, Op, Region, Value
from backprose.ir.walk import clone_op, free_values, substitute
from backprose.transform.drop_dead import drop_dead_ops
from backprose.transform.evident_sums import drop_evident_sums
from backprose.transform.outer_shapes import ask_outside, asking_outside, asks_shape, contents_read, otherwise_read
from backprose.transform.typed import TypedBuilder


def definitions_in(region: Region) -> dict[Value, Op]:
    """The ops that define values of the region's own level, in order."""
    return {v: op for op in region.ops for v in op.results}


def own_values(region: Region) -> set[Value]:
    return {*region.params, *(v for op in region.ops for v in op.results)}


def needed_from(forward: Region, reverse: Region) -> list[Value]:
    own = own_values(forward)
    return [v for v in free_values(reverse) if v in own]


def repeat(reverse: Region, ops: Iterable[Op], mapping: Mapping[Value, Value] = {}) -> Region:  # noqa: B006 - read only
    """The reverse region with `ops` of the primal repeated before it; `mapping` says what their operands are now."""
    known = dict(mapping)
    copies = tuple(clone_op(op, known, in_reverse) for op in ops)
    return Region(reverse.params, (*copies, *substitute(reverse, known).ops), substitute(reverse, known).results)


def in_reverse(op: Op) -> Op:
    return replace(op, loc=op.loc.reversed() if op.loc else None)


def hand_out(
    op: Op, reverse: list[Region], b: TypedBuilder, unbound: set[Value], overwritten: Collection[Value],
    local: Collection[Value] | None = None,
) -> tuple[Op, list[Region]]:  # fmt: skip
    """An `if` or `with` whose regions also yield what the reverse regions, one for each, read from inside them.

    What is yielded by one of several regions is added to `unbound`, of which nothing can be asked behind the op.

    What they read all of, and is `overwritten` later, is copied there, where that is needed; unless it comes from outside
    the innermost loop (it is not `local`), where one copy serves all iterations.
    """
    results, regions = list(op.results), list(op.regions)
    out = [drop_dead_ops(drop_evident_sums(r, forward)) for r, forward in zip(reverse, regions)]
    for i in range(len(regions)):
        regions[i], out[i] = keep_elements(regions[i], out[i], unbound)
        regions[i], out[i] = keep_shapes(regions[i], out[i], unbound, b.versions)
        own = own_values(regions[i])
        copied = {v for v in free_values(out[i]) if v in overwritten and v not in unbound and is_buffer(v)}
        from_outside = {v for v in copied if v not in own and (local is None or v in local)}
        regions[i], out[i] = keep_copies(regions[i], out[i], from_outside)
        own = own_values(regions[i])
        yielded = dict(zip(regions[i].results, op.results))
        needed = needed_from(regions[i], out[i])
        outside = {v: yielded[v] for v in own if v in yielded}
        whole = contents_read(out[i]) - own
        definitions = asking_outside(definitions_in(regions[i]), own, b.versions)
        choice: Plan = plan(
            needed, definitions, lambda v, own=own, y=outside: v not in own or v in y,
            lambda v, whole=whole: v in overwritten and v not in whole,
        )  # fmt: skip
        again = {v for op in choice.recompute for v in op.results}
        mapping = {v: result for v, result in outside.items() if v not in again}
        regions[i], copies = with_copies(regions[i], [v for v in choice.record if v in overwritten and v not in unbound and is_buffer(v)])
        for value in choice.record:
            mapping[value] = Value(value.name, value.kind)
            if value in unbound or len(regions) > 1:
                unbound.add(mapping[value])  # not there where another region ran
            results.append(mapping[value])
            kept = copies.get(value, value)
            regions = [_yield(r, kept if j == i else None, b) for j, r in enumerate(regions)]
        out[i] = repeat(out[i], choice.recompute, mapping)
    return replace(op, results=tuple(results), regions=tuple(regions)), out


def _yield(region: Region, value: Value | None, b: TypedBuilder) -> Region:
    """The region yielding one more value; nothing where it does not exist on this path."""
    if value is not None:
        return replace(region, results=(*region.results, value))
    nothing = Value("", Unbound())
    op = Op("unbound", (), (nothing,), {}, (), b.loc)
    return replace(region, ops=(*region.ops, op), results=(*region.results, nothing))


def keep_elements(forward: Region, reverse: Region, unbound: Collection[Value]) -> tuple[Region, Region]:
    """Where the reverse region reads no more than elements of a list, and its length, read them in the forward region.

    They are read as soon as they can be, so that a list that is updated in place need not be kept. What is read within
    a branch or a loop of the reverse region may not exist otherwise, so it is left there.
    """
    own, defined = own_values(forward), definitions_in(reverse)
    inside = {v for op in reverse.ops for v in free_values(*op.regions)}
    lists = {v for v in free_values(reverse) if v in own and isinstance(v.kind, List)}
    lists -= {*inside, *reverse.results, *unbound}
    reads = {op: v for op in reverse.ops for v in op.operands if v in lists}
    lists -= {v for op, v in reads.items() if not _reads_element(op, v, defined, reverse)}
    moved: dict[Any, Op] = {}
    mapping = {op.result: _moved(op, defined, moved) for op, v in reads.items() if v in lists}
    kept = tuple(op for op in reverse.ops if not (op.results and op.results[0] in mapping))
    ops = list(forward.ops)
    for op in moved.values():
        made = [i for i, other in enumerate(ops) if not set(op.operands).isdisjoint(other.results)]
        ops.insert(max(made, default=-1) + 1, op)
    return replace(forward, ops=tuple(ops)), substitute(replace(reverse, ops=kept), mapping)


def _reads_element(op: Op, items: Value, defined: Mapping[Value, Op], reverse: Region) -> bool:
    """Whether the op reads an element, a part or the length of the list, at a place that the forward region knows."""
    if op.fn is operator.getitem:
        return op.operands[0] is items and _is_known(op.operands[1], defined, reverse)
    return op.fn is len


def _is_known(value: Value, defined: Mapping[Value, Op], reverse: Region) -> bool:
    """Whether the forward region has the value too, or can have it: a constant, or a slice of what it has."""
    made = defined.get(value)
    if made is None:
        return value not in reverse.params
    return made.name == "const" or (made.fn is slice and all(_is_known(v, defined, reverse) for v in made.operands))


def _moved(op: Op, defined: Mapping[Value, Op], moved: dict[Any, Op]) -> Value:
    """The result of the op repeated in the forward region, with the constants that it reads; once for equal ones."""
    operands = tuple(_moved(defined[v], defined, moved) if v in defined else v for v in op.operands)
    key = (op.name, op.fn, operands, op.result.kind if op.name == "const" else None)
    if key not in moved:
        loc = replace(op.loc, sweep="") if op.loc else None
        moved[key] = replace(op, operands=operands, results=(Value(op.result.name, op.result.kind),), loc=loc)
    return moved[key].result


def keep_shapes(
    forward: Region, reverse: Region, unbound: Collection[Value], versions: Versions
) -> tuple[Region, Region]:
    """Where the reverse region reads no more than an array's shape, read the shape in the forward region, or outside.

    What may be `unbound` has no shape to read there.
    """
    own = own_values(forward)
    reverse = ask_outside(reverse, own, otherwise_read(reverse), versions)
    arrays = _shape_only(reverse, own) - set(unbound)
    if not arrays:
        return forward, reverse
    known = {(op.operands[0], _asked(op)): op for op in forward.ops if _asked(op) and op.operands[0] in arrays}
    kept = dict(known)
    edited = _with_shapes(reverse, arrays, kept)
    return _after_definitions(forward, [op for key, op in kept.items() if key not in known]), edited


def keep_copies(forward: Region, reverse: Region, among: Collection[Value]) -> tuple[Region, Region]:
    """The arrays `among` these that the reverse region reads all of are copied in the forward region for it."""
    read = contents_read(reverse)
    forward, copies = with_copies(forward, [v for v in free_values(reverse) if v in among and v in read])
    return forward, substitute(reverse, copies)


def with_copies(region: Region, arrays: Iterable[Value]) -> tuple[Region, dict[Value, Value]]:
    """The region also copying the arrays as soon as they are there, and the copies."""
    copies = {v: Value(v.name, v.kind) for v in arrays}
    attrs = {"fn": np.ndarray.copy, "keywords": (), "method": "copy"}
    made = [Op("call", (v,), (copy,), attrs, (), _loc_of(v, region)) for v, copy in copies.items()]
    return _after_definitions(region, made), copies


def is_buffer(value: Value) -> bool:
    """Whether the value is an array that can be updated in parts."""
    return isinstance(value.kind, Array) and bool(value.kind.axes)


def _loc_of(value: Value, region: Region) -> Loc | None:
    """Where the value is made or first read in the region."""
    return next((op.loc for op in region.ops if value in op.results or value in (*op.operands, *free_values(*op.regions))), None)


def _after_definitions(region: Region, reads: list[Op]) -> Region:
    """The region with each read right behind what it reads, before that may be overwritten."""
    own = own_values(region)
    behind: dict[Value, list[Op]] = {}
    for op in reads:
        behind.setdefault(op.operands[0], []).append(op)
    ops = [op for v in behind if v not in own or v in region.params for op in behind[v]]
    for op in region.ops:
        ops += [op, *(read for v in op.results for read in behind.get(v, ()))]
    return replace(region, ops=tuple(ops))


def _with_shapes(region: Region, arrays: set[Value], kept: dict[tuple[Value, str], Op]) -> Region:
    ops: list[Op] = []
    mapping: dict[Value, Value] = {}
    for op in region.ops:
        if op.regions:
            op = replace(op, regions=tuple(_with_shapes(r, arrays, kept) for r in op.regions))
        if not (asks_shape(op) and op.operands[0] in arrays):
            ops.append(op)
        elif _asked(op):
            mapping[op.result] = _kept(op.operands[0], _asked(op), op, kept)
        else:
            ops.extend(_zeros(op, _kept(op.operands[0], "shape", op, kept)))
    return substitute(Region(region.params, tuple(ops), region.results), mapping)


def _kept(array: Value, name: str, op: Op, kept: dict[tuple[Value, str], Op]) -> Value:
    """The result of the forward op that reads the attribute, or the length."""
    if (array, name) not in kept:
        axes = {ONE: Static(1), MANY: Dim(), ANY: Scalar("int")}
        kind = Tuple(tuple(axes[a] for a in array.kind.axes)) if name == "shape" else Scalar("int")
        loc = replace(op.loc, sweep="") if op.loc else None
        how, attrs = ("call", {"fn": len, "keywords": (), "method": None}) if name == "len" else ("getattr", {"name": name})
        kept[array, name] = Op(how, (array,), (Value("", kind),), attrs, (), loc)
    return kept[array, name].result


def _asked(op: Op) -> str:
    """What of an array's shape the op reads as it is, or ""."""
    if not asks_shape(op) or op.fn is np.zeros_like:
        return ""
    return "len" if op.fn is len else op.attrs["name"]


def _zeros(op: Op, shape: Value) -> tuple[Op, ...]:
    """`np.zeros_like(x)` from the shape of x."""
    dtype = np.dtype(dtype_of(op.operands[0].kind)).type
    constant = Value("", Static(dtype))
    return (
        Op("const", (), (constant,), {"value": dtype}, (), op.loc),
        replace(op, operands=(shape, constant), attrs={"fn": np.zeros, "keywords": (), "method": None}),
    )


def _shape_only(reverse: Region, own: set[Value]) -> set[Value]:
    """Arrays of the forward region of which the reverse region reads the shape only."""
    arrays = {v for v in free_values(reverse) if v in own and isinstance(v.kind, Array)}
    return arrays - otherwise_read(reverse)
