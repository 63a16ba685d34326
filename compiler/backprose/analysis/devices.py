"""Where arrays live: what is computed from CuPy's arrays is CuPy's, and so is what their program creates.

Kinds are observed on NumPy's arrays (`examples`), and what CuPy does otherwise is said here, in one place: a result
without axes is an array, which may be updated in place, where NumPy gives a scalar.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

from backprose import errors
from backprose.ir.kinds import Array, Dict, FixedList, Kind, List, Maybe, Record, Scalar, Tuple

HOLDING = frozenset({Tuple, FixedList, Dict, Record, List, Maybe})  # kinds in which there may be arrays
_CREATES: ContextVar[bool] = ContextVar("creates on the device", default=False)


class Mixed(errors.UnsupportedCall):
    """An operation on arrays of which some are NumPy's and some are CuPy's."""


@contextmanager
def compiling_for(kinds: Iterable[Kind]) -> Iterator[None]:
    """Within it, arrays that are created live where the arguments of these kinds do."""
    token = _CREATES.set(any(array.device for kind in kinds for array in arrays_in(kind)))
    try:
        yield
    finally:
        _CREATES.reset(token)


def creates_on_device() -> bool:
    """Whether what the program that is being compiled creates lives on a device."""
    return _CREATES.get()


def arrays_in(kind: Kind) -> Iterator[Array]:
    """The kinds of the arrays in a kind."""
    if isinstance(kind, Array):
        yield kind
    elif isinstance(kind, (Tuple, FixedList, Dict, Record)):
        for item in kind.items:
            yield from arrays_in(item)
    elif isinstance(kind, (List, Maybe)):
        yield from arrays_in(kind.item)


def is_on_device(kinds: Iterable[Kind]) -> bool:
    """Whether one of the kinds is, or holds, an array on a device."""
    for kind in kinds:
        if kind.device if type(kind) is Array else type(kind) in HOLDING and any(array.device for array in arrays_in(kind)):
            return True
    return False


def placed(fn: Any, kind: Kind, operands: tuple[Kind, ...]) -> Kind:
    """The kind of a call's result, observed on NumPy's arrays, where its operands live."""
    if not _CREATES.get():
        return kind
    places = {array.device for operand in operands for array in arrays_in(operand)}
    if places == {False} or (not places and is_draw_of_generator(fn)):
        return kind
    if len(places) == 2:
        raise Mixed("arrays of NumPy's and of CuPy's take part in it")
    return _lifted(kind, bool(places))


def is_draw_of_generator(fn: Any) -> bool:
    """Whether `fn` draws from a generator object, which is NumPy's and gives NumPy's arrays."""
    return getattr(fn, "__objclass__", None) in (np.random.Generator, np.random.RandomState)


def _lifted(kind: Kind, from_arrays: bool) -> Kind:
    """The kind on the device; what NumPy makes a scalar of is an array without axes, if it comes from arrays."""
    if isinstance(kind, Array):
        return dataclasses.replace(kind, device=True)
    if isinstance(kind, Scalar) and from_arrays and not kind.is_python:
        return Array(kind.dtype.rstrip("_"), (), device=True)
    if isinstance(kind, (Tuple, FixedList, Dict, Record)):
        return dataclasses.replace(kind, items=tuple(_lifted(item, from_arrays) for item in kind.items))
    if isinstance(kind, (List, Maybe)):
        return type(kind)(_lifted(kind.item, from_arrays))
    return kind
