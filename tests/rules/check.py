"""Runs the text of a rule as plain Python and compares what it gives with central differences.

The cotangent of z = x + iy is d/dx - i d/dy, and the pairing of a cotangent with a complex value the real part of the sum
of products.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from backprose_runtime import unbroadcast

from backprose.rules.registry import Rule, rule_for

from cases import Case, has_floats

STEP, RTOL, ATOL = 1e-5, 1e-6, 1e-8


class WrongRule(AssertionError):
    """A cotangent of the wrong shape or value."""


def leaves(x: Any) -> list:
    """The numbers and arrays of a nested list or tuple, in order; a flag in it belongs to its structure."""
    if isinstance(x, (list, tuple)):
        return [leaf for item in x for leaf in leaves(item) if not isinstance(item, bool)]
    return [x]


def rebuilt(x: Any, new: list) -> Any:
    """x with its leaves replaced by those of `new`, which is used up."""
    if isinstance(x, (list, tuple)):
        parts = [item if isinstance(item, bool) else rebuilt(item, new) for item in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return new.pop(0)


def mapped(x: Any, change: Any) -> Any:
    return rebuilt(x, [change(leaf) if has_floats(leaf) else leaf for leaf in leaves(x)])


def random_like(y: Any, rng: np.random.Generator) -> Any:
    """A random cotangent of y's structure: lists for lists, tuples for tuples, numbers for scalars."""
    if isinstance(y, (list, tuple)):
        parts = [item if isinstance(item, bool) else random_like(item, rng) for item in y]
        return parts if isinstance(y, list) else type(y)(*parts) if hasattr(y, "_fields") else tuple(parts)
    g = rng.normal(size=np.shape(y))
    if np.iscomplexobj(y):
        g = g + 1j * rng.normal(size=np.shape(y))
    return g if np.ndim(y) else complex(g) if np.iscomplexobj(y) else float(g)


def paired(y_bar: Any, y: Any) -> float:
    """The real part of the inner product <y_bar, y>."""
    pairs = zip(leaves(y_bar), leaves(y), strict=True)
    return sum(float(np.real(np.sum(np.asarray(g) * np.asarray(leaf)))) for g, leaf in pairs)


def plain(rule: Rule, y: Any, args: list, kwargs: dict, y_bar: Any) -> Any:
    """The rule's text, run as the Python function that it is."""
    return rule.text(y, *args, **kwargs, **{rule.bar: y_bar})


def cotangents(
    case: Case, y_bar: Any, rule: Rule | None = None, values: list | None = None, run: Callable = plain
) -> list:
    """What the rule gives for each differentiated argument, after the sums that the compiler makes centrally.

    `run(rule, y, args, kwargs, y_bar)` evaluates its text.
    """
    rule = rule or rule_for(case.function)
    values = case.values if values is None else values
    args, kwargs = list(case.args), dict(case.kwargs)
    for key, value in zip(case.wrt, values):
        if isinstance(key, int):
            args[key] = value
        else:
            kwargs[key] = value
    y = case.call(values)
    signature = inspect.signature(rule.text)
    bars = run(rule, y, args, kwargs, y_bar)
    bars = (bars,) if len(rule.wrt) == 1 and not is_variadic(signature, rule.wrt[0]) else bars
    by_name = dict(zip(rule.wrt, bars)) if not is_variadic(signature, rule.wrt[0]) else {rule.wrt[0]: bars}
    result = []
    for key, value in zip(case.wrt, values):
        name, offset = parameter_of(signature, key)
        bar = by_name[name] if offset is None else by_name[name][offset]
        bar = of_its_field(bar, value)
        result.append(unbroadcast(bar, value) if rule.is_elementwise else bar)
    return result


