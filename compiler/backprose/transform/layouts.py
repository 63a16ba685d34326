"""Layouts during inference: whether the result of a reshape is a view of its operand, or a copy."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose.ir.kinds import Static
from backprose.ir.nodes import Op, Value
from backprose.transform.places import Cell
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.memory import Memory


RESHAPES = frozenset({np.reshape, np.ravel})


@dataclass
class Layouts:
    """What is known of the order in which the entries of arrays lie in memory."""

    reshaped: set[Cell] = field(default_factory=set)  # those that have views by reshape: their layout has to stay
    renewed: set[Cell] = field(default_factory=set)  # those whose value was replaced by one of perhaps another layout
    in_order: set[Value] = field(default_factory=set)  # arrays whose entries certainly lie one after the other
    in_another_order: set[Value] = field(default_factory=set)  # arrays that were asked for in an order, perhaps C
    copies: dict[Value, Value] = field(default_factory=dict)  # of parameters, made at the top
    reshapes: dict[Cell, set[Any]] = field(default_factory=dict)  # where arrays of unknown layout are reshaped
    required: set[Any] = field(default_factory=set)  # places where the layout is checked at run time
    ordered: set[str] = field(default_factory=set)  # parameters whose layout is checked at run time

    def is_in_order(self, memory: Memory, value: Value) -> bool:
        """Whether the array's entries certainly lie one after the other, as in what was reshaped without a copy."""
        ref = memory.ref(value)
        if ref.path and ref.path[-1].fn in RESHAPES:
            return value not in memory.doubtful
        if ref.path or value in memory.doubtful or ref.cell.root not in self.in_order:
            return False
        if ref.cell not in self.renewed:
            self.reshaped.add(ref.cell)
        return ref.cell not in self.renewed

    def is_required(self, memory: Memory, b: TypedBuilder, op: Op, source: Value) -> bool:
        """Whether the operand of a reshape is checked at run time to lie in C order, so that the result is a view.

        That is done where the function can't be compiled otherwise, and only for arrays that lie in memory as they do in
        the function itself: what a copy made at the top looks like says nothing, so there the parameter is checked.
        """
        ref = memory.ref(source)
        other = ref.cell in self.renewed or ref.cell.root in self.in_another_order
        if source in memory.doubtful or other or any(s.fn is not operator.getitem for s in ref.path):
            return False
        self.reshapes.setdefault(ref.cell, set()).add(op.loc)
        if op.loc not in self.required:
            return False
        self.reshaped.add(ref.cell)
        param = self.copies.get(ref.cell.root)
        if param is not None:
            self.ordered.add(param.name)
        if param is None or ref.path:
            require_c_order(b, source)
        return True

    def behind(self, cells: Iterable[Cell]) -> frozenset[Any]:
        """Where arrays are reshaped so that it is left open whether something shares memory with the cells."""
        return frozenset(loc for cell in cells for loc in self.reshapes.get(cell, ()))


def require_c_order(b: TypedBuilder, array: Value) -> None:
    """A check at run time that the array lies in memory in C order."""
    b.op("call", (array,), [Value("", Static(None))], fn=backprose_runtime.require_c_order, keywords=(), method=None)
