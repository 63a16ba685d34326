"""Kinds of results, by example.

The function itself runs on tiny arguments of the given kinds, a few times with different lengths. An axis whose length
follows the run's own length is `MANY`, one that is always 1 is `ONE`, anything else is `ANY`. So dtypes follow NumPy's
own promotion, and no shape rule is written down twice.
"""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache, reduce
from typing import Any, NamedTuple

import numpy as np

from backprose.analysis.devices import placed
from backprose.analysis.kinds import dtype_of, is_complex, is_sparse, join, kind_of, widen
from backprose.ir.kinds import (
    ANY, MANY, ONE, PYTHON_SCALARS, UNBOUND, UNKNOWN, Array, Dict, Dim, FixedList, Kind, Length, List, Maybe, Number,
    Object, Range, Record, Scalar, Slice, Sparse, Static, Tuple,
)  # fmt: skip
from backprose.rules.registry import has_any_length, is_shaped_by_user, named


class Run(NamedTuple):
    """Lengths for one run: of `MANY` axes, of `ANY` axes and lists, and the value of unknown integers.

    `bases` gives named lengths values of their own; without it they are like others. `entry` is the value of all entries
    of arrays of integers: 0, which is an index of every array.
    """

    many: int
    any: int
    integer: int
    bases: Mapping[str, int] | None = None
    entry: int = 0

    def length(self, axis: str, length: Length | None) -> int:
        if axis != ONE and length is not None and self.bases is not None:
            base, offset = length
            if self.bases[base] + offset < 2:
                raise NoExample("the example is too short")
            return self.bases[base] + offset
        return {ONE: 1, MANY: self.many, ANY: self.any}[axis]


RUNS = (Run(5, 5, 1), Run(7, 7, 2), Run(5, 1, 1), Run(7, 1, 3))


class NoExample(Exception):
    """The kind admits no representative, or the function fails on it."""


def result_kind(fn: Any, args: tuple[Kind, ...], keywords: tuple[tuple[str, Kind], ...] = ()) -> Kind:
    """The kind of `fn(*args, **keywords)`; `Number()` if examples don't tell."""
    try:
        kind = _result_kind(fn, args, keywords)
    except TypeError:  # unhashable parts: compute afresh
        kind = _result_kind.__wrapped__(fn, args, keywords)
    return placed(fn, kind, (*args, *(k for _, k in keywords)))


def keeps_field(fn: Any, args: tuple[Kind, ...], keywords: tuple[tuple[str, Kind], ...] = ()) -> bool:
    """Whether `fn` gives real numbers for real numbers of unknown rank, and complex ones for complex ones.

    False if examples don't tell.
    """
    for dtype in ("float64", "complex128"):
        for axes in ((), (MANY,), (MANY, MANY)):
            supposed = Array(dtype, axes)
            results = result_kind(
                fn, tuple(_settled(k, supposed) for k in args), tuple((name, _settled(k, supposed)) for name, k in keywords)
            )
            found = _fields(results)
            if found and ("c" in found) != (dtype == "complex128"):
                return False
            if found:
                break
        else:
            return False
    return True


def _settled(kind: Kind, supposed: Array) -> Kind:
    return supposed if isinstance(kind, Number) else kind


def _fields(kind: Kind) -> set[str]:
    """"c" if there are complex numbers of known dtype in the kind, "f" if there are real ones."""
    if isinstance(kind, (Tuple, FixedList, Record)):
        return set().union(*map(_fields, kind.items))
    name = dtype_of(kind)
    return set() if name is None else {"c" if is_complex(kind) else "f"}


def forget_examples() -> None:
    """Run them anew: what is known of some function has changed."""
    _result_kind.cache_clear()


