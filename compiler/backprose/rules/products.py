"""Products that contract axes, in every combination of ranks.

All are bilinear, so each operand's cotangent is a product of y_bar with the other operand; the work is in the axes.
Source for the matrix product: Giles 2008, NA-08/01, 2.2.1.
"""

from __future__ import annotations

import operator

import numpy as np

from backprose.rules.matrices import flipped
from backprose.rules.registry import at_compile_time, multilinear, named, no_derivative, refused, rule
from backprose.rules.static import (
    contracted_axes, inverse_permutation, is_sorted, is_sparse, other_axes, partners, rank_is_known, require, span,
)  # fmt: skip
from backprose.rules.subscripts import transposed
from backprose_runtime import matmul_left_bar, matmul_right_bar, unbroadcast


def rows(a):
    """All vectors along the last axis, as one matrix."""
    return np.reshape(a, (-1, np.shape(a)[-1]))


@rule(np.matmul, operator.matmul, *named(np.linalg, "matmul"))
def matmul(c, a, b, *, c_bar):
    """C = A B  =>  A_bar = C_bar B^T,  B_bar = A^T C_bar.

    Shapes: A (..., m, k), B (..., k, n), C (..., m, n); a vector is a row on the left and a column on the right.
    Leading axes broadcast, and their sums are made here.  Reads: A, B.  Source: Giles 2008, NA-08/01, 2.2.1.
    """
    if is_sparse(a) or is_sparse(b):  # its entries are constants
        c_bar = c_bar if np.ndim(c) else np.reshape(c_bar, 1)  # SciPy's coo_array of one row may give a scalar
        return (c_bar @ b.T, None) if is_sparse(b) else (None, a.T @ c_bar)
    if not (rank_is_known(a) and rank_is_known(b)):
        return matmul_left_bar(c_bar, a, b), matmul_right_bar(c_bar, a, b)
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return c_bar * b, c_bar * a
    if np.ndim(a) == 1:
        return vector_matrix(a, b, c_bar)
    if np.ndim(b) == 1:
        return matrix_vector(a, b, c_bar)
    if np.ndim(a) == 2 and np.ndim(b) == 2:
        return c_bar @ b.T, a.T @ c_bar
    if np.ndim(b) == 2:
        return c_bar @ b.T, rows(a).T @ rows(c_bar)
    return unbroadcast(c_bar @ flipped(b), a), unbroadcast(flipped(a) @ c_bar, b)


refused(
    matmul_left_bar,
    matmul_right_bar,
    why="the second derivative of a product needs the ranks of its operands: annotate them, or call with arguments",
)


def vector_matrix(a, b, c_bar):
    """The cotangents of a @ b for a vector a. Shapes: a (k,), b (..., k, n), c (..., n)."""
    if np.ndim(b) == 2:
        return b @ c_bar, np.outer(a, c_bar)
    a_bar = np.ravel(c_bar) @ rows(flipped(b))
    return a_bar, np.expand_dims(a, 1) * np.expand_dims(c_bar, -2)


def matrix_vector(a, b, c_bar):
    """The cotangents of a @ b for a vector b. Shapes: a (..., m, k), b (k,), c (..., m)."""
    if np.ndim(a) == 2:
        return np.outer(c_bar, b), a.T @ c_bar
    return np.expand_dims(c_bar, -1) * b, np.tensordot(c_bar, a, np.ndim(c_bar))


@rule(np.dot)
def dot(y, a, b, out=None, *, y_bar):
    """As matmul up to two axes; a scalar multiplies; with more axes the last of a meets the last but one of b."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(y_bar * b, a), unbroadcast(a * y_bar, b)
    if np.ndim(a) <= 2 and np.ndim(b) == 1 or np.ndim(a) == 1 and np.ndim(b) == 2:
        return matmul(y, a, b, c_bar=y_bar)
    if np.ndim(a) == 2 and np.ndim(b) == 2:
        return y_bar @ b.T, a.T @ y_bar
    axes = ((np.ndim(a) - 1,), (np.ndim(b) - 2 if np.ndim(b) > 1 else 0,))
    return contraction(a, b, axes[0], axes[1], y_bar)


@rule(np.inner)
def inner(y, a, b, *, y_bar):
    """The sum over the last axis of both; a scalar multiplies."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(y_bar * b, a), unbroadcast(a * y_bar, b)
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return y_bar * b, y_bar * a
    if np.ndim(a) == 2 and np.ndim(b) == 1:
        return matrix_vector(a, b, y_bar)
    if np.ndim(a) == 2 and np.ndim(b) == 2:
        return y_bar @ b, y_bar.T @ a
    return contraction(a, b, (np.ndim(a) - 1,), (np.ndim(b) - 1,), y_bar)


