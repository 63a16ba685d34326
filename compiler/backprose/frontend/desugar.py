"""From the accepted syntax to the core: fewer kinds of statements, with the same meaning.

    assert c, m             ->  if c: pass          (with the class itself, whatever the name `AssertionError` means)
                                else: raise AssertionError(m)
    match s: case ...       ->  _ = s; if _ == ...: ... else: ...
    x: T = v                ->  x = v
    with a, b: ...          ->  with a: with b: ...
    while (y := f()) ...:   ->  while True: if (y := f()) ...: ... else: break

Names that begin with two underscores are mangled as Python does it inside a class.
"""

from __future__ import annotations

import ast
from typing import Any, TypeVar

from backprose.errors import UnsupportedSyntax
from backprose.frontend.source import FunctionNode, Source
from backprose.ir.syntax import nodes, statements

SUGAR = (ast.Assert, ast.AnnAssign, ast.With, ast.While, ast.Match)

Node = TypeVar("Node", bound=ast.AST)


def desugar(source: Source) -> FunctionNode:
    """The function in core syntax, positions kept: a new tree, or the function's own if that is core syntax already."""
    if not source.class_name and not any(isinstance(node, SUGAR) for node in statements(source.node)):
        return source.node
    node = _copied(source.node)
    if source.class_name:
        node = _Mangle(source.class_name.lstrip("_")).visit(node)
    return ast.fix_missing_locations(_Desugar(source).visit(node))


def _copied(tree: Any) -> Any:
    """The tree anew, with its positions; constants are shared."""
    if isinstance(tree, ast.AST):
        return type(tree)(**{name: _copied(part) for name, part in vars(tree).items()})
    return [_copied(item) for item in tree] if isinstance(tree, list) else tree


def at(place: ast.AST, node: Node) -> Node:
    """`node` and what is below it without a position, at the position of `place`."""
    return ast.fix_missing_locations(ast.copy_location(node, place))


class _Mangle(ast.NodeTransformer):
    def __init__(self, class_name: str):
        self.class_name = class_name

    def mangled(self, name: str) -> str:
        private = self.class_name and name.startswith("__") and not name.endswith("__") and "." not in name
        return f"_{self.class_name}{name}" if private else name

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.mangled(node.id)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        node.attr = self.mangled(node.attr)
        return self.generic_visit(node)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.arg = self.mangled(node.arg)
        return node


class _Desugar(ast.NodeTransformer):
    def __init__(self, source: Source):
        self.source = source
        self.subjects = 0

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        if not __debug__:
            return at(node, ast.Pass())
        node = self.generic_visit(node)
        arguments = [] if node.msg is None else [node.msg]
        error = ast.Call(ast.Constant(AssertionError), arguments, [])
        fails = at(node, ast.Raise(at(node, error), None))
        return at(node, ast.If(node.test, [at(node, ast.Pass())], [fails]))

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node = self.generic_visit(node)
        if node.value is None:
            return node  # it binds nothing, but makes the name local
        return at(node, ast.Assign([node.target], node.value))

    def visit_With(self, node: ast.With) -> ast.With:
        node = self.generic_visit(node)
        body = node.body
        for item in reversed(node.items[1:]):
            body = [at(node, ast.With([item], body))]
        return at(node, ast.With(node.items[:1], body))

    def visit_While(self, node: ast.While) -> ast.While:
        node = self.generic_visit(node)
        if not any(isinstance(inner, ast.NamedExpr) for inner in nodes([node.test])):
            return node
        if node.orelse:
            what = "`:=` in the condition of a `while` with `else` is not supported"
            loc = self.source.loc(node.test, getattr(self.source.node, "name", "lambda"))
            raise UnsupportedSyntax(what, loc, "", "assign in the body of the loop")
        choice = at(node.test, ast.If(node.test, node.body, [at(node.test, ast.Break())]))
        return at(node, ast.While(at(node.test, ast.Constant(True)), [choice], []))

    def visit_Match(self, node: ast.Match) -> list[ast.stmt]:
        node = self.generic_visit(node)
        self.subjects += 1
        subject = f"match.{self.subjects}"  # no user's name has a dot in it
        statements: list[ast.stmt] = []
        for case in reversed(node.cases):
            statements = self._case(case, subject, statements)
        return [at(node.subject, ast.Assign([ast.Name(subject, ast.Store())], node.subject)), *statements]

    def _case(self, case: ast.match_case, subject: str, others: list[ast.stmt]) -> list[ast.stmt]:
        """The case as an `if`, whose `else` is the cases after it."""
        captured: list[ast.stmt] = []
        test = self._test(case.pattern, subject)
        if isinstance(case.pattern, ast.MatchAs) and case.pattern.name is not None:
            read = ast.Name(subject, ast.Load())
            captured = [at(case.pattern, ast.Assign([ast.Name(case.pattern.name, ast.Store())], read))]
        if case.guard is not None:
            test = case.guard if test is None else at(case.guard, ast.BoolOp(ast.And(), [test, case.guard]))
        if test is None:
            return [*captured, *case.body]
        return [*captured, at(test, ast.If(test, case.body, others))]

    def _test(self, pattern: ast.pattern, subject: str) -> ast.expr | None:
        """The condition under which the pattern matches; None if it always does."""
        read = ast.Name(subject, ast.Load())
        if isinstance(pattern, ast.MatchSingleton):
            return at(pattern, ast.Compare(read, [ast.Is()], [ast.Constant(pattern.value)]))
        if isinstance(pattern, ast.MatchValue):
            return at(pattern, ast.Compare(read, [ast.Eq()], [pattern.value]))
        if isinstance(pattern, ast.MatchOr):
            tests = [self._test(inner, subject) for inner in pattern.patterns]
            return None if None in tests else at(pattern, ast.BoolOp(ast.Or(), tests))
        return None
