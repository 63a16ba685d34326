"""Central differences, for functions of one nested argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from backprose_runtime.containers import is_container, items, map_items

STEP = 1e-6


def difference(function: Callable[[Any], float], x: Any) -> Any:
    """The gradient of `function` at `x`, in the structure of `x`; None at leaves that are no floats."""
    if is_container(x):
        parts = items(x)

        def at(i: int) -> Any:
            return difference(lambda part: function(_replaced(x, i, part)), parts[i])

        indices = iter(range(len(parts)))
        return map_items(lambda _: at(next(indices)), x)
    if isinstance(x, np.ndarray) and x.dtype.kind == "f":
        out = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            e = np.zeros_like(x)
            e[i] = STEP
            out[i] = (function(x + e) - function(x - e)) / (2 * STEP)
        return out
    if isinstance(x, float):
        return (function(x + STEP) - function(x - STEP)) / (2 * STEP)
    return None


def _replaced(x: Any, i: int, part: Any) -> Any:
    numbers = iter(range(len(items(x))))
    return map_items(lambda item: part if next(numbers) == i else item, x)


def assert_close(actual: Any, expected: Any, rtol: float = 1e-5, atol: float = 1e-7) -> None:
    """Equal in structure, and close in numbers."""
    if is_container(expected):
        assert type(actual) is type(expected), (actual, expected)
        if isinstance(expected, dict):
            assert list(actual) == list(expected)
        assert len(items(actual)) == len(items(expected))
        for a, e in zip(items(actual), items(expected)):
            assert_close(a, e, rtol, atol)
    elif expected is None:
        assert actual is None
    else:
        assert np.shape(actual) == np.shape(expected)
        np.testing.assert_allclose(actual, expected, rtol=rtol, atol=atol)
