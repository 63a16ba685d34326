"""Chains of elementwise operations become functions that are run tile by tile.

    value, x_bar, y_bar = in_tiles(chain_tile, x, y)

What a chain computes in between is an array that is written to memory and read again, where arrays are long. A function
that computes the same of a part of the arrays, called for part after part, leaves it in the cache. The IR only says
that the call may be divided: the function means what its ops meant where they stood. Whether tiles are taken is
decided when it runs, by `backprose_runtime.in_tiles`, which looks at shapes and at memory.

A chain is a set of ops, joined by the arrays that they read and write, in which nothing else stands between two of
them: neither what depends on one and is read by another (a mean that is subtracted), nor an update or a branch. Sums
over all entries of what is computed may end it.
"""

from __future__ import annotations

import operator
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from backprose_runtime import all_finite, divide_nonzero, multiply_nonzero

from backprose.analysis.devices import is_on_device
from backprose.analysis.kinds import dtype_of, is_complex
from backprose.analysis.ownership import LIST_UPDATES, PLACES
from backprose.ir.kinds import ONE, Array, Dim, Kind, Scalar, Static, Tuple
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.walk import all_ops, clone, free_values, use_counts
from backprose.rules.registry import OF_USERS, has_effect

LEAST = 32  # arrays that are neither read from nor written to memory, without which a chain stays where it is
OPERATORS = frozenset(
    getattr(operator, name)
    for name in "add sub mul truediv floordiv mod pow neg pos invert and_ or_ xor lt le gt ge eq ne".split()
)
FUNCTIONS = frozenset({np.where, np.clip, abs, divide_nonzero, multiply_nonzero})
UPDATES = PLACES | LIST_UPDATES
SUMMED = ("float32", "float64", "int64", "uint64", "bool")  # NumPy's sum of these is the sum of its tiles, bit by bit
PLAIN: dict[str, Any] = {"keywords": (), "method": None}


def tile_chains(module: Module) -> Module:
    """Make elementwise chains that are long enough functions of their own, which run in tiles."""
    functions: dict[str, Function] = dict(module.functions)
    for name, fn in module.functions.items():
        entrywise = {op for op in fn.ops if is_entrywise(op)}
        if len(entrywise) < LEAST:
            continue
        region, tiles = _Tiling(fn, functions, entrywise).tiled()
        if tiles:
            functions |= {name: replace(fn, region=region), **tiles}
    return Module(functions)


def is_entrywise(op: Op) -> bool:
    """Whether each entry of the result is computed of the entries at its place in arrays of one rank."""
    if op.name != "call" or not _has_axes(op.result.kind) or op.attrs["keywords"]:
        return False
    if not _acts_on_entries(op.fn, len(op.operands)) or (op.attrs["method"] or "").startswith("__i"):
        return False
    kinds = [v.kind for v in op.operands]
    # NumPy changes the order of factors for complex temporaries of some size, which then round otherwise.
    if is_complex(op.result.kind) or op.result.kind.device or any(map(is_complex, kinds)) or is_on_device(kinds):
        return False
    ndim, found = op.result.kind.ndim, False
    for kind in kinds:
        if not _has_axes(kind):
            if not _is_single(kind):
                return False
        elif len(kind.axes) != ndim or ONE in kind.axes:
            return False
        else:
            found = True
    return found


def _acts_on_entries(fn: Any, operands: int) -> bool:
    if isinstance(fn, np.ufunc):
        return fn.signature is None and fn.nout == 1 and fn.nin == operands and fn not in OF_USERS
    return fn in OPERATORS or (fn in FUNCTIONS and (fn is not np.where or operands == 3))


def is_whole_sum(op: Op) -> bool:
    """Whether the op is the sum of all entries of an array, as a number."""
    if op.fn is not np.sum or len(op.operands) != 1 or not isinstance(op.result.kind, Scalar):
        return False
    return _has_axes(op.operands[0].kind) and dtype_of(op.operands[0].kind) in SUMMED


def _has_axes(kind: Kind) -> bool:
    return type(kind) is Array and kind.axes != ()


def _is_single(kind: Kind) -> bool:
    if isinstance(kind, Static):
        return kind.value is None or isinstance(kind.value, (bool, int, float, complex, np.generic))
    return isinstance(kind, (Scalar, Dim)) or (isinstance(kind, Array) and not kind.axes)


