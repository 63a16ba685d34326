"""Cases of `scipy.signal` and `scipy.ndimage`: modes, axes, even and odd kernels, kernels longer than the data."""

from __future__ import annotations

import numpy as np
from scipy import ndimage, signal

from cases import arr, case

for _f in (signal.convolve, signal.fftconvolve, signal.correlate):
    for _mode in ("full", "same", "valid"):
        for _n, _m in [((6,), (3,)), ((6,), (4,)), ((3,), (5,)), ((4, 5), (2, 3))]:
            case(_f, arr(*_n), arr(*_m), mode=_mode)
    case(_f, arr(5), arr(3))
case(signal.convolve, arr(6), arr(3), "same", "fft")
case(signal.correlate, arr(6), arr(3), "same", "direct")
for _options in ({}, {"axis": 0}, {"axis": -1}):
    case(signal.lfilter, np.array([0.5, 0.3, -0.2]), np.array([1.0, -0.4, 0.1]), arr(4, 5), **_options)
case(signal.lfilter, [0.5, 0.3], [2.0, -0.4], arr(6))

for _mode in ("reflect", "mirror", "nearest", "wrap", "constant"):
    case(ndimage.gaussian_filter1d, arr(7), 0.8, mode=_mode)
    case(ndimage.gaussian_filter1d, arr(4, 3), 1.2, 0, mode=_mode)
    case(ndimage.gaussian_filter, arr(4, 5), 0.7, mode=_mode)
    case(ndimage.uniform_filter1d, arr(6), 4, mode=_mode, origin=1)
    case(ndimage.uniform_filter, arr(4, 5), 3, mode=_mode)
    case(ndimage.sobel, arr(4, 5), 0, mode=_mode)
    case(ndimage.prewitt, arr(4, 5), mode=_mode)
    case(ndimage.laplace, arr(4, 5), mode=_mode)
case(ndimage.gaussian_filter, arr(4, 5), (0.7, 1.1), (1, 0))
case(ndimage.gaussian_filter, arr(4, 5), 1.0, truncate=2.0)
case(ndimage.gaussian_filter, arr(4, 5), 1.0, radius=2)
case(ndimage.gaussian_filter1d, arr(4, 5), 1.0, order=1)
case(ndimage.gaussian_filter1d, arr(3, 5), 1.0, order=2, axis=-2)
case(ndimage.uniform_filter, arr(4, 5), (2, 3), mode="constant", cval=2.0)
