"""Products and quotients that an exact zero annihilates, against plain ones."""

from __future__ import annotations

import itertools
import math
import operator
import warnings

import numpy as np
import pytest
from backprose_runtime import all_finite, divide_nonzero, multiply_nonzero

PAIRS = [(divide_nonzero, operator.truediv), (multiply_nonzero, operator.mul)]
both = pytest.mark.parametrize("guarded, plain", PAIRS, ids=["divide", "multiply"])
MAKERS = [float, np.float32, np.float64, np.array, np.complex128, lambda v: np.full((2, 3), v), lambda v: np.full((3,), v, np.float32)]


@both
@pytest.mark.parametrize("d, b", list(itertools.product([0.0, -0.0, 1.5], [2.0, -3.0, 0.0, math.inf, math.nan])))
def test_values_dtypes_and_shapes(guarded, plain, d, b):
    for make_d, make_b in itertools.product(MAKERS, MAKERS):
        x, y = make_d(d), make_b(b)
        if d != 0 and b == 0 and type(x) is type(y) is float and plain is operator.truediv:
            with pytest.raises(ZeroDivisionError):
                guarded(x, y)
            continue
        with np.errstate(all="ignore"):
            expected = plain(x, make_b(1.0)) * 0 if d == 0 else plain(x, y)
        with warnings.catch_warnings(action="error" if d == 0 else "ignore"):
            found = guarded(x, y)
        np.testing.assert_array_equal(found, expected)
        assert np.asarray(found).dtype == np.asarray(expected).dtype
        assert np.shape(found) == np.shape(expected)


@both
def test_only_zeros_annihilate(guarded, plain):
    d = np.array([0.0, 1.0, -2.0, 0.0, np.nan])
    b = np.array([0.0, 0.0, np.inf, np.nan, 2.0])
    with np.errstate(all="ignore"):
        expected = np.where(d == 0, 0, plain(d, b))
        np.testing.assert_array_equal(guarded(d, b), expected)
        np.testing.assert_array_equal(guarded(d[:, None], b), np.where(d[:, None] == 0, 0, plain(d[:, None], b)))


@both
def test_what_counts_still_warns(guarded, plain):
    b = np.array([0.0, 0.0]) if plain is operator.truediv else np.array([np.inf, 1e300])
    with pytest.warns(RuntimeWarning):
        guarded(np.array([0.0, 1e300]), b)


@both
def test_results_are_fresh(guarded, plain):
    d = np.array([0.0, 1.0])
    assert guarded(d, 1.0) is not d and not np.shares_memory(guarded(d, np.array([np.nan, 1.0])), d)
    assert guarded(np.zeros(0), np.zeros(0)).shape == (0,)


def test_both_parts_of_a_complex_number_are_finite():
    assert all_finite(1 + 2j, np.complex64(1j), np.ones(2))
    assert not all_finite(complex(1, np.nan)) and not all_finite(np.complex128(complex(1, np.inf)))
