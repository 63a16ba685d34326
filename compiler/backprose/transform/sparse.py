"""Sparse matrices of SciPy during inference: constants, of which attributes are read and products are taken.

Their entries carry no derivative. A matrix that the function makes of stored values is another thing: an object that
inference sees through, whose class is in `rules/of_scipy/entries.py`.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.analysis.examples import result_kind
from backprose.analysis.kinds import is_number
from backprose.ir.kinds import ANY, MANY, ONE, Array, Dim, Kind, Scalar, Sparse, Static, Tuple
from backprose.ir.nodes import Value
from backprose.rules.registry import meaning_of
from backprose.transform import meanings
from backprose.transform.places import OUTSIDE
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

Args = tuple[Value, ...]

ARRAYS = {name: operator.attrgetter(name) for name in ("data", "indices", "indptr", "offsets", "row", "col")}
TRANSPOSE = operator.attrgetter("T")
CONVERSIONS = {f"to{name}" for name in "csr csc coo bsr dia lil dok".split()} | {"copy", "conj", "conjugate"}
WAY_OUT = "compute it outside the differentiated function, or of A.toarray() if that is small"


def attribute(engine: Inference, b: TypedBuilder, target: Value, name: str, loc: Any) -> Value | None:
    """`A.name`; None for a method."""
    kind: Sparse = target.kind
    if name == "shape":
        lengths = {ONE: Static(1), ANY: Scalar("int"), MANY: Dim()}
        return b.getattr(target, name, Tuple(tuple(lengths[a] for a in kind.axes)))
    if name == "ndim":
        return b.const(len(kind.axes))
    if name == "dtype":
        return b.data(np.dtype(kind.dtype))
    if name in ("nnz", "size"):
        return b.getattr(target, name, Scalar("int"))
    if name == "T":
        return b.getattr(target, name, result_kind(TRANSPOSE, (kind,)))
    if name in ARRAYS and isinstance(found := result_kind(ARRAYS[name], (kind,)), Array):
        value = b.getattr(target, name, Array(found.dtype, (ANY,) * found.ndim))
        engine.memory.doubtful[value] = {OUTSIDE: value}
        return value
    if name in CONVERSIONS or name in ("dot", "transpose", "toarray", "diagonal"):
        return None
    raise errors.UnsupportedCall(
        f"the attribute `{name}` of a sparse matrix is not supported", loc,
        "known are products, sums, conversions, and the arrays that it is stored in", WAY_OUT,
    )  # fmt: skip


def call_method(
    engine: Inference, b: TypedBuilder, target: Value, name: str, args: Args, keywords: Mapping[str, Value], loc: Any
) -> Value:
    """`A.name(*args)`."""
    kind: Sparse = target.kind
    if name == "dot" and len(args) == 1 and not keywords:
        return engine.known(b, operator.matmul, (target, *args), {}, loc)
    if name == "transpose" and not args and not keywords:
        return attribute(engine, b, target, "T", loc)
    if name == "dot" or (args or keywords) and name != "diagonal":
        raise errors.UnsupportedCall(
            f"this call of `{name}` of a sparse matrix is not supported", loc, "it is given options", WAY_OUT
        )
    found: Kind | None = Array(kind.dtype, kind.axes) if name == "toarray" else None
    return b.call_named(getattr(kind.cls, name), (target, *args), keywords, found, method=name)


def operation(engine: Inference, b: TypedBuilder, fn: Any, args: Args, loc: Any) -> Value | None:
    """An operator with a sparse operand: None where the function itself is meant, else by what SciPy's method means."""
    sparse = [isinstance(v.kind, Sparse) for v in args]
    others = [v.kind for v, is_sparse in zip(args, sparse) if not is_sparse]
    if fn is operator.matmul and all(map(is_number, others)) or fn in (operator.add, operator.sub) and not others:
        return None
    if fn is operator.neg or fn is operator.mul and all(map(_is_constant, others)):
        return None
    if fn is operator.truediv and sparse[0] and all(map(_is_constant, others)):
        return None
    place = sparse.index(True)
    name = f"__{'r' if place else ''}{fn.__name__.strip('_')}__"
    method = getattr(args[place].kind.cls, name, None)
    program = meaning_of(method)
    if program is not None:
        return meanings.run(engine, b, method, program, args if place == 0 else args[::-1], {}, loc)
    if method is None:
        return None
    raise errors.UnsupportedCall(
        f"`{fn.__name__.strip('_')}` of a sparse matrix is not supported", loc,
        "products with vectors, dense matrices and numbers have rules, and sums of sparse matrices", WAY_OUT,
    )  # fmt: skip


def _is_constant(kind: Kind) -> bool:
    return isinstance(kind, Static) and is_number(kind)
