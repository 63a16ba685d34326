"""Kinds before any call: from annotations, and from the signature syntax of the command line.

    f8[:, :]      an array: an axis is `:` (not of length 1), `1`, or `?` (unknown); `f8[]` has no axes
    f8, float     a Python float (int, bool, complex likewise); f4 a NumPy scalar
    ?             some number: a scalar or an array of unknown rank
    [f8[:], ...]  a list of any length; [a, b], (a, b) and {w: a, b: b} have known ones
    None, "tanh"  that very value
"""

from __future__ import annotations

import dataclasses
import inspect
import re
import types
import typing
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from backprose import errors
from backprose.analysis.kinds import kind_of, list_kind
from backprose.ir.kinds import ANY, MANY, ONE, Array, Dict, FixedList, Kind, List, Number, Record, Scalar, Static, Tuple

TOKEN = re.compile(r"""\s*(\.\.\.|[A-Za-z_]\w*|-?\d+|"[^"]*"|'[^']*'|[\[\](){},:?])""")
DTYPE = re.compile(r"[fciu]\d+|b1")
AXES = {":": MANY, "1": ONE, "?": ANY}
PYTHON = {"float": "float", "int": "int", "bool": "bool", "complex": "complex"}
PYTHON_OF_DTYPE = {"float64": "float", "int64": "int", "bool": "bool", "complex128": "complex"}
GRAMMAR = "write for example `f8[:], f8[:, :], float, [{w: f8[:, :], b: f8[:]}, ...]`"


# The syntax


class SignatureError(errors.BackproseError, ValueError):
    """A signature that can't be read."""


def parse_kind(text: str) -> Kind:
    """`f8[:, :]` -> the kind."""
    reader = _Reader(text)
    kind = reader.kind()
    reader.end()
    return kind


def parse_signature(text: str, names: list[str]) -> dict[str, Kind]:
    """`f8[:], y: f8` -> kinds by parameter; a kind may be preceded by its parameter's name."""
    reader = _Reader(text)
    kinds: dict[str, Kind] = {}
    while reader.token is not None:
        name = names[len(kinds)] if len(kinds) < len(names) else None
        if reader.ahead == ":" and reader.token in names:
            name = reader.take()
            reader.take()
        if name is None:
            raise SignatureError(f"signature {text!r} has more kinds than there are parameters ({', '.join(names)})")
        if name in kinds:
            raise SignatureError(f"signature {text!r} gives the parameter {name!r} twice")
        kinds[name] = reader.kind()
        if reader.token is not None:
            reader.take(",")
    return kinds


class _Reader:
    """Recursive descent over the tokens of a signature."""

    def __init__(self, text: str):
        self.text = text
        self.tokens = list(self._scan(text))
        self.position = 0

    @staticmethod
    def _scan(text: str) -> Iterator[str]:
        position, text = 0, text.rstrip()
        while position < len(text):
            found = TOKEN.match(text, position)
            if found is None:
                raise SignatureError(f"signature {text!r}: {text[position:].strip()!r} is not understood; {GRAMMAR}")
            yield found[1]
            position = found.end()

    @property
    def token(self) -> str | None:
        return self.tokens[self.position] if self.position < len(self.tokens) else None

    @property
    def ahead(self) -> str | None:
        return self.tokens[self.position + 1] if self.position + 1 < len(self.tokens) else None

    def take(self, expected: str | None = None) -> str:
        token = self.token
        if token is None or (expected is not None and token != expected):
            found = "the end" if token is None else repr(token)
            wanted = f"{expected!r}" if expected is not None else "a kind"
            raise SignatureError(f"signature {self.text!r}: expected {wanted}, found {found}; {GRAMMAR}")
        self.position += 1
        return token

    def end(self) -> None:
        if self.token is not None:
            raise SignatureError(f"signature {self.text!r}: {self.token!r} is left over; {GRAMMAR}")

    def kind(self) -> Kind:
        token = self.take()
        if token == "[":
            return self._list()
        if token == "(":
            return Tuple(tuple(self._items(")")))
        if token == "{":
            return self._dict()
        if token == "?":
            return Number()
        if token == "None" or token[0] in "\"'":
            return Static(None if token == "None" else token[1:-1])
        if token == "str":
            raise SignatureError(f"signature {self.text!r}: strings are static; write the string itself, in quotes")
        return self._number(token)

    def _number(self, token: str) -> Kind:
        if token in PYTHON and self.token != "[":
            return Scalar(PYTHON[token])
        try:
            if not (DTYPE.fullmatch(token) or hasattr(np, token)):
                raise TypeError
            dtype = np.dtype(token).name
        except TypeError:
            raise SignatureError(f"signature {self.text!r}: {token!r} is no dtype; {GRAMMAR}") from None
        if self.token != "[":
            return Scalar(PYTHON_OF_DTYPE.get(dtype, dtype))
        self.take()
        axes = []
        while self.token != "]":
            axis = self.take()
            if axis not in AXES:
                raise SignatureError(f"signature {self.text!r}: an axis is `:`, `1` or `?`, not {axis!r}")
            axes.append(AXES[axis])
            if self.token != "]":
                self.take(",")
        self.take()
        return Array(dtype, tuple(axes))

    def _items(self, close: str) -> Iterator[Kind]:
        while self.token != close:
            yield self.kind()
            if self.token != close:
                self.take(",")
        self.take()

    def _list(self) -> Kind:
        items = []
        while self.token != "]":
            items.append(self.kind())
            if self.token != "]":
                self.take(",")
            if self.token == "...":
                self.take()
                self.take("]")
                if len(items) != 1:
                    raise SignatureError(f"signature {self.text!r}: `...` follows the one kind of all elements")
                return List(items[0])
        self.take()
        return list_kind(items)

    def _dict(self) -> Kind:
        keys, items = [], []
        while self.token != "}":
            key = self.take()
            keys.append(key[1:-1] if key[0] in "\"'" else int(key) if key.lstrip("-").isdigit() else key)
            self.take(":")
            items.append(self.kind())
            if self.token != "}":
                self.take(",")
        self.take()
        return Dict(tuple(keys), tuple(items))


