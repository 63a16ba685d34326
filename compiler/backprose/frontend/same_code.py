"""Whether a function's text is the one that its code was compiled from: it is compiled again and compared.

A file may be edited after it was imported. Python then still runs the old code, and the derivative of the new text
would be that of another function.
"""

from __future__ import annotations

import __future__
import ast
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType
from typing import Any

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)

FUTURES = __future__.annotations.compiler_flag | __future__.barry_as_FLUFL.compiler_flag
REWRITTEN = "@py"  # how the names begin that pytest puts in place of `assert`
COMPARED = (
    "co_name", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount", "co_varnames", "co_freevars", "co_cellvars",
    "co_names", "co_code",
)  # fmt: skip


def is_text_of(code: CodeType, node: Definition, class_name: str, tree: ast.Module) -> bool:
    """Whether `node` of `tree`, in a class of this name or in none, is compiled to `code`; lines may have moved."""
    if any(name.startswith(REWRITTEN) for name in _names(code)):
        again = _compiled(code, _WithoutAsserts().visit(_copied(node)), class_name, tree)
        return again is not None and _is_within(again, code)
    again = _compiled(code, node, class_name, tree)
    return again is not None and _same(again, code)


def _compiled(code: CodeType, node: Any, class_name: str, tree: ast.Module) -> CodeType | None:
    """The code of the function alone, defined where its names mean what they mean in `code`.

    Its free variables are bound around it, and imported is what its file imports: a call of `np.sum` is not compiled as
    one of `x.sum`.
    """
    at = {"lineno": node.lineno, "col_offset": 0, "end_lineno": node.lineno, "end_col_offset": 0}
    names = _names(code)
    free = [name for name in code.co_freevars if name not in ("__class__", "__classdict__")]
    body: list[ast.stmt] = [_bare(node, at)]
    depth = 2
    if class_name or len(free) < len(code.co_freevars):
        body, depth = [ast.ClassDef(class_name or "_", [], [], body, [], **_no_type_params(ast.ClassDef), **at)], 3
    nothing = ast.Constant(None, **at)
    bound: list[ast.stmt] = [ast.Assign([ast.Name(name, ast.Store(), **at)], nothing, **at) for name in free]
    outside = [body[0].name] if hasattr(body[0], "name") and body[0].name not in free else []
    if outside:  # a function that calls itself reads a global
        bound.append(ast.Global(outside, **at))
    around = ast.FunctionDef("_", _arguments(None), [*bound, *body], [], **_no_type_params(ast.FunctionDef), **at)
    imports = [ast.Import([ast.alias("_", name, **at)], **at) for name in _imported(tree) if name in names]
    try:
        module = ast.Module([*imports, around], [])
        made = compile(module, code.co_filename, "exec", code.co_flags & FUTURES, dont_inherit=True)
    except (SyntaxError, ValueError):
        return None
    return next((c for c in _codes(made, depth) if c.co_name == code.co_name), None)


@lru_cache(maxsize=64)
def _imported(tree: ast.Module) -> tuple[str, ...]:
    """The names that imports of the module itself bind."""
    names: list[str] = []
    pending: list[ast.AST] = [tree]
    while pending:
        for child in ast.iter_child_nodes(pending.pop()):
            if isinstance(child, (ast.Import, ast.ImportFrom)):
                names += [alias.asname or alias.name.partition(".")[0] for alias in child.names]
            elif not isinstance(child, (ast.expr, *DEFINITIONS, ast.ClassDef)):
                pending.append(child)
    return tuple(dict.fromkeys(names))


def _codes(code: CodeType, depth: int) -> Iterator[CodeType]:
    """The code objects nested so deep."""
    if depth == 0:
        yield code
        return
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _codes(inner, depth - 1)


def _names(code: CodeType) -> set[str]:
    """All names that the code reads or binds, also within the functions that it makes."""
    names = {*code.co_names, *code.co_varnames, *code.co_freevars, *code.co_cellvars}
    return names.union(*(_names(inner) for inner in code.co_consts if isinstance(inner, CodeType)))


def _bare(node: Any, at: dict[str, int]) -> ast.stmt:
    """The definition without decorators, defaults and annotations, which are not part of its code."""
    args = _arguments(node.args)
    if isinstance(node, ast.Lambda):
        return ast.Expr(ast.copy_location(ast.Lambda(args, node.body), node), **at)
    made = type(node)(node.name, args, node.body, [], **_no_type_params(type(node)))
    return ast.copy_location(made, node)


def _arguments(args: ast.arguments | None) -> ast.arguments:
    if args is None:
        return ast.arguments([], [], None, [], [], None, [])
    bare = {name: [_argument(a) for a in getattr(args, name)] for name in ("posonlyargs", "args", "kwonlyargs")}
    vararg, kwarg = (a and _argument(a) for a in (args.vararg, args.kwarg))
    return ast.arguments(**bare, vararg=vararg, kwarg=kwarg, kw_defaults=[None] * len(args.kwonlyargs), defaults=[])


def _argument(arg: ast.arg) -> ast.arg:
    return ast.copy_location(ast.arg(arg.arg, None), arg)


def _no_type_params(kind: type) -> dict[str, list]:
    return {"type_params": []} if "type_params" in kind._fields else {}


# Comparing


def _same(a: CodeType, b: CodeType) -> bool:
    if any(getattr(a, name) != getattr(b, name) for name in COMPARED) or len(a.co_consts) != len(b.co_consts):
        return False
    return all(map(_same_constant, a.co_consts, b.co_consts))


def _same_constant(a: Any, b: Any) -> bool:
    """Equality that tells 1 from 1.0 and 0.0 from -0.0; a class's name in full depends on what is around it."""
    if isinstance(a, CodeType) and isinstance(b, CodeType):
        return _same(a, b)
    if type(a) is not type(b):
        return False
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(_same_constant, a, b))
    if isinstance(a, str):
        return a == b or ("<locals>" in a and "<locals>" in b)
    return a == b if isinstance(a, frozenset) else repr(a) == repr(b)


# Code in which pytest has rewritten the assertions


class _WithoutAsserts(ast.NodeTransformer):
    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        return ast.copy_location(ast.Pass(), node)


def _copied(node: ast.AST) -> ast.AST:
    """The tree with nodes of its own."""
    fields = {name: _copied_field(value) for name, value in ast.iter_fields(node)}
    return ast.copy_location(type(node)(**fields), node) if hasattr(node, "lineno") else type(node)(**fields)


def _copied_field(value: Any) -> Any:
    if isinstance(value, list):
        return [_copied_field(v) for v in value]
    return _copied(value) if isinstance(value, ast.AST) else value


def _is_within(a: CodeType, b: CodeType) -> bool:
    """Whether all names and constants of `a` are in `b`, which has others besides."""
    plain = [c for c in a.co_consts if not isinstance(c, CodeType)]
    constants = all(any(_same_constant(c, d) for d in b.co_consts) for c in plain)
    return constants and _names(a) <= _names(b) and a.co_argcount == b.co_argcount
