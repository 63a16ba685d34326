"""Cases of order: sorted arrays, medians, quantiles, and entries that are chosen by value."""

from __future__ import annotations

import numpy as np

from cases import arr, case

NUMPY = np.lib.NumpyVersion(np.__version__)
HOLES = np.array([[1.0, np.nan, 3.0, 0.25], [0.5, 2.0, np.nan, 1.5], [np.nan, 2.5, 0.75, -1.0]])
EMPTY_ROW = np.array([[1.0, np.nan, 3.0], [np.nan, np.nan, np.nan]])

for _function in (np.median, np.nanmedian):
    for _axis in ((0, 1), (1, 0), (0, -1), (1,), (0, 1, 2)):
        case(_function, arr(2, 3, 2), axis=_axis)
        case(_function, arr(2, 3, 2), axis=_axis, keepdims=True)
    for _axis in (None, 0, 1, -2):
        case(_function, arr(3, 4), axis=_axis)
        case(_function, arr(3, 4), _axis, keepdims=True)
    for _shape in ((), (1,), (2,), (5,), (3, 1)):
        case(_function, arr(*_shape))
    case(_function, arr(2, 0, 3), axis=2, note=" empty")
for _axis in (None, 0, 1, (0, 1)):
    case(np.nanmedian, HOLES, axis=_axis)
case(np.nanmedian, np.array([np.nan, 1.0, 2.0]))

METHODS = (
    "linear", "lower", "higher", "midpoint", "nearest", "inverted_cdf", "averaged_inverted_cdf", "closest_observation",
    "interpolated_inverted_cdf", "hazen", "weibull", "median_unbiased", "normal_unbiased",
)  # fmt: skip
QUARTERS = np.array([0.03, 0.41, 0.7, 0.98])
WEIGHTS = np.array([0.5, 1.5, 0.25, 2.0])
for _method in METHODS:
    case(np.quantile, arr(7), 0.37, method=_method)
    case(np.quantile, arr(3, 4), QUARTERS, axis=1, method=_method)
    case(np.nanquantile, HOLES, QUARTERS, axis=1, method=_method)
for _function, _unit in ((np.quantile, 1), (np.nanquantile, 1), (np.percentile, 100), (np.nanpercentile, 100)):
    for _axis in (None, 0, -1, (2, 0), (0, 1, 2)):
        case(_function, arr(2, 3, 4), 0.3 * _unit, _axis)
        case(_function, arr(2, 3, 4), 0.3 * _unit, axis=_axis, keepdims=True)
        case(_function, arr(2, 3, 4), QUARTERS[:2] * _unit, axis=_axis, keepdims=True)
    case(_function, arr(2, 5), np.array([[0.1, 0.6], [0.3, 0.8]]) * _unit, axis=1)
    case(_function, arr(5), 50 if _unit == 100 else 1)
    for _shape in ((), (1,), (2,), (3, 1)):
        case(_function, arr(*_shape), 0.3 * _unit, axis=-1 if _shape else None)
    if NUMPY >= "2.0.0":
        _options = {"method": "inverted_cdf", "axis": 1}
        case(_function, arr(3, 4), 0.3 * _unit, weights=np.tile(WEIGHTS, (3, 1)), **_options)
        case(_function, arr(4), QUARTERS * _unit, method="inverted_cdf", weights=WEIGHTS)
for _axis in (None, 0, (0, 1)):
    case(np.nanpercentile, HOLES, 37.0, axis=_axis)
if NUMPY >= "2.0.0":
    case(np.quantile, arr(3, 4), 0.3, weights=WEIGHTS, **_options)
    case(np.percentile, arr(4, 2, 3), 40.0, axis=(2, 0), method="inverted_cdf", weights=arr(3, 4, low=0.2, high=2))
    case(np.nanquantile, HOLES, QUARTERS, weights=np.tile(WEIGHTS, (3, 1)), **_options)

if NUMPY >= "2.0.0":
    case(np.sort, arr(3, 4), axis=0, stable=True)
case(np.sort, arr(3, 4), kind="stable")
case(np.sort, arr(2, 0), note=" empty")
case(np.sort, np.array([2.0, 1.0, 2.0, 1.0, 0.5])[:0])
case(np.partition, arr(3, 4), 2, 0, "introselect")
case(np.partition, arr(2, 3, 4), -1)
case(np.unique, arr(5))
case(np.unique, arr(2, 3))
case(np.unique, arr(3), True)
case(np.unique, arr(2, 2), return_inverse=True, return_counts=True)
case(np.unique, arr(3, 2), axis=0)
case(np.unique, arr(3, 2), axis=-1)
case(np.unique, arr(3, 2), True, axis=1)
case(np.unique, arr(4), equal_nan=False)
case(np.trim_zeros, arr(3))
case(np.trim_zeros, arr(3), trim="b")
if NUMPY >= "2.0.0":
    for _function in (np.unique_values, np.unique_all, np.unique_counts, np.unique_inverse):
        case(_function, arr(5))
        case(_function, arr(2, 3))
