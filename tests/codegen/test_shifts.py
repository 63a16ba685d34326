"""Shifts that cancel have no derivative, and only they: the maximum that is taken out of an exponential."""

import sys
from pathlib import Path

import numpy as np
import pytest

import backprose
from backprose.analysis.shifts import cancelling_shifts

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402

rng = np.random.default_rng(7)
SQUARE, LABELS = rng.normal(size=(4, 4)), np.array([2, 0, 0, 3])


def logsumexp(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


def by_columns(x):
    top = x.max(axis=0)
    return np.sum((top + np.log(np.exp(x - top[None, :]).sum(axis=0))) ** 2)


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    p = e / np.sum(e, axis=-1, keepdims=True)
    return np.sum(p * p)


def softmin(x):
    e = np.exp(-2.0 * (x - np.min(x, axis=1)[:, None]))
    return np.sum(x * (e / e.sum(axis=1)[:, None]))


def cross_entropy(x):
    x = x - np.max(x, axis=1, keepdims=True)
    return np.mean(np.log(np.exp(x).sum(axis=1)) - x[np.arange(len(x)), LABELS])


def chosen_along(x):
    x = x - np.max(x, axis=1, keepdims=True)
    chosen = np.take_along_axis(x, LABELS[:, None], axis=1)
    return np.sum(np.log(np.sum(np.exp(x), axis=1, keepdims=True)) - chosen)


def masked(x):
    e = np.where(x > -0.5, np.exp(x - np.max(x, axis=1, keepdims=True)), 0.0)
    return np.sum((e / (np.sum(e, axis=1, keepdims=True))) ** 2)


def in_a_loop(x):
    total = 0.0
    for row in x:
        top = np.max(row)
        total += top + np.log(np.sum(np.exp(row - top)))
    return total


CANCELLING = [logsumexp, by_columns, softmax, softmin, cross_entropy, chosen_along, masked, in_a_loop]


def not_put_back(x):
    return np.log(np.sum(np.exp(x - np.max(x))))


def put_back_twice(x):
    top = np.max(x)
    return 2 * top + np.log(np.sum(np.exp(x - top)))


def of_another_row(x):
    top = np.max(x, axis=0)  # is taken from columns, and so are the rows' sums
    return np.sum(top + np.log(np.sum(np.exp(x - top), axis=1)))


def of_other_rows(x):
    x = x - np.max(x, axis=1, keepdims=True)
    return np.mean(np.log(np.exp(x).sum(axis=1)) - x[LABELS, np.arange(len(x))])


def of_first_row(x):
    x = x - np.max(x, axis=1, keepdims=True)
    return np.mean(np.log(np.exp(x).sum(axis=1)) - x[np.arange(1), LABELS])


def of_rows_upwards(x):
    x = x - np.max(x, axis=1, keepdims=True)
    return np.mean(np.log(np.exp(x).sum(axis=1)) - x[::-1][np.arange(len(x)), LABELS])


def with_a_floor(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return np.sum((e / (1e-3 + np.sum(e, axis=1, keepdims=True))) ** 2)


def floor_where(x):
    e = np.where(x > -0.5, np.exp(x - np.max(x, axis=1, keepdims=True)), 0.1)
    return np.sum((e / np.sum(e, axis=1, keepdims=True)) ** 2)


def other_degree(x):
    e = np.exp(x - np.max(x))
    return np.sum(e * e) / np.sum(e)


def transposed_sum(x):
    e = np.exp(x - np.max(x, axis=1)[:, None])
    return np.sum((e / np.sum(e, axis=1)) ** 2)


def read_in_a_loop(x):
    top = np.max(x)
    total = top + np.log(np.sum(np.exp(x - top)))
    for _ in range(2):
        total = total * top
    return total


def kept(x):
    top = np.max(x)
    both = (top, top + np.log(np.sum(np.exp(x - top))))
    return both[0] + both[1] ** 2


STAYING = [
    not_put_back, put_back_twice, of_another_row, of_other_rows, of_first_row, of_rows_upwards, with_a_floor, floor_where,
    other_degree, transposed_sum, read_in_a_loop, kept,
]  # fmt: skip


@pytest.mark.parametrize("function", [*CANCELLING, *STAYING], ids=lambda f: f.__name__)
def test_gradient_with_a_shift(function):
    oracle.check_gradient(function, (SQUARE,), (0,))


@pytest.mark.parametrize("function", CANCELLING, ids=lambda f: f.__name__)
def test_shift_that_cancels_is_found(function):
    assert len(shifts(function)) == 1


@pytest.mark.parametrize("function", STAYING, ids=lambda f: f.__name__)
def test_extreme_that_counts_is_none(function):
    assert not shifts(function)


def shifts(function):
    return cancelling_shifts(oracle.compiled(function, (SQUARE,), (0,)).stages["primal"].entry)


@pytest.mark.parametrize("function", [logsumexp, softmax, cross_entropy], ids=lambda f: f.__name__)
def test_second_order_of_a_shift(function):
    def of_gradient(x):
        return np.sum(backprose.grad(function)(x) * SQUARE[::-1])

    oracle.check_gradient(of_gradient, (SQUARE,), (0,), of_derivative=True)
