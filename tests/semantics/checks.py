"""What is checked of every program: value, gradient, IR, optimisation, arguments; and for some the second order.

A program is registered with `@program(args, args, ...)`: tuples of arguments to call it with. Every argument that holds
a float is differentiated.
"""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backprose.analysis.kinds import kind_of
from backprose.ir.interpret import interpret
from backprose.pipeline import Compilation, Plan, compile_function
from backprose.transform.gradient import Request
from backprose.transform.nested import call_gradient

STEP = 1e-4  # with differences of fourth order, truncation and rounding are both below 1e-11


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    function: Callable
    args: tuple
    second: bool


@dataclasses.dataclass
class Programs:
    """The programs of one file."""

    cases: list[Case] = dataclasses.field(default_factory=list)

    def __call__(self, *argument_lists: tuple, second: bool = True) -> Callable:
        def register(function: Callable) -> Callable:
            name = getattr(function, "__qualname__", None) or type(function).__name__
            self.cases += [Case(f"{name}-{i}", function, args, second) for i, args in enumerate(argument_lists)]
            return function

        return register


# Leaves of nested arguments


def leaves(value: Any, path: tuple = ()) -> Iterator[tuple]:
    """The paths of all real numbers in a nested container."""
    if isinstance(value, np.ndarray):
        if value.dtype.kind == "f":
            yield from ((*path, ("[]", index)) for index in np.ndindex(value.shape))
    elif isinstance(value, (float, np.floating)):
        yield path
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from leaves(getattr(value, field.name), (*path, (".", field.name)))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, ("[]", key)))
    elif isinstance(value, (tuple, list)):
        for i, item in enumerate(value):
            yield from leaves(item, (*path, ("[]", i)))


def get(value: Any, path: tuple) -> Any:
    for how, key in path:
        value = getattr(value, key) if how == "." else value[key]
    return value


def moved(value: Any, path: tuple, step: float) -> Any:
    """A copy of `value` in which one number is moved; all types stay."""
    if not path:
        return type(value)(value + step)
    (how, key), *rest = path
    if how == ".":
        return dataclasses.replace(value, **{key: moved(getattr(value, key), tuple(rest), step)})
    if isinstance(value, np.ndarray):
        value = value.copy()
        value[key] += step
        return value
    if isinstance(value, dict):
        return {k: moved(v, tuple(rest), step) if k == key else v for k, v in value.items()}
    items = [moved(v, tuple(rest), step) if i == key else v for i, v in enumerate(value)]
    if hasattr(value, "_fields"):
        return type(value)(*items)
    return type(value)(items)


def difference(f: Callable, args: tuple, path: tuple) -> Any:
    """The derivative of `f(*args)` along one number, by differences of fourth order."""
    scale = STEP * max(1.0, abs(float(get(args, path))))

    def at(k: int) -> Any:
        with np.errstate(all="ignore"):
            return np.asarray(f(*moved(args, path, k * scale)), dtype=float)

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * scale)


def assert_same(a: Any, b: Any) -> None:
    """Equal to the last bit, and of the same type."""
    assert type(a) is type(b), (a, b)
    if isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape, (a, b)
        np.testing.assert_array_equal(a, b)
    elif dataclasses.is_dataclass(a):
        for field in dataclasses.fields(a):
            assert_same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, dict):
        assert list(a) == list(b)
        for key in a:
            assert_same(a[key], b[key])
    elif isinstance(a, (tuple, list)):
        assert len(a) == len(b)
        for x, y in zip(a, b):
            assert_same(x, y)
    else:
        assert a == b or (a != a and b != b), (a, b)


def assert_close(a: Any, b: Any) -> None:
    """The same gradients but for rounding."""
    paths = list(leaves(a))
    assert paths == list(leaves(b)), (a, b)
    np.testing.assert_allclose([get(a, p) for p in paths], [get(b, p) for p in paths], rtol=1e-10, atol=1e-12)


# Compiling and running


def bound(function: Callable, args: tuple) -> dict[str, Any]:
    arguments = inspect.signature(function, follow_wrapped=False).bind(*args)
    arguments.apply_defaults()
    return arguments.arguments


