"""The accepted syntax: whatever is not listed here is refused, with the reason and a way out."""

from __future__ import annotations

import ast
from typing import NoReturn

from backprose.errors import UnsupportedSyntax
from backprose.frontend.source import Source
from backprose.ir.syntax import children

ACCEPTED: tuple[type[ast.AST], ...] = (
    # statements
    ast.FunctionDef, ast.Return, ast.Delete, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For, ast.While, ast.If,
    ast.With, ast.withitem, ast.Match, ast.match_case, ast.Raise, ast.Assert, ast.Expr, ast.Pass,
    ast.Break, ast.Continue,
    # expressions
    ast.BoolOp, ast.NamedExpr, ast.BinOp, ast.UnaryOp, ast.Lambda, ast.IfExp, ast.Dict, ast.ListComp, ast.DictComp,
    ast.GeneratorExp, ast.Compare, ast.Call, ast.keyword, ast.FormattedValue, ast.JoinedStr, ast.Constant,
    ast.Attribute, ast.Subscript, ast.Starred, ast.Name, ast.List, ast.Tuple, ast.Slice, ast.comprehension,
    ast.arguments, ast.arg, ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop,
    # patterns that compare with a value
    ast.MatchValue, ast.MatchSingleton, ast.MatchOr, ast.MatchAs,
)  # fmt: skip

ACCEPTED_CLASSES = frozenset(ACCEPTED)

_GENERATOR = (
    "a generator can't be differentiated",
    "its frame is left and re-entered, and no order of the reverse sweep is known when it is compiled",
    "append to a list and return it",
)
_ASYNC = (
    "asynchronous code can't be differentiated",
    "other code may run between its steps, and no order of the reverse sweep is known when it is compiled",
    "await outside, and pass the value in",
)
_TRY = (
    "`try` is not supported",
    "which statements have run when an exception arrives is not known when it is compiled",
    "test the condition with `if` beforehand, or catch outside of the differentiated function",
)
_CELL = (
    "a function that rebinds a variable of another scope can't be differentiated",
    "the new value leaves the function in a way that is not part of its result",
    "return the new value and assign it where the function is called",
)
_IMPORT = (
    "an import inside a differentiated function is not supported",
    "it changes the state of the interpreter when the function runs",
    "import at the top of the module",
)
_SET = (
    "a set is not supported",
    "its order is not determined, so neither is the order of a sum over it",
    "use a list or a tuple",
)
_PATTERN = (
    "a pattern that takes a value apart is not supported",
    "only comparisons with values are decided in a way that the reverse sweep can repeat",
    "unpack by assignment, and use `if`",
)

REFUSED: dict[str, tuple[str, str, str]] = {
    "Yield": _GENERATOR,
    "YieldFrom": _GENERATOR,
    "AsyncFunctionDef": _ASYNC,
    "AsyncFor": _ASYNC,
    "AsyncWith": _ASYNC,
    "Await": _ASYNC,
    "Try": _TRY,
    "TryStar": _TRY,
    "Global": _CELL,
    "Nonlocal": _CELL,
    "Import": _IMPORT,
    "ImportFrom": _IMPORT,
    "ClassDef": (
        "a class inside a differentiated function is not supported",
        "each call makes a new class",
        "define the class at the top of the module",
    ),
    "Set": _SET,
    "SetComp": _SET,
    "MatchSequence": _PATTERN,
    "MatchMapping": _PATTERN,
    "MatchClass": _PATTERN,
    "MatchStar": _PATTERN,
}


def check(source: Source) -> None:
    """Raise for the first construct of the function that is outside the accepted subset."""
    _Checker(source).function(source.node)


class _Checker:
    def __init__(self, source: Source):
        self.source = source
        self.functions: list[str] = []
        self.comprehensions = 0

    def function(self, node: ast.AST) -> None:
        """Parameters and body; decorators and defaults of the outermost function have run already."""
        if isinstance(node, ast.AsyncFunctionDef):
            self.functions.append(node.name)
            self.refuse(node, *_ASYNC)
        name = "lambda" if isinstance(node, ast.Lambda) else node.name
        self.functions.append(name)
        depth, self.comprehensions = self.comprehensions, 0
        for child in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(child)
        self.functions.pop()
        self.comprehensions = depth

    def visit(self, node: ast.AST) -> None:
        if type(node) not in ACCEPTED_CLASSES and not isinstance(node, ACCEPTED):
            kind = type(node).__name__
            why = "it is not part of the accepted subset of Python"
            other = (f"`{kind}` is not supported", why, "write it with simpler statements")
            self.refuse(node, *REFUSED.get(kind, other))
        getattr(self, f"visit_{type(node).__name__}", self.children)(node)

    def children(self, node: ast.AST) -> None:
        for child in children(node):
            self.visit(child)

    def refuse(self, node: ast.AST, what: str, why: str, instead: str, error=UnsupportedSyntax) -> NoReturn:
        raise error(what, self.source.loc(node, self.functions[-1]), why, instead)

    # Functions
    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            self.refuse(
                node.decorator_list[0],
                "a decorated nested function is not supported",
                "the decorator may replace the function by anything when it runs",
                "apply the decorator outside, or call what it returns by another name",
            )
        self.defaults(node)
        self.function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.defaults(node)
        self.function(node)

    def defaults(self, node: ast.FunctionDef | ast.Lambda) -> None:
        for default in [*node.args.defaults, *node.args.kw_defaults]:
            if default is not None:
                self.visit(default)

    # Statements
    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        # The annotation of a local variable is never evaluated.
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        if node.exc is None:
            self.refuse(
                node, "a bare `raise` is not supported", "there is no exception to raise again", "name the exception"
            )
        self.children(node)

    def visit_withitem(self, node: ast.withitem) -> None:
        if node.optional_vars is not None:
            self.refuse(
                node.optional_vars,
                "`with ... as` is not supported",
                "what the context gives is not known when it is compiled",
                "bind the object before the `with`",
            )
        self.visit(node.context_expr)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.pattern is not None:
            self.refuse(node, *_PATTERN)

    # Expressions
    def visit_Call(self, node: ast.Call) -> None:
        self.visit(node.func)
        if len(node.args) == 1 and not node.keywords and isinstance(node.args[0], ast.GeneratorExp):
            self.comprehension(node.args[0])
            return
        for argument in [*node.args, *node.keywords]:
            self.visit(argument)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self.refuse(
            node,
            "a generator expression is supported only as a call's one argument",
            "elsewhere it would run step by step, interleaved with other code",
            "use a list comprehension",
        )

    def comprehension(self, node: ast.AST) -> None:
        self.comprehensions += 1
        self.children(node)
        self.comprehensions -= 1

    visit_ListComp = visit_DictComp = comprehension

    def visit_comprehension(self, node: ast.comprehension) -> None:
        if node.is_async:
            self.refuse(node.target, *_ASYNC)
        self.children(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        if self.comprehensions:
            self.refuse(
                node,
                "`:=` inside a comprehension is not supported",
                "it binds a variable of the function in every step of the comprehension",
                "write a `for` statement",
            )
        self.children(node)
