"""What rules of linear algebra share. Matrices are the last two axes; further axes are batches.

Rules with conjugates are written for gradients, the conjugates of cotangents, as in the literature: a cotangent x_bar
stands for the change Re sum(x_bar dx), the gradient conj(x_bar) for Re tr(conj(x_bar)^H dx). Of real numbers both are
the same, and the compiler drops the conjugates.
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


@at_compile_time
def require_triangle(UPLO):
    """Which triangle of a Hermitian matrix NumPy reads."""
    if UPLO not in ("L", "U", "l", "u"):
        raise ValueError(f"UPLO must be 'L' or 'U', not {UPLO!r}")


def read_triangle(s, UPLO):
    """The gradient by the entries of the triangle that NumPy reads, each of which stands for a pair."""
    both = (s + adjoint(s)) * (1 - np.eye(np.shape(s)[-1]) / 2)
    return np.tril(both) if UPLO in ("L", "l") else np.triu(both)
