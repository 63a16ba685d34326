"""`scipy.integrate`: sums over samples. What takes a function is in no table, and so refused."""

from __future__ import annotations

import numpy as np
from scipy import integrate

from backprose.rules.registry import means, named, not_compiled
from backprose.rules.static import require

not_compiled(
    *named(integrate, "simpson cumulative_simpson romb"),
    why="its derivative is in no table", instead="use trapezoid, or a sum with weights",
)  # fmt: skip
not_compiled(
    *named(integrate, "quad dblquad tplquad nquad fixed_quad quad_vec odeint solve_ivp solve_bvp"),
    why="at which points it calls the function is not known when compiling",
    instead="write the steps as a loop, or state a rule of its own (docs/custom-rules.md)",
)  # fmt: skip

(OF_NUMPY, *_) = named(np, "trapezoid trapz")  # NumPy 2 has a new name


@means(integrate.trapezoid)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    """As `np.trapezoid`."""
    return OF_NUMPY(y, x, dx, axis)


@means(integrate.cumulative_trapezoid)
def cumulative_trapezoid(y, x=None, dx=1.0, axis=-1, initial=None):
    """The running sums of d (y[i] + y[i+1]) / 2, where d is dx or the distance of the points x; first 0 with `initial`."""
    y = y if isinstance(y, np.ndarray) else np.asarray(y)
    points = np.moveaxis(y, axis, -1)
    if x is None:
        gaps = dx
    else:
        x = x if isinstance(x, np.ndarray) else np.asarray(x)
        require(np.ndim(x) in (1, np.ndim(y)), "the points have other axes than the values")
        gaps = np.diff(x if np.ndim(x) == 1 else np.moveaxis(x, axis, -1))
    sums = np.cumsum(gaps * (points[..., 1:] + points[..., :-1]) / 2.0, axis=-1)
    if initial is not None:
        require(initial == 0, "SciPy takes no other initial value than 0")
        sums = np.concatenate([np.zeros(np.shape(sums)[:-1] + (1,), sums.dtype), sums], axis=-1)
    return np.moveaxis(sums, -1, axis)
