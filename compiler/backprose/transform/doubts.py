"""The refusals of updates in place: sharing that is not known when compiling, and what lives outside the function."""

from __future__ import annotations

from typing import Any

from backprose import errors
from backprose.ir.nodes import Value


def outside_update(target: Value, place: tuple[Any, str] | None, loc: Any) -> errors.UnsupportedUpdate:
    """An update of what lives outside the function; `place` is the object, or None, and the name of the attribute."""
    owner, name = place or (None, target.name or "a value")
    cls = owner if isinstance(owner, type) else type(owner)
    what = f"`{name}`" if owner is None else f"the attribute `{name}` of `{cls.__qualname__}`"
    error = errors.UnsupportedUpdate(
        f"{what} lives outside the function, and is updated in place", loc, "other code sees the change",
        "pass it as an argument, or work on a copy: `.copy()`",
    )  # fmt: skip
    error.place = place
    return error


def still_held(name: str, loc: Any) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(
        f"`{name}` is updated in place, and a container may hold it too", loc,
        "which elements of the container share its memory is not known when compiling",
        "put a copy in the container: `.copy()`",
    )  # fmt: skip


def element(name: str, loc: Any) -> errors.UnsupportedUpdate:
    return errors.UnsupportedUpdate(
        f"`{name}` is an element of a container, and is updated in place", loc,
        "which other names refer to it is not known when compiling",
        "store a new value in the container: `xs[i] = xs[i] + ...`",
    )  # fmt: skip


def undecided(name: str, other: str, loc: Any) -> errors.UnsupportedUpdate:
    other = f"`{other}`" if other != name else "what it was before"
    return errors.UnsupportedUpdate(
        f"whether `{name}` and {other} share memory is not known when compiling", loc,
        "one of them is updated in place, and the other may have to change with it",
        "copy one of them first: `.copy()`",
    )  # fmt: skip
