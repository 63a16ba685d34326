"""Cases of the functions that assemble, pad, choose and create: joining, copies, padding, selecting, creation."""

from __future__ import annotations

import numpy as np

from cases import arr, case

RECENT = np.lib.NumpyVersion(np.__version__) >= "2.2.0"

# Other shapes and layouts

for _f in (np.broadcast_arrays,):
    case(_f, arr(2, 3), arr(3))
    case(_f, arr(2, 1), 1.5, arr(1, 3))
    case(_f, arr(0, 3), arr(1))
    case(_f, arr(3))
for _f in (getattr(np, "matrix_transpose", None), getattr(np.linalg, "matrix_transpose", None)):
    if _f is not None:
        case(_f, arr(2, 3))
        case(_f, arr(2, 3, 4))
        case(_f, arr(0, 3))
for _f in (np.array, np.asarray, np.asanyarray, np.asarray_chkfinite, np.ascontiguousarray, np.asfortranarray, np.require, np.copy):
    case(_f, arr(2, 3))
    case(_f, arr(), note=" no axes")
    case(_f, 1.5)
    case(_f, [1.5, 0.5])
    case(_f, [[1.5, 0.5], [2.0, -1.0]])
case(np.array, arr(2, 3), copy=True, order="F", ndmin=4)
case(np.array, 1.5, ndmin=2)
case(np.array, [1.5, 0.5], copy=True, subok=True, order="C")
case(np.asarray, arr(2, 3), order="F")
case(np.copy, arr(2, 3), order="F")
case(np.require, arr(2, 3), None, ["C", "W"])
case(np.ndarray.copy, arr(2, 3), "F")

# Joined, put in, taken out

for _f in (np.concatenate, np.stack, np.vstack, np.hstack):
    case(_f, [arr(2, 3), arr(2, 3)], dtype=np.float64, casting="unsafe")
case(np.concatenate, [arr(2), arr(2, 3), arr(1, 1), arr(4)], axis=None)
case(np.vstack, [arr(3), arr(2, 3), arr(3), arr(1, 3)])
if hasattr(np, "row_stack"):
    case(np.row_stack, [arr(3), arr(2, 3)])
case(np.block, arr(2, 3))
case(np.block, [arr(2), arr(3), 1.5])
case(np.block, [[arr(2, 3), arr(2, 1)], [arr(4)]])
case(np.block, [[arr(2, 3), arr(2, 1)], [arr(1, 1), arr(1, 3)], [arr(4)]])
case(np.block, [[1.5, arr(1)], [arr(2)]])
case(np.block, [[[arr(2, 1, 2), arr(2, 1, 1)]], [[arr(1, 1, 3)]]])
for _at in (0, 2, 4, -1, -4):
    case(np.insert, arr(4), _at, 1.5)
    case(np.insert, arr(4), _at, arr(2))
    case(np.insert, arr(2, 4), _at, arr(2), axis=1)
    case(np.insert, arr(2, 4), _at, 1.5, -1)
    case(np.insert, arr(2, 4), _at, 0.5)
case(np.insert, arr(4), [3, 0, 3], arr(3))
case(np.insert, arr(4), [1, -1], 2.5)
case(np.insert, arr(4), [2], arr(3))
case(np.insert, arr(4), [], 1.5)
case(np.insert, arr(4), slice(None, None, 2), arr(2))
case(np.insert, arr(4), np.array([True, False, False, True]), arr(2))
case(np.insert, arr(3, 2), 1, arr(2), axis=0)
case(np.insert, arr(3, 2), 1, arr(2, 2), axis=0)
case(np.insert, arr(3, 2), [0, 2], arr(2), axis=0)
case(np.insert, arr(3, 2), [0, 2], arr(3, 1), axis=1)
case(np.insert, arr(3, 2), [1], arr(3, 2), axis=1)
case(np.insert, arr(2, 3, 2), 1, arr(2, 2), axis=1)
case(np.insert, arr(0), 0, arr(2))
for _at in (0, -1, slice(1, 3), slice(None, None, -2), slice(2, 1), [0, 0, -1], []):
    case(np.delete, arr(4), _at)
    case(np.delete, arr(3, 4), _at, axis=1)
case(np.delete, arr(3, 4), 5)
case(np.delete, arr(4), np.array([True, False, False, True]))
case(np.delete, arr(3, 4), np.array([True, False, True]), 0)
for _trim in ("fb", "f", "b", "F"):
    case(np.trim_zeros, arr(4), _trim)  # with zeros, the length jumps: tests/rules/test_shapes.py
if RECENT:
    case(np.trim_zeros, arr(2, 3), axis=-1)
    case(np.trim_zeros, arr(2, 3))

