"""Cases of filters with a kernel as an operand, and of convolutions of matrices: sizes, origins, edges, axes."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, signal

from cases import arr, case

MODES = ("reflect", "mirror", "nearest", "wrap", "constant", "grid-mirror", "grid-wrap", "grid-constant")

for _mode in MODES:
    case(ndimage.correlate, arr(4, 5), arr(3, 2), mode=_mode)
    case(ndimage.convolve1d, arr(4, 5), arr(4), 0, mode=_mode, origin=1)
for _f in (ndimage.correlate, ndimage.convolve):
    for _size in (1, 2, 3):
        case(_f, arr(6), arr(_size))
    for _origin in (-1, 0, 1):
        case(_f, arr(6), arr(3), origin=_origin, mode="nearest")
        case(_f, arr(6), arr(4), origin=_origin, mode="constant", cval=0.7)
    case(_f, arr(4, 5), arr(3, 4), origin=(1, -1), mode="wrap")
    case(_f, arr(4, 5), arr(2, 3), None, "constant", 0.3)
    case(_f, arr(2, 3), arr(5, 4), mode="mirror", note=" a kernel that is longer than the data")
    case(_f, arr(2, 3, 4), arr(2, 1, 3))
for _f in (ndimage.correlate1d, ndimage.convolve1d):
    case(_f, arr(4, 5), arr(2), 0)
    case(_f, arr(6), arr(4), mode="mirror", origin=-1)
    case(_f, arr(4, 5), arr(3), axis=-2, origin=-1, mode="constant", cval=0.7)
    case(_f, arr(5), np.array([0.5, 0.25]))
for _mode in ("mirror", "wrap"):
    case(ndimage.gaussian_laplace, arr(4, 5), 0.8, mode=_mode)
case(ndimage.gaussian_laplace, arr(6), 0.7)
case(ndimage.gaussian_laplace, arr(4, 5), (0.7, 1.1), mode="constant", cval=0.5, truncate=2.0)

for _f in (signal.convolve2d, signal.correlate2d):
    for _mode in ("full", "same", "valid"):
        for _n, _m in [((4, 5), (2, 3)), ((4, 4), (4, 4)), ((2, 3), (4, 5))]:
            case(_f, arr(*_n), arr(*_m), mode=_mode)
    case(_f, arr(3, 4), arr(2, 2))
    case(_f, arr(3, 1), arr(1, 2), "full", "fill", 0)
