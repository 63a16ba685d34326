"""Functions of a matrix. The transpose of the derivative of f at A is the derivative of f at A^T.

Source: Higham, Functions of Matrices, 2008, chapter 3: with L(A, E) the derivative at A in the direction E,
f([[A, E], [0, A]]) = [[f(A), L(A, E)], [0, f(A)]] (eq. 3.16).
"""

from __future__ import annotations

import numpy as np
from scipy import linalg

from backprose.rules.registry import real_only, refused, rule
from backprose.rules.static import require


def beside(a, e):
    """[[A, E], [0, A]]."""
    below = np.concatenate([np.zeros_like(a), a], axis=-1)
    return np.concatenate([np.concatenate([a, e], axis=-1), below], axis=-2)


@rule(linalg.expm)
def expm(c, A, *, c_bar):
    """C = e^A  =>  A_bar = L(A^T, C_bar).  Shapes: (n, n) or (k, n, n)."""
    wide = A if A.dtype == c.dtype else np.asarray(A, c.dtype)  # expm takes half precision to single, expm_frechet does not
    if np.ndim(A) == 2:
        return linalg.expm_frechet(wide.T, c_bar, compute_expm=False)
    require(np.ndim(A) == 3, "batches with several axes are not in the table: reshape them to one")
    return np.stack([linalg.expm_frechet(a.T, g, compute_expm=False) for a, g in zip(wide, c_bar)])


@rule(linalg.expm_frechet, wrt=("A", "E"))
def expm_frechet(y, A, E, method=None, compute_expm=True, check_finite=True, *, y_bar):
    """(e^A, L(A, E)), or the latter alone  =>  E_bar = L(A^T, L_bar); A_bar by the derivative of e^[[A, E], [0, A]]."""
    if compute_expm:
        a_bar, e_bar = second_derivative(A, E, y_bar[1])
        return a_bar + linalg.expm_frechet(A.T, y_bar[0], compute_expm=False), e_bar
    return second_derivative(A, E, y_bar)


def second_derivative(a, e, g):
    """The cotangents of A and E by that of L(A, E)."""
    n = np.shape(a)[0]
    zero = np.zeros_like(g)
    above = np.concatenate([np.concatenate([zero, g], axis=1), np.concatenate([zero, zero], axis=1)])
    m_bar = linalg.expm_frechet(beside(a, e).T, above, compute_expm=False)
    return m_bar[:n, :n] + m_bar[n:, n:], linalg.expm_frechet(a.T, g, compute_expm=False)


@rule(linalg.sqrtm)
def sqrtm(x, A, *, x_bar):
    """X X = A  =>  X^T A_bar + A_bar X^T = X_bar.  Shapes: (n, n).  Restriction: A whose square root is real."""
    require(np.ndim(A) == 2, "batches are not in the table: write a loop")
    return linalg.solve_sylvester(x.T, x.T, x_bar)


real_only(linalg.expm_frechet, linalg.sqrtm)
refused(linalg.logm, why="its derivative is no function of SciPy's, as that of expm is")
