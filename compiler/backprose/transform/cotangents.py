"""Cotangents during the reverse sweep: what has been accumulated so far for each active value.

A value of a container kind has a cotangent for each of its differentiable leaves, under the leaf's path of keys, so
that taking a container apart and putting it together costs nothing. Everything that rules need not know about is done
here, once: sums over broadcast axes, casts to the primal's dtype, zeros, and accumulation.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import dtype_of, is_complex, is_inexact, ndim_of
from backprose.ir.kinds import (
    ANY, MANY, ONE, PYTHON_SCALARS, Array, Dict, FixedList, Kind, List, Maybe, Number, Object, Record, Residuals, Scalar, Static, Tuple, Unbound,
)  # fmt: skip
from backprose.ir.nodes import Region, Value
from backprose.ir.walk import defined_values, free_values
from backprose.transform.paths import CONTAINERS, Path, children, gathered, kind_at, leaves, part
from backprose.transform.typed import TypedBuilder

def cotangent_kind(kind: Kind) -> Kind:
    """The kind of a leaf's cotangent: that of the primal, with static numbers as scalars."""
    if isinstance(kind, Static):
        return Scalar(type(kind.value).__name__)
    return kind.item if isinstance(kind, Maybe) else kind


def bar_tree_kind(kind: Kind) -> Kind:
    """The kind of the cotangent of a whole value: None where there is no derivative."""
    if isinstance(kind, (Tuple, FixedList)):
        return type(kind)(tuple(map(bar_tree_kind, kind.items)))
    if isinstance(kind, (Dict, Record)):
        return replace(kind, items=tuple(map(bar_tree_kind, kind.items)))
    if isinstance(kind, List):
        return List(bar_tree_kind(kind.item))
    return cotangent_kind(kind) if carries_derivative(kind) else Static(None)


