"""Cases of the methods of ufuncs: those with rules of their own, and those whose rules follow from partials."""

from __future__ import annotations

import numpy as np

from cases import arr, case

POSITIVE = {"low": 0.4, "high": 1.6}
AXES = (0, 1, -1)

for _f in (np.add, np.multiply, np.maximum, np.minimum, np.fmax, np.fmin):
    for _axis in (*AXES, None, (0, 2)):
        case(_f.reduce, arr(2, 3, 2), axis=_axis)
    case(_f.reduce, arr(4))
    case(_f.reduce, arr(3, 4), 1, keepdims=True)
    case(_f.reduce, arr(3, 2), initial=0.3)
case(np.add.reduce, arr(3, 2), 0, where=np.array([[True, False], [False, True], [True, True]]))
case(np.add.reduce, arr(0, 2))
for _f in (np.logaddexp, np.logaddexp2, np.hypot):
    for _axis in (*AXES, None, (0, 1)):
        case(_f.reduce, arr(2, 3), axis=_axis)
    case(_f.reduce, arr(4), keepdims=True)
    case(_f.reduce, arr(1))
for _f in (np.add, np.multiply):
    for _axis in AXES:
        case(_f.accumulate, arr(2, 3), axis=_axis)
    case(_f.accumulate, arr(4))
    case(_f.accumulate, arr(0))
case(np.multiply.accumulate, np.array([1.5, 0.0, 2.0, 0.0, -1.0]), note=" zeros")

# By the recurrence
for _f in (np.subtract, np.divide):
    case(_f.reduce, arr(4, **POSITIVE))
    case(_f.reduce, arr(3, 2, **POSITIVE), axis=1, keepdims=True)
for _f in (np.subtract, np.divide, np.power, np.arctan2):
    case(_f.accumulate, arr(4, **POSITIVE))
for _axis in AXES:
    case(np.divide.reduce, arr(3, 2, **POSITIVE), axis=_axis)
    case(np.logaddexp.accumulate, arr(3, 2), axis=_axis)
case(np.subtract.reduce, arr(1))
case(np.copysign.reduce, arr(3, **POSITIVE))
case(np.copysign.accumulate, np.array([0.7, -1.2, 0.4]))
for _f in (np.maximum, np.minimum, np.fmax, np.fmin, np.hypot, np.logaddexp2):
    case(_f.accumulate, arr(5))
for _axis in AXES:
    case(np.maximum.accumulate, arr(2, 4), axis=_axis)
case(np.minimum.accumulate, arr(1))
case(np.minimum.accumulate, arr(0))

for _f in (np.add, np.subtract, np.multiply, np.divide, np.power, np.hypot, np.arctan2):
    case(_f.outer, arr(3, **POSITIVE), arr(2, **POSITIVE))
for _left, _right in [((2, 3), (2,)), ((2,), (1, 3)), ((), (3,)), ((3,), ()), ((0,), (2,))]:
    case(np.multiply.outer, arr(*_left), arr(*_right))
case(np.maximum.outer, arr(3), 0.3)
case(np.subtract.outer, 1.5, arr(3))
case(np.copysign.outer, arr(3, **POSITIVE), np.array([1.0, -1.0]))

for _f in (np.add, np.multiply, np.maximum, np.logaddexp):
    case(_f.reduceat, arr(6), [0, 2, 3])
    case(_f.reduceat, arr(6), np.array([3, 1, 1, 4]), note=" not in order")
    case(_f.reduceat, arr(2, 5), [0, 3], axis=1)
case(np.subtract.reduceat, arr(5), [0, 2])
