"""What must hold of the derivatives of any function, and central differences to compare with."""

from __future__ import annotations

import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from backprose.analysis.kinds import kind_of
from backprose.ir.interpret import interpret
from backprose.pipeline import Compilation, Plan, compile_function
from backprose.transform.gradient import Request


class Unstable(Exception):
    """Central differences with two steps disagree: a kink or a jump is near."""


def compiled(f: Callable, args: tuple, wrt: tuple[int, ...], paired: bool = False, optimise: bool = True) -> Compilation:
    names = inspect.signature(f).parameters
    kinds = {name: kind_of(a) for name, a in zip(names, args)}
    return compile_function(f, kinds, Plan(Request(wrt, False, value=not paired), paired), optimise)


def loaded(compilation: Compilation, f: Callable) -> dict[str, Any]:
    return compilation.load("test", outside(compilation, f))


def outside(compilation: Compilation, f: Callable) -> dict[str, Any]:
    """The names that the code reads live: globals, and attributes of objects."""
    return {**f.__globals__, **{g.live: g.read() for g in compilation.guards.values() if g.live}}


def leaves(value: Any) -> Iterator[np.ndarray | float]:
    """The numbers and arrays in a nested container, in order."""
    if isinstance(value, dict):
        value = list(value.values())
    if hasattr(value, "__dataclass_fields__"):
        value = [getattr(value, name) for name in value.__dataclass_fields__]
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif value is not None:
        yield value


def with_leaf(value: Any, number: int, change: Callable) -> Any:
    """The container with its leaf of that number changed."""
    counter = iter(range(10**6))

    def visit(part: Any) -> Any:
        if isinstance(part, dict):
            return {k: visit(v) for k, v in part.items()}
        if isinstance(part, (list, tuple)):
            return type(part)(map(visit, part))
        if hasattr(part, "__dataclass_fields__"):
            return type(part)(*(visit(getattr(part, name)) for name in part.__dataclass_fields__))
        return change(part) if next(counter) == number else part

    return visit(value)


def differences(f: Callable, args: tuple, wrt: tuple[int, ...], step: float, weight: Any = 1.0) -> list[np.ndarray]:
    """The gradient of sum(weight * f), one array for each leaf of the arguments `wrt`."""
    found = []
    for i in wrt:
        for number, leaf in enumerate(leaves(args[i])):
            if not isinstance(leaf, (float, np.ndarray, np.floating)):
                continue
            gradient = np.zeros(np.shape(leaf))
            for index in np.ndindex(np.shape(leaf)):
                ends = []
                for sign in (1, -1):
                    def change(part, sign=sign, index=index):
                        if isinstance(part, float):
                            return part + sign * step
                        part = part.copy()
                        part[index] += sign * step
                        return part

                    moved = (*args[:i], with_leaf(args[i], number, change), *args[i + 1 :])
                    ends.append(np.sum(np.asarray(f(*copy.deepcopy(moved))) * weight))
                gradient[index] = (ends[0] - ends[1]) / (2 * step)
            found.append(gradient)
    return found


def stable_differences(f: Callable, args: tuple, wrt: tuple[int, ...], weight: Any = 1.0) -> list[np.ndarray]:
    fine, coarse = (differences(f, args, wrt, step, weight) for step in (1e-6, 3e-5))
    for a, b in zip(fine, coarse):
        if not (np.all(np.isfinite(a)) and np.allclose(a, b, rtol=1e-4, atol=1e-5)):
            raise Unstable
    return fine


def same_bits(a: Any, b: Any) -> bool:
    a, b = list(leaves(a)), list(leaves(b))
    return len(a) == len(b) and all(np.asarray(x).tobytes() == np.asarray(y).tobytes() for x, y in zip(a, b))


def close(a: Any, b: Any, rtol: float, atol: float) -> bool:
    a, b = list(leaves(a)), list(leaves(b))
    return len(a) == len(b) and all(
        np.shape(x) == np.shape(y) and np.allclose(x, y, rtol=rtol, atol=atol) for x, y in zip(a, b)
    )


def shares(results: Any, others: Any) -> bool:
    results = [x for x in leaves(results) if isinstance(x, np.ndarray)]
    others = [x for x in leaves(others) if isinstance(x, np.ndarray)]
    pairs = [(x, y) for x in results for y in others]
    pairs += [(x, y) for i, x in enumerate(results) for y in results[i + 1 :]]
    return any(np.shares_memory(x, y) for x, y in pairs)


