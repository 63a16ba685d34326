"""Views that a loop takes of one array in each iteration are taken once, before it.

    for _ in range(n):                    below = u[2:]
        below = u[2:]                     for _ in range(n):
        u[1:-1] += below                      u[1:-1] += below

An array that is updated in place stays where it is, and a view of it shows what it is now. So a slice of a variable that the
loop does not assign is the same in all iterations. It is moved where its own variable is assigned and read nowhere else, so
that nobody sees that it is bound where the loop is not entered, and where the array certainly has a name before the loop.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence

BLOCKS = ("body", "orelse")


def views_before(body: list[ast.stmt], params: Iterable[str]) -> list[ast.stmt]:
    """The statements of a function, with what is `of_array` (the printer says so of slices) moved before the loops."""
    found = list(_views(body))
    if not found:
        return body
    stored, read = _names(body)
    inside: Counter[str] = Counter()
    places: Counter[str] = Counter()
    for view, after in found:
        name = view.targets[0].id
        places[name] += 1
        inside[name] += _names(after)[1][name]
    movable = {name for name in places if places[name] == stored[name] and inside[name] == read[name]}
    return _moved(body, movable, set(params)) if movable else body


def _views(block: Sequence[ast.stmt], in_loop: bool = False) -> Iterator[tuple[ast.Assign, list[ast.stmt]]]:
    """The slices that stand in loops' bodies, each with what follows in that body."""
    for i, node in enumerate(block):
        if in_loop and _is_view(node):
            yield node, list(block[i + 1 :])
        for part in BLOCKS:
            yield from _views(getattr(node, part, ()), isinstance(node, (ast.For, ast.While)))


def _is_view(node: ast.stmt) -> bool:
    """Whether the statement is `name = array[2:, :-1]`, with nothing but constants in the index."""
    if not getattr(node, "of_array", False) or not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Subscript):
        return False
    index = node.value.slice
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    constant = not any(isinstance(n, (ast.Name, ast.Call)) for n in ast.walk(index))
    return constant and isinstance(node.value.value, ast.Name) and all(isinstance(part, ast.Slice) for part in parts)


def _names(block: Sequence[ast.AST]) -> tuple[Counter[str], Counter[str]]:
    """How often each name is stored or deleted, and how often it is read."""
    stored: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for node in (inner for outer in block for inner in ast.walk(outer)):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else stored)[node.id] += 1
    return stored, read


def _moved(block: Sequence[ast.stmt], movable: Collection[str], bound: set[str]) -> list[ast.stmt]:
    """The block with its loops' views before them; `bound` are the names that certainly have a value where it begins."""
    out: list[ast.stmt] = []
    bound = set(bound)
    for node in block:
        for part in BLOCKS:
            if getattr(node, part, None):
                setattr(node, part, _moved(getattr(node, part), movable, bound))
        if isinstance(node, (ast.For, ast.While)):
            before = _leaving(node, movable, bound)
            node.body = [s for s in node.body if s not in before] or [ast.Pass()]
            out += before
        elif isinstance(node, ast.Assign):
            bound.update(_names(node.targets)[0])
        out.append(node)
    return out


def _leaving(loop: ast.For | ast.While, movable: Collection[str], bound: Collection[str]) -> list[ast.stmt]:
    """What stands in a loop's body and may stand before it."""
    stored, _ = _names([loop])
    views = [s for s in loop.body if _is_view(s) and s.targets[0].id in movable and s.value.value.id in bound]
    return [s for s in views if stored[s.targets[0].id] == 1 and not stored[s.value.value.id]]
