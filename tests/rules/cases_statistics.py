"""Cases of means and spreads, with the options that `cases.py` does not go through."""

from __future__ import annotations

import numpy as np

from cases import arr, case

NUMPY = np.lib.NumpyVersion(np.__version__)
HOLES = np.array([[1.0, np.nan, 3.0, 0.25], [0.5, 2.0, np.nan, 1.5], [np.nan, 2.5, 0.75, -1.0]])
SOME = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])

for _function in (np.nanvar, np.nanstd, np.nanprod):
    for _axis in (None, 0, 1, -2, (0, 1), (-1,)):
        case(_function, HOLES, axis=_axis)
        case(_function, arr(3, 4), _axis, keepdims=True)
        case(_function, HOLES, axis=_axis, where=SOME)
    case(_function, arr(5))
for _function in (np.nanvar, np.nanstd):
    case(_function, HOLES, axis=1, ddof=1)
case(np.nanprod, HOLES, axis=1, initial=0.3)
case(np.nanprod, np.array([[0.0, np.nan, 3.0], [0.0, 0.0, np.nan]]), axis=1)
case(np.nanprod, arr(2, 0), note=" empty")
for _function in (np.var, np.std, np.nanvar, np.nanstd):
    if NUMPY >= "2.0.0":
        case(_function, arr(3, 4), axis=1, correction=1)
        case(_function, arr(3, 4), axis=0, mean=arr(1, 4))
        case(_function, arr(3, 4), mean=arr(1, 1), ddof=1)
        case(_function, arr(3, 4), axis=(0, 1), mean=arr(1, 1), where=SOME)

WEIGHTS = arr(2, 3, 4, low=0.2, high=1)
for _axis in (None, 0, -1, (0, 2)):
    case(np.average, arr(2, 3, 4), axis=_axis, weights=WEIGHTS, keepdims=True)
    case(np.average, arr(2, 3, 4), _axis, WEIGHTS, True)
    case(np.average, arr(2, 3, 4), axis=_axis, returned=True)
case(np.average, arr(2, 3, 4), axis=1, weights=WEIGHTS[0, :, 1], returned=True, keepdims=True)
if NUMPY >= "2.0.0":
    for _axis, _shape in (((0, 1), (2, 3)), ((1, 0), (3, 2)), ((-1, 0), (4, 2)), ((1,), (3,))):
        case(np.average, arr(2, 3, 4), axis=_axis, weights=arr(*_shape, low=0.2, high=1))
        case(np.average, arr(2, 3, 4), axis=_axis, weights=arr(*_shape, low=0.2, high=1), returned=True)

FREQUENCIES, IMPORTANCE = np.array([1, 3, 2, 1, 4]), np.array([0.5, 1.5, 0.25, 2.0, 1.0])
for _function in (np.cov, np.corrcoef):
    case(_function, arr(3, 5))
    case(_function, arr(5), arr(5))
    case(_function, arr(2, 5), arr(3, 5))
    case(_function, arr(2, 5), arr(5))
    case(_function, arr(5, 2), rowvar=False)
    case(_function, arr(5, 2), arr(5, 3), False)
    case(_function, arr(5))
for _options in ({}, {"bias": True}, {"ddof": 0}, {"ddof": 2}):
    case(np.cov, arr(2, 5), **_options)
    case(np.cov, arr(2, 5), fweights=FREQUENCIES, **_options)
    case(np.cov, arr(2, 5), aweights=IMPORTANCE, **_options)
    case(np.cov, arr(2, 5), arr(1, 5), fweights=FREQUENCIES, aweights=IMPORTANCE, **_options)

PLACES = np.array([0, 2, 2, 1, 5, 0])
case(np.bincount, PLACES, arr(6))
case(np.bincount, PLACES, weights=arr(6), minlength=9)
SAMPLE = np.array([0.1, 0.7, 1.6, 2.2, 2.3, 3.9, 0.9])
case(np.histogram, SAMPLE, weights=arr(7), note=" moves its edges")
case(np.histogram, SAMPLE, 3)
case(np.histogram, SAMPLE, np.array([0.5, 1.0, 2.25, 4.0]), weights=arr(7), note=" edges")
case(np.histogram, SAMPLE, 4, (0.5, 3.0), weights=arr(7))
case(np.histogram, SAMPLE.reshape(1, 7), 4, (0.5, 3.0), weights=arr(1, 7))
for _options in ({"bins": 4}, {"bins": 4, "range": (0.5, 3.0)}, {"bins": np.array([0, 1, 2.25, 4])}):
    case(np.histogram, SAMPLE, weights=arr(7, low=0.2, high=2), density=True, **_options)
case(np.histogram, SAMPLE, 3, density=True)
