"""Factors, eigenvalues and singular values. Matrices are the last two axes; further axes are batches.

All are stated for gradients, the conjugates of cotangents: see `matrices.py`. Where a factor is not determined (the phase
of a complex eigenvector, the vectors of a repeated eigenvalue, the columns that `full_matrices` adds), functions that do
not depend on the choice have their derivative; that of others is infinite.

The vectors of an exactly repeated value have the cotangent 0 where nobody reads them, and also in V f(w) V^H where f(w)
is 0, which has a derivative. The two can't be told apart, so a zero does not annihilate here: quotients by differences of
values are written with `plain_reciprocal`.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.matrices import (
    adjoint, by_column, by_row, flipped, read_triangle, undetermined, undetermined_as_whole,
)  # fmt: skip
from backprose.rules.registry import named, rule
from backprose.rules.static import is_zero, require
from backprose.rules.systems import of_singular_values
from backprose_runtime import cholesky_bar, plain_reciprocal


@rule(np.linalg.cholesky, wrt="a")
def cholesky(c, a, *, c_bar, upper=False):
    """A = L L^H and a gradient G of L  =>  (S + S^H) / 2 with S = L^-H P(L^H G) L^-1; P: lower triangle, its diagonal
    halved.  For `upper`, A = U^H U, L = U^H.

    NumPy reads one triangle of A, so that is where the cotangent stands, with both halves of each pair.
    Source: Murray 2016, arXiv:1602.07527, eq. 8.
    """
    if upper:
        return np.conjugate(adjoint(cholesky_bar(adjoint(c), flipped(c_bar))))
    return np.conjugate(cholesky_bar(c, np.conjugate(c_bar)))


@rule(cholesky_bar)
def cholesky_bar_(s, lower, lower_bar, *, s_bar):
    """s = P(S + S^H) with S = L^-H P(L^H G) L^-1  =>  with Z = P(g) + P(g)^H for the gradient g of s, and
    Q = P(L^-1 Z L^-H), G: L Q, L: G Q^H - (s + s^H) Z L^-H.

    P: the lower triangle with half the diagonal; only that of L is read.  Reads: L, G, s.
    """
    lower = np.tril(lower)
    half = half_lower(np.conjugate(s_bar))
    z = half + adjoint(half)
    inner = adjoint(np.linalg.solve(lower, z))
    q = half_lower(np.linalg.solve(lower, inner))
    by_lower = lower_bar @ adjoint(q) - (s + adjoint(s)) @ inner
    return np.conjugate(np.tril(by_lower)), np.conjugate(lower @ q)


def half_lower(x):
    """The lower triangle with half the diagonal."""
    return np.tril(x) * (1 - np.eye(np.shape(x)[-1]) / 2)


# QR


@rule(np.linalg.qr, wrt="a")
def qr(y, a, mode="reduced", *, y_bar):
    """A = Q R and gradients G, H of Q and R  =>  (G + Q M') R^-H with M = R H^H - G^H Q, M': its lower triangle and the
    conjugates above, the diagonal real.

    Of a wide matrix this is so for the square part, and the rest adds what is linear: R' = Q^H A', with its share in G.
    A matrix whose first columns are linearly dependent raises LinAlgError.  `complete`: the columns that Q has beyond the
    reduced form are determined as a subspace only.  Restrictions: the modes reduced, complete and r.
    Source: Walter & Lehmann 2013, doi:10.1007/s10208-012-9125-1; Roberts & Roberts 2020, arXiv:2009.10071.
    """
    require(mode in ("reduced", "complete", "r"), "the derivative of `qr` in other modes than reduced, complete and r is not in the table")
    if mode == "r":
        q = np.linalg.qr(a)[0]
        return np.conjugate(reduced_qr(a, q, y, np.zeros_like(q), np.conjugate(y_bar)))
    g, h = np.conjugate(y_bar[0]), np.conjugate(y_bar[1])
    if mode == "reduced":
        return np.conjugate(reduced_qr(a, y[0], y[1], g, h))
    k = min(np.shape(a)[-2], np.shape(a)[-1])
    q, more, g_more = y[0][..., :k], y[0][..., k:], g[..., k:]
    turned = more @ adjoint(g_more) @ q
    turns = adjoint(more) @ g_more
    total = reduced_qr(a, q, y[1][..., :k, :], g[..., :k] - turned, h[..., :k, :])
    return np.conjugate(total + undetermined_as_whole(turns - adjoint(turns), g, a))


def reduced_qr(a, q, r, g, h):
    """The gradient of A.  Shapes: A (..., m, n), Q (..., m, k), R (..., k, n), k = min(m, n)."""
    k = np.shape(q)[-1]
    square = r[..., :k]
    g = g + a[..., k:] @ adjoint(h[..., k:])
    m = square @ adjoint(h[..., :k]) - adjoint(g) @ q
    low = np.tril(m, -1)
    mirrored = low + adjoint(low) + np.eye(k) * np.real(m)
    first = adjoint(np.linalg.solve(square, adjoint(g + q @ mirrored)))
    return np.concatenate((first, q @ h[..., k:]), axis=-1)


# Hermitian matrices


@rule(np.linalg.eigvalsh, wrt="a")
def eigvalsh(w, a, UPLO="L", *, w_bar):
    """w = eigenvalues of a Hermitian A  =>  V diag(w_bar) V^H, on the triangle that NumPy reads.

    Choice at repeated eigenvalues: that of the eigenvectors which NumPy gives; a function that treats equal ones alike
    has its own derivative.  Source: Giles 3.1.
    """
    v = np.linalg.eigh(a, UPLO)[1]
    return of_eigenvalues(v, w_bar, UPLO)


def of_eigenvalues(v, w_bar, UPLO):
    return np.conjugate(read_triangle((v * by_column(w_bar)) @ adjoint(v), v, UPLO))


@rule(np.linalg.eigh, wrt="a")
def eigh(y, a, UPLO="L", *, y_bar):
    """A = V diag(w) V^H and a gradient G of V  =>  V (diag(w_bar) + F * (V^H G)) V^H with F[i, j] = 1 / (w[j] - w[i]), 0 for
    i = j, on the triangle that NumPy reads.

    Shapes: A (..., n, n), w (..., n).  The eigenvectors of an exactly repeated eigenvalue are not determined: where any
    eigenvectors are used, the result is infinite or NaN. So it is for complex matrices where a function depends on the
    phases of eigenvectors.  Source: Giles 3.1.
    """
    w, v = y[0], y[1]
    if is_zero(y_bar[1]):
        return of_eigenvalues(v, y_bar[0], UPLO)
    unit = np.eye(np.shape(a)[-1])
    g = np.conjugate(y_bar[1])
    turns = adjoint(v) @ g
    core = unit * by_column(y_bar[0]) + off_diagonal(turns, w)
    if np.iscomplexobj(a):
        core = core + undetermined(unit * np.imag(turns), g, a)
    return np.conjugate(read_triangle(v @ core @ adjoint(v), a, UPLO))


def off_diagonal(turns, w):
    """turns[i, j] / (w[j] - w[i]), 0 for i = j.  Infinite or NaN at a repeated w, whatever `turns` is there."""
    unit = np.eye(np.shape(w)[-1])
    return (1 - unit) * turns * plain_reciprocal(by_column(w) - by_row(w) + unit)


# General matrices

OF_REAL = "whether a real matrix has complex eigenvalues depends on its numbers: write `a + 0j` for it"


@rule(np.linalg.eigvals)
def eigvals(w, a, *, w_bar):
    """w = eigenvalues of A  =>  A_bar = V^-T diag(w_bar) V^T.  Choice at repeated eigenvalues: as eigvalsh.

    Those that come with the eigenvectors may stand in another order, so each gets the cotangent of the nearest one of w.
    A defective matrix has no derivative: it raises LinAlgError, or the result is very large.
    Restrictions: A is complex; of a real one, `a + 0j`.
    """
    require(np.iscomplexobj(a), OF_REAL)
    values, v = np.linalg.eig(a)
    apart = by_row(values) - by_column(w)
    nearest = np.argmin(np.real(apart * np.conjugate(apart)), axis=-1)
    matched = by_row(np.take_along_axis(w_bar, nearest, axis=-1))
    return np.linalg.solve(flipped(v), matched * flipped(v))


@rule(np.linalg.eig)
def eig(y, a, *, y_bar):
    """A V = V diag(w)  =>  A_bar = V^-T (diag(w_bar) + F * (V^T V_bar')) V^T with F[i, j] = 1 / (w[j] - w[i]), 0 for i = j.

    NumPy's eigenvectors have length 1, and their largest entry is real. In V_bar' is taken out of V_bar what would change
    that: with t = sum(v_bar v) for each v, it is v_bar - Re(t) conj(v), and i Im(t) / v[m] less at the largest entry m.
    Repeated eigenvalues: as eigh; a defective matrix raises LinAlgError, or the result is very large.
    Restrictions: A is complex; of a real one, `a + 0j`.
    Source: Giles 2008, NA-08/01, 3.1; Boeddeker et al. 2017, arXiv:1701.00392, 4.21.
    """
    require(np.iscomplexobj(a), OF_REAL)
    w, v = y[0], y[1]
    vt, n = flipped(v), np.shape(a)[-1]
    if is_zero(y_bar[1]):
        return np.linalg.solve(vt, by_row(y_bar[0]) * vt)
    unit = np.eye(n)
    size = np.where(np.imag(v) == 0, np.real(v * np.conjugate(v)), 0.0)
    peak = by_row(np.arange(n)) == by_column(np.argmax(size, axis=-2))
    t = by_column(np.sum(y_bar[1] * v, axis=-2))
    fixed = y_bar[1] - np.real(t) * np.conjugate(v) - np.where(peak, 1j * np.imag(t) / np.where(peak, v, 1.0), 0.0)
    core = unit * by_column(y_bar[0]) + off_diagonal(vt @ fixed, w)
    return np.linalg.solve(vt, core @ vt)


# Singular values


@rule(np.linalg.svd, wrt="a")
def svd(y, a, full_matrices=True, compute_uv=True, hermitian=False, *, y_bar):
    """A = U S V^H, with gradients G, H of U and V, K = U^H G, L = V^H H  =>  U C V^H, and of a matrix that is not square
    (1 - U U^H) G S^-1 V^H + U S^-1 H^H (1 - V V^H).

    C = diag(s_bar) + (D + D^H + E) / 2 with D[i, j] = (K + L)[i, j] / (s[j] - s[i]), 0 for i = j, and
    E = (K - L - (K - L)^H)[i, j] / (s[j] + s[i]).
    Choice: the derivative of a singular value 0 is that of its vectors, a subgradient. Vectors of a repeated singular
    value, or of 0, are as those of a repeated eigenvalue in eigh; so are phases of complex vectors. Of the columns that
    `full_matrices` adds, functions of the subspace have a derivative.
    Restrictions: of a `hermitian` matrix, singular values only (compute_uv=False).
    Source: Townsend 2016, "Differentiating the Singular Value Decomposition"; Wan & Zhang 2019, arXiv:1909.02659.
    """
    require(not (hermitian and compute_uv), "of `svd(hermitian=True)` the singular values only have a derivative here: use eigh")
    if hermitian:
        return of_hermitian(a, y_bar)
    if not compute_uv:
        return np.conjugate(of_singular_values(a, y_bar))
    u, s, vh, g, h = y[0], y[1], y[2], np.conjugate(y_bar[0]), flipped(y_bar[2])
    if is_zero(y_bar[0]) and is_zero(y_bar[2]):
        return np.conjugate(of_singular_values(a, y_bar[1]))
    if not full_matrices:
        return np.conjugate(reduced_svd(a, u, s, vh, g, y_bar[1], h))
    k = np.shape(s)[-1]
    first, rows = u[..., :k], vh[..., :k, :]
    total = reduced_svd(a, first, s, rows, g[..., :k], y_bar[1], h[..., :k])
    left, right = u[..., k:], adjoint(vh[..., k:, :])
    g_left, h_right = g[..., k:], h[..., k:]
    total = total - added(left, g_left, first, s) @ rows - first @ adjoint(added(right, h_right, adjoint(rows), s))
    return np.conjugate(total + free_turns(left, g_left, g, a) + free_turns(right, h_right, h, a))


def reduced_svd(a, u, s, vh, g, s_bar, h):
    """The gradient of A.  Shapes: A (..., m, n), U (..., m, k), S (..., k), V^H (..., k, n), k = min(m, n)."""
    unit, v = np.eye(np.shape(s)[-1]), adjoint(vh)
    left, right = adjoint(u) @ g, adjoint(v) @ h
    d = off_diagonal(left + right, s)
    apart = left - right
    sums = by_column(s) + by_row(s)
    e = (apart - adjoint(apart)) * plain_reciprocal(sums + unit * (sums == 0))
    core = unit * by_column(s_bar) + (d + adjoint(d) + e) / 2
    if np.iscomplexobj(a):
        both = np.concatenate((g, h), axis=-2)
        core = core + undetermined(unit * np.imag(left + right), both, a)
        core = core + undetermined(unit * (sums == 0) * np.imag(apart), both, a)
    return u @ core @ vh + beyond(g, u, left, s) @ vh + u @ adjoint(beyond(h, v, right, s))


def beyond(g, u, inner, s):
    """What moves the columns of U out of the space that they span: (1 - U U^H) G S^-1, for `inner` = U^H G."""
    if np.shape(u)[-2] == np.shape(u)[-1]:
        return np.zeros_like(g)  # there is no outside, and rounding must not be divided by a small singular value
    return (g - u @ inner) * plain_reciprocal(by_column(s))


def added(rest, g, first, s):
    """How the columns R that `full_matrices` adds turn with the first: R G^H U S^-1.  Shapes: R and G (..., m, m - k)."""
    if np.shape(rest)[-1] == 0:
        return np.zeros_like(first)
    return rest @ adjoint(g) @ (first * plain_reciprocal(by_column(s)))


def free_turns(columns, g, whole, a):
    """0, and infinite where a function depends on more of the columns than the subspace that they span."""
    turns = adjoint(columns) @ g
    return undetermined_as_whole(turns - adjoint(turns), whole, a)


def of_hermitian(a, s_bar):
    """The cotangent of a Hermitian matrix by its singular values, the absolute eigenvalues in descending order."""
    w, v = np.linalg.eigh(a)
    rank = np.argsort(np.argsort(-np.abs(w), axis=-1), axis=-1)
    return of_eigenvalues(v, np.sign(w) * np.take_along_axis(s_bar, rank, axis=-1), "L")


@rule(*named(np.linalg, "svdvals"))
def svdvals(s, x, *, s_bar):
    """s = singular values of A  =>  U diag(s_bar) V^H.  Choice at 0 and at repeated ones: that of the vectors which NumPy
    gives; a function that treats equal ones alike has its own derivative."""
    return np.conjugate(of_singular_values(x, s_bar))
