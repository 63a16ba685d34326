"""Linear systems, inverses, determinants and what is made of them, real and complex, alone and in stacks."""

from __future__ import annotations

import backprose_runtime
import numpy as np

from cases import arr, case, cplx, well

NEW = np.lib.NumpyVersion(np.__version__) >= "2.0.0"

SYSTEMS = [((3, 3), (3,)), ((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 4)), ((3, 3), (2, 3, 4)), ((2, 3, 3), (1, 3, 4)),
           ((1, 3, 3), (5, 3, 2)), ((1, 1), (1,)), ((0, 0), (0, 2))]  # fmt: skip
SYSTEMS += [((2, 3, 3), (3,)), ((3, 3, 3), (3, 3))] if NEW else [((2, 3, 3), (2, 3)), ((1, 3, 3), (2, 3))]
for _a, _b in SYSTEMS:
    case(np.linalg.solve, well(*_a), arr(*_b))
case(np.linalg.solve, well(3, 3, make=cplx), cplx(3))
case(np.linalg.solve, well(2, 3, 3, make=cplx), arr(2, 3, 2))
case(np.linalg.solve, well(3, 3), cplx(3, 2))

for _f in (np.linalg.inv, np.linalg.det, np.linalg.slogdet):
    for _shape in [(3, 3), (1, 1), (2, 3, 3), (2, 1, 2, 2)]:
        case(_f, well(*_shape))
    case(_f, well(3, 3, make=cplx))
    case(_f, well(2, 3, 3, make=cplx))
case(np.linalg.inv, well(0, 0))
case(np.linalg.slogdet, np.array([[0.5, 2.0], [3.0, 0.25]]), note=" negative")
case(backprose_runtime.cofactors, well(3, 3))
case(backprose_runtime.cofactors, well(2, 3, 3))
case(backprose_runtime.cofactors, well(3, 3, make=cplx))

for _n in (0, 1, 2, 3, 5, -1, -2):
    case(np.linalg.matrix_power, well(3, 3) / 4, _n)
case(np.linalg.matrix_power, well(2, 3, 3) / 4, 3)
case(np.linalg.matrix_power, well(3, 3, make=cplx) / 4, 3)
case(np.linalg.matrix_power, well(3, 3, make=cplx) / 4, -2)

for _shapes in [((2, 3), (3, 4)), ((2, 3), (3, 4), (4, 1)), ((3,), (3, 2), (2, 4)), ((2, 3), (3, 4), (4,)),
                ((3,), (3, 2), (2,)), ((2, 3), (3, 2), (2, 5), (5, 2)), ((3,), (3,))]:  # fmt: skip
    case(np.linalg.multi_dot, [arr(*shape) for shape in _shapes])
case(np.linalg.multi_dot, (cplx(2, 3), arr(3, 2), cplx(2)))

for _shape in [(3, 3), (2, 3), (3, 2), (2, 4, 3), (1, 3)]:
    case(np.linalg.pinv, arr(*_shape) + 2 * np.eye(*_shape[-2:]))
    case(np.linalg.pinv, cplx(*_shape) + 2 * np.eye(*_shape[-2:]))
case(np.linalg.pinv, arr(3, 2), 1e-9)
if NEW:
    case(np.linalg.pinv, arr(2, 3), rtol=1e-9)

for _a, _b in [((4, 2), (4,)), ((4, 2), (4, 3)), ((2, 4), (2,)), ((2, 4), (2, 3)), ((3, 3), (3, 2)), ((4, 2), (4, 1))]:
    case(np.linalg.lstsq, arr(*_a) + 2 * np.eye(*_a), arr(*_b), rcond=None)
    case(np.linalg.lstsq, cplx(*_a) + 2 * np.eye(*_a), cplx(*_b), 1e-9)

case(np.linalg.tensorinv, arr(2, 3, 6) + 3 * np.eye(6).reshape(2, 3, 6), 2)
case(np.linalg.tensorinv, arr(6, 3, 2) + 3 * np.eye(6).reshape(6, 3, 2), ind=1)
case(np.linalg.tensorinv, cplx(2, 2, 2, 2) + 3 * np.eye(4).reshape(2, 2, 2, 2))
case(np.linalg.tensorsolve, arr(2, 3, 6) + 3 * np.eye(6).reshape(2, 3, 6), arr(2, 3))
case(np.linalg.tensorsolve, arr(6, 2, 3) + 3 * np.eye(6).reshape(6, 2, 3), arr(6))
case(np.linalg.tensorsolve, cplx(2, 2, 4) + 3 * np.eye(4).reshape(2, 2, 4), arr(2, 2))
