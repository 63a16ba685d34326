"""Cases of Python's complex numbers and of `cmath`, in every quadrant; on the cuts and at 0 in test_complex_numbers.py."""

from __future__ import annotations

import cmath

from cases import case

QUADRANTS = (0.7 + 0.4j, -1.3 + 0.2j, -0.6 - 1.1j, 1.4 - 0.9j)

for _function in (
    cmath.exp, cmath.log, cmath.log10, cmath.sqrt, cmath.sin, cmath.cos, cmath.tan, cmath.asin, cmath.acos, cmath.atan,
    cmath.sinh, cmath.cosh, cmath.tanh, cmath.asinh, cmath.acosh, cmath.atanh, cmath.phase, cmath.polar,
):  # fmt: skip
    for _z in QUADRANTS:
        case(_function, _z)
case(cmath.exp, 0.3)
case(cmath.sqrt, -0.7)
case(cmath.log, 0.8 - 0.3j, 1.7 + 0.2j)
case(cmath.rect, 1.3, -0.4)
case(complex, 0.7)
case(complex, 0.7, -0.2)
case(complex, 0.7 - 0.1j)
