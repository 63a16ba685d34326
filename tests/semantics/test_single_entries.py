"""Every kind of index into axes of length 1, and positions beyond the examples that kinds are found with."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "memory"))
import oracle_of_memory  # noqa: E402


def element(x):
    s = 0.0
    for j in range(len(x)):
        s += x[j] * x[-1 - j]
    return s


def parts(x, i):
    s = np.sum(x[i:] ** 2) + np.sum(x[: i + 1]) + np.sum(x[i : i + 1] * x)
    s += x[i - 1]
    s += np.sum(x[i:i])
    return s


def entries(m):
    s = 0.0
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            s += m[i, j] * m[i, j - 1] + m[i][j] * m[..., j][i]
        s += np.sum(m[i] * m[-1]) + np.sum(m[i, None, :]) + np.sum(m[i:, 0] ** 2)
    return s


def positions(m, i):
    s = 0.0
    s += np.sum(m[[i, i], 0]) + np.sum(m[[i] * 3] * m[0]) + np.sum(m[np.array([i, i])] ** 2)
    return s


def stored(m, i):
    m[i, i] *= m[i - 1, i]
    m[:, i] += m[i, i] * 2
    m[i, i:] *= m[i, i]
    return np.sum(m**2)


def far(x):
    s = 0.0
    s += x[10] * x[-11]
    return s + np.sum(x[[10, 9]] * x[8]) + np.sum(x[10:])


ONE, SQUARE, TALL = np.array([0.7]), np.array([[0.7]]), np.array([[0.7], [0.3], [0.2]])
CASES = [
    (element, (ONE,)),
    (parts, (ONE, 0)),
    (entries, (SQUARE,)),
    (entries, (TALL,)),
    (entries, (TALL.T.copy(),)),
    (positions, (SQUARE, 0)),
    (positions, (TALL, 0)),
    (stored, (SQUARE, 0)),
    (stored, (TALL, 0)),
    (far, (np.linspace(0.1, 1.2, 12),)),
]


@pytest.mark.parametrize(("f", "args"), CASES, ids=[f"{f.__name__}-{args[0].shape}" for f, args in CASES])
def test_gradient(f, args):
    oracle_of_memory.check(f, args, wrt=(0,))
