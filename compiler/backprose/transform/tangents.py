"""Tangents in forward mode: for each value that moves, how it moves.

As in reverse mode a value of a container kind has a tangent for each of its differentiable leaves, under the leaf's
path of keys. A leaf without a tangent does not move: its tangent is zero, and is written down only where it is asked
for.
"""

from __future__ import annotations

from dataclasses import replace

import backprose_runtime
import numpy as np

from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import is_inexact, is_number, ndim_of
from backprose.analysis.shapes import Shapes, reads_shape
from backprose.ir.kinds import (
    MANY, ONE, Array, Kind, List, Maybe, Number, Scalar, Static, Unbound,
)  # fmt: skip
from backprose.ir.nodes import Region, Value
from backprose.ir.walk import all_ops, substitute
from backprose.transform.cotangents import as_scalar, bar_tree_kind, cast, cotangent_kind, is_undecided, zeros
from backprose.transform.paths import CONTAINERS, Path, children, gathered, kind_at, leaves, part
from backprose.transform.typed import TypedBuilder

class Tangents:
    """The tangents of the leaves that move."""

    def __init__(self) -> None:
        self.dots: dict[tuple[Value, Path], Value] = {}
        self.names: dict[Value, str] = {}  # what temporaries turned out to be: `w_dot`

    def get(self, value: Value, path: Path = ()) -> Value | None:
        return self.dots.get((value, path))

    def has(self, value: Value, path: Path = ()) -> bool:
        """Whether anything in the part of `value` at `path` moves."""
        return any(self.get(value, (*path, *rest)) is not None for rest, _ in leaves(kind_at(value.kind, path)))

    def set(self, value: Value, path: Path, dot: Value | None) -> None:
        if dot is not None:
            self.dots[value, path] = dot
            if not dot.name and not path and value.name:
                self.names.setdefault(dot, dot_name(value))

    def put(self, b: TypedBuilder, value: Value, dot: Value, path: Path = ()) -> None:
        """Let `dot`, which has its structure, be the tangent of the part of `value` at `path`."""
        kind = kind_at(value.kind, path)
        if isinstance(kind, CONTAINERS):
            for key, item in children(b, kind, dot):
                self.put(b, value, item, (*path, key))
        elif carries_derivative(kind) and dot.kind != Static(None):
            self.set(value, path, dot)

    def tree(self, b: TypedBuilder, value: Value, path: Path = (), fill: bool = False) -> Value:
        """The tangent of the part of `value` at `path` as one value of the same structure.

        For what carries no derivative it has None, or zeros if these are to `fill` an array.
        """
        kind = kind_at(value.kind, path)
        if isinstance(kind, CONTAINERS):
            return gathered(b, kind, lambda key: self.tree(b, value, (*path, key), fill))
        if carries_derivative(kind) or (fill and is_number(kind)):
            return self.leaf(b, value, path)
        return b.const(None)

    def of_whole(self, b: TypedBuilder, value: Value, path: Path, to: Kind) -> Value:
        """Zeros for what carries no derivative but becomes of the kind `to`, which does: 0 before a loop, no items."""
        kind = kind_at(value.kind, path)
        if not isinstance(kind, List) or not isinstance(to, List):
            return self.tree(b, value, path, fill=is_number(to.item if isinstance(to, (List, Maybe)) else to))
        whole = part(b, value, path)
        if is_number(kind.item):
            whole, make = b.call(np.zeros, b.call(len, whole)), list
        else:
            make = backprose_runtime.zeros_like
        return b.call(make, whole, kind=bar_tree_kind(to), name=dot_name(value, path))

    def leaf(self, b: TypedBuilder, value: Value, path: Path = ()) -> Value:
        """The tangent of a leaf; zeros if it does not move."""
        dot = self.get(value, path)
        return self.zeros(b, value, path) if dot is None else dot

    def zeros(self, b: TypedBuilder, value: Value, path: Path = ()) -> Value:
        kind, name = kind_at(value.kind, path), dot_name(value, path)
        if isinstance(kind, Unbound):
            return b.op("unbound", (), [Value(name, kind)]).result
        if isinstance(kind, Static) and kind.value is None:
            return b.const(None)
        if isinstance(kind, Maybe):
            like = part(b, value, path)
            return b.call(backprose_runtime.zeros_like, like, kind=cotangent_kind(kind), name=name)
        if not carries_derivative(kind):  # whole numbers: zeros that change no dtype
            return b.call(np.zeros_like, part(b, value, path)) if isinstance(kind, Array) else b.const(0.0)
        if isinstance(kind, List):
            if not path and b.parts.get(value) == ():
                return b.op("list", (), [Value(name, bar_tree_kind(kind))]).result
            like = part(b, value, path)
            return b.call(backprose_runtime.zeros_like, like, kind=bar_tree_kind(kind), name=name)
        kind = cotangent_kind(kind)
        like = part(b, value, path) if not isinstance(kind, Scalar) else value
        return zeros(b, kind, like, name)