def compiled(function: Callable, args: tuple, optimise: bool = True) -> tuple[Compilation, Callable, list[str]]:
    """The compilation of value and gradient, the emitted function, and the names of what was differentiated."""
    values = bound(function, args)
    names = [name for name, value in values.items() if any(True for _ in leaves(value))]
    wrt = tuple(list(values).index(name) for name in names)
    kinds = {name: kind_of(value) for name, value in values.items()}
    compilation = compile_function(function, kinds, Plan(Request(wrt, False, True)), optimise)
    return compilation, loaded(compilation, function), names


def live(compilation: Compilation) -> dict[str, Any]:
    return {guard.live: guard.read() for guard in compilation.guards.values() if guard.live}


def loaded(compilation: Compilation, function: Callable) -> Callable:
    return compilation.load(getattr(function, "__name__", "f"), live(compilation))[compilation.entry]


def check(function: Callable, args: tuple) -> None:
    """Everything that holds for every program, to first order."""
    before = copy.deepcopy(args)
    compilation, emitted, names = compiled(function, args)
    with np.errstate(all="ignore"):
        value, gradients = emitted(*args)
        expected = function(*copy.deepcopy(args))
    assert_same(args, before)
    assert_same(value, expected)
    check_gradients(function, args, names, gradients)

    values = bound(function, args).values()
    with np.errstate(all="ignore"):
        again = interpret(compilation.stages["optimised"], *values, globals=live(compilation))
        adjoint = interpret(compilation.stages["adjoint"], *values, globals=live(compilation))
        _, plain, _ = compiled(function, args, optimise=False)
        unoptimised = plain(*args)
    assert_same(args, before)
    for other_value, other_gradients in (again, adjoint, unoptimised):
        assert_same(other_value, expected)
        assert_close(list(other_gradients), list(gradients))


def check_gradients(function: Callable, args: tuple, names: list[str], gradients: tuple) -> None:
    values = bound(function, args)
    signature = inspect.signature(function, follow_wrapped=False)
    assert len(gradients) == len(names)

    def call(*given: Any) -> Any:
        arguments = inspect.BoundArguments(signature, dict(zip(values, given)))
        return function(*arguments.args, **arguments.kwargs)

    given = tuple(values.values())
    for name, gradient in zip(names, gradients):
        position = ("[]", list(values).index(name))
        for path in leaves(values[name]):
            numeric = difference(call, given, (position, *path))
            found = np.asarray(get(gradient, path))
            assert found.shape == (), (name, path, gradient)
            np.testing.assert_allclose(found, numeric, rtol=1e-6, atol=1e-8, err_msg=f"{name}{path}")


# Second order


class GradientOf:
    """A gradient that may be called in a differentiated function."""

    def __init__(self, function: Callable, wrt: tuple[int, ...]):
        self.function, self.request = function, Request(wrt, False)

    def __backprose_call__(self, engine: Any, b: Any, args: tuple, keywords: dict, loc: Any) -> Any:
        signature = inspect.signature(self.function, follow_wrapped=False)
        return call_gradient(engine, b, self.function, signature, self.request, args, keywords, loc)


def total(gradient):
    """A sum over a nested gradient that weighs each entry differently."""
    if gradient is None:
        return 0.0
    if dataclasses.is_dataclass(gradient):
        gradient = dataclasses.astuple(gradient)
    if isinstance(gradient, dict):
        gradient = list(gradient.values())
    if isinstance(gradient, (tuple, list)):
        result = 0.0
        for i, part in enumerate(gradient):
            result = result + (1.5 + i) * total(part)
        return result
    return np.sum(gradient * np.cos(np.arange(np.size(gradient)).reshape(np.shape(gradient))))


def check_second(function: Callable, args: tuple) -> None:
    """The gradient of a weighted sum of the gradient against differences of the emitted gradient."""
    _, emitted, names = compiled(function, args)
    values = bound(function, args)
    gradient_of = GradientOf(function, tuple(list(values).index(name) for name in names))

    def weighted(*given):
        return total(gradient_of(*given))

    kinds = {"given": kind_of(tuple(values.values()))}
    compilation = compile_function(weighted, kinds, Plan(Request((0,), True)))
    with np.errstate(all="ignore"):
        gradient = loaded(compilation, weighted)(*values.values())

    def first(*given: Any) -> Any:
        return total(emitted(*given)[1])

    given = tuple(values.values())
    for path in leaves(given):
        numeric = difference(first, given, path)
        np.testing.assert_allclose(get(gradient, path), numeric, rtol=1e-6, atol=1e-7, err_msg=str(path))
