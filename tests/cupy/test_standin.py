"""The rule suite on a stand-in for CuPy's arrays: the same gradients, or a refusal that names what CuPy lacks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

for _folder in ("rules", "cupy"):
    sys.path.insert(0, str(Path(__file__).parent.parent / _folder))

import standin  # noqa: E402
from cases import Case  # noqa: E402
from check import leaves, mapped  # noqa: E402
from compiled import call_of  # noqa: E402
from test_rules_compiled import chosen, each  # noqa: E402

import backprose  # noqa: E402
from backprose.checking import random_like  # noqa: E402
from backprose.errors import UnsupportedCall  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


@pytest.fixture
def cupy(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    with standin.installed() as module, np.errstate(all="ignore"):
        yield module


def moved(x: Any, cupy: ModuleType) -> Any:
    """x with its arrays on the device."""
    if isinstance(x, (list, tuple)):
        parts = [moved(item, cupy) for item in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return cupy.asarray(x) if isinstance(x, np.ndarray) else x


def on_host(x: Any) -> Any:
    if isinstance(x, (list, tuple)):
        return [on_host(item) for item in x]
    return x.get() if isinstance(x, standin.ndarray) else x


@each([c for c in chosen(2) if any(isinstance(leaf, np.ndarray) for leaf in leaves(list(c.values)))])
def test_gradients_of_the_rules(case: Case, cupy: ModuleType):
    program = call_of(case)
    value, pull = backprose.vjp(program.function, *program.args)
    weights = random_like(value, np.random.default_rng(3))
    on_device = call_of(case, lambda x: moved(x, cupy))
    args = moved(on_device.args, cupy)
    try:
        found, device_pull = backprose.vjp(on_device.function, *args)
        bars = device_pull(moved(weights, cupy))
    except UnsupportedCall as refusal:
        assert "CuPy" in str(refusal)
        return
    assert_same(on_host(found), value)
    for i, (bar, expected) in enumerate(zip(bars, pull(weights), strict=True)):
        if expected is not None:
            assert_lives_with(bar, args[i])
            assert_same(on_host(bar), expected)


def assert_lives_with(bar: Any, x: Any) -> None:
    for g, leaf in zip(leaves(bar), leaves(x), strict=True):
        assert isinstance(g, standin.ndarray) == isinstance(leaf, standin.ndarray), (type(g), type(leaf))


def assert_same(found: Any, expected: Any) -> None:
    for a, b in zip(leaves(found), leaves(expected), strict=True):
        assert np.shape(a) == np.shape(b)
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)
