"""Objects of plain classes and dataclasses in functions that update in place: differences, second order, text."""

import inspect

import numpy as np
import plain_object_loops
import plain_object_programs
import oracle_of_memory
import pytest

from backprose import grad

PROGRAMS = {
    n: f for module in (plain_object_programs, plain_object_loops) for n, f in vars(module).items()
    if inspect.isfunction(f) and f.__module__ == module.__name__ and not hasattr(f, "helper")
}  # fmt: skip
X = np.random.default_rng(5).normal(size=4)


@pytest.mark.parametrize("name", PROGRAMS)
def test_program(name, monkeypatch):
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    oracle_of_memory.check(PROGRAMS[name], (X.copy(),))
    oracle_of_memory.check(PROGRAMS[name], (-X,))


@pytest.mark.parametrize("name", [n for n in PROGRAMS if n != "chain_by_recursion"])  # which has none
def test_second_order(name):
    first, weights = grad(PROGRAMS[name]), np.arange(1.0, 5.0)

    def slope(x):
        return np.sum(weights * first(x))

    found = grad(slope)(X.copy())
    steps = 1e-5 * np.eye(4)
    wanted = [(slope(X + d) - slope(X - d)) / 2e-5 for d in steps]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_a_class_attribute_is_read_anew():
    gradient = grad(plain_object_programs.class_method)
    before = gradient(X)
    rate = plain_object_programs.Body.rate
    try:
        plain_object_programs.Body.rate = 3.0
        ends = [[plain_object_programs.class_method(X + s * d) for s in (1, -1)] for d in 1e-6 * np.eye(4)]
        np.testing.assert_allclose(gradient(X), [(a - b) / 2e-6 for a, b in ends], rtol=1e-5, atol=1e-7)
        assert not np.allclose(gradient(X), before)
    finally:
        plain_object_programs.Body.rate = rate


def test_an_object_as_a_result():
    def program(x):
        s = plain_object_programs.Solver(x * 1.0)
        s.step(0.1)
        s.extra = None
        return s.total, s

    bar, s = grad(program, has_aux=True)(X)
    wanted = program(X)[1]
    assert type(s) is plain_object_programs.Solver and list(vars(s)) == list(vars(wanted))
    assert np.array_equal(s.u, wanted.u) and np.array_equal(s.v, wanted.v) and (s.t, s.k) == (wanted.t, wanted.k)
    assert not np.shares_memory(s.u, bar)


def test_nothing_of_the_objects_is_emitted():
    gradient = grad(plain_object_programs.steps)
    gradient(X)
    assert "Solver" not in gradient.source and "new_record" not in gradient.source
    assert "u[1:] +=" in gradient.source and "v += " in gradient.source
