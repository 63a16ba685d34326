"""Sparse matrices that a function makes of stored values, which may carry derivatives.

`csr_matrix((data, indices, indptr))` in a differentiated function is an object of `Entries`, whatever its format: values,
rows and columns, of which inference sees each by itself. So what is done with it is arithmetic on these arrays, and needs
two functions with rules (`sparse.py`): the product with a dense operand, and the solution of a system.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import at_compile_time, means
from backprose.rules.static import is_sparse, is_sparse_array, refuse
from backprose_runtime import add_at, sparse_product


def walked(method):
    """A method that is inlined as a part of the line which calls it, also where that is refused."""
    return means(method)(method)


class Entries:
    """A sparse matrix of these stored values.

    Where `is_array`, `*` goes entry by entry, as for SciPy's `*_array`. The format says which conversions are copies.
    """

    stands_for = "a sparse matrix that the function makes"

    def __init__(self, values, rows, columns, shape, format, is_array):
        self.values, self.rows, self.columns = values, rows, columns
        self.shape, self.format, self.is_array = shape, format, is_array

    def like(self, values):
        """The same entries with other values."""
        return Entries(values, self.rows, self.columns, self.shape, self.format, self.is_array)

    @property
    def T(self):
        shape = self.shape[1], self.shape[0]
        return Entries(self.values, self.columns, self.rows, shape, turned(self.format), self.is_array)

    @walked
    def transpose(self):
        return self.T

    @walked
    def copy(self):
        return self.like(self.values.copy())

    def to(self, format):
        if self.format == format:
            return self
        return Entries(self.values.copy(), self.rows, self.columns, self.shape, format, self.is_array)

    @walked
    def tocsr(self):
        return self.to("csr")

    @walked
    def tocsc(self):
        return self.to("csc")

    @walked
    def tocoo(self):
        return self.to("coo")

    @walked
    def toarray(self):
        return add_at(np.zeros(self.shape, self.values.dtype), (self.rows, self.columns), self.values)

    @walked
    def __matmul__(self, x):
        refuse_sparse(x)
        if np.ndim(x) == 0:
            raise ValueError("Scalar operands are not allowed, use '*' instead")
        return sparse_product(self.values, self.rows, self.columns, self.shape, x)

    @walked
    def __rmatmul__(self, x):
        refuse_sparse(x)
        if np.ndim(x) == 0:
            raise ValueError("Scalar operands are not allowed, use '*' instead")
        return sparse_product(self.values, self.columns, self.rows, (self.shape[1], self.shape[0]), x.T).T

    @walked
    def dot(self, x):
        refuse_sparse(x)
        return self.like(self.values * x) if np.ndim(x) == 0 else self @ x

    @walked
    def __mul__(self, x):
        refuse_sparse(x)
        if np.ndim(x) == 0:
            return self.like(self.values * x)
        if self.is_array:
            refuse("`*` goes entry by entry here: write A @ x for the product, or A.toarray() * x")
        return self @ x

    @walked
    def __rmul__(self, x):
        refuse_sparse(x)
        if np.ndim(x) == 0:
            return self.like(x * self.values)
        if self.is_array:
            refuse("`*` goes entry by entry here: write x @ A for the product, or x * A.toarray()")
        return x @ self

    @walked
    def __truediv__(self, x):
        refuse_sparse(x)
        if np.ndim(x) > 0:
            refuse("a quotient with an array goes entry by entry: write A.toarray() / x")
        return self.like(self.values / x)

    @walked
    def __neg__(self):
        return self.like(-self.values)

    @walked
    def __add__(self, other):
        return joined(self, entries_of(other))

    @walked
    def __sub__(self, other):
        return joined(self, -entries_of(other))

    @walked
    def __radd__(self, other):
        return joined(entries_of(other), self)

    @walked
    def __rsub__(self, other):
        return joined(entries_of(other), -self)

    @walked
    def __imul__(self, x):
        refuse("it changes the stored values in place: write A = A * x")

    @walked
    def __itruediv__(self, x):
        refuse("it changes the stored values in place: write A = A / x")

    def __getattr__(self, name):
        refuse("of a sparse matrix that the function makes, products, sums, toarray, transpose and shape are known")


@at_compile_time
def turned(format):
    """The format of the transpose, which shares the values."""
    return {"csr": "csc", "csc": "csr"}.get(format, format)


def refuse_sparse(x):
    if isinstance(x, Entries) or is_sparse(x):
        refuse("products of two sparse matrices have no rule where one of them is made in the function")


def entries_of(other):
    """A constant matrix by its entries."""
    if isinstance(other, Entries):
        return other
    if not is_sparse(other):
        refuse("the sum with a dense operand is dense: write A.toarray() + x")
    coo = other.tocoo()
    return Entries(coo.data, coo.row, coo.col, other.shape, "coo", is_sparse_array(other))


def joined(a, b):
    """The sum: the entries of both."""
    if a.shape != b.shape:
        raise ValueError("inconsistent shapes")
    rows, columns = np.concatenate([a.rows, b.rows]), np.concatenate([a.columns, b.columns])
    return Entries(np.concatenate([a.values, b.values]), rows, columns, a.shape, "csr", a.is_array)
