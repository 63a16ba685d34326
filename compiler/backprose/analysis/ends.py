"""Where derivatives end: the ops on the way from an argument to the result that no derivative passes.

A value depends on an argument by whatever flow there is: through the values that are computed, but also as an index, as a
number of iterations, or as the condition of a branch. Where a value that moves with the argument goes into an op that is
on the way to the result, and nothing comes out that moves, the derivative ends there.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from backprose_runtime import stop_gradient

from backprose.analysis.activity import active_values, varied_values
from backprose.analysis.kinds import dtype_of, is_number
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
    """What becomes of the derivative by one argument."""

    name: str
    active: bool  # whether a derivative reaches the result
    why: str  # in a few words
    ends: tuple[End, ...]


def flow_of(function: Function, param: Value) -> Flow:
    varied = varied_values(function, [param])
    used = relevant(function)
    ends = tuple(dict.fromkeys(End(op.loc, why_not(op)) for op in all_ops(function.region) if _ends(op, varied, used)))
    ends = tuple(sorted(ends, key=lambda end: (end.place.line, end.place.col) if end.place else (0, 0)))
    if param in active_values(function, [param]):
        return Flow(param.name, True, "has a derivative", ends)
    if not use_counts(function.region)[param]:
        return Flow(param.name, False, "is not read", ())
    if ends:
        return Flow(param.name, False, "has the derivative 0", ends)
    if param in used:
        return Flow(param.name, False, f"carries no derivative: it is {param.kind}", ())
    return Flow(param.name, False, "does not reach the result", ())


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