# Annotations


def generic_kinds(function: Any, signature: inspect.Signature, wrt: tuple[int, ...] = ()) -> dict[str, Kind]:
    """The kinds that annotations and defaults tell; "some number" where they tell nothing."""
    kinds: dict[str, Kind] = {}
    for i, parameter in enumerate(signature.parameters.values()):
        if parameter.annotation is not parameter.empty:
            kinds[parameter.name] = annotated(parameter.annotation, function, parameter.name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            kinds[parameter.name] = Tuple(())
        elif parameter.kind is parameter.VAR_KEYWORD:
            kinds[parameter.name] = Dict((), ())
        elif parameter.default is not parameter.empty and i not in wrt:
            kinds[parameter.name] = kind_of(parameter.default)
        else:
            kinds[parameter.name] = Number()
    return kinds


def is_annotated(signature: inspect.Signature) -> bool:
    """Whether every parameter without a default has an annotation."""
    parameters = signature.parameters.values()
    return bool(parameters) and all(p.annotation is not p.empty or p.default is not p.empty for p in parameters)


def annotated(annotation: Any, function: Any, name: str) -> Kind:
    """The kind that an annotation tells. `UnresolvedKind` for a type whose kind it leaves open."""
    if isinstance(annotation, str):
        return _of_text(annotation, function, name)
    if annotation in (float, int, bool, complex):
        return Scalar(annotation.__name__)
    if annotation is None or annotation is type(None):
        return Static(None)
    if annotation is np.ndarray or annotation is Any or annotation is typing.Any:
        return Number()
    if isinstance(annotation, type) and issubclass(annotation, np.generic):
        return kind_of(annotation(0)) if _is_concrete(annotation) else Number()
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is np.ndarray:
        return Number(_dtype_argument(args))
    if origin is list and args:
        return List(annotated(args[0], function, name))
    if origin is tuple and args and Ellipsis not in args:
        return Tuple(tuple(annotated(a, function, name) for a in args))
    if origin in (typing.Union, types.UnionType) and all(a in (int, float, np.ndarray, type(None)) for a in args):
        return Number()
    if isinstance(annotation, type) and (dataclasses.is_dataclass(annotation) or hasattr(annotation, "_fields")):
        return _of_record(annotation, function, name)
    raise _open(annotation, name)


def _of_text(text: str, function: Any, name: str) -> Kind:
    if text[:1] not in ("'", '"'):  # a quoted signature, when annotations are strings themselves
        try:
            return parse_kind(text)
        except SignatureError:
            pass
    try:
        value = eval(text, getattr(function, "__globals__", {}))  # as typing.get_type_hints does
    except Exception:  # noqa: BLE001 - a name that only type checkers see
        raise _open(text, name) from None
    return annotated(value, function, name)


def _of_record(cls: type, function: Any, name: str) -> Kind:
    hints = typing.get_type_hints(cls)
    fields = getattr(cls, "_fields", None) or tuple(f.name for f in dataclasses.fields(cls))
    if not set(fields) <= hints.keys():
        raise _open(cls, name)
    return Record(cls, tuple(fields), tuple(annotated(hints[f], function, f"{name}.{f}") for f in fields))


def _is_concrete(scalar: type) -> bool:
    return not scalar.__subclasses__() or scalar is np.float64


def _dtype_argument(args: tuple[Any, ...]) -> str | None:
    for arg in args[1:]:
        for scalar in typing.get_args(arg):
            if isinstance(scalar, type) and issubclass(scalar, np.generic) and _is_concrete(scalar):
                return np.dtype(scalar).name
    return None


def _open(annotation: Any, name: str) -> errors.UnresolvedKind:
    text = annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)
    return errors.UnresolvedKind(
        f"the annotation `{text}` does not tell the kind of `{name}`",
        why="before any call, kinds come from annotations alone",
        instead='call it with arguments, or annotate it with a signature such as "f8[:, :]" or "[{w: f8[:]}, ...]"',
    )


def signature_text(kinds: Mapping[str, Kind]) -> str:
    """`w: f64[N], x: f64[N, N]`."""
    return ", ".join(f"{name}: {_plain(kind)}" for name, kind in kinds.items())


def _plain(kind: Kind) -> str:
    """As `str(kind)`, with dict keys that are names written bare, as a signature has them."""
    if isinstance(kind, Dict):
        keys = (k if isinstance(k, str) and k.isidentifier() else repr(k) for k in kind.keys)
        return "{" + ", ".join(f"{k}: {_plain(item)}" for k, item in zip(keys, kind.items)) + "}"
    if isinstance(kind, List):
        return f"[{_plain(kind.item)}, ...]"
    if isinstance(kind, FixedList):
        return f"[{', '.join(map(_plain, kind.items))}]"
    if isinstance(kind, Tuple):
        return f"({', '.join(map(_plain, kind.items))}{',' if len(kind.items) == 1 else ''})"
    return str(kind).removeprefix("=") if isinstance(kind, Static) else str(kind)
