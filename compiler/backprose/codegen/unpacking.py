"""Taking tuples apart in one line: `value, residuals = layer_forward(x)`.

The elements that are read of a call's result are brought behind the call before folding, and the assignments that they
then are become one when they are printed.
"""

from __future__ import annotations

import ast
import operator
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from backprose.ir.kinds import Static, Tuple
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.syntax import nodes, statements
from backprose.ir.walk import all_ops, use_counts


def elements(function: Function) -> dict[Value, list[Op]]:
    """By tuple that a call returns: the ops that take two or more of its elements, if nothing else reads it."""
    found: dict[Value, list[Op]] = {
        op.result: [] for op in all_ops(function.region)
        if op.name in ("call", "invoke") and isinstance(op.result.kind, Tuple) and op.fn is not operator.getitem
    }  # fmt: skip
    if not found:
        return {}
    counts = use_counts(function.region)
    for op in all_ops(function.region):
        if position(op) is not None and op.operands[0] in found:
            found[op.operands[0]].append(op)
            if isinstance(op.result.kind, Tuple):
                found[op.result] = []
    return {
        value: sorted(ops, key=position) for value, ops in found.items()
        if len(ops) > 1 and len(ops) == counts[value] == len({position(op) for op in ops})
    }  # fmt: skip


def position(op: Op) -> int | None:
    """Which element of a tuple the op takes."""
    if op.fn is not operator.getitem or not isinstance(op.operands[0].kind, Tuple):
        return None
    index = op.operands[1].kind
    count = len(op.operands[0].kind.items)
    return index.value if isinstance(index, Static) and type(index.value) is int and 0 <= index.value < count else None


def gather(function: Function) -> Function:
    """Take the elements of a tuple right behind the call that makes it, unless that is done in a branch or a loop."""
    found = elements(function)
    return replace(function, region=_gathered(function.region, found)) if found else function


def _gathered(region: Region, found: Mapping[Value, Sequence[Op]]) -> Region:
    here = set(region.ops)
    made = {v: op for op in region.ops for v in op.results}
    moved = {value: ops for value, ops in found.items() if value in made and all(op in here for op in ops)}
    taken = {op for ops in moved.values() for op in ops}
    ops: dict[Op, None] = {}

    def add(op: Op) -> None:
        ops[op] = None
        parts = moved.get(op.results[0], ()) if len(op.results) == 1 else ()
        for element in parts:
            if element.operands[1] in made:
                ops[made[element.operands[1]]] = None
            ops[element] = None
        for element in parts:
            add(element)

    for op in region.ops:
        if op.regions:
            add(replace(op, regions=tuple(_gathered(inner, found) for inner in op.regions)))
        elif op not in taken:
            add(op)
    return replace(region, ops=tuple(ops))


def unpack(body: list[ast.stmt]) -> list[ast.stmt]:
    """Write runs of `a = t[0]; b = t[1]` as `a, b = t`; t is not named if nobody else reads it."""
    if not any(_parts(s) > 1 for s in statements(ast.Module(body, []))):
        return body
    return _unpacked(body, Counter([n.id for n in nodes(body) if isinstance(n, ast.Name)]))


def _unpacked(block: list[ast.stmt], counts: Counter[str]) -> list[ast.stmt]:
    out: list[ast.stmt] = []
    i = 0
    while i < len(block):
        statement = block[i]
        for part in ("body", "orelse"):
            if getattr(statement, part, None):
                setattr(statement, part, _unpacked(getattr(statement, part), counts))
        run = list(_run(block[i:])) if _parts(statement) else []
        node = _together(run, out, counts) if len(run) > 1 else None
        out.append(statement if node is None else node)
        i += 1 if node is None else len(run)
    return out


def _parts(statement: ast.stmt) -> int:
    """How many elements the tuple has of which the statement takes one; 0 if it does something else."""
    return getattr(getattr(statement, "value", None), "parts", 0)


def _run(block: Sequence[ast.stmt]) -> Iterator[ast.Assign]:
    """The assignments of elements of one tuple, in order, that the block begins with."""
    last = -1
    for s in block:
        source = getattr(s, "value", None)
        if not isinstance(s, ast.Assign) or _parts(s) < 2 or not isinstance(s.targets[0], ast.Name):
            return
        if not isinstance(source.value, ast.Name) or source.slice.value <= last:
            return
        if source.value.id != block[0].value.value.id:
            return
        last = source.slice.value
        yield s
        if s.targets[0].id == source.value.id:
            return  # the tuple is overwritten


def _together(run: list[ast.Assign], before: list[ast.stmt], counts: Counter[str]) -> ast.Assign | None:
    """One assignment for the run. Where the tuple is made just before and read by the run alone, it joins in that."""
    source, count = run[0].value.value, run[0].value.parts
    elements = {s.value.slice.value: s.targets[0] for s in run}
    made = before[-1] if before and counts[source.id] == len(run) + 1 else None
    former = made.targets[0] if isinstance(made, ast.Assign) else ast.Tuple([], ast.Store())
    places = former.elts if isinstance(former, ast.Tuple) else [former]
    place = next((i for i, p in enumerate(places) if isinstance(p, ast.Name) and p.id == source.id), None)
    if len(run) < count and (place is None or counts["_"]):
        return None
    names = [elements.get(i) or ast.Name("_", ast.Store()) for i in range(count)]
    target: ast.expr = ast.Tuple(names, ast.Store())
    if place is None:
        node = ast.Assign([target], source)
        node.loc = run[0].loc
        return node
    if isinstance(former, ast.Tuple):
        target = ast.Tuple([*places[:place], target, *places[place + 1 :]], ast.Store())
    node = ast.Assign([target], before.pop().value)
    node.loc = made.loc
    return node
