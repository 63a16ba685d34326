"""Factors of a matrix. Each rule puts the cotangent on the triangle that SciPy reads."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from backprose.rules import decompositions as of_numpy
from backprose.rules.registry import real_only, rule
from backprose.rules.static import require
from backprose_runtime import cholesky_bar


def of_factor(c, c_bar, lower):
    """The cotangent of A by that of its triangular factor: A = L L^T, or U^T U with U = L^T."""
    require(np.ndim(c) == 2, "batches are not in the table: write a loop")
    return cholesky_bar(c, c_bar) if lower else cholesky_bar(c.T, c_bar.T).T


@rule(linalg.cholesky, wrt="a")
def cholesky(c, a, lower=False, overwrite_a=False, check_finite=True, *, c_bar):
    """A = U^T U, or L L^T for `lower`: as `np.linalg.cholesky`, on the triangle that is read.

    Reads: the factor.  Source: Murray 2016, arXiv:1602.07527, eq. 8.
    """
    return of_factor(c, c_bar, lower)


@rule(linalg.cho_factor, wrt="a")
def cho_factor(y, a, lower=False, overwrite_a=False, check_finite=True, *, y_bar):
    """(c, lower), where one triangle of c is the factor and the other that of A: its cotangent is passed on."""
    factor, rest = (np.tril(y[0]), np.triu(y_bar[0], 1)) if lower else (np.triu(y[0]), np.tril(y_bar[0], -1))
    return of_factor(factor, np.tril(y_bar[0]) if lower else np.triu(y_bar[0]), lower) + rest


@rule(linalg.eigh, wrt="a")
def eigh(
    y, a, b=None, *, lower=True, eigvals_only=False, overwrite_a=False, overwrite_b=False, type=1, check_finite=True,
    subset_by_index=None, subset_by_value=None, driver=None, y_bar,
):  # fmt: skip
    """A = V diag(w) V^T, as `np.linalg.eigh`.  Restrictions: no second matrix, all eigenvalues."""
    refuse_subset(b, subset_by_index, subset_by_value)
    if eigvals_only:
        return of_numpy.eigvalsh(y, as_computed(a, y), "L" if lower else "U", w_bar=y_bar)
    return of_numpy.eigh(y, as_computed(a, y[0]), "L" if lower else "U", y_bar=y_bar)


@rule(linalg.eigvalsh, wrt="a")
def eigvalsh(
    w, a, b=None, *, lower=True, overwrite_a=False, overwrite_b=False, type=1, check_finite=True,
    subset_by_index=None, subset_by_value=None, driver=None, w_bar,
):  # fmt: skip
    """The eigenvalues of a symmetric A, as `np.linalg.eigvalsh`.  Restrictions: no second matrix, all eigenvalues."""
    refuse_subset(b, subset_by_index, subset_by_value)
    return of_numpy.eigvalsh(w, as_computed(a, w), "L" if lower else "U", w_bar=w_bar)


def as_computed(a, w):
    """The matrix in the precision of the eigenvalues: SciPy takes half and extended numbers to one that LAPACK has."""
    return a if a.dtype == w.dtype else np.asarray(a, w.dtype)


def refuse_subset(b, subset_by_index, subset_by_value):
    """Refuse what the rules of eigenvalues do not cover."""
    require(b is None, "the generalised eigenvalue problem is not in the table: factor b, and pass L^-1 A L^-T")
    require(subset_by_index is None and subset_by_value is None,
    "a subset is not in the table: take it of all eigenvalues")


real_only(linalg.cholesky, linalg.cho_factor, linalg.eigh, linalg.eigvalsh)
