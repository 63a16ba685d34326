"""Tables by function: what is stated of several functions stands once, under a decorator that names them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def entries(table: dict[Any, Any]) -> Callable[..., Callable]:
    """The decorator that puts what it decorates into the table, under each of the functions that it is given."""

    def of(*functions: Any) -> Callable:
        def enter(entry: Any) -> Any:
            table.update(dict.fromkeys(functions, entry))
            return entry

        return enter

    return of
