"""Walking Python's syntax trees. `ast.walk` visits every operator and context too, through three generators a node."""

from __future__ import annotations

import ast
from collections.abc import Iterable


def children(node: ast.AST) -> list[ast.AST]:
    """The nodes directly below, in the order of the text; without operators and contexts, which have no fields."""
    found = []
    for part in vars(node).values():
        if isinstance(part, list):
            found += [item for item in part if isinstance(item, ast.AST)]
        elif isinstance(part, ast.AST) and part._fields:
            found.append(part)
    return found


def nodes(trees: Iterable[ast.AST]) -> list[ast.AST]:
    """The trees' nodes, each before those below it; without operators and contexts."""
    found = list(trees)
    for node in found:  # grows while it is gone over
        if type(node) is not ast.Name:
            found += children(node)
    return found