class Cotangents:
    """What has been accumulated: for a value and a path in it, the IR value of the cotangent."""

    def __init__(
        self, active: set[Value], bars: dict[tuple[Value, Path], Value] | None = None,
        names: dict[Value, str] | None = None, likes: Likes | None = None,
    ):  # fmt: skip
        self.active = active
        self.likes = likes or Likes(set())
        self.bars = {} if bars is None else bars
        self.names = {} if names is None else names  # what temporaries turned out to be: `x_bar`

    def child(self) -> Cotangents:
        """For a nested region: it sees what is there, and what it adds stays with it."""
        return Cotangents(self.active, dict(self.bars), self.names, self.likes)

    def get(self, value: Value, path: Path = ()) -> Value | None:
        return self.bars.get((value, path))

    def set(self, value: Value, path: Path, bar: Value) -> None:
        self.bars[value, path] = bar

    def has(self, value: Value) -> bool:
        if type(value.kind) is Array:
            return (value, ()) in self.bars
        return any(self.get(value, path) is not None for path, _ in leaves(value.kind))

    # Adding

    def add(self, b: TypedBuilder, value: Value, bar: Value, path: Path = (), exact: bool = True) -> None:
        """Add `bar`, which has the structure of the part of `value` at `path`, to its cotangent.

        `exact`: its shape is known to be the primal's, so that no sum over broadcast axes can be due.
        """
        kind = kind_at(value.kind, path)
        if isinstance(kind, CONTAINERS):
            for key, item in children(b, kind, bar):
                self.add(b, value, item, (*path, key), exact)
        elif value in self.active and carries_derivative(kind) and not _is_none(bar):
            fitted = fit(b, bar, kind, lambda: part(b, value, path), exact)
            self._accumulate(b, value, path, fitted, kind)

    def add_at(
        self, b: TypedBuilder, value: Value, path: Path, index: Value, bar: Value, steps: tuple[Value, ...] = ()
    ) -> None:
        """Add `bar` to the cotangent of what `part(value, path)[index]` read, or of an element of it to which `steps` lead."""
        if value not in self.active:
            return
        kind = cotangent_kind(kind_at(value.kind, path))
        buffer = self.get(value, path) or self.zeros(b, value, path)
        self.set(value, path, b.call(backprose_runtime.add_at, buffer, index, bar, *steps, kind=kind, name=bar_name(value, path)))

    def _accumulate(self, b: TypedBuilder, value: Value, path: Path, bar: Value, kind: Kind) -> None:
        before = self.get(value, path)
        kind = cotangent_kind(kind)
        if before is None:
            self.set(value, path, bar)
        elif isinstance(kind, (List, Residuals)):
            self.set(value, path, b.call(backprose_runtime.add, before, bar, kind=kind))
        else:
            self.set(value, path, b.call(operator.add, before, bar, kind=kind))

    # Reading

    def tree(self, b: TypedBuilder, value: Value, path: Path = (), fill: bool = True, settled: bool = True) -> Value:
        """The cotangent of the part of `value` at `path` as one value of the same structure.

        What is not `settled` may be a number on the host, to compute with, where the leaf is an array on a GPU.
        """
        kind = kind_at(value.kind, path)
        if isinstance(kind, CONTAINERS):
            return gathered(b, kind, lambda key: self.tree(b, value, (*path, key)))
        if not carries_derivative(kind):
            return b.const(None)
        return self.leaf(b, value, path) if settled else self._found(b, value, path)

    def leaf(self, b: TypedBuilder, value: Value, path: Path = ()) -> Value:
        """The cotangent of a leaf, zeros if nothing has reached it; on a GPU, if the leaf is there."""
        kind, bar = kind_at(value.kind, path), self._found(b, value, path)
        if isinstance(kind, Array) and kind.device and not isinstance(bar.kind, Array):
            dtype = b.data(np.dtype(kind.dtype).type)
            return b.call(np.asarray, bar, dtype, kind=replace(kind, axes=(), lengths=()), name=bar_name(value, path))
        return bar

    def _found(self, b: TypedBuilder, value: Value, path: Path = ()) -> Value:
        """The cotangent of a leaf as far as it goes: of a number on a GPU it may be a constant."""
        bar = self.get(value, path)
        if bar is None:
            return self.zeros(b, value, path)
        if not bar.name and not path and bar_name(value):
            self.names.setdefault(bar, bar_name(value))  # complete now, so it gets the name
        return bar


    def zeros(self, b: TypedBuilder, value: Value, path: Path = ()) -> Value:
        """A zero cotangent for a leaf."""
        kind = cotangent_kind(kind_at(value.kind, path))
        if self.likes.wanted(value) and ndim_of(kind) != 0:
            return self.likes.zeros(b, value, kind, path, bar_name(value, path))
        return zeros(b, kind, part(b, value, path), bar_name(value, path))


