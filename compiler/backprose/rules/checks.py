"""What emitted code checks: what users' rules return, and the tangents and cotangents of nested derivatives."""

from __future__ import annotations

from backprose.rules.registry import linear, refused
from backprose_runtime import checked_cotangent, checked_cotangents, checked_list, checked_tangent


@linear(checked_cotangent, wrt="bar")
def checked(y, bar, shape, what, *, y_bar):
    """y = bar, after a comparison of its shape with that of the argument."""
    return y_bar


@linear(checked_list, wrt="bar", inert=("like",))
def checked_items(y, bar, like, what, *, y_bar):
    """y = bar, after a comparison of the shapes of its items with those of another list."""
    return y_bar


refused(
    checked_cotangents, checked_tangent,
    why="it is what a rule returned that is not compiled (`compile=False`): first derivatives in one mode only",
)  # fmt: skip