def _stands_between(op: Op) -> bool:
    """Whether no chain goes on behind the op: it acts, updates, or is a branch or a loop."""
    if op.name != "call":
        return bool(op.regions) or op.name in ("raise", "invoke", "apply")
    return has_effect(op.fn) or op.fn in UPDATES or (op.attrs["method"] or "").startswith("__i")


def _is_of_numbers(op: Op) -> bool:
    """Whether the op computes a number from numbers, in no time."""
    if op.name != "call" or not isinstance(op.result.kind, (Scalar, Dim)) or not all(_is_single(v.kind) for v in op.operands):
        return False
    return op.fn in OPERATORS or isinstance(op.fn, np.ufunc) or getattr(op.fn, "__module__", None) == "math"


Place = tuple[Value, int]  # an array, and the level of the chain that reads or makes it


@dataclass(eq=False)
class Chain:
    """The ops of a chain, in order. Sums among them are read by nothing but the question whether they are finite."""

    ops: list[Op] = field(default_factory=list)


class _Tiling:
    """The function whose chains are cut out, and those that are cut out of it."""

    def __init__(self, fn: Function, taken: Collection[str], entrywise: Collection[Op]):
        self.fn, self.taken, self.entrywise = fn, set(taken), entrywise
        self.made = {v: op for op in fn.ops for v in op.results}
        self.counts = use_counts(fn.region)
        self.tiles: dict[str, Function] = {}

    def tiled(self) -> tuple[Region, dict[str, Function]]:
        """The region with calls of tiles in the place of chains, and the functions of the tiles."""
        ops: list[Op] = []
        for run in _runs(self.fn.ops):
            ops += self.run(run)
        return replace(self.fn.region, ops=tuple(ops)), self.tiles

    def run(self, ops: list[Op]) -> list[Op]:
        """The ops of a straight piece, with calls where chains were."""
        entrywise = {op for op in ops if op in self.entrywise and op.result not in self.barred}
        if len(entrywise) < LEAST:
            return ops
        chains = [chain for chain in _chains(ops, entrywise) if self.pays(chain)]
        if not chains:
            return ops
        for chain in chains:
            self.take_in(chain, ops)
        units = _in_order(ops, chains)
        return [op for unit in units for op in (self.called(unit) if isinstance(unit, Chain) else (unit,))]

    @cached_property
    def barred(self) -> set[Value]:
        """What an update or a loop takes over, which can be done in place of what is computed here alone."""
        taken: set[Value] = set()
        for op in all_ops(self.fn.region):
            if op.name in ("for", "while"):
                taken.update(op.inits)
            elif op.fn in UPDATES:
                taken.add(op.operands[0])
        return taken

    def pays(self, chain: Chain) -> bool:
        if len(chain.ops) < LEAST:
            return False
        leaving = self.leaving(chain)
        if any(op.fn is all_finite and op.result in leaving for op in chain.ops):
            return False  # of a part it is another question
        return sum(_has_axes(op.result.kind) for op in chain.ops) - len(leaving) >= LEAST

    def leaving(self, chain: Chain) -> list[Value]:
        """What is read outside of the chain."""
        within = use_counts(Region((), tuple(chain.ops), ()))
        return [op.result for op in chain.ops if self.counts[op.result] > within[op.result]]

    def take_in(self, chain: Chain, ops: list[Op]) -> None:
        """Let the chain compute the numbers that nothing else reads: as arguments they would have no names."""
        within = use_counts(Region((), tuple(chain.ops), ()))
        for op in reversed(ops):
            if _is_of_numbers(op) and not op.result.name and within[op.result] and within[op.result] == self.counts[op.result]:
                chain.ops.insert(0, op)
                within.update(op.operands)

    def called(self, chain: Chain) -> list[Op]:
        """The call of a function that computes what the chain computes, and what is read of its results."""
        free = list(free_values(Region((), tuple(chain.ops), ())))
        constants = [self.made[v] for v in free if v in self.made and self.made[v].name == "const"]
        passed = [v for v in free if not (v in self.made and self.made[v].name == "const")]
        places = {v: i for i, v in enumerate(self.fn.params)}
        passed.sort(key=lambda v: (not _has_axes(v.kind), places.get(v, len(places))))  # the first array's length decides
        leaving = self.leaving(chain)
        params = {v: Value(v.name or self.role(v), v.kind) for v in passed}
        inner = clone(Region((), (*constants, *chain.ops), tuple(leaving)), dict(params))
        loc = chain.ops[0].loc
        if len(leaving) > 1:
            out = Value("", Tuple(tuple(v.kind for v in leaving)))
            inner = Region((), (*inner.ops, Op("tuple", inner.results, (out,), {})), (out,))
        name = self.function(Region(tuple(params.values()), inner.ops, inner.results))
        attrs = {"callee": name, "tiled": True}
        if len(leaving) == 1:
            return [Op("invoke", tuple(passed), tuple(leaving), attrs, (), loc)]
        out = Value("", inner.results[0].kind)
        ops = [Op("invoke", tuple(passed), (out,), attrs, (), loc)]
        for i, value in enumerate(leaving):
            place = Value("", Static(i))
            ops.append(Op("const", (), (place,), {"value": i}, (), loc))
            ops.append(Op("call", (out, place), (value,), {"fn": operator.getitem, **PLAIN}, (), loc))
        return ops

    def role(self, value: Value) -> str:
        """A name for an argument that has none: that of the attribute that it is."""
        made = self.made.get(value)
        return made.attrs["name"] if made is not None and made.name == "getattr" else ""

    def function(self, region: Region) -> str:
        name, n = f"{self.fn.name}_tile", 1
        while name in self.taken:
            n += 1
            name = f"{self.fn.name}_tile_{n}"
        self.taken.add(name)
        doc = f"What `{self.fn.name}` computes entry by entry, of part after part of long arrays."
        self.tiles[name] = Function(name, region, self.fn.loc, doc, attrs={"tile": True})
        return name


