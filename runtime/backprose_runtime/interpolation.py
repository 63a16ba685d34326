"""Curves through points, which are linear in the values there.

SciPy is imported when a function is called: a program that does has it.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def interpolated(
    kind: str, x: np.ndarray, y: np.ndarray, option: Any, t: np.ndarray, order: int = 0
) -> np.ndarray:  # fmt: skip
    """The derivative of this order, at the places t, of the curve through the points (x, y).

    Kinds: "cubic", SciPy's CubicSpline with the boundary condition `option`; "spline", SciPy's make_interp_spline with
    (degree, boundary condition); "table", SciPy's interp1d with (kind, fill value).
    Shapes: x (n,), y (n, ...), the result t.shape + (...).
    """
    from scipy import interpolate

    if kind == "cubic":
        return interpolate.CubicSpline(x, y, bc_type=option)(t, order)
    if kind == "spline":
        return interpolate.make_interp_spline(x, y, option[0], bc_type=option[1])(t, order)
    if order == 0:
        return interpolate.interp1d(x, y, option[0], axis=0, fill_value=option[1])(t)
    degree = {"linear": 1, "slinear": 1, "quadratic": 2, "cubic": 3}[option[0]]
    places = np.argsort(x)
    return interpolate.make_interp_spline(np.asarray(x)[places], np.asarray(y)[places], degree)(t, order)
