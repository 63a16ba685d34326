"""Polynomials, as arrays of coefficients from the highest power down."""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import linear, pushforward, real_only, refused, rule
from backprose.rules.signals import against
from backprose.rules.static import require
from backprose_runtime import unbroadcast


# Values


@rule(np.polyval, wrt=("p", "x"))
def polyval(y, p, x, *, y_bar):
    """y = sum over i of p[i] x^(n-1-i)  =>  p_bar[i] = sum of y_bar x^(n-1-i),  x_bar = y_bar p'(x).  Shapes: p (n,)."""
    require(np.ndim(p) == 1, "the coefficients of one polynomial are 1-D")
    return np.ravel(y_bar) @ np.vander(np.ravel(x), np.size(p)), y_bar * np.polyval(np.polyder(p), x)


@rule(np.vander, wrt="x")
def vander(y, x, N=None, increasing=False, *, y_bar):
    """y[i, j] = x[i]^k  =>  x_bar[i] = sum over j of k x[i]^(k-1) y_bar[i, j], with powers k from n - 1 down, or up."""
    n = np.maximum(np.shape(y)[1] - 1, 0)
    if increasing:
        return np.sum(y_bar[:, 1:] * (np.vander(x, n, increasing=True) * np.arange(1, n + 1)), axis=1)
    return np.sum(y_bar[:, :-1] * (np.vander(x, n) * np.arange(n, 0, -1)), axis=1)


# Derivatives and integrals


@linear(np.polyder, wrt="p")
def polyder(y, p, m=1, *, y_bar):
    """y[i] = (n - 1 - i) p[i], m times; the last coefficient is dropped, and gets 0.  Shapes: p (n,), y (n - m,)."""
    bar = y_bar
    for _ in range(m):
        bar = np.append(bar * np.arange(np.size(bar), 0, -1), 0.0)
    return bar if m <= 1 else bar[: np.size(p)]


@linear(np.polyint, wrt=("p", "k"))
def polyint(y, p, m=1, k=None, *, y_bar):
    """y[i] = p[i] / (n - i), m times, each followed by a constant of k.  Shapes: p (n,), k (m,) or one for all."""
    bar, k_bar = y_bar, y_bar[:0]
    for _ in range(m):
        k_bar = np.append(bar[-1:], k_bar)
        bar = bar[:-1] / np.arange(np.size(bar) - 1, 0, -1)
    return bar, None if k is None else unbroadcast(k_bar, k)


# Arithmetic


def tail(y_bar, a):
    """The last coefficients, as many as a has: those of the same powers."""
    return np.reshape(y_bar[np.size(y_bar) - np.size(a) :], np.shape(a))


@linear(np.polyadd, wrt=("a1", "a2"))
def polyadd(y, a1, a2, *, y_bar):
    """The sum, by powers: each operand gets the coefficients that it has."""
    return tail(y_bar, a1), tail(y_bar, a2)


@linear(np.polysub, wrt=("a1", "a2"))
def polysub(y, a1, a2, *, y_bar):
    """The difference, by powers: each operand gets the coefficients that it has."""
    return tail(y_bar, a1), -tail(y_bar, a2)


@rule(np.polymul, wrt=("a1", "a2"))
def polymul(y, a1, a2, *, y_bar):
    """The convolution of the coefficients; what NumPy drops, leading zeros of an operand, is a 0 in front of y too."""
    y_bar = led_by_zeros(y_bar, np.size(a1) + np.size(a2) - 1)
    return against(y_bar, a2, a1), against(y_bar, a1, a2)


def led_by_zeros(y_bar, n):
    """n coefficients, of which the first are 0."""
    return np.pad(y_bar, (n - np.size(y_bar), 0))


@rule(np.polydiv, wrt=("u", "v"))
def polydiv(y, u, v, *, y_bar):
    """u = q v + r  =>  du - q dv = dq v + dr is divided by v in the same way: w_bar is the transpose of that division.

    With the quotient's part L^-T (q_bar - r's share), where L is the lower triangle of v's coefficients:
    u_bar = w_bar,  v_bar = -w_bar against q.  Shapes: u (m,), v (n,), q (max(m - n + 1, 1),), r at most n - 1 entries.
    """
    q, n = y[0], np.size(v)
    if np.size(u) < n:
        return led_by_zeros(y_bar[1], np.size(u)), np.zeros_like(v)
    r_bar = led_by_zeros(y_bar[1], np.maximum(n - 1, 1))[np.maximum(2 - n, 0) :]  # for n = 1 NumPy gives one 0
    q_bar = y_bar[0] - against(np.concatenate([np.zeros(np.size(u) - n + 1), r_bar]), v, y_bar[0])
    top = np.flip(np.polydiv(np.concatenate([np.flip(q_bar), np.zeros(n - 1)]), v)[0])
    w_bar = np.concatenate([top, r_bar])
    return np.reshape(w_bar, np.shape(u)), -against(w_bar, q, v)


