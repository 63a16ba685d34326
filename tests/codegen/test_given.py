"""Backward parts never write to the cotangent that they are given, also where it is an array without axes."""

import numpy as np
import pytest

from backprose.analysis.kinds import kind_of
from backprose.pipeline import Plan, compile_function
from backprose.transform.gradient import Request


def tripled(x):
    return 3 * x


def loop(x, n):
    for _ in range(n):
        x = 2 * x
    return x


def branch(x, n):
    if n > 1:
        x = 2 * x
    return x * 3


def layer(x, w):
    return np.sum(np.tanh(w @ x))


VECTOR = np.array([0.3, -0.2])


@pytest.mark.parametrize(
    "f, args",
    [
        (tripled, (0.5,)), (tripled, (VECTOR,)), (loop, (0.5, 3)), (loop, (VECTOR, 3)), (branch, (0.5, 2)),
        (branch, (VECTOR, 2)), (layer, (VECTOR, np.eye(2))),
    ],
)  # fmt: skip
def test_the_cotangent_stays(f, args):
    kinds = dict(zip(f.__code__.co_varnames, map(kind_of, args)))
    names = compile_function(f, kinds, Plan(Request((0,), True, False), True)).load(f.__name__, {"np": np})
    value, residuals = names[f"{f.__name__}_forward"](*args)
    given = np.full(np.shape(value), 0.7)
    bar = names[f"{f.__name__}_backward"](residuals, given)
    np.testing.assert_array_equal(given, np.full(np.shape(value), 0.7))
    np.testing.assert_array_equal(bar, names[f"{f.__name__}_backward"](residuals, given))
