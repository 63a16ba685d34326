"""Rules of users, as the compiler sees them: what is stated beside a function, and a call of such a function.

A `CustomCall` stands in the IR as one call, which reverse mode replaces by the rule's own functions. What no derivative
passes through is replaced by the body of the function itself, once nothing is left to differentiate.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from backprose.ir.nodes import Function


class Foreign:
    """A user's Python function that is called as it is, under its own name: it is not read, so it has no derivative."""

    has_effect = True  # nobody knows: it runs once, and in its place

    def __init__(self, function: Callable, owner: str):
        self.function = function
        self.__name__ = getattr(function, "__name__", "rule")
        self.__qualname__ = getattr(function, "__qualname__", self.__name__)
        self.__module__ = getattr(function, "__module__", "?")
        self.refusal = (
            f"it belongs to the rule of `{owner}`,"
            " which is not compiled (`compile=False`): first derivatives in one mode only"
        )
        self.__signature__ = inspect.signature(function)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.function(*args, **keywords)


@dataclass(frozen=True, eq=False)
class CustomRule:
    """What is stated beside a function: `fwd` and `bwd`, or `jvp`, or `jvps`. `nondiff` are positions without a cotangent."""

    name: str
    fwd: Any = None
    bwd: Any = None
    jvp: Any = None
    jvps: tuple[Any, ...] = ()  # a tangent for each argument
    nondiff: tuple[int, ...] = ()

    @property
    def is_stated(self) -> bool:
        return bool(self.fwd or self.jvp or self.jvps)


@dataclass(frozen=True, eq=False)
class Passed:
    """A nested function as an argument: the template, with its frame; what it captures are operands."""

    kind: Any
    frame: Any
    count: int


@dataclass(frozen=True, eq=False)
class CustomCall:
    """A call of `function`, whose derivative is `rule`. The operands are its arguments, one for each parameter; a nested
    function among them stands as what it captures (`arguments` has a `Passed` there, None for other arguments)."""

    function: Any
    rule: CustomRule
    params: tuple[str, ...]
    arguments: tuple[Passed | None, ...]
    body: Function | None = None  # None: called as it is
    gives_new: bool = False  # the array that it returns is certainly new
    has_effect: bool = False

    @property
    def __name__(self) -> str:
        return self.rule.name

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)
