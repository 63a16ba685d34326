"""Cases of `scipy.linalg`."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from cases import SPREAD, arr, case, well

RNG = np.random.default_rng(11)


def definite(n: int) -> np.ndarray:
    a = well(n, n)
    return a @ a.T


# Systems

for _b in [(4,), (4, 2), (4, 1)]:
    case(linalg.solve, well(4, 4), arr(*_b))
    case(linalg.solve, well(4, 4), arr(*_b), transposed=True)
    for _kind in ("gen", "upper triangular", "lower triangular", "diagonal", "tridiagonal", "banded"):
        _a = {"tridiagonal": np.triu(np.tril(well(4, 4), 1), -1),
        "diagonal": np.diag([2.0, 3, 4, 5])}.get(_kind, well(4, 4))
        case(linalg.solve, np.triu(_a) if "upper" in _kind else np.tril(_a) if "lower" in _kind else _a, arr(*_b),
        assume_a=_kind)
    for _kind in ("sym", "her", "pos"):
        for _lower in (False, True):
            case(linalg.solve, definite(4), arr(*_b), lower=_lower, assume_a=_kind)
    for _options in ({}, {"trans": 1}, {"trans": "T"}, {"trans": "C"}, {"trans": "N"}, {"unit_diagonal": True},
    {"trans": 2}):
        for _lower in (False, True):
            case(linalg.solve_triangular, well(4, 4), arr(*_b), lower=_lower, **_options)
    for _lower in (False, True):
        case(linalg.cho_solve, (np.tril(well(4, 4)) if _lower else np.triu(well(4, 4)), _lower), arr(*_b))
    case(linalg.cho_solve, (well(4, 4), True), arr(*_b), check_finite=False)
case(linalg.solve, well(4, 4), arr(4), False, False, False, True, "gen", True)
case(linalg.solve_triangular, well(4, 4), arr(4), 1, True, True)
case(linalg.solve, well(1, 1), arr(1))
case(linalg.solve_sylvester, well(3, 3), well(2, 2), arr(3, 2))
for _shape in [(3, 3), (1, 1), (2, 3, 3)]:
    case(linalg.inv, well(*_shape))
    case(linalg.det, well(*_shape))
for _kind in ("upper triangular", "lower triangular"):
    case(linalg.inv, np.triu(well(3, 3)) if "upper" in _kind else np.tril(well(3, 3)), assume_a=_kind)
for _lower in (False, True):
    case(linalg.inv, definite(3), assume_a="pos", lower=_lower)
for _shape in [(3, 3), (2, 3), (3, 2)]:
    case(linalg.pinv, arr(*_shape) + 2 * np.eye(*_shape))
case(linalg.norm, arr(3, 4))
case(linalg.norm, arr(5))
for _ord in (1, np.inf, 2.5):
    case(linalg.norm, arr(3, 4), _ord, axis=1)
    case(linalg.norm, arr(3, 4), _ord, axis=-2, keepdims=True)

# Factors

for _n in (1, 3):
    for _lower in (False, True):
        case(linalg.cholesky, definite(_n), lower=_lower)
        case(linalg.cho_factor, definite(_n), _lower)
case(linalg.cholesky, definite(3))
for _lower in (False, True):
    case(linalg.eigh, SPREAD, lower=_lower, driver="evd")  # whose eigenvectors keep their signs nearby
    case(linalg.eigh, SPREAD, eigvals_only=True, lower=_lower)
    case(linalg.eigvalsh, SPREAD, lower=_lower)

# Functions

for _f in (linalg.expm, linalg.sqrtm):
    case(_f, well(3, 3) / 2)
    case(_f, well(1, 1) / 2)
case(linalg.expm, np.array([[0.0, 3.0, 1.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]), note=" nilpotent")
case(linalg.expm, arr(2, 3, 3))
case(linalg.expm_frechet, arr(3, 3), arr(3, 3))
case(linalg.expm_frechet, arr(3, 3), arr(3, 3), compute_expm=False)

# Made of vectors and blocks

for _m, _n in [(3, 4), (4, 3), (1, 3), (3, 1), (1, 1)]:
    case(linalg.toeplitz, arr(_m), arr(_n))
    case(linalg.hankel, arr(_m), arr(_n))
for _f in (linalg.toeplitz, linalg.hankel, linalg.circulant):
    case(_f, arr(4))
    case(_f, arr(1))
case(linalg.block_diag, arr(2, 3), arr(1, 2), arr(3, 1))
case(linalg.block_diag, arr(2, 3))
case(linalg.block_diag, arr(2, 3), arr(4), 1.5)
case(linalg.khatri_rao, arr(2, 4), arr(3, 4))
case(linalg.khatri_rao, arr(1, 2), arr(3, 2))
