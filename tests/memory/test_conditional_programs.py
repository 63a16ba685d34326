"""Conditional references: read and written by the condition that they were made by."""

import inspect

import conditional_programs
import numpy as np
import oracle_of_memory
import pytest

from backprose import grad

PROGRAMS = {
    n: f for n, f in vars(conditional_programs).items()
    if inspect.isfunction(f) and not n.startswith("_")
}  # fmt: skip


@pytest.mark.parametrize("x", [[0.3, -0.9, 1.3], [-0.3, 0.9, 1.1]])
@pytest.mark.parametrize("s", [0.7, -0.7])
@pytest.mark.parametrize("name", PROGRAMS)
def test_right_on_either_path(name, s, x):
    oracle_of_memory.check(PROGRAMS[name], (np.array(x), s), wrt=(0,))


@pytest.mark.parametrize("s", [0.7, -0.7])
def test_second_derivatives(s):
    def speed(x):
        g = grad(conditional_programs.shared_or_new)(x, s)
        return np.sum(g * g)

    x, h = np.array([0.3, -0.9, 1.3]), 1e-6
    found = grad(speed)(x)
    wanted = [(speed(x + h * e) - speed(x - h * e)) / (2 * h) for e in np.eye(3)]
    assert np.allclose(found, wanted, rtol=1e-5)


def doubt_through_two_functions(x):
    y = x * 2
    z = np.asarray(y, dtype=float)
    w = np.asarray(z, dtype=float)
    y[0] = x[1] * x[2]
    return np.sum(np.sin(w))


def test_doubt_goes_on_through_what_may_be_a_view():
    """`w` may be `y` itself: reading it after the store is right or refused, but never what was there before."""
    from backprose import errors

    try:
        oracle_of_memory.check(doubt_through_two_functions, (np.arange(1.0, 6.0),))
    except errors.UnsupportedUpdate as error:
        assert "`w`" in str(error) and "`y`" in str(error)
