"""Functions of matrices that NumPy does not have."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from backprose_runtime.arrays import array_module

TRTRI = {"f": "s", "d": "d", "F": "c", "D": "z"}  # LAPACK's letters of NumPy's dtypes
BLOCK = 64  # columns that `cholesky_bar` takes at a time: what is done within a block costs little beside the products


def cofactors(a: Any) -> Any:
    """The cofactors of the matrices in the last two axes, det(A) A^-T, also of singular ones.

    From A = U S V^H: cof A = det U det V^H conj(U) diag(products of the other singular values) conj(V^H).
    """
    xp = array_module(a)
    y = xp.linalg.det(a)
    if (y != 0).all():
        return y[..., None, None] * xp.linalg.inv(a).swapaxes(-1, -2)
    u, s, vh = xp.linalg.svd(a)
    n = a.shape[-1]
    others = xp.where(xp.eye(n, dtype=bool), 1, s[..., None, :]).prod(axis=-1)
    signs = xp.linalg.det(u) * xp.linalg.det(vh)
    return signs[..., None, None] * ((u.conj() * others[..., None, :]) @ vh.conj())


def cholesky_bar(lower: Any, lower_bar: Any) -> Any:
    """The gradient by A, on its lower triangle, for the gradient by the factor L of A = L L^H.

    P(S + S^H) with S = L^-H P(L^H L_bar) L^-1, P: the lower triangle with half the diagonal. What L and L_bar have above
    the diagonal does not count. Blocks of columns are taken from the last to the first, which takes
    twice the operations of the factorisation, nearly all in products.  Source: Murray 2016, arXiv:1602.07527, section 4.
    """
    xp = array_module(lower)
    lower = xp.tril(lower)
    if lower.shape[-1] <= BLOCK:
        return _cholesky_bar_of_block(xp, lower, _inverse_of_lower(xp, lower), lower_bar)
    out = xp.tril(lower_bar)
    for stop in range(lower.shape[-1], 0, -BLOCK):
        left, here, below = slice(0, max(stop - BLOCK, 0)), slice(max(stop - BLOCK, 0), stop), slice(stop, None)
        diagonal, row = lower[..., here, here], lower[..., here, left]
        inverse = _inverse_of_lower(xp, diagonal)
        column_bar = out[..., below, here] @ inverse
        out[..., below, here] = column_bar
        column_bar_h = _adjoint(column_bar)
        out[..., below, left] -= column_bar @ row
        block_bar = out[..., here, here] - column_bar_h @ lower[..., below, here]
        block_bar = out[..., here, here] = _cholesky_bar_of_block(xp, diagonal, inverse, block_bar)
        out[..., here, left] -= column_bar_h @ lower[..., below, left] + (block_bar + _adjoint(block_bar)) @ row
    return out


def _cholesky_bar_of_block(xp: Any, lower: Any, inverse: Any, lower_bar: Any) -> Any:
    half = xp.tri(lower.shape[-1], dtype=lower.real.dtype)
    half.reshape(-1)[:: lower.shape[-1] + 1] = 0.5  # the diagonal
    s = _adjoint(inverse) @ (_adjoint(lower) @ lower_bar * half) @ inverse
    return (s + _adjoint(s)) * half


def _inverse_of_lower(xp: Any, lower: Any) -> Any:
    """The inverse of a lower triangular matrix: by LAPACK's routine for such, where the program has SciPy, in a quarter of
    the time that NumPy's inverse of any matrix takes."""
    lapack = sys.modules.get("scipy.linalg.lapack")
    if lapack is None or xp is not np or lower.ndim != 2 or lower.dtype.char not in "fdFD" or not lower.size:
        return xp.linalg.inv(lower)
    inverse, failed = getattr(lapack, f"{TRTRI[lower.dtype.char]}trtri")(lower.T)
    return inverse.T if not failed else xp.linalg.inv(lower)


def _adjoint(x: Any) -> Any:
    return x.swapaxes(-1, -2).conj()
