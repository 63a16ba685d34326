"""Objects of plain classes and dataclasses in functions that update in place: differences, second order, text, refusals."""

import inspect

import numpy as np
import object_programs
import oracle_of_memory
import pytest

from backprose import errors, grad, value_and_grad

PROGRAMS = {
    n: f for n, f in vars(object_programs).items() if inspect.isfunction(f) and f.__module__ == "object_programs"
}
X = np.random.default_rng(5).normal(size=4)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name, monkeypatch):
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    oracle_of_memory.check(PROGRAMS[name], (X.copy(),))
    oracle_of_memory.check(PROGRAMS[name], (-X,))


@pytest.mark.parametrize("name", PROGRAMS)
def test_second_order(name):
    first, weights = grad(PROGRAMS[name]), np.arange(1.0, 5.0)

    def slope(x):
        return np.sum(weights * first(x))

    found = grad(slope)(X.copy())
    steps = 1e-5 * np.eye(4)
    wanted = [(slope(X + d) - slope(X - d)) / 2e-5 for d in steps]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)