@rule(np.vdot)
def vdot(y, a, b, *, y_bar):
    """y = sum of conj(a) b  =>  a_bar = conj(y_bar b),  b_bar = y_bar conj(a).

    Shapes: the operands are flattened, and have the same size.
    """
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return np.conjugate(y_bar * b), y_bar * np.conjugate(a)
    a_bar = np.reshape(np.conjugate(y_bar * np.ravel(b)), np.shape(a))
    return a_bar, np.reshape(y_bar * np.conjugate(np.ravel(a)), np.shape(b))


@rule(*named(np, "vecdot"), *named(np.linalg, "vecdot"))
def vecdot(y, x1, x2, *, y_bar, axis=-1):
    """y = sum of conj(x1) x2 along an axis  =>  x1_bar = conj(y_bar x2),  x2_bar = y_bar conj(x1).

    Shapes: (..., n) and (..., n); leading axes broadcast.  Restrictions: without `axes`.
    """
    require(axis < 0 or np.ndim(x1) == np.ndim(x2), "`axis` counts from the front where the operands have different ranks")
    full = np.expand_dims(y_bar, axis)
    return unbroadcast(np.conjugate(full * x2), x1), unbroadcast(full * np.conjugate(x1), x2)


@rule(*named(np, "matvec"))
def matvec(y, x1, x2, *, y_bar):
    """y = A x  =>  A_bar = y_bar x^T,  x_bar = A^T y_bar.

    Shapes: A (..., m, n), x (..., n), y (..., m); leading axes broadcast.  Restrictions: without `axes`.
    """
    column = np.expand_dims(y_bar, -1)
    return unbroadcast(column * np.expand_dims(x2, -2), x1), unbroadcast((flipped(x1) @ column)[..., 0], x2)


@rule(*named(np, "vecmat"))
def vecmat(y, x1, x2, *, y_bar):
    """y = x^H A  =>  x_bar = conj(A y_bar),  A_bar = conj(x) y_bar^T.

    Shapes: x (..., m), A (..., m, n), y (..., n); leading axes broadcast.  Restrictions: without `axes`.
    """
    x1_bar = np.conjugate((x2 @ np.expand_dims(y_bar, -1))[..., 0])
    return unbroadcast(x1_bar, x1), unbroadcast(np.expand_dims(np.conjugate(x1), -1) * np.expand_dims(y_bar, -2), x2)


@rule(np.outer, *named(np.linalg, "outer"))
def outer(y, a, b, out=None, *, y_bar):
    """Y = a b^T  =>  a_bar = Y_bar b,  b_bar = Y_bar^T a.  Operands are flattened."""
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        return y_bar @ b, a @ y_bar
    return np.reshape(y_bar @ np.ravel(b), np.shape(a)), np.reshape(np.ravel(a) @ y_bar, np.shape(b))


@rule(np.tensordot, *named(np.linalg, "tensordot"), wrt=("a", "b"))
def tensordot(y, a, b, axes=2, *, y_bar):
    """The sum over pairs of axes.  Shapes: y has the other axes of a, then the other axes of b."""
    a_axes, b_axes = contracted_axes(axes, np.ndim(a), np.ndim(b))
    return contraction(a, b, a_axes, b_axes, y_bar)


def contraction(a, b, a_axes, b_axes, y_bar):
    """a_bar contracts y_bar and b over b's free axes, b_bar y_bar and a over a's; then axes go back to their places."""
    a_free, b_free = other_axes(a_axes, np.ndim(a)), other_axes(b_axes, np.ndim(b))
    n = len(a_free)
    a_bar = np.tensordot(y_bar, b, (span(n, n + len(b_free)), b_free))
    b_bar = np.tensordot(a, y_bar, (a_free, span(0, n)))
    return placed(a_bar, a_free + partners(b_axes, a_axes)), placed(b_bar, partners(a_axes, b_axes) + b_free)


def placed(x, axes):
    """x, whose i-th axis becomes axis axes[i]."""
    return x if is_sorted(axes) else np.transpose(x, inverse_permutation(axes, len(axes)))


@rule(np.einsum, wrt="operands")
def einsum(y, subscripts, *operands, y_bar, optimize=False):
    """Each cotangent is an einsum of y_bar and the other operands into the operand's own letters.

    A letter that only one operand has was summed alone: its cotangent is constant along that axis. A repeated letter
    reads a diagonal: its cotangent is 0 elsewhere. Axes of length 1 broadcast, under letters too, and are summed here.
    Restrictions: subscripts are a string, not lists between the operands.
    """
    if len(operands) == 1:
        return (operand_bar(subscripts, operands, 0, y_bar),)
    if len(operands) == 2:
        return operand_bar(subscripts, operands, 0, y_bar), operand_bar(subscripts, operands, 1, y_bar)
    return tuple([operand_bar(subscripts, operands, i, y_bar) for i, _ in enumerate(operands)])


