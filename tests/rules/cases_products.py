"""Products of every pair of ranks, real and complex, and those that `numpy.linalg` has beside NumPy's own."""

from __future__ import annotations

import operator

import numpy as np

from cases import arr, case, cplx

NEW = np.lib.NumpyVersion(np.__version__)

RANKS = [(), (2,), (2, 3), (2, 1, 3)]
for _left in RANKS:
    for _right in [(), (4,), (3, 2), (1, 2, 2)]:
        case(np.kron, arr(*_left), arr(*_right))
case(np.kron, cplx(2, 3), cplx(2))
case(np.kron, cplx(2, 3), arr(3, 2))
case(np.kron, arr(0), arr(3))

# The cross product: vectors in space and in the plane, every axis
for _left, _right in [((3,), (2,)), ((2,), (3,)), ((1, 2), (2,)), ((4, 2), (2,)), ((4, 2), (5, 1, 2)), ((4, 3), (4, 2))]:
    case(np.cross, arr(*_left), arr(*_right))
case(np.cross, arr(4, 3), arr(3, 4), axisb=0)
case(np.cross, arr(3, 4), arr(4, 3), 0, -1, 0)
case(np.cross, arr(3, 4), arr(3, 4), axis=0)
case(np.cross, arr(3, 5, 4), arr(3), 0, -1, 1)
case(np.cross, arr(2, 4), arr(3, 4), axis=0)
case(np.cross, arr(2, 4), arr(2, 4), axis=0)
case(np.cross, arr(3, 3), arr(3), axis=0)
case(np.cross, cplx(4, 3), cplx(3))
case(np.cross, cplx(3), arr(4, 3))

for _left, _right in [((3,), (3,)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 1))]:
    case(operator.matmul, cplx(*_left), cplx(*_right))
    case(np.dot, cplx(*_left), cplx(*_right))
case(operator.matmul, arr(2, 3), cplx(3, 2))
case(np.dot, cplx(), arr(3))
case(np.inner, cplx(2, 3), cplx(4, 3))
case(np.inner, cplx(3), arr(2, 3))
case(np.inner, arr(), cplx(2, 3))
case(np.outer, cplx(2), arr(3))
case(np.tensordot, cplx(2, 3), cplx(4, 3), ((1,), (1,)))
case(np.einsum, "ij,kj->ki", cplx(2, 3), cplx(4, 3), note=" complex")
case(np.einsum, "ii->i", cplx(3, 3), note=" complex")
case(np.einsum, "i,i", arr(3), cplx(3), note=" complex")
case(np.einsum, "ij,jk,k->i", arr(2, 3), arr(3, 4), arr(4), optimize=True, note=" optimized")
case(np.vdot, cplx(3), cplx(3))
case(np.vdot, cplx(2, 3), cplx(3, 2))
case(np.vdot, arr(3), cplx(3))
case(np.vdot, cplx(3), arr(3))
case(np.vdot, arr(), arr())
case(np.trace, cplx(3, 4), 1)

if NEW >= "2.0.0":
    for _f in (np.vecdot, np.linalg.vecdot):
        for _make in (arr, cplx):
            case(_f, _make(3), _make(3))
            case(_f, _make(4, 3), _make(3))
            case(_f, _make(3, 4), _make(3, 4), axis=0)
            case(_f, _make(3, 4), _make(2, 3, 1), axis=-2)
        case(_f, arr(2, 3), cplx(2, 3))
    case(np.linalg.matmul, arr(2, 3), arr(5, 3, 4))
    case(np.linalg.outer, arr(2), arr(3))
    case(np.linalg.outer, cplx(2), cplx(3))
    case(np.linalg.tensordot, arr(2, 3, 4), arr(4, 3), axes=((1, 2), (1, 0)))
    case(np.linalg.tensordot, arr(2, 3), arr(3, 2), axes=1)
    case(np.linalg.cross, arr(3), arr(3))
    case(np.linalg.cross, arr(4, 3), cplx(5, 1, 3))
    case(np.linalg.cross, arr(3, 4), arr(3, 4), axis=0)
if NEW >= "2.2.0":
    for _make in (arr, cplx):
        for _left, _right in [((2, 3), (3,)), ((5, 2, 3), (3,)), ((2, 3), (5, 3)), ((5, 2, 3), (4, 1, 3))]:
            case(np.matvec, _make(*_left), _make(*_right))
            case(np.vecmat, _make(*_right), np.swapaxes(_make(*_left), -1, -2))
    case(np.matvec, arr(2, 3), cplx(3))
    case(np.vecmat, cplx(2), arr(2, 3))
