"""Cotangents of nested containers, and the unpacking of sequences.

A cotangent mirrors its primal: a list for a list, a dict for a dict. None stands where nothing has a derivative.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from itertools import islice
from typing import Any

import numpy as np

from backprose_runtime.arrays import array_module, is_array


def zeros_like(x: Any) -> Any:
    """The zero cotangent of `x`: fresh containers of zeros, None for leaves without a derivative.

    Floats and complex numbers (Python's and NumPy's) and inexact arrays have one. Integers, bools, strings, None,
    integer arrays and other objects have none; but integers that stand alone do, for there a variable holds them that
    holds floats at other times (`total = 0` before a loop that adds floats), and adds their cotangents.
    """
    if isinstance(x, (int, np.integer)) and not isinstance(x, bool):
        return 0.0
    if is_array(x) and x.dtype.kind in "iu":
        return array_module(x).zeros(x.shape)
    return _zeros_of_part(x)


def _zeros_of_part(x: Any) -> Any:
    if is_array(x):
        return array_module(x).zeros_like(x) if x.dtype.kind in "fc" else None
    if isinstance(x, np.inexact):
        return type(x)(0)
    if isinstance(x, (float, complex)):
        return 0j if isinstance(x, complex) else 0.0
    if is_container(x):
        return map_items(_zeros_of_part, x)
    return None


def add(a: Any, b: Any) -> Any:
    """The sum of two cotangents of one primal, part by part; None is the zero of everything.

    Containers of the result are fresh, unless one of the two is None.
    """
    if a is None:
        return b
    if b is None:
        return a
    if isinstance(a, dict) and isinstance(b, dict):
        return {key: add(a.get(key), b.get(key)) for key in (a | b)}
    if not is_container(a) and not is_container(b):
        return a + b
    if _shape(a) != _shape(b):
        raise ValueError(f"cotangents of different structure: {_describe(a)} and {_describe(b)}")
    others = iter(items(b))
    return map_items(lambda item: add(item, next(others)), a)


def copy_of(x: Any) -> Any:
    """A copy of `x` that shares no memory with it: arrays are copied, containers rebuilt, other leaves kept."""
    if is_array(x):
        return x.copy()
    return map_items(copy_of, x) if is_container(x) else x


def flatten(lists: Iterable[Iterable[Any]]) -> list:
    """The lists in `lists`, concatenated into a fresh list."""
    return [item for inner in lists for item in inner]


def sorting_order(keys: Iterable[Any], reverse: bool = False) -> list[int]:
    """The positions of `keys` in the order in which `sorted` puts them; equal ones stay in order."""
    keys = list(keys)
    return sorted(range(len(keys)), key=keys.__getitem__, reverse=reverse)


def unpack(value: Any, before: int, after: int | None = None) -> tuple:
    """`(a, b) = value` for `unpack(value, 2)`; `(a, *b, c) = value` for `unpack(value, 1, 1)`, as a tuple.

    The starred part is a list. Raises what Python raises where the lengths do not fit.
    """
    try:
        rest = iter(value)
    except TypeError:
        # The statement itself raises Python's own words for what can't be iterated.
        () = value
        raise
    at_least = "" if after is None else "at least "
    expected = before + (after or 0)
    head = list(islice(rest, before))
    if len(head) < before:
        raise ValueError(f"not enough values to unpack (expected {at_least}{expected}, got {len(head)})")
    if after is None:
        for _ in rest:
            raise ValueError(f"too many values to unpack (expected {expected})")
        return tuple(head)
    middle = list(rest)
    if len(middle) < after:
        raise ValueError(f"not enough values to unpack (expected at least {expected}, got {before + len(middle)})")
    cut = len(middle) - after
    return (*head, middle[:cut], *middle[cut:])


def is_container(x: Any) -> bool:
    """Whether `x` is a list, tuple, dict, namedtuple or dataclass instance."""
    return isinstance(x, (list, tuple, dict)) or (is_dataclass(x) and not isinstance(x, type))


def items(x: Any) -> list:
    """The direct parts of a container, in order."""
    if isinstance(x, (list, tuple)):
        return list(x)
    if isinstance(x, dict):
        return list(x.values())
    return [getattr(x, field.name) for field in fields(x)]


def map_items(function: Callable[[Any], Any], x: Any) -> Any:
    """A fresh container like `x` with `function` applied to its direct parts."""
    parts = [function(item) for item in items(x)]
    if isinstance(x, list):
        return parts
    if isinstance(x, dict):
        return dict(zip(x, parts))
    if isinstance(x, tuple):
        return type(x)(*parts) if hasattr(x, "_fields") else tuple(parts)
    return new_record(type(x), **{field.name: part for field, part in zip(fields(x), parts)})


def new_record(cls: type, /, **parts: Any) -> Any:
    """An object of the class with these fields. Its constructor, which may refuse cotangents, is not called."""
    out = object.__new__(cls)
    for name, part in parts.items():
        object.__setattr__(out, name, part)
    return out


def _shape(x: Any) -> Any:
    if not is_container(x):
        return None
    kind = next((base for base in (list, dict) if isinstance(x, base)), type(x))
    return kind, len(items(x))


def _describe(x: Any) -> str:
    return f"{type(x).__name__} of length {len(items(x))}" if is_container(x) else type(x).__name__
