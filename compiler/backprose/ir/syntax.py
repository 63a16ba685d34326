"""Walking Python's syntax trees. `ast.walk` visits every operator and context too, through three generators a node."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from functools import cache

ENDS = frozenset({ast.Name, ast.Constant})  # most nodes, with none below them
WITHOUT_NODES = frozenset({"op", "ops", "ctx", "id", "attr", "arg", "kind", "type_comment"})


@cache
def _fields(cls: type[ast.AST]) -> tuple[str, ...]:
    """The fields of a class of nodes that may hold others, operators and contexts aside."""
    return tuple(name for name in cls._fields if name not in WITHOUT_NODES)


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below, in the order of the text; without operators and contexts."""
    found: list[ast.AST] = []
    if type(node) in ENDS:
        return found
    for name in _fields(type(node)):
        part = getattr(node, name, None)
        if isinstance(part, list):
            found += [item for item in part if isinstance(item, ast.AST)]
        elif isinstance(part, ast.AST):
            found.append(part)
    return found


def nodes(trees: Iterable[ast.AST]) -> list[ast.AST]:
    """The trees' nodes, each before those below it; without operators and contexts."""
    found = list(trees)
    for node in found:  # grows while it is gone over
        found += children(node)
    return found


def statements(tree: ast.AST) -> list[ast.AST]:
    """The tree and the statements below it, those of nested functions too; not the cases of a `match`."""
    found = [tree]
    for node in found:
        for block in (getattr(node, "body", None), getattr(node, "orelse", None)):
            if isinstance(block, list):
                found += block
    return found
