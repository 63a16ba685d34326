"""Which updates are carried out in the buffer's own memory: those that nobody can notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backprose.analysis import statements as st
from backprose.analysis.liveness import interference
from backprose.analysis.ownership import Ownership, bits, is_deep
from backprose.analysis.rotations import apart
from backprose.codegen.folding import Folds
from backprose.codegen.statements import keeps_memory
from backprose.ir.nodes import Function, Value


def updates_in_place(function: Function, block: Sequence[st.Statement], folds: Folds) -> list[st.Update]:
    """Update a buffer itself where it is owned and not read afterwards, neither as such nor through what may share it."""
    candidates = [s for s in updates(block) if keeps_memory(s.op)]
    if not candidates:
        return []
    owned = apart(function)
    found = interference(function.params, block, folds.leaves, folds.scoped)
    values = list(found.number)
    growing = dict(_growing(block))
    masks: dict[int, int] = {}  # of what may share memory with a buffer

    def shared_later(s: st.Update) -> bool:
        inside, lists = is_deep(s.op), growing.get(s, ())
        live, origins = found.after_update[s] & ~found.bit(s.op.result), owned.origins(s.buffer, inside)
        near = owned.near(s.buffer, inside)
        if near is not None:
            if id(near) not in masks:
                masks[id(near)] = found.mask(v for v in near if v in found.number)
            live &= masks[id(near)]
        others = (values[i] for i in bits(live))
        return any(
            owned.may_share(s.buffer, v, inside) and (v not in lists or bool(origins & owned.earlier.get(v, -1))) for v in others
        )

    return [s for s in candidates if _is_owned(s, owned) and not shared_later(s)]


def _is_owned(s: st.Update, owned: Ownership) -> bool:
    return owned.is_separate(s.buffer) if is_deep(s.op) else owned.is_fresh(s.buffer)


def updates(block: Sequence[st.Statement]) -> Iterator[st.Update]:
    for s in block:
        if isinstance(s, st.Update):
            yield s
        if isinstance(s, (st.Update, st.Do)):
            continue  # most statements, with none inside
        for part in ("setup", "then", "orelse", "body"):
            yield from updates(getattr(s, part, ()))


def _growing(
    block: Sequence[st.Statement], lists: frozenset[Value] = frozenset()
) -> Iterator[tuple[st.Update, frozenset[Value]]]:
    """Each update, with the lists around it that get what this iteration makes only later."""
    for s in block:
        if isinstance(s, st.Update):
            yield s, lists
        elif isinstance(s, (st.For, st.While)):
            first: dict[Value, int] = {}
            for i, part in enumerate(s.body):
                first.update((v, i) for v in _appended(part) if v not in first)
            begun = {inner.target for inner in _simple(s.body) if isinstance(inner, st.NewList)}
            yield from _growing(getattr(s, "setup", ()))
            for i, part in enumerate(s.body):
                yield from _growing((part,), lists | {v for v, place in first.items() if place > i and v not in begun})
        elif not isinstance(s, st.Do):
            for name in ("then", "orelse", "body"):
                yield from _growing(getattr(s, name, ()), lists)


def _appended(statement: st.Statement) -> set[Value]:
    """The lists to which something is appended anywhere in the statement."""
    return {s.target for s in _simple((statement,)) if isinstance(s, st.Append)}


def _simple(block: Sequence[st.Statement]) -> Iterator[st.Statement]:
    """The statements of the block and of those in it."""
    for s in block:
        yield s
        if not isinstance(s, (st.Update, st.Do)):
            for name in ("setup", "then", "orelse", "body"):
                yield from _simple(getattr(s, name, ()))
