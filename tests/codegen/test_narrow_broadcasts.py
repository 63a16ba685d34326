"""Broadcasts that an operation does by itself are not written, and those that it does not do are."""

import sys
from pathlib import Path

import numpy as np
import pytest

import backprose

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402

rng = np.random.default_rng(5)
X, W = rng.normal(size=(3, 2)), rng.normal(size=3)


def pairs(x, w, k):
    d = x - x[:, None]
    return np.sum(np.tanh(np.sum((w / (1 + np.sum(d * d, axis=2)))[:, :, None] * d, axis=1)))


def pairs_in_a_loop(x, w, k):
    for _ in range(2):
        d = x - x[:, None]
        x = x + np.sum(np.sin(np.sum(d * d, axis=2))[:, :, None] * d, axis=1)
    return np.sum(x)


def of_a_slice(x, w, k):
    part = w[:k]
    return np.sum(np.sum(part[:, None] * x[:k], axis=0) ** 2)


def of_a_slice_and_all(x, w, k):
    return np.sum(np.sum(w[:k, None] * w, axis=0) ** 2)


def kept_axis(x, w, k):
    return np.sum(np.mean(w[:k, None] * x[:, 0], axis=1, keepdims=True) * w[:k, None])


def scalar_and_slice(x, w, k):
    return np.sum((np.sum(w[:k]) * x[:k]) ** 2)


def times_a_kept_sum(x, w, k):
    return np.sum(np.sum(x * x, axis=1, keepdims=True) * x)


PROGRAMS = [pairs, pairs_in_a_loop, of_a_slice, of_a_slice_and_all, kept_axis, scalar_and_slice, times_a_kept_sum]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("k", [0, 1, 3])
@pytest.mark.parametrize("columns", [1, 2])
def test_shapes_of_gradients(program, k, columns):
    oracle.check_gradient(program, (X[:, :columns], W, k), (0, 1))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_lengths_that_the_first_call_did_not_have(program):
    gradient = backprose.grad(program, (0, 1))
    gradient(X, W, 3)
    for k in (0, 1, 2):
        expected = oracle.stable_differences(program, (X, W, k), (0, 1))
        for found, other in zip(gradient(X, W, k), expected):
            np.testing.assert_allclose(found, other, rtol=1e-5, atol=1e-7)


def test_nothing_is_broadcast_that_spreads_by_itself():
    for program, where in ((pairs, "# backward"), (pairs_in_a_loop, "in reverse")):
        gradient = backprose.grad(program, (0, 1))
        gradient(X, W, 3)
        assert "broadcast_to" not in gradient.source.partition(where)[2]
        assert "shapes" not in gradient.source  # nothing is kept for it


def test_a_broadcast_that_one_operation_does_not_do_may_be_done_by_the_next():
    gradient = backprose.grad(times_a_kept_sum)
    gradient(X, W, 3)
    assert "broadcast_to" not in gradient.source
