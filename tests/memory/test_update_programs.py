"""Programs that update arrays, lists, dicts and objects: against themselves and central differences."""

import copy
import inspect

import dict_programs
import layout_programs
import growing_programs
import numpy as np
import object_programs
import out_programs
import pytest
import view_programs
import writing_programs
from oracle_of_memory import check

from backprose import errors, grad, value_and_grad

MODULES = (
    growing_programs, dict_programs, object_programs, view_programs, layout_programs, writing_programs, out_programs,
)  # fmt: skip
PROGRAMS = {
    f"{module.__name__}-{name}": (module, name)
    for module in MODULES
    for name, f in vars(module).items()
    if inspect.isfunction(f) and f.__module__ == module.__name__
}
ACCEPTED = [key for key, (module, name) in PROGRAMS.items() if name not in module.REFUSED]


def program(module, name):
    """The function and its arguments."""
    return getattr(module, name), module.ARGUMENTS.get(name, (module.X,))


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


@pytest.mark.parametrize("key", ACCEPTED)
def test_program(key, monkeypatch):
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    function, args = program(*PROGRAMS[key])
    if isinstance(args[0], np.ndarray):
        check(function, args)
        return
    before = copy.deepcopy(args)
    value, gradient = value_and_grad(function)(*args)
    assert all(np.array_equal(x, y) for x, y in zip(leaves(before), leaves(args))), "the arguments are as they were"
    np.testing.assert_allclose(value, function(*copy.deepcopy(args)), rtol=1e-13)
    expected = differences(function, args)
    assert len(leaves(gradient)) == len(expected)
    for x, y in zip(leaves(gradient), expected):
        np.testing.assert_allclose(x, y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("key", [key for key in PROGRAMS if key not in ACCEPTED])
def test_refused(key):
    module, name = PROGRAMS[key]
    function, args = program(module, name)
    with pytest.raises(errors.CompileError, match=module.REFUSED[name]):
        value_and_grad(function)(*args)


def test_arrays_of_a_container_that_share_memory_are_refused_at_run_time():
    def program(p):
        p["w"][0] = 1.0
        return np.sum(p["b"])

    x = np.ones(3)
    with pytest.raises(ValueError, match="share memory"):
        value_and_grad(program)({"w": x, "b": x})


@pytest.mark.parametrize(
    "name", ["views_of_argument", "rows_reshaped", "one_of_two_arguments_written", "reshaped_like_argument"]
)
def test_other_layouts_are_refused_at_run_time(name):
    function, args = program(layout_programs, name)
    gradient = grad(function)
    gradient(*args)
    with pytest.raises(ValueError, match="not contiguous in C order"):
        gradient(np.asfortranarray(args[0]), *args[1:])


def test_a_result_in_another_layout_is_refused_at_run_time():
    def columns_first(x):
        y = np.outer(x, x**2).T * 1.0
        v = y.reshape(-1)
        v[1] = x[0]
        return np.sum(y)

    with pytest.raises(ValueError, match="not contiguous in C order"):
        grad(columns_first)(np.arange(1.0, 4.0))


SECOND = [
    "growing_programs-list_of_states", "growing_programs-list_of_lists", "growing_programs-elements_assigned", "out_programs-out",
    "out_programs-where", "writing_programs-put", "writing_programs-fill_diagonal", "view_programs-rows",
    "view_programs-view_at_positions", "view_programs-flat", "view_programs-parts_of_complex",
    "layout_programs-layout_of_the_cotangent", "writing_programs-updates_in_turn",
]  # fmt: skip


@pytest.mark.parametrize("key", SECOND)
def test_second_derivative(key):
    function, (x, *rest) = program(*PROGRAMS[key])
    first = grad(function)
    weights = np.arange(1.0, 6.0)

    def weighed(x, *rest):
        return np.sum(first(x, *rest) * weights)

    steps = np.eye(5) * 1e-6
    expected = [(weighed(x + e, *rest) - weighed(x - e, *rest)) / 2e-6 for e in steps]
    np.testing.assert_allclose(grad(weighed)(x, *rest), expected, rtol=1e-4, atol=1e-4)
