"""A module of emitted code that stands by itself: it imports NumPy and the runtime, and does nothing else on import."""

from __future__ import annotations

import ast
from typing import Any

from backprose import errors
from backprose.annotations import signature_text
from backprose.dispatch import Specialization

NUMBERS = (bool, int, float, complex)


def module_text(specialization: Specialization, origin: str, version: str) -> str:
    """The module, with a header that says what it was made from."""
    emitted = specialization.compilation.emitted
    source = emitted.source
    _refuse_foreign(source, emitted.names)
    constants = [f"{name} = {_constant(name, read())}" for read, _, name in specialization.live]
    header = [
        f"# Emitted by backprose {version} from {origin}",
        f"# for {signature_text(specialization.kinds)}",
        "# Change the function and emit it again, rather than this file.",
    ]
    imports = list(emitted.imports)
    body = source.removeprefix("\n".join(imports)).lstrip("\n")
    parts = [header, *([imports] if imports else []), *([constants] if constants else [])]
    return "\n\n".join("\n".join(part) for part in parts) + "\n\n\n" + body


def _constant(name: str, value: Any) -> str:
    if type(value) in NUMBERS and value == value and abs(value) != float("inf"):
        return repr(value)
    raise errors.UnsupportedCall(
        f"the global `{name}` is read when the gradient runs, and can't be written into a module",
        why=f"it is a {type(value).__name__}; only finite numbers have a text that means the same",
        instead="pass it to the function as an argument",
    )


def _refuse_foreign(source: str, names: dict[str, Any]) -> None:
    used = {node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}
    for name, value in names.items():
        if name in used:
            raise errors.UnsupportedCall(
                f"the emitted code refers to `{name}`, which can't be written into a module",
                why=f"it is {_what(value)}, which lives in this process only",
                instead="pass it to the function as an argument, or use plain tuples and dicts of arrays",
            )


def _what(value: Any) -> str:
    if isinstance(value, type) or callable(value):
        return f"`{getattr(value, '__module__', '?')}.{getattr(value, '__qualname__', type(value).__qualname__)}`"
    return f"an object of the class {type(value).__qualname__}"