def operand_bar(subscripts, operands, i, y_bar):
    """The cotangent of the i-th operand of an einsum."""
    x = operands[i]
    text, alone, repeated = transposed(subscripts, tuple([np.ndim(operand) for operand in operands]), i)
    factors = (y_bar,) + operands[:i] + operands[i + 1 :]
    for axis in alone:
        factors = factors + (np.ones(np.shape(x)[axis]),)
    for axis in repeated:
        factors = factors + (np.eye(np.shape(x)[axis]),)
    return unbroadcast(np.einsum(text, *factors), x)


@rule(np.kron)
def kron(y, a, b, *, y_bar):
    """Y[(i, k), (j, l), ...] = A[i, j, ...] B[k, l, ...]  =>  A_bar sums Y_bar B over k, l, ..., and B_bar sums Y_bar A.

    Shapes: any ranks; the smaller one has leading axes of length 1 put before its own.
    """
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return unbroadcast(y_bar * b, a), unbroadcast(a * y_bar, b)
    if np.ndim(a) == 1 and np.ndim(b) == 1:
        blocks = np.reshape(y_bar, (np.size(a), np.size(b)))
        return blocks @ b, a @ blocks
    n = np.ndim(y_bar)
    left, right = leading_ones(np.shape(a), n), leading_ones(np.shape(b), n)
    blocks = np.transpose(np.reshape(y_bar, interleaved(left, right)), evens_then_odds(n))
    a_bar = np.tensordot(blocks, b if np.ndim(b) == n else np.reshape(b, right), n)
    b_bar = np.tensordot(a if np.ndim(a) == n else np.reshape(a, left), blocks, n)
    a_bar = a_bar if np.ndim(a) == n else np.reshape(a_bar, np.shape(a))
    return a_bar, b_bar if np.ndim(b) == n else np.reshape(b_bar, np.shape(b))


def leading_ones(shape, n):
    """The shape with axes of length 1 before it, n in all."""
    return (1,) * (n - len(shape)) + shape


def interleaved(left, right):
    """The first of both, the second of both, and so on."""
    pairs = ()
    for m, n in zip(left, right):
        pairs = pairs + (m, n)
    return pairs


@at_compile_time
def evens_then_odds(n):
    """The permutation (0, 2, ..., 1, 3, ...) of 2 n axes."""
    return tuple(range(0, 2 * n, 2)) + tuple(range(1, 2 * n, 2))


@rule(np.cross, wrt=("a", "b"))
def cross(y, a, b, axisa=-1, axisb=-1, axisc=-1, axis=None, *, y_bar):
    """y = a x b  =>  a_bar = b x y_bar,  b_bar = y_bar x a.

    Shapes: (..., 3), or (..., 2) for a vector in the plane; leading axes broadcast.
    """
    if axis is not None:
        return cross_bars(a, b, axis, axis, axis, y_bar)
    return cross_bars(a, b, axisa, axisb, axisc, y_bar)


def cross_bars(a, b, axisa, axisb, axisc, y_bar):
    """The cotangents of a cross product, taken with the vectors in the last axis."""
    u, v = moved(a, axisa, -1), moved(b, axisb, -1)
    m, n = np.shape(u)[-1], np.shape(v)[-1]
    if m + n == 6:
        g = moved(y_bar, axisc, -1)
        u_bar, v_bar = np.cross(v, g), np.cross(g, u)
    else:
        g = moved(y_bar, axisc, -1) if m + n == 5 else np.expand_dims(y_bar, -1) * np.array([0.0, 0.0, 1.0])
        u_bar, v_bar = np.cross(in_space(v), g)[..., :m], np.cross(g, in_space(u))[..., :n]
    return moved(unbroadcast(u_bar, u), -1, axisa), moved(unbroadcast(v_bar, v), -1, axisb)


def moved(x, source, destination):
    return x if source == destination else np.moveaxis(x, source, destination)


def in_space(v):
    """Vectors in the plane with a third component, 0."""
    return np.concatenate((v, np.zeros(np.shape(v)[:-1] + (3 - np.shape(v)[-1],))), axis=-1)


@rule(*named(np.linalg, "cross"), wrt=("x1", "x2"))
def cross_of_linalg(y, x1, x2, *, y_bar, axis=-1):
    """As cross, of vectors in space only."""
    return cross_bars(x1, x2, axis, axis, axis, y_bar)


no_derivative(np.einsum_path)

multilinear(
    np.matmul, operator.matmul, np.dot, np.inner, np.vdot, np.outer, np.tensordot, np.einsum, np.kron, np.cross,
    *named(np, "vecdot", "matvec", "vecmat"), *named(np.linalg, "matmul", "outer", "tensordot", "cross", "vecdot"),
)  # fmt: skip