def check_gradient(f: Callable, args: tuple, wrt: tuple[int, ...], of_derivative: bool = False) -> Any:
    """Everything that is promised of `value_and_grad` and `vjp` at one point; the gradient.

    `of_derivative`: the function takes derivatives itself, which are the same but for rounding wherever they are taken.
    """
    expected = f(*copy.deepcopy(args))
    compilation = compiled(f, args, wrt)
    source = compilation.emitted.source
    kept = copy.deepcopy(args)
    value, gradient = loaded(compilation, f)[compilation.entry](*args)
    assert same_bits(args, kept), f"the arguments changed\n{source}"
    same = functools.partial(close, rtol=1e-12, atol=1e-12) if of_derivative else same_bits
    assert same(value, expected), f"the value is {value}, not {expected}\n{source}"
    assert not shares(gradient, args), f"a gradient aliases an argument or another\n{source}"

    run = interpret(compilation.stages["optimised"], *copy.deepcopy(args), globals=outside(compilation, f))
    assert close(run, (value, gradient), 1e-13, 1e-13), f"interpreted {run}, emitted {value, gradient}\n{source}"

    plain = compiled(f, args, wrt, optimise=False)
    other = loaded(plain, f)[plain.entry](*copy.deepcopy(args))
    assert close(other, (value, gradient), 1e-10, 1e-12), (
        f"unoptimised {other}, optimised {value, gradient}\n{plain.emitted.source}\n{source}"
    )

    check_pullback(f, args, wrt, expected, gradient, same)
    check_tangent(f, args, wrt, expected, gradient, same)
    found = [x for x in leaves(gradient)]
    try:
        wanted = stable_differences(f, args, wrt)
    except Unstable:
        return gradient
    assert close(found, wanted, 1e-4, 1e-5), f"differences {wanted}, gradient {found}\n{source}"
    return gradient


def check_pullback(
    f: Callable, args: tuple, wrt: tuple[int, ...], expected: Any, gradient: Any, same: Callable = same_bits
) -> None:
    pair = compiled(f, args, wrt, paired=True)
    source = pair.emitted.source
    namespace = loaded(pair, f)
    kept = copy.deepcopy(args)
    value, residuals = namespace[f"{f.__name__}_forward"](*args)
    assert same(value, expected), f"the pair's value is {value}, not {expected}\n{source}"
    backward = namespace[f"{f.__name__}_backward"]
    bar = np.asarray(value).dtype.type(1.0) if isinstance(value, np.generic) else 1.0
    first = backward(residuals, bar)
    again = copy.deepcopy(first)
    second = backward(residuals, bar)
    assert same_bits(first, again), f"a second call changed what the first returned\n{source}"
    assert same_bits(first, second), f"the pullback called twice gives {first} and {second}\n{source}"
    assert same_bits(args, kept), f"the arguments changed\n{source}"
    assert not shares(first, (args, second)), f"a cotangent aliases something\n{source}"
    assert close(first, gradient, 1e-10, 1e-12), f"pullback {first}, gradient {gradient}\n{source}"


def direction(value: Any, rng: np.random.Generator) -> Any:
    """A random tangent of an argument: None for what is no float."""
    if isinstance(value, dict):
        return {k: direction(v, rng) for k, v in value.items()}
    if hasattr(value, "__dataclass_fields__"):
        out = object.__new__(type(value))
        for name in value.__dataclass_fields__:
            object.__setattr__(out, name, direction(getattr(value, name), rng))
        return out
    if isinstance(value, (list, tuple)):
        parts = [direction(v, rng) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    if isinstance(value, np.ndarray):
        return rng.normal(size=value.shape).astype(value.dtype) if value.dtype.kind == "f" else None
    return type(value)(rng.normal()) if isinstance(value, (float, np.floating)) else None


def check_tangent(
    f: Callable, args: tuple, wrt: tuple[int, ...], expected: Any, gradient: Any, same: Callable = same_bits
) -> None:
    """Forward mode: the value's own bits, and <gradient, x_dot> as its tangent."""
    moving = [any(np.asarray(x).dtype.kind == "f" for x in leaves(args[i])) for i in wrt]
    gradient, wrt = zip(*((g, i) for g, i, moves in zip(gradient, wrt, moving) if moves))
    names = inspect.signature(f).parameters
    kinds = {name: kind_of(a) for name, a in zip(names, args)}
    compilation = compile_function(f, kinds, Plan(Request.of_tangent(wrt)))
    source = compilation.emitted.source
    dots = [direction(args[i], np.random.default_rng(2)) for i in wrt]
    kept = copy.deepcopy((args, dots))
    value, dot = loaded(compilation, f)[compilation.entry](*args, *dots)
    assert same_bits((args, dots), kept), f"the arguments changed\n{source}"
    assert same(value, expected), f"the value beside the tangent is {value}, not {expected}\n{source}"
    pairs = [pair for bar, d in zip(gradient, dots) for pair in zip(leaves(bar), leaves(d), strict=True)]
    wanted = float(sum(np.sum(np.multiply(g, d)) for g, d in pairs))
    size = float(sum(np.sum(np.abs(np.multiply(g, d))) for g, d in pairs))
    if np.isfinite(wanted) and np.isfinite(expected):
        single = np.asarray(value).dtype == np.float32
        bound = (1e-3 if single else 1e-6) * max(1.0, size)
        assert abs(float(dot) - wanted) <= bound, f"tangent {dot}, by the gradient {wanted}\n{source}"
