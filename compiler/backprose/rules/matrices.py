"""What rules of linear algebra share. Matrices are the last two axes; further axes are batches.

Rules with conjugates are written for gradients, the conjugates of cotangents, as in the literature: a cotangent x_bar
stands for the change Re sum(x_bar dx), the gradient g = conj(x_bar) for Re tr(g^H dx). Of real numbers both are the same,
and the compiler drops the conjugates.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import at_compile_time


def flipped(a):
    """The transpose of the matrices in the last two axes."""
    return np.transpose(a) if np.ndim(a) == 2 else np.swapaxes(a, -1, -2)


def adjoint(a):
    """The conjugate transpose of the matrices in the last two axes."""
    return np.conjugate(flipped(a))


def of_matrix(s):
    """A scalar for each matrix, so that it multiplies the matrix."""
    return s if np.ndim(s) == 0 else np.expand_dims(s, (-2, -1))


def by_column(s):
    """A vector for each matrix, so that it multiplies the columns."""
    return np.expand_dims(s, -2)


def by_row(s):
    """A vector for each matrix, so that it multiplies the rows."""
    return np.expand_dims(s, -1)


def read_triangle(g, a, UPLO):
    """The gradient by the entries of the triangle that is read of a Hermitian matrix, each of which stands for a pair.

    g has the shape of a, which is read for it: of g itself forward mode has no value.
    """
    both = (g + adjoint(g)) * (1 - np.eye(np.shape(a)[-1]) / 2)
    return np.tril(both) if UPLO in ("L", "l") else np.triu(both)


@at_compile_time
def precision(dtype):
    """The distance from 1 to the next number."""
    return float(np.finfo(dtype).eps)


def undetermined(turns, g, a):
    """0, and infinite where `turns`, of the gradient g, is more than rounding in the precision of A.

    It is the derivative along something that no convention fixes, as the phase of a complex vector: a function that
    depends on it has no derivative.
    """
    largest = np.sum(np.real(g * np.conjugate(g))) * precision(a.dtype)
    return np.where(np.real(turns * np.conjugate(turns)) > largest, np.inf, 0.0)


def undetermined_as_whole(turns, g, a):
    """As `undetermined`, for each matrix as a whole."""
    return of_matrix(np.sum(undetermined(turns, g, a), axis=(-2, -1)))
