"""Laying out source text: `astor` writes the statements, comments name the user's lines.

The text is parsed again and both trees are walked side by side, which tells where each statement came to stand, and proves
that the text means what was to be written.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import astor
from astor.code_gen import SourceGenerator, set_precedence
from astor.op_util import Precedence
from astor.source_repr import split_lines

from backprose.errors import InternalError
from backprose.ir.nodes import Loc

MAX_LINE = 100
COMMENT_COLUMN = 48  # at least; further right if the longest line with a comment needs it
WIDEST = 72


def lay_out(imports: Sequence[str], functions: Sequence[ast.FunctionDef]) -> tuple[str, dict[int, Loc]]:
    """The source text, and the user's place of each of its lines."""
    lines = list(imports)
    places: dict[int, Loc] = {}
    for function in functions:
        if lines:
            lines += ["", ""]
        text, local = _function(function)
        places.update((len(lines) + number, loc) for number, loc in local.items())
        lines += text
    return "\n".join(lines) + "\n", places


@dataclass
class _Notes:
    """By line of the bare text: comments behind a line, headings above it, places."""

    comments: dict[int, str] = field(default_factory=dict)
    headings: dict[int, str] = field(default_factory=dict)
    places: dict[int, Loc] = field(default_factory=dict)


def _function(function: ast.FunctionDef) -> tuple[list[str], dict[int, Loc]]:
    bare = to_source(ast.Module([function], [])).strip("\n")
    (parsed,) = ast.parse(bare).body
    if not _same(parsed, function):
        raise InternalError(f"astor's text of {function.name!r} does not read back as what was written:\n{bare}")
    notes = _annotate(function, parsed)
    return _join(bare.split("\n"), notes)


def to_source(node: ast.AST) -> str:
    """Astor's text, in lines of up to MAX_LINE columns, with double quotes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # astor asks for names that newer Pythons will drop
        return astor.to_source(node, pretty_string=_string, pretty_source=_lines, source_generator_class=_Writer)


class _Writer(SourceGenerator):
    """Astor's writer, without the parentheses that it puts around a comprehension's element."""

    def visit_ListComp(self, node: ast.ListComp) -> None:
        set_precedence(Precedence.Comma, node.elt)
        super().visit_ListComp(node)


def _lines(parts: list[str]) -> str:
    """The text; a line that is too long is broken within its widest brackets, else where astor would."""
    wide = "".join(parts).split("\n")
    if all(len(line) <= MAX_LINE for line in wide):
        return "\n".join(wide)
    broken = [_break(line) for line in wide]
    if any(b is None for b in broken):
        return "".join(split_lines(parts, MAX_LINE))
    return "\n".join(broken)


def _break(line: str) -> str | None:
    """`f(a, b)` over several lines, the arguments indented; None where there is no such pair of brackets."""
    if len(line) <= MAX_LINE:
        return line
    spans = list(_brackets(line))
    if not spans:
        return None
    start, end = max(spans, key=lambda span: span[1] - span[0])
    indent = " " * (len(line) - len(line.lstrip()))
    items = _split(line[start + 1 : end])
    rows, row = [], ""
    for item in items:
        if row and len(indent) + 4 + len(row) + 1 + len(item) > MAX_LINE:
            rows.append(row)
            row = item
        else:
            row = f"{row} {item}" if row else item
    rows.append(row)
    head, tail = line[: start + 1], indent + line[end:]
    if max(map(len, (head, tail, *(indent + "    " + row for row in rows)))) > MAX_LINE + 20:
        return None
    return "\n".join([head, *(indent + "    " + row for row in rows), tail])


def _scan(text: str) -> Iterator[tuple[int, str, int]]:
    """Position, character and depth of the brackets around, outside of strings."""
    depth, quote, i = 0, "", 0
    while i < len(text):
        c = text[i]
        if quote:
            if c == "\\":
                i += 1
            elif c == quote:
                quote = ""
        elif c in "\"'":
            quote = c
        else:
            depth -= c in ")]}"
            yield i, c, depth
            depth += c in "([{"
        i += 1


def _brackets(text: str) -> Iterator[tuple[int, int]]:
    """The outermost pairs of brackets."""
    start = 0
    for i, c, depth in _scan(text):
        if depth == 0 and c in "([{":
            start = i
        elif depth == 0 and c in ")]}":
            yield start, i


def _split(text: str) -> list[str]:
    """The text, cut behind its outermost commas."""
    cuts = [i + 1 for i, c, depth in _scan(text) if c == "," and depth == 0]
    return [text[a:b].strip() for a, b in zip([0, *cuts], [*cuts, len(text)]) if text[a:b].strip()]


def _string(s: str, embedded: object, current_line: str, uni_lit: bool = False) -> str:
    """A docstring in three double quotes, any other string in one."""
    if not current_line.strip() and "\\" not in s and '"""' not in s and not s.endswith('"'):
        return f'"""{s}"""'
    text = repr(s)
    return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text


