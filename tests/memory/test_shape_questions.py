"""Shapes of arrays that are updated: asked of what is at hand, and nothing is summed where they are equal."""

import re

import numpy as np
import oracle_of_memory
import pytest

from backprose import grad
from backprose.analysis.versions import Versions
from backprose.ir.kinds import MANY, Array
from backprose.pipeline import PRIMAL_PASSES, lowered, run_passes
from backprose.transform.infer import Inference



def running(x):
    for i in range(1, len(x)):
        x[i] += np.sin(x[i - 1])
    return np.sum(x * x)


def table(x):
    u = np.zeros((len(x), 3))
    if x[0] > 0:
        u[0] = x[0]
    for i in range(1, len(x)):
        for j in range(u.shape[1]):
            u[i, j] = u[i - 1, j] * x[i] + np.sum(u[i - 1])
    return u[-1] @ u[-2]


def eliminated(a):
    for i in range(len(a)):
        p = np.argmax(np.abs(a[i:, i])) + i
        if p != i:
            a[[i, p]] = a[[p, i]]
        for j in range(i + 1, len(a)):
            a[j, i:] -= a[j, i] / a[i, i] * a[i, i:]
    return np.sum(np.diag(a) ** 2)


def gathered(a, index):
    for i in range(len(index)):
        if i % 2:
            a[index[: i + 1]] = a[index[i : 2 * i + 1]] * a[i]
    return np.sum(a * a)


def size_of_part(x):
    s = 0.0
    for i in range(1, len(x)):
        x[:i] *= 1.5
        s += np.mean(x[i:]) * np.mean(x)
    return s


def stretched_later(a):
    """`v` has one entry at first, and then a row."""
    v = a[0, :1].copy()
    for i in range(1, len(a)):
        a[i] += v * a[i]
        v = a[i] * 2.0
    return np.sum(a * a)


def shorter_each_time(x):
    for i in range(3):
        y = x[:-1] * x[1:] + np.sin(x[:-1])
        x = y
    return np.sum(x)


def stretched_in_the_last(a):
    """The slices of both sides end at different places, and one has one entry at last."""
    n = len(a)
    for i in range(n):
        a[i, : n - i] += a[i, n - 1 : n] * a[0, : n - i]
    return np.sum(a * a)


def of_several_iterations(a):
    parts = []
    for i in range(1, 4):
        parts.append(a[:i])
    s = 0.0
    for p, q in zip(parts[:1] * 3, parts):
        s += np.sum(p * q)
    return s


def matrix(n):
    return np.cos(np.arange(n * n)).reshape(n, n) + 2 * np.eye(n)


INDEX = np.array([0, 2, 1, 3, 4, 1, 0, 2])
CASES = [
    (running, (np.linspace(0.2, 0.9, 5),)),
    (table, (np.linspace(0.2, 0.9, 4),)),
    (eliminated, (matrix(4)[::-1].copy(),)),
    (gathered, (matrix(5), INDEX[:4])),
    (size_of_part, (np.linspace(0.2, 0.9, 5),)),
    (stretched_later, (matrix(4),)),
    (shorter_each_time, (np.linspace(0.2, 0.9, 6),)),
    (stretched_in_the_last, (matrix(4),)),
    (of_several_iterations, (np.linspace(0.2, 0.9, 5),)),
]


@pytest.mark.parametrize(("f", "args"), CASES, ids=[f.__name__ for f, _ in CASES])
def test_gradient(f, args):
    oracle_of_memory.check(f, args, wrt=(0,))


def source(f, *args):
    g = grad(f)
    g(*args)
    return g.source


@pytest.mark.parametrize("f", [running, table])
def test_updates_in_place_although_the_shape_is_asked(f):
    text = source(f, np.ones(4))
    other = re.sub(r"u\.shape\[1\]|np\.zeros\(\w+\.shape\)", "", text)
    assert "set_at" not in text and "add_at(" not in text and "shape" not in other


def test_nothing_whole_is_kept_and_nothing_is_summed_for_shapes():
    text = source(eliminated, matrix(4))
    assert "sum_to" not in text and "as_" not in text and "shapes" not in text


def test_what_changes_its_shape_in_a_loop_has_no_version_outside():
    fn = run_passes(Inference(lowered).run(stretched_later, {"a": Array("float64", (MANY, MANY))}), PRIMAL_PASSES).entry
    loop = next(op for op in fn.ops if op.name == "for")
    versions = Versions(fn.region)
    buffer, row = (next(v for v in loop.carried if v.name == name) for name in ("a", "v"))
    assert versions.outside(buffer, loop.body.params) in loop.inits
    assert versions.outside(row, loop.body.params) is row
