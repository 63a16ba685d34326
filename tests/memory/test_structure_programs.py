"""What objects, dicts, lists and tuples hold is followed through loops that rebind and update it."""

import inspect

import numpy as np
import oracle_of_memory
import pytest
import structure_programs

from backprose import grad

PROGRAMS = {
    n: f for n, f in vars(structure_programs).items() if inspect.isfunction(f) and not n.startswith("_")
}  # fmt: skip


@pytest.mark.parametrize("x", [[0.3, -0.9, 1.3], [-0.3, 0.9, 1.1]])
@pytest.mark.parametrize("name", PROGRAMS)
def test_right(name, x):
    oracle_of_memory.check(PROGRAMS[name], (np.array(x),))


def test_an_object_is_none_of_the_emitted_code():
    gradient = grad(structure_programs.attributes_that_change_places)
    gradient(np.array([0.3, -0.9, 1.3]))
    assert "p_u, p_v = p_v, p_u" in gradient.source
    assert "Field" not in gradient.source and "which_" not in gradient.source
