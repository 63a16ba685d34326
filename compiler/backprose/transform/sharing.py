"""What the result of an op shares memory with, noted when the op is built: nothing, certainly a part, or perhaps."""

from __future__ import annotations

import operator
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.ownership import LIST_UPDATES, PLACES, allocates
from backprose.ir.kinds import Array, FixedList, List, Maybe, Number, Slice
from backprose.ir.nodes import Op, Value
from backprose.transform import views
from backprose.transform.elements import has_elements
from backprose.transform.layouts import RESHAPES
from backprose.transform.memory import Memory
from backprose.transform.places import (
    CONTAINERS,
    CONTENTS,
    ELEMENTS,
    OUTSIDE,
    holds_memory,
    reachable,
)
from backprose.transform.typed import TypedBuilder

JOINING = frozenset({backprose_runtime.extended, backprose_runtime.with_items})
MAKES_LIST = LIST_UPDATES | {backprose_runtime.flatten, operator.concat}
C_ORDERED = frozenset({np.zeros, np.ones, np.empty, np.full, np.eye, np.identity, np.ndarray.copy})


def made(memory: Memory, b: TypedBuilder, op: Op) -> None:
    """What the results of an op that was just built share memory with: nothing, certainly a part, or perhaps."""
    if not memory.active:
        return
    memory.parts = b.parts
    for value in op.results:
        memory.meet(value, "", op.loc)
    if op.name in ("for", "while"):
        memory.freeze(op.collects)  # which element of the list is which is not followed
    if op.regions or not any(holds_memory(v.kind) for v in op.results):
        return
    result = op.result
    if op.name in ("tuple", "list", "dict", "record"):
        return
    if isinstance(result.kind, CONTAINERS) and op.name == "call":
        memory.freeze_contents(op.operands)
        if op.fn not in MAKES_LIST and not _gives_new_arrays(op.fn):
            memory.freeze(v for v in op.operands if isinstance(v.kind, (Array, Number)))
        _note_joined(memory, op)
    if op.name == "call" and op.fn in C_ORDERED:
        asked_for = "order" in op.attrs["keywords"] or len(op.operands) >= (2 if op.fn is np.ndarray.copy else 3)
        (memory.layouts.in_another_order if asked_for else memory.layouts.in_order).add(result)
    if op.name == "call" and (allocates(op) or op.fn in MAKES_LIST):
        return
    source = op.operands[0] if op.operands else None
    element = op.name == "getattr" or (op.fn is operator.getitem and not isinstance(op.operands[1].kind, Slice))
    if element and memory.elements.is_followed(memory, source, b.parts.get(source)):
        memory.freeze_contents([source])
        memory.note_view(result, source, operator.getitem, op.operands[1:])
        memory.elements.read(memory, result, memory.ref(source).cell)
    elif element and isinstance(source.kind, (*CONTAINERS, Maybe)) and OUTSIDE in memory.doubtful.get(source, ()):
        memory.doubtful[result] = {OUTSIDE: memory.doubtful[source][OUTSIDE]}
    elif element and isinstance(source.kind, (*CONTAINERS, Maybe)):
        memory.doubtful[result] = {ELEMENTS: result, CONTENTS: memory.now(CONTENTS)}
        memory.elements.note_mixed(memory, result, source)
    elif op.fn is operator.getitem and isinstance(source.kind, (List, FixedList)):
        return  # a slice of a list is a new list
    elif op.name in ("const", "global"):
        memory.doubtful[result] = {OUTSIDE: result}  # memory of the caller's, which others may refer to
    elif op.name != "call" or not _settled(memory, b, op, result, source):
        memory.note_doubt(result, reachable(b.parts, op.operands))


def _note_joined(memory: Memory, op: Op) -> None:
    """A list that is made of lists shares their elements."""
    own = op.operands[:1] if op.fn in LIST_UPDATES else ()
    element = op.fn is operator.getitem and not isinstance(op.operands[1].kind, Slice)
    if element or not has_elements(op.result.kind) or op.fn in PLACES | (LIST_UPDATES - JOINING):
        return
    for value in op.operands:
        if isinstance(value.kind, (List, FixedList)) and value not in own:
            for cell in memory.cells_of(value):
                memory.elements.mix(cell, op.result.name)
            for target in own:
                memory.elements.mix(memory.ref(target).cell, value.name)


def _settled(memory: Memory, b: TypedBuilder, op: Op, result: Value, source: Value) -> bool:
    """Note what an array shares memory with, where that is certain."""
    if views.is_new(op):
        return True
    if views.is_operand(op):
        memory.note_same(result, source)
        return True
    if op.fn in RESHAPES and not op.attrs["keywords"] and len(op.operands) < 3 and (
        memory.layouts.is_in_order(memory, source) or memory.layouts.is_required(memory, b, op, source)
    ):  # fmt: skip
        memory.note_view(result, source, op.fn, op.operands[1:])
        return True
    view = views.view(op)
    if view is None:
        return False
    path = memory.ref(source).path
    if not path or not views.is_flat(path[-1].fn):  # what is read of `x.flat` is a copy
        memory.note_view(result, source, *view)
    return True


def _gives_new_arrays(fn: Any) -> bool:
    """Whether the arrays in what the function returns certainly have memory of their own: `np.split` gives views."""
    return isinstance(fn, np.ufunc) or getattr(fn, "__module__", "") in ("numpy.linalg", "scipy.linalg")
