"""Updates in place: value, gradient and arguments, against the function itself and central differences."""

import copy

import memory_programs
import numpy as np
import pytest

from backprose import errors, grad, value_and_grad


def difference(function, args):
    """The gradient of `function` with respect to its first argument, by central differences."""

    def at(part, rebuild):
        if isinstance(part, dict):
            return {k: at(v, lambda new, k=k: rebuild({**part, k: new})) for k, v in part.items()}
        if isinstance(part, tuple):
            return tuple(at(v, lambda new, i=i: rebuild((*part[:i], new, *part[i + 1 :]))) for i, v in enumerate(part))
        out = np.zeros_like(part)
        for i in np.ndindex(part.shape):
            e = np.zeros_like(part)
            e[i] = 1e-6
            ends = [function(*copy.deepcopy((rebuild(part + s * e), *args[1:]))) for s in (1, -1)]
            out[i] = (ends[0] - ends[1]) / 2e-6
        return out

    return at(args[0], lambda new: new)


def assert_close(a, b):
    if isinstance(a, dict):
        a, b = list(a.values()), [b[k] for k in a]
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            assert_close(x, y)
    else:
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("name", memory_programs.ARGUMENTS)
def test_program(name):
    function, args = getattr(memory_programs, name), memory_programs.ARGUMENTS[name]
    before = copy.deepcopy(args)
    value, gradient = value_and_grad(function)(*args)
    for x, y in zip(_leaves(before), _leaves(args)):
        assert np.array_equal(x, y), "the arguments are left as they were"
    expected = function(*copy.deepcopy(args))
    assert type(value) is type(expected) and value == expected
    assert_close(gradient, difference(function, args))


def _leaves(x):
    if isinstance(x, dict):
        x = list(x.values())
    return [leaf for item in x for leaf in _leaves(item)] if isinstance(x, (list, tuple)) else [x]


def test_arguments_that_share_memory_are_refused_at_run_time():
    x = np.ones(3)
    with pytest.raises(ValueError, match="share memory"):
        grad(memory_programs.two_arguments)(x, x)


def reshaped_then_stored(x):
    y = x.T.reshape(-1)
    y[0] = 3.0
    return np.sum(x)


def stores_in_integers(x):
    counts = np.zeros(3, dtype=int)
    counts[0] = x[0]
    return np.sum(counts * x)


@pytest.mark.parametrize(
    ("function", "args", "what"),
    [
        (reshaped_then_stored, (np.ones((2, 2)),), "share memory"),
        (stores_in_integers, (np.ones(3),), "truncates"),
    ],
)
def test_refused(function, args, what):
    with pytest.raises(errors.UnsupportedUpdate, match=what):
        grad(function)(*args)