@dataclass
class Likes:
    """For values that may be unbound: what to read in their stead where only a zero like them is wanted.

    The zero of a variable that is unbound is itself never read, but it must be computable. So each such array has a
    companion, its shape, and each list has one that is the list itself; where the variable is unbound the companion
    is `()` or None. Companions are made when they are asked for, and defined when the op of the value is reversed.
    """

    unbound: set[Value]
    missing: set[Value] = field(default_factory=set)  # these, and what may be None in the stead of these
    companions: dict[tuple[Value, Path], Value] = field(default_factory=dict)

    def wanted(self, value: Value) -> bool:
        return value in self.unbound and not isinstance(value.kind, Unbound)

    def of(self, value: Value, path: Path) -> Value:
        if (value, path) not in self.companions:
            kind = Object(tuple if isinstance(kind_at(value.kind, path), Array) else object)
            self.companions[value, path] = Value("", kind)
        return self.companions[value, path]

    def asked(self, value: Value) -> list[Path]:
        """The parts of the value whose companions have been asked for."""
        return [path for other, path in self.companions if other is value]

    def zeros(self, b: TypedBuilder, value: Value, kind: Kind, path: Path, name: str) -> Value:
        companion, plain = self.of(value, path), {"keywords": (), "method": None}
        if not isinstance(kind, Array):
            return b.op("call", (companion,), [Value(name, kind)], fn=backprose_runtime.zeros_like, **plain).result
        dtype = b.data(np.dtype(kind.dtype).type)
        return b.op("call", (companion, dtype), [Value(name, kind)], fn=np.zeros, **plain).result

    def renewed(self, region: Region, mapping: dict[Value, Value]) -> dict[tuple[Value, Path], Value]:
        """Fresh companions for a copy of the region, added to the `mapping` of that copy, where those in it are yet to be defined."""
        defined = defined_values(region)
        missing = {key: old for key, old in self.companions.items() if key[0] in defined and old not in defined}
        mapping.update((old, Value("", old.kind)) for old in missing.values())
        return {key: mapping[old] for key, old in missing.items()}

    def define(self, b: TypedBuilder, value: Value, path: Path, like: Kind) -> Value:
        """The companion of what flows into a value of kind `like`; it may itself be unbound, or certainly bound."""
        if isinstance(value.kind, Unbound):
            return b.op("const", (), [Value("", Object(tuple))], value=nothing(like)).result
        if value in self.unbound:
            return self.fitted(b, value, path, like)
        value = part(b, value, path)
        return b.getattr(value, "shape", Object(tuple)) if isinstance(like, Array) else value

    def fitted(self, b: TypedBuilder, value: Value, path: Path, like: Kind) -> Value:
        """The companion as one of what is of kind `like`: where that has no known rank, the shape becomes an array."""
        companion, kind = self.of(value, path), kind_at(value.kind, path)
        if isinstance(like, Array) or not isinstance(kind, Array):
            return companion
        dtype = b.data(np.dtype(kind.dtype).type)
        return b.op("call", (companion, dtype), [Value("", Object(object))], fn=np.zeros, keywords=(), method=None).result


def nothing(like: Kind) -> tuple[int, ...] | None:
    """The companion of what is unbound: of an array a shape without entries, of which as much can be asked as of another."""
    return (0,) * len(like.axes) if isinstance(like, Array) else None


def bar_name(value: Value, path: Path = ()) -> str:
    """`x_bar` for x, `params_w_bar` for a leaf of params, "" for a temporary."""
    if not value.name:
        return ""
    parts = [value.name, *(str(p) for p in path)]
    name = "_".join(parts)
    return f"{name}_bar" if name.isidentifier() else f"{value.name}_bar"


def zeros(b: TypedBuilder, kind: Kind, like: Value, name: str = "") -> Value:
    """A zero cotangent for a primal of the kind; `like` is read for its shape only."""
    if isinstance(kind, Array) and kind.device and not kind.axes:
        return b.call(np.zeros, b.tuple(()), b.data(np.dtype(kind.dtype).type), kind=kind, name=name)
    if isinstance(kind, Array) and kind.axes:
        return b.call(np.zeros_like, like, kind=kind, name=name)
    if isinstance(kind, (Number, List)) or not is_inexact(kind):
        return b.call(backprose_runtime.zeros_like, like, kind=kind, name=name)
    dtype = dtype_of(kind)
    plain = dtype == "float64" and not isinstance(kind, Array)  # an array without axes may be stored into: no float can
    if dtype is None or dtype in PYTHON_SCALARS or plain:
        return b.op("const", (), [Value(name, Scalar(dtype or "float"))], value=0j if is_complex(kind) else 0.0).result
    scalar = b.data(np.dtype(dtype).type)
    return b.call(scalar.kind.value, b.const(0), kind=Scalar(dtype), name=name)


