"""Cases of running sums and products, differences, derivatives and integrals, and of steps."""

from __future__ import annotations

import numpy as np

from cases import arr, case

NUMPY = np.lib.NumpyVersion(np.__version__)
HOLES = np.array([[1.0, np.nan, 3.0, 0.25], [0.5, 2.0, np.nan, 0.0], [np.nan, 2.5, 0.75, -1.0]])

for _function in (np.nancumsum, np.nancumprod):
    for _axis in (None, 0, -1):
        case(_function, HOLES, axis=_axis)
        case(_function, arr(2, 3, 2), _axis)
    case(_function, arr(4))
for _function in (np.cumsum, np.cumprod):
    case(_function, arr(2, 3), 1, float)
if NUMPY >= "2.1.0":
    for _function in (np.cumulative_sum, np.cumulative_prod):
        for _initial in (False, True):
            case(_function, arr(4), include_initial=_initial)
            for _axis in (0, 1, -1):
                case(_function, arr(2, 3, 2), axis=_axis, include_initial=_initial)
        case(_function, arr(0), include_initial=True)
        case(_function, arr(3), dtype=float)

for _axis in (0, 1, -1):
    case(np.diff, arr(3, 4), 1, _axis, 0.5)
    case(np.diff, arr(3, 4), axis=_axis, append=1.5)
    case(np.diff, arr(3, 4), n=2, axis=_axis, prepend=arr(*((2, 4) if _axis == 0 else (3, 2))), append=0.25)
case(np.diff, arr(4), prepend=arr(2), append=arr(1))
case(np.diff, arr(4), 2, append=arr(3))
for _shape in ((0,), (1,), (2,), (0, 3), (3, 0)):
    for _n in (0, 1, 2, 3):
        case(np.diff, arr(*_shape), _n, 0)
case(np.ediff1d, arr(5))
case(np.ediff1d, arr(2, 3))
case(np.ediff1d, arr(4), 1.5)
case(np.ediff1d, arr(4), to_begin=arr(2))
case(np.ediff1d, arr(2, 2), arr(2, 2), arr(1))
case(np.ediff1d, arr(0))
case(np.unwrap, np.array([0.1, 2.0, 4.5, 8.1, 7.0, 0.3]))
case(np.unwrap, np.array([[0.1, 2.0, 4.5], [8.1, 7.0, 0.3]]), axis=0, period=4.0)
case(np.unwrap, np.array([[0.1, 2.0, 4.5], [8.1, 7.0, 0.3]]), 3.5)

X = np.cumsum(np.array([0.3, 0.5, 0.2, 0.9, 0.4]))
for _order in (1, 2):
    case(np.gradient, arr(5), edge_order=_order)
    case(np.gradient, arr(3), 0.3, edge_order=_order)
    case(np.gradient, arr(5), X, edge_order=_order)
    case(np.gradient, arr(3), X[:3], edge_order=_order)
    case(np.gradient, arr(3, 5), edge_order=_order)
    case(np.gradient, arr(3, 5), 0.3, edge_order=_order)
    case(np.gradient, arr(3, 5), 0.3, X, edge_order=_order)
    case(np.gradient, arr(3, 5), X[:3], 0.7, edge_order=_order)
    case(np.gradient, arr(3, 4, 5), X, axis=-1, edge_order=_order)
    case(np.gradient, arr(5, 4, 3), X, axis=(0,), edge_order=_order)
    case(np.gradient, arr(3, 4, 5), X, 0.3, axis=(2, 0), edge_order=_order)
case(np.gradient, arr(2))
case(np.gradient, arr(2), X[:2])
case(np.gradient, arr(2, 3), axis=0)
TRAPEZOID = getattr(np, "trapezoid", None) or np.trapz
for _axis in (0, 1, -1):
    _n = 3 if _axis == 0 else 5
    case(TRAPEZOID, arr(3, 5), axis=_axis)
    case(TRAPEZOID, arr(3, 5), X[:_n], axis=_axis)
    case(TRAPEZOID, arr(3, 5), arr(3, 5), axis=_axis)
    case(TRAPEZOID, arr(3, 5), dx=0.3, axis=_axis)
case(TRAPEZOID, arr(5))
case(TRAPEZOID, arr(5), X)
case(TRAPEZOID, arr(5), None, 0.3)
case(TRAPEZOID, arr(1))
case(TRAPEZOID, arr(0))
case(TRAPEZOID, arr(2, 0))
case(TRAPEZOID, arr(0, 2), axis=0)

for _left, _right in (((), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3))):
    case(np.heaviside, arr(*_left), arr(*_right))
case(np.heaviside, 0.5, 1.5)
case(np.angle, arr(2, 3))
case(np.angle, arr(3), True)
