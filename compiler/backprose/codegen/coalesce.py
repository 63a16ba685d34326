"""Coalescing: which values share a variable, and what it is called.

Both sides of a copy become one variable where they do not interfere and the user gave them no two names; then the copy
is no statement. Afterwards variables of the same name share it where they do not interfere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from backprose.analysis.liveness import Interference
from backprose.codegen.names import Variables
from backprose.ir.nodes import Value


@dataclass(eq=False)
class Group:
    """Values in one variable: masks of the members and of what they interfere with."""

    members: int
    clashes: int
    name: str
    fixed: bool = False  # a parameter
    alone: bool = False  # may be unbound, so no other variable has its name

    def clashes_with(self, other: Group) -> bool:
        if self.alone or other.alone:
            return self is not other
        return bool(self.clashes & other.members or other.clashes & self.members)

    def may_join(self, other: Group) -> bool:
        if self is other or (self.fixed and other.fixed):
            return False
        if self.clashes & other.members or other.clashes & self.members:
            return False
        return not (self.name and other.name) or self.name == other.name

    def join(self, other: Group) -> None:
        self.members |= other.members
        self.clashes |= other.clashes
        self.name = self.name or other.name
        self.fixed |= other.fixed
        self.alone |= other.alone


def coalesce(found: Interference, params: Iterable[Value], unbound: Iterable[Value]) -> dict[Value, Group]:
    """The group of each variable. `unbound` are those that a path may leave without a value."""
    params, unbound = set(params), set(unbound)
    groups = [
        Group(1 << i, found.clashes[i], value.name, value in params, value in unbound)
        for value, i in found.number.items()
    ]
    # Inner loops first: a copy there costs most. Among equals, those that the user called the same.
    order = sorted(
        range(len(found.copies)),
        key=lambda k: (not _same_name(found.copies[k]), -found.copies[k][2], k),
    )
    for k in order:
        target, source, _ = found.copies[k]
        a, b = groups[found.number[target]], groups[found.number[source]]
        if a.may_join(b):
            a.join(b)
            for i in _bits(b.members):
                groups[i] = a
    return {value: groups[i] for value, i in found.number.items()}


def _same_name(copy: tuple[Value, Value, int]) -> bool:
    return bool(copy[0].name) and copy[0].name == copy[1].name


def _bits(mask: int) -> Iterable[int]:
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def name_variables(
    groups: dict[Value, Group], params: Iterable[Value], variables: Variables, base: Callable[[Value], str]
) -> dict[Value, str]:
    """The name of each variable. Parameters come first, the others in the order of the text."""
    named: dict[int, str] = {}
    for value in params:
        named[id(groups[value])] = variables.parameter(groups[value], value.name)
    for value, group in groups.items():
        if id(group) not in named:
            named[id(group)] = variables.assign(group, group.name or base(value), bool(group.name))
    return {value: named[id(group)] for value, group in groups.items()}
