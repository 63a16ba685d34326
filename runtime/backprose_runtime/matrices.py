"""Functions of matrices that NumPy does not have."""

from __future__ import annotations

from typing import Any

from backprose_runtime.arrays import array_module


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
