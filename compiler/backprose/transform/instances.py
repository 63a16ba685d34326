"""Recursion during inference: a function that calls itself becomes one of the module, for given argument kinds."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.analysis.kinds import join, widen, without_lengths
from backprose.ir.kinds import UNBOUND, Closure, Kind, Static
from backprose.ir.nodes import Function, Value
from backprose.ir.walk import rename
from backprose.transform import sharing
from backprose.transform.places import holds_memory
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.frames import Frame
    from backprose.transform.infer import Inference


@dataclass
class Instance:
    """A function of the module, being compiled or compiled, for given argument kinds."""

    name: str
    result: Kind = UNBOUND
    function: Function | None = None
    outside: bool = False  # whether what it returns may be memory that lives outside the program


class Recursive(Exception):
    """Raised through the inlining of a function that was found to call itself, to compile it as an instance."""

    def __init__(self, code: Any):
        self.code = code


def invoke(
    engine: Inference, b: TypedBuilder, code: Any, lowered: Function, values: list[Value], frame: Frame
) -> Value:
    """A call of the instance of a recursive function for these kinds, compiled at the first need."""
    kinds = tuple(_kind(engine, lowered, v, b.loc) for v in values)
    frames = tuple(engine.captures[v][1] if v in engine.captures else None for v in values)
    key = (code, frame.identity, kinds, tuple(f and f.identity for f in frames))
    if key not in engine.instances:
        engine.instances[key] = _instance(engine, key, lowered, kinds, frame, frames)
    instance = engine.instances[key]
    engine.waits += instance.result == UNBOUND
    passed = []
    for value, kind in zip(values, kinds):
        if value in engine.captures:
            passed += [engine.memory.current(b, v, b.loc) for v in engine.captures[value][0]]
        elif not isinstance(kind, Static):
            passed.append(value)
    result = b.op("invoke", passed, [Value("", instance.result)], callee=instance.name).result
    if instance.outside:
        engine.memory.note_outside(result)
    return result


def _kind(engine: Inference, lowered: Function, value: Value, loc: Any) -> Kind:
    """What is known of an argument at every level. A nested function brings along what it captures."""
    if value not in engine.captures:
        return without_lengths(widen(value.kind))
    captured = engine.captures[value][0]
    if any(v in engine.captures for v in captured):
        raise errors.UnsupportedCall(
            f"a function that captures another function is passed to the recursive function `{lowered.name}`", loc,
            "a recursive function is compiled on its own, and is given the numbers and arrays that functions capture",
            "pass the captured function as an argument",
        )  # fmt: skip
    return Closure(value.kind.template, tuple(without_lengths(widen(v.kind)) for v in captured))


def _instance(
    engine: Inference, key: Any, lowered: Function, kinds: tuple[Kind, ...], frame: Frame, frames: tuple[Frame | None, ...]
) -> Instance:
    taken = {*(i.name for i in engine.instances.values()), *engine.functions}
    if engine.entry[1:] != key[:2] or any(isinstance(k, Static) for k in kinds):
        taken.update(engine.entry[:1])  # what calls itself from the outside in is the entry; a namesake is not
    name, n = lowered.name, 1
    while name in taken:
        n += 1
        name = f"{lowered.name}_{n}"
    instance = Instance(name)
    engine.instances[key] = instance
    for _ in range(10):
        put_off, built = engine.put_off, (dict(engine.instances), dict(engine.functions), dict(engine.derived))
        function, outside = _body(engine, name, lowered, kinds, frame, frames)
        result = join(instance.result, without_lengths(widen(function.result.kind)))
        settled = result == instance.result and outside <= instance.outside
        instance.result, instance.function, instance.outside = result, function, instance.outside or outside
        if settled and result == UNBOUND and engine.put_off > put_off:
            raise errors.UnresolvedKind(
                f"what the recursive function `{lowered.name}` returns is not known", lowered.loc,
                "each path through it calls it again", "return something on a path that does not",
            )  # fmt: skip
        if settled:
            return instance
        engine.instances, engine.functions, engine.derived = built  # those that were built on what it returned before
    raise errors.UnresolvedKind(
        f"the kind of what the recursive function `{lowered.name}` returns does not settle", lowered.loc,
        "each level of recursion returns another kind", "return the same kind of value from every path",
    )  # fmt: skip


def _body(
    engine: Inference, name: str, lowered: Function, kinds: tuple[Kind, ...], frame: Frame, frames: tuple[Frame | None, ...]
) -> tuple[Function, bool]:
    """The function for arguments of these kinds; `frames` are those of the nested functions among them. And whether what it
    returns may live outside the program."""
    b = TypedBuilder(lowered.loc)
    b.observer = partial(sharing.made, engine.memory)
    params, values = [], []
    for param, kind, own in zip(lowered.params, kinds, frames):
        if isinstance(kind, Static):
            values.append(b.data(kind.value))
            continue
        if own is not None:
            captured = tuple(Value(v.name, k) for v, k in zip(kind.template.params, kind.captured))
            params += captured
            values.append(engine.closure(b, kind.template, captured, own, param.name))
            continue
        params.append(Value(param.name, kind))
        values.append(params[-1])
    env, frame = dict(zip(lowered.params, values)), replace(frame, first=values[0] if values else None)
    outer, engine.memory.state = engine.memory.state, {}
    cells = [engine.memory.ref(v).cell for v in params if holds_memory(v.kind)]
    around, engine.followed = engine.followed, engine.followed.closed()
    try:
        (result,) = engine.region(b, lowered.region, env, frame)
        around.reads.update(engine.followed.reads)
    finally:
        engine.followed = around
    if any(cell in cells for cell in engine.memory.written({})):
        raise errors.UnsupportedUpdate(
            f"the recursive function `{lowered.name}` writes to its argument", lowered.loc,
            "its effect on the caller's memory is not followed through the recursion", "return the new value",
        )  # fmt: skip
    outside = engine.memory.active and engine.memory.may_be_outside(b, result)
    engine.memory.state = outer
    return Function(name, rename(b.region(params, [result]), engine.names), lowered.loc, lowered.doc), outside
