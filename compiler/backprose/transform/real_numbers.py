"""Refuse rules for real numbers where a number of unknown kind may be complex: their derivatives would be wrong."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from backprose import errors
from backprose.analysis.examples import MAY_BE_COMPLEX
from backprose.analysis.kinds import is_complex
from backprose.ir.kinds import Kind, Number, Static
from backprose.ir.nodes import Module, Op
from backprose.ir.walk import all_ops
from backprose.rules.registry import is_real_only


def refuse_complex(module: Module) -> None:
    """Nothing is complex where nothing of known kind is, so most programs need not be asked."""
    ops = [op for fn in module.functions.values() for op in all_ops(fn.region)]
    undecided = [op for op in ops if op.name == "call" and any(_is_undecided(v.kind) for v in op.operands)]
    if not undecided:
        return
    params = [v.kind for fn in module.functions.values() for v in fn.params]
    if not any(map(_speaks_of_complex, [*params, *(kind for op in ops for kind in _kinds(op))])):
        return
    for op in undecided:
        if is_real_only(op.fn):
            raise errors.UnsupportedCall(
                f"`{op.fn.__name__}` of what may be complex is not supported", op.loc,
                "its derivative rule holds for real numbers only, and which these are is not known",
                "take real and imaginary parts, or the squared modulus",
            )  # fmt: skip


def _kinds(op: Op) -> Iterator[Kind]:
    yield from (v.kind for v in op.results)
    if op.name == "call":
        yield Static(op.fn)


def _speaks_of_complex(kind: Kind) -> bool:
    value = kind.value if isinstance(kind, Static) else None
    if any(value is fn for fn in MAY_BE_COMPLEX):
        return True
    if isinstance(value, type):
        return issubclass(value, (complex, np.complexfloating))
    return value.kind == "c" if isinstance(value, np.dtype) else is_complex(kind)


def _is_undecided(kind: Kind) -> bool:
    return isinstance(kind, Number) and kind.dtype is None
