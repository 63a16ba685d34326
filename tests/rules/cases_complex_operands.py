"""Cases with complex operands, of functions whose rules ask whether their operands are complex."""

from __future__ import annotations

import numpy as np

from cases import arr, case, cplx

for _shape in ((), (4,), (2, 3), (0,)):
    for _function in (np.absolute, np.sign, np.sinc, np.nan_to_num):
        case(_function, cplx(*_shape))
    for _function in (np.maximum, np.minimum, np.fmax, np.fmin, np.power, np.float_power):
        case(_function, cplx(*_shape), cplx(*_shape))
        case(_function, arr(*_shape), cplx(*_shape))
        case(_function, cplx(*_shape), arr(*_shape))
case(np.sign, arr(3))
for _function in (abs, np.absolute, np.sign):
    case(_function, 0.3 - 0.4j)
for _function in (pow, np.power):
    case(_function, -0.7 + 0.1j, 1.3 - 0.2j)
    case(_function, -0.7, 1.3 - 0.2j)
    case(_function, -0.7 + 0.1j, 2)

for _function in (np.max, np.min, np.nanmax, np.nanmin, np.ptp, np.median, np.nanmedian, np.var, np.std, np.nanvar, np.nanstd):
    for _axis in (None, 0, -1, (0, 1)):
        case(_function, cplx(3, 4), _axis)
    case(_function, cplx(3, 4), axis=1, keepdims=True)
for _function in (np.var, np.std, np.nanvar, np.nanstd):
    case(_function, cplx(3, 4), axis=1, ddof=1, where=np.arange(12).reshape(3, 4) % 3 > 0)
    if np.lib.NumpyVersion(np.__version__) >= "2.0.0":
        case(_function, cplx(3, 4), axis=0, mean=cplx(1, 4))
for _function in (np.sort, np.partition):
    case(_function, cplx(3, 4), *(() if _function is np.sort else (1,)))

for _first, _second in ((cplx, cplx), (arr, cplx), (cplx, arr)):
    case(np.cov, _first(2, 5), _second(3, 5))
    case(np.cov, _first(5), _second(5), aweights=arr(5, low=0.2, high=1))
    case(np.corrcoef, _first(2, 5), _second(3, 5))
    for _mode in ("full", "same", "valid"):
        case(np.correlate, _first(5), _second(3), _mode)
        case(np.correlate, _first(2), _second(4), _mode)
    case(np.polyfit, _first(6), _second(6), 2)
    case(np.polyfit, _first(6), _second(6, 2), 1, w=arr(6, low=0.2, high=1))
