"""Programs that call functions which write to an argument."""

import numpy as np


def fill(x):
    y = x * 1
    y.fill(x[0] * x[1])
    y[1] = x[2]
    return np.sum(y * x)


def sort(x):
    y = x * 1
    z = y
    y.sort()
    return np.sum(z * np.arange(5.0))


def sort_along_axes(x):
    a = np.outer(x, x)
    a.sort(axis=0)
    a[1].sort()
    return np.sum(a * np.arange(25.0).reshape(5, 5))


def copyto(x):
    y = np.zeros(5)
    np.copyto(y, x * x)
    np.copyto(y, x, where=x > 0)
    np.copyto(y[1:3], 2.0)
    return np.sum(y * x)


def put(x):
    y = x * 1
    np.put(y, [0, 2, 0], [x[1], x[2] * x[3], x[4]])
    y.put([1], 3.0)
    return np.sum(y * x)


def fill_diagonal(x):
    a = np.outer(x, x)
    np.fill_diagonal(a, x * 3)
    b = np.outer(x[:3], x)
    np.fill_diagonal(b, x[0])
    return np.sum(a * a) + np.sum(b * b)


def fill_diagonal_tall(x):
    b = np.outer(x, x[:2])
    np.fill_diagonal(b, x[0])
    return np.sum(b * b)


def add_at(x):
    y = x * 1
    np.add.at(y, [0, 0, 3], x[:3] * x[1])
    np.subtract.at(y, ([1, 1],), x[0])
    return np.sum(y * y)


def add_at_matrix(x):
    a = np.zeros((5, 5))
    np.add.at(a, (np.array([0, 0, 1]), np.array([2, 2, 3])), x[:3])
    return np.sum(a * a)


def multiply_at(x):
    y = x * 1
    np.multiply.at(y, [0, 0], x[1])
    return np.sum(y)


def nan_to_num_in_place(x):
    y = x * 1
    np.nan_to_num(y, copy=False)
    return np.sum(y)


def add_at_argument(x, i):
    np.add.at(x, i, x)
    return np.sum(x * x)


def put_everywhere(x):
    m = np.outer(x, x)
    np.put(m, [0, -1, 7, 0], x[:3])
    np.put(m, [3, 30, -40], x[:2] ** 2, mode="wrap")
    np.put(m, np.array([3, 30, -40]), x[1] ** 3, mode="clip")
    np.put(m[1], [1, 2], x[4] * 2)
    y = x * 1
    y.put([1, 1, 2], x**2)
    y.put(3, x[0] ** 2)
    return np.sum(m * m) + np.sum(y * x)


def place(x):
    m = np.outer(x, x)
    np.place(m, m > 0, x[:2] ** 2)
    np.place(m, m < -0.1, [x[0], 1.0, x[2]])
    return np.sum(m * m)


def putmask(x):
    m = np.outer(x, x)
    np.putmask(m, m > 0, x[:2] ** 2)
    np.putmask(m, m < -0.1, x[1])
    np.putmask(m[1:], m[1:] > 1, m[1:] * 2)
    return np.sum(m * m)


def put_along(x):
    m = np.outer(x, x)
    i = np.argmax(m, axis=1)
    np.put_along_axis(m, i[:, None], x[:, None] ** 3, axis=1)
    np.put_along_axis(m, i[None, :], x[0], 0)
    np.put_along_axis(m, np.array([3, 4]), x[1:3], None)
    return np.sum(m * m)


def diagonals(x):
    m = np.outer(x, x)
    np.fill_diagonal(m, x[:2])
    t = np.outer(x, x)[:, :2] * 1.0
    np.fill_diagonal(t, x[0], wrap=True)
    t2 = np.outer(np.concatenate([x, x]), x[:2])
    np.fill_diagonal(t2, x[:3] ** 2, wrap=True)
    c = x[:3, None, None] * x[:3, None] * x[:3]
    np.fill_diagonal(c, x[:3])
    np.fill_diagonal(m[:2], 0.0)
    return np.sum(m * m) + np.sum(t * t) + np.sum(t2**2) + np.sum(c * c)


def sorted_in_place(x):
    m = np.outer(x, x)
    m.sort(0)
    m[0].sort(kind="stable")
    v = m.T[1]
    v.sort()
    m[1].partition(2)
    m.partition((1, 3), axis=0)
    return np.sum(m * np.arange(25.0).reshape(5, 5))


def partitioned(x):
    return np.sum(np.partition(x * 2, 2) * np.arange(5.0)) + np.sum(np.partition(np.outer(x, x), 3, axis=None)[:4] ** 2)


def nan_in_place(x):
    y = np.where(x > 0, np.nan, x)
    z = np.nan_to_num(y, copy=False, nan=2.0)
    z[0] = x[0] ** 2
    np.nan_to_num(y[1:], False)
    return np.sum(y * x)


def shuffled(x):
    rng = np.random.default_rng(3)
    y = x * 1
    rng.shuffle(y)
    m = np.outer(x, y)
    rng.shuffle(m)
    rng.shuffle(m, axis=1)
    return np.sum(y * np.arange(5.0)) + np.sum(m * np.arange(25.0).reshape(5, 5))


def filled_views(x):
    m = np.outer(x, x)
    m[1].fill(x[0] ** 2)
    m.T[2].fill(3)
    return np.sum(m * m)


def updates_in_turn(x):
    y = x * 1
    np.multiply.at(y, [0, 0, 2], x[1:4])
    np.divide.at(y, [0, 0], x[1] + 4)
    m = np.outer(x, x)
    np.maximum.at(m, ([0, 0, 1], [1, 1, 2]), x[:3])
    np.minimum.at(m[2], [0, 0, 1], x[0])
    np.power.at(m, (slice(1, 2), [1, 1]), 2)
    np.logaddexp.at(m[1:], 1, x)
    np.multiply.at(m, m > 1, x[0])
    np.negative.at(y, [0, 0, 1])
    np.exp.at(y, [1, 1])
    np.hypot.at(y, np.array([[1, 1], [2, 3]]), x[:2])
    return np.sum(y * x) + np.sum(m * m)


def shares_rounded_in_turn(x):
    y = (x * 1).astype(np.float32)
    np.add.at(y, [0, 0, 2], x[1:4])
    return np.sum(y * y)


def copyto_everywhere(x):
    m = np.outer(x, x)
    np.copyto(m, x)
    np.copyto(m[1:], [[x[0]]], where=m[1:] > 0)
    np.copyto(m, 3, casting="unsafe", where=[True, False, False, False, False])
    np.copyto(m.T[0], x**2)
    f = np.zeros(5, np.float32)
    np.copyto(f, x)
    return np.sum(m * m) + np.sum(f * x)


def resized(x):
    y = x * 1
    y.resize((2, 3))
    return np.sum(y)


RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
ARGUMENTS = {"add_at_argument": (X, np.array([0, 1, 1, 2, 0]))}
REFUSED = {"resized": "changes its shape"}
