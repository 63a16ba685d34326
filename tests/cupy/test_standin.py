"""The rule suite on CuPy's arrays: the same value and gradients as on NumPy's, or a refusal that names what CuPy lacks.

It runs on a stand-in for CuPy; with `--real-cupy`, on a machine with a GPU, on CuPy itself.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import pytest
from cases import Case
from check import leaves
from compiled import call_of
from test_rules_compiled import chosen, each

import backprose
from backprose.checking import random_like
from backprose.errors import UnsupportedCall

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


def moved(x: Any, cupy: ModuleType) -> Any:
    """x with its arrays on the device."""
    if isinstance(x, (list, tuple)):
        parts = [moved(item, cupy) for item in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return cupy.asarray(x) if isinstance(x, np.ndarray) else x


def on_host(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return [on_host(item) for item in x]
    return x.get() if is_on_device(x) else x


def is_on_device(x: Any) -> bool:
    return type(x).__module__.startswith("cupy")


OF_ARRAYS = [c for c in chosen(1) if any(isinstance(leaf, np.ndarray) for leaf in leaves(list(c.values)))]


@each(OF_ARRAYS)
def test_value_gradient_and_tangent_of_the_rules(case: Case, cupy: ModuleType):
    program = call_of(case)
    value, pull = backprose.vjp(program.function, *program.args)
    weights = random_like(value, np.random.default_rng(3))
    dots = tuple(random_like(x, np.random.default_rng(4)) for x in program.args)
    on_device = call_of(case, lambda x: moved(x, cupy))
    args = moved(on_device.args, cupy)
    try:
        found, device_pull = backprose.vjp(on_device.function, *args)
        bars = device_pull(moved(weights, cupy))
        _, dot = backprose.jvp(on_device.function, tuple(args), moved(dots, cupy))
    except UnsupportedCall as refusal:
        assert "CuPy" in str(refusal)
        return
    assert_same(on_host(found), value)
    assert_same_numbers(on_host(dot), backprose.jvp(program.function, tuple(program.args), dots)[1])
    for i, (bar, expected) in enumerate(zip(bars, pull(weights), strict=True)):
        if expected is not None:
            assert_lives_with(bar, args[i])
            assert_same(on_host(bar), expected)


def assert_lives_with(bar: Any, x: Any) -> None:
    for g, leaf in zip(leaves(bar), leaves(x), strict=True):
        assert is_on_device(g) == is_on_device(leaf), (type(g), type(leaf))


def assert_same_numbers(found: Any, expected: Any) -> None:
    """As `assert_same`, of the parts that carry a derivative."""
    pairs = zip(leaves(found), leaves(expected), strict=True)
    assert_same([a for a, b in pairs if b is not None], [b for b in leaves(expected) if b is not None])


def assert_same(found: Any, expected: Any) -> None:
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_most_rules_serve_cupy(cupy: ModuleType):
    """What CuPy lacks is mostly in SciPy: of NumPy's functions nine in ten are differentiated."""
    functions = {case.function: case for case in OF_ARRAYS if not case.id.startswith("scipy")}
    refused = []
    for case in functions.values():
        program = call_of(case, lambda x: moved(x, cupy))
        try:
            backprose.vjp(program.function, *moved(program.args, cupy))
        except UnsupportedCall:
            refused.append(case.id)
    assert len(refused) < 0.1 * len(functions), refused
