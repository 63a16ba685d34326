"""Textual forms of constants and kinds; what has none becomes a name in the table of foreign objects."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from backprose.ir import kinds as k
from backprose.ir.objects import public_name

WORD = re.compile(r"[^\W\d]\w*(\.\w+)*")


def word(name: str) -> str:
    """`name` bare where it is a dotted identifier, quoted otherwise."""
    return name if WORD.fullmatch(name) else repr(name)


@dataclass
class Objects:
    """Names `@name` for foreign objects, given in order of appearance and found by identity."""

    named: dict[str, Any] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)

    def name(self, value: Any) -> str:
        if id(value) not in self._names:
            hint = getattr(value, "__name__", None) or getattr(value, "name", None) or type(value).__name__
            hint = re.sub(r"\W", "_", str(hint))
            name, number = hint, 0
            while name in self.named:
                number += 1
                name = f"{hint}.{number}"
            self.named[name] = value
            self._names[id(value)] = name
        return "@" + self._names[id(value)]

    def reference(self, value: Any) -> str:
        """The public name of a library's object, `@name` of any other."""
        return public_name(value) or self.name(value)


def literal(value: Any, objects: Objects) -> str:
    """The text of a constant. Exact types only: an `IntEnum` is a foreign object, not an int."""
    kind = type(value)
    if value is None or value is Ellipsis or kind in (bool, int, str, bytes):
        return repr(value)
    if kind is float:
        return _float(value)
    if kind is complex:
        return f"complex({_float(value.real)}, {_float(value.imag)})"
    if kind is tuple:
        return f"({_items(value, objects)}{',' if len(value) == 1 else ''})"
    if kind is list:
        return f"[{_items(value, objects)}]"
    if kind is dict:
        inner = ", ".join(f"{literal(key, objects)}: {literal(item, objects)}" for key, item in value.items())
        return "{" + inner + "}"
    if kind in (slice, range):
        return f"{kind.__name__}({_items((value.start, value.stop, value.step), objects)})"
    if isinstance(value, np.dtype) and np.dtype(value.str) == value:
        return f"dtype({value.str!r})"
    if isinstance(value, (np.number, np.bool_, np.str_)) and not isinstance(value, (np.longdouble, np.clongdouble)):
        return f"{objects.reference(kind)}({literal(value.item(), objects)})"
    return objects.reference(value)


def _items(values: Any, objects: Objects) -> str:
    return ", ".join(literal(value, objects) for value in values)


def _float(value: float) -> str:
    return "nan" if math.isnan(value) else repr(value)


def kind_text(kind: k.Kind, objects: Objects) -> str:
    """The text of a kind, from which `parse_kind` makes the kind again."""

    def text(items: Any) -> str:
        return ", ".join(kind_text(item, objects) for item in items)

    match kind:
        case k.Static(value=value):
            return "=" + literal(value, objects)
        case k.Array(dtype, axes):
            return f"{k.DEVICE if kind.device else ''}{word(k.short_dtype(dtype))}[{', '.join(axes)}]"
        case k.Tuple(items):
            return f"({text(items)}{',' if len(items) == 1 else ''})"
        case k.List(item):
            return f"[{kind_text(item, objects)}, ...]"
        case k.FixedList(items):
            return f"[{text(items)}]"
        case k.Dict(keys, items):
            pairs = (f"{literal(key, objects)}: {kind_text(item, objects)}" for key, item in zip(keys, items))
            return "{" + ", ".join(pairs) + "}"
        case k.Record(cls, fields, items):
            inner = (f"{name}: {kind_text(item, objects)}" for name, item in zip(fields, items))
            return f"record {objects.reference(cls)}({', '.join(inner)})"
        case k.Slice(start, stop, step):
            return f"slice({text((start, stop, step))})"
        case k.Closure(template, captured):
            return f"closure({', '.join(filter(None, (objects.name(template), text(captured))))})"
        case k.Maybe(item):
            return f"{kind_text(item, objects)} | None"
        case k.Sparse(cls, dtype, axes):
            return f"sparse({objects.reference(cls)}, {word(k.short_dtype(dtype))}[{', '.join(axes)}])"
        case k.Object(cls):
            return f"object({objects.reference(cls)})"
    return str(kind)
