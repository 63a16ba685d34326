"""What calls of `scipy.sparse` mean: matrices that are made of stored values, constant ones that meet something active."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import linalg

from backprose.rules.of_scipy.entries import Entries, entries_of, refuse_sparse
from backprose.rules.registry import means, named
from backprose.rules.static import is_sparse, refuse, require
from backprose_runtime import sparse_solution

OF_DENSE = "which entries it has is known of (data, indices, indptr) and (data, (i, j)) only: make a constant matrix outside"


@means(sparse.issparse)
def issparse(x):
    """Known when the function is compiled."""
    return isinstance(x, Entries) or is_sparse(x)


def values_of(data, dtype, copy):
    if dtype is not None:
        refuse("convert the values instead of giving `dtype`: data.astype(...)")
    return np.array(data) if copy else as_array(data)


def as_array(x):
    return x if isinstance(x, np.ndarray) else np.asarray(x)


def by_coordinates(arg1, shape, dtype, copy, format, is_array):
    """The matrix of (data, (rows, columns))."""
    if not isinstance(arg1, tuple) or len(arg1) != 2 or not isinstance(arg1[1], (tuple, list)):
        refuse(OF_DENSE)
    data, (rows, columns) = arg1
    if shape is None:
        shape = (np.max(rows) + 1, np.max(columns) + 1)
    values = values_of(data, dtype, copy or format != "coo")
    return Entries(values, as_array(rows), as_array(columns), shape, format, is_array)


def compressed(arg1, shape, dtype, copy, format, is_array):
    """The matrix of (data, indices, indptr), or of (data, (rows, columns))."""
    if not isinstance(arg1, tuple) or len(arg1) != 3:
        return by_coordinates(arg1, shape, dtype, copy, format, is_array)
    data, indices, indptr = arg1
    major, minor = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr)), as_array(indices)
    values = values_of(data, dtype, copy)
    if format == "csr":
        shape = (len(indptr) - 1, np.max(minor) + 1) if shape is None else shape
        return Entries(values, major, minor, shape, format, is_array)
    shape = (np.max(minor) + 1, len(indptr) - 1) if shape is None else shape
    return Entries(values, minor, major, shape, format, is_array)


@means(sparse.csr_matrix)
def csr_matrix(arg1, shape=None, dtype=None, copy=False):
    """A matrix of (data, indices, indptr) or (data, (rows, columns)): its products, sums and multiples are followed."""
    if is_sparse(arg1):
        return sparse.csr_matrix(arg1, shape, dtype, copy)
    return compressed(arg1, shape, dtype, copy, "csr", False)


@means(sparse.csc_matrix)
def csc_matrix(arg1, shape=None, dtype=None, copy=False):
    """The same by columns."""
    if is_sparse(arg1):
        return sparse.csc_matrix(arg1, shape, dtype, copy)
    return compressed(arg1, shape, dtype, copy, "csc", False)


@means(sparse.coo_matrix)
def coo_matrix(arg1, shape=None, dtype=None, copy=False):
    """A matrix of (data, (rows, columns)). What stands for one entry is added."""
    if is_sparse(arg1):
        return sparse.coo_matrix(arg1, shape, dtype, copy)
    return by_coordinates(arg1, shape, dtype, copy, "coo", False)


@means(*named(sparse, "csr_array"))
def csr_array(arg1, shape=None, dtype=None, copy=False):
    """As csr_matrix; `*` goes entry by entry."""
    if is_sparse(arg1):
        return sparse.csr_array(arg1, shape, dtype, copy)
    return compressed(arg1, shape, dtype, copy, "csr", True)


@means(*named(sparse, "csc_array"))
def csc_array(arg1, shape=None, dtype=None, copy=False):
    """As csc_matrix; `*` goes entry by entry."""
    if is_sparse(arg1):
        return sparse.csc_array(arg1, shape, dtype, copy)
    return compressed(arg1, shape, dtype, copy, "csc", True)


@means(*named(sparse, "coo_array"))
def coo_array(arg1, shape=None, dtype=None, copy=False):
    """As coo_matrix; `*` goes entry by entry."""
    if is_sparse(arg1):
        return sparse.coo_array(arg1, shape, dtype, copy)
    return by_coordinates(arg1, shape, dtype, copy, "coo", True)


def of_diagonals(diagonals, offsets, shape, is_array):
    """The matrix with these diagonals, the k-th beginning in row 0 where offsets[k] >= 0, else in column 0."""
    if not isinstance(offsets, (tuple, list)):
        diagonals, offsets = (as_array(diagonals),), (offsets,)
    require(len(diagonals) == len(offsets), "there is to be one offset for each diagonal")
    diagonals = [np.atleast_1d(d) for d in diagonals]
    for diagonal in diagonals:
        require(np.ndim(diagonal) == 1, "a diagonal is a vector: for several, give a list of offsets")
    if shape is None:
        n = len(diagonals[0]) + abs(offsets[0])
        shape = (n, n)
    m, n = shape
    places = [np.arange(min(m + k if k < 0 else m, n - k if k > 0 else n)) for k in offsets]
    # What is too long is cut off, and one value stands for all.
    values = np.concatenate([np.broadcast_to(d[: len(place)], np.shape(place)) for d, place in zip(diagonals, places)])
    rows = np.concatenate([place - k if k < 0 else place for k, place in zip(offsets, places)])
    columns = np.concatenate([place + k if k > 0 else place for k, place in zip(offsets, places)])
    return Entries(values, rows, columns, shape, "dia", is_array)


@means(sparse.diags)
def diags(diagonals, offsets=0, shape=None, format=None, dtype=None):
    """A matrix of diagonals, of one value or as long as there is place."""
    if dtype is not None:
        refuse("convert the diagonals instead of giving `dtype`")
    return of_diagonals(diagonals, offsets, shape, False)


@means(*named(sparse, "diags_array"))
def diags_array(diagonals, /, *, offsets=0, shape=None, format=None, dtype=None):
    """As diags; `*` goes entry by entry."""
    if dtype is not None:
        refuse("convert the diagonals instead of giving `dtype`")
    return of_diagonals(diagonals, offsets, shape, True)


# Constant matrices that meet something active

CLASSES = named(sparse, *(f"{name}_{kind}" for name in "csr csc coo bsr dia lil dok".split() for kind in ("matrix", "array")))


def methods(name):
    """The method of this name of all sparse matrices: most classes inherit it."""
    return {getattr(cls, name): None for cls in CLASSES}


@means(*methods("__mul__"))
def times(A, x):
    """A * x for a constant sparse A: a multiple of it; for an array x and A of a class `*_matrix`, the product."""
    return entries_of(A) * x


@means(*methods("__rmul__"))
def scaled(A, x):
    """x * A for a constant sparse A, likewise."""
    return x * entries_of(A)


@means(*methods("__truediv__"))
def divided(A, x):
    """A / x for a constant sparse A and one number x."""
    return entries_of(A) / x


@means(*methods("__add__"))
def plus(A, other):
    """A + B for a constant sparse A and one that the function makes."""
    return entries_of(A) + other


@means(*methods("__sub__"))
def minus(A, other):
    """A - B, likewise."""
    return entries_of(A) - other


# Systems


@means(linalg.spsolve)
def spsolve(A, b, permc_spec=None, use_umfpack=True):
    """The solution for a constant sparse A, or one that the function makes: then also by its stored values."""
    if isinstance(A, Entries):
        refuse_sparse(b)
        return sparse_solution(A.values, A.rows, A.columns, A.shape, b)
    if permc_spec is None and use_umfpack:
        return linalg.spsolve(A, b)
    return linalg.spsolve(A, b, permc_spec, use_umfpack)
