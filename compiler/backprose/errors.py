"""One tree of errors. Each that concerns the user's source quotes it: what, where, why, and a way out."""

from __future__ import annotations

import linecache
from typing import Any


class BackproseError(Exception):
    """Base of everything that Backprose raises on its own account."""


class CompileError(BackproseError):
    """Something in the user's source can't be compiled.

    `what` states the fact, `loc` (file, line, col, end_line, end_col, function) the place, `why` the reason,
    and `instead` a way out.
    """

    def __init__(self, what: str, loc: Any = None, why: str = "", instead: str = ""):
        self.what, self.loc, self.why, self.instead = what, loc, why, instead
        super().__init__(render(what, loc, why, instead))


class UnsupportedSyntax(CompileError):
    """A construct of Python outside the accepted subset."""


class UnsupportedCall(CompileError):
    """A call of a function that has no rule, or of a rule with a parameter that it does not have."""


class UnsupportedUpdate(CompileError):
    """An update in place, or another change of an object that may be shared.

    `place` is the object that lives outside and the attribute that would be changed, where that is known; `reshapes` are
    the places of reshapes that would give views of arrays in C order, and so would settle it.
    """

    place: tuple[Any, str] | None = None
    reshapes: frozenset = frozenset()


class UnresolvedKind(CompileError):
    """The meaning depends on a kind that is not known; an annotation or a call with arguments settles it."""


class NotDifferentiable(CompileError):
    """A gradient was asked for that does not exist: of a non-scalar result, or for an integer argument."""


class RuleMismatch(NotDifferentiable):
    """What a user's rule takes or returns does not fit the function that it is the rule of."""


class SourceUnavailable(CompileError):
    """The function's source text can't be had."""


class WrongDerivative(BackproseError, AssertionError):
    """`check_grads` found a derivative that disagrees with differences, or with the promises of its form."""


class InternalError(BackproseError):
    """A broken invariant: a defect of the compiler itself."""


def render(what: str, loc: Any, why: str, instead: str) -> str:
    """The message: the fact, the place with a caret under the expression, the reason, the way out."""
    lines = [what]
    if loc is not None:
        lines.append(f"  {_short_path(loc.file)}:{loc.line}:{loc.col + 1} in {loc.function}")
        text = linecache.getline(loc.file, loc.line).rstrip("\n")
        if text.strip():
            end = loc.end_col if loc.end_line == loc.line else len(text)
            number = f"{loc.line:5d} | "
            lines.append(number + text)
            lines.append(" " * (len(number) - 2) + "| " + " " * loc.col + "^" * max(1, end - loc.col))
    if why:
        lines.append(f"  why:     {why}")
    if instead:
        lines.append(f"  instead: {instead}")
    return "\n".join(lines)


def quoted(loc: Any) -> str:
    """The expression at `loc` as the user wrote it, if that is on one line."""
    if loc is None or loc.line != loc.end_line:
        return ""
    line = linecache.getline(loc.file, loc.line).encode()  # columns count bytes
    return line[loc.col : loc.end_col].decode()


def _short_path(path: str) -> str:
    return path.rsplit("/", 1)[-1]