def fit(b: TypedBuilder, bar: Value, kind: Kind, primal: Any, exact: bool = False) -> Value:
    """`bar` with the shape and dtype of a primal of the kind: summed where the primal was broadcast, and cast.

    `primal()` gives the primal's value, for what can be decided at run time only.
    """
    kind = cotangent_kind(kind)
    if isinstance(kind, List) and isinstance(bar.kind, Array):
        return b.call(list, bar, kind=List(cotangent_kind(kind.item)))  # a list that was used as an array
    if isinstance(kind, Array) and isinstance(bar.kind, (List, FixedList, Tuple)):
        return b.call(np.array, bar, kind=kind)  # an array that was used as a list
    if isinstance(kind, List) and isinstance(bar.kind, List):
        return _cast_items(b, bar, kind, primal)
    if isinstance(kind, List) or not is_inexact(kind):
        return bar
    if isinstance(kind, Scalar) and isinstance(bar.kind, Array) and not bar.kind.axes:
        bar = as_scalar(b, bar, kind)
    if exact and not is_undecided(bar, kind):
        return cast(b, bar, kind)
    if isinstance(kind, Number) or isinstance(bar.kind, Number) or ndim_of(bar.kind) is None:
        return b.call(backprose_runtime.unbroadcast, bar, primal(), kind=kind)
    ndim = ndim_of(kind)
    if ndim_of(bar.kind) < ndim:
        bar = b.call(np.broadcast_to, bar, b.call(np.shape, primal()))
        if ndim_of(bar.kind) != ndim:
            return b.call(backprose_runtime.unbroadcast, bar, primal(), kind=kind)
    extra = ndim_of(bar.kind) - ndim
    axes = tuple(range(extra))
    stretched: tuple[int, ...] = ()
    if isinstance(kind, Array) and isinstance(bar.kind, Array):
        for i, (mine, its) in enumerate(zip(kind.axes, bar.kind.axes[extra:])):
            if kind.length(i) is not None and kind.length(i) == bar.kind.length(extra + i):
                continue
            if mine == ONE and its != ONE:
                stretched += (i,)
            elif (mine == ANY and its != ONE) or (mine == MANY and its in (ONE, ANY)):
                shape = b.call(np.shape, primal())
                summed = b.call(backprose_runtime.sum_to, bar, shape, kind=replace(kind, dtype=dtype_of(bar.kind), lengths=()))
                return cast(b, summed, kind)
    if axes:
        bar = _sum(b, bar, axes, keepdims=False)
    if stretched:
        bar = _sum(b, bar, stretched, keepdims=True)
    if isinstance(kind, Scalar) and isinstance(bar.kind, Array) and not bar.kind.axes:
        bar = as_scalar(b, bar, kind)
    return cast(b, bar, kind)


def is_undecided(bar: Value, kind: Kind) -> bool:
    """Whether only the primal tells if it takes the whole of `bar`, which is complex, or its real part."""
    return is_complex(bar.kind) and dtype_of(kind) is None


def as_scalar(b: TypedBuilder, bar: Value, kind: Scalar) -> Value:
    """A scalar, not an array without axes: results of NumPy that have no axes may be either."""
    if isinstance(bar.kind, Array) and bar.kind.device:
        bar = b.call(complex if is_complex(bar.kind) else float, bar)  # to the host, where the primal is
        if kind.dtype == bar.kind.dtype:
            return bar
    make = {"float": float, "complex": complex}.get(kind.dtype) or np.dtype(kind.dtype).type
    if is_complex(bar.kind) and not is_complex(kind):
        bar = b.call(np.real, bar)
    return b.call(make, bar, kind=kind)


def _sum(b: TypedBuilder, bar: Value, axes: tuple[int, ...], keepdims: bool) -> Value:
    if not keepdims and len(axes) == ndim_of(bar.kind):
        return b.call(np.sum, bar)
    axis = b.const(axes[0]) if len(axes) == 1 else b.tuple([b.const(a) for a in axes])
    keywords = {"axis": axis, **({"keepdims": b.const(True)} if keepdims else {})}
    return b.call(np.sum, bar, method="sum", **keywords)


AS_GOOD = {("float", "float64"), ("int", "float64"), ("bool", "float64"), ("complex", "complex128")}  # Python's own numbers


