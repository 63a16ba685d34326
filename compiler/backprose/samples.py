"""Random arguments of given kinds, for checks from the command line."""

from __future__ import annotations

import builtins
from typing import Any

import numpy as np

from backprose import errors
from backprose.analysis.kinds import is_complex
from backprose.ir.kinds import ONE, Array, Dict, FixedList, Kind, List, Record, Scalar, Static, Tuple
from backprose_runtime.containers import new_record


class NoSample(errors.BackproseError, ValueError):
    """The kind leaves open what a value of it looks like."""


def sample(kind: Kind, rng: np.random.Generator, length: int, name: str) -> Any:
    """A value of the kind: every axis and list of unknown length has `length`, numbers are normally distributed.

    Whole numbers are `length`, bools are True. Raises NoSample where the kind tells too little; `name` is for its message.
    """
    if isinstance(kind, Static):
        return kind.value
    if isinstance(kind, Array):
        shape = tuple(1 if axis == ONE else length for axis in kind.axes)
        return np.asarray(_numbers(kind, rng, shape, length)).astype(kind.dtype)
    if isinstance(kind, Scalar):
        make = getattr(builtins, kind.dtype) if kind.is_python else np.dtype(kind.dtype.rstrip("_")).type
        return make(_numbers(kind, rng, (), length))
    if isinstance(kind, List):
        return [sample(kind.item, rng, length, name) for _ in range(length)]
    if isinstance(kind, (Tuple, FixedList)):
        made = [sample(item, rng, length, name) for item in kind.items]
        return tuple(made) if isinstance(kind, Tuple) else made
    if isinstance(kind, Dict):
        return {key: sample(item, rng, length, name) for key, item in zip(kind.keys, kind.items)}
    if isinstance(kind, Record):
        parts = {field: sample(item, rng, length, name) for field, item in zip(kind.fields, kind.items)}
        return kind.cls(**parts) if issubclass(kind.cls, tuple) else new_record(kind.cls, **parts)
    raise NoSample(f"what `{name}` is, is not known: say so in --signature, for example \"{name}: f8[:]\"")


def _numbers(kind: Array | Scalar, rng: np.random.Generator, shape: tuple[int, ...], length: int) -> Any:
    drawn = rng.normal(size=shape)
    if is_complex(kind):
        return drawn + 1j * rng.normal(size=shape)
    if kind.dtype.startswith(("int", "uint")):
        return np.full(shape, length)
    return np.full(shape, True) if kind.dtype.startswith("bool") else drawn
