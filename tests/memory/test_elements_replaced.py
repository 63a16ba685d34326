"""What is kept of an array in a list is no copy where the list gets another array, and one where the array is written to."""

import backprose
import numpy as np
import pytest


def replaced(x, n):
    xs = [x * 1.0, x * 2.0]
    for i in range(n):
        xs[i % 2] = np.sin(xs[i % 2]) * xs[0]
    return np.sum(xs[0] * xs[1])


def swapped(x, n):
    xs = [x * 1.0, x * 2.0]
    for i in range(n):
        xs[0], xs[1] = xs[1] * xs[0], np.cos(xs[0])
    return np.sum(xs[0] * xs[1])


def added_to(x, n):
    xs = [x * 1.0, x * 2.0]
    for i in range(n):
        y = np.sin(xs[i % 2])
        xs[i % 2] += y * xs[0]
    return np.sum(xs[0] * xs[1])


def entry_written(x, n):
    xs = [x * 1.0, x * 2.0]
    for i in range(n):
        y = np.sum(xs[0] * xs[1])
        xs[i % 2][1] = y * xs[0][0]
    return np.sum(xs[0] * xs[1])


def both(x, n):
    xs = [x * 1.0, x * 2.0]
    for i in range(n):
        xs[0] = np.sin(xs[0]) * xs[1]
        xs[1][0] *= xs[0][1]
    return np.sum(xs[0] * xs[1])


def by_another_name(x, n):
    xs = [x * 1.0, x * 2.0]
    for i in range(n):
        y = xs[0]
        z = np.exp(y)
        y *= z
        xs[1] = y * z
    return np.sum(xs[0] * xs[1])


def in_a_longer_list(x, n):
    xs = [x * (1.0 + k) for k in range(n)]
    for i in range(1, n):
        y = xs[i]
        xs[i] = np.sin(y) * xs[i - 1]
        xs[i - 1] = y * xs[i]
    return sum([np.sum(y * y) for y in xs])


def slices(x, n):
    xs = [x * (1.0 + k) for k in range(n)]
    for i in range(1, n):
        y = xs[i][1:]
        xs[i] = np.sin(xs[i - 1]) * np.sum(y * y)
        xs[i - 1][1:] *= y
    return sum([np.sum(y * y) for y in xs])


WRITTEN_TO = {replaced: False, swapped: False, added_to: None, entry_written: None, both: None, by_another_name: None,
              in_a_longer_list: False, slices: None}  # fmt: skip


@pytest.mark.parametrize("program", WRITTEN_TO, ids=lambda f: f.__name__)
def test_elements(program):
    x = np.array([0.3, -0.7, 0.9])
    gradient = backprose.grad(program)
    gradient(x, 3)
    if WRITTEN_TO[program] is False:
        assert "copy" not in gradient.source, gradient.source
    backprose.check_grads(lambda x: program(x, 3), (x,))
