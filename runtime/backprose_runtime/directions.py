"""Directions, stacked along a leading axis: what a Jacobian is swept with."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprose_runtime.arrays import array_module


def directions(like: Any, before: int, total: int) -> np.ndarray:
    """The part that belongs to the leaf `like` of `total` unit directions, as an array of shape `(total, *like.shape)`.

    Direction `before + i` is 1 at entry i of the leaf, the others are 0 there. The dtype is that of the leaf.
    """
    flat = np.eye(total, np.size(like), -before, dtype=np.asarray(like).dtype)
    return flat.reshape(total, *np.shape(like))


def each(stack: Any) -> Any:
    """The directions of a stack; of an empty stack one of zeros, so that what is made of each has a shape."""
    return stack if len(stack) else array_module(stack).zeros((1, *stack.shape[1:]), stack.dtype)
