"""Sparse matrices of which the stored values carry derivatives, given by values, rows and columns.

Entries that are named twice are added. SciPy is imported when a function is called: a program that does has it.
"""

from __future__ import annotations

import numpy as np


def sparse_product(
    data: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int], x: np.ndarray
) -> np.ndarray:
    """A @ x, where A of this shape has data[k] in row rows[k] and column columns[k]."""
    from scipy.sparse import coo_matrix

    return coo_matrix((data, (rows, columns)), shape=shape) @ x


def sparse_solution(
    data: np.ndarray, rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int], b: np.ndarray
) -> np.ndarray:
    """The x with A @ x = b, for A as in `sparse_product`."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.linalg import spsolve

    return spsolve(coo_matrix((data, (rows, columns)), shape=shape).tocsc(), b)
