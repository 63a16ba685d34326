"""What each op of the lowered IR means to inference: a table by its name, and the text of each.

An entry builds into `b` what the op is for operands of these kinds, and puts what stands for its results into `env`.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import UNBOUND, Array, FixedList, List, Number, Slice, Static, Tuple
from backprose.ir.nodes import Op, Value
from backprose.rules.tables import entries
from backprose.transform import (
    attributes, calls, checkpoints, inherited, iteration, lists, loops, operators, outside, refusals, stores,
    type_questions, waiting,
)  # fmt: skip
from backprose.transform.binding import spread
from backprose.transform.frames import Env, Frame
from backprose.transform.typed import TypedBuilder, truth

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Meaning = Callable[["Inference", TypedBuilder, Op, Env, Frame], None]
MEANINGS: dict[str, Meaning] = {}
means = entries(MEANINGS)


# Data


@means("const")
def constant(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    env[op.result] = b.data(op.attrs["value"], op.result.name)


@means("unbound")
def unbound(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    env[op.result] = b.op("unbound", (), [Value(op.result.name, UNBOUND)]).result


@means("global")
def global_name(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    name = op.attrs["name"]
    read, found = outside.reader(name, frame)
    if not found:
        raise errors.CompileError(
            f"the name `{name}` is not defined", op.loc, "it is no local variable, global or builtin now",
            "define it before the function is compiled",
        )  # fmt: skip
    if frame.is_ours:
        env[op.result] = b.data(read(), name)  # they stay
        return
    env[op.result] = outside.live(engine, b, read, name, (id(frame.cells.get(name, frame.globals)), name))


@means("getattr")
def attribute(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    env[op.result] = attributes.get(engine, b, env[op.operands[0]], op.attrs["name"], op.loc)
    engine.memory.meet(env[op.result], op.result.name, op.loc)


@means("tuple")
def tuple_(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    env[op.result] = b.tuple([env[v] for v in op.operands], name=op.result.name)


@means("list")
def list_(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    env[op.result] = b.list([env[v] for v in op.operands], name=op.result.name)


@means("dict")
def dict_(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    values = [env[v] for v in op.operands]
    env[op.result] = b.dict(zip(values[::2], values[1::2]), name=op.result.name)


@means("record")
def record(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    cls = op.attrs["cls"]
    kind = op.result.kind
    env[op.result] = b.record(cls, kind.fields, [env[v] for v in op.operands], op.result.name)


@means("closure")
def closure(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    template = op.attrs["template"]
    if template == "self":
        template = frame.template
    env[op.result] = engine.closure(b, template, tuple(env[v] for v in op.operands), frame, op.result.name)


# Calls


@means("call")
def call(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    args = tuple(env[v] for v in op.positional)
    keywords = {k: env[v] for k, v in op.keywords.items()}
    env[op.result] = engine.named(b, calls.built_in(engine, b, op.fn, args, keywords, op.loc), op.result.name)


@means("apply")
def apply(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    callee = env[op.operands[0]]
    columns = iteration.columns(engine, b, op, [env[v] for v in op.operands], op.loc)
    if columns is not None:
        env[op.result] = engine.named(b, columns, op.result.name)
        return
    args, keywords = spread(engine, b, op, [env[v] for v in op.operands[1:]])
    if callee.kind == Static(super):
        env[op.result] = inherited.super_of(engine, b, args, frame, op.loc)
        return
    engine.naming = op.result.name
    env[op.result] = engine.named(b, calls.apply(engine, b, callee, args, keywords, op.loc), op.result.name)


@means("invoke")
def invoke(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    env[op.result] = b.op(
        "invoke", [env[v] for v in op.operands], [Value(op.result.name, op.result.kind)], **op.attrs
    ).result


# Stores


@means("store")
def store(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    target, index, value, *before = (env[v] for v in op.operands)
    if before and not _is_still(engine, b, target, index, before[0], op.loc):
        value = engine.known(b, op.attrs["operator"], (before[0], value), {}, op.loc)
        op = replace(op, attrs={"operator": None})
    _store_one(engine, b, op, target, index, value)


def _is_still(engine: Inference, b: TypedBuilder, target: Value, index: Value, before: Value, loc: Any) -> bool:
    """Whether `target[index]` is what it was `before`: a view, which sees what is stored, or what nobody stored over."""
    read = next((op for op in reversed(b.ops) if before in op.results), None)
    if read is not None and read.fn is operator.getitem and read.operands[0] is target:
        return True
    if isinstance(target.kind, Array):
        return isinstance(before.kind, (Array, Number))
    now = engine.known(b.nested(), operator.getitem, (target, index), {}, loc)
    return now is before or (isinstance(before.kind, Array) and engine.memory.same(before, now))


def _store_one(engine: Inference, b: TypedBuilder, op: Op, target: Value, index: Value, value: Value) -> None:
    """`target[index] = value`, or with an operator."""
    refusals.refuse_long_index(engine, index, op.loc)
    if target in engine.memory.either:
        engine.memory.each(b, target, lambda inner, side: _store_one(engine, inner, op, side, index, value) or [], [])
        return
    update = op.attrs["operator"]
    method = type_questions.special(target.kind, "__setitem__")
    if method is not None:
        if update is not None:
            before = engine.known(b, operator.getitem, (target, index), {}, op.loc)
            value = engine.known(b, update, (before, value), {}, op.loc)
        engine.call_function(b, method, (target, index, value), {}, op.loc)
        return
    if update is not None:
        pure = operators.UPDATES[update]
        if pure is operator.add and stores.add(engine.memory, b, target, index, value, op.loc):
            return
        before = engine.known(b, operator.getitem, (target, index), {}, op.loc)
        if not isinstance(target.kind, Array):
            value = engine.known(b, update, (before, value), {}, op.loc)
            if engine.memory.same(before, value) and not isinstance(target.kind, Tuple):
                return  # the element was updated in place
        else:
            value = operators.updated(engine, b, update, before, value, op.loc)
    if not (isinstance(target.kind, Static) and not isinstance(target.kind.value, (str, bytes))):
        if isinstance(target.kind, (List, FixedList)) and isinstance(index.kind, Slice):
            lists.store_part(engine, b, target, index, value, op.loc)
        else:
            stores.store(engine.memory, b, target, index, value, op.loc)
        return
    raise errors.UnsupportedUpdate(
        f"an element of `{type(target.kind.value).__name__}` is assigned", op.loc,
        "the object lives outside the function", "pass it as an argument",
    )  # fmt: skip


# Control flow


@means("if")
def if_(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    cond = env[op.operands[0]]
    known = True if cond in engine.single or cond in engine.iterators else truth(cond.kind)
    if known is not None:
        values = engine.region(b, op.regions[0 if known else 1], env, frame)
        env.update(zip(op.results, values))
        return
    regions = [
        lambda inner, region=region: loops.bound_or_not(inner, engine.region(inner, region, dict(env), frame))
        for region in op.regions
    ]
    names = [r.name for r in op.results]
    values = waiting.branch(engine, b, regions, lambda sides: engine.branch(b, cond, sides, names))
    env.update(zip(op.results, values))


@means("for")
def for_(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    loops.infer_for(engine, b, op, env, frame)


@means("while")
def while_(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    loops.infer_while(engine, b, op, env, frame)


@means("with")
def with_(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    contexts = tuple(env[v] for v in op.operands)
    refusals.refuse_contexts(list(contexts), op.loc)
    names = [r.name for r in op.results]
    values = checkpoints.block(engine, b, lambda inner: engine.region(inner, op.body, env, frame), names, contexts=contexts)
    env.update(zip(op.results, values))


@means("raise")
def raise_(engine: Inference, b: TypedBuilder, op: Op, env: Env, frame: Frame) -> None:
    operands = [env[v] for v in op.operands]
    if operands and isinstance(operands[0].kind, Static) and isinstance(operands[0].kind.value, type):
        operands[0] = calls.apply(engine, b, operands[0], (), {}, op.loc)
    b.op("raise", operands)
