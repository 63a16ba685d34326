"""The identity that derivatives do not pass."""

from __future__ import annotations

from typing import TypeVar

T = TypeVar("T")


def stop_gradient(x: T) -> T:
    """x itself, as a constant: derivatives by what x depends on are 0 through it, in both modes and at all orders.

    x is a number, an array, or a container of these of any structure, in which all numbers are stopped. It is x that is
    given, not a copy: called plainly this costs nothing, and where it is differentiated it is gone from the emitted
    code. So a store in what it gives is a store in x. Read through x, what was stored has its derivative; read through
    `stop_gradient(x)`, it has none.

    With `y = x + stop_gradient(np.round(x) - x)` the value is `np.round(x)` and the derivative that of x: a
    "straight-through" derivative. Differences see the value only, so `check_grads` finds such functions to be wrong.
    """
    return x