def of_its_field(bar: Any, value: Any) -> Any:
    """The cotangent of a real operand is real; the compiler casts centrally."""
    if isinstance(bar, (list, tuple)) and isinstance(value, (list, tuple)) and len(bar) == len(value):
        return rebuilt(bar, leaves([of_its_field(*pair) for pair in zip(bar, value)]))
    is_number = isinstance(bar, (complex, np.ndarray, np.generic))
    return np.real(bar) if is_number and np.iscomplexobj(bar) and not np.iscomplexobj(value) else bar


def is_variadic(signature: inspect.Signature, name: str) -> bool:
    return signature.parameters[name].kind is inspect.Parameter.VAR_POSITIONAL


def parameter_of(signature: inspect.Signature, key: int | str) -> tuple[str, int | None]:
    """The rule's parameter that takes the argument, and the place in it if it is variadic."""
    if isinstance(key, str):
        return key, None
    parameters = list(signature.parameters.values())[1:]
    for position, p in enumerate(parameters):
        if p.kind is p.VAR_POSITIONAL:
            return p.name, key - position
        if position == key:
            return p.name, None
    raise AssertionError("an argument that the rule has no parameter for")


def differences(case: Case, y_bar: Any, index: int) -> list[np.ndarray]:
    """Central differences of <y_bar, f> by each leaf of the differentiated argument `index`."""
    values = case.values
    flat = leaves(values[index])

    def at(position: int, leaf: Any) -> float:
        new = rebuilt(values[index], flat[:position] + [leaf] + flat[position + 1 :])
        return paired(y_bar, case.call(values[:index] + [new] + values[index + 1 :]))

    return [slope(lambda x, position=position: at(position, x), leaf) for position, leaf in enumerate(flat)]


def slope(f: Callable[[Any], float], x: Any) -> np.ndarray:
    """Central differences of f by each entry of x, which is an array or a Python number: d/dx - i d/dy."""
    is_complex = np.iscomplexobj(x)
    g = np.zeros(np.shape(x), complex if is_complex else float)
    for i in np.ndindex(np.shape(x)):
        for direction in (1, 1j) if is_complex else (1,):
            ends = []
            for step in (STEP, -STEP):
                moved = np.array(x, dtype=g.dtype)
                moved[i] += direction * step
                ends.append(f(moved if isinstance(x, np.ndarray) or np.ndim(x) else moved.item()))
            g[i] += np.conj(direction) * (ends[0] - ends[1]) / (2 * STEP)
    return g


def check(case: Case, rule: Rule | None = None, seed: int = 3) -> None:
    """Raise WrongRule unless the rule's cotangents have the operands' structure and agree with differences."""
    rng = np.random.default_rng(seed)
    y_bar = random_like(case.call(case.values), rng)
    try:
        bars = cotangents(case, y_bar, rule)
    except ValueError as error:  # shapes that do not fit, in the rule or in the sum over broadcast axes
        raise WrongRule(str(error)) from error
    for index, (value, bar) in enumerate(zip(case.values, bars)):
        expected, found = differences(case, y_bar, index), leaves_like(bar, value)
        for leaf, g, h in zip(leaves(value), found, expected, strict=True):
            if np.shape(g) != np.shape(leaf):
                raise WrongRule(f"{case.id}: shape {np.shape(g)} for an operand of shape {np.shape(leaf)}")
            if not np.allclose(g, h, rtol=RTOL, atol=ATOL * max(1.0, np.max(np.abs(h), initial=0.0))):
                raise WrongRule(f"{case.id}: {g} where differences give {h}")


def leaves_like(bar: Any, value: Any) -> list:
    """The parts of the cotangent that belong to the leaves of `value`, whose nesting it has."""
    if isinstance(value, (list, tuple)):
        if not isinstance(bar, (list, tuple)) or len(bar) != len(value):
            raise WrongRule(f"a cotangent {type(bar).__name__} for a list of {len(value)}")
        pairs = [(part, item) for part, item in zip(bar, value) if not isinstance(item, bool)]
        return [leaf for part, item in pairs for leaf in leaves_like(part, item)]
    return [bar]
