"""Sums of products are contractions, which make no array of the products.

    (u * v).sum()                                    np.vdot(u, v)
    (v[:, None] * a).sum(axis=0)                     v @ a
    (a * b).sum(axis=1)                              np.einsum("ij,ij->i", a, b)
    (a * v[:, None]).sum(axis=1)                     a.sum(axis=1) * v
    (u[:, None] * v + a * b).sum(axis=0)             u.sum() * v + np.einsum("ij,ij->j", a, b)

It is done in derivatives only, for it adds in another order, and in double precision, for NumPy's sums of many entries
are more exact than a product's. A product that something else reads as well stays, and so does the sum of it. A sum is
distributed over terms only if one of them costs less then: where no factor is as large as the product.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np

from backprose.analysis.devices import is_on_device
from backprose.analysis.kinds import ndim_of, without_lengths
from backprose.analysis.shapes import Shapes
from backprose.ir.kinds import MANY, ONE, Array, Slice, Static, Tuple
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, substitute, use_counts
from backprose.transform.tile_chains import LEAST, is_entrywise
from backprose.transform.typed import TypedBuilder

PRODUCTS = frozenset({operator.mul, np.multiply})
DTYPES = ("float64", "complex128")
LETTERS = "ijklmnopqrstuvwxyz"
Axes = tuple[int, ...]


def contract(fn: Function) -> Function:
    """Make contractions of the sums of products, where nothing else reads the product."""
    if not any(_axes_of_sum(op) is not None for op in all_ops(fn.region)):
        return fn
    tiled = len(list(islice(filter(is_entrywise, fn.ops), LEAST))) == LEAST  # tiles take whole sums along
    walk = _Walk(fn)
    return replace(fn, region=substitute(walk.region(fn.region, whole=not tiled), walk.mapping))


@dataclass(frozen=True)
class Factor:
    """An array, and the axes of a product that its own are; along the others the product repeats it."""

    value: Value
    axes: Axes

    def axis(self, i: int) -> str:
        """What is known of the length along an axis of the product."""
        return self.value.kind.axes[self.axes.index(i)] if i in self.axes else ONE

    def repeats(self, axes: Axes) -> bool:
        """Whether it is the same all along these axes."""
        return all(self.axis(i) == ONE for i in axes)


@dataclass(frozen=True)
class Over:
    """The axes over which is summed, and whether they are kept, of length 1."""

    axes: Axes
    keeps: bool

    def left(self, ndim: int) -> list[int]:
        """The axes of a product with so many that the sum has."""
        return [i for i in range(ndim) if self.keeps or i not in self.axes]


class _Walk:
    def __init__(self, fn: Function):
        self.made = {v: op for op in all_ops(fn.region) for v in op.results}
        self.counts: Counter[Value] = use_counts(fn.region)
        self.mapping: dict[Value, Value] = {}  # sums, and what they are now
        self.shapes = Shapes(self.made)
        self.local: dict[Value, Op] = {}  # what the region makes for the sake of its derivative

    def region(self, region: Region, whole: bool = True) -> Region:
        """The region with contractions where products stood; `whole` says if sums of all entries are among them."""
        ops = [replace(op, regions=tuple(map(self.region, op.regions))) if op.regions else op for op in region.ops]
        self.local = {op.result: op for op in ops if op.name == "call" and op.is_derivative}
        sums: dict[Value, list[Op]] = {}
        for op in ops:
            if _axes_of_sum(op) is not None and op.operands[0] in self.local:
                sums.setdefault(op.operands[0], []).append(op)
        kept: list[Op] = []
        for op in ops:
            if len(op.results) == 1 and op.result in self.mapping:
                continue
            kept.append(op)
            found = sums.get(op.result, []) if len(op.results) == 1 else []
            if found and len(found) == self.counts[op.result] and (whole or all("axis" in s.keywords for s in found)):
                kept += self.contracted(op, found)
        return replace(region, ops=tuple(kept))

    def contracted(self, product: Op, sums: list[Op]) -> list[Op]:
        """The ops that compute the sums of the product, where that is a gain; the product is read no more then."""
        b = TypedBuilder(product.loc)
        found: dict[Value, Value] = {}
        for op in sums:
            total = self.total(b, product.result, Over(_axes_of_sum(op), "keepdims" in op.keywords))
            if total is None or without_lengths(total.kind) != without_lengths(op.result.kind):
                return []
            found[op.result] = b.restate(total, op.result.name, op.result.kind)
        self.mapping |= found
        return b.ops

    def total(self, b: TypedBuilder, value: Value, over: Over) -> Value | None:
        """The sum of a product, quotient, or of several such, over the axes; None if `np.sum` is as good."""
        op = self.local.get(value)
        if op is None or op.keywords or len(op.operands) != 2 or not isinstance(value.kind, Array):
            return None
        if op.fn in (operator.add, operator.sub):
            return self.of_terms(b, value, over)
        factors = [self.factor(v, value.kind.ndim) for v in op.operands]
        if None in factors or op.fn not in (*PRODUCTS, operator.truediv):
            return None
        left, right = factors
        if right.repeats(over.axes):
            return self.scaled(b, op.fn, left, right, value, over)
        if op.fn is operator.truediv:
            return None
        if left.repeats(over.axes):
            return self.scaled(b, operator.mul, right, left, value, over)
        return self.contraction(b, left, right, value, over)

    def sum(self, b: TypedBuilder, value: Value, over: Over) -> Value:
        """The sum over the axes of what is perhaps read only here."""
        total = self.total(b, value, over) if self.counts[value] == 1 else None
        if total is not None:
            return total
        axis = {} if len(over.axes) == value.kind.ndim and not over.keeps else {"axis": _constant(b, over.axes)}
        return b.call(np.sum, value, method="sum", **axis, **({"keepdims": b.const(True)} if over.keeps else {}))

    def scaled(
        self, b: TypedBuilder, fn: Callable, varying: Factor, factor: Factor, product: Value, over: Over
    ) -> Value | None:
        """The sum of what varies along the axes, times or divided by what does not."""
        if not all(i in varying.axes and varying.axis(i) == product.kind.axes[i] for i in over.axes):
            return None
        axes = tuple([varying.axes.index(i) for i in over.axes])
        total = self.sum(b, varying.value, Over(axes, over.keeps))
        left = over.left(product.kind.ndim)
        other, stretched = factor.value, tuple([k for k, i in enumerate(factor.axes) if i not in left])
        if stretched:
            other = b.call(np.squeeze, other, _constant(b, stretched))
        sides = ((total, varying), (other, factor))
        return b.call(fn, *(_aligned(b, v, [i for i in f.axes if i in left], left) for v, f in sides))

    def contraction(self, b: TypedBuilder, left: Factor, right: Factor, product: Value, over: Over) -> Value | None:
        """The sum of the product of two arrays that both vary along some of the axes."""
        axes, rest = over.axes, [i for i in range(product.kind.ndim) if i not in over.axes]
        if not set(rest) <= {*left.axes, *right.axes} or left.value.kind.dtype != right.value.kind.dtype:
            return None
        total = None
        if not rest and product.kind.dtype == "float64" and self.has_shape_of(left.value, right.value):
            total = b.call(np.vdot, left.value, right.value)
        elif {*left.axes} & {*right.axes} == {*axes} and [f.axis(i) for f in (left, right) for i in axes] == [MANY, MANY]:
            total = _matrix_product(b, left, right, axes[0])
        if total is None:
            names = ["".join([LETTERS[i] for i in found]) for found in (left.axes, right.axes, rest)]
            total = b.call(np.einsum, b.const(f"{names[0]},{names[1]}->{names[2]}"), left.value, right.value)
        if not over.keeps:
            return total
        return b.call(np.expand_dims, total, _constant(b, axes)) if rest else None

    def has_shape_of(self, one: Value, other: Value) -> bool:
        """Whether two arrays that can be multiplied evidently have one shape."""
        if set(one.kind.axes) == {MANY}:
            return one.kind.axes == other.kind.axes
        keys = self.shapes.keys(one)
        return len(keys) == one.kind.ndim and keys == self.shapes.keys(other)

    def of_terms(self, b: TypedBuilder, value: Value, over: Over) -> Value | None:
        """The sum of each term, if one of them is a product of factors that are both smaller."""
        terms = self.terms(value)
        if not all(v.kind.axes == value.kind.axes and set(v.kind.axes) == {MANY} for v, _ in terms):
            return None
        if not any(map(self.is_spread, [v for v, _ in terms])):
            return None
        (first, is_less), *others = terms
        total = self.sum(b, first, over)
        total = b.call(operator.neg, total) if is_less else total
        for term, is_less in others:
            total = b.call(operator.sub if is_less else operator.add, total, self.sum(b, term, over))
        return total

    def terms(self, value: Value, is_less: bool = False) -> list[tuple[Value, bool]]:
        """The terms of a sum, each with whether it is subtracted."""
        op = self.local.get(value)
        if op is None or op.fn not in (operator.add, operator.sub) or any(ndim_of(v.kind) == 0 for v in op.operands):
            return [(value, is_less)]
        return [
            term
            for v, less in zip(op.operands, (is_less, is_less != (op.fn is operator.sub)))
            for term in (self.terms(v, less) if self.counts[v] == 1 else [(v, less)])
        ]

    def is_spread(self, value: Value) -> bool:
        """Whether the value is a product that nothing else reads, of factors that both have fewer axes."""
        op = self.local.get(value)
        if op is None or op.fn not in PRODUCTS or self.counts[value] != 1 or len(op.operands) != 2:
            return False
        factors = [self.factor(v, value.kind.ndim) for v in op.operands]
        return all(f is not None and any(f.axis(i) == ONE for i in range(value.kind.ndim)) for f in factors)

    def factor(self, value: Value, ndim: int) -> Factor | None:
        """A factor of a product with so many axes, without the axes of length 1 that were only added to it."""
        if not _is_summable(value):
            return None
        axes = tuple(range(ndim - value.kind.ndim, ndim))
        op = self.made.get(value)
        added = _added_axes(op) if op is not None and op.name == "call" else None
        if added is None or not _is_summable(op.operands[0]):
            return Factor(value, axes)
        return Factor(op.operands[0], tuple([axis for i, axis in enumerate(axes) if i not in added]))


def _matrix_product(b: TypedBuilder, left: Factor, right: Factor, axis: int) -> Value | None:
    """The product over one axis of factors that share no other, as `@`; as einsum what `@` takes for many matrices."""
    left, right = sorted((left, right), key=lambda f: [i for i in f.axes if i != axis] or [-1])
    if len(left.axes) > 2 or len(right.axes) > 2:
        return None
    row = left.value if left.axes[-1] == axis else b.call(np.transpose, left.value)
    column = right.value if right.axes[0] == axis else b.call(np.transpose, right.value)
    return b.call(operator.matmul, row, column)


def _aligned(b: TypedBuilder, value: Value, axes: list[int], wanted: list[int]) -> Value:
    """The array with an axis of length 1 for each wanted one that it has not; before its first none is needed."""
    missing = tuple([k for k, i in enumerate(wanted) if i not in axes and axes and i > axes[0]])
    return b.call(np.expand_dims, value, _constant(b, missing)) if missing else value


def _axes_of_sum(op: Op) -> Axes | None:
    """The axes over which a derivative sums an array; None for what is no such sum."""
    if op.fn is not np.sum or not op.is_derivative or len(op.positional) != 1 or not _is_summable(op.operands[0]):
        return None
    ndim, keywords = op.operands[0].kind.ndim, op.keywords
    keeps = keywords.get("keepdims")
    if not keywords.keys() <= {"axis", "keepdims"} or (keeps is not None and keeps.kind != Static(True)):
        return None
    if "axis" not in keywords or keywords["axis"].kind == Static(None):
        return None if "keepdims" in keywords else tuple(range(ndim))
    axes = _static_axes(keywords["axis"])
    return tuple(sorted([i % ndim for i in axes])) if axes else None


def _static_axes(value: Value) -> Axes:
    """The axes that an operand names; none if they are not known."""
    kinds = value.kind.items if isinstance(value.kind, Tuple) else (value.kind,)
    found = tuple([k.value for k in kinds if isinstance(k, Static)])
    return found if len(found) == len(kinds) and all(type(i) is int for i in found) else ()


def _added_axes(op: Op) -> Axes | None:
    """The axes of the result that `np.expand_dims`, or an index such as `[:, None]`, has added; None for other ops."""
    if op.fn is np.expand_dims and len(op.operands) == 2:
        ndim = op.result.kind.ndim if isinstance(op.result.kind, Array) else 0
        return tuple([i % ndim for i in _static_axes(op.operands[1])]) or None if ndim else None
    if op.fn is not operator.getitem or not isinstance(op.operands[1].kind, Tuple):
        return None
    parts = op.operands[1].kind.items
    nothing = Static(None)
    if not all(k == nothing or k == Slice(nothing, nothing, nothing) for k in parts):
        return None
    return tuple([i for i, k in enumerate(parts) if k == nothing])


def _is_summable(value: Value) -> bool:
    """Whether the value is an array, in the memory of the host, of double precision."""
    kind = value.kind
    return isinstance(kind, Array) and bool(kind.axes) and kind.dtype in DTYPES and not is_on_device((kind,))


def _constant(b: TypedBuilder, axes: Axes) -> Value:
    return b.const(axes[0]) if len(axes) == 1 else b.tuple([b.const(i) for i in axes])
