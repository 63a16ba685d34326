"""What a loop overwrote is put back where that is cheaper than to keep what was computed from it."""

import backprose
import numpy as np
import pytest

rng = np.random.default_rng(2)


def one_operation(u):
    u = u.copy()
    for _ in range(3):
        u[1:-1] -= 0.1 * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u * u)


def three_operations(u):
    u = u.copy()
    for _ in range(3):
        u[1:-1] -= u[1:-1] * (u[2:] - u[:-2] + u[1:-1] + u[:-2])
    return np.sum(u * u)


def three_values(u):
    u = u.copy()
    for _ in range(3):
        u[1:-1] -= u[1:-1] * np.sin(u[2:] - u[:-2]) * (u[2:] + u[:-2])
    return np.sum(u * u)


PROGRAMS = {one_operation: True, three_operations: False, three_values: True}


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_put_back_or_kept(program):
    u = rng.normal(size=7) / 3
    gradient = backprose.grad(program)
    gradient(u)
    backward = gradient.source.partition("# backward")[2]
    assert ("u[1:-1] = " in backward) == PROGRAMS[program], gradient.source
    backprose.check_grads(program, (u,))
