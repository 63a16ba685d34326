"""Systems of equations: general, with structure, triangular, factored. Source: Giles 2008, NA-08/01, 2.3.1."""

from __future__ import annotations

import numpy as np
from scipy import linalg

from backprose.rules import norms
from backprose.rules import systems as of_numpy
from backprose.rules.matrices import flipped
from backprose.rules.registry import at_compile_time, no_derivative, of_tuples, real_only, rule
from backprose.rules.static import require


@at_compile_time
def part_read(assume_a, lower):
    """Which entries of a matrix of the assumed structure are read: "all", "lower", "upper", a triangle that stands for
    both, ("both lower"), "diagonal" or "tridiagonal"."""
    if assume_a in ("sym", "symmetric", "her", "hermitian", "pos", "positive definite"):
        return "both lower" if lower else "both upper"
    triangles = {"lower triangular": "lower", "upper triangular": "upper"}
    return triangles.get(assume_a, assume_a if assume_a in ("diagonal", "tridiagonal") else "all")


def on_part(g, part):
    """The cotangent of a matrix on the entries of it that are read."""
    if part == "all":
        return g
    if part == "lower":
        return np.tril(g)
    if part == "upper":
        return np.triu(g)
    if part == "diagonal":
        return g * np.eye(np.shape(g)[-1])
    if part == "tridiagonal":
        return np.triu(np.tril(g, 1), -1)
    both = (g + flipped(g)) * (1 - np.eye(np.shape(g)[-1]) / 2)
    return np.tril(both) if part == "both lower" else np.triu(both)


def outer(u, v):
    """u v^T, of vectors or of matrices with as many columns."""
    return np.outer(u, v) if np.ndim(u) == 1 else u @ flipped(v)


@rule(linalg.solve, wrt=("a", "b"))
def solve(
    x, a, b, lower=False, overwrite_a=False, overwrite_b=False, check_finite=True, assume_a=None, transposed=False, *,
    x_bar
):  # fmt: skip
    """A x = b  =>  b_bar = A^-T x_bar,
     A_bar = -b_bar x^T on the entries that are read; transposed: A^T takes A's place.

    Shapes: A (n, n), b (n,) or (n, k); without structure also batches.  Reads: A, x.
    """
    part = part_read(assume_a, lower)
    if np.ndim(a) == 2 and np.ndim(b) < 3:
        if assume_a is None:
            b_bar = linalg.solve(a, x_bar, transposed=not transposed)
        else:
            b_bar = linalg.solve(a, x_bar, lower=lower, assume_a=assume_a, transposed=not transposed)
        return on_part(-outer(x, b_bar) if transposed else -outer(b_bar, x), part), b_bar
    require(not transposed, "of batches, only the systems themselves have a rule, not the transposed ones")
    require(part == "all", "a structure is followed for one matrix only, not for batches: leave assume_a out")
    return of_numpy.solve(x, a, b, x_bar=x_bar)


@at_compile_time
def is_transposed(trans):
    """Whether `trans` asks for the transposed system, as "T" and "C" do for real matrices."""
    if trans not in (0, 1, 2, "N", "T", "C"):
        raise ValueError(f"trans={trans!r} is none of 0, 1, 2, 'N', 'T', 'C'")
    return trans not in (0, "N")


def on_triangle(g, lower, unit_diagonal):
    """The cotangent of a matrix on the triangle that is read, without its diagonal where that is taken as 1."""
    k = 1 if unit_diagonal else 0
    return np.tril(g, -k) if lower else np.triu(g, k)


@rule(linalg.solve_triangular, wrt=("a", "b"))
def solve_triangular(
    x, a, b, trans=0, lower=False, unit_diagonal=False, overwrite_b=False, check_finite=True, *, x_bar
):
    """T x = b  =>  b_bar = T^-T x_bar,  T_bar = -b_bar x^T on the triangle that is read; trans: T^T takes T's place.

    Shapes: T (n, n), b (n,) or (n, k).  Reads: T, x.
    """
    require(np.ndim(a) == 2 and np.ndim(b) < 3, "batches are not in the table: write a loop")
    turned = is_transposed(trans)
    b_bar = linalg.solve_triangular(a, x_bar, 0 if turned else 1, lower=lower, unit_diagonal=unit_diagonal)
    return on_triangle(-outer(x, b_bar) if turned else -outer(b_bar, x), lower, unit_diagonal), b_bar


@rule(linalg.cho_solve, wrt=("c_and_lower", "b"))
def cho_solve(x, c_and_lower, b, overwrite_b=False, check_finite=True, *, x_bar):
    """A x = b with A = L L^T or U^T U  =>  b_bar = A^-1 x_bar;  with S = b_bar x^T + x b_bar^T: L_bar = -S L,
    U_bar = -U S.

    Shapes: L or U (n, n), b (n,) or (n, k).  Reads: the factor, x.
    """
    c, lower = c_and_lower[0], c_and_lower[1]
    require(np.ndim(c) == 2 and np.ndim(b) < 3, "batches are not in the table: write a loop")
    b_bar = linalg.cho_solve(c_and_lower, x_bar)
    s = outer(b_bar, x) + outer(x, b_bar)
    return (np.tril(-s @ np.tril(c)) if lower else np.triu(-np.triu(c) @ s), None), b_bar


@rule(linalg.solve_sylvester)
def solve_sylvester(x, a, b, q, *, x_bar):
    """A X + X B = Q  =>  A^T Q_bar + Q_bar B^T = X_bar,  A_bar = -Q_bar X^T,  B_bar = -X^T Q_bar.

    Shapes: A (m, m), B (n, n), Q (m, n).  Reads: A, B, X.
    """
    q_bar = linalg.solve_sylvester(a.T, b.T, x_bar)
    return -q_bar @ x.T, -x.T @ q_bar, q_bar


@rule(linalg.inv, wrt="a")
def inv(c, a, overwrite_a=False, check_finite=True, *, assume_a=None, lower=False, c_bar):
    """C = A^-1  =>  A_bar = -C^T C_bar C^T, on the entries that are read.  Reads: C."""
    return on_part(-flipped(c) @ c_bar @ flipped(c), part_read(assume_a, lower))


@rule(linalg.det, wrt="a")
def det(y, a, overwrite_a=False, check_finite=True, *, y_bar):
    """y = det A  =>  A_bar = y_bar y A^-T, as for `np.linalg.det`."""
    wide = np.asarray(a, np.float32) if a.dtype == np.float16 else a  # which NumPy's functions of matrices do not take
    return of_numpy.det(y, wide, y_bar=y_bar)


@rule(linalg.pinv, wrt="a")
def pinv(p, a, *, atol=None, rtol=None, return_rank=False, check_finite=True, p_bar):
    """As `np.linalg.pinv`, at constant rank."""
    require(not return_rank, "with return_rank=True the result is a pair: leave it out")
    return of_numpy.pinv(p, a, p_bar=p_bar)


@rule(linalg.norm, wrt="a")
def norm(y, a, ord=None, axis=None, keepdims=False, check_finite=True, *, y_bar):
    """As `np.linalg.norm`."""
    return norms.norm(y, a, ord, axis, keepdims, y_bar=y_bar)


real_only(linalg.solve, linalg.solve_triangular, linalg.cho_solve, linalg.solve_sylvester, linalg.pinv, linalg.norm)
of_tuples(linalg.cho_solve)
no_derivative(linalg.bandwidth, linalg.issymmetric, linalg.ishermitian)
