"""Cases of `scipy.sparse`: products with constant matrices, and the functions that matrices of stored values need."""

from __future__ import annotations

import operator

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from backprose_runtime import sparse_product, sparse_solution
from cases import arr, case, cplx, well

ROWS = np.array([0, 1, 4, 1, 2, 1])
COLUMNS = np.array([3, 0, 1, 0, 2, 2])  # the entry (1, 0) twice
A = sparse.csr_matrix((arr(6), (ROWS, COLUMNS)), shape=(5, 4))

for _make in (sparse.csr_matrix, sparse.csc_array, sparse.coo_matrix):
    for _shape in [(4,), (4, 3), (4, 1), (4, 0)]:
        case(operator.matmul, _make(A), arr(*_shape), note=f" {_make.__name__}")
        case(operator.matmul, arr(*_shape).T, _make(A.T), note=f" {_make.__name__}")
case(operator.matmul, A, cplx(4))
for _make in (sparse.coo_array, sparse.coo_matrix):
    case(operator.matmul, _make(A[:1]), arr(4), note=" one row")
    case(operator.matmul, arr(4), _make(A[:1].T), note=" one column")
for _make, _other in [(arr, arr), (cplx, cplx), (cplx, arr)]:
    for _shape in [(4,), (4, 3), (4, 1)]:
        case(sparse_product, _make(6), ROWS, COLUMNS, (5, 4), _other(*_shape), note=f" {_make.__name__} {_other.__name__}")
case(sparse_product, arr(0), ROWS[:0], COLUMNS[:0], (5, 4), arr(4))
case(sparse_product, arr(1), ROWS[:1], COLUMNS[:1], (1, 4), arr(4))

SQUARE = sparse.csc_matrix(np.tril(well(4, 4), 1))
AT, BESIDE = SQUARE.nonzero()
for _shape in [(4,), (4, 3), (4, 1)]:
    case(linalg.spsolve, SQUARE, arr(*_shape))
    case(linalg.spsolve, SQUARE.tocsr(), arr(*_shape), note=" csr")
    case(sparse_solution, np.asarray(SQUARE[AT, BESIDE]).ravel(), AT, BESIDE, (4, 4), arr(*_shape))
case(linalg.spsolve, SQUARE, arr(4), permc_spec="NATURAL", use_umfpack=False)
