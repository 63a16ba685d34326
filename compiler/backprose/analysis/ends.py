"""Where derivatives end: the ops on the way from an argument to the result that no derivative passes.

A value depends on an argument by whatever flow there is: through the values that are computed, but also as an index, as a
number of iterations, or as the condition of a branch. Where a value that moves with the argument goes into an op that is
on the way to the result, and nothing comes out that moves, the derivative ends there. Arguments that are containers are
asked leaf by leaf.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from backprose_runtime import stop_gradient

from backprose.analysis.activity import carries_derivative, varied_values
from backprose.analysis.apart import Apart, Path, taken_apart
from backprose.analysis.kinds import dtype_of, is_number
from backprose.analysis.shifts import cancelling_shifts
from backprose.ir.kinds import Scalar, Static
from backprose.ir.nodes import Function, Loc, Op, Region, Value
from backprose.ir.walk import all_ops, use_counts
from backprose.rules.registry import is_opaque, rule_for

COMPARISONS = frozenset({operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne,
                         np.less, np.less_equal, np.greater, np.greater_equal, np.equal, np.not_equal})  # fmt: skip
LIKE = frozenset({np.zeros_like, np.ones_like, np.empty_like, np.full_like})
SHAPES = frozenset({len, np.shape, np.size, np.ndim})


@dataclass(frozen=True)
class End:
    """An op where the derivative by an argument ends, and why."""

    place: Loc | None
    why: str


@dataclass(frozen=True)
class Flow:
    """What becomes of the derivative by one argument, or by the part of it to which `path` leads."""

    path: Path
    active: bool  # whether a derivative reaches the result
    why: str  # in a few words
    ends: tuple[End, ...]


def flows_of(function: Function, wrt: Iterable[int], has_aux: bool = False) -> list[tuple[Flow, ...]]:
    """For each of the parameters `wrt`, the flow from each of its leaves that may carry a derivative."""
    apart = taken_apart(function, has_aux)
    flows = _Flows(apart)
    return [tuple(flows.of(path, leaf) for path, leaf in _asked(apart.leaves[i])) for i in wrt]


def _asked(leaves: tuple[tuple[Path, Value], ...]) -> tuple[tuple[Path, Value], ...]:
    """The leaves that hold numbers; of a list without elements nothing can be told."""
    return tuple((path, v) for path, v in leaves if carries_derivative(v.kind) or is_number(v.kind)) or leaves[:1]


class _Flows:
    """The questions to one function, taken apart."""

    def __init__(self, apart: Apart):
        self.function = apart.function
        self.overwritten = [(v, End(loc, "is overwritten there")) for v, loc in apart.overwritten if loc is not None]
        self.used = relevant(self.function)
        self.returned = relevant(apart.whole)
        self.cancelling = cancelling_shifts(self.function)
        self.read = use_counts(self.function.region)

    def of(self, path: Path, leaf: Value) -> Flow:
        varied = varied_values(self.function, [leaf])
        ends = self._ends(varied)
        if self.function.result in varied_values(self.function, [leaf], self.cancelling):
            return Flow(path, True, "has a derivative", _in_order(ends))
        if not carries_derivative(leaf.kind):
            return Flow(path, False, f"carries no derivative: it is {leaf.kind}", ())
        ends += [end for v, end in self.overwritten if v in varied]
        if ends:
            return Flow(path, False, "has the derivative 0", _in_order(ends))
        if leaf in self.returned and leaf not in self.used:
            return Flow(path, False, "reaches the auxiliary output only", ())
        return Flow(path, False, "does not reach the result" if self.read[leaf] else "is not read", ())

    def _ends(self, varied: set[Value]) -> list[End]:
        ops = [op for op in all_ops(self.function.region) if op.loc is not None]
        shifts = [op for op in ops if any(v in self.cancelling and v in varied for v in op.results)]
        return [
            *(End(op.loc, why_not(op)) for op in ops if _ends(op, varied, self.used)),
            *(End(op.loc, "what is added to it cancels: the result does not depend on it") for op in shifts),
        ]


def _in_order(ends: Iterable[End]) -> tuple[End, ...]:
    return tuple(sorted(dict.fromkeys(ends), key=lambda end: (end.place.line, end.place.col)))


def _ends(op: Op, varied: set[Value], used: set[Value]) -> bool:
    if op.regions or used.isdisjoint(op.results):
        return False
    moving = [v for v in op.operands if v in varied]
    if varied.isdisjoint(op.results):
        return bool(moving)
    return bool(moving) and all(v in _inert(op) for v in moving)


def _inert(op: Op) -> tuple[Value, ...]:
    """The operands by which the rule says that the derivative is 0."""
    rule = rule_for(op.fn) if op.name == "call" else None
    if rule is None or not rule.inert:
        return ()
    names = [p for p in list(rule.parameters)[1:] if p in rule.params]
    given = {**dict(zip(names, op.positional)), **op.keywords}
    return tuple(given[name] for name in rule.inert if name in given)


def why_not(op: Op) -> str:
    """Why no derivative passes the op."""
    if op.fn is stop_gradient:
        return "stops it"
    if op.fn in COMPARISONS:
        return "a comparison is piecewise constant: derivatives follow the path that is taken"
    if op.name == "getattr" or op.fn in SHAPES:
        return "reads the shape only"
    if op.fn in LIKE:
        return "reads the shape only"
    if op.name == "call" and is_opaque(op.fn):
        return "its derivative is not known"
    if _inert(op):
        return "the derivative by it is 0 almost everywhere"
    kind = op.results[0].kind if op.results else None
    if isinstance(kind, Scalar) and kind.dtype == "str":
        return "gives text"
    if kind is not None and is_number(kind) and not isinstance(kind, Static):
        dtype = dtype_of(kind) or ""
        if dtype.startswith("bool"):
            return "gives true or false: derivatives follow the path that is taken"
        if dtype.startswith(("int", "uint")):
            return "gives whole numbers"
    return "is piecewise constant"


# Dependence by whatever flow


def relevant(function: Function) -> set[Value]:
    """The values that the result depends on, in whatever way."""
    found = {function.result}
    _spread(lambda: _backwards(function.region, found), found)
    return found


def _spread(step: Callable[[], None], found: set[Value]) -> None:
    before = -1
    while len(found) != before:
        before = len(found)
        step()


def _backwards(region: Region, found: set[Value]) -> None:
    for op in reversed(region.ops):
        if not op.regions:
            if not found.isdisjoint(op.results):
                found.update(op.operands)
            continue
        inside = any(v in found for inner in op.regions for made in inner.ops for v in made.results)
        if found.isdisjoint(op.results) and not inside:
            continue
        for i, result in enumerate(op.results):
            if result in found:
                for values in _sources(op, i):
                    found.update(values)
        if op.name in ("if", "with"):
            found.update(op.operands)
        else:
            found.update(op.regions[0].results if op.name == "while" else ())
            found.update(() if op.stop is None else (op.stop,))
            for param, init, after in zip(op.carried, op.inits, op.yields):
                if param in found:
                    found.update((init, after))
            if op.name == "while":
                for param, init, after in zip(op.regions[0].params, op.inits, op.yields):
                    if param in found:
                        found.update((init, after))
        for inner in op.regions:
            _backwards(inner, found)
        if op.name == "for":
            found.update(iterable for iterable in op.iterables)


def _sources(op: Op, i: int) -> list[tuple[Value, ...]]:
    if op.name in ("if", "with"):
        return [(region.results[i],) for region in op.regions]
    carried = len(op.inits)
    return [(op.inits[i], op.yields[i])] if i < carried else [(op.collects[i - carried],)]
