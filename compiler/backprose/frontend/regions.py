"""The ground of lowering: where ops go, what each variable holds, and how the ends of two branches are joined.

A block of statements ends in an `Exit`. Its parts are known when lowering (True, False), or are flags computed by the
code (a `Value`), or do not matter (None, as nothing after a `raise` matters). Joining two branches keeps what is
known, and yields the rest as results of an `if` or `with` op. So `break`, `continue` and early `return` need no
op of their own, and a flag appears only where the source leaves it open how a block ends.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from typing import Any, NoReturn

from backprose.errors import UnsupportedSyntax
from backprose.frontend.source import Source
from backprose.ir.build import Builder
from backprose.ir.nodes import Function, Loc, Value

Flag = bool | Value | None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a block ends. `stop`, `returned` and `result` say how it jumped, where it jumped.

    `stop`: the innermost loop ends; `returned`: the function ends, with `result`.
    """

    jumped: Flag = None
    stop: Flag = None
    returned: Flag = None
    result: Value | None = None

    @property
    def forgets(self) -> bool:
        """Whether no variable is read any more."""
        return self.jumped is None or (self.jumped is True and self.returned is True)


FALL = Exit(jumped=False)
RAISED = Exit()
CONTINUE = Exit(jumped=True, stop=False, returned=False)
BREAK = Exit(jumped=True, stop=True, returned=False)


@dataclass(frozen=True, slots=True)
class Nested:
    """What a variable holds that is bound to a nested function: a closure is made of it wherever it is read.

    Python's closures read variables when they are called. `captured` are the variables' keys, `defaults` values
    from the time of definition.
    """

    template: Function
    captured: tuple[str, ...]
    defaults: tuple[Value, ...]
    name: str
    loc: Loc


@dataclass(frozen=True, slots=True)
class Itself:
    """What a nested function's own name holds inside it."""


@dataclass(frozen=True, slots=True)
class Stale:
    """What a variable holds that was bound to a nested function in another iteration or in one branch only."""

    name: str


Binding = Value | Nested | Itself | Stale
Env = dict[str, Binding]


@dataclass(slots=True)
class Side:
    """One region while it is built: its builder, its variables at the end, how it ended, and extra yields."""

    builder: Builder
    env: Env
    exit: Exit
    values: tuple[Value, ...]


class At:
    """Gives ops a place. There is one for each expression, and a generator would take three times as long."""

    __slots__ = ("regions", "loc")

    def __init__(self, regions: Regions, loc: Loc):
        self.regions, self.loc = regions, loc

    def __enter__(self) -> None:
        builder = self.regions.builder
        self.loc, builder.loc = builder.loc, self.loc

    def __exit__(self, *error: Any) -> None:
        self.regions.builder.loc = self.loc


class Regions:
    """Holds the current builder and variables. A variable's key is its name, unless a comprehension binds it."""

    def __init__(self, source: Source, function: str):
        self.source = source
        self.function = function
        self.builder = Builder()
        self.env: Env = {}
        self.flags: set[Value] = set()  # values known to be True or False themselves

    # Places
    def at(self, node: ast.AST) -> At:
        """Ops made inside are located at `node`."""
        return At(self, self.source.loc(node, self.function))

    def refuse(self, node: ast.AST | Loc, what: str, why: str, instead: str) -> NoReturn:
        loc = node if isinstance(node, Loc) else self.source.loc(node, self.function)
        raise UnsupportedSyntax(what, loc, why, instead)

    @contextmanager
    def region(self, env: Env) -> Iterator[Builder]:
        """Ops made inside go to a builder of their own; the variables afterwards are those before."""
        outer_builder, outer_env = self.builder, self.env
        self.builder, self.env = Builder(outer_builder.loc), dict(env)
        try:
            yield self.builder
        finally:
            self.builder, self.env = outer_builder, outer_env

    # Variables
    def closure(self, binding: Nested, node: ast.AST | Loc, escapes: bool) -> Value:
        raise NotImplementedError

    def may_escape(self, binding: Nested) -> bool:
        raise NotImplementedError

    def value_of(self, key: str) -> Value:
        """What the variable holds, as a value to be yielded; an `unbound` where nothing is."""
        match self.env.get(key):
            case Value() as value:
                return value
            case Nested() as nested:
                return self.closure(nested, nested.loc, escapes=True)
            case _:
                return self.builder.unbound(plain(key))

    # Branches
    def side(self, lower: Callable[[], tuple[Exit, Sequence[Value]]]) -> Side:
        with self.region(self.env) as builder:
            exit, values = lower()
            return Side(builder, self.env, exit, tuple(values))

    def branch(
        self,
        cond: Value,
        then: Callable[[], tuple[Exit, Sequence[Value]]],
        orelse: Callable[[], tuple[Exit, Sequence[Value]]],
        names: Sequence[str] = (),
    ) -> tuple[Exit, tuple[Value, ...]]:
        """An `if`; each side gives how it ends and extra values to yield, whose results are returned."""
        join = _Join(self, (self.side(then), self.side(orelse)), cond)
        left, right = join.sides
        values = tuple(join.values(a, b, name) for a, b, name in zip(left.values, right.values, names))
        exit = join.exits()
        env = join.envs()
        regions = [side.builder.region((), yields) for side, yields in zip(join.sides, join.yields())]
        if join.slots or not (cond in self.flags and not any(region.ops for region in regions)):
            self.builder.op("if", (cond,), list(join.slots.values()), regions)
        self.env = env
        return exit, values

    def chosen(self, cond: Value, then: Callable[[], Value], orelse: Callable[[], Value], name: str = "") -> Value:
        """The value of an expression which evaluates one of two."""
        _, (value,) = self.branch(cond, lambda: (FALL, [then()]), lambda: (FALL, [orelse()]), (name,))
        return value

    def enclosed(self, op: str, operands: Iterable[Value], lower: Callable[[], Exit]) -> Exit:
        """An op with one region that always runs."""
        side = self.side(lambda: (lower(), ()))
        results: dict[Value, Value] = {}

        def out(value: Any, name: str = "") -> Any:
            if not isinstance(value, Value):
                return value
            results.setdefault(value, Value(value.name or name))
            return results[value]

        before, env = self.env, {}
        for key, binding in side.env.items() if not side.exit.forgets else ():
            if before.get(key) is binding:
                env[key] = binding
            elif isinstance(binding, Nested):
                env[key] = replace(binding, defaults=tuple(out(value, value.name) for value in binding.defaults))
            else:
                env[key] = out(binding, plain(key))
        exit = Exit(*(out(getattr(side.exit, field.name), field.name) for field in fields(Exit)))
        self.flags.update(results[value] for value in self.flags.intersection(results))
        self.builder.op(op, operands, list(results.values()), [side.builder.region((), results)])
        self.env = before if side.exit.forgets else env
        return exit