def dot_name(value: Value, path: Path = ()) -> str:
    """`x_dot` for x, `params_w_dot` for a leaf of params, "" for a temporary."""
    if not value.name:
        return ""
    name = "_".join([value.name, *(str(p) for p in path)])
    return f"{name}_dot" if name.isidentifier() else f"{value.name}_dot"


def dot_value(value: Value, path: Path = ()) -> Value:
    """A fresh value for the tangent of a leaf that a region takes or gives."""
    return Value(dot_name(value, path), bar_tree_kind(kind_at(value.kind, path)))


# Shapes and dtypes


def stretched(b: TypedBuilder, dot: Value, value: Value, exact: bool = False) -> Value:
    """`dot` with the shape and dtype of the number `value`, whose tangent it is: broadcast where other operands were.

    `exact`: it has the shape.
    """
    kind = cotangent_kind(value.kind)
    if not is_inexact(kind):
        return dot
    if isinstance(kind, Scalar) and isinstance(dot.kind, Array) and not dot.kind.axes:
        dot = as_scalar(b, dot, kind)
    if exact and not is_undecided(dot, kind):
        return cast(b, dot, kind)
    if isinstance(kind, Number) or isinstance(dot.kind, Number) or ndim_of(dot.kind) is None:
        return b.call(backprose_runtime.unbroadcast, dot, value, kind=kind)
    if not _fills(dot.kind, kind):
        shape = b.getattr(value, "shape") if isinstance(kind, Array) and kind.axes else b.call(np.shape, value)
        dot = b.call(np.broadcast_to, dot, shape, kind=replace(kind, dtype=getattr(dot.kind, "dtype", "float64")))
    return cast(b, dot, kind)


def _fills(dot: Kind, kind: Kind) -> bool:
    """Whether a tangent of the kind `dot`, which broadcasts to `kind`, surely has its shape."""
    if ndim_of(dot) != ndim_of(kind):
        return False
    if not isinstance(dot, Array) or not isinstance(kind, Array):
        return True
    same = (dot.length(i) is not None and dot.length(i) == kind.length(i) for i in range(dot.ndim))
    return all(s or want == ONE or have == MANY for s, want, have in zip(same, kind.axes, dot.axes))


def drop_evident_stretches(region: Region) -> Region:
    """The region without each `broadcast_to(x_dot, y.shape)` of what has that shape already."""
    made = {v: op for op in all_ops(region) for v in op.results}
    shapes = Shapes(made)
    mapping: dict[Value, Value] = {}
    for op in made.values():
        if op.fn is not np.broadcast_to:
            continue
        dot, shape = op.operands[0], made.get(op.operands[1])
        if isinstance(dot.kind, Array) and reads_shape(shape) and shapes.keys(dot) == shapes.keys(shape.operands[0]):
            if dot.kind.dtype == op.result.kind.dtype:
                mapping[op.result] = mapping.get(dot, dot)
    return substitute(region, mapping)
