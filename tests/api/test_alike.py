"""The written test of a call's arguments: it says yes only where the keys are equal, and for most of those it does."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

from backprose import grad
from backprose.alike import written_for
from backprose.keys import key_of, spell_lengths


class Pair(NamedTuple):
    left: Any
    right: Any


class Other(NamedTuple):
    left: Any
    right: Any


@dataclass
class Layer:
    w: Any
    b: Any


def arrays() -> list[np.ndarray]:
    shapes = [(), (0,), (1,), (2,), (3,), (1, 1), (1, 3), (3, 1), (2, 3), (0, 1), (4, 0), (2, 3, 4), (2, 1, 4)]
    found = [np.zeros(shape) for shape in shapes]
    found += [np.zeros(3, dtype) for dtype in ("float32", "int64", "bool", "complex128", ">f8")]
    return [*found, np.zeros((3, 2)).T]


def values() -> list[Any]:
    plain = [1, 2, 1.0, True, 1j, None, range(3), np.float64(1), np.float32(1), np.int64(1), "one", "two", math.sin, np.sin, abs, len]
    inner = [1.0, 2, np.zeros(2), np.zeros(1), "one", None]
    containers: list[Any] = [[], (), {}, [[]], [()]]
    for x in inner:
        containers += [[x], [x, x], [x, 1.0], (x,), (x, x), Pair(x, x), Other(x, x), Layer(x, x), {"w": x}, {"b": x}]
        containers += [{"w": x, "b": x}, {"b": x, "w": x}, {1: x}, {True: x}, [[x], [x]], [[x], [x, x]], [{"w": x}, {"w": x}]]
    return plain + arrays() + containers


def key(value: Any, counted: bool) -> tuple:
    spelled = [key_of(value)]
    if counted:
        spell_lengths(value, spelled)
    return tuple(spelled)


@pytest.mark.parametrize("counted", [False, True])
def test_it_says_yes_exactly_where_keys_are_equal(counted):
    pool = values()
    keys = [key(v, counted) for v in pool]
    for mine, value in zip(keys, pool):
        alike = written_for((value,), (0,) if counted else ())
        never = isinstance(value, dict) and any(type(k) is not str for k in value)
        for its, other in zip(keys, pool):
            expected = mine == its and not never
            assert alike((other,)) == expected, f"{value!r}, then {other!r}"
    assert len(set(keys)) < len(keys)


def test_masked_arrays_are_no_arrays():
    assert not written_for((np.zeros(3),))((np.ma.zeros(3),))


def test_each_value_counts():
    alike = written_for((1.0, np.zeros(2), "a"))
    assert alike((2.0, np.zeros(5), "a"))
    assert not alike((2, np.zeros(5), "a"))
    assert not alike((2.0, np.zeros((5, 5)), "a"))
    assert not alike((2.0, np.zeros(5), "b"))
    assert written_for(())(())


def test_calls_follow_globals_and_builtins(tmp_path, monkeypatch):
    (tmp_path / "follows.py").write_text(
        "import numpy as np\n\n\ndef scale(x):\n    return 2.0 * x\n\n\ndef f(x):\n    return abs(x) * scale(x)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import follows

    g = grad(follows.f)
    assert [g(3.0) for _ in range(3)] == [12.0] * 3
    monkeypatch.setattr(follows, "scale", lambda x: 3.0 * x)
    assert [g(3.0) for _ in range(3)] == [18.0] * 3
    monkeypatch.setattr(follows, "abs", lambda x: 5.0 * x, raising=False)
    assert [g(3.0) for _ in range(3)] == [90.0] * 3
    monkeypatch.undo()
    assert g(3.0) == 12.0


def test_calls_of_other_kinds_find_their_own_code():
    g = grad(lambda x: np.sum(x * x))
    for x in (np.ones(3), np.ones((2, 1)), np.ones(3, np.float32), np.ones(1)):
        for _ in range(3):
            found = g(x)
            assert found.dtype == x.dtype and np.array_equal(found, 2 * x)
    assert len(g.specializations) == 4


def test_there_is_no_test_of_very_long_or_deep_values():
    deep = [1.0, 2]
    for _ in range(30):
        deep = [deep]
    long = [x for n in range(400) for x in (n, float(n))]
    for value in (deep, long):
        assert not written_for((value,))((value,))
        assert grad(lambda x, rest: x * len(rest))(2.0, value) == len(value)
