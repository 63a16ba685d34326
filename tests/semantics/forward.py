"""Forward mode of a program: its value, and its tangent against the gradient and against differences."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from checks import STEP, assert_same, bound, compiled, get, leaves, loaded, live

from backprose.analysis.kinds import kind_of
from backprose.ir.interpret import interpret
from backprose.pipeline import Compilation, Plan, compile_function
from backprose.transform.gradient import Request


def direction(value: Any, rng: np.random.Generator) -> Any:
    """A random tangent of `value`: None for what carries no derivative."""
    if isinstance(value, np.ndarray):
        return rng.normal(size=value.shape).astype(value.dtype) if value.dtype.kind == "f" else None
    if isinstance(value, np.floating):
        return type(value)(rng.normal())
    if isinstance(value, float):
        return float(rng.normal())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        out = object.__new__(type(value))
        for field in dataclasses.fields(value):
            object.__setattr__(out, field.name, direction(getattr(value, field.name), rng))
        return out
    if isinstance(value, dict):
        return {key: direction(item, rng) for key, item in value.items()}
    if isinstance(value, (tuple, list)):
        items = [direction(item, rng) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    return None


def shifted(value: Any, dot: Any, step: float) -> Any:
    """value + step dot."""
    if dot is None:
        return copy.deepcopy(value)
    if isinstance(value, np.ndarray):
        return (value + step * dot).astype(value.dtype)
    if isinstance(value, (np.floating, float)):
        return type(value)(value + step * dot)
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        return dataclasses.replace(value, **{n: shifted(getattr(value, n), getattr(dot, n), step) for n in names})
    if isinstance(value, dict):
        return {key: shifted(item, dot[key], step) for key, item in value.items()}
    items = [shifted(item, other, step) for item, other in zip(value, dot)]
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)


def compiled_forward(function: Callable, args: tuple) -> tuple[Compilation, Callable, list[str]]:
    """The compilation of value and tangent, the emitted function, and the names of the arguments that move."""
    values = bound(function, args)
    names = [name for name, value in values.items() if any(True for _ in leaves(value))]
    wrt = tuple(list(values).index(name) for name in names)
    kinds = {name: kind_of(value) for name, value in values.items()}
    compilation = compile_function(function, kinds, Plan(Request.of_tangent(wrt)))
    return compilation, loaded(compilation, function), names


def check_forward(function: Callable, args: tuple) -> None:
    """The value is the function's own, and its tangent is what the gradient and differences say."""
    values = bound(function, args)
    compilation, emitted, names = compiled_forward(function, args)
    rng = np.random.default_rng(7)
    dots = [direction(values[name], rng) for name in names]
    before = copy.deepcopy((args, dots))
    with np.errstate(all="ignore"):
        value, dot = emitted(*values.values(), *dots)
        expected = function(*copy.deepcopy(args))
    assert_same((args, dots), before)
    assert_same(value, expected)

    with np.errstate(all="ignore"):
        for stage in ("adjoint", "optimised"):
            other = interpret(compilation.stages[stage], *values.values(), *dots, globals=live(compilation))
            assert_same(other[0], expected)
            np.testing.assert_allclose(float(other[1]), float(dot), rtol=1e-10, atol=1e-12)
        _, reverse, _ = compiled(function, args)
        _, gradients = reverse(*args)
    along = [(g, d, path) for g, d in zip(gradients, dots) for path in leaves(d)]
    paired = [float(get(g, path)) * float(get(d, path)) for g, d, path in along]
    scale = sum(map(abs, paired))
    single = any(np.asarray(get(d, path)).dtype in (np.float32, np.float16) for _, d, path in along)
    np.testing.assert_allclose(float(dot), sum(paired), rtol=1e-9, atol=(1e-5 if single else 1e-11) * max(1.0, scale))
    if not single:
        wanted = differences(function, values, names, dots)
        np.testing.assert_allclose(float(dot), wanted, rtol=1e-6, atol=1e-7 * max(1.0, scale))


def differences(function: Callable, values: dict[str, Any], names: list[str], dots: list) -> float:
    """The derivative along the tangents, by differences of fourth order."""
    signature = inspect.signature(function, follow_wrapped=False)
    sizes = [abs(float(get(d, path))) for d in dots for path in leaves(d)]
    step = STEP / max(1.0, *sizes, 1.0)

    def at(k: int) -> float:
        moved = {**values, **{n: shifted(values[n], d, k * step) for n, d in zip(names, dots)}}
        moved = {name: copy.deepcopy(value) if name not in names else value for name, value in moved.items()}
        arguments = inspect.BoundArguments(signature, moved)
        with np.errstate(all="ignore"):
            return float(np.asarray(function(*arguments.args, **arguments.kwargs)))

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)
