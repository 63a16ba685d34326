"""What an iteration keeps is kept together: `kept.append((x, step))` instead of `xs.append(x)` and `steps.append(step)`.

    for x, step in reversed(kept):

One list of tuples costs less than several lists, from two or three on. It is made of the lists that a loop collects for
one reverse loop, which goes over all of them. Both may be in a loop which collects these lists for a loop of its own. Large
arrays stay apart where they may lie in one piece of memory (`codegen/histories`).
"""

from __future__ import annotations

import operator
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from backprose.codegen.histories import may_be_history, readers_of
from backprose.ir.build import Builder
from backprose.ir.kinds import Kind, List, Tuple
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops

LEAST = 2  # values of an iteration

Readers = Mapping[Value, Sequence[Op | None]]
Way = tuple[Value, ...]  # a list, and what it becomes on its way to the items of the reverse loop
Places = tuple[tuple[object, ...], ...]


def keep_together(function: Function) -> Function:
    """Let loops collect tuples for a loop that goes over several of their lists in reverse."""
    if not any(op.attrs.get("collected", 0) >= LEAST for op in all_ops(function.region)):
        return function
    readers = readers_of(function.region)
    groups = _Groups()
    for loop, outermost in reversed(list(_loops(function.region, True))):  # inner ones first
        ways: dict[Places, list[tuple[Way, Value]]] = defaultdict(list)
        for result, value in zip(loop.collected_results, loop.collects):
            apart = result in groups.instead or (outermost and may_be_history(loop, value))
            found = None if apart else _way(result, readers)
            if found is not None and groups.instead.keys().isdisjoint(found[0]):
                ways[found[1]].append((found[0], value))
        for together in ways.values():
            if len(together) >= LEAST:
                groups.add(together)
    return replace(function, region=groups.region(function.region)) if groups.kept else function


def _loops(region: Region, outermost: bool) -> Iterator[tuple[Op, bool]]:
    """The loops, and whether each is in no other one."""
    for op in region.ops:
        is_loop = op.name in ("for", "while")
        if is_loop and op.collected_results:
            yield op, outermost
        for inner in op.regions:
            yield from _loops(inner, outermost and not is_loop)


def _way(items: Value, readers: Readers, depth: int = 1) -> tuple[Way, Places] | None:
    """The list, what it becomes until a loop goes over it in reverse, and the ops on the way; None if it is read otherwise.

    It may be asked for its length. A list of such lists goes through a loop to an inner one: then what is kept is at a
    `depth` of two lists.
    """
    op = _only([op for op in readers.get(items, ()) if op is None or op.fn is not len])
    if op is None:
        return None
    if op.fn is reversed:
        loop = _only(readers.get(op.result, ()))
        if loop is None or loop.name != "for" or op.result not in loop.iterables or op.result in loop.inits:
            return None
        item = loop.items[loop.iterables.index(op.result)]
        if depth == 1:
            return (items, op.result, item), (("over", loop),)
        further = _way(item, readers, depth - 1)
        return further and ((items, op.result, *further[0]), (("over", loop), *further[1]))
    if op.name in ("for", "while") and list(op.collects).count(items) == 1 and items not in (*op.operands, *op.yields):
        further = _way(op.collected_results[op.collects.index(items)], readers, depth + 1)
        return further and ((items, *further[0]), (("in", op), *further[1]))
    return None


def _only(ops: Sequence[Op | None]) -> Op | None:
    return ops[0] if len(ops) == 1 else None


