"""Cases of np.angle by real numbers, of which it is a step; by complex ones see test_angle.py."""

from __future__ import annotations

import numpy as np

from cases import arr, case

case(np.angle, arr(2, 3, low=0.2))
case(np.angle, 0.7)
case(np.angle, arr(3, low=-2, high=-0.2), deg=True)
