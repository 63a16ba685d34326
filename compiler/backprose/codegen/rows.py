"""A row whose entries a loop goes through is looked up once, before the loop.

    for j in range(n):                        a_row = a[i]
        a[i, j] += a[i, j - 1]                for j in range(n):
                                                  a_row[j] += a_row[j - 1]

The row is a view, so what is stored in it is in the array. It must certainly be there, for the loop may not run at all,
and then nothing may raise; and the array must be the same object throughout the loop.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Iterable, Iterator, Mapping

import backprose_runtime

from backprose.analysis.in_range import InRange
from backprose.analysis.kinds import is_basic
from backprose.codegen.expressions import LOAD, STORE, Expressions
from backprose.codegen.names import first_free
from backprose.ir.kinds import Array, Dim, Scalar
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.syntax import nodes
from backprose.ir.walk import all_ops, defined_values

INDEX_OF = {operator.getitem: 1, backprose_runtime.add_at: 1, backprose_runtime.set_at: 2}
Row = tuple[Value, Value]  # an array, and which row of it


def hold_rows(body: list[ast.stmt], function: Function, write: Expressions) -> list[ast.stmt]:
    """Look up the rows that loops go through entry by entry before the loops."""
    rows = rows_of_loops(function)
    if not rows:
        return body
    return _held(body, rows, write, {*write.names.values(), *write.references.reserved, *write.references.user_names})


def rows_of_loops(function: Function) -> dict[Op, list[Row]]:
    """For each loop the rows that are certainly there before it and of which it looks at parts: the outermost such loop."""
    made = {v: op for op in all_ops(function.region) if op.name == "tuple" for v in op.results}
    accesses = list(_accesses(function.region, (), made)) if made else []
    if not accesses:
        return {}
    ranges = InRange(function.region)
    inside: dict[Op, set[Value]] = {}
    rows: dict[Op, list[Row]] = {}
    for array, index, loops in accesses:
        needed = ranges.first(array), (ranges.shifted(index) or (index, 0))[0]
        for loop in loops:
            if loop not in inside:
                inside[loop] = defined_values(loop.body)
            if inside[loop].isdisjoint(needed):
                if ranges.is_position(index, array):
                    rows.setdefault(loop, []).append((array, index))
                break
    mixed = set(_loops_with_positions(function.region, (), made))
    return {loop: found for loop, found in rows.items() if loop not in mixed}


def _accesses(region: Region, loops: tuple[Op, ...], made: Mapping[Value, Op]) -> Iterator[tuple[Value, Value, tuple[Op, ...]]]:
    """What is read or updated at `array[index, ...]` in loops: the array, the index, and the loops, outermost first."""
    for op in region.ops:
        if loops and op.fn in INDEX_OF and isinstance(op.operands[0].kind, Array) and len(op.operands) <= 3:
            items = getattr(made.get(op.operands[INDEX_OF[op.fn]]), "operands", ())
            if len(items) > 1 and _is_integer(items[0]):
                yield op.operands[0], items[0], loops
        for inner in op.regions:
            yield from _accesses(inner, (*loops, op) if op.name == "for" else loops, made)


def _loops_with_positions(region: Region, loops: tuple[Op, ...], made: Mapping[Value, Op]) -> Iterator[Op]:
    """The loops in which something is indexed by integers and by arrays at once, which two steps do otherwise."""
    for op in region.ops:
        for index in filter(None, map(made.get, op.operands)):
            if _is_integer(index.operands[0]) and not all(is_basic(v.kind) for v in index.operands):
                yield from loops
        for inner in op.regions:
            yield from _loops_with_positions(inner, (*loops, op) if op.name == "for" else loops, made)


def _is_integer(value: Value) -> bool:
    return isinstance(value.kind, Dim) or value.kind == Scalar("int")


def _held(block: list[ast.stmt], rows: Mapping[Op, list[Row]], write: Expressions, taken: set[str]) -> list[ast.stmt]:
    out: list[ast.stmt] = []
    for statement in block:
        names = set(taken)
        for name, place in _written(rows.get(getattr(statement, "loop", None), ()), write):
            if (node := _looked_up(statement, name, place, names)) is not None:
                out.append(node)
        for part in ("body", "orelse"):
            if getattr(statement, part, None):
                setattr(statement, part, _held(getattr(statement, part), rows, write, names))
        out.append(statement)
    return out


def _written(rows: Iterable[Row], write: Expressions) -> Iterator[tuple[str, ast.expr]]:
    """The names of the arrays, with the indices as they are written; each pair once."""
    found: dict[tuple[str, str], ast.expr] = {}
    for array, index in rows:
        if array not in write.folds.folded:
            place = write.value(index)
            found.setdefault((write.names[write.folds.variable(array)], ast.dump(place)), place)
    return ((name, place) for (name, _), place in found.items())


def _looked_up(loop: ast.For, name: str, place: ast.expr, taken: set[str]) -> ast.stmt | None:
    """`a_row = a[i]`, with `a_row[j]` in the loop wherever it said `a[i, j]`; None where that is not worth a line."""
    inside = nodes([loop])
    changing = {n.id for n in inside if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
    if changing.intersection((name, *(n.id for n in nodes([place]) if isinstance(n, ast.Name)))):
        return None
    text = ast.dump(place)
    parts = [n for n in inside if _indexes(n, name) and ast.dump(n.slice.elts[0]) == text]
    if len(parts) < 2:
        return None
    held = first_free(f"{name}_row", taken)
    taken.add(held)
    for part in parts:
        rest = part.slice.elts[1:]
        part.value, part.slice = ast.Name(held, LOAD), rest[0] if len(rest) == 1 else ast.Tuple(rest, LOAD)
    node = ast.Assign([ast.Name(held, STORE)], ast.Subscript(ast.Name(name, LOAD), place, LOAD))
    node.loc = loop.loc
    return node


def _indexes(node: ast.AST, name: str) -> bool:
    """Whether the node is `name[i, ...]`."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.slice, ast.Tuple) or len(node.slice.elts) < 2:
        return False
    return isinstance(node.value, ast.Name) and node.value.id == name