@pushforward(np.polydiv)
def polydiv_dot(y, u, v, *, u_dot, v_dot):
    """du - q dv = dq v + dr, divided by v; of dr the last coefficients, as many as r has: NumPy drops its leading zeros."""
    q, r = y
    if np.size(u) < np.size(v):
        w = np.zeros_like(np.ravel(u)) if u_dot is None else np.ravel(u_dot)
        return np.zeros_like(q), w[np.size(w) - np.size(r) :]
    if u_dot is None:
        w = -np.convolve(q, np.ravel(v_dot))
    else:
        w = np.ravel(u_dot) if v_dot is None else np.ravel(u_dot) - np.convolve(q, np.ravel(v_dot))
    q_dot = np.polydiv(w, v)[0]
    return q_dot, (w - np.convolve(q_dot, np.ravel(v)))[np.size(w) - np.size(r) :]


# Roots and fits


@rule(np.poly)
def poly(y, seq_of_zeros, *, y_bar):
    """y = coefficients of the product of all x - r[i]; by r[i] they change by those of the product of the others, negated.

    These are q[0] = 1,  q[k] = y[k] + r[i] q[k-1].  Shapes: roots (n,), y (n + 1,).
    """
    require(np.ndim(seq_of_zeros) == 1, "the polynomial of a matrix is not in the table: use its eigenvalues")
    q = np.ones_like(seq_of_zeros)
    total = q * y_bar[1]
    for k in range(1, np.size(seq_of_zeros)):
        q = y[k] + seq_of_zeros * q
        total = total + y_bar[k + 1] * q
    return -total


@rule(np.polyfit, wrt=("x", "y", "w"))
def polyfit(p, x, y, deg, rcond=None, full=False, w=None, cov=False, *, p_bar):
    """p minimises |A p - b| with A = W V(x), b = W y: by P = A^+ and r = b - A p, at full rank,

    b_bar = P^T p_bar,  A_bar = conj(r) (P conj(b_bar))^T - b_bar p^T;  then to w and y, and by the powers V to x.
    Shapes: x (n,), y (n,) or (n, k), p (deg + 1,) or (deg + 1, k).  Source: Golub & Pereyra 1973, at full column rank.
    """
    require(not full and not cov, "the further results of `full` and `cov` have no rule")
    require(rcond is None, "with `rcond` the rank is a step of the arguments")
    v = np.vander(x, np.shape(p)[0])
    a = v if w is None else v * np.expand_dims(w, 1)
    scale = np.sqrt(np.sum(np.real(a * np.conjugate(a)), axis=0))
    pseudoinverse = np.linalg.pinv(a / scale) / np.expand_dims(scale, 1)
    columns, p_columns = in_columns(y), in_columns(p)
    b = columns if w is None else columns * np.expand_dims(w, 1)
    b_bar = np.transpose(pseudoinverse) @ in_columns(p_bar)
    r = b - a @ p_columns
    a_bar = np.conjugate(r) @ np.transpose(pseudoinverse @ np.conjugate(b_bar)) - b_bar @ np.transpose(p_columns)
    if w is None:
        return vander(v, x, y_bar=a_bar), np.reshape(b_bar, np.shape(y)), None
    w_bar = np.sum(a_bar * v, axis=1) + np.sum(b_bar * columns, axis=1)
    v_bar, y_bar = a_bar * np.expand_dims(w, 1), b_bar * np.expand_dims(w, 1)
    return vander(v, x, y_bar=v_bar), np.reshape(y_bar, np.shape(y)), w_bar


def in_columns(y):
    """A vector as one column."""
    return np.expand_dims(y, 1) if np.ndim(y) == 1 else y


real_only(np.poly)
refused(
    np.roots, why="whether its result is real or complex depends on the coefficients",
    instead="take np.linalg.eigvals of the companion matrix",
)  # fmt: skip