@lru_cache(maxsize=16384)
def _result_kind(fn: Any, args: tuple[Kind, ...], keywords: tuple[tuple[str, Kind], ...]) -> Kind:
    kinds = (*args, *(k for _, k in keywords))
    runs = RUNS if any(map(_is_vague, kinds)) else RUNS[:2]
    results = _results(fn, args, keywords, runs)
    if results is None:  # as numbers of occurrences, for one, integers must not be 0
        results = _results(fn, args, keywords, [run._replace(entry=1) for run in runs])
    if results is None and runs == RUNS and (equal := _results(fn, args, keywords, RUNS[:2])) is not None:
        # Its lengths must agree, as in a product of matrices: rank and dtype are seen, lengths of 1 are not ruled out.
        return any_length(_observed(equal, RUNS[:2], False), certain=(ONE,))
    if results is None:
        return Number()
    observed = _observed(results, runs, all(map(_is_exact, kinds)))
    if fn in TRIMMED:
        return any_length(observed, certain=())
    if is_shaped_by_user(fn):
        return any_length(observed, certain=())
    if fn in DATA_DEPENDENT or has_any_length(fn):
        return any_length(observed)
    if fn in MAY_BE_COMPLEX:
        return _any_dtype(observed)
    return _with_lengths(observed, fn, args, keywords)


