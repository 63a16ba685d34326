"""Lists as values: each function gives a copy of a list with one change, and leaves the list as it was.

Emitted code has `xs.append(v)`, `xs[i] = v`, `del xs[i]` instead wherever nobody else can see the list.
"""

from __future__ import annotations

from typing import Any


def appended(items: list, item: Any) -> list:
    """A copy of the list with one more element."""
    return [*items, item]


def extended(items: list, more: list) -> list:
    """A copy of the list with the elements of another one behind its own."""
    return [*items, *more]


def inserted(items: list, index: Any, item: Any) -> list:
    """A copy of the list with one more element before `index`."""
    out = items.copy()
    out.insert(index, item)
    return out


def with_item(items: list, index: Any, item: Any) -> list:
    """A copy of the list with another element at `index`."""
    out = items.copy()
    out[index] = item
    return out


def with_items(items: list, start: Any, stop: Any, more: list) -> list:
    """A copy of the list with the elements of `more`, however many, in the stead of `items[start:stop]`."""
    out = items.copy()
    out[start:stop] = more
    return out


def without(items: list, index: Any) -> list:
    """A copy of the list without the element at `index`."""
    out = items.copy()
    del out[index]
    return out


def without_last(items: list) -> list:
    """A copy of the list without its last element."""
    return without(items, -1)


def without_items(items: list, start: Any, stop: Any) -> list:
    """A copy of the list without `items[start:stop]`."""
    return with_items(items, start, stop, [])


def place(index: Any, length: int) -> int:
    """`index` counted from the front of a list of this length, as `insert` and slices take it; None is the front."""
    return slice(index, None).indices(length)[0]
