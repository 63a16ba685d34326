"""Factors, eigenvalues and singular values, real and complex, alone and in stacks.

Phases of complex vectors, and columns that span what is left over, have no derivative, so what depends on these alone has
no case here: test_decompositions.py has functions that don't.
"""

from __future__ import annotations

import numpy as np

from backprose_runtime import cholesky_bar
from cases import SPREAD, arr, case, cplx, well

NEW = np.lib.NumpyVersion(np.__version__) >= "2.0.0"


def definite(make, *shape: int) -> np.ndarray:
    x = well(*shape, make=make)
    return x @ np.conj(np.swapaxes(x, -1, -2))


for _make in (arr, cplx):
    for _shape in [(3, 3), (2, 3, 3), (1, 1)]:
        case(np.linalg.cholesky, definite(_make, *_shape))
        if NEW:
            case(np.linalg.cholesky, definite(_make, *_shape), upper=True)
        case(cholesky_bar, np.tril(well(*_shape, make=_make)), np.tril(_make(*_shape)))

for _make in (arr, cplx):
    for _shape in [(3, 3), (4, 2), (2, 4), (2, 4, 3), (2, 3, 4), (1, 1), (3, 1), (1, 3)]:
        _a = _make(*_shape) + 2 * np.eye(*_shape[-2:])
        case(np.linalg.qr, _a)
        case(np.linalg.qr, _a, "r")
        if _shape[-2] <= _shape[-1]:
            case(np.linalg.qr, _a, mode="complete")

TURNED = SPREAD + 0.3j * np.array([[0, 1, 2], [-1, 0, -1], [-2, 1, 0]])
for _f in (np.linalg.eigh, np.linalg.eigvalsh):
    case(_f, SPREAD)
    case(_f, SPREAD, "U")
    case(_f, np.stack([SPREAD, 2 * SPREAD + 1]), UPLO="U")
    case(_f, np.array([[2.0]]))
case(np.linalg.eigvalsh, TURNED)
case(np.linalg.eigvalsh, np.stack([TURNED, 2 * TURNED + np.eye(3)]), UPLO="U")

NEAR_REAL = np.array([[0.5, 2.0, 0.3], [-1.5, 0.7, 0.2], [0.4, -0.6, 3.0]])  # one real eigenvalue, and a pair
for _f in (np.linalg.eig, np.linalg.eigvals):
    case(_f, np.diag([1.0, 2.5, 4.5]) + 0.3 * arr(3, 3) + 0.1j * arr(3, 3))
    case(_f, NEAR_REAL + 0.2j * arr(3, 3))
    case(_f, np.diag([1.0, 2.5, 4.5]) + 0.3 * cplx(3, 3))
    case(_f, np.stack([NEAR_REAL, 2 * NEAR_REAL.T + np.diag([1.0, 2.0, 4.0])]) + 0.2j * arr(2, 3, 3))
    case(_f, np.diag([1.0, 3.0]) + 0.3 * cplx(2, 2, 2))

for _shape in [(3, 3), (4, 2), (2, 4), (2, 4, 3), (2, 3, 4), (1, 1), (1, 3)]:
    case(np.linalg.svd, arr(*_shape) + 2 * np.eye(*_shape[-2:]), full_matrices=False)
    for _make in (arr, cplx):
        case(np.linalg.svd, _make(*_shape) + 2 * np.eye(*_shape[-2:]), compute_uv=False)
        if NEW:
            case(np.linalg.svdvals, _make(*_shape) + 2 * np.eye(*_shape[-2:]))
case(np.linalg.svd, arr(3, 3) + 2 * np.eye(3))
case(np.linalg.svd, np.stack([SPREAD, SPREAD.T @ SPREAD + 1]))
case(np.linalg.svd, SPREAD - 2.7 * np.eye(3), compute_uv=False, hermitian=True)
case(np.linalg.svd, np.stack([TURNED, TURNED - 3 * np.eye(3)]), False, False, True)
