"""Cases of curves through points: kinds, several values at a point, places of any rank, derivatives, places past the end."""

from __future__ import annotations

import numpy as np
import scipy.interpolate  # noqa: F401 - with it come its rules

from backprose_runtime import interpolated
from cases import arr, case

POINTS = [0.0, 0.7, 1.1, 2.0, 2.6, 3.5]
PLACES = np.array([0.2, 0.85, 1.7, 3.1])

case(interpolated, "cubic", POINTS, arr(6), "natural", PLACES)
case(interpolated, "cubic", POINTS, arr(6, 2), "not-a-knot", PLACES.reshape(2, 2), 1)
case(interpolated, "spline", POINTS, arr(6, 2), (2, None), PLACES)
case(interpolated, "spline", POINTS, arr(6), (3, "clamped"), np.array([-0.5, 4.0]))
case(interpolated, "table", POINTS[::-1], arr(6), ("linear", np.nan), PLACES)
case(interpolated, "table", POINTS, arr(6), ("cubic", "extrapolate"), 0.85)
