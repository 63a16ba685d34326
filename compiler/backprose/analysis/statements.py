"""Statements: what stands between the IR and Python's text.

Values are still those of the IR, but a loop's carried value is now one variable that is assigned in several places, and
what a branch or an iteration yields reaches its destination by a `Copy`. Most copies vanish when their two sides
get the same name. An operand is a Value; what is folded into its reader's expression has no variable.
"""

from __future__ import annotations

from dataclasses import dataclass

from backprose.analysis.ownership import buffer_of
from backprose.ir.nodes import Loc, Op, Value


@dataclass(frozen=True, eq=False)
class Statement:
    loc: Loc | None


@dataclass(frozen=True, eq=False)
class Do(Statement):
    """An op without regions as a statement; its results are variables."""

    op: Op


@dataclass(frozen=True, eq=False)
class Update(Statement):
    """`new = fn(buffer, ...)` that becomes an update in place where the buffer is owned and dead afterwards."""

    op: Op

    @property
    def buffer(self) -> Value:
        return buffer_of(self.op)


@dataclass(frozen=True, eq=False)
class Copy(Statement):
    """All sources are read, then all targets are assigned."""

    targets: tuple[Value, ...]
    sources: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class Forget(Statement):
    """The targets are not bound on this path; nothing is written for it."""

    targets: tuple[Value, ...]


@dataclass(frozen=True, eq=False)
class NewList(Statement):
    """An empty list; `over` is what the loop goes over that fills it with arrays, where these may be many and large."""

    target: Value
    over: Value | None = None


@dataclass(frozen=True, eq=False)
class Append(Statement):
    target: Value
    item: Value


@dataclass(frozen=True, eq=False)
class If(Statement):
    condition: Value
    then: tuple[Statement, ...]
    orelse: tuple[Statement, ...]


@dataclass(frozen=True, eq=False)
class For(Statement):
    """`op` is the loop; `targets` are the variables that an iteration binds; `held` is read until the loop's end."""

    op: Op
    targets: tuple[Value, ...]
    body: tuple[Statement, ...]
    held: tuple[Value, ...] = ()


@dataclass(frozen=True, eq=False)
class While(Statement):
    """`setup` computes what the condition reads; without a condition the loop ends by `Break` or `Return`."""

    setup: tuple[Statement, ...]
    condition: Value | None
    body: tuple[Statement, ...]


@dataclass(frozen=True, eq=False)
class With(Statement):
    contexts: tuple[Value, ...]
    body: tuple[Statement, ...]


@dataclass(frozen=True, eq=False)
class Break(Statement):
    pass


@dataclass(frozen=True, eq=False)
class Continue(Statement):
    pass


@dataclass(frozen=True, eq=False)
class Return(Statement):
    value: Value


TERMINATORS = (Break, Continue, Return)


def ends(block: tuple[Statement, ...] | list[Statement]) -> bool:
    """Whether control never reaches the end of the block."""
    if not block:
        return False
    last = block[-1]
    if isinstance(last, If):
        return ends(last.then) and ends(last.orelse)
    return isinstance(last, TERMINATORS) or (isinstance(last, Do) and last.op.name == "raise")
