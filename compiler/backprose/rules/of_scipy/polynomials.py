"""Orthogonal polynomials by their argument, at constant degree and parameters.

Source: DLMF 18.9.15 to 18.9.28. The derivative of degree n has degree n - 1; of degree 0, a factor makes it 0.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from backprose.rules.registry import elementwise


def below(n):
    """The degree of the derivative."""
    return np.maximum(n - 1, 0)


@elementwise(special.eval_legendre, wrt="x")
def eval_legendre(y, n, x, *, d):
    """P_n' = (n + 1) / 2 P_{n-1}^(1, 1), 0 for n = 0."""
    return d * ((n > 0) * (n + 1) / 2 * special.eval_jacobi(below(n), 1, 1, x))


@elementwise(special.eval_jacobi, wrt="x")
def eval_jacobi(y, n, alpha, beta, x, *, d):
    """P_n^(a, b)' = (n + a + b + 1) / 2 P_{n-1}^(a+1, b+1), 0 for n = 0."""
    return d * ((n > 0) * (n + alpha + beta + 1) / 2 * special.eval_jacobi(below(n), alpha + 1, beta + 1, x))


@elementwise(special.eval_gegenbauer, wrt="x")
def eval_gegenbauer(y, n, alpha, x, *, d):
    """C_n^a' = 2 a C_{n-1}^(a+1), 0 for n = 0."""
    return d * ((n > 0) * 2 * alpha * special.eval_gegenbauer(below(n), alpha + 1, x))


@elementwise(special.eval_chebyt, wrt="x")
def eval_chebyt(y, n, x, *, d):
    """T_n' = n U_{n-1}."""
    return d * (n * special.eval_chebyu(below(n), x))


@elementwise(special.eval_chebyu, wrt="x")
def eval_chebyu(y, n, x, *, d):
    """U_n' = 2 C_{n-1}^2, 0 for n = 0."""
    return d * ((n > 0) * 2 * special.eval_gegenbauer(below(n), 2, x))


@elementwise(special.eval_hermite, wrt="x")
def eval_hermite(y, n, x, *, d):
    """H_n' = 2 n H_{n-1}."""
    return d * (2 * n * special.eval_hermite(below(n), x))


@elementwise(special.eval_hermitenorm, wrt="x")
def eval_hermitenorm(y, n, x, *, d):
    """He_n' = n He_{n-1}."""
    return d * (n * special.eval_hermitenorm(below(n), x))


@elementwise(special.eval_laguerre, wrt="x")
def eval_laguerre(y, n, x, *, d):
    """L_n' = -L_{n-1}^1, 0 for n = 0."""
    return -d * ((n > 0) * special.eval_genlaguerre(below(n), 1, x))


@elementwise(special.eval_genlaguerre, wrt="x")
def eval_genlaguerre(y, n, alpha, x, *, d):
    """L_n^a' = -L_{n-1}^(a+1), 0 for n = 0."""
    return -d * ((n > 0) * special.eval_genlaguerre(below(n), alpha + 1, x))
