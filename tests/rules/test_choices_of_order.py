"""What is chosen at ties, where entries are missing, and at the ends; and what is refused."""

from __future__ import annotations

import backprose
import numpy as np
import pytest
from backprose import errors

TIED = np.array([2.0, 1.0, 2.0, 1.0, 3.0])


def owners(function, x=TIED):
    """The gradient of the sum of what the function gives."""
    return backprose.grad(lambda x: np.sum(function(x)))(x)


def test_a_tie_in_a_quantile_goes_to_the_first_in_the_order_of_the_array():
    np.testing.assert_array_equal(owners(np.median), [1, 0, 0, 0, 0])
    np.testing.assert_array_equal(owners(lambda x: np.percentile(x, 25)), [0, 0, 0, 1, 0])
    np.testing.assert_array_equal(owners(lambda x: np.quantile(x, 0.0)), [0, 1, 0, 0, 0])
    np.testing.assert_array_equal(owners(lambda x: np.sort(x)[:3]), [1, 1, 0, 1, 0])
    np.testing.assert_array_equal(owners(lambda x: np.unique(x)), [1, 1, 0, 0, 1])


def test_the_slope_by_q_is_that_inside():
    slope = backprose.grad(lambda q: np.quantile(np.array([1.0, 2.0, 4.0]), q))
    assert [slope(q) for q in (0.0, 0.5, 1.0)] == [2.0, 4.0, 4.0]
    stays = backprose.grad(lambda q: np.quantile(np.array([1.0, 2.0, 4.0]), q, method="hazen"))
    assert [stays(q) for q in (0.05, 0.3, 0.99)] == [0.0, 3.0, 0.0]


def test_missing_rows_get_nothing():
    x = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])
    with pytest.warns(RuntimeWarning, match="All-NaN"):
        for function in (np.nanmedian, lambda x, axis: np.nanpercentile(x, 50, axis=axis)):
            bars = owners(lambda x, f=function: f(x, axis=1), x)
            np.testing.assert_array_equal(bars, [[0.5, 0, 0.5], [0, 0, 0]])


TRIMMED = {"fb": [0, 0, 1, 1, 1, 0], "f": [0, 0, 1, 1, 1, 1], "b": [1, 1, 1, 1, 1, 0]}


@pytest.mark.parametrize("trim, expected", TRIMMED.items())
def test_zeros_that_are_trimmed_get_nothing(trim, expected):
    x = np.array([0.0, 0.0, 1.5, 0.0, 2.5, 0.0])
    np.testing.assert_array_equal(owners(lambda x: np.trim_zeros(x, trim), x), expected)


@pytest.mark.parametrize("function", [np.median, np.nanmedian, np.quantile, np.percentile])
def test_what_may_overwrite_its_argument_is_refused(function):
    more = () if function in (np.median, np.nanmedian) else (0.5 if function is np.quantile else 50,)
    with pytest.raises(errors.UnsupportedUpdate, match="may overwrite its argument"):
        backprose.grad(lambda x: function(x, *more, overwrite_input=True))(TIED)
    assert owners(lambda x: function(x, *more, overwrite_input=False))[0] == 1