def _runs(ops: tuple[Op, ...]) -> Iterator[list[Op]]:
    """The ops in pieces that no chain goes beyond."""
    run: list[Op] = []
    for op in ops:
        if _stands_between(op):
            yield run
            yield [op]
            run = []
        else:
            run.append(op)
    yield run


def _chains(ops: list[Op], entrywise: Collection[Op]) -> list[Chain]:
    """The chains of a straight piece; `entrywise` are those of its ops that may be in one.

    A level is how often a result of chains goes through something else before it gets to a value: what is read across
    levels can't be in one function, and what is on one level depends on nothing that depends on it.
    """
    level: dict[Value, int] = {}  # of what is not an array of a chain: the first at which it can be read
    inside: dict[Value, int] = {}  # of what is made in a chain and read in it: its own
    sums: dict[Value, int] = {}  # and of sums, which a chain makes, but does not read: of a part they are not the whole
    members: list[tuple[Op, Place]] = []
    joined: dict[Place, Place] = {}
    for op in ops:
        own = max([inside[v] if v in inside else level.get(v, 0) for v in op.operands], default=0)
        if op in entrywise:
            inside[op.result] = own
        elif is_whole_sum(op) and op.operands[0] in inside:
            sums[op.result], level[op.result] = own, own + 1
        elif op.fn is all_finite and len(at := {sums.get(v, inside.get(v, -1)) for v in op.operands}) == 1 and -1 not in at:
            inside[op.result] = own = at.pop()  # what is finite in a part is regular there
        else:
            known = [inside[v] + 1 if v in inside else level.get(v, 0) for v in op.operands]
            level.update(dict.fromkeys(op.results, max(known, default=0)))
            continue
        members.append((op, (op.result, own)))
        for v in op.operands:
            if _has_axes(v.kind) or v in inside or op.fn is all_finite:
                joined[_root(joined, (v, own))] = _root(joined, members[-1][1])
    chains: dict[Place, Chain] = {}
    for op, place in members:
        chains.setdefault(_root(joined, place), Chain()).ops.append(op)
    return list(chains.values())


def _root(joined: dict[Place, Place], place: Place) -> Place:
    """What stands for all that the array is joined with."""
    root = place
    while (after := joined.get(root, root)) != root:
        root = after
    while place != root:
        joined[place], place = root, joined[place]
    return root


def _in_order(ops: list[Op], chains: list[Chain]) -> list[Op | Chain]:
    """Chains and the other ops, each behind what it reads, and a chain where its last op stood, if that can be."""
    unit_of: dict[Op, Op | Chain] = {op: chain for chain in chains for op in chain.ops}
    made = {v: unit_of.get(op, op) for op in ops for v in op.results}
    waiting = list(dict.fromkeys(unit_of.get(op, op) for op in reversed(ops)))[::-1]
    done: dict[Op | Chain, None] = {}
    while waiting:
        for unit in waiting:
            read = (v for op in (unit.ops if isinstance(unit, Chain) else (unit,)) for v in op.operands)
            if all(made[v] in done or made[v] is unit for v in read if v in made):
                done[unit] = None
        waiting = [unit for unit in waiting if unit not in done]
    return list(done)
