"""Cases of the products and quotients that an exact zero annihilates."""

from __future__ import annotations

import numpy as np

from backprose_runtime import divide_nonzero, multiply_nonzero, plain_reciprocal

from cases import arr, case, cplx

for function in (divide_nonzero, multiply_nonzero):
    case(function, arr(2, 3), arr(3) + 5)
    case(function, arr(3), arr(2, 3) + 5)
    case(function, arr(2, 1), arr(3) + 5)
    case(function, 0.7, 1.3)
    case(function, arr(4), 2.5)
    case(function, 0.7, arr(4) + 5)
    case(function, np.array(0.7), np.array(-1.3))
    case(function, arr(0), arr(0))

for values in (arr(2, 3) + 5, 1.3, np.array(-0.7), arr(0), cplx(2, 3) + 5):
    case(plain_reciprocal, values)
