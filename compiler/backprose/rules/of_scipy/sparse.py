"""Sparse matrices: products and systems, also by the values that a matrix stores.

A constant matrix needs no rule of its own: `A @ x` has that of the matrix product (`rules/products.py`).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from backprose.rules.of_scipy import sparse_programs
from backprose.rules.registry import multilinear, named, no_derivative, not_compiled, rule
from backprose_runtime import sparse_product, sparse_solution

__all__ = ["sparse_programs"]

OF_VALUES = "make it of stored values: coo_matrix((data, (i, j)), shape=...)"

not_compiled(*named(sparse, "lil_matrix lil_array dok_matrix dok_array"), why="it is filled in place", instead=OF_VALUES)
not_compiled(*named(sparse, "bsr_matrix bsr_array"), why="values stored in blocks are in no table", instead=OF_VALUES)
not_compiled(
    *named(sparse, "dia_matrix dia_array"), why="it stores more than it has entries", instead="use scipy.sparse.diags"
)
not_compiled(
    *named(sparse, "vstack hstack bmat block_array block_diag kron kronsum tril triu random random_array rand spdiags"),
    why="which entries the result has is in no table", instead=f"make a constant matrix outside, or {OF_VALUES}",
)  # fmt: skip
no_derivative(*named(sparse, "eye eye_array identity"))
not_compiled(
    *named(linalg, "cg cgs bicg bicgstab gmres lgmres minres qmr gcrotmk tfqmr lsqr lsmr"),
    why="an iteration is differentiated by the system that it solves, not step by step",
    instead="use spsolve, or write a function with a rule of its own (docs/custom-rules.md)",
)  # fmt: skip
not_compiled(
    *named(linalg, "splu spilu factorized spsolve_triangular inv expm expm_multiply norm eigs eigsh svds"),
    why="its derivative is in no table for sparse matrices", instead="use spsolve, or A.toarray() where that is small",
)  # fmt: skip


@rule(sparse_product, wrt=("data", "x"))
def of_product(y, data, rows, columns, shape, x, *, y_bar):
    """y = A x  =>  x_bar = A^T y_bar, and the entries of y_bar x^T where A has some.

    Shapes: data, rows and columns (nnz,), x (n,) or (n, k).  Reads: the data, x.
    """
    return sampled(rows, columns, y_bar, x), sparse_product(data, columns, rows, (shape[1], shape[0]), y_bar)


def sampled(rows, columns, u, v):
    """The entries of u v^T in these rows and columns."""
    products = u[rows] * v[columns]
    return products if np.ndim(products) == 1 else np.sum(products, axis=1)


@rule(sparse_solution, wrt=("data", "b"))
def of_solution(x, data, rows, columns, shape, b, *, x_bar):
    """A x = b  =>  b_bar = A^-T x_bar, and the entries of -b_bar x^T where A has some.

    Shapes: data, rows and columns (nnz,), b (n,) or (n, k).  Reads: the data, x.
    """
    b_bar = sparse_solution(data, columns, rows, shape, x_bar)
    return -sampled(rows, columns, b_bar, x), np.reshape(b_bar, np.shape(b))


multilinear(sparse_product)


@rule(linalg.spsolve, wrt="b")
def of_system(x, A, b, permc_spec=None, use_umfpack=True, *, x_bar):
    """A x = b  =>  b_bar = A^-T x_bar, for a constant A.  Shapes: A (n, n), b (n,) or (n, k).

    Where the function makes A of stored values, their cotangents are the entries of -b_bar x^T.
    """
    return np.reshape(linalg.spsolve(A.T, x_bar), np.shape(b))
