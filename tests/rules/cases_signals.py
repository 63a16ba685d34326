"""Cases of convolution and correlation."""

from __future__ import annotations

import numpy as np

from cases import arr, case

for _function in (np.convolve, np.correlate):
    for _mode in ("full", "same", "valid"):
        for _n, _m in ((5, 3), (3, 5), (4, 2), (2, 4), (4, 5), (4, 4), (1, 3), (3, 1)):
            case(_function, arr(_n), arr(_m), mode=_mode)
    case(_function, arr(5), arr(3))
