"""What the forward sweep keeps for the reverse sweep: which values, in what form, and who reads them.

Read off the finished program, so it is what runs. In a function with both sweeps a value is kept if an op of the reverse
sweep reads what one of the forward sweep made; of a forward and a backward part it is what one hands to the other.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from backprose_runtime import copy_of

from backprose.ir.kinds import Array, Range, Residuals, Slice, Static
from backprose.ir.nodes import Function, Loc, Module, Op, Region, Value
from backprose.ir.walk import all_ops

ARGUMENT, GLOBAL, VARIABLE, LIST = "argument", "global", "variable", "list"
SHAPE, LEVELS, AGAIN = "shape", "levels", "again"
COPIES = frozenset({np.ndarray.copy, copy_of})


@dataclass(frozen=True)
class Kept:
    """One value that the reverse sweep reads. `form` says how it comes back:

    "argument" and "global" are what is there anyway, "variable" is what is still in its variable, "list" a list with one
    entry for each iteration, "shape" a shape or length alone, "levels" what a call that is not inlined keeps, and "again"
    is not kept but computed again.
    """

    name: str  # the user's, or "" for an expression
    form: str
    value: Value
    made: Loc | None
    readers: tuple[Loc, ...]
    depth: int = 0  # lists around it


def kept(module: Module, paired: bool = False) -> tuple[Kept, ...]:
    """In the order of the lines that make them; `paired`: of a forward and a backward part."""
    first, *others = module.functions.values()
    return _in_order(_of_pair(first, others[0]) if paired else _both_sweeps(first))


def handed_over(module: Module) -> tuple[Value, ...]:
    """What the forward part of a pair returns for the backward part, in its order."""
    return _bundle(Origins(module.entry), module.entry)


def _in_order(found: Iterable[Kept]) -> tuple[Kept, ...]:
    return tuple(sorted(found, key=lambda k: (k.made.line, k.made.col) if k.made else (0, 0)))


def forward_sweep(function: Function) -> tuple[Op, ...]:
    return tuple(op for op in function.ops if not op.in_reverse)


def _both_sweeps(function: Function) -> Iterator[Kept]:
    origins = Origins(function)
    backwards = Region((), tuple(op for op in function.ops if op.in_reverse))
    for value in origins.order:
        readers = places(backwards, value)
        if readers:
            yield from origins.kept(value, readers)
    yield from _again(backwards, {v.name for v in origins.order if v.name})


def _bundle(origins: Origins, forward: Function) -> tuple[Value, ...]:
    *_, bundle = _operands(origins, forward.result)
    return _operands(origins, bundle)


def _of_pair(forward: Function, backward: Function) -> Iterator[Kept]:
    origins = Origins(forward)
    taken = {
        op.operands[1].kind.value: op.result for op in backward.ops
        if op.fn is operator.getitem and op.operands[0] is backward.params[0] and isinstance(op.operands[1].kind, Static)
    }  # fmt: skip
    for i, value in enumerate(_bundle(origins, forward)):
        if i in taken:
            yield from origins.kept(value, places(backward.region, taken[i]))
    yield from _again(backward.region, {v.name for v in origins.order if v.name} - {v.name for v in taken.values()})


def _operands(origins: Origins, value: Value) -> tuple[Value, ...]:
    op = origins.made.get(value)
    return op.operands if op is not None and op.name == "tuple" else ()


def _again(backwards: Region, names: set[str]) -> Iterator[Kept]:
    """What the reverse sweep computes again has the name that it had in the forward sweep."""
    for op in all_ops(backwards):
        if op.regions or op.fn is operator.getitem or op.name in ("const", "unbound"):
            continue
        for value in op.results:
            if value.name in names and not value.name.endswith("_bar"):
                yield Kept(value.name, AGAIN, value, op.loc, places(backwards, value))


class Origins:
    """Where the values of a function come from, through branches and loops."""

    def __init__(self, function: Function):
        self.params = set(function.params)
        self.loc = function.loc
        self.made: dict[Value, Op] = {}
        ops = forward_sweep(function)
        self.order: list[Value] = [*function.params, *(v for op in ops for v in op.results)]
        self._enter(ops)

    def _enter(self, ops: Iterable[Op]) -> None:
        for op in ops:
            self.made.update((v, op) for v in op.results)
            for region in op.regions:
                self._enter(region.ops)

    def kept(self, value: Value, readers: tuple[Loc, ...]) -> Iterator[Kept]:
        if value in self.params:
            yield Kept(value.name, ARGUMENT, value, None, readers)
            return
        source, depth = self.source(value)
        op = self.made.get(source)
        if isinstance(source.kind, (Slice, Static, Range)):
            return
        if op is None or op.name == "const":
            if depth:
                made = (op or self.made[value]).loc
                yield Kept(source.name or value.name, LIST, value, made, readers, depth)
            return
        name, form = source.name or value.name, LIST if depth else VARIABLE
        if isinstance(source.kind, Residuals):
            name, form = source.kind.function, LEVELS
        elif op.name == "global":
            name, form = op.attrs["name"], GLOBAL
        elif op.fn is len or op.fn is np.shape or (op.name == "getattr" and op.attrs["name"] in ("shape", "size", "ndim")):
            made = self.made.get(op.operands[0])
            yield Kept(op.operands[0].name, SHAPE, value, made.loc if made else op.loc, readers, depth)
            return
        if not name and op.loc == self.loc:
            name = self._part(source)
        yield Kept(name, form, value, op.loc, readers, depth)

    def _part(self, value: Value) -> str:
        """`model.rate`, `p["w"]`: a part of an argument, read before any line of the user's."""
        if value in self.params:
            return value.name
        op = self.made.get(value)
        if op is None or not (op.fn in (operator.getitem, *COPIES) or op.name == "getattr"):
            return ""
        before = self._part(op.operands[0])
        if op.name == "getattr":
            return before and f"{before}.{op.attrs['name']}"
        if op.fn is not operator.getitem or not isinstance(op.operands[1].kind, Static):
            return before if op.fn in COPIES else ""
        key = op.operands[1].kind.value
        return before and (f'{before}["{key}"]' if isinstance(key, str) else f"{before}[{key!r}]")

    def source(self, value: Value) -> tuple[Value, int]:
        """What a value is inside of the branches and loops that hand it out, and how many lists are around it."""
        depth, seen = 0, set()
        while (op := self.made.get(value)) is not None and value not in seen:
            seen.add(value)
            if op.name in ("for", "while"):
                i, carried = op.results.index(value), len(op.inits)
                value, depth = (op.yields[i], depth) if i < carried else (op.collects[i - carried], depth + 1)
            elif op.name in ("if", "with"):
                i = op.results.index(value)
                sides = [r.results[i] for r in op.regions]
                value = next((v for v in sides if not self._is_nothing(v)), sides[0])
            elif op.fn in COPIES:
                value = op.operands[0]
            else:
                break
        return value, depth

    def _is_nothing(self, value: Value) -> bool:
        op = self.made.get(value)
        return op is not None and op.name in ("unbound", "const")