def _results(fn: Any, args: tuple[Kind, ...], keywords: Any, runs: Sequence[Run]) -> list[Any] | None:
    """What the function gives for examples, or None: an example that fails tells nothing."""
    results = []
    for run in runs:
        try:
            actual = [example(k, run) for k in args]
            named = {name: example(k, run) for name, k in keywords}
            with np.errstate(all="ignore"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                results.append(fn(*actual, **named))
        except Exception:  # noqa: BLE001
            return None
    return results


# Named lengths: further runs in which each has a value of its own. Between runs, each grows by an amount of its own,
# so that an axis of the result that grows by as much is this length and a constant.

BASE_LENGTHS = ((11, 31, 83), (13, 43, 97), (17, 53, 111), (19, 61, 125), (23, 71, 139), (29, 83, 153))
# Where an argument has many axes: of the lengths above, an example would have a hundred million entries.
SHORT_LENGTHS = ((5, 8, 15), (6, 10, 15), (7, 12, 15), (5, 11, 12), (6, 13, 14), (7, 15, 16))


def _with_lengths(kind: Kind, fn: Any, args: tuple[Kind, ...], keywords: Any) -> Kind:
    """The kind with the lengths of its axes named, as far as the arguments' names tell."""
    if fn is np.shape and isinstance(kind, Tuple) and isinstance(args[0], Array):
        dims = (Dim(args[0].length(i)) if isinstance(k, Dim) else k for i, k in enumerate(kind.items))
        return Tuple(tuple(dims))
    if fn is len and isinstance(kind, Dim) and isinstance(args[0], Array):
        return Dim(args[0].length(0))
    if not isinstance(kind, Array) or all(a == ONE for a in kind.axes):
        return kind
    names = sorted({base for k in (*args, *(k for _, k in keywords)) for base in _bases(k)})
    if not names or len(names) > len(BASE_LENGTHS) or kind.ndim > 3:
        return kind
    values = SHORT_LENGTHS if any(isinstance(k, Array) and k.ndim > 3 for k in args) else BASE_LENGTHS
    runs = [Run(5 + 2 * i, 5 + 2 * i, 1 + i, {n: values[j][i] for j, n in enumerate(names)}) for i in range(3)]
    results = _results(fn, args, keywords, runs)
    if results is None or any(getattr(r, "ndim", None) != kind.ndim for r in results):
        return kind
    lengths = tuple(_named_length([r.shape[i] for r in results], dict(zip(names, values))) for i in range(kind.ndim))
    return dataclasses.replace(kind, lengths=lengths) if any(lengths) else kind


def _named_length(found: list[int], lengths: Mapping[str, tuple[int, ...]]) -> Length | None:
    for name, values in lengths.items():
        offsets = {n - value for n, value in zip(found, values)}
        if len(offsets) == 1:
            return name, offsets.pop()
    return None


def _bases(kind: Kind) -> set[str]:
    if isinstance(kind, Array):
        return {length[0] for length in kind.lengths if length}
    if isinstance(kind, Dim):
        return {kind.length[0]} if kind.length else set()
    if isinstance(kind, (Tuple, FixedList, Dict, Record)):
        return set().union(*map(_bases, kind.items))
    if isinstance(kind, (List, Maybe)):
        return _bases(kind.item)
    return set()


# Functions whose result's length depends on the values, or is the difference of two lengths, which examples can't tell.
DATA_DEPENDENT = frozenset(
    {np.unique, np.nonzero, np.flatnonzero, np.argwhere, np.compress, np.ndarray.compress, np.extract, np.bincount, np.intersect1d,
     np.union1d, np.setdiff1d, np.setxor1d, np.histogram, np.where, np.repeat, np.arange, np.delete, np.insert, np.convolve,
     np.correlate, *named(np, "unique_values unique_all unique_counts unique_inverse")}
)  # fmt: skip
# Functions that leave out zeros at the ends: what is left may be one entry.
TRIMMED = frozenset({np.trim_zeros, np.polymul, np.polydiv})


# Functions whose results are real or complex depending on the values, which examples can't tell either.
MAY_BE_COMPLEX = frozenset({np.linalg.eig, np.linalg.eigvals})


def _any_dtype(kind: Kind) -> Kind:
    """The kind without what real examples seem to show of the dtype."""
    if isinstance(kind, Array):
        return kind if kind.dtype.startswith(("complex", "clongdouble")) else Number()
    return dataclasses.replace(kind, items=tuple(map(_any_dtype, kind.items))) if isinstance(kind, (Tuple, Record)) else kind


def any_length(kind: Kind, certain: tuple[str, ...] = (MANY,)) -> Kind:
    """The kind without what the examples may only seem to show of its axes, except where they show one of `certain`."""
    if isinstance(kind, Array):
        return Array(kind.dtype, tuple(a if a in certain else ANY for a in kind.axes))
    if isinstance(kind, (Tuple, FixedList, Record)):
        return dataclasses.replace(kind, items=tuple(any_length(k, certain) for k in kind.items))
    return kind


def _is_exact(kind: Kind) -> bool:
    """Whether lengths that are computed from such an argument are the same in every run and every call."""
    if isinstance(kind, (Tuple, FixedList)):
        return all(map(_is_exact, kind.items))
    if isinstance(kind, Slice):
        return all(map(_is_exact, (kind.start, kind.stop, kind.step)))
    return isinstance(kind, Static)


def _is_vague(kind: Kind) -> bool:
    if isinstance(kind, (Array, Sparse)):
        return ANY in kind.axes
    if isinstance(kind, (List, Range)):
        return True
    if isinstance(kind, Scalar):
        return kind.dtype.startswith(("int", "uint"))
    if isinstance(kind, (Tuple, FixedList, Dict, Record)):
        return any(map(_is_vague, kind.items))
    if isinstance(kind, Slice):
        return any(map(_is_vague, (kind.start, kind.stop, kind.step)))
    return isinstance(kind, Maybe) and _is_vague(kind.item)


def example(kind: Kind, run: Run) -> Any:
    """A value of the kind with the run's lengths."""
    if isinstance(kind, Static):
        return kind.value
    if isinstance(kind, Array):
        return _example_array(kind.dtype, tuple(run.length(a, kind.length(i)) for i, a in enumerate(kind.axes)), run.entry)
    if isinstance(kind, Scalar):
        return _example_scalar(kind.dtype, run)
    if isinstance(kind, Dim):
        return run.length(MANY, kind.length)
    if isinstance(kind, Range):
        return range(run.any)
    if isinstance(kind, Maybe):
        return example(kind.item, run)
    if isinstance(kind, Slice):
        return slice(*(example(k, run) for k in (kind.start, kind.stop, kind.step)))
    if isinstance(kind, List):
        return [example(kind.item, run)] * run.any  # one for all: lists in lists would grow by a power of their depth
    if isinstance(kind, (Tuple, FixedList)):
        items = [example(k, run) for k in kind.items]
        return tuple(items) if isinstance(kind, Tuple) else items
    if isinstance(kind, Dict):
        return {key: example(k, run) for key, k in zip(kind.keys, kind.items)}
    if isinstance(kind, Record):
        return kind.cls(**{name: example(k, run) for name, k in zip(kind.fields, kind.items)})
    if isinstance(kind, Sparse):
        return kind.cls(example(Array(kind.dtype, kind.axes), run))
    raise NoExample(str(kind))


def _example_array(dtype: str, shape: tuple[int, ...], entry: int) -> np.ndarray:
    values = np.zeros(shape, dtype)
    if values.dtype.kind in "fc":
        values += 0.5
        if len(shape) >= 2 and shape[-1] == shape[-2]:  # well conditioned and positive definite
            values += 2 * np.eye(shape[-1], dtype=dtype)
    elif values.dtype.kind == "b":
        values.reshape(-1)[::2] = True
    else:
        values += entry
    return values


def _example_scalar(dtype: str, run: Run) -> Any:
    if dtype == "str":
        return "s"
    if dtype in PYTHON_SCALARS:
        return {"bool": True, "int": run.integer, "float": 0.5, "complex": 0.5 + 0.5j}[dtype]
    scalar = np.dtype(dtype.rstrip("_")).type
    return scalar(run.integer) if dtype.startswith(("int", "uint")) else scalar(0.5)


def _observed(results: list[Any], runs: tuple[Run, ...], exact: bool) -> Kind:
    """The kind that all of the runs' results have."""
    first = results[0]
    if any(type(r) is not type(first) for r in results):
        kinds = [widen(kind_of(r)) for r in results]
        return reduce(join, kinds)
    if isinstance(first, np.ndarray):
        if any(r.ndim != first.ndim or r.dtype != first.dtype for r in results):
            return Number()
        return Array(first.dtype.name, _axes(results, runs, exact))
    if is_sparse(first):
        return Sparse(type(first), first.dtype.name, _axes(results, runs, exact))
    if type(first) is int:
        return Dim() if _is_power_of_length(results, runs) else Scalar("int")
    if isinstance(first, (tuple, list)):
        if any(len(r) != len(first) for r in results):
            if isinstance(first, list):
                return List(reduce(join, [kind_of(v) for r in results for v in r], UNBOUND))
            return UNKNOWN
        items = tuple(_observed([r[i] for r in results], runs, exact) for i in range(len(first)))
        if isinstance(first, list):
            return FixedList(items)
        return Record(type(first), first._fields, items) if hasattr(first, "_fields") else Tuple(items)
    if isinstance(first, str) and not (exact and all(r == first for r in results)):
        return Scalar("str")
    if isinstance(first, (slice, type, np.dtype)) or first is None:
        return kind_of(first)
    kind = kind_of(first)
    # An object that an example made is not the one that the program makes.
    return Object(type(first)) if isinstance(kind, Static) and not isinstance(first, str) else widen(kind)


def _axes(results: list[Any], runs: tuple[Run, ...], exact: bool) -> tuple[str, ...]:
    return tuple(_axis([r.shape[i] for r in results], runs, exact) for i in range(results[0].ndim))


def _axis(lengths: list[int], runs: tuple[Run, ...], exact: bool) -> str:
    if all(n == 1 for n in lengths):
        return ONE
    if _is_power_of_length(lengths, runs) or (exact and len(set(lengths)) == 1):
        return MANY
    return ANY


def _is_power_of_length(lengths: list[int], runs: tuple[Run, ...]) -> bool:
    """Whether the lengths are n, or n * n, ...: a product of lengths that are not 1 is not 1 either."""
    return any(all(n == run.many**power for n, run in zip(lengths, runs)) for power in (1, 2, 3, 4))
