"""Which array module a value belongs to: NumPy, or CuPy where the value lives on a GPU."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import numpy as np


def array_module(x: Any) -> ModuleType:
    """`numpy`, or `cupy` when the type of `x` comes from there."""
    if type(x).__module__.partition(".")[0] == "cupy":
        return sys.modules["cupy"]
    return np


def is_array(x: Any) -> bool:
    """Whether `x` is an array (0-d ones included, NumPy scalars not)."""
    return isinstance(x, array_module(x).ndarray)


def cast(g: Any, dtype: Any) -> Any:
    """The array `g` as `dtype`, where both are inexact; a complex `g` gives its real part to a real `dtype`.

    A fresh array, or `g` itself if it has that dtype already. Integer dtypes carry no derivative: `g` is returned.
    """
    if dtype.kind not in "fc":
        return g
    if g.dtype.kind == "c" and dtype.kind == "f":
        return g.real.astype(dtype)
    return g.astype(dtype, copy=False)
