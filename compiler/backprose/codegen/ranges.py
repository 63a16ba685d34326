"""Which indices of a text are evidently in range: those that loops count, within bounds that arrays' lengths give.

    n = len(a)
    for i in range(1, n - 1):
        a[i + 1]
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from backprose.ir.kinds import Array, Dim, Kind, Length, Scalar
from backprose.ir.nodes import Value
from backprose.ir.syntax import nodes


class Known:
    """What is known of variables by their names: of each, the kinds that it may have."""

    def __init__(self, names: Mapping[Value, str]):
        self.kinds: dict[str, set[Kind]] = {}
        for value, name in names.items():
            self.kinds.setdefault(name, set()).add(value.kind)

    def rank(self, name: str) -> int | None:
        """How many axes the arrays have that the variable holds; None if it may hold something else."""
        kinds = self.kinds.get(name, ())
        ranks = {kind.ndim if isinstance(kind, Array) else None for kind in kinds}
        return ranks.pop() if len(ranks) == 1 else None

    def length(self, name: str, axis: int) -> Length | None:
        lengths = {kind.length(axis) for kind in self.kinds.get(name, ())}
        return lengths.pop() if len(lengths) == 1 else None

    def number(self, name: str) -> Length | None:
        """The length that the variable holds."""
        lengths = {kind.length if isinstance(kind, Dim) else None for kind in self.kinds.get(name, ())}
        return lengths.pop() if len(lengths) == 1 else None

    def is_int(self, index: ast.expr) -> bool:
        """Whether an index is certainly a number, and no array of numbers."""
        if isinstance(index, ast.Constant):
            return type(index.value) is int
        if isinstance(index, ast.UnaryOp):
            return isinstance(index.op, ast.USub) and self.is_int(index.operand)
        if isinstance(index, ast.BinOp):
            return isinstance(index.op, (ast.Add, ast.Sub)) and self.is_int(index.left) and self.is_int(index.right)
        kinds = self.kinds.get(index.id, ()) if isinstance(index, ast.Name) else ()
        return bool(kinds) and all(isinstance(kind, Dim) or kind == Scalar("int") for kind in kinds)


@dataclass(frozen=True)
class Ranges:
    """The counters of the loops around a place: by name the least and the greatest number, where they are evident."""

    known: Known
    least: Mapping[str, int] = field(default_factory=dict)
    greatest: Mapping[str, Length] = field(default_factory=dict)
    counters: frozenset[str] = frozenset()  # all that loops count or go over here

    def within(self, loop: ast.For | ast.While) -> Ranges:
        """What is known in the body of the loop."""
        stored = {n.id for s in loop.body for n in nodes([s]) if isinstance(n, ast.Name) and not isinstance(n.ctx, ast.Load)}
        targets = {n.id for n in nodes([loop.target]) if isinstance(n, ast.Name)} if isinstance(loop, ast.For) else set()
        least = {name: number for name, number in self.least.items() if name not in stored | targets}
        greatest = {name: number for name, number in self.greatest.items() if name not in stored | targets}
        for name, bounds in _counted(loop):
            low = self.lower(bounds[0]) if len(bounds) > 1 else 0
            high = self.upper(bounds[-1] if len(bounds) == 1 else bounds[1])
            if name not in stored and low is not None and high is not None:
                least[name], greatest[name] = low, (high[0], high[1] - 1)
        return Ranges(self.known, least, greatest, frozenset((self.counters | targets) - stored))

    def is_within(self, index: ast.expr, length: Length | None) -> bool:
        """Whether the index is neither negative nor as great as the length."""
        low, high = self.lower(index), self.upper(index)
        if length is None or low is None or high is None:
            return False
        return low >= 0 and high[0] == length[0] and high[1] < length[1]

    def lower(self, node: ast.expr) -> int | None:
        """A number that the expression is at least."""
        if isinstance(node, ast.Constant):
            return node.value if type(node.value) is int else None
        if isinstance(node, ast.Name):
            return self.least.get(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant) and type(node.right.value) is int:
            left = self.lower(node.left)
            return None if left is None else _shifted(left, node)
        return None

    def upper(self, node: ast.expr) -> Length | None:
        """A length that the expression is at most."""
        if isinstance(node, ast.Name):
            return self.greatest.get(node.id) or self.known.number(node.id)
        if isinstance(node, ast.BinOp) and isinstance(node.right, ast.Constant) and type(node.right.value) is int:
            left = self.upper(node.left)
            step = None if left is None else _shifted(left[1], node)
            return None if step is None else (left[0], step)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "len" and len(node.args) == 1:
            return self._length_of(node.args[0], 0)
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Attribute) and node.value.attr == "shape":
            axis = node.slice.value if isinstance(node.slice, ast.Constant) else None
            return self._length_of(node.value.value, axis) if type(axis) is int and axis >= 0 else None
        return None

    def _length_of(self, node: ast.expr, axis: int) -> Length | None:
        rank = self.known.rank(node.id) if isinstance(node, ast.Name) else None
        return self.known.length(node.id, axis) if rank is not None and axis < rank else None


def _shifted(number: int, node: ast.BinOp) -> int | None:
    """The number after `+ c` or `- c`."""
    if isinstance(node.op, ast.Add):
        return number + node.right.value
    return number - node.right.value if isinstance(node.op, ast.Sub) else None


def _counted(loop: ast.For | ast.While) -> Iterable[tuple[str, list[ast.expr]]]:
    """The counters of a loop, with the one or two bounds of their ranges."""
    if not isinstance(loop, ast.For):
        return
    is_zip = isinstance(loop.target, ast.Tuple) and _is_call(loop.iter, "zip")
    pairs = zip(loop.target.elts, loop.iter.args) if is_zip else [(loop.target, loop.iter)]
    for target, iterable in pairs:
        if _is_call(iterable, "reversed"):
            iterable = iterable.args[0]
        if isinstance(target, ast.Name) and _is_call(iterable, "range") and len(iterable.args) < 3:
            yield target.id, iterable.args


def _is_call(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name and not node.keywords
