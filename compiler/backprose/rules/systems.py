"""Linear systems, inverses and determinants. Matrices are the last two axes; further axes are batches.

Source unless said otherwise: Giles, "An extended collection of matrix derivative results", 2008, NA-08/01.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.matrices import adjoint, by_column, flipped, of_matrix, precision, read_triangle, undetermined_as_whole
from backprose.rules.registry import rule
from backprose_runtime import cofactors, unbroadcast


@rule(np.linalg.solve)
def solve(x, a, b, *, x_bar):
    """x = A^-1 b  =>  b_bar = A^-T x_bar,  A_bar = -b_bar x^T.

    Shapes: A (..., n, n), b (n,) or (..., n, k); before NumPy 2 also stacks of vectors (..., n).  Reads: A, x.
    Source: Giles 2.3.1.
    """
    if np.ndim(b) == 1 or np.ndim(x) < np.ndim(a):
        if np.ndim(a) == 2:
            b_bar = np.linalg.solve(a.T, x_bar)
            return -np.outer(b_bar, x), b_bar
        full = np.linalg.solve(flipped(a), np.expand_dims(x_bar, -1))[..., 0]
        a_bar = -np.expand_dims(full, -1) * np.expand_dims(x, -2)
        return a_bar if np.ndim(b) == 1 else unbroadcast(a_bar, a), unbroadcast(full, b)
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
    """y = det A  =>  A_bar = y_bar cof A, which is y A^-T where that exists.

    A singular matrix has a derivative too, but not, here, a second one: it raises LinAlgError.  Source: Giles 2.2.4.
    """
    return of_matrix(y_bar) * cofactors(a)


@rule(cofactors)
def cofactors_(c, a, *, c_bar):
    """C = det(A) A^-T  =>  A_bar = sum(C_bar C) A^-T - C C_bar^T A^-T.  A singular matrix raises LinAlgError."""
    inverse = flipped(np.linalg.inv(a))
    return of_matrix(np.sum(c_bar * c, axis=(-2, -1))) * inverse - c @ flipped(c_bar) @ inverse


@rule(np.linalg.slogdet)
def slogdet(y, a, *, y_bar):
    """(s, l) = (sign, log |det A|)  =>  A_bar = (l_bar + i Im(s_bar s)) A^-T; the sign of a real matrix is a constant.

    A singular matrix raises LinAlgError: there l is -inf.  Source: Giles 2.2.4.
    """
    share = y_bar[1] + 1j * np.imag(y_bar[0] * y[0]) if np.iscomplexobj(a) else y_bar[1]
    return of_matrix(share) * flipped(np.linalg.inv(a))


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


@rule(np.linalg.multi_dot, wrt="arrays")
def multi_dot(y, arrays, *, y_bar):
    """Y = A B ... Z  =>  each cotangent is (product of those before)^T Y_bar (product of those behind)^T.

    Shapes: matrices; the first may be a vector, which is a row, the last one, which is a column.
    """
    factors = [as_matrix(a, i == 0) for i, a in enumerate(arrays)]
    g = np.reshape(y_bar, (np.shape(factors[0])[0], np.shape(factors[-1])[1]))
    return [of_rank(factor_bar(factors, i, g), a) for i, a in enumerate(arrays)]


def of_rank(a_bar, a):
    return a_bar if np.ndim(a) == 2 else np.ravel(a_bar)


def as_matrix(a, first):
    return a if np.ndim(a) == 2 else np.expand_dims(a, 0 if first else 1)


def factor_bar(factors, i, g):
    for m in factors[:i]:
        g = m.T @ g
    for m in factors[:i:-1]:
        g = g @ m.T
    return g


# Pseudoinverses and least squares


@rule(np.linalg.pinv, wrt="a")
def pinv(p, a, rcond=None, hermitian=False, *, p_bar, rtol=None):
    """P = A^+ and a gradient G  =>  -P^H G P^H + (1 - A P) G^H P P^H + P^H P G^H (1 - P A), at constant rank.

    From dP = -P dA P + P P^H dA^H (1 - A P) + (1 - P A) dA^H P^H P; of a `hermitian` matrix, on its lower triangle.
    Where `rcond` or `rtol` cut off more than rounding, this does not hold, and the result is infinite.
    Source: Golub & Pereyra 1973, eq. 4.12.
    """
    g, ph = np.conjugate(p_bar), adjoint(p)
    left = np.eye(np.shape(a)[-2]) - a @ p
    right = np.eye(np.shape(a)[-1]) - p @ a
    total = -ph @ g @ ph + left @ adjoint(g) @ p @ ph + ph @ p @ adjoint(g) @ right
    if rcond is not None or rtol is not None:
        total = total + undetermined_as_whole(left @ a, a, a)
    return np.conjugate(read_triangle(total, a, "L") if hermitian else total)


@rule(np.linalg.lstsq, wrt=("a", "b"))
def lstsq(y, a, b, rcond=None, *, y_bar):
    """x = A^+ b and a gradient g of it, with r = b - A x and h = A^+ A^+^H g  =>  b: A^+^H g;
    A: -(A^+^H g) x^H + r h^H + A^+^H x (g - A^+ A g)^H, at constant rank.

    The squared residuals add 2 r to the gradient of b, and -2 r x^H to that of A; the singular values U S_bar V^H to that
    of A; the rank is constant.  Shapes: A (m, n), b (m,) or (m, k).  Source: as pinv.
    """
    vector = np.ndim(b) == 1
    cut = precision(a.dtype) * max(np.shape(a)[0], np.shape(a)[1]) if rcond is None else rcond
    p = np.linalg.pinv(a, cut)
    x, g = as_columns(y[0], vector), np.conjugate(as_columns(y_bar[0], vector))
    ph = adjoint(p)
    r = as_columns(b, vector) - a @ x
    b_grad = ph @ g
    a_grad = -b_grad @ adjoint(x) + r @ adjoint(p @ b_grad) + ph @ x @ adjoint(g - p @ (a @ g))
    if np.size(y[1]) > 0:
        weighted = 2 * r * y_bar[1]
        a_grad, b_grad = a_grad - weighted @ adjoint(x), b_grad + weighted
    return np.conjugate(a_grad + of_singular_values(a, y_bar[3])), np.conjugate(b_grad[:, 0] if vector else b_grad)


def as_columns(x, vector):
    return np.expand_dims(x, -1) if vector else x


def of_singular_values(a, s_bar):
    """The gradient of A by its singular values: U diag(s_bar) V^H."""
    u, _, vh = np.linalg.svd(a, full_matrices=False)
    return (u * by_column(s_bar)) @ vh


# Tensors as matrices


@rule(np.linalg.tensorinv, wrt="a")
def tensorinv(y, a, ind=2, *, y_bar):
    """As inv, with the first `ind` axes as one and the others as the other axis of a matrix."""
    n = product(np.shape(a)[ind:])
    c = np.reshape(y, (n, n))
    return np.reshape(-c.T @ np.reshape(y_bar, (n, n)) @ c.T, np.shape(a))


def product(lengths):
    total = 1
    for n in lengths:
        total = total * n
    return total


@rule(np.linalg.tensorsolve)
def tensorsolve(x, a, b, *, x_bar):
    """As solve, with the last axes of A, as many as x has, as its columns.  Restrictions: without `axes`."""
    n = np.size(b)
    b_bar = np.linalg.solve(np.reshape(a, (n, n)).T, np.ravel(x_bar))
    return np.reshape(-np.outer(b_bar, np.ravel(x)), np.shape(a)), np.reshape(b_bar, np.shape(b))
