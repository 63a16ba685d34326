"""Lists that are updated in place: `xs.append(v)`, `xs[i] = v`, `del xs[i]`, and `xs.pop()` for a read and a removal."""

from __future__ import annotations

import ast
from collections.abc import Sequence

import backprose_runtime

from backprose.codegen.expressions import LOAD, STORE, Expressions
from backprose.ir.kinds import Static
from backprose.ir.nodes import Op

METHODS = {
    backprose_runtime.appended: "append", backprose_runtime.extended: "extend", backprose_runtime.inserted: "insert"
}  # fmt: skip
OF_PARTS = (backprose_runtime.with_items, backprose_runtime.without_items)
ASSIGNING = (backprose_runtime.with_item, backprose_runtime.with_items)


def changed(write: Expressions, target: str, op: Op) -> ast.stmt:
    """The statement that gives the list in `target` the op's change."""
    arguments = write.values(op.operands[1:])
    name = ast.Name(target, LOAD)
    if op.fn in METHODS:
        return ast.Expr(ast.Call(ast.Attribute(name, METHODS[op.fn], LOAD), arguments, []))
    if op.fn in OF_PARTS:
        bounds = [None if v.kind == Static(None) else node for v, node in zip(op.operands[1:3], arguments)]
        index: ast.expr = ast.Slice(*bounds)
    else:
        index = _last() if op.fn is backprose_runtime.without_last else arguments[0]
    if op.fn in ASSIGNING:
        return ast.Assign([ast.Subscript(name, index, STORE)], arguments[-1])
    return ast.Delete([ast.Subscript(name, index, ast.Del())])


def with_pops(block: Sequence[ast.stmt]) -> list[ast.stmt]:
    """`v = xs[-1]` followed by `del xs[-1]` is `v = xs.pop()`; so is the last read of it in any simple statement."""
    out: list[ast.stmt] = []
    for node in block:
        at = _last_read(out, node) if _is_removal(node) else None
        if at is None:
            out.append(node)
        else:
            out[at] = _popped(out[at], node)
    return out


def _is_removal(node: ast.stmt) -> bool:
    """`del xs[i]` with a simple index."""
    return (
        isinstance(node, ast.Delete)
        and isinstance(node.targets[0], ast.Subscript)
        and isinstance(node.targets[0].slice, (ast.Constant, ast.UnaryOp, ast.Name))
    )


def _last_read(before: list[ast.stmt], removal: ast.Delete) -> int | None:
    """The statement that reads the element, if nothing between it and the removal concerns the list or the index."""
    place = removal.targets[0]
    names = {n.id for n in ast.walk(place) if isinstance(n, ast.Name)}
    for at in reversed(range(len(before))):
        nodes = list(ast.walk(before[at]))
        if any(isinstance(n, ast.Name) and n.id == place.value.id for n in nodes):
            return at if _reads_once(before[at], nodes, place) else None
        changes = any(isinstance(n, ast.Name) and n.id in names and not isinstance(n.ctx, ast.Load) for n in nodes)
        if changes or any(isinstance(n, (ast.Break, ast.Continue, ast.Return, ast.Raise)) for n in nodes):
            return None
    return None


def _reads_once(statement: ast.stmt, nodes: list[ast.AST], place: ast.Subscript) -> bool:
    """Whether the statement reads the element once, whatever happens, and nothing else of the list."""
    if not isinstance(statement, (ast.Assign, ast.AugAssign)):
        return False
    if any(isinstance(n, (ast.IfExp, ast.BoolOp, ast.comprehension, ast.Lambda)) for n in nodes):
        return False
    if any(isinstance(n, ast.Name) and n.id == getattr(place.slice, "id", None) and isinstance(n.ctx, ast.Store) for n in nodes):
        return False
    named = [n for n in nodes if isinstance(n, ast.Name) and n.id == place.value.id]
    return len(named) == 1 and any(_is_at(n, place) for n in nodes)


def _popped(statement: ast.stmt, removal: ast.Delete) -> ast.stmt:
    place = removal.targets[0]
    read = next(n for n in ast.walk(statement) if _is_at(n, place))
    arguments = [] if ast.dump(place.slice) == ast.dump(_last()) else [place.slice]
    return _Replace(read, ast.Call(ast.Attribute(read.value, "pop", LOAD), arguments, [])).visit(statement)


def _last() -> ast.expr:
    return ast.UnaryOp(ast.USub(), ast.Constant(1))


def _is_at(node: ast.AST, place: ast.Subscript) -> bool:
    """Whether the node reads the place."""
    if not isinstance(node, ast.Subscript) or not isinstance(node.ctx, ast.Load) or not isinstance(node.value, ast.Name):
        return False
    return node.value.id == place.value.id and ast.dump(node.slice) == ast.dump(place.slice)


class _Replace(ast.NodeTransformer):
    """Replaces one node, known by identity."""

    def __init__(self, old: ast.AST, new: ast.AST):
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)
