"""Checkpoints during inference: a call of a checkpointed function is a block, a loop is marked by what it goes over.

A block is a `with` without contexts whose attribute `again` names what it is: the reverse sweep runs it again instead
of keeping what it reads of it (`again.py`). A marked loop is taken apart where it is differentiated (`segments.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import Array, List, Object, Range, Scalar, Static
from backprose.ir.nodes import Module, Op, Region, Value
from backprose.ir.walk import defined_values
from backprose.rules.checkpoints import OPTIONS, paced, refusal_of_options
from backprose.transform.typed import TypedBuilder, typed_call

if TYPE_CHECKING:
    from backprose.transform.infer import Inference


def call(
    engine: Inference, b: TypedBuilder, callee: Value, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any,
    name: str,
) -> Value:  # fmt: skip
    """A call that the reverse sweep runs again."""
    (result,) = block(engine, b, lambda inner: [engine.apply(inner, callee, args, keywords, loc)], [""], name)
    return result


def block(
    engine: Inference, b: TypedBuilder, build: Callable[[TypedBuilder], list[Value]], names: list[str], again: str = "",
    contexts: tuple[Value, ...] = (),
) -> list[Value]:  # fmt: skip
    """A `with` whose body `build` builds; what it writes to is yielded behind its results, which are given back."""
    memory, inner = engine.memory, b.nested()
    before = dict(memory.state)
    values = build(inner)
    inside = defined_values(inner.region())
    written = memory.written(before, inside)
    stored = [memory.whole(inner, cell) for cell in written]
    memory.freeze_contents(stored)
    results = [Value(name, v.kind) for name, v in zip([*names, *(v.name for v in stored)], [*values, *stored])]
    b.op("with", contexts, results, [inner.region((), [*values, *stored])], **({"again": again} if again else {}))
    memory.state = before
    for cell, result in zip(written, results[len(values) :]):
        memory.replace(cell, result)
    for result, value in zip(results, values):
        memory.follow(result, [value], inside)
    memory.note_together(b, results[: len(values)], [values])
    return results[: len(values)]


def all_again(module: Module) -> Module:
    """The module whose entry does all that it does in a block."""
    fn = module.entry
    result = Value(fn.result.name, fn.result.kind)
    inner = Op("with", (), (result,), {"again": fn.name}, (Region((), fn.ops, (fn.result,)),), fn.loc)
    entry = replace(fn, region=Region(fn.params, (inner,), (result,)))
    return Module({**module.functions, fn.name: entry})


def mark(
    engine: Inference, b: TypedBuilder, checkpoint: Callable, args: tuple, keywords: Mapping[str, Value], loc: Any
) -> Value:
    """`checkpoint(subject, ...)`: a function to be called, or what a loop goes over."""
    if len(args) != 1 or not set(keywords) <= set(OPTIONS):
        raise errors.UnsupportedCall(
            "this call of `checkpoint` is not supported", loc, "it takes one argument, and options by name",
            "call it so",
        )
    (subject,) = args
    functions = (engine.captures, engine.partials, engine.gradients, engine.methods, engine.choices)
    if any(subject in table for table in functions):
        if keywords:
            raise errors.UnsupportedCall(
                "this call of `checkpoint` is not supported", loc, "its options are for loops", "leave them out"
            )
        value = Value("", Object(type(checkpoint)))
        engine.checkpointed[value] = subject
        return value
    if isinstance(subject.kind, (Static, Object)) and b.is_static(subject) and callable(b.static_value(subject)):
        return b.data(checkpoint(b.static_value(subject), **{k: b.static_value(v) for k, v in keywords.items()}))
    return _paced(engine, b, subject, keywords, loc)


def _paced(engine: Inference, b: TypedBuilder, subject: Value, keywords: Mapping[str, Value], loc: Any) -> Value:
    known = {k: _known(b, keywords[k]) if k in keywords else None for k in OPTIONS}
    wrong = refusal_of_options(**known)
    if wrong:
        raise errors.UnsupportedCall("this call of `checkpoint` is not supported", loc, wrong, "see its documentation")
    options = tuple(keywords[k] if k in keywords else b.const(None) for k in OPTIONS)
    for table in (engine.single, engine.iterators):
        if subject in table:  # what is gone over in lockstep
            parts = table[subject] if table is engine.iterators else (table[subject],)
            marked = tuple(_paced(engine, b, part, keywords, loc) for part in parts)
            value = Value("", subject.kind)
            table[value] = marked if table is engine.iterators else marked[0]
            engine.fresh[value] = engine.fresh.get(subject, -1)
            return value
    written_out = isinstance(subject.kind, List) and subject in b.parts
    endless = isinstance(subject.kind, Static) and subject.kind.value is True  # `while checkpoint(True)`
    if written_out or not (endless or isinstance(subject.kind, (Range, List, Array, Scalar))):
        raise errors.UnsupportedCall(
            f"a loop over {subject.kind} can't be checkpointed", loc, "its iterations are written out one by one",
            "put its body into a function, and checkpoint that",
        )  # fmt: skip
    value = typed_call(b, paced, (subject, *options), Scalar("bool") if endless else subject.kind)
    for table in (b.parts, b.reversals):
        if subject in table:
            table[value] = table[subject]
    if engine.memory.active:
        engine.memory.note_same(value, subject)
    return value


def _known(b: TypedBuilder, value: Value) -> Any:
    """The option, `...` where it is known at run time only."""
    return b.static_value(value) if b.is_static(value) else ...
