"""Cases of interpolation in tables."""

from __future__ import annotations

import numpy as np

from cases import arr, case

XP = np.array([-1.5, -0.4, 0.3, 1.1, 2.0])
for _x in (arr(6, low=-1.4, high=1.9), arr(2, 3), arr(5, low=-3, high=3), arr(), 0.7, arr(0)):
    case(np.interp, _x, XP, arr(5))
    case(np.interp, _x, XP, arr(5), 0.5, -0.5)
    case(np.interp, _x, XP, arr(5), right=1.5)
case(np.interp, -2.5, XP, arr(5), left=1.5)
case(np.interp, arr(3), XP[:1], arr(1))
case(np.interp, arr(3), XP[:2], arr(2))
for _period in (4.0, -5.0):
    case(np.interp, arr(6, low=-7, high=7), XP, arr(5), period=_period)
case(np.interp, arr(2, 3, low=-7, high=7), np.array([3.2, 0.5, 1.25, 9.5]), arr(4), period=2.5)
