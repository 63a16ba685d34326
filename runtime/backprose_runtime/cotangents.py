"""Checks of what users' rules return."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprose_runtime.arrays import array_module, cast, is_array
from backprose_runtime.containers import is_container, items, map_items, zeros_like


def checked_cotangent(bar: Any, shape: tuple[int, ...], what: str) -> Any:
    """`bar`, after a check that it has this shape; `what` it is opens the message of the ValueError."""
    if np.shape(bar) != shape:
        raise ValueError(f"{what} has shape {np.shape(bar)}, not {shape}")
    return bar


def checked_list(bar: list, like: list, what: str) -> list:
    """`bar`, after a check that its items, and the items of these, have the shapes of those of `like`."""
    if len(bar) != len(like):
        raise ValueError(f"{what} is a list of {len(bar)}, not of {len(like)}")
    for item, other in zip(bar, like):
        if isinstance(other, list):
            checked_list(item, other, f"an item of {what}")
        elif not is_container(other) and np.shape(item) != np.shape(other):
            raise ValueError(f"an item of {what} has shape {np.shape(item)}, not {np.shape(other)}")
    return bar


def checked_cotangents(bars: Any, like: tuple, names: tuple[str, ...]) -> tuple:
    """A cotangent for each value in `like`, in its structure and dtypes, from what the rule `names[0]` returned for them.

    None stands for zeros. Raises TypeError for a wrong number or structure, ValueError for a wrong shape.
    """
    rule, *arguments = names
    listed = ", ".join(arguments)
    if not isinstance(bars, (tuple, list)):
        raise TypeError(f"{rule} returned an object of type {type(bars).__name__}, not a tuple of cotangents for ({listed})")
    if len(bars) != len(like):
        raise TypeError(f"{rule} returned {len(bars)} cotangents for {len(like)} arguments ({listed})")
    return tuple(_fitted(bar, x, f"{rule}: its cotangent of `{name}`") for bar, x, name in zip(bars, like, arguments))


def checked_tangent(pair: Any, value: Any, names: tuple[str, str]) -> Any:
    """The tangent of `value`, in its structure and dtypes, from what the rule `names[0]` returned: (value, tangent)."""
    rule, name = names
    if not isinstance(pair, tuple) or len(pair) != 2:
        raise TypeError(f"{rule} returned an object of type {type(pair).__name__}, not (value, tangent)")
    return _fitted(pair[1], value, f"{rule}: its tangent of the {name}")


def _fitted(bar: Any, x: Any, what: str) -> Any:
    zero = zeros_like(x)
    if bar is None or zero is None or isinstance(x, (int, np.integer)):
        return zero
    if is_container(x):
        if type(bar) is not type(x) or len(items(bar)) != len(items(x)):
            raise TypeError(f"{what} must be a {type(x).__name__} with {len(items(x))} parts, as the argument is")
        parts = iter(items(bar))
        return map_items(lambda item: _fitted(next(parts), item, what), x)
    if np.shape(bar) != np.shape(x):
        raise ValueError(f"{what} has shape {np.shape(bar)}, not {np.shape(x)}")
    if np.iscomplexobj(bar) and not np.iscomplexobj(x):
        raise TypeError(f"{what} is complex, and the argument is real")
    if is_array(x):
        return cast(array_module(x).asarray(bar), x.dtype)
    return type(x)(bar)
