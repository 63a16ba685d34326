"""Programs that NumPy and JAX run alike: the text is executed a second time with `jax.numpy` in the place of `numpy`.

`PROGRAMS` holds each with its arguments. A program returns a number or an array; nothing in it writes in place, and no
branch depends on an argument, for JAX takes neither.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.special import expit, gammaln, logsumexp

PROGRAMS: dict[str, tuple[Callable, tuple]] = {}
RNG = np.random.default_rng(20)


def program(*shapes: Any) -> Callable:
    """The function below, with arguments of these shapes, or of lists, tuples and dicts of such."""

    def add(function: Callable) -> Callable:
        PROGRAMS[function.__name__] = function, tuple(map(made, shapes))
        return function

    return add


def made(shape: Any) -> Any:
    match shape:
        case dict():
            return {key: made(inner) for key, inner in shape.items()}
        case list():
            return [made(inner) for inner in shape]
        case tuple() if not all(isinstance(n, int) for n in shape):
            return tuple(map(made, shape))
        case tuple():
            return RNG.normal(size=shape) if shape else float(RNG.normal())
        case int() | np.ndarray():
            return shape
        case "complex":
            return RNG.normal(size=3) + 1j * RNG.normal(size=3)
        case "positive":
            return RNG.uniform(0.5, 2.0, 4)
    raise ValueError(f"no argument of the form {shape!r}")


# Elementwise


@program((4,), (4,))
def chain(x, y):
    return np.sin(x) * np.exp(-y * y) / (1 + x * x) - np.arctan2(y, 1.5 + x * x)


@program("positive", "positive")
def powers(x, y):
    return x**y + np.sqrt(x) * np.log1p(y) - x**3 / np.hypot(x, y) + np.float_power(x, -0.5)


@program((2, 3), (3,), ())
def broadcast(a, row, s):
    return np.tanh(a * row + s) / (2 + np.cos(row)) + s * a[:, :1]


@program("positive")
def special(x):
    return gammaln(x) + expit(-x) * np.expm1(x) + np.arcsinh(x) - np.logaddexp(x, 1.0)


@program((5,))
def masked(x):
    safe = np.where(x > 0, x, 1.0)
    return np.where(x > 0, np.log(safe) * x, np.exp(x) - x**2)


@program((5,), (5,))
def clipped(x, y):
    return np.clip(x, -0.5, 0.7) * y + np.maximum(x * y, 0.1) ** 2 - np.abs(x - y) ** 3


# Reductions


@program((3, 4))
def standardized(x):
    centred = x - np.mean(x, axis=0)
    return centred / np.sqrt(np.var(x, axis=0) + 1e-3)


@program((3, 4))
def log_softmax(z):
    return z - logsumexp(z, axis=1, keepdims=True)


@program((4,), (3, 4))
def products(x, a):
    return np.prod(x) + np.cumprod(x) * np.max(a, axis=0) - np.min(a) * np.std(x)


@program((6,))
def running(x):
    c = np.cumsum(x * x)
    return np.diff(c) / (1 + c[1:]) + np.sort(x)[::-1][:5] * np.linspace(0.0, 1.0, 5)


# Products


@program({"w": (3, 4), "b": (4,)}, {"w": (4, 2), "b": (2,)}, (5, 3))
def mlp(first, second, x):
    h = np.tanh(x @ first["w"] + first["b"])
    return h @ second["w"] + second["b"]


LABELS = np.array([0, 2, 1, 2])


@program((3, 3), (3,), (4, 3))
def cross_entropy(w, b, x):
    z = x @ w + b
    z = z - np.max(z, axis=1, keepdims=True)
    log_p = z - np.log(np.sum(np.exp(z), axis=1, keepdims=True))
    return -np.mean(log_p[np.arange(4), LABELS])


@program((2, 3, 2), (2, 4, 2), (2, 4, 3))
def attention(q, k, v):
    scores = np.einsum("bqd,bkd->bqk", q, k) / np.sqrt(2.0)
    weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
    return np.matmul(weights / np.sum(weights, axis=-1, keepdims=True), v)


@program((3,), (4,), (3, 4))
def bilinear(u, v, a):
    return np.outer(u, v) * a + np.tensordot(u, a, axes=(0, 0)) @ v + np.dot(u, a @ v) * np.kron(u, v).reshape(3, 4)


# Linear algebra


@program((3, 3), (3, 2))
def solved(a, b):
    return np.linalg.solve(a + 4 * np.eye(3), b)


@program((3, 3))
def determinants(a):
    m = a @ a.T + np.eye(3)
    return np.linalg.slogdet(m)[1] + np.linalg.det(a) + np.trace(np.linalg.inv(m))


@program((3, 3), (3,))
def gaussian_log_density(a, x):
    low = np.linalg.cholesky(a @ a.T + np.eye(3))
    z = np.linalg.solve(low, x)
    return -0.5 * np.sum(z * z) - np.sum(np.log(np.diag(low)))


@program((3, 3))
def spectrum(a):
    values, vectors = np.linalg.eigh(a + a.T + np.diag(np.array([0.0, 3.0, 7.0])))
    return values + np.sum(vectors**2 * np.arange(3.0)[:, None], axis=0) * np.exp(-(values**2) / 10)


@program((3, 2))
def singular_values(a):
    return np.linalg.svd(a, compute_uv=False) + np.linalg.norm(a) + np.linalg.norm(a, axis=0)


# Indices and shapes


@program((5, 2), (3,))
def gathered(table, s):
    rows = table[np.array([0, 3, 3])] * s[:, None]
    return np.concatenate([rows.ravel(), np.take(table, np.array([1, 1, 4]), axis=0)[:, 1], table[::-2, 0] ** 2])


@program((2, 3), (2, 3))
def rearranged(a, b):
    c = np.stack([a, b.T.reshape(2, 3)], axis=1)
    return np.roll(c, 1, axis=2) * np.transpose(c, (1, 0, 2)) + np.pad(a[:, :2], ((0, 0), (1, 0))) * np.flip(b)


@program((4, 4))
def triangles(a):
    return np.tril(a) @ np.triu(a, 1) + np.diag(np.diagonal(a) ** 2) - np.repeat(np.tile(a[0, :2], 2)[None], 4, axis=0)


# Loops


@program((2,), ())
def pendulum(state, dt):
    q, p = state[0], state[1]
    for _ in range(6):
        p = p - dt * np.sin(q)
        q = q + dt * p
    return q * q + p


@program((3, 3), (3, 2), (4, 2))
def recurrent(w, u, inputs):
    h = np.zeros(3)
    for x in inputs:
        h = np.tanh(w @ h + u @ x)
    return h


@program((8,), 3)
def heat(u, steps):
    k = 0
    while k < steps:
        u = u + 0.2 * (np.roll(u, 1) - 2 * u + np.roll(u, -1)) - 0.05 * u**3
        k += 1
    return u


def midpoint(f, y, h):
    return y + h * f(y + 0.5 * h * f(y))


@program((3,), ((), ()))
def lotka_volterra(y, rates):
    a, b = rates
    for _ in range(2):
        y = midpoint(lambda z: z * np.array([a - z[1], b * z[0] - 1, -1.0]), y, 0.1)
    return y


# Containers


@program([{"w": (2, 2), "b": (2,)}, {"w": (2, 2), "b": (2,)}], ((2,), ()))
def layers(layers, given):
    h, scale = given
    for layer in layers:
        h = np.tanh(layer["w"] @ h + layer["b"]) * scale
    return h


@program({"mean": (3,), "log_scale": (3,)}, (3,))
def free_energy(q, noise):
    z = q["mean"] + np.exp(q["log_scale"]) * noise
    return np.sum(z**4 - 2 * z**2) - np.sum(q["log_scale"])


@program((3,), [(3,), (3,), (3,)])
def mixture(x, centres):
    return -logsumexp(np.array([-0.5 * np.sum((x - c) ** 2) for c in centres]))


# Complex numbers and transforms


@program((8,), (8,))
def filtered(x, h):
    return np.fft.irfft(np.fft.rfft(x) * np.fft.rfft(h))


@program((6,))
def power_spectrum(x):
    return np.abs(np.fft.fft(x)) ** 2 + np.real(np.fft.ifft(x * np.exp(1j * x)))


@program("complex", "complex")
def complex_energy(z, w):
    return np.real(np.conj(z) * w + z * z * w) + np.abs(z) ** 2 * np.imag(w * w)


@program("complex")
def complex_chain(z):
    return np.real(np.exp(1j * z) / (z * z + 4.0)) + np.abs(z - 2.0)
