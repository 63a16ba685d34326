"""The functions that are emitted in forward mode: a function with its tangent, and what it reaches by `invoke`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from backprose.analysis.activity import active_values, carries_derivative, maybe_unbound
from backprose.analysis.magnitudes import Magnitudes
from backprose.ir.kinds import Array, List
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.walk import all_ops, rename
from backprose.transform.cotangents import bar_tree_kind
from backprose.transform.drop_dead import drop_dead_ops
from backprose.transform.gradient import Request, refuse_optional, return_loc, split_aux, taken_apart
from backprose.transform.guard_zeros import guard_zeros
from backprose.transform.pairs import register, with_reachable
from backprose.transform.segments import without_marks
from backprose.transform.tangent import Pushforward
from backprose.transform.tangents import dot_name, drop_evident_stretches
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

def tangent(module: Module, engine: Inference, request: Request) -> Module:
    """The module whose entry gives the value of `module`'s entry and its tangent (and the auxiliary output).

    Its parameters are those of the entry, then a tangent for each parameter in `request.wrt` that carries a derivative.
    """
    fn = taken_apart(module.entry, request)
    wrt = tuple(i for i in request.wrt if carries_derivative(fn.params[i].kind))
    register(engine, module)
    return with_reachable(engine, *with_tangent(engine, fn, wrt, request.guard_zeros, fn.name + request.suffix, request))


def with_tangent(
    engine: Inference, fn: Function, wrt: tuple[int, ...], guarded: bool, name: str, request: Request | None = None
) -> tuple[Function]:
    """The function `name` that gives the value of `fn` and its tangent, for tangents of the parameters at `wrt`."""
    fn = without_marks(fn, (Array, List))  # which move; what counts iterations is still a mark for reverse mode
    inputs = [fn.params[i] for i in wrt]
    refuse_optional(fn, inputs)
    b = TypedBuilder(fn.loc)
    b.learn(fn.region)
    b.magnitudes = Magnitudes(fn.region)
    unbound = maybe_unbound(fn.region)
    active = _with_sources(fn, active_values(fn, inputs), unbound)
    push = Pushforward(engine, active, guarded, active & unbound)
    params = [Value(dot_name(v), bar_tree_kind(v.kind)) for v in inputs]
    for value, dot in zip(inputs, params):
        push.dots.put(b, value, dot)
    push.region(b, fn.region)
    result, aux = split_aux(b, fn, request) if request else (fn.result, None)
    loc = return_loc(fn)
    b.loc, b.pinned = loc.beside() if loc else None, True
    dot = push.dots.tree(b, result)
    b.loc = loc
    out = b.tuple((result, dot) if aux is None else (result, dot, aux))
    region = Region((*fn.params, *params), tuple(b.ops), (out,))
    if guarded:
        region = guard_zeros(region, params, push.written_for)
    region = rename(region, push.dots.names)
    region = drop_dead_ops(drop_evident_stretches(region))
    doc = f"Value of `{fn.name}` and its tangent, for tangents of its arguments (forward mode)."
    whole = "owned" in fn.attrs  # a derivative, whose value shares memory with nothing either
    attrs = {"owned": () if whole else (1,)} if request else {}
    return (replace(fn, name=name, region=region, doc=doc, signature=None, attrs=attrs),)


def _with_sources(fn: Function, active: set[Value], unbound: set[Value]) -> set[Value]:
    """The active values, and those that become active ones and may be unbound.

    Of a variable that may be unbound nothing can be read, so its tangent can't be made of zeros when it is asked for:
    it has one from the start.
    """
    found, before = set(active), -1
    while len(found) != before:
        before = len(found)
        for op in all_ops(fn.region):
            for target, source in _flows(op):
                if target in found and source in unbound and carries_derivative(source.kind):
                    found.add(source)
    return found


def beside_primals(module: Module) -> Module:
    """Give tangents the places of what they stand beside: they are printed as one sweep."""

    def settled(region: Region) -> Region:
        return replace(region, ops=tuple(map(op, region.ops)))

    def op(op: Op) -> Op:
        op = op.reading(op.operands, tuple(map(settled, op.regions)))
        return replace(op, loc=replace(op.loc, sweep="")) if op.loc is not None and op.loc.sweep == "tangent" else op

    if not any(op.loc is not None and op.loc.sweep == "tangent" for fn in module.functions.values() for op in all_ops(fn.region)):
        return module
    return Module({name: replace(fn, region=settled(fn.region)) for name, fn in module.functions.items()})


def _flows(op: Op) -> Iterator[tuple[Value, Value]]:
    """What becomes what in branches and loops."""
    if op.name in ("if", "with"):
        for inner in op.regions:
            yield from zip(op.results, inner.results)
    elif op.name in ("for", "while"):
        for targets in (op.carried, op.carried_results):
            yield from zip(targets, op.inits)
            yield from zip(targets, op.yields)
