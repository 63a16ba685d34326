"""Derivatives of calls that are not inlined: of each function that is reached by `invoke`, a forward and a backward part, or
a function with its tangent. They are functions of the module like any other, so their derivatives are had in the same way.

They are made when they are first asked for, by the parameters that move. Those that its own recursion moves are added, so
that one pair serves all levels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from backprose.analysis.activity import varied_values
from backprose.ir.nodes import Function, Module
from backprose.ir.walk import all_ops
from backprose.rules.custom import CustomCall

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Moving = tuple[int, ...]  # indices of parameters


def parts(engine: Inference, callee: str, wrt: Iterable[int], guarded: bool) -> tuple[str, str, Moving]:
    """The names of the forward and the backward part, and the parameters that the latter gives cotangents of."""
    from backprose.transform.gradient import pair  # which stands above the walk that asks

    at = _moved(engine, callee, wrt)
    names = f"{callee}_forward", f"{callee}_backward"
    return *derived(engine, callee, (at, guarded), names, lambda fn, names: pair(engine, fn, at, guarded, names)), at


def tangent(engine: Inference, callee: str, wrt: Iterable[int], guarded: bool) -> tuple[str, Moving]:
    """The name of the function with its tangent, and the parameters whose tangents it takes."""
    from backprose.transform.jvp import with_tangent

    at = _moved(engine, callee, wrt)
    names = (f"{callee}_tangent",)
    return *derived(engine, callee, (at, guarded), names, lambda fn, names: with_tangent(engine, fn, at, guarded, *names)), at


def linear_parts(engine: Inference, callee: str, known: int) -> tuple[str, str]:
    """The names of the parts of a function with its tangent, of whose parameters the first `known` are no tangents."""
    from backprose.transform.linear import in_parts

    base = callee.removesuffix("_tangent")
    names = f"{base}_forward", f"{base}_linear"
    return derived(engine, callee, ("linear", known), names, lambda fn, names: in_parts(engine, fn, known, names, base))


def tangents_of(engine: Inference, name: str) -> int | None:
    """How many tangents the function of this name takes, if it is one that gives a value and its tangent."""
    for (_, what, *_), names in engine.derived.items():
        if names == (name,) and what and isinstance(what[0], tuple):
            return len(what[0])
    return None


def derived(
    engine: Inference, callee: str, what: tuple, names: tuple[str, ...],
    make: Callable[[Function, tuple[str, ...]], Iterable[Function]],
) -> tuple[str, ...]:  # fmt: skip
    """The names of what `make` gives of the function, which is asked once: where it asks itself, it gets the names."""
    key = callee, what, names
    if key not in engine.derived:
        engine.derived[key] = fresh_names(engine, names)
        made = make(engine.functions[callee], engine.derived[key])
        engine.functions.update({fn.name: fn for fn in made})
    return engine.derived[key]


def fresh_names(engine: Inference, names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, or `f_forward_2, f_backward_2` where one of them is that of another function."""
    taken = {*engine.functions, *(i.name for i in engine.instances.values())}
    taken.update(name for names in engine.derived.values() for name in names)
    found, n = names, 1
    while not taken.isdisjoint(found):
        n += 1
        found = tuple(f"{name}_{n}" for name in names)
    return found


def _moved(engine: Inference, callee: str, wrt: Iterable[int]) -> Moving:
    """The parameters that move if those at `wrt` do in a call from outside: the function may call itself with others."""
    moving = {callee: tuple(sorted(wrt))}
    pending = [callee]
    while pending:
        name = pending.pop()
        fn = engine.functions[name]
        varied = varied_values(fn, [fn.params[i] for i in moving[name]])
        for op in all_ops(fn.region):
            if op.name != "invoke" or varied.isdisjoint(op.operands):
                continue
            called, before = op.attrs["callee"], moving.get(op.attrs["callee"], ())
            now = tuple(sorted({*before, *(i for i, v in enumerate(op.operands) if v in varied)}))
            if now != before:
                moving[called] = now
                pending.append(called)
    return moving[callee]


def register(engine: Inference, module: Module) -> None:
    """Let the functions that are invoked be known by name, for derivatives to be made of them."""
    invoked = {op.attrs["callee"] for fn in module.functions.values() for op in all_ops(fn.region) if op.name == "invoke"}
    others = module.functions.keys() - {module.entry.name}
    engine.functions.update({name: fn for name, fn in module.functions.items() if name in invoked | others})


def with_reachable(engine: Inference, *entries: Function) -> Module:
    """The module of these functions and of what they invoke."""
    found = {fn.name: fn for fn in entries}
    pending = list(entries)
    while pending:
        for op in all_ops(pending.pop().region):
            if isinstance(op.fn, CustomCall) and op.fn.body is not None:
                pending.append(op.fn.body)
            name = op.attrs.get("callee")
            if op.name == "invoke" and name not in found and name in engine.functions:
                found[name] = engine.functions[name]
                pending.append(found[name])
    return Module(found)