@dataclass
class _Groups:
    """What is kept together: what takes the place of each of the lists on the ways, where the first of them stands."""

    instead: dict[Value, Value] = field(default_factory=dict)
    first: set[Value] = field(default_factory=set)
    kept: dict[Value, tuple[Value, ...]] = field(default_factory=dict)  # list of tuples -> what is in a tuple
    found: dict[Value, tuple[Value, ...]] = field(default_factory=dict)  # list of tuples, reversed -> what a loop finds there

    def add(self, together: Sequence[tuple[Way, Value]]) -> None:
        ways = [way for way, _ in together]
        row = Tuple(tuple(value.kind for _, value in together))
        for step in zip(*(way[:-1] for way in ways)):
            new = Value("", _with_rows(step[0].kind, ways[0][-1].kind, row))
            self.instead.update((v, new) for v in step)
            self.first.add(step[0])
        self.kept[self.instead[ways[0][0]]] = tuple(value for _, value in together)
        self.found[self.instead[ways[0][-2]]] = tuple(way[-1] for way in ways)

    def region(self, region: Region) -> Region:
        return replace(region, ops=tuple(new for op in region.ops if (new := self.op(op)) is not None))

    def op(self, op: Op) -> Op | None:
        if op.regions:
            op = replace(op, regions=tuple(map(self.region, op.regions)))
        if op.name in ("for", "while"):
            return self.going_over(self.collecting(op))
        if op.fn is reversed and op.result in self.instead:
            operands = tuple(self.instead[v] for v in op.operands)
            return replace(op, operands=operands, results=(self.instead[op.result],)) if op.result in self.first else None
        if op.fn is len and op.operands[0] in self.instead:
            return replace(op, operands=(self.instead[op.operands[0]],))
        return op

    def collecting(self, op: Op) -> Op:
        """The loop that collects tuples, or lists of them."""
        if self.instead.keys().isdisjoint(op.collected_results):
            return op
        pairs, ops = [], list(op.body.ops)
        for value, result in zip(op.collects, op.collected_results):
            new = self.instead.get(result)
            if new is None:
                pairs.append((value, result))
            elif result in self.first and new in self.kept:
                row = Value("", new.kind.item)
                ops.insert(*_behind(self.kept[new], ops, Op("tuple", self.kept[new], (row,), {"kept": True}, (), op.loc)))
                pairs.append((row, new))
            elif result in self.first:
                pairs.append((self.instead[value], new))
        results = op.body.results[: len(op.body.results) - len(op.collects)]
        body = replace(op.body, ops=tuple(ops), results=(*results, *(value for value, _ in pairs)))
        return replace(
            op, results=(*op.carried_results, *(result for _, result in pairs)), regions=(*op.regions[:-1], body),
            attrs={**op.attrs, "collected": len(pairs)},
        )  # fmt: skip

    def going_over(self, op: Op) -> Op:
        """The loop that goes over tuples, which its body begins with taking apart, or over lists of them."""
        if op.name == "while" or self.instead.keys().isdisjoint(op.iterables):
            return op
        b = Builder(op.loc)
        pairs = []
        for iterable, item in zip(op.iterables, op.items):
            if iterable not in self.instead:
                pairs.append((iterable, item))
            elif iterable in self.first:
                new = self.instead[iterable]
                elements = self.found.get(new, ())
                row = Value("", new.kind.item) if elements else self.instead[item]
                pairs.append((new, row))
                for i, element in enumerate(elements):
                    b.op("call", (row, b.const(i)), [element], fn=operator.getitem, keywords=(), method=None, kept=True)
        body = replace(op.body, params=(*(item for _, item in pairs), *op.carried), ops=(*b.ops, *op.body.ops))
        operands = (*(iterable for iterable, _ in pairs), *op.inits)
        return replace(op, operands=operands, regions=(body,), attrs={**op.attrs, "iterables": len(pairs)})


def _with_rows(kind: Kind, element: Kind, row: Kind) -> Kind:
    """The kind with rows where it has elements, in a list or in a list of lists."""
    return row if kind == element or not isinstance(kind, List) else List(_with_rows(kind.item, element, row))


def _behind(values: Sequence[Value], ops: Sequence[Op], op: Op) -> tuple[int, Op]:
    """Where the op stands as soon as it has all of the values, and the op."""
    return max((i + 1 for i, other in enumerate(ops) if not set(values).isdisjoint(other.results)), default=0), op
