"""The ways in which updates in place are got wrong: each gives the right gradient."""

import copy
import inspect

import numpy as np
import oracle_of_memory
import pytest
import trap_memory_programs

from backprose import errors, grad

PROGRAMS = {n: f for n, f in vars(trap_memory_programs).items() if inspect.isfunction(f) and not n.startswith("_")}
RNG = np.random.default_rng(3)
X, M = RNG.normal(size=5), RNG.normal(size=(3, 3))


@pytest.mark.parametrize("name", [name for name in PROGRAMS if name != "stored_in_integers"])
def test_trap(name):
    function = PROGRAMS[name]
    args = (M.copy() if "m" in inspect.signature(function).parameters else X.copy(),)
    oracle_of_memory.check(function, args)


def test_a_store_that_truncates_is_refused():
    with pytest.raises(errors.UnsupportedUpdate, match="truncates"):
        grad(trap_memory_programs.stored_in_integers)(X)


def test_results_do_not_alias_arguments():
    x = X.copy()
    for function in (trap_memory_programs.argument_kept, trap_memory_programs.argument_overwritten_before_it_is_read):
        gradient = grad(function)(x)
        assert not np.shares_memory(gradient, x)
        before = copy.deepcopy(x)
        gradient[:] = 0.0
        assert np.array_equal(x, before)
    assert np.array_equal(grad(trap_memory_programs.argument_overwritten_before_it_is_read)(x), np.zeros(5))
