"""The shortest program that still fails: statements are taken out, blocks and expressions replaced by parts of theirs."""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Callable, Iterator

from mutation import HELPERS, Program


def shortest(program: Program, fails: Callable[[Program], bool], seconds: float = 60.0) -> Program:
    """Greedy: a smaller program that fails is taken at once, and the search goes on from there, until none is left."""
    tree, stop, at, since = ast.parse(str(program)), time.monotonic() + seconds, 0, 0
    while time.monotonic() < stop:
        changes = list(candidates(tree))
        if not changes or since > len(changes):
            break
        at %= len(changes)
        smaller = changes[at]()
        if len(ast.unparse(smaller)) < len(ast.unparse(tree)) and fails(written(smaller)):
            tree, since = smaller, 0
        else:
            at, since = at + 1, since + 1
    return written(tree)


def written(tree: ast.Module) -> Program:
    return Program(HELPERS + ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def candidates(tree: ast.Module) -> Iterator[Callable[[], ast.Module]]:
    """Every program that is smaller by one change, those with large changes first."""
    for number, node in enumerate(ast.walk(tree)):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if not isinstance(block, list) or isinstance(node, ast.Module):
                continue
            for at in range(len(block) - 1, -1, -1):
                for parts in [[], *replacements(block[at])]:
                    if parts or len(block) > 1 or name == "orelse":
                        yield changed(tree, number, lambda n, name=name, at=at, parts=parts: put(n, name, at, parts))
    for number, node in enumerate(ast.walk(tree)):
        for name, value in ast.iter_fields(node):
            if isinstance(value, ast.expr) and not isinstance(node, (ast.Attribute, ast.Module)):
                for part in parts_of(value):
                    yield changed(tree, number, lambda n, name=name, part=part: setattr(n, name, part))
            if isinstance(value, list) and len(value) > 1 and isinstance(value[0], (ast.expr, ast.arg)):
                for at in range(len(value)):
                    yield changed(tree, number, lambda n, name=name, at=at: getattr(n, name).pop(at))


def replacements(statement: ast.stmt) -> list[list[ast.stmt]]:
    return [getattr(statement, name) for name in ("body", "orelse") if getattr(statement, name, [])]


def put(node: ast.AST, name: str, at: int, parts: list[ast.stmt]) -> None:
    getattr(node, name)[at : at + 1] = copy.deepcopy(parts)


def changed(tree: ast.Module, number: int, change: Callable[[ast.AST], None]) -> Callable[[], ast.Module]:
    def make() -> ast.Module:
        fresh = copy.deepcopy(tree)
        change(list(ast.walk(fresh))[number])
        return fresh

    return make


def parts_of(value: ast.expr) -> list[ast.expr]:
    """What an expression may be replaced by: its operands, or a number."""
    found = [
        child
        for child in ast.iter_child_nodes(value)
        if isinstance(child, ast.expr) and not isinstance(value, ast.Attribute)
    ]
    if isinstance(value, ast.Call):
        found = [v for v in found if v is not value.func]
    if isinstance(value, ast.Subscript):
        found = [value.value]
    return found + [ast.Constant(0.5)] * (not isinstance(value, (ast.Constant, ast.Slice, ast.Name)))
