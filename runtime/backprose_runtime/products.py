"""Pullbacks of products whose operands' ranks are known at run time only."""

from __future__ import annotations

from typing import Any

from backprose_runtime.arrays import array_module
from backprose_runtime.shapes import sum_to


def matmul_left_bar(c_bar: Any, a: Any, b: Any) -> Any:
    """A_bar = C_bar B^T for C = A @ B, summed over broadcast leading axes.  Shape: that of a."""
    c_bar, a_shape, b = _matrices(c_bar, a, b)
    return sum_to(c_bar @ _flipped(b), a_shape).reshape(a.shape)


def matmul_right_bar(c_bar: Any, a: Any, b: Any) -> Any:
    """B_bar = A^T C_bar for C = A @ B, summed over broadcast leading axes.  Shape: that of b."""
    c_bar, _, _ = _matrices(c_bar, a, b)
    left = a.reshape(1, -1) if a.ndim == 1 else a
    return sum_to(_flipped(left) @ c_bar, b.shape if b.ndim > 1 else (*b.shape, 1)).reshape(b.shape)


def _matrices(c_bar: Any, a: Any, b: Any) -> tuple[Any, tuple[int, ...], Any]:
    """C_bar and B as matrices, and the shape of A as one: a vector is a row on the left and a column on the right."""
    xp = array_module(a)
    c_bar = xp.asarray(c_bar)
    if b.ndim == 1:
        c_bar, b = xp.expand_dims(c_bar, -1), b.reshape(-1, 1)
    if a.ndim == 1:
        return xp.expand_dims(c_bar, -2), (1, *a.shape), b
    return c_bar, a.shape, b


def _flipped(x: Any) -> Any:
    return array_module(x).swapaxes(x, -1, -2)
