"""What a loop rebinds and somebody updates: right for any number of iterations, or refused with both names."""

import inspect

import numpy as np
import oracle_of_memory
import pytest
import rebound_programs

from backprose import errors, grad

PROGRAMS = {n: f for n, f in vars(rebound_programs).items() if inspect.isfunction(f)}


@pytest.mark.parametrize("s", [0.7, -0.7, 2.0, 0.0])
@pytest.mark.parametrize("name", [n for n in PROGRAMS if n not in rebound_programs.REFUSED])
def test_right(name, s):
    for x in ([0.3, -0.9, 1.3], [-0.3, 0.9, 1.1]):
        oracle_of_memory.check(PROGRAMS[name], (np.array(x), s), wrt=(0,))


@pytest.mark.parametrize("name", rebound_programs.REFUSED)
def test_refused(name):
    with pytest.raises(errors.UnsupportedUpdate, match=rebound_programs.REFUSED[name]):
        grad(PROGRAMS[name])(np.array([0.3, -0.9, 1.3]), 2.0)


def test_buffers_that_only_change_places_are_updated_without_asking_which_is_which():
    for name in ("swapped_by_a_condition", "rotated_then_written", "swapped_until_done"):
        gradient = grad(PROGRAMS[name])
        gradient(np.array([0.3, -0.9, 1.3]), 0.7)
        assert "which_" not in gradient.source