# Padding

for _shape, _width in (((3,), 2), ((2, 3), ((1, 2), (0, 1))), ((2, 3), ((0, 0), (3, 1))), ((), 0)):
    case(np.pad, arr(*_shape), _width, "constant", constant_values=1.5)
    case(np.pad, arr(*_shape), _width, mode="empty") if _width == 0 else None
case(np.pad, arr(2, 3), ((1, 2), (0, 1)), constant_values=arr(2))
case(np.pad, arr(2, 3), ((1, 2), (3, 1)), constant_values=arr(2, 2))
case(np.pad, arr(2, 3), ((1, 2), (3, 1)), constant_values=arr(2, 1))
case(np.pad, arr(2, 3, 2), 1, constant_values=arr(3, 2))
case(np.pad, arr(0), 2, constant_values=0.5)
for _mode in ("reflect", "symmetric"):
    case(np.pad, arr(3, 4), ((1, 2), (0, 7)), _mode, reflect_type="even")

# Chosen by position and by condition

for _mode in ("wrap", "clip"):
    case(np.take, arr(4), np.array([0, 5, -1, -6, 5]), mode=_mode)
    case(np.take, arr(2, 3), [[0, 7], [-9, 1]], mode=_mode)
    case(np.take, arr(2, 3), [4, -2, 0], axis=1, mode=_mode)
    case(np.take, arr(2, 3), 5, -2, mode=_mode)
for _f in (np.compress,):
    case(_f, np.array([True, False, True]), arr(4))
    case(_f, [0, 1, 2], arr(3))
    case(_f, [True, False, True], arr(2, 3), axis=1)
    case(_f, [False, True], arr(2, 3), -2)
    case(_f, [False, True, False, False, True], arr(2, 3))
    case(_f, [False, False], arr(2))
case(np.ndarray.compress, arr(4), np.array([True, False, True]))
case(np.ndarray.compress, arr(2, 3), [True, False, True], axis=-1)
case(np.extract, np.array([[True, False, True], [False, True, True]]), arr(2, 3))
case(np.extract, [1, 0, 2], arr(3))
case(np.extract, np.zeros(3, bool), arr(3))
for _k in (0, 1, -2):
    case(np.diagflat, arr(3), _k)
    case(np.diagflat, arr(2, 2), k=_k)
case(np.diagflat, 1.5)
_where = np.array([[True, False, True], [False, False, True]])
case(np.select, [_where, ~_where[::-1]], [arr(2, 3), arr(3)], arr(2, 1))
case(np.select, [_where, _where], [arr(2, 3), 1.5], 0.5)
case(np.select, [_where], [arr(2, 3)])
case(np.select, [_where[0], _where[1]], arr(2, 3), default=1.5)
case(np.select, (_where, ~_where), (arr(), arr(1)))
_choice = np.array([[1, 0, 2], [0, 0, 1]])
case(np.choose, _choice, [arr(2, 3), arr(3), 1.5])
case(np.choose, _choice, arr(3, 2, 3))
case(np.choose, [1, 0, 1], (arr(3), arr(1)))
case(np.choose, 1, [arr(3), arr(3)])
for _mode in ("wrap", "clip"):
    case(np.choose, _choice * 3 - 4, [arr(2, 3), arr(2, 1), arr()], mode=_mode)
for _f in (np.setdiff1d, np.union1d, np.setxor1d):
    case(_f, arr(5), arr(4))
    case(_f, arr(2, 3), arr(2))
    case(_f, arr(3), arr(0))
case(np.setdiff1d, arr(5), arr(4), assume_unique=True)
case(np.setdiff1d, arr(5), np.array([1, 2]))

# Created

for _options in ({}, {"endpoint": False}, {"axis": -1}):
    case(np.linspace, arr(2), arr(2), 4, retstep=True, **_options)
    case(np.logspace, arr(2), 1.5, 4, base=2.5, **_options)
    case(np.geomspace, arr(2, low=0.5), arr(2, low=-3, high=-1) * -1, 4, **_options)
case(np.linspace, 0.5, 2.5, 3, retstep=True)
case(np.linspace, arr(2), 2.5, 1, endpoint=False, retstep=True)
case(np.logspace, 0.5, 1.5, 3)
case(np.logspace, arr(2, 1), arr(3), 4, axis=1)
case(np.geomspace, 0.5, 4.5)
case(np.geomspace, arr(2, 1, low=0.5), arr(3, low=1, high=2), 3, axis=1)
case(np.full_like, arr(2, 3), 1.5, order="F", shape=(4,))
case(np.full_like, arr(2, 3), arr(2), None, "C", True, (3, 2))
