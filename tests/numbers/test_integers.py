"""Integers carry no derivative: refused by name where a gradient is asked for, zeros with `allow_int`, else constants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import backprose
from backprose import check_grads
from backprose.errors import NotDifferentiable

X = np.array([1.3, 2.4, 3.7])


@dataclass
class Counted:
    a: Any
    n: Any


def total(x):
    return np.sum(x * 2.0)


def of_dict(d):
    return np.sum(d["a"] * d["n"])


def of_list(xs):
    return np.sum(xs[0] * xs[1])


def of_record(p):
    return np.sum(p.a * p.n)


HELD = [
    (total, np.arange(3), "`x` is an int64 array"), (total, 3, "`x` is an int"), (total, np.int32(3), "`x` is an int32"),
    (total, True, "`x` is a bool"), (total, X > 2, "`x` is a bool array"), (of_dict, {"a": 2.0, "n": 3}, '`d["n"]`'),
    (of_list, [2.0, np.arange(3)], r"`xs\[1\]`"), (of_record, Counted(X, np.arange(3)), "`p.n`"),
]  # fmt: skip


@pytest.mark.parametrize("f, x, name", [(f, x, name.replace("[\"", "\\[\"").replace("\"]", "\"\\]")) for f, x, name in HELD])
@pytest.mark.parametrize("transform", [backprose.grad, backprose.value_and_grad])
def test_an_integer_is_refused_by_name(transform, f, x, name):
    with pytest.raises(NotDifferentiable, match=f"{name}.* has no derivative"):
        transform(f)(x)


@pytest.mark.parametrize("f, x, name", HELD)
def test_zeros_where_integers_are_allowed(f, x, name):
    bar = backprose.grad(f, allow_int=True)(x)
    whole = {of_dict: lambda p: p["n"], of_list: lambda p: p[1], of_record: lambda p: p.n}.get(f, lambda p: p)
    np.testing.assert_array_equal(whole(bar), np.zeros(np.shape(whole(x))))


@pytest.mark.parametrize("run", [lambda: backprose.vjp(total, 3), lambda: backprose.jvp(total, (3,), (None,))])
def test_vjp_and_jvp_need_a_number_that_carries_a_derivative(run):
    with pytest.raises(NotDifferentiable, match="no argument holds a floating-point number"):
        run()


def test_an_integer_in_a_container_has_no_tangent():
    assert backprose.jvp(of_dict, ({"a": 2.0, "n": 3},), ({"a": 1.0, "n": None},)) == (6.0, 3.0)
    with pytest.raises(TypeError, match="must be None"):
        backprose.jvp(of_dict, ({"a": 2.0, "n": 3},), ({"a": 1.0, "n": 1.0},))


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.sum(x.astype(int) * x), lambda x: np.sum(np.floor(x).astype(int) * x), lambda x: np.sum(int(x[0]) * x),
        lambda x: round(x[0]) * x[1], lambda x: round(x[0], 1) * x[1], lambda x: np.sum((x > 2) * x),
        lambda x: np.sum(np.array(x, dtype=int)) * x[0], lambda x: np.sum(np.int64(x) * x), lambda x: np.sum(x // 1 * x),
        lambda x: np.sum(np.cumsum(x, dtype=int) * x), lambda x: np.sum(x, dtype=np.int64) * x[0],
        lambda x: np.full(3, x[0], dtype=int).sum() * x[1], lambda x: float(int(x[0])) * x[1], lambda x: np.sum(np.bool_(x) * x),
    ],
)  # fmt: skip
def test_what_is_rounded_on_the_way_is_constant(f):
    check_grads(f, (X,))


def stored(x):
    y = np.zeros(3, dtype=int)
    y[:] = x
    return np.sum(y * x)


def test_a_store_in_an_array_of_integers_is_refused():
    with pytest.raises(backprose.errors.UnsupportedUpdate, match="no derivative any more"):
        backprose.grad(stored)(X)
