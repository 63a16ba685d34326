"""How long an op's text will be, about: names are not given yet when it is decided what is folded."""

from __future__ import annotations

import operator


from backprose.analysis.ownership import PLACES
from backprose.codegen.names import path_of
from backprose.ir.kinds import Static
from backprose.ir.nodes import Op, Value

OPERATORS = frozenset(
    getattr(operator, name)
    for name in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "neg", "pos", "invert", "and_", "or_", "xor", "lshift", "rshift", "lt", "le", "gt", "ge", "eq", "ne", "is_", "is_not", "contains", "not_", "getitem"]
)

NONE = len("None")


def name_size(value: Value) -> int:
    return len(value.name) or 2


def atom_size(op: Op) -> int:
    if op.name == "global":
        return len(op.attrs["name"])
    value = op.attrs.get("value")
    return min(len(repr(value)), 12) if isinstance(value, (int, float, complex, str, type(None))) else 8


def own_size(op: Op) -> int:
    """The length of the op's text without its operands."""
    commas = 2 * max(0, len(op.operands) - 1)
    if op.name == "call":
        if op.fn in OPERATORS:
            return 3 if len(op.operands) == 2 and op.fn is not operator.getitem else 2
        if op.fn is slice:
            nothing = [v.kind == Static(None) for v in op.operands]  # is written for it, within an index
            return (1 if nothing[-1] else 2) - NONE * sum(nothing)
        keywords = sum(len(name) + 1 for name in op.attrs["keywords"])
        method = op.attrs["method"]
        return (len(method) + 1 if method else _path_size(op.fn)) + 2 + commas + keywords
    if op.name in ("getattr", "invoke"):
        return len(op.attrs.get("name") or op.attrs["callee"]) + 2 + commas
    return {"if": 10, "for": 12, "dict": 2 * len(op.operands) + 2, "record": 10 * len(op.operands)}.get(op.name, 2 + commas)


def _path_size(fn: object) -> int:
    if fn in PLACES:
        return 1  # it is mostly written as an update
    first, _, rest = (path_of(fn) or "function").partition(".")
    return len(rest) + (3 if first == "numpy" else 0) if rest else len(first)