def cast(b: TypedBuilder, bar: Value, kind: Kind) -> Value:
    want, have = dtype_of(kind), dtype_of(bar.kind)
    if have is not None and is_complex(bar.kind) and not is_complex(kind):
        bar = b.call(np.real, bar)
        have = dtype_of(bar.kind)
    same = want == have or (have, want) == ("complex", "complex128")
    if same and want not in ("bool", "int", "float", "float64") and _is_chosen(b, bar):
        make = complex if want == "complex" else np.dtype(want).type
        return b.call(make, bar, kind=Scalar(want))  # one of the branches may give a Python number
    if want == "complex" and have not in (None, "complex", "complex128"):
        return b.call(complex, bar, kind=Scalar(want))
    if want == have or want is None or want in PYTHON_SCALARS:
        return bar
    if (have, want) in AS_GOOD and not isinstance(bar.kind, Array):
        return bar
    if isinstance(bar.kind, Number):  # its shape is the primal's, which says more than examples did
        if isinstance(kind, Array):
            return b.call(np.asarray, bar, b.data(np.dtype(want).type), kind=kind)
        return b.call(np.dtype(want).type, bar, kind=kind) if isinstance(kind, Scalar) else bar
    if isinstance(bar.kind, Array) and (bar.kind.axes or bar.kind.device):
        return b.call(np.ndarray.astype, bar, b.data(np.dtype(want).type), method="astype")
    return b.call(np.dtype(want).type, bar, kind=Scalar(want))


def _cast_items(b: TypedBuilder, bar: Value, kind: List, primal: Callable[[], Value]) -> Value:
    """A list of numbers or arrays of the primal's dtype: Python's own and float64 are as good as each other."""
    if is_complex(bar.kind.item) and not is_complex(kind.item) and dtype_of(kind.item) is not None:
        raise errors.NotDifferentiable(
            "a list of real numbers becomes one of complex ones", b.loc, "its cotangent is a list too, of which the real parts count",
            "make the list complex from the start, or use two lists",
        )  # fmt: skip
    if _is_other(bar.kind.item, kind.item):
        return _each_fitted(b, bar, kind, primal)
    want = dtype_of(kind.item) if isinstance(kind.item, Scalar) and isinstance(bar.kind.item, Scalar) else None
    if want in (None, *PYTHON_SCALARS, "float64", "complex128"):
        return bar  # elsewhere, also where its dtype is right: some of the items may be Python's numbers
    return b.call(list, b.call(np.array, bar, b.data(np.dtype(want).type)), kind=kind)


def _is_other(bar: Kind, kind: Kind) -> bool:
    """Whether arrays in a list of cotangents may have another dtype than those in the list of primals, at any depth."""
    if isinstance(kind, List) and isinstance(bar, List):
        return _is_other(bar.item, kind.item)
    return isinstance(kind, Array) and isinstance(bar, (Array, Number)) and dtype_of(kind) != dtype_of(bar)


def _each_fitted(b: TypedBuilder, bar: Value, kind: List, primal: Callable[[], Value]) -> Value:
    """`[x_bar.astype(x.dtype) for x_bar in bars]`, and beside the primals where these are of several dtypes."""
    item, like = Value("", bar.kind.item), Value("", kind.item)
    inner = b.nested()
    fitted = fit(inner, item, kind.item, lambda: like, exact=True)
    region = Region((item,), tuple(inner.ops), (fitted,))
    over = (bar,)
    if like in free_values(region):
        region, over = replace(region, params=(item, like)), (bar, primal())
    result = Value("", List(cotangent_kind(kind.item)))
    return b.op("for", over, [result], [region], iterables=len(over), collected=1, stops=False).result


def _is_chosen(b: TypedBuilder, bar: Value) -> bool:
    """Whether a branch chose this scalar."""
    return ndim_of(bar.kind) == 0 and any(op.name == "if" and bar in op.results for op in reversed(b.ops))


def _is_none(value: Value) -> bool:
    return isinstance(value.kind, Static) and value.kind.value is None
