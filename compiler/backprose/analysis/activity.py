"""Activity: which values depend on the inputs asked for (varied) and reach the result differentiably (useful).

Only values that are both get adjoints; the rest costs nothing. Loops are iterated to a fixed point.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable

from backprose.analysis.kinds import dtype_of, is_complex, is_inexact, is_number
from backprose.analysis.shifts import cancelling_shifts
from backprose.ir.kinds import Array, Dict, FixedList, Kind, List, Maybe, Record, Residuals, Static, Tuple, Unbound, Unknown
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops
from backprose.rules.registry import has_no_derivative, is_opaque, is_step_of_reals


def carries_derivative(kind: Kind) -> bool:
    """Whether values of the kind are, or contain, real or complex numbers."""
    if type(kind) is Array:
        return is_inexact(kind)
    if isinstance(kind, (Tuple, FixedList, Dict, Record)):
        return any(map(carries_derivative, kind.items))
    if isinstance(kind, (List, Maybe)):
        return carries_derivative(kind.item)
    return is_inexact(kind) or isinstance(kind, (Residuals, Unknown, Unbound))


def varied_values(fn: Function, inputs: Iterable[Value], constant: Collection[Value] = ()) -> set[Value]:
    """Values of `fn` that depend on `inputs`, if those that are `constant` do not."""
    varied = set(inputs)
    _spread(lambda: _varied(fn.region, varied, constant), varied, fn.region)
    return varied


def active_values(fn: Function, inputs: Iterable[Value]) -> set[Value]:
    """Values of `fn` that depend on `inputs` and that the result depends on; not the shifts that cancel."""
    varied = varied_values(fn, inputs, cancelling_shifts(fn))
    useful = {fn.result}
    _spread(lambda: _useful(fn.region, useful), useful, fn.region)
    return varied & useful


def _spread(step: Callable[[], None], values: set[Value], region: Region) -> None:
    """Repeat until nothing is added: one round settles straight-line code, loops take a few."""
    has_loops = any(op.name in ("for", "while") for op in all_ops(region))
    before = -1
    while len(values) != before:
        before = len(values)
        step()
        if not has_loops:
            return


def _varied(region: Region, varied: set[Value], constant: Collection[Value]) -> None:
    for op in region.ops:
        for inner in op.regions:
            _enter(op, inner, varied)
            _varied(inner, varied, constant)
        if op.regions:
            _leave(op, varied)
        elif not varied.isdisjoint(op.operands) and passes_derivative(op):
            varied.update([v for v in op.results if carries_derivative(v.kind) and v not in constant])


def passes_derivative(op: Op) -> bool:
    """Whether the op's results may depend differentiably on its operands."""
    if op.name == "call":
        if is_step_of_reals(op.fn):
            return not all(dtype_of(v.kind) is not None and not is_complex(v.kind) for v in op.operands)
        return not has_no_derivative(op.fn) or is_opaque(op.fn)
    if op.name == "getattr" and is_number(op.operands[0].kind):
        return False  # a shape, a size
    return op.name not in ("const", "unbound", "global", "raise", "closure")


def _enter(op: Op, inner: Region, varied: set[Value]) -> None:
    """Into a loop's body: items from iterables, carried parameters from inits and from what the body yields."""
    if op.name not in ("for", "while"):
        return
    count = op.attrs.get("iterables", 0)
    for param, source in zip(op.items, op.iterables):
        if source in varied and carries_derivative(param.kind):
            varied.add(param)
    for param, init, after in zip(inner.params[count if inner is op.body else 0 :], op.inits, op.yields):
        if (init in varied or after in varied) and carries_derivative(param.kind):
            varied.add(param)


def _leave(op: Op, varied: set[Value]) -> None:
    for result, sources in _result_sources(op):
        if not varied.isdisjoint(sources) and carries_derivative(result.kind):
            varied.add(result)


def _result_sources(op: Op) -> list[tuple[Value, tuple[Value, ...]]]:
    if op.name in ("for", "while"):
        carried = [(r, (i, y)) for r, i, y in zip(op.carried_results, op.inits, op.yields)]
        return carried + [(r, (c,)) for r, c in zip(op.collected_results, op.collects)]
    return list(zip(op.results, zip(*(region.results for region in op.regions))))


def _useful(region: Region, useful: set[Value]) -> None:
    for op in reversed(region.ops):
        if not op.regions:
            if not useful.isdisjoint(op.results) and passes_derivative(op):
                useful.update([v for v in op.operands if carries_derivative(v.kind)])
            continue
        for result, sources in _result_sources(op):
            if result in useful:
                useful.update(sources)
        if op.name in ("for", "while"):
            for param, init, after in zip(op.carried, op.inits, op.yields):
                if param in useful:
                    useful.update((init, after))
        for inner in op.regions:
            _useful(inner, useful)
        if op.name in ("for", "while"):
            useful.update(source for param, source in zip(op.items, op.iterables) if param in useful)


def maybe_unbound(region: Region) -> set[Value]:
    """Values that may hold nothing: a variable which some path, or a loop that runs zero times, leaves unbound."""
    found: set[Value] = set()
    _spread(lambda: _unbound_in(region, found), found, region)
    return found


def _unbound_in(region: Region, found: set[Value]) -> None:
    for op in region.ops:
        if op.name == "unbound" or (op.name == "const" and op.attrs["value"] is None and op.result.kind != Static(None)):
            found.update(op.results)
        if op.name in ("for", "while"):
            for k, (init, after) in enumerate(zip(op.inits, op.yields)):
                if init in found or after in found:
                    skip = op.attrs.get("iterables", 0)
                    found.update(r.params[k + (skip if r is op.body else 0)] for r in op.regions)
                    found.add(op.results[k])
        for inner in op.regions:
            _unbound_in(inner, found)
        if op.name in ("if", "with"):
            found.update(r for r, sources in _result_sources(op) if not found.isdisjoint(sources))


def maybe_missing(region: Region) -> set[Value]:
    """Values that may be unbound, or None in the stead of such a value, and the lists in which a loop keeps these."""
    found = maybe_unbound(region)
    _spread(lambda: _missing_in(region, found), found, region)
    return found


def _missing_in(region: Region, found: set[Value]) -> None:
    for op in region.ops:
        if op.name == "call" and op.fn in (reversed, operator.getitem) and op.operands[0] in found:
            found.add(op.result)
        for inner in op.regions:
            _missing_in(inner, found)
        if op.name in ("for", "while"):
            found.update(item for item, iterable in zip(op.items, op.iterables) if iterable in found)
            found.update(p for p, i, y in zip(op.carried, op.inits, op.yields) if i in found or y in found)
        if op.regions:
            found.update(result for result, sources in _result_sources(op) if not found.isdisjoint(sources))
