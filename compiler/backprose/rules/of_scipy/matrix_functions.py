"""Functions of a matrix. The transpose of the derivative of f at A is the derivative of f at A^T.

Source: Higham, Functions of Matrices, 2008, chapter 3: with L(A, E) the derivative at A in the direction E,
f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]] (eq. 3.16).
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from backprose.rules.linalg import flipped
from backprose.rules.registry import pushforward, real_only, rule
from backprose.rules.static import require


def beside(a, e):
    """[[A, E], [0, A]]."""
    below = np.concatenate([np.zeros_like(a), a], axis=-1)
    return np.concatenate([np.concatenate([a, e], axis=-1), below], axis=-2)


@rule(linalg.expm)
def expm(c, A, *, c_bar):
    """C = e^A  =>  A_bar = L(A^T, C_bar).  Shapes: (..., n, n)."""
    if np.ndim(A) == 2:
        return linalg.expm_frechet(A.T, c_bar, compute_expm=False)
    n = np.shape(A)[-1]
    return linalg.expm(beside(flipped(A), c_bar))[..., :n, n:]


@pushforward(linalg.expm)
def expm_dot(c, A, *, A_dot):
    """C_dot = L(A, A_dot)."""
    if np.ndim(A) == 2:
        return linalg.expm_frechet(A, A_dot, compute_expm=False)
    n = np.shape(A)[-1]
    return linalg.expm(beside(A, A_dot))[..., :n, n:]


@rule(linalg.expm_frechet, wrt=("A", "E"))
def expm_frechet(y, A, E, method=None, compute_expm=True, check_finite=True, *, y_bar):
    """(e^A, L(A, E)), or the latter alone: what `expm` of [[A, E], [0, A]] has above, and its rule."""
    n = np.shape(A)[-1]
    change = y_bar[1] if compute_expm else y_bar
    full_bar = np.zeros((2 * n, 2 * n), change.dtype)
    above = np.concatenate([full_bar[:n, :n], change], axis=1)
    m_bar = linalg.expm_frechet(beside(A, E).T, np.concatenate([above, full_bar[n:]]), compute_expm=False)
    a_bar, e_bar = m_bar[:n, :n] + m_bar[n:, n:], m_bar[:n, n:]
    if compute_expm:
        return a_bar + linalg.expm_frechet(A.T, y_bar[0], compute_expm=False), e_bar
    return a_bar, e_bar


@rule(linalg.sqrtm)
def sqrtm(x, A, *, x_bar):
    """X X = A  =>  X^T A_bar + A_bar X^T = X_bar.  Shapes: (n, n).  Restriction: A whose square root is real."""
    require(np.ndim(A) == 2, "batches are not in the table: write a loop")
    return linalg.solve_sylvester(x.T, x.T, x_bar)


@rule(linalg.logm)
def logm(c, A, *, c_bar):
    """C = log A  =>  A_bar = L(A^T, C_bar).  Shapes: (n, n).  Restriction: A whose logarithm is real."""
    require(np.ndim(A) == 2, "batches are not in the table: write a loop")
    n = np.shape(A)[-1]
    return linalg.logm(beside(A.T, c_bar))[:n, n:]


@pushforward(linalg.logm)
def logm_dot(c, A, *, A_dot):
    """C_dot = L(A, A_dot)."""
    n = np.shape(A)[-1]
    return linalg.logm(beside(A, A_dot))[:n, n:]


real_only(linalg.expm_frechet, linalg.sqrtm, linalg.logm)
