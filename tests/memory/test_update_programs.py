"""Lists, dicts and functions that write to arguments: against the program itself and central differences."""

import copy
import inspect

import numpy as np
import pytest
import update_programs

from backprose import errors, grad, value_and_grad

FUNCTIONS = {n: f for n, f in vars(update_programs).items() if inspect.isfunction(f) and f.__module__ == "update_programs"}
del FUNCTIONS["arguments"]


def leaves(x):
    """The arrays and numbers of a nested value, in order."""
    if isinstance(x, dict):
        x = list(x.values())
    if hasattr(x, "__dataclass_fields__"):
        x = [getattr(x, name) for name in x.__dataclass_fields__]
    return [leaf for item in x for leaf in leaves(item)] if isinstance(x, (list, tuple)) else [np.asarray(x)]


def moved(x, steps):
    """A copy of a nested value with the next of `steps` added to each leaf."""
    if isinstance(x, dict):
        return {key: moved(v, steps) for key, v in x.items()}
    if isinstance(x, (list, tuple)):
        return type(x)(moved(v, steps) for v in x)
    if hasattr(x, "__dataclass_fields__"):
        return type(x)(**{name: moved(getattr(x, name), steps) for name in x.__dataclass_fields__})
    step = next(steps)
    return x + step if isinstance(x, np.ndarray) else x + float(step)


def differences(function, args):
    """The derivative by each leaf of the first argument."""
    parts = leaves(args[0])
    out = [np.zeros(part.shape) for part in parts]
    for k, part in enumerate(parts):
        for i in np.ndindex(part.shape):
            step = [np.zeros(p.shape) for p in parts]
            step[k][i] = 1e-6
            ends = [function(moved(args[0], iter([s * e for e in step])), *copy.deepcopy(args[1:])) for s in (1, -1)]
            out[k][i] = (ends[0] - ends[1]) / 2e-6
    return out


@pytest.mark.parametrize("name", [n for n in FUNCTIONS if n not in update_programs.REFUSED])
def test_program(name, monkeypatch):
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    function, args = FUNCTIONS[name], update_programs.arguments(name)
    before = copy.deepcopy(args)
    value, gradient = value_and_grad(function)(*args)
    assert all(np.array_equal(x, y) for x, y in zip(leaves(before), leaves(args))), "the arguments are as they were"
    np.testing.assert_allclose(value, function(*copy.deepcopy(args)), rtol=1e-13)
    expected = differences(function, args)
    assert len(leaves(gradient)) == len(expected)
    for x, y in zip(leaves(gradient), expected):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", update_programs.REFUSED)
def test_refused(name):
    with pytest.raises(errors.CompileError, match=update_programs.REFUSED[name]):
        value_and_grad(FUNCTIONS[name])(*update_programs.arguments(name))


def test_arrays_of_a_container_that_share_memory_are_refused_at_run_time():
    def program(p):
        p["w"][0] = 1.0
        return np.sum(p["b"])

    x = np.ones(3)
    with pytest.raises(ValueError, match="share memory"):
        value_and_grad(program)({"w": x, "b": x})


@pytest.mark.parametrize(
    "name", ["list_of_states", "list_of_lists", "elements_assigned", "out", "where", "put", "fill_diagonal", "rows"]
)
def test_second_derivative(name):
    first, (x, *rest) = grad(FUNCTIONS[name]), update_programs.arguments(name)
    weights = np.arange(1.0, 6.0)

    def weighed(x, *rest):
        return np.sum(first(x, *rest) * weights)

    steps = np.eye(5) * 1e-6
    expected = [(weighed(x + e, *rest) - weighed(x - e, *rest)) / 2e-6 for e in steps]
    np.testing.assert_allclose(grad(weighed)(x, *rest), expected, rtol=1e-4, atol=1e-4)
