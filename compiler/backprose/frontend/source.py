"""From a function to its syntax tree, with positions that are those of its file.

The whole file is parsed, so that positions are absolute, and the function is found in the tree by the name and first
line of its code object; of several lambdas on a line, the one whose body the code's own positions name. It must compile
to that code: a file may have been edited since. Text comes from `linecache`, which also holds the text of doctests,
notebooks and code made at run time.
"""

from __future__ import annotations

import ast
import linecache
from dataclasses import dataclass
from functools import lru_cache
from types import CodeType
from typing import Any

from backprose.errors import SourceUnavailable
from backprose.frontend.same_code import is_text_of
from backprose.ir.nodes import Loc
from backprose.ir.syntax import children

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Source:
    """A function's tree and text. `class_name` is the class around it, which decides how `__names` are mangled."""

    file: str
    first_line: int
    node: FunctionNode
    lines: tuple[str, ...]
    code: CodeType
    class_name: str

    def loc(self, node: ast.AST, function: str) -> Loc:
        """The node's span; the tree counts UTF-8 bytes, a `Loc` counts characters."""
        return Loc(
            self.file,
            node.lineno,
            self._column(node.lineno, node.col_offset),
            node.end_lineno,
            self._column(node.end_lineno, node.end_col_offset),
            function,
        )

    def _column(self, line: int, offset: int) -> int:
        text = self.lines[line - 1]
        return offset if text.isascii() else len(text.encode()[:offset].decode(errors="replace"))


def read(function: Any) -> Source:
    """The source of a plain function, lambda or method; `SourceUnavailable` where it can't be had.

    A wrapper made with `functools.wraps` is itself read, not what it wraps: calling it runs the wrapper.
    """
    function = getattr(function, "__func__", function)
    code = getattr(function, "__code__", None)
    if not isinstance(code, CodeType):
        raise SourceUnavailable(
            f"{_name(function)} has no Python source",
            why="only functions that are written in Python can be compiled",
            instead="register a rule for it, or pass a Python function that calls it",
        )
    linecache.checkcache(code.co_filename)
    lines = tuple(linecache.getlines(code.co_filename, function.__globals__))
    if not lines:
        raise SourceUnavailable(
            f"the source of {_name(function)} is not available",
            why=f"{code.co_filename} can't be read",
            instead="define the function in a file, a notebook cell or a doctest",
        )
    node, class_name = _find(_parse("".join(lines), code.co_filename), code)
    return Source(code.co_filename, code.co_firstlineno, node, lines, code, class_name)


def changed(code: CodeType) -> SourceUnavailable:
    """The error for a text that is not the one which the code was compiled from."""
    return SourceUnavailable(
        f"the source of {code.co_qualname} is not in {code.co_filename}, line {code.co_firstlineno}",
        why="the file has changed since it was imported, or the function was made in another way",
        instead="start anew, or reload the module",
    )


@lru_cache(maxsize=64)
def _parse(text: str, file: str) -> ast.Module:
    # Notebook cells may hold a top-level `await`.
    flags = ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    try:
        return compile(text, file, "exec", flags, dont_inherit=True)
    except SyntaxError as error:
        raise SourceUnavailable(f"{file} can't be parsed", why=str(error)) from error


def _find(tree: ast.Module, code: CodeType) -> tuple[FunctionNode, str]:
    """The function where its code says that it is; else, if lines were added above it, the one that gives this code."""
    among = _all_functions(tree, code.co_name == "<lambda>")
    named = [pair for pair in among if _first_line(pair[0], code) is not None]
    there = [pair for pair in named if _first_line(pair[0], code) == code.co_firstlineno]
    found = [pair for pair in there if is_text_of(code, *pair, tree)]
    if not found:
        moved = next((pair for pair in named if pair not in there and is_text_of(code, *pair, tree)), None)
        if moved is None:
            raise changed(code)
        return moved
    if len(found) > 1:
        positions = set(code.co_positions())
        found = [(node, cls) for node, cls in found if _span(_last_statement(node)) in positions]
    if len(found) != 1:
        raise SourceUnavailable(
            f"several functions begin on line {code.co_firstlineno} of {code.co_filename}",
            instead="put each on a line of its own",
        )
    return found[0]


@lru_cache(maxsize=64)
def _all_functions(tree: ast.Module, lambdas: bool) -> tuple[tuple[FunctionNode, str], ...]:
    """The functions with their classes, in the order of the text; without `lambdas` those that are statements."""
    found: list[tuple[FunctionNode, str]] = []
    _find_functions(tree, "", lambdas, found)
    return tuple(found)


def _find_functions(node: ast.AST, class_name: str, lambdas: bool, found: list[tuple[FunctionNode, str]]) -> None:
    for child in children(node):
        if isinstance(child, FUNCTIONS):
            found.append((child, class_name))
        if lambdas or not isinstance(child, ast.expr):
            _find_functions(child, child.name if isinstance(child, ast.ClassDef) else class_name, lambdas, found)


def _first_line(node: FunctionNode, code: CodeType) -> int | None:
    """The line at which the code of `node` begins; None if its name is not that of `code`."""
    if isinstance(node, ast.Lambda):
        return node.lineno if code.co_name == "<lambda>" else None
    if node.name != code.co_name:
        return None
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def _last_statement(node: FunctionNode) -> ast.AST:
    return node.body if isinstance(node, ast.Lambda) else node.body[-1]


def _span(node: ast.AST) -> tuple[int, int, int, int]:
    return node.lineno, node.end_lineno, node.col_offset, node.end_col_offset


def _name(function: Any) -> str:
    return getattr(function, "__qualname__", None) or repr(function)
