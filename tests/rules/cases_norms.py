"""Norms of every order, over every axis, real and complex; condition numbers."""

from __future__ import annotations

import numpy as np

from cases import arr, case, cplx

INF = np.inf

for _make in (arr, cplx):
    for _ord in (None, 1, 2, 3, 2.5, 0.5, -1, -2, -0.5, INF, -INF):
        case(np.linalg.norm, _make(5), _ord)
        case(np.linalg.norm, _make(3, 4), ord=_ord, axis=1)
        case(np.linalg.norm, _make(3, 4), ord=_ord, axis=-2, keepdims=True)
    for _ord in (None, "fro", "nuc", 1, -1, 2, -2, INF, -INF):
        case(np.linalg.norm, _make(3, 4), _ord)
        case(np.linalg.norm, _make(2, 3, 4), _ord, axis=(1, 2))
        case(np.linalg.norm, _make(2, 3, 4), _ord, axis=(-1, 0), keepdims=True)
    case(np.linalg.norm, _make(2, 3, 4))
    case(np.linalg.norm, _make(2, 3, 4), keepdims=True)
    case(np.linalg.norm, _make(3, 4), 2, keepdims=True)
    if hasattr(np.linalg, "matrix_norm"):
        for _ord in ("fro", "nuc", 1, -1, 2, -2, INF, -INF):
            case(np.linalg.matrix_norm, _make(2, 3, 4), ord=_ord)
            case(np.linalg.matrix_norm, _make(3, 4), ord=_ord, keepdims=True)
        case(np.linalg.matrix_norm, _make(3, 4))
        for _ord in (1, 2, 3, -1, INF, -INF):
            case(np.linalg.vector_norm, _make(3, 4), ord=_ord)
            case(np.linalg.vector_norm, _make(2, 3, 4), axis=(0, -1), ord=_ord)
            case(np.linalg.vector_norm, _make(2, 3, 4), axis=1, keepdims=True, ord=_ord)
        case(np.linalg.vector_norm, _make(3, 4), keepdims=True)
        case(np.linalg.vector_norm, _make(4))
    for _p in (None, 2, -2, 1, -1, INF, -INF, "fro", "nuc"):
        case(np.linalg.cond, _make(3, 3) + 2 * np.eye(3), _p)
        case(np.linalg.cond, _make(2, 3, 3) + 2 * np.eye(3), p=_p)
    case(np.linalg.cond, _make(4, 2))
