"""What the kinds of a call's arguments depend on, fast to find: the dtype and the pattern of ones in each shape, the type of
each number, the names and lengths of containers."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprose import signatures
from backprose_runtime.arrays import is_array

ndarray = np.ndarray
PLAIN = frozenset({float, int, bool, complex, type(None), range, *np.sctypeDict.values()} - {np.object_, np.void})
MUTABLE = (dict, list, set, bytearray)


class Unsuitable(Exception):
    """An argument that can't be specialised for."""

    def __init__(self, what: str, instead: str):
        self.what, self.instead = what, instead
        super().__init__(what)


def key_of(value: Any) -> Any:
    """What the kind of `value` depends on, fast to find; equal keys mean equal kinds."""
    key: list[Any] = []
    spell(value, key)
    return tuple(key)


def spell(value: Any, key: list[Any]) -> None:
    """Append the key of `value`. The types and lengths that come first say where each part ends."""
    cls = type(value)
    if cls is ndarray:
        shape = value.shape
        key.append(value.dtype)
        key.append(tuple([n == 1 for n in shape]) if 1 in shape else len(shape))
    elif cls in PLAIN:
        key.append(cls)
    elif cls is dict:
        key += (dict, len(value))
        for name, item in value.items():
            key.append(name if type(name) is str else (type(name), name))
            spell(item, key)
    elif cls is list:
        _spell_list(value, key)
    elif isinstance(value, tuple):
        key += (cls, len(value))
        for item in value:
            spell(item, key)
    elif cls is str:
        key.append((str, value))
    elif hasattr(cls, "__dataclass_fields__"):
        key.append(cls)
        for name in cls.__dataclass_fields__:
            spell(getattr(value, name), key)
    elif is_array(value) and not isinstance(value, ndarray):
        key += ("cupy", value.dtype, tuple([n == 1 for n in value.shape]))
    else:
        key.append(_key_of_object(value))


def _spell_list(value: list, key: list[Any]) -> None:
    """Lists of equal kinds serve any length; static elements stand for themselves."""
    items = [key_of(item) for item in value]
    if items and items.count(items[0]) == len(items) and not _is_static(items[0][0]):
        key += (list, -1, *items[0])
    else:
        key += (list, len(items), *items)


def spell_lengths(value: Any, key: list[Any]) -> None:
    """Append the lengths of the lists in `value`."""
    if isinstance(value, (list, tuple, dict)):
        key.append(len(value))
        for item in value.values() if isinstance(value, dict) else value:
            spell_lengths(item, key)
    elif hasattr(type(value), "__dataclass_fields__"):
        for name in type(value).__dataclass_fields__:
            spell_lengths(getattr(value, name), key)


def _is_static(first: Any) -> bool:
    """Whether a key that begins so is that of a static value."""
    if isinstance(first, type):
        return first is type(None)
    return (type(first) is tuple and first[0] is str) or hasattr(first, "value")


def _key_of_object(value: Any) -> Any:
    from backprose.analysis.kinds import is_sparse, kind_of

    cls = type(value)
    if is_sparse(value):  # among them one that is a dict
        return kind_of(value)
    if isinstance(value, ndarray) and cls is not np.memmap:
        raise Unsuitable(f"an array of the class {cls.__name__}", "pass np.asarray of it")
    if isinstance(value, MUTABLE):
        plain = next((base.__name__ for base in (dict, list) if isinstance(value, base)), "tuple")
        raise Unsuitable(f"{signatures.article(cls.__name__)}", f"pass a {plain}")
    # The kind holds the object itself, so that its identity can't pass to another one.
    return kind_of(value)
