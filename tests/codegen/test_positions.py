"""What is added at positions that name no entry twice is added plainly; all else by `np.add.at`."""

import sys
from pathlib import Path

import numpy as np
import pytest

import backprose

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402

rng = np.random.default_rng(3)
M, LABELS, SAME, ONE = rng.normal(size=(4, 4)), np.array([2, 0, 2, 3]), np.array([1, 1, 1, 1]), np.array([2])


def rows_and_labels(m, k):
    return np.sum(m[np.arange(len(m)), k] ** 2)


def labels_and_columns(m, k):
    return np.sum(m[k, np.arange(m.shape[1])] ** 2)


def counted_from(m, k):
    return np.sum(m[:, np.arange(1, 3)] ** 2)


def lower(m, k):
    return np.sum(m[np.tril_indices(len(m), -1)] ** 2)


def lower_turned(m, k):
    rows, columns = np.tril_indices(len(m))
    return np.sum(m[columns, rows] ** 2)


def positive(m, k):
    return np.sum(m[np.nonzero(m > 0)] ** 3) + np.sum(m[0][np.flatnonzero(m[0] > 0)] ** 3)


def stored(m, k):
    y = m * 2
    i = np.arange(len(y))
    y[i, k] = m[0]
    return np.sum(y**3)


PLAIN = [rows_and_labels, labels_and_columns, counted_from, lower, lower_turned, positive, stored]


def same_entries(m, k):
    return np.sum(m[k] ** 2)


def pairs(m, k):
    return np.sum(m[np.arange(len(m)), k[:, None]] ** 2)


def first_row(m, k):
    return np.sum(m[np.arange(1), k] ** 2)


def rows_alone(m, k):
    rows, _ = np.tril_indices(len(m))
    return np.sum(m[rows] ** 2)


def rows_twice(m, k):
    rows, _ = np.tril_indices(len(m))
    return np.sum(m[rows, rows] ** 2)


def of_two_calls(m, k):
    rows, columns = np.tril_indices(len(m), -1)[0], np.triu_indices(len(m), 1)[0]
    return np.sum(m[rows, columns] ** 2)


def around_zero(m, k):
    return np.sum(m[np.arange(-4, 4)] ** 2)


def stored_twice(m, k):
    y = m * 2
    y[k] = m
    return np.sum(y**3)


REPEATED = [same_entries, pairs, first_row, rows_alone, rows_twice, of_two_calls, around_zero, stored_twice]


@pytest.mark.parametrize("function", [*PLAIN, *REPEATED], ids=lambda f: f.__name__)
@pytest.mark.parametrize("k", [LABELS, SAME], ids=["labels", "same"])
def test_gradient_at_positions(function, k):
    oracle.check_gradient(function, (M, k), (0,))


@pytest.mark.parametrize("function", [*PLAIN, *REPEATED], ids=lambda f: f.__name__)
def test_only_what_may_be_repeated_takes_longer(function):
    gradient = backprose.grad(function)
    gradient(M, LABELS)
    repeats = ".add.at(" in gradient.source or "last_at(" in gradient.source
    assert repeats == (function in REPEATED)


def test_a_single_row_is_repeated_for_all_labels():
    gradient = backprose.grad(rows_and_labels)
    np.testing.assert_array_equal(gradient(M[:1], SAME), 2 * 4 * M[:1] * (np.arange(4) == 1))
