"""Coalescing: which values share a variable, and what it is called.

Both sides of a copy become one variable where they do not interfere and the user gave them no two names; then the copy
is no statement. Afterwards variables of the same name share it where they do not interfere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from backprose.analysis.liveness import Interference, interference
from backprose.analysis.ownership import bits
from backprose.analysis.statements import (
    Copy,
    Do,
    For,
    Forget,
    If,
    NewList,
    Statement,
    Update,
    While,
    With,
    ends,
)  # fmt: skip
from backprose.codegen.folding import Folds, is_merged
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
    forward: bool = False  # holds what the forward sweep computes, which is no adjoint

    def may_join(self, other: Group) -> bool:
        if self is other or (self.fixed and other.fixed):
            return False
        if (self.forward and other.name.endswith("_bar")) or (other.forward and self.name.endswith("_bar")):
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
        self.forward |= other.forward


def coalesce(
    found: Interference, params: Iterable[Value], unbound: Iterable[Value], forward: Collection[Value] = ()
) -> dict[Value, Group]:
    """The group of each variable. `unbound` are those that a path may leave without a value; what is `forward` is never
    called an adjoint."""
    params, unbound = set(params), set(unbound)
    groups = [
        Group(1 << i, found.clashes[i], value.name, value in params, value in unbound, value in forward)
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
            for i in bits(b.members):
                groups[i] = a
    return {value: groups[i] for value, i in found.number.items()}


def share_variables(
    params: Sequence[Value], block: Sequence[Statement], folds: Folds, updates: Sequence[Update],
    forward: Collection[Value] = (), join: bool = True,
) -> tuple[dict[Value, Group], frozenset[Value]]:
    """Let both sides of a copy be one variable where they do not interfere, and are not named differently by the user.

    Gives the groups, and the variables that are assigned None where they are not bound. Without `join` each variable is
    a group of its own.

    Reading a variable that is not bound raises, as in the user's code, so it shares nothing. But passing it on must not
    raise: where a copy is left as a statement that may read it unbound, it is taken to be unread (a variable that a
    `return` leaves behind); and if that does not help, it is assigned None.
    """
    unbound = dict.fromkeys(_forgotten(block))
    unread = {v for v in unbound if is_merged(v)}
    voided: set[Value] = set()
    while True:
        found = interference(params, block, folds.leaves, folds.scoped, updates, unread, voided)
        alone = (v for v in unbound if v.name and (v not in unread or is_merged(v)))
        groups = coalesce(found if join else replace(found, copies=[]), params, alone, forward)
        passed = _passed_on(found, groups, params, block, unbound)
        if passed <= voided:
            return groups, frozenset(voided)
        voided |= passed & unread
        unread |= passed


def _passed_on(
    found: Interference, groups: dict[Value, Group], params: Iterable[Value], block: Sequence[Statement],
    unbound: Iterable[Value],
) -> set[Value]:  # fmt: skip
    """Those of the unbound variables that reach a copy which reads a variable that nothing may have assigned."""
    failing = _Assigned(groups).failing(params, block)
    if not failing:
        return set()
    reached = {v: {v} for v in unbound}  # variable -> the unbound ones that may be in it
    changed = True
    while changed:
        changed = False
        for target, source, _ in found.copies:
            more = reached.get(source, set()) - reached.get(target, set())
            if more:
                reached.setdefault(target, set()).update(more)
                changed = True
    return set().union(*(reached.get(source, set()) for source in failing))


class _Assigned:
    """Definite assignment: masks of the variables that every path to a statement has assigned."""

    def __init__(self, groups: dict[Value, Group]):
        self.groups = groups
        self.failures: dict[Value, None] = {}

    def failing(self, params: Iterable[Value], block: Sequence[Statement]) -> dict[Value, None]:
        """The sources of copies that may be unassigned."""
        self.block(block, self.mask(params))
        return self.failures

    def mask(self, values: Iterable[Value]) -> int:
        mask = 0
        for value in values:
            mask |= self.groups[value].members
        return mask

    def block(self, block: Sequence[Statement], assigned: int) -> int:
        for s in block:
            match s:
                case Do() | Update():
                    assigned |= self.mask(s.op.results)
                case Copy():
                    for target, source in zip(s.targets, s.sources):
                        group = self.groups.get(source)
                        if group is not None and group is not self.groups[target] and not group.members & assigned:
                            self.failures[source] = None
                    assigned |= self.mask(s.targets)
                case NewList():
                    assigned |= self.mask([s.target])
                case If():
                    branches = [self.block(part, assigned) for part in (s.then, s.orelse) if not ends(part)]
                    for part in (s.then, s.orelse):
                        if ends(part):
                            self.block(part, assigned)
                    if branches:
                        assigned = branches[0] & branches[-1]
                case For():
                    self.block(s.body, assigned | self.mask(t for t in s.targets if t in self.groups))
                case While():
                    assigned = self.block(s.setup, assigned)
                    self.block(s.body, assigned)
                case With():
                    assigned = self.block(s.body, assigned)
        return assigned


def _forgotten(block: Sequence[Statement]) -> Iterator[Value]:
    for s in block:
        if isinstance(s, Forget):
            yield from s.targets
        for part in ("setup", "then", "orelse", "body"):
            yield from _forgotten(getattr(s, part, ()))


def _same_name(copy: tuple[Value, Value, int]) -> bool:
    return bool(copy[0].name) and copy[0].name == copy[1].name


def name_variables(
    groups: dict[Value, Group], params: Iterable[Value], variables: Variables, base: Callable[[Value], str]
) -> dict[Value, str]:
    """The name of each variable. Parameters come first, the others in the order of the text."""
    named: dict[int, str] = {}
    for value in params:
        named[id(groups[value])] = variables.parameter(groups[value], value.name)
    for value, group in groups.items():
        if id(group) not in named:
            named[id(group)] = variables.assign(group, group.name or base(value), bool(group.name), value.kind)
    return {value: named[id(group)] for value, group in groups.items()}