# Readers


def places(region: Region, value: Value) -> tuple[Loc, ...]:
    """The places of the ops that read the value, an element of it, or what of it a loop carries."""
    found: dict[Loc, None] = {}
    _read(region, value, found, set())
    return tuple(sorted(found, key=lambda loc: (loc.line, loc.col)))


def _read(region: Region, value: Value, found: dict[Loc, None], seen: set[Value]) -> None:
    if value in seen:
        return
    seen.add(value)
    for op in all_ops(region):
        if value not in op.operands:
            for inner in (r for r in op.regions if value in r.results):
                _read(region, op.results[inner.results.index(value)], found, seen) if op.name in ("if", "with") else None
            continue
        for passed in _passed_on(op, value):
            _read(region, passed, found, seen)
        if not _only_passes(op, value) and op.loc is not None:
            found[op.loc] = None


def _passed_on(op: Op, value: Value) -> Iterator[Value]:
    """What the value is called further inside or further on."""
    if op.name in ("for", "while"):
        yield from (item for item, iterable in zip(op.items, op.iterables) if iterable is value)
        yield from (param for param, init in zip(op.carried, op.inits) if init is value)
    elif _only_passes(op, value):
        yield op.result


def _only_passes(op: Op, value: Value) -> bool:
    """Whether the op reads nothing of the value itself."""
    if op.name in ("for", "while"):
        return True
    if op.fn is reversed or op.name == "tuple":
        return True
    return op.fn is operator.getitem and isinstance(op.operands[1].kind, Slice) and not isinstance(value.kind, Array)
