"""Programs that update arrays in place, as people write them."""

import numpy as np


def heat(u, alpha, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1] += alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u ** 2)


def heat_arg(u, alpha, steps):
    for _ in range(steps):
        u[1:-1] += alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u ** 2)


def prefix(x):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = y[i-1] * x[i] + np.sin(x[i])
    return np.sum(y * y)


def alias(x):
    y = x * 1
    z = y
    z += 1
    return np.sum(y * y)


def view(x):
    y = x * 2
    v = y[1:3]
    v *= y[0]
    return np.sum(y * y * x)


def swap(x):
    y = x.copy()
    y[0], y[2] = y[2], y[0] * y[1]
    return np.sum(y * np.arange(1.0, 6.0))


def branch(x):
    y = x * 1.0
    if x[0] > 0:
        y[1] = x[0] * x[2]
        y[2:] *= 3
    else:
        y[0] = 5.0
    return np.sum(np.sin(y))


def wave(u, steps):
    v = u * 0.5
    for k in range(steps):
        w = np.zeros_like(u)
        w[1:-1] = 2 * u[1:-1] - v[1:-1] + 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2]) ** 2
        v, u = u, w
    return np.sum(u * v)


def double_buffer(x, n):
    u = x.copy()
    v = np.zeros_like(x)
    for k in range(n):
        v[1:] = u[:-1] * u[1:]
        v[0] = u[0]
        u, v = v, u
    return np.sum(u * v) + np.sum(u)


def matrix(x):
    a = np.outer(x, x)
    a[0] = a[1] * 2
    a.T[1] = x
    a[:, 2] += x * a[2, 2]
    return np.sum(a * a)


def overwrite(x):
    x[:] = 3.0
    return np.sum(x * x)


def gs(x, n):
    u = x.copy()
    for k in range(n):
        for i in range(1, len(u) - 1):
            u[i] = 0.5 * (u[i - 1] + u[i + 1]) + 0.1 * u[i] ** 2
    return np.sum(u * u)


def callee(x):
    def bump(a, k):
        a[k] += a[k] * a[0]
    y = x * 1.0
    bump(y, 1)
    bump(y, 2)
    return np.sum(y ** 2)


def mask(x):
    y = x * 1.0
    y[x > 0] = 0.0
    y[[0, 0, 1]] = x[:3]
    y[[2, 2]] += x[3:5]
    return np.sum(y * y)


def dictupd(p):
    for k in range(3):
        p["w"] -= 0.1 * p["w"] * p["b"]
    return np.sum(p["w"] ** 2)


def inplace_scalar(x):
    y = x.copy()
    y += 1
    y *= x
    y /= 2.0
    y **= 2
    return np.sum(y)


def tuple_of_arrays(t):
    a, b = t
    a[1:] *= b[0]
    t[1][0] = a[1]
    return np.sum(a) * np.sum(t[0]) + np.sum(b)


def two_arguments(x, y):
    x[0] = y[1] * 2
    return np.sum(x * y)


RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
ARGUMENTS = {
    "heat": (RNG.normal(size=8), 0.1, 3), "heat_arg": (RNG.normal(size=8), 0.1, 3), "prefix": (X,), "alias": (X,),
    "view": (X,), "swap": (X,), "branch": (X,), "wave": (X, 4), "double_buffer": (X, 4), "matrix": (X,),
    "overwrite": (X,), "gs": (X, 3), "callee": (X,), "mask": (X,),
    "dictupd": ({"w": X.copy(), "b": RNG.normal(size=5)},), "inplace_scalar": (X,),
    "tuple_of_arrays": ((np.arange(3.0) + 1, np.ones(2) * 2),), "two_arguments": (X, RNG.normal(size=5)),
}  # fmt: skip
