"""Arguments and gradients are trees: numbers and arrays in lists, tuples and dicts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np


def mapped(change: Callable[..., Any], tree: Any, *more: Any) -> Any:
    """The same structure with changed leaves; `change` is given those of more such trees beside them."""
    if isinstance(tree, dict):
        return {key: mapped(change, tree[key], *(other[key] for other in more)) for key in tree}
    if isinstance(tree, (list, tuple)):
        return type(tree)(mapped(change, *values) for values in zip(tree, *more))
    return change(tree, *more)


def leaves(tree: Any) -> Iterator[Any]:
    """The leaves, those of a dict in the order of its keys."""
    if isinstance(tree, dict):
        tree = [tree[key] for key in sorted(tree)]
    if isinstance(tree, (list, tuple)):
        for value in tree:
            yield from leaves(value)
    else:
        yield tree


def difference(a: list[np.ndarray], b: list[np.ndarray]) -> float:
    """The largest difference of two lists of arrays, each relative to the largest entry of its array in `b`."""
    if [np.shape(left) for left in a] != [np.shape(right) for right in b]:
        raise ValueError(f"shapes differ: {[np.shape(left) for left in a]} and {[np.shape(right) for right in b]}")
    gaps = [np.max(np.abs(left - right), initial=0) for left, right in zip(a, b)]
    sizes = [max(np.max(np.abs(right), initial=0), 1e-300) for right in b]
    return float(np.max(np.divide(gaps, sizes), initial=0))  # NaN if one is