def _same(a: Any, b: Any) -> bool:
    """Whether two trees say the same, wherever they stand in a text."""
    if type(a) is not type(b):
        return False
    if type(a) is ast.Name:
        return a.id == b.id
    if isinstance(a, ast.AST):
        for name in a._fields:
            x, y = getattr(a, name, None), getattr(b, name, None)
            if x is not y and not _same(x, y):  # names are interned, operators and contexts single
                return False
        return True
    if isinstance(a, list):
        return len(a) == len(b) and all(map(_same, a, b))
    return a is b or repr(a) == repr(b)  # -0.0 is not 0.0, and nan is nan


def _annotate(function: ast.FunctionDef, parsed: ast.FunctionDef) -> _Notes:
    notes = _Notes()
    body, found = function.body, parsed.body
    if ast.get_docstring(parsed, clean=False) is not None:
        body, found = body[1:], found[1:]
    _headings(body, found, notes)
    previous = None
    for made, stands in _side_by_side(body, found):
        loc = getattr(made, "loc", None)
        if loc is None:
            continue
        for line in range(stands.lineno, _header_end(stands) + 1):
            notes.places[line] = loc
        here = (loc.function, loc.line, loc.sweep)
        reverse_loop = loc.sweep == "reverse" and isinstance(made, (ast.For, ast.While))
        reverse_loop = reverse_loop and not getattr(made, "in_order", False)
        if here != previous or reverse_loop:
            notes.comments[stands.lineno] = _comment(loc, function, reverse_loop)
        previous = here
    return notes


def _comment(loc: Loc, function: ast.FunctionDef, reverse_loop: bool) -> str:
    own = getattr(function, "loc", None)
    text = f"# L{loc.line}"
    if own is not None and loc.function != own.function:
        text += f" in {loc.function}"
    return text + (", in reverse" if reverse_loop else "")


def _headings(body: Sequence[ast.stmt], found: Sequence[ast.stmt], notes: _Notes) -> None:
    """`# forward` and `# backward`, where the top level goes from the one to the other."""
    sweeps = [loc.sweep if (loc := getattr(s, "loc", None)) is not None else "" for s in body]
    if "reverse" in sweeps and sweeps[0] == "":
        notes.headings[found[0].lineno] = "# forward"
        notes.headings[found[sweeps.index("reverse")].lineno] = "# backward"


def _side_by_side(made: Sequence[ast.stmt], found: Sequence[ast.stmt]) -> Iterator[tuple[ast.stmt, ast.stmt]]:
    for a, b in zip(made, found, strict=True):
        yield a, b
        for part in ("body", "orelse"):
            yield from _side_by_side(getattr(a, part, ()), getattr(b, part, ()))


def _header_end(statement: ast.stmt) -> int:
    body = getattr(statement, "body", None)
    return max(statement.lineno, body[0].lineno - 1) if body else statement.end_lineno


def _join(bare: list[str], notes: _Notes) -> tuple[list[str], dict[int, Loc]]:
    widths = [len(bare[line - 1]) for line in notes.comments]
    column = max([COMMENT_COLUMN, *(width + 2 for width in widths if width <= WIDEST)])
    lines: list[str] = []
    places: dict[int, Loc] = {}
    for number, text in enumerate(bare, 1):
        if number in notes.headings:
            lines.append("    " + notes.headings[number])
        if number in notes.comments:
            text = f"{text:<{column - 2}}  {notes.comments[number]}"
        lines.append(text)
        if number in notes.places:
            places[len(lines)] = notes.places[number]
    return lines, places
