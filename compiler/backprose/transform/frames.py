"""Where inference finds what a name means: the values that stand for those of the lowered IR, and the scope of free names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backprose.ir.nodes import Function, Value

Env = dict[Value, Value]


@dataclass(frozen=True)
class Frame:
    """Where the free names of the code being walked are looked up."""

    globals: Mapping[str, Any]
    cells: Mapping[str, Any]
    template: Function | None = None  # of the closure whose body this is
    first: Value | None = None  # the first argument, which `super()` stands for

    @classmethod
    def of(cls, function: Any, first: Value | None = None) -> Frame:
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
        return cls(function.__globals__, cells, first=first)

    @property
    def is_ours(self) -> bool:
        """Whether the code is that of a rule or a program of the table."""
        return str(self.globals.get("__name__", "")).startswith("backprose.")

    @property
    def identity(self) -> tuple[int, ...]:
        """What tells two functions of one code object apart: what their free names mean."""
        return id(self.globals), *map(id, self.cells.values())
