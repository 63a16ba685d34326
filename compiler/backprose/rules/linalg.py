"""Linear algebra. Matrices are the last two axes; further axes are batches.

Source unless said otherwise: Giles, "An extended collection of matrix derivative results", 2008, NA-08/01.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.matrices import flipped, of_matrix
from backprose.rules.registry import at_compile_time, no_derivative, real_only, rule
from backprose.rules.static import positive_axes
from backprose_runtime import unbroadcast


# Systems, inverses, determinants


@rule(np.linalg.solve)
def solve(x, a, b, *, x_bar):
    """x = A^-1 b  =>  b_bar = A^-T x_bar,  A_bar = -b_bar x^T.

    Shapes: A (..., n, n), b (n,) or (..., n, k).  Reads: A, x.  Source: Giles 2.3.1.
    """
    if np.ndim(b) == 1 or np.ndim(x) < np.ndim(a):
        if np.ndim(a) == 2:
            b_bar = np.linalg.solve(a.T, x_bar)
            return -np.outer(b_bar, x), b_bar
        full = np.linalg.solve(flipped(a), np.expand_dims(x_bar, -1))[..., 0]
        return -np.expand_dims(full, -1) * np.expand_dims(x, -2), unbroadcast(full, b)
    b_bar = np.linalg.solve(flipped(a), x_bar)
    if np.ndim(a) == 2 and np.ndim(b) == 2:
        return -b_bar @ x.T, b_bar
    return unbroadcast(-b_bar @ flipped(x), a), unbroadcast(b_bar, b)


@rule(np.linalg.inv)
def inv(c, a, *, c_bar):
    """C = A^-1  =>  A_bar = -C^T C_bar C^T.  Reads: C.  Source: Giles 2.2.3."""
    return -flipped(c) @ c_bar @ flipped(c)


@rule(np.linalg.det)
def det(y, a, *, y_bar):
    """y = det A  =>  A_bar = y_bar y A^-T.  A singular matrix raises LinAlgError.  Source: Giles 2.2.4."""
    return of_matrix(y_bar * y) * flipped(np.linalg.inv(a))


@rule(np.linalg.slogdet)
def slogdet(y, a, *, y_bar):
    """(sign, log |det A|): the sign is a constant, and A_bar = logdet_bar A^-T.  Source: Giles 2.2.4."""
    return of_matrix(y_bar[1]) * flipped(np.linalg.inv(a))


@rule(np.linalg.cholesky)
def cholesky(c, a, *, c_bar):
    """A = C C^T  =>  A_bar = (S + S^T) / 2 with S = C^-T P(C^T C_bar) C^-1; P: lower triangle, its diagonal halved.

    NumPy reads the lower triangle of A only, so that is where the cotangent stands, with both halves of each pair.
    Source: Murray 2016, arXiv:1602.07527, eq. 8.
    """
    half = np.tril(flipped(c) @ c_bar) * (1 - np.eye(np.shape(a)[-1]) / 2)
    right = flipped(np.linalg.solve(flipped(c), flipped(half)))
    s = np.linalg.solve(flipped(c), right)
    return np.tril(s + flipped(s)) * (1 - np.eye(np.shape(a)[-1]) / 2)


@rule(np.linalg.matrix_power, wrt="a")
def matrix_power(y, a, n, *, y_bar):
    """Y = A^n  =>  A_bar = sum over k of (A^T)^k Y_bar (A^T)^(n - 1 - k); for n < 0 by way of A^-1."""
    base = flipped(a) if n >= 0 else flipped(np.linalg.inv(a))
    m = n if n >= 0 else -n
    total = np.zeros_like(a)
    left = y_bar
    for k in range(m):
        total = total + left @ np.linalg.matrix_power(base, m - 1 - k)
        left = base @ left
    return total if n >= 0 else -base @ total @ base


@rule(np.linalg.eigvalsh, wrt="a")
def eigvalsh(w, a, UPLO="L", *, w_bar):
    """w = eigenvalues of a symmetric A  =>  A_bar = V diag(w_bar) V^T, on the triangle that NumPy reads.

    Choice at repeated eigenvalues: that of the eigenvectors which NumPy gives.  Source: Giles 3.1.
    """
    v = np.linalg.eigh(a, UPLO)[1]
    return read_triangle((v * np.expand_dims(w_bar, -2)) @ flipped(v), UPLO)


@rule(np.linalg.eigh, wrt="a")
def eigh(y, a, UPLO="L", *, y_bar):
    """A = V diag(w) V^T => A_bar = V (diag(w_bar) + F * (V^T V_bar)) V^T with F[i, j] = 1 / (w[j] - w[i]), 0 for i = j.

    Shapes: A (..., n, n), w (..., n).  The eigenvectors of a repeated eigenvalue are not determined, and have no
    derivative: where their cotangent matters the result is infinite.  Source: Giles 3.1.
    """
    w, v = y[0], y[1]
    unit = np.eye(np.shape(a)[-1])
    gaps = np.expand_dims(w, -2) - np.expand_dims(w, -1) + unit
    turns = (1 - unit) * (flipped(v) @ y_bar[1])
    core = unit * np.expand_dims(y_bar[0], -2) + turns / (gaps + ((gaps == 0) & (turns == 0)))
    return read_triangle(v @ core @ flipped(v), UPLO)


def read_triangle(s, UPLO):
    """The cotangent by the entries of the triangle that NumPy reads, each of which stands for a pair."""
    both = (s + flipped(s)) * (1 - np.eye(np.shape(s)[-1]) / 2)
    return np.tril(both) if UPLO == "L" else np.triu(both)


@rule(np.linalg.pinv)
def pinv(p, a, *, p_bar):
    """P = A^+  =>  A_bar = -P^T P_bar P^T + (1 - A P) P_bar^T P P^T + P^T P P_bar^T (1 - P A), at constant rank.

    From dP = -P dA P + P P^T dA^T (1 - A P) + (1 - P A) dA^T P^T P.  Source: Golub & Pereyra 1973, eq. 4.12.
    """
    pt, gt = flipped(p), flipped(p_bar)
    left = np.eye(np.shape(a)[-2]) - a @ p
    right = np.eye(np.shape(a)[-1]) - p @ a
    return -pt @ p_bar @ pt + left @ gt @ p @ pt + pt @ p @ gt @ right


# Norms


@at_compile_time
def norm_form(ord, axis, ndim):
    """Which formula serves: "2", "1", "inf", "p", "matrix 1", "matrix inf"; inf also stands for -inf, 1 for -1."""
    axes = len(positive_axes(axis, ndim))
    if ord is None or axes == 1 and ord == 2 or axes == 2 and ord == "fro":
        return "2"
    if isinstance(ord, str):
        raise ValueError(f"the derivative of the norm {ord!r} is not in the table")
    if axes == 1:
        if ord == 0:
            raise ValueError("the number of entries that are not 0 is piecewise constant")
        if ord == 1:
            return "1"
        return "inf" if ord == np.inf or ord == -np.inf else "p"
    if axes == 2 and ord in (1, -1):
        return "matrix 1"
    if axes == 2 and ord in (np.inf, -np.inf):
        return "matrix inf"
    raise ValueError(f"the derivative of the matrix norm of order {ord!r} is not in the table")


def kept(y, axis, keepdims):
    """y with the axes that were reduced as axes of length 1; for axis None a scalar, which broadcasts as it is."""
    return y if keepdims or axis is None else np.expand_dims(y, axis)


@rule(np.linalg.norm, wrt="x")
def norm(y, x, ord=None, axis=None, keepdims=False, *, y_bar):
    """2 and 'fro': x_bar = y_bar x / y;  1: y_bar sign(x);  inf: y_bar sign(x) where |x| = y, split evenly at ties;
    p: y_bar sign(x) (|x| / y)^(p - 1).  Choice at 0: 0, which is a subgradient."""
    form = norm_form(ord, axis, np.ndim(x))
    full, full_bar = kept(y, axis, keepdims), kept(y_bar, axis, keepdims)
    if form == "2":
        return full_bar * (x / (full + (full == 0)))
    if form == "1":
        return full_bar * np.sign(x)
    if form == "p":
        return full_bar * np.sign(x) * (np.abs(x) / (full + (full == 0))) ** (ord - 1)
    if form == "inf":
        hit = np.abs(x) == full
        number = np.sum(hit) if axis is None else np.sum(hit, axis=axis, keepdims=True)
        return np.where(hit, full_bar * np.sign(x) / number, 0.0)
    return matrix_norm(x, form, positive_axes(axis, np.ndim(x)), full, full_bar)


def matrix_norm(x, form, axes, full, full_bar):
    """The largest or smallest sum of |x| over columns or rows: y_bar sign(x) in those that attain it, split evenly."""
    inner, outer = (axes[0], axes[1]) if form == "matrix 1" else (axes[1], axes[0])
    hit = np.sum(np.abs(x), axis=inner, keepdims=True) == full
    return np.where(hit, full_bar / np.sum(hit, axis=outer, keepdims=True), 0.0) * np.sign(x)


real_only(np.linalg.norm)
no_derivative(np.linalg.matrix_rank)
