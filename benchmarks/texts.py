"""The text of a function, run on the arrays of another library."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any


def with_names(function: FunctionType, **names: Any) -> Callable:
    """The function's text, and that of the functions beside it, where these names stand for something else."""
    scope = dict(function.__globals__)
    for name, value in scope.items():
        if isinstance(value, FunctionType) and value.__module__ == function.__module__:
            scope[name] = FunctionType(value.__code__, scope, name, value.__defaults__, value.__closure__)
    scope.update(names)
    return scope[function.__name__]