class _Join:
    """Collects what two sides yield: each differing pair of values becomes one result."""

    def __init__(self, lowering: Regions, sides: tuple[Side, Side], cond: Value):
        self.lowering, self.sides, self.cond = lowering, sides, cond
        self.slots: dict[tuple[Value, Value], Value] = {}
        self.constants: dict[tuple[int, bool], Value] = {}

    def yields(self) -> tuple[list[Value], list[Value]]:
        return [a for a, _ in self.slots], [b for _, b in self.slots]

    def values(self, a: Value, b: Value, name: str) -> Value:
        # The same object on both sides was there before: nothing is defined in both.
        if a is b:
            return a
        if (a, b) not in self.slots:
            self.slots[a, b] = Value(name)
        return self.slots[a, b]

    def exits(self) -> Exit:
        left, right = (side.exit for side in self.sides)
        flags = [self.flag(getattr(left, name), getattr(right, name), name) for name in ("jumped", "stop", "returned")]
        return Exit(*flags, self.result(left.result, right.result))

    def flag(self, a: Flag, b: Flag, name: str) -> Flag:
        if a is None or b is None:
            known = b if a is None else a
            if not isinstance(known, Value):
                return known
            a, b = (False if a is None else a), (False if b is None else b)
        if a is b:
            return a
        if a is True and b is False and self.cond in self.lowering.flags:
            return self.cond
        result = self.values(self.constant(0, a), self.constant(1, b), name)
        self.lowering.flags.add(result)
        return result

    def result(self, a: Value | None, b: Value | None) -> Value | None:
        if a is None and b is None:
            return None
        return self.values(a or self.unbound(0, ""), b or self.unbound(1, ""), "result")

    def constant(self, index: int, flag: bool | Value) -> Value:
        if isinstance(flag, Value):
            return flag
        if (index, flag) not in self.constants:
            self.constants[index, flag] = self.sides[index].builder.const(flag)
        return self.constants[index, flag]

    def unbound(self, index: int, name: str) -> Value:
        return self.sides[index].builder.unbound(name)

    def envs(self) -> Env:
        before = self.lowering.env
        left, right = self.sides
        if left.exit.forgets and right.exit.forgets:
            return before
        env: Env = {}
        for key in {**left.env, **right.env}:
            binding = self.binding(key, before.get(key))
            if binding is not None:
                env[key] = binding
        return env

    def binding(self, key: str, before: Binding | None) -> Binding | None:
        left, right = self.sides
        a, b = left.env.get(key), right.env.get(key)
        if a is b or (left.exit.forgets and b is before):
            return b
        if right.exit.forgets and a is before:
            return a
        if not all(side.exit.forgets or self.can_yield(side.env.get(key)) for side in self.sides):
            return Stale(plain(key))
        return self.values(self.held(0, key), self.held(1, key), plain(key))

    def can_yield(self, binding: Binding | None) -> bool:
        if isinstance(binding, Nested):
            return self.lowering.may_escape(binding)
        return not isinstance(binding, (Stale, Itself))

    def held(self, index: int, key: str) -> Value:
        side = self.sides[index]
        if side.exit.forgets:
            return self.unbound(index, plain(key))
        lowering = self.lowering
        outer = lowering.builder, lowering.env
        lowering.builder, lowering.env = side.builder, side.env
        try:
            return lowering.value_of(key)
        finally:
            lowering.builder, lowering.env = outer


def plain(key: str) -> str:
    """The user's name of a variable: keys of comprehension variables carry a number after a space."""
    return "" if key.startswith("match.") else key.partition(" ")[0]

