"""A rule's text is inlined once for operands of the same kinds; the next such call gets a copy of its ops.

Nearly all rules ask of numbers and arrays no more than their kinds, and inlining the same text for the same kinds gives
the same ops. What a text asked of the values themselves (`is_flat_at_zero`) is asked again before its ops are copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from backprose.ir.kinds import Array, Scalar, Static
from backprose.ir.nodes import Op, Value
from backprose.rules.registry import has_effect
from backprose.rules.static import is_flat_at_zero, is_zero, may_turn_complex
from backprose.transform import type_questions
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

COPIED = frozenset({"const", "call", "getattr", "tuple"})
OF_VALUES = frozenset({is_flat_at_zero, may_turn_complex})
OF_KINDS = type_questions.HANDLERS.keys() - OF_VALUES - {is_zero}


@dataclass
class Recording:
    """What a text that is being inlined asks about the values it is `given`."""

    given: tuple[Value, ...]
    asked: list[tuple[Any, tuple[int, ...], Any]] = field(default_factory=list)  # function, which of `given`, answer
    reusable: bool = True

    def note(self, fn: Any, args: tuple[Value, ...], answer: Value) -> None:
        """A call that is answered by a handler: by the kinds of its arguments, by the arguments, or by anything else."""
        if fn in OF_KINDS:
            return
        if fn not in OF_VALUES or not all(v in self.given for v in args):
            self.reusable = False
            return
        self.asked.append((fn, tuple(map(self.given.index, args)), answer.kind))


@dataclass(frozen=True)
class Copy:
    """The ops that a text gave for the values `given`, their result, and the answers on which they rest."""

    given: tuple[Value, ...]
    ops: tuple[Op, ...]
    out: Value
    asked: tuple[tuple[Any, tuple[int, ...], Any], ...]

    def fits(self, engine: Inference, b: TypedBuilder, given: tuple[Value, ...]) -> bool:
        """Whether the answers are the same for these values."""
        if not self.asked:
            return True
        aside = b.nested()
        return all(
            type_questions.HANDLERS[fn](engine, aside, tuple([given[i] for i in places]), {}, b.loc).kind == answer
            for fn, places, answer in self.asked
        )

    def into(self, b: TypedBuilder, given: tuple[Value, ...]) -> Value:
        """The ops anew, for these values."""
        now = dict(zip(self.given, given))
        made = []
        for op in self.ops:
            results = tuple([Value(v.name, v.kind) for v in op.results])
            made.append(b.add(Op(op.name, tuple([now[v] for v in op.operands]), results, op.attrs, (), b.loc)))
            now.update(zip(op.results, results))
        b.learn_ops(made)
        return now[self.out]


def inline(
    engine: Inference, b: TypedBuilder, text: Callable, args: tuple[Value, ...], named: Mapping[str, Value]
) -> Value:
    """What the text of a rule of the table gives for these arguments."""
    given = (*args, *named.values())
    if engine.memory.active or not b.pinned or not all(isinstance(v.kind, (Array, Scalar, Static)) for v in given):
        return engine.call_function(b, text, args, named, b.loc)
    key = (text, tuple([(v.kind, given.index(v)) for v in given]), tuple(named))
    found = engine.copied.setdefault(key, [])
    for copy in found:
        if copy.fits(engine, b, given):
            return copy.into(b, given)
    before, last = len(b.ops), b.ops[-1] if b.ops else None
    outer, engine.recording = engine.recording, Recording(given)
    try:
        out, recording = engine.call_function(b, text, args, named, b.loc), engine.recording
    finally:
        engine.recording = outer
    ops = _read(b.ops[before:], out)
    if recording.reusable and (not before or b.ops[before - 1] is last) and _is_closed(ops, given, out):
        b.ops[before:] = ops
        found.append(Copy(given, ops, out, tuple(recording.asked)))
    return out


def _read(ops: list[Op], out: Value) -> tuple[Op, ...]:
    """Those of the ops on which the value depends: the others are the functions' own names."""
    live = {out}
    kept = []
    for op in reversed(ops):
        if op.name not in COPIED or not live.isdisjoint(op.results) or (op.name == "call" and has_effect(op.fn)):
            kept.append(op)
            live.update(op.operands)
    return tuple(reversed(kept))


def _is_closed(ops: tuple[Op, ...], given: tuple[Value, ...], out: Value) -> bool:
    """Whether the ops are without regions and effects, and read what is given or made by them alone."""
    known = set(given)
    for op in ops:
        if op.name not in COPIED or not known.issuperset(op.operands) or (op.name == "call" and has_effect(op.fn)):
            return False
        known.update(op.results)
    return out in known
