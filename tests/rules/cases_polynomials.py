"""Cases of polynomials."""

from __future__ import annotations

import numpy as np

from cases import arr, case

for _n in (1, 2, 4):
    for _shape in ((), (3,), (2, 3), (0,)):
        case(np.polyval, arr(_n), arr(*_shape))
case(np.polyval, arr(3), 0.7)
case(np.polyval, arr(3), 2)
for _n in (None, 0, 1, 2, 5):
    case(np.vander, arr(3), _n)
    case(np.vander, arr(3), N=_n, increasing=True)
for _m in (0, 1, 2, 3, 5):
    case(np.polyder, arr(4), _m)
    case(np.polyint, arr(3), _m)
case(np.polyder, arr(1))
case(np.polyint, arr(3), 1, 0.7)
case(np.polyint, arr(3), 3, 0.7)
case(np.polyint, arr(3), 2, arr(2))
case(np.polyint, arr(3), k=arr(1))
for _n, _m in ((3, 5), (5, 3), (1, 1), (4, 4), (3, 1)):
    for _function in (np.polyadd, np.polysub, np.polymul):
        case(_function, arr(_n), arr(_m))
    case(np.polydiv, arr(_n), arr(_m) + 3)
case(np.polydiv, arr(7), arr(3) + 3)
case(np.polyadd, arr(3), 1.5)
case(np.polysub, 1.5, arr(3))
for _n in (1, 2, 5):
    case(np.poly, arr(_n))
for _deg in (0, 1, 3):
    case(np.polyfit, arr(6), arr(6), _deg)
    case(np.polyfit, arr(6), arr(6, 2), _deg)
    case(np.polyfit, arr(6), arr(6), _deg, w=arr(6, low=0.5, high=2))
case(np.polyfit, arr(6), arr(6, 2), 2, w=arr(6, low=0.5, high=2))
case(np.polyfit, arr(3), arr(3), 2)
