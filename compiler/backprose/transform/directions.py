"""The unit directions in which a Jacobian is swept, and where each entry's row ends up."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import is_number, ndim_of
from backprose.ir.kinds import ANY, PYTHON_SCALARS, Array, Kind, Scalar
from backprose.ir.nodes import Value
from backprose.transform.cotangents import cotangent_kind
from backprose.transform.paths import CONTAINERS, Path, gathered, kind_at, leaves, part
from backprose.transform.typed import TypedBuilder, typed_call


@dataclass(frozen=True)
class Block:
    """A leaf, and where its directions stand among all of them."""

    leaf: Value
    before: Value
    size: Value


class Directions:
    """A direction for each entry of the leaves of `values`; `is_single` if there is one in all, that of a scalar."""

    def __init__(self, b: TypedBuilder, values: list[Value]):
        self.blocks: list[Block] = []
        total = b.const(0)
        for value in values:
            for path, _ in leaves(value.kind):
                leaf = part(b, value, path)
                size = size_of(b, leaf)
                self.blocks.append(Block(leaf, total, size))
                total = size if len(self.blocks) == 1 else b.call(operator.add, total, size)
        self.total = total
        self.is_single = len(self.blocks) == 1 and ndim_of(cotangent_kind(self.blocks[0].leaf.kind)) == 0

    def single(self, b: TypedBuilder) -> Value:
        """The one direction, of a scalar."""
        kind = cotangent_kind(self.blocks[0].leaf.kind)
        if isinstance(kind, Array):
            return b.call(np.ones_like, self.blocks[0].leaf)
        one = b.const(1.0)
        return one if plain(kind) else b.call(np.dtype(kind.dtype).type, one, kind=Scalar(kind.dtype))

    def stacked(self, b: TypedBuilder, names: Iterable[str] = ()) -> list[Value]:
        """For each leaf its part of the directions, with a leading axis for these; `names` are for them."""
        return [b.restate(self._of(b, block), name) for block, name in zip_longest(self.blocks, names, fillvalue="")]

    def _of(self, b: TypedBuilder, block: Block) -> Value:
        kind = cotangent_kind(block.leaf.kind)
        if len(self.blocks) == 1 and isinstance(kind, Array) and kind.ndim == 1:
            dtype = {} if kind.dtype == "float64" else {"dtype": b.data(np.dtype(kind.dtype).type)}
            return b.call(np.eye, self.total, **dtype)
        axes, lengths = shape_of(kind)
        stacked = Array(array_dtype(kind), (ANY, *axes), (None, *lengths) if any(lengths) else ())
        return typed_call(b, backprose_runtime.directions, (block.leaf, block.before, self.total), stacked)

    def rows(self, b: TypedBuilder, found: Value, block: Block) -> Value:
        """The rows of `found` that belong to a block."""
        if len(self.blocks) == 1:
            return found
        end = b.call(operator.add, block.before, block.size)
        return b.call(operator.getitem, found, b.call(slice, block.before, end))


def size_of(b: TypedBuilder, leaf: Value) -> Value:
    ndim = ndim_of(cotangent_kind(leaf.kind))
    if ndim == 0:
        return b.const(1)
    return b.call(len, leaf) if ndim == 1 else b.call(np.size, leaf)


def shape_of(kind: Kind) -> tuple[tuple, tuple]:
    """The axes of a number, and the names of their lengths."""
    if not isinstance(kind, Array):
        return (), ()
    return kind.axes, kind.lengths or (None,) * kind.ndim


def array_dtype(kind: Kind) -> str:
    """The dtype of an array of such numbers."""
    return np.dtype(kind.dtype).name


def plain(kind: Kind) -> bool:
    """Whether Python's own number is as good as one of the kind."""
    return kind.dtype in (*PYTHON_SCALARS, "float64", "complex128")


def tree(
    b: TypedBuilder, kind: Kind, leaf: Callable[[Path, Kind], Value], path: Path = (),
    other: Callable[[Path], Value] | None = None,
) -> Value:  # fmt: skip
    """A value of the structure of `kind` with `leaf(path, kind)` at the leaves that carry a derivative, None at others;
    or `other(path)` at other numbers."""
    inner = kind_at(kind, path)
    if isinstance(inner, CONTAINERS):
        return gathered(b, inner, lambda key: tree(b, kind, leaf, (*path, key), other))
    if any(True for _ in leaves(inner)):
        return leaf(path, inner)
    return other(path) if other is not None and is_number(inner) else b.const(None)


def leaf_values(b: TypedBuilder, value: Value) -> Iterator[Value]:
    """The leaves of a value that carry a derivative, in order."""
    for path, _ in leaves(value.kind):
        yield part(b, value, path)


def leaf_name(value: Value, path: Path) -> str:
    """`params_w_dot` for a leaf of `params_dot`."""
    stem, _, ending = value.name.rpartition("_")
    name = "_".join([stem, *map(str, path), ending]) if stem else ""
    return name if name.isidentifier() else value.name
