"""Which updates are carried out in the buffer's own memory: those that nobody can notice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from backprose.analysis import statements as st
from backprose.analysis.liveness import interference
from backprose.analysis.ownership import Ownership, bits, is_deep
from backprose.analysis.rotations import apart
from backprose.codegen.folding import Folds
from backprose.codegen.statements import keeps_memory
from backprose.ir.nodes import Function


def updates_in_place(function: Function, block: Sequence[st.Statement], folds: Folds) -> list[st.Update]:
    """Update a buffer itself where it is owned and not read afterwards, neither as such nor through what may share it."""
    candidates = [s for s in updates(block) if keeps_memory(s.op)]
    if not candidates:
        return []
    owned = apart(function)
    found = interference(function.params, block, folds.leaves, folds.scoped)
    values = list(found.number)
    masks: dict[int, int] = {}  # of what may share memory with a buffer

    def shared_later(s: st.Update) -> bool:
        inside = is_deep(s.op)
        live = found.after_update[s] & ~found.bit(s.op.result)
        near = owned.near(s.buffer, inside)
        if near is not None:
            if id(near) not in masks:
                masks[id(near)] = found.mask(v for v in near if v in found.number)
            live &= masks[id(near)]
        return any(owned.may_share(s.buffer, values[i], inside) for i in bits(live))

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
