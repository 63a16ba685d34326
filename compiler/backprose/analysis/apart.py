"""A function with its containers taken apart: a value for each leaf in the place of each tuple, dict or record.

It is made to be asked, not to be run: what an analysis says of values it then says of leaves, at every depth, through
branches and loops. A list of containers of one structure is taken apart into lists side by side. Where a container is
needed as a whole, as the argument of a call, a tuple of its leaves stands for it.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from backprose_runtime import copy_of, require_separate, set_at
from backprose_runtime.lists import (
    appended, extended, inserted, with_item, with_items, without, without_items, without_last,
)  # fmt: skip

from backprose.analysis.kinds import is_none
from backprose.analysis.positions import WHOLE
from backprose.ir.kinds import Array, Dict, FixedList, Kind, List, Record, Static, Tuple, Unbound
from backprose.ir.nodes import Function, Loc, Op, Region, Value
from backprose.ir.walk import all_ops, use_counts

Path = tuple[Any, ...]
Tree = Any  # a value, or trees by key

# What may be done to several lists side by side instead of to one list of containers.
SIDE_BY_SIDE = frozenset({operator.getitem, operator.add, reversed, list, appended, extended, inserted, with_item, with_items,
                          without, without_items, without_last})  # fmt: skip


@dataclass(frozen=True)
class Element:
    """The key, in a path, of an element of a list that is read by constant indices only."""

    key: int | str


OTHERS = Element("any other")


@dataclass(frozen=True)
class Apart:
    """`leaves` are those of each parameter, by their paths; `overwritten` are values that a store covers, and where.

    `function` returns the value that is differentiated, and `whole` with it the auxiliary output, if there is one.
    """

    function: Function
    whole: Function
    leaves: tuple[tuple[tuple[Path, Value], ...], ...]
    overwritten: tuple[tuple[Value, Loc | None], ...]


def taken_apart(function: Function, has_aux: bool = False) -> Apart:
    """The function, leaf by leaf; `has_aux`: it returns a value and an auxiliary output."""
    split = _Split()
    params = [split.defined(v) for v in function.params]
    ops: list[Op] = []
    for op in function.ops:
        split.op(ops, op)
    result = split.trees.get(function.result, function.result)
    whole = split.whole(ops, result)
    value = split.whole(ops, result[0]) if has_aux and isinstance(result, dict) else whole
    region = Region(tuple(v for tree in params for _, v in leaves(tree)), tuple(ops), (whole,))
    region = _without_unread(region, split.columns, use_counts(region))
    region, elements = _elements_apart(region)
    found = tuple(tuple(_with_elements(leaves(tree), elements)) for tree in params)
    alone = replace(function, region=replace(region, results=(value,)))
    return Apart(alone, replace(function, region=region), found, tuple(split.overwritten))


def leaves(tree: Tree, path: Path = ()) -> Iterator[tuple[Path, Value]]:
    """The leaves of a tree, by their paths."""
    if isinstance(tree, dict):
        for key, inner in tree.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, tree


def parts_of(kind: Kind) -> dict[Any, Kind] | None:
    """The kinds of the parts of a container, by key; of a list of containers, those of lists side by side."""
    if isinstance(kind, (Tuple, FixedList)):
        return dict(enumerate(kind.items))
    if isinstance(kind, (Dict, Record)):
        return dict(zip(kind.keys if isinstance(kind, Dict) else kind.fields, kind.items))
    inner = parts_of(kind.item) if isinstance(kind, List) else None
    return inner and {key: List(item) for key, item in inner.items()}


def _keys(tree: Tree) -> list:
    return [path for path, _ in leaves(tree)]


class _Split:
    """The trees of the containers seen so far; other values stay what they are."""

    def __init__(self) -> None:
        self.trees: dict[Value, Tree] = {}
        self.overwritten: list[tuple[Value, Loc | None]] = []
        self.columns: set[Op] = set()  # each is a part of what was done to a list of containers

    def defined(self, value: Value) -> Tree:
        """The tree of a value that is defined here, of new values."""
        tree = self._new(value)
        if isinstance(tree, dict):
            self.trees[value] = tree
        return tree

    def _new(self, value: Value) -> Tree:
        parts = parts_of(value.kind)
        return value if parts is None else {key: self._new(Value(value.name, kind)) for key, kind in parts.items()}

    def flat(self, values: Iterable[Value]) -> tuple[Value, ...]:
        return tuple(leaf for v in values for _, leaf in leaves(self.trees.get(v, v)))

    def whole(self, ops: list[Op], tree: Tree, kind: Kind | None = None) -> Value:
        """One value for a tree."""
        if not isinstance(tree, dict):
            return tree
        value = Value("", kind or Tuple(tuple(v.kind for _, v in leaves(tree))))
        ops.append(Op("tuple", tuple(v for _, v in leaves(tree)), (value,)))
        return value

    def fitted(self, ops: list[Op], value: Value, like: Tree) -> tuple[Value, ...]:
        """The leaves of a value that flows to where the tree is `like`."""
        tree = self.trees.get(value, value)
        if _keys(tree) == _keys(like):
            return self.flat((value,))
        if isinstance(value.kind, Unbound) or is_none(value.kind) or not _keys(tree):
            nothing = [Value("", leaf.kind) for _, leaf in leaves(like)]
            ops += [Op("unbound", (), (v,)) for v in nothing]
            return tuple(nothing)
        return tuple(self._read(ops, self.whole(ops, tree, value.kind), like))

    def _read(self, ops: list[Op], value: Value, like: Tree) -> Iterator[Value]:
        """What is read of a value that was not taken apart."""
        for _, leaf in leaves(like):
            found = Value("", leaf.kind)
            ops.append(Op("tuple", (value,), (found,)))
            yield found

    # Ops

    def op(self, ops: list[Op], op: Op) -> None:
        if op.regions:
            ops.append(self._region_op(ops, op))
        elif op.fn is not require_separate:  # that reads nothing but addresses
            tree = self._structural(ops, op)
            if tree is None:
                self._plain(ops, op)
            else:
                self._name(ops, op, tree)

    def _name(self, ops: list[Op], op: Op, tree: Tree) -> None:
        """Let the result of the op be what `tree` is."""
        if isinstance(tree, dict) and parts_of(op.result.kind) is not None:
            self.trees[op.result] = tree
        else:
            ops.append(Op("tuple", (self.whole(ops, tree),), op.results, loc=op.loc))

    def _structural(self, ops: list[Op], op: Op) -> Tree | None:
        """The tree of the result, of an op that only takes containers apart or puts them together."""
        first = self.trees.get(op.operands[0]) if op.operands else None
        if op.name in ("tuple", "list", "dict", "record") and isinstance(op.result.kind, (Tuple, FixedList, Dict, Record)):
            values = op.operands[1::2] if op.name == "dict" else op.operands
            return {key: self.trees.get(v, v) for key, v in zip(parts_of(op.result.kind), values)}
        if op.name == "getattr" and first is not None:
            return first.get(op.attrs["name"])
        if op.fn is operator.getitem and first is not None and isinstance(op.operands[1].kind, Static):
            if not isinstance(op.operands[0].kind, List):
                return _part(op.operands[0].kind, first, op.operands[1].kind.value)
        if op.fn is copy_of:
            return first
        if op.fn is set_at and _covers(op):
            self.overwritten.append((op.operands[0], op.loc))
            return op.operands[1]
        return self._side_by_side(ops, op) if op.fn in SIDE_BY_SIDE else None

    def _side_by_side(self, ops: list[Op], op: Op) -> Tree | None:
        """An op on lists of containers as one on each of the lists that they are taken apart into."""
        if parts_of(op.result.kind) is None or not isinstance(op.operands[0].kind, List):
            return None
        trees = [self.trees.get(v) for v in op.operands]
        result = self._new(op.result)
        if any(tree is not None and _keys(tree) != _keys(result) for tree in trees):
            return None
        columns = [self.flat((v,)) if tree is not None else None for v, tree in zip(op.operands, trees)]
        for i, (_, leaf) in enumerate(leaves(result)):
            operands = tuple(v if column is None else column[i] for v, column in zip(op.operands, columns))
            column = replace(op, operands=operands, results=(leaf,))
            self.columns.add(column)
            ops.append(column)
        return result

    def _plain(self, ops: list[Op], op: Op) -> None:
        """An op that takes and gives containers as they are."""
        operands = tuple(self.whole(ops, self.trees.get(v, v), v.kind) for v in op.operands)
        ops.append(replace(op, operands=operands))
        for value in op.results:
            ops += self._taken(value)

    # Regions

    def _region_op(self, ops: list[Op], op: Op) -> Op:
        if op.name in ("for", "while"):
            return self._loop(ops, op)
        operands = tuple(self.whole(ops, self.trees.get(v, v), v.kind) for v in op.operands)
        likes = [self.defined(v) for v in op.results]
        regions = tuple(self._region(region, region.params, likes) for region in op.regions)
        return replace(op, operands=operands, results=self.flat(op.results), regions=regions)

    def _region(self, region: Region, params: Iterable[Value], likes: Iterable[Tree], first: Iterable[Op] = ()) -> Region:
        """A region with these parameters, whose yields are as the trees `likes` are."""
        inner = list(first)
        for op in region.ops:
            self.op(inner, op)
        results = tuple(leaf for v, like in zip(region.results, likes) for leaf in self.fitted(inner, v, like))
        return Region(tuple(params), tuple(inner), results)

    def _loop(self, ops: list[Op], op: Op) -> Op:
        over: list[tuple[Value, Value]] = []  # iterables and items
        first: list[Op] = []  # of the body: items that come as wholes, taken apart
        for iterable, item in zip(op.iterables, op.items):
            tree = self.trees.get(iterable, iterable)
            if _keys(tree) == _keys(self._new(item)):
                over += zip(self.flat((iterable,)), [v for _, v in leaves(self.defined(item))])
            else:
                over.append((self.whole(ops, tree, iterable.kind), item))
                first += self._taken(item)
        likes = [self.defined(v) for v in op.carried]
        inits = [leaf for v, like in zip(op.inits, likes) for leaf in self.fitted(ops, v, like)]
        regions = []
        if op.name == "while":
            condition = op.regions[0]
            for v in condition.params:
                self.defined(v)
            regions.append(self._region(condition, self.flat(condition.params), condition.results))
        stop = [] if op.stop is None else [op.stop]
        collected = [self._new(Value("", v.kind)) for v in op.collects]
        body = self._region(op.body, (), [*stop, *likes, *collected], first)
        over = _read_alone(over, body)
        regions.append(replace(body, params=(*(item for _, item in over), *self.flat(op.carried))))
        for v in op.results:
            self.defined(v)
        attrs = {**op.attrs, "collected": len(self.flat(op.collected_results))}
        if op.name == "for":
            attrs["iterables"] = len(over)
        operands = (*(iterable for iterable, _ in over), *inits)
        return replace(op, operands=operands, results=self.flat(op.results), attrs=attrs, regions=tuple(regions))

    def _taken(self, value: Value) -> list[Op]:
        """The ops that take a container apart, of which nothing is known but what it is."""
        tree = self.defined(value)
        return [Op("tuple", (value,), (leaf,)) for _, leaf in leaves(tree)] if isinstance(tree, dict) else []


def _part(kind: Kind, tree: dict, key: Any) -> Tree | None:
    """The part that a subscript reads; None where there is none, for the line may never be reached."""
    if isinstance(kind, Dict):
        return tree.get(key)
    return list(tree.values())[key] if type(key) is int and -len(tree) <= key < len(tree) else None


def _without_unread(region: Region, columns: set[Op], counts: Counter[Value]) -> Region:
    """The region without the columns that nothing reads."""
    ops: list[Op] = []
    for op in reversed(region.ops):
        if op in columns and not any(counts[v] for v in op.results):
            counts.subtract(op.operands)
        else:
            ops.append(op.reading(op.operands, tuple(_without_unread(inner, columns, counts) for inner in op.regions)))
    return replace(region, ops=tuple(reversed(ops)))


def _read_alone(over: list[tuple[Value, Value]], body: Region) -> list[tuple[Value, Value]]:
    """The iterables whose items are read; the others say no more than how many there are, which one is left to say."""
    counts = use_counts(body)
    return [pair for pair in over if counts[pair[1]]] or over[:1]


def _covers(op: Op) -> bool:
    """Whether a store covers the whole array."""

    def is_whole(kind: Kind) -> bool:
        return kind == WHOLE or kind == Static(...) or (isinstance(kind, Tuple) and all(map(is_whole, kind.items)))

    target, value, *steps = op.operands
    return isinstance(target.kind, Array) and all(is_whole(v.kind) for v in steps)


# Lists of numbers and of arrays


def _elements_apart(region: Region) -> tuple[Region, dict[Value, dict[Any, Value]]]:
    """The region with a parameter for each element of a list that is read by constant indices only, and their keys."""
    lists = [v for v in region.params if isinstance(v.kind, List)]
    counts, found = use_counts(region), {}
    for value in lists:
        reads = [op for op in all_ops(region) if op.fn is operator.getitem and op.operands[0] is value]
        keys = {op.operands[1].kind.value for op in reads if _is_place(op.operands[1].kind)}
        if len([op for op in reads if _is_place(op.operands[1].kind)]) == counts[value] and counts[value]:
            found[value] = {key: Value(value.name, value.kind.item) for key in (*map(Element, sorted(keys)), OTHERS)}
    params = tuple(v for p in region.params for v in (found[p].values() if p in found else (p,)))
    return replace(_reading(region, found), params=params), found


def _is_place(kind: Kind) -> bool:
    return isinstance(kind, Static) and type(kind.value) is int


def _reading(region: Region, elements: dict[Value, dict[Any, Value]]) -> Region:
    def read(op: Op) -> Op:
        if op.fn is operator.getitem and op.operands[0] in elements:
            return Op("tuple", (elements[op.operands[0]][Element(op.operands[1].kind.value)],), op.results)
        return replace(op, regions=tuple(_reading(inner, elements) for inner in op.regions)) if op.regions else op

    return replace(region, ops=tuple(map(read, region.ops)))


def _with_elements(
    found: Iterable[tuple[Path, Value]], elements: dict[Value, dict[Any, Value]]
) -> Iterator[tuple[Path, Value]]:
    for path, value in found:
        if value in elements:
            yield from (((*path, key), item) for key, item in elements[value].items())
        else:
            yield path, value
