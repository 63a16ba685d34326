"""Reading tokens, constants and kinds: the words of the textual form of IR."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from backprose.errors import BackproseError
from backprose.ir import kinds as k
from backprose.ir.objects import resolve


class ParseError(BackproseError):
    """A text that is not IR."""


class Token(NamedTuple):
    kind: str
    text: str
    line: int


_TOKEN = re.compile(
    r"""(?P<string>[bB]?(?:'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"))
      | (?P<comment>\#[^\n]*)
      | (?P<newline>\n)
      | (?P<value>%[\w.]+)
      | (?P<object>@[\w.]+)
      | (?P<number>-?\d+(?:\.\d*)?(?:e[+-]?\d+)?|-inf\b)
      | (?P<word>[^\W\d]\w*(?:\.\w+)*)
      | (?P<punct>\.\.\.|\*\*|[][(){},:;=*|<>/?.])
      | (?P<space>[ \t]+)""",
    re.VERBOSE,
)
_WORDS = {
    "None": None, "True": True, "False": False, "Ellipsis": Ellipsis, "inf": float("inf"), "nan": float("nan"),
}  # fmt: skip
_SIMPLE_KINDS = {"dim": k.Dim(), "range": k.Range(), "unbound": k.UNBOUND, "unknown": k.UNKNOWN}


def _tokens(text: str) -> list[Token]:
    tokens, at, line = [], 0, 1
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ParseError(f"line {line}: can't read {text[at : at + 20]!r}")
        if match.lastgroup != "space":
            tokens.append(Token(match.lastgroup, match.group(), line))
        line += match.lastgroup == "newline"
        at = match.end()
    return [*tokens, Token("newline", "", line), Token("end", "", line)]


class Reader:
    """A position in a token list, with methods that read from there; `objects` gives foreign objects by name."""

    def __init__(self, text: str, objects: Mapping[str, Any]):
        self.tokens, self.at, self.objects = _tokens(text), 0, objects

    # Tokens
    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def next(self, kind: str = "") -> str:
        token = self.token
        if (kind and token.kind != kind) or token.kind == "end":
            self.fail(f"a {kind}" if kind else "more text")
        self.at += 1
        return token.text

    def fail(self, expected: str) -> Any:
        raise ParseError(f"line {self.token.line}: expected {expected}, found {self.token.text!r}")

    def sees(self, *texts: str) -> bool:
        return self.token.kind in ("word", "punct") and self.token.text in texts

    def take(self, text: str) -> bool:
        found = self.sees(text)
        self.at += found
        return found

    def expect(self, text: str) -> None:
        if not self.take(text):
            self.fail(repr(text))

    def blank(self) -> None:
        while self.token.kind in ("newline", "comment"):
            self.at += 1

    def listed(self, item: Callable[[], Any], close: str) -> list:
        """Items between commas up to `close`, which is consumed."""
        found = []
        while not self.take(close):
            found.append(item())
            if not self.take(","):
                self.expect(close)
                break
        return found

    def pair(self, left: Callable[[], Any], sign: str, right: Callable[[], Any]) -> tuple[Any, Any]:
        first = left()
        self.expect(sign)
        return first, right()

    def name(self) -> str:
        return ast.literal_eval(self.next()) if self.token.kind == "string" else self.next("word")

    def reference(self) -> Any:
        """A foreign object by `@name`, or a library's object by its public name."""
        token = self.token
        if token.kind == "object":
            self.at += 1
            if token.text[1:] not in self.objects:
                raise ParseError(f"line {token.line}: {token.text} is not among the objects given")
            return self.objects[token.text[1:]]
        try:
            return resolve(self.next("word"))
        except LookupError as error:
            raise ParseError(f"line {token.line}: {error.args[0]}") from None

    # Constants
    def literal(self) -> Any:
        kind, text, _ = self.token
        if kind in ("number", "string"):
            return float(self.next()) if text == "-inf" else ast.literal_eval(self.next())
        if kind == "punct" and text in ("(", "[", "{"):
            return self.container(self.next())
        if kind == "word" and text in _WORDS:
            return _WORDS[self.next()]
        if kind == "word" and text in ("complex", "dtype", "range", "slice"):
            self.at += 1
            make = {"complex": complex, "dtype": np.dtype, "range": range, "slice": slice}[text]
            return make(*self.call_arguments())
        found = self.reference()
        return found(*self.call_arguments()) if self.sees("(") else found

    def call_arguments(self) -> list:
        self.expect("(")
        return self.listed(self.literal, ")")

    def container(self, opening: str) -> Any:
        if opening == "{":
            return dict(self.listed(lambda: self.pair(self.literal, ":", self.literal), "}"))
        items = self.listed(self.literal, ")" if opening == "(" else "]")
        return tuple(items) if opening == "(" else items

    # Kinds
    def kind(self) -> k.Kind:
        kind = self.plain_kind()
        while self.take("|"):
            self.expect("None")
            kind = k.Maybe(kind)
        return kind

    def plain_kind(self) -> k.Kind:
        if self.take("="):
            return k.Static(self.literal())
        if self.take("("):
            return k.Tuple(tuple(self.listed(self.kind, ")")))
        if self.take("["):
            items = self.listed(lambda: None if self.take("...") else self.kind(), "]")
            return k.List(items[0]) if len(items) == 2 and items[1] is None else k.FixedList(tuple(items))
        if self.take("{"):
            pairs = self.listed(lambda: self.pair(self.literal, ":", self.kind), "}")
            return k.Dict(tuple(key for key, _ in pairs), tuple(item for _, item in pairs))
        name = self.name()
        if self.take("["):
            device, name = name.startswith(k.DEVICE), name.removeprefix(k.DEVICE)
            return k.Array(k.LONG_DTYPE.get(name, name), tuple(self.listed(self.next, "]")), device=device)
        return self.named_kind(name)

    def named_kind(self, name: str) -> k.Kind:
        if name in _SIMPLE_KINDS:
            return _SIMPLE_KINDS[name]
        if name == "number":
            dtype = self.listed(self.name, ")")[0] if self.take("(") else None
            return k.Number(k.LONG_DTYPE.get(dtype, dtype))
        if name == "record":
            cls = self.reference()
            self.expect("(")
            pairs = self.listed(lambda: self.pair(self.name, ":", self.kind), ")")
            return k.Record(cls, tuple(field for field, _ in pairs), tuple(item for _, item in pairs))
        if name == "residuals":
            self.expect("(")
            function = self.name()
            self.expect(")")
            return k.Residuals(function)
        if name in ("object", "closure", "slice", "sparse"):
            self.expect("(")
            if name == "slice":
                return k.Slice(*self.listed(self.kind, ")"))
            owner = self.reference()
            rest = self.listed(self.kind, ")") if self.take(",") else self.expect(")")
            if name == "sparse":
                return k.Sparse(owner, rest[0].dtype, rest[0].axes)
            return k.Object(owner) if name == "object" else k.Closure(owner, tuple(rest or ()))
        return k.Scalar(k.LONG_DTYPE.get(name, name))
