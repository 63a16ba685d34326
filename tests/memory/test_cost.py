"""What a gradient costs: updates of parts take the time and the memory of the parts."""

from __future__ import annotations

import inspect
import re
import tracemalloc

import cost_programs
import numpy as np
import oracle_of_memory
import pytest
from backprose import grad

PROGRAMS = {
    name: f for name, f in vars(cost_programs).items() if inspect.isfunction(f) and list(inspect.signature(f).parameters) == ["x"]
}
COPYING = re.compile(r"\b(set_at|put_at|add_at)\(")


def peak(gradient, x) -> int:
    """The least peak of two calls: what other threads allocate is counted too."""
    found = []
    for _ in range(2):
        tracemalloc.start()
        gradient(x)
        found.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return min(found)


@pytest.mark.parametrize("name", PROGRAMS)
def test_gradient(name):
    oracle_of_memory.check(PROGRAMS[name], (np.random.default_rng(3).normal(size=7),))


@pytest.mark.parametrize("name", PROGRAMS)
def test_no_update_copies(name):
    gradient = grad(PROGRAMS[name])
    gradient(np.random.default_rng(3).normal(size=7))
    assert not COPYING.search(gradient.source), gradient.source


@pytest.mark.parametrize("name", PROGRAMS)
def test_memory_grows_linearly(name):
    gradient = grad(PROGRAMS[name])
    x = np.random.default_rng(3).uniform(-1.0, 1.0, size=8000)  # long beside what Python has already: integers, free tuples
    gradient(x[:10])
    assert peak(gradient, x) < 2.5 * peak(gradient, x[:4000])


def stored_in_a_branch(x, s):
    y = x * 1.0
    if s > 0:
        y[1] *= y[0]
    return np.sum(y * y)


def test_straight_code_keeps_parts():
    gradient = grad(stored_in_a_branch)
    gradient(np.ones(3), 1.0)
    assert "y[1] = t1 * t" in gradient.source, gradient.source
