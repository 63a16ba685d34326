"""One table of argument sets for every callable that has a rule; each runner goes through all of it.

Further families stand in files `cases_*.py`, which add to the table with `case`.

A `Case` holds the callable, its arguments, and which of them to differentiate: positions or names of the arguments that
bind to the rule's `wrt` and hold floats. Values are asymmetric and shapes are not square, so that a transpose shows.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import math
import operator
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import backprose_runtime
from backprose.ir.objects import public_name
from backprose.rules import registry


@dataclass(frozen=True)
class Case:
    """One call. `wrt` names differentiated arguments: an int is a position, a str a keyword."""

    function: Callable
    args: tuple
    kwargs: dict = field(default_factory=dict)
    wrt: tuple[int | str, ...] = ()
    note: str = ""

    @property
    def id(self) -> str:
        name = getattr(self.function, "__name__", str(self.function))
        ufunc = registry.ufunc_of(self.function)
        name = name if ufunc is None else f"{ufunc.__name__}.{name}"
        module = getattr(self.function, "__module__", None) or "numpy"
        shapes = ",".join([describe(x) for x in (*self.args, *self.kwargs.values())])
        return f"{public_name(self.function) or f'{module}.{name}'}({shapes}){self.note}"

    def call(self, values: list) -> Any:
        """The callable with `values` in place of the differentiated arguments, in the order of `wrt`."""
        args, kwargs = list(self.args), dict(self.kwargs)
        for key, value in zip(self.wrt, values):
            if isinstance(key, int):
                args[key] = value
            else:
                kwargs[key] = value
        result = self.function(*args, **kwargs)
        return list(result) if self.function is builtins.reversed else result

    @property
    def values(self) -> list:
        """The differentiated arguments, in the order of `wrt`."""
        return [self.args[key] if isinstance(key, int) else self.kwargs[key] for key in self.wrt]


def describe(x: Any) -> str:
    if isinstance(x, np.ndarray):
        return "x".join(map(str, x.shape)) or "0d"
    if isinstance(x, (list, tuple)):
        return "[" + " ".join([describe(item) for item in x]) + "]"
    return repr(x).replace(" ", "")[:20]


def has_floats(x: Any) -> bool:
    """Whether x is, or contains, a real or complex number or an array of them; integers are none."""
    if isinstance(x, (list, tuple)):
        return any(has_floats(item) for item in x)
    return isinstance(x, (float, complex)) or isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "fc"


def differentiated(function: Callable, args: tuple, kwargs: dict) -> tuple[int | str, ...]:
    """The arguments that bind to the rule's `wrt` and hold floats."""
    rule = registry.rule_for(function)
    parameters = list(inspect.signature(rule.text).parameters.values())[1:]
    names = []
    for position in range(len(args)):
        p = parameters[builtins.min(position, len(parameters) - 1)]
        for earlier in parameters[: position + 1]:
            if earlier.kind is earlier.VAR_POSITIONAL:
                p = earlier
        names.append(p.name)
    found = [i for i, name in enumerate(names) if name in rule.wrt and has_floats(args[i])]
    return tuple(found + [name for name, x in kwargs.items() if name in rule.wrt and has_floats(x)])


CASES: list[Case] = []

# Functions that round to a type in which no difference can be taken
LOSSY = frozenset({np.float16, np.float32, np.complex64})


def case(function: Callable, *args: Any, note: str = "", **kwargs: Any) -> None:
    CASES.append(Case(function, args, kwargs, differentiated(function, args, kwargs), note))


_rng = np.random.default_rng(7)


def arr(*shape: int, low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Entries spread over [low, high], no two alike, in random order."""
    n = math.prod(shape)
    grid = low + (high - low) * (np.arange(n) + 0.5 + 0.3 * _rng.uniform(-1, 1, n)) / builtins.max(n, 1)
    return _rng.permutation(grid).reshape(shape)


def cplx(*shape: int) -> np.ndarray:
    """Complex entries, real and imaginary parts as those of `arr`."""
    return arr(*shape) + 1j * arr(*shape)


def well(*shape: int, make: Callable = arr) -> np.ndarray:
    """Matrices far from singular."""
    return make(*shape) + 4 * np.eye(shape[-1])


SPREAD = np.diag([1.0, 2.5, 4.5]) + 0.3 * np.array([[0, 1, -1], [1, 0, 2], [-1, 2, 0]])  # eigenvalues far apart


# Elementwise: for each function an interval where it is smooth

UNARY = {
    np.negative: (-2, 2), np.positive: (-2, 2), np.square: (-2, 2), np.reciprocal: (0.3, 2),
    np.exp: (-2, 2), np.exp2: (-2, 2), np.expm1: (-2, 2), np.log: (0.2, 3), np.log2: (0.2, 3), np.log10: (0.2, 3),
    np.log1p: (-0.7, 3), np.sqrt: (0.1, 3), np.cbrt: (-2, -0.2), np.sin: (-3, 3), np.cos: (-3, 3), np.tan: (-1.2, 1.2),
    np.arcsin: (-0.9, 0.9), np.arccos: (-0.9, 0.9), np.arctan: (-3, 3), np.sinh: (-2, 2), np.cosh: (-2, 2),
    np.tanh: (-2, 2), np.arcsinh: (-3, 3), np.arccosh: (1.2, 3), np.arctanh: (-0.9, 0.9), np.radians: (-9, 9),
    np.deg2rad: (-9, 9), np.degrees: (-3, 3), np.rad2deg: (-3, 3), np.sinc: (-2, 2), np.absolute: (0.1, 2),
    np.fabs: (-2, -0.1), builtins.abs: (-2, -0.1), operator.abs: (0.1, 2), operator.neg: (-2, 2), operator.pos: (-2, 2),
    np.nan_to_num: (-2, 2), np.conjugate: (-2, 2), np.real: (-2, 2), np.imag: (-2, 2),
}  # fmt: skip
for _f, (_low, _high) in UNARY.items():
    for _shape in [(), (4,), (1,), (0,), (2, 3)]:
        case(_f, arr(*_shape, low=_low, high=_high))
    case(_f, float(arr(low=_low, high=_high)), note=" float")
    case(_f, np.float64(arr(low=_low, high=_high)), note=" np.float64")
case(np.sinc, np.array([0.0, 1e-9, -0.005, 0.009, 0.011, 1.0]), note=" small")
case(np.nan_to_num, arr(3), nan=2.0, posinf=1.0)

POSITIVE = (0.3, 2)
BINARY = {
    np.add: ((-2, 2), (-2, 2)), operator.add: ((-2, 2), (-2, 2)), np.subtract: ((-2, 2), (-2, 2)),
    operator.sub: ((-2, 2), (-2, 2)), np.multiply: ((-2, 2), (-2, 2)), operator.mul: ((-2, 2), (-2, 2)),
    np.divide: ((-2, 2), POSITIVE), operator.truediv: ((-2, 2), POSITIVE), np.power: (POSITIVE, (-2, 2)),
    np.float_power: (POSITIVE, (-2, 2)), operator.pow: (POSITIVE, (-2, 2)), builtins.pow: (POSITIVE, (-2, 2)),
    np.remainder: ((-5.1, -4.2), (1.3, 1.4)), operator.mod: ((4.2, 5.1), (1.3, 1.4)),
    np.fmod: ((-5.1, -4.2), (1.3, 1.4)),
    np.logaddexp: ((-2, 2), (-2, 2)), np.logaddexp2: ((-2, 2), (-2, 2)), np.arctan2: ((-2, 2), POSITIVE),
    np.hypot: (POSITIVE, POSITIVE), np.maximum: ((-2, 2), (-1.9, 1.9)), np.minimum: ((-2, 2), (-1.9, 1.9)),
    np.fmax: ((-2, 2), (-1.9, 1.9)), np.fmin: ((-2, 2), (-1.9, 1.9)), np.copysign: (POSITIVE, (-2, 2)),
}  # fmt: skip
BROADCASTS = [((), ()), ((3,), (3,)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((2, 3), ()), ((), (2, 3)),
              ((1,), (1,)), ((0, 3), (3,)), ((1, 3), (2, 1, 1))]  # fmt: skip
for _f, (_a, _b) in BINARY.items():
    for _left, _right in BROADCASTS:
        case(_f, arr(*_left, low=_a[0], high=_a[1]), arr(*_right, low=_b[0], high=_b[1]))
    case(_f, float(arr(low=_a[0], high=_a[1])), float(arr(low=_b[0], high=_b[1])), note=" floats")
    case(_f, arr(2, 3, low=_a[0], high=_a[1]), float(arr(low=_b[0], high=_b[1])), note=" array and float")
    case(_f, float(arr(low=_a[0], high=_a[1])), arr(2, 3, low=_b[0], high=_b[1]), note=" float and array")
for _f in (np.power, operator.pow, builtins.pow, np.float_power):
    for _n in (0, 1, 2, 3):
        case(_f, np.array([-1.5, 0.0, 2.0]), _n)
    case(_f, 0.0, 0)
    case(_f, 0.0, 2)
    case(_f, np.array([-1.5, 2.0, 0.7]), np.array([0, 3, 2]))
    case(_f, np.array([1.5, 0.7]), -2.0)
    case(_f, 2, np.array([1.5, -0.7]))

for _shapes in [((2, 3), (2, 3), (2, 3)), ((2, 3), (3,), ()), ((3,), (2, 1), (1, 1)), ((), (2,), (2,)), ((), (), ())]:
    case(np.where, arr(*_shapes[0]) > 0, arr(*_shapes[1]), arr(*_shapes[2]))
case(np.where, np.array([True, False]), 1.5, arr(2))
case(np.where, True, 1.5, 2.5)
case(np.clip, arr(2, 4), -1.03, 1.03)
case(np.clip, arr(2, 4), arr(4, low=-1.1, high=-1), arr(2, 1, low=1, high=1.1))
case(np.clip, arr(2, 4), None, 0.51)
case(np.clip, arr(2, 4), a_min=-0.51, a_max=None)
case(np.clip, 0.7, -1.0, 0.5)
case(np.clip, arr(3), 1.0, -1.0, note=" crossed")
if np.lib.NumpyVersion(np.__version__) >= "2.1.0":
    case(np.clip, arr(5), min=-0.51)
    case(np.clip, arr(5), max=0.51)


# Reductions


def each_axis(function: Callable, x: np.ndarray, **options: Any) -> None:
    """All ways to name axes of x (3-D)."""
    case(function, x, **options)
    case(function, x, keepdims=True, **options)
    for axis in (0, 1, -1, -2, (0, 2), (-1, 0), (1,), (0, 1, 2)):
        case(function, x, axis=axis, **options)
        case(function, x, axis, keepdims=True, **options)


def each_shape(function: Callable, *shapes: tuple[int, ...]) -> None:
    for shape in shapes:
        case(function, arr(*shape))


REDUCTIONS = (np.sum, np.mean, np.prod, np.max, np.min, np.ptp, np.var, np.std)
REDUCTIONS += (np.nansum, np.nanmean, np.nanmax, np.nanmin)
for _f in REDUCTIONS:
    each_axis(_f, arr(2, 3, 4))
    each_shape(_f, (5,), (2, 3), (), (1, 3))
    if _f is not np.std:
        case(_f, arr(1), note=" one entry")
    case(_f, arr(3, 1, 2), axis=1) if _f is not np.std else None
    case(_f, arr(2, 0, 3), axis=0)
case(np.amax, arr(2, 3), axis=1)
case(np.amin, arr(2, 3))
for _f in (np.sum, np.prod, np.nansum):
    case(_f, arr(2, 0), note=" empty")
    case(_f, arr(0, 3), axis=0)
CASES[:] = [c for c in CASES if not (c.function is np.std and np.size(c.args[0]) == 1)]
for _f in (np.var, np.std):
    case(_f, arr(2, 5), axis=1, ddof=1)
    case(_f, arr(7), ddof=2)
for _f in (np.nansum, np.nanmean, np.nanmax, np.nanmin):
    case(_f, np.array([[1.0, np.nan, 3.0], [0.5, 2.0, np.nan]]), axis=1)
    case(_f, np.array([[1.0, np.nan, 3.0], [0.5, 2.0, np.nan]]))
for _zeros in ([0], [1, 3], [0, 1, 2]):
    _x = arr(4)
    _x[_zeros] = 0
    case(np.prod, _x, note=f" zeros at {_zeros}")
    case(np.cumprod, _x, note=f" zeros at {_zeros}")
    case(math.prod, _x.tolist(), note=f" zeros at {_zeros}")
case(np.prod, np.array([[0.0, 2, 3], [0, 0, 5], [1, 2, 4]]), axis=1)
case(np.prod, np.array([[0.0, 2, 3], [0, 0, 5], [1, 2, 4]]), axis=0)
case(np.cumprod, np.array([[0.0, 2, 3], [0, 0, 5], [1, 2, 4]]), axis=1)
for _f in (np.cumsum, np.cumprod):
    each_shape(_f, (5,), (2, 3), (1,), (0,), (9,))
    for _axis in (0, 1, -1):
        case(_f, arr(2, 3, 2), axis=_axis)
    case(_f, arr(2, 0), axis=1)
for _n in (1, 2, 3):
    case(np.diff, arr(5), _n)
    case(np.diff, arr(5, 2), _n, axis=0)
case(np.diff, arr(2, 4))
case(np.diff, arr(1))
case(np.average, arr(2, 3))
case(np.average, arr(2, 3), axis=1)
case(np.average, arr(2, 3), weights=arr(2, 3, low=0.2, high=1))
case(np.average, arr(2, 3), axis=0, weights=arr(2, 3, low=0.2, high=1))
case(np.average, arr(2, 3), axis=0, weights=arr(2, low=0.2, high=1))
case(np.average, arr(2, 3, 2), axis=-2, weights=arr(3, low=0.2, high=1))
case(np.average, arr(4), weights=arr(4, low=0.2, high=1))
for _axis in (0, 1, -1, None):
    case(np.sort, arr(3, 4), axis=_axis)
    case(np.median, arr(3, 4), axis=_axis)
case(np.sort, arr(6))
for _axis in (0, 1, -1, None):
    case(np.partition, arr(3, 4), 1, axis=_axis)
case(np.partition, arr(6), (1, 4))
_some = np.array([[True, False, True, True], [True, True, False, True], [False, True, True, True]])
for _f in (np.sum, np.prod, np.max, np.min, np.nansum):
    for _axis in (None, 0, 1, (0, 1)):
        case(_f, arr(3, 4), axis=_axis, where=_some, initial=0.3)
        case(_f, arr(3, 4), axis=_axis, initial=0.3, keepdims=True)
for _f in (np.mean, np.var, np.std, np.nanmean):
    for _axis in (None, 0, 1):
        case(_f, arr(3, 4), axis=_axis, where=_some)
    case(_f, arr(3, 4), axis=1, where=_some[:, :1] | True, keepdims=True)
case(np.median, arr(5))
case(np.median, arr(2, 4), axis=1, keepdims=True)


# Shape

for _shape in [(6,), (3, 2), (-1,), (1, 6), 6, (2, 1, 3)]:
    case(np.reshape, arr(2, 3), _shape)
case(np.reshape, arr(2, 3), (3, 2), order="F")
case(np.reshape, arr(), (1,))
case(np.reshape, 1.5, (1, 1))
case(np.reshape, arr(0, 3), (3, 0))
for _f in (np.ravel, np.ndarray.flatten):
    case(_f, arr(2, 3))
    case(_f, arr(2, 3), order="F")
    case(_f, arr())
case(np.squeeze, arr(1, 3, 1))
case(np.squeeze, arr(1, 3, 1), axis=-1)
case(np.squeeze, arr(1, 3, 1), (0, 2))
for _axis in (0, 1, -1, (0, 2), (-1, -2)):
    case(np.expand_dims, arr(2, 3), _axis)
for _f in (np.atleast_1d, np.atleast_2d, np.atleast_3d):
    each_shape(_f, (), (3,), (2, 3), (2, 2, 2))
    case(_f, 1.5)
    case(_f, arr(), arr(3))
case(np.broadcast_to, arr(3), (2, 3))
case(np.broadcast_to, arr(2, 1), (4, 2, 3))
case(np.broadcast_to, 1.5, (2, 3))
case(np.broadcast_to, arr(1), (0,))
case(np.transpose, arr(2, 3))
case(np.transpose, arr(2, 3, 4))
case(np.transpose, arr(2, 3, 4), (1, 2, 0))
case(np.transpose, arr(2, 3, 4), axes=(-1, 0, 1))
case(np.transpose, arr(3))
case(np.swapaxes, arr(2, 3, 4), 0, -1)
case(np.swapaxes, arr(2, 3, 4), 1, 2)
case(np.moveaxis, arr(2, 3, 4), 0, -1)
case(np.moveaxis, arr(2, 3, 4), (0, 1), (-1, 0))
for _axis, _start in ((2, 0), (0, 2), (0, 3), (-1, 1), (1, -1)):
    case(np.rollaxis, arr(2, 3, 4), _axis, _start)
case(np.rollaxis, arr(2, 3, 4), 2)
for _axis in (None, 0, -1, (0, 1)):
    case(np.flip, arr(2, 3), _axis)
case(np.fliplr, arr(2, 3))
case(np.flipud, arr(2, 3))
case(np.rot90, arr(2, 3))
case(np.rot90, arr(2, 3), 3)
case(np.rot90, arr(2, 3, 4), k=2, axes=(1, 2))
case(np.rot90, arr(2, 3, 4), k=-1, axes=(2, 0))
case(np.roll, arr(2, 3), 1)
case(np.roll, arr(2, 3), -2, axis=1)
case(np.roll, arr(2, 3), (1, 2), axis=(0, 1))
for _axis in (0, 1, -1):
    case(np.stack, [arr(2, 3), arr(2, 3)], axis=_axis)
    case(np.stack, (arr(2, 3),), _axis)
case(np.stack, [arr(2, 3), arr(2, 3)], 2)
case(np.stack, [1.5, 2.5, 3.5])
case(np.concatenate, [arr(2, 3), arr(1, 3), arr(4, 3)])
case(np.concatenate, (arr(2, 3), arr(2, 2)), axis=1)
case(np.concatenate, [arr(2, 3), arr(2, 2)], -1)
case(np.concatenate, [arr(2, 3), arr(2)], axis=None)
case(np.concatenate, [arr(3)])
case(np.concatenate, [arr(0), arr(3)])
case(np.vstack, [arr(3), arr(2, 3)])
case(np.vstack, [arr(3), arr(3)])
case(np.vstack, (1.5, 2.5))
case(np.hstack, [arr(3), arr(2)])
case(np.hstack, [arr(2, 1), arr(2, 3)])
case(np.hstack, [1.5, arr(2)])
case(np.dstack, [arr(2, 3), arr(2, 3)])
case(np.dstack, [arr(2, 3, 2), arr(2, 3)])
case(np.dstack, [arr(3), arr(3)])
case(np.column_stack, [arr(3), arr(3, 2)])
case(np.column_stack, [arr(3), arr(3)])
for _f in (np.concatenate, np.vstack, np.hstack, np.dstack, np.column_stack, np.stack):
    case(_f, arr(2, 3, 4), note=" an array")
case(np.concatenate, arr(2, 3, 4), axis=-1)
case(np.stack, arr(2, 3, 4), axis=-1)
case(np.vstack, arr(4, 3))
case(np.append, arr(3), 1.5)
case(np.append, arr(2, 3), arr(2))
case(np.append, arr(2, 3), arr(1, 3), axis=0)
case(np.append, arr(2, 3), arr(2, 2), axis=-1)
case(np.split, arr(6), 3)
case(np.split, arr(6, 2), [1, 4])
case(np.split, arr(2, 6), 2, axis=-1)
case(np.array_split, arr(7), 3)
case(np.array_split, arr(2, 5), 2, axis=1)
case(np.hsplit, arr(4), 2)
case(np.hsplit, arr(2, 4), [1])
case(np.vsplit, arr(4, 2), 2)
case(np.dsplit, arr(2, 2, 4), 2)
for _reps in (3, (2,), (2, 3), (2, 1, 3)):
    case(np.tile, arr(2, 3), _reps)
case(np.tile, arr(3), 2)
case(np.tile, arr(3), (2, 2))
case(np.tile, arr(2, 2, 3), (2, 3))
case(np.tile, 1.5, 3)
case(np.repeat, arr(2, 3), 2)
case(np.repeat, arr(2, 3), 2, axis=0)
case(np.repeat, arr(2, 3), 3, axis=-1)
case(np.repeat, arr(2, 3), np.array([1, 0, 2]), axis=1)
case(np.repeat, arr(3), [2, 0, 1])
case(np.repeat, arr(2, 3, 2), [2, 0, 1], -2)
case(np.repeat, 1.5, 3)
for _width in (1, (1, 2), ((0, 1), (2, 0)), ((1, 1),)):
    case(np.pad, arr(2, 3), _width)
case(np.pad, arr(3), 2, constant_values=1.0)
for _mode in ("edge", "reflect", "symmetric", "wrap"):
    case(np.pad, arr(3, 4), ((1, 2), (2, 1)), _mode)
for _f in (np.tril, np.triu):
    case(_f, arr(3, 4))
    case(_f, arr(3, 3), -1)
    case(_f, arr(3))
    case(_f, arr(2, 3, 4), k=1)
for _k in (0, 1, -1, 2):
    case(np.diag, arr(3), _k)
    case(np.diag, arr(3, 4), _k)
    case(np.diag, arr(4, 3), _k)
    case(np.diagonal, arr(3, 4), _k)
    case(np.diagonal, arr(4, 3), _k, 1, 0)
    case(np.diagonal, arr(2, 3, 4), _k, axis1=1, axis2=-1)
    case(np.trace, arr(3, 4), _k)
    case(np.trace, arr(3, 4), _k, -2, -1)
    case(np.trace, arr(3, 4), _k, 1, 0)
    case(np.trace, arr(2, 3, 4), _k, axis1=-1, axis2=0)
case(np.diagonal, arr(2, 3, 3, 2), 0, 0, 3)
case(np.modf, arr(4))
case(np.frexp, arr(2, 3))
case(np.ldexp, arr(3), np.array([1, 2, -1]))
case(np.divmod, arr(2, 3), arr(3, low=0.2, high=1))
case(np.divmod, arr(4), 0.3)
case(np.resize, arr(3), 7)
case(np.resize, arr(2, 3), (2, 2))
case(np.resize, arr(3), (2, 4))
case(np.lib.stride_tricks.sliding_window_view, arr(5), 3)
case(np.lib.stride_tricks.sliding_window_view, arr(3, 4), (2, 3))
case(np.lib.stride_tricks.sliding_window_view, arr(3, 4), 2, 0)
case(backprose_runtime.flat, arr(2, 3))
case(np.take, arr(4), [0, 2, 2])
case(np.take, arr(2, 3), np.array([[5, 0], [0, 1]]))
case(np.take, arr(2, 3), [0, 2, 2, -1], axis=1)
case(np.take, arr(2, 3, 2), np.array([[0, 1], [1, 1]]), axis=-2)
case(np.take, arr(2, 3), 1, axis=0)
case(np.take, arr(4), 2)
case(np.take_along_axis, arr(3, 4), np.array([[0, 1, 1], [2, 2, 2], [3, 0, 0]]), axis=1)
case(np.take_along_axis, arr(3, 4), np.array([[0, 1, 1, 2]]), 0)
case(np.take_along_axis, arr(2, 3), np.array([0, 5, 5]), None)
case(backprose_runtime.add_at, arr(4), np.array([0, 2, 2]), arr(3))
case(backprose_runtime.add_at, arr(4, 2), (slice(1, 3),), arr(2, 2))
case(backprose_runtime.add_at, arr(4), 1, 1.5)
case(backprose_runtime.add_at, arr(3, 4), np.array([0, 2, 0]), arr(3), "transpose", (), slice(1, None), 1)
case(backprose_runtime.add_at, arr(3, 4), 1, 1.5, 2, slice(1, None))
case(backprose_runtime.set_at, arr(4), arr(2), slice(1, 3))
case(backprose_runtime.set_at, arr(4, 2), 1.5, (2, 1))
case(backprose_runtime.set_at, arr(3, 2), arr(1), slice(None, None, -2))
case(backprose_runtime.set_at, arr(3, 2), arr(3), "transpose", (), 1)
case(backprose_runtime.set_at, arr(3), 0.5, np.array([True, False, True]))
case(backprose_runtime.put_at, arr(4), arr(3), np.array([0, 2, 2]))
case(backprose_runtime.put_at, arr(4), 1.5, np.array([1, 1]))
case(backprose_runtime.put_at, arr(3, 4), arr(3), 2, slice(1, None), np.array([0, 2, 0]))
case(backprose_runtime.put_at, arr(3, 4), arr(2, 3), "transpose", (), np.array([1, 1]))
case(backprose_runtime.get_at, arr(3, 2), "transpose", (), 1)
case(backprose_runtime.get_at, arr(5), slice(1, 4), slice(0, 2))
case(backprose_runtime.get_at, arr(3, 4), "transpose", (), slice(1, 3), Ellipsis)
case(backprose_runtime.last_at, arr(4), np.array([0, 2, 2]))
case(backprose_runtime.unbroadcast, arr(2, 3), np.ones(3))
case(backprose_runtime.unbroadcast, arr(2, 3), np.ones((2, 1)))
case(backprose_runtime.unbroadcast, arr(2, 3), 1.0)


# Products

RANKS = [((3,), (3,)), ((2, 3), (3, 4)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 1), (1, 4)), ((0, 3), (3, 2)),
         ((2, 0), (0, 3))]  # fmt: skip
BATCHES = [((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)),
           ((5, 2, 3), (1, 3, 4)), ((6, 1, 2, 3), (5, 3, 4)), ((5, 2, 3), (3,)), ((3,), (5, 3, 4)),
           ((6, 5, 2, 3), (3,)), ((3,), (6, 5, 3, 4)), ((6, 5, 2, 3), (3, 4))]  # fmt: skip
for _f in (np.matmul, operator.matmul, np.dot):
    for _left, _right in RANKS + (BATCHES if _f is not np.dot else BATCHES[:3] + BATCHES[6:10]):
        case(_f, arr(*_left), arr(*_right))
for _left, _right in [((), (2, 3)), ((2, 3), ()), ((), ())]:
    case(np.dot, arr(*_left), arr(*_right))
    case(np.inner, arr(*_left), arr(*_right))
case(np.dot, 1.5, arr(3))
for _left, _right in [((3,), (3,)), ((2, 3), (4, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 5, 3), (4, 3))]:
    case(np.inner, arr(*_left), arr(*_right))
case(np.vdot, arr(3), arr(3))
case(np.vdot, arr(2, 3), arr(3, 2))
for _left, _right in [((2,), (3,)), ((2, 3), (4,)), ((), (3,)), ((1,), (0,))]:
    case(np.outer, arr(*_left), arr(*_right))
for _axes in (1, ((1,), (0,)), ([-1], [-3]), (1, 0)):
    case(np.tensordot, arr(2, 3), arr(3, 4, 5), _axes)
case(np.tensordot, arr(2, 3, 4), arr(3, 4, 5), 2)
case(np.tensordot, arr(2, 3, 4), arr(4, 5, 3), ((1, 2), (2, 0)))
case(np.tensordot, arr(4, 2, 3), arr(5, 3, 4), ((2, 0), (1, 2)))
case(np.tensordot, arr(2), arr(3), 0)
case(np.tensordot, arr(2, 3), arr(2, 3))
for _text, *_shapes in [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->i", (2, 3)),
    ("ij", (2, 3)), ("ba", (2, 3)), ("ii->i", (3, 3)), ("ii", (3, 3)), ("iij->j", (3, 3, 2)), ("iii->i", (2, 2, 2)),
    ("i,i->", (3,), (3,)), ("i,j->ij", (2,), (3,)), ("i,j->ji", (2,), (3,)), ("ij,j->i", (2, 3), (3,)),
    ("ij,kj->k", (2, 3), (4, 3)), ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)), ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("...ij,...jk", (1, 2, 3), (5, 3, 4)), ("i...->...", (2, 3, 4)), ("...i,i", (2, 3), (3,)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)),
    ("i,ij,j", (2,), (2, 3), (3,)), ("i,i,i,i->i", (3,), (3,), (3,), (3,)), ("ii,ij->j", (2, 2), (2, 3)),
    (" i j , j k -> k i ", (2, 3), (3, 4)),
    (",i->i", (), (3,)), ("ij,ik->", (2, 3), (2, 4)), ("aAb,bA->a", (2, 3, 4), (4, 3)),
]:  # fmt: skip
    case(np.einsum, _text, *[arr(*shape) for shape in _shapes], note=f" {_text}")
case(np.einsum, "ij,jk->ik", arr(2, 1), arr(3, 4), note=" a stretched letter")
case(np.einsum, "ij,ij->i", arr(2, 3), arr(1, 3), note=" a stretched letter")
case(np.kron, arr(2), arr(3))
case(np.kron, arr(2, 3), arr(4, 2))
case(np.cross, arr(3), arr(3))
case(np.cross, arr(4, 3), arr(3))
case(np.cross, arr(4, 1, 3), arr(2, 3))


# Creation

for _f in (np.array, np.asarray, np.asanyarray):
    case(_f, arr(2, 3))
    case(_f, 1.5)
    case(_f, [1.5, 2.5])
    case(_f, [arr(2), arr(2)])
    case(_f, [[1.5, 2.5, 0.5], [3.5, 4.5, 1.0]])
    case(_f, ((1.5, 2.5), [3.5, 4.5]))
    case(_f, [[arr(2), arr(2), arr(2)], [arr(2), arr(2), arr(2)]])
    case(_f, [[[1.5], [2.5]]])
case(np.ascontiguousarray, arr(2, 3))
case(np.copy, arr(2, 3))
case(np.ndarray.copy, arr(2, 3))
case(np.ndarray.astype, arr(2, 3), np.float64)
case(np.ndarray.astype, arr(2, 3), "float64")
for _f in (float, complex, np.float16, np.float32, np.float64, np.longdouble, np.complex64, np.complex128, np.clongdouble):
    case(_f, 1.5)
    case(_f, arr())
case(np.float64, arr(2, 3))
case(np.ndarray.item, arr())
case(np.ndarray.item, arr(1, 1))
case(np.ndarray.item, arr(2, 3), 4)
case(np.ndarray.item, arr(2, 3), 1, 2)
case(np.ndarray.item, arr(3), 1)
case(np.full, (2, 3), 1.5)
case(np.full, 4, 1.5)
case(np.full, (2, 3), arr(3))
case(np.full, (2, 3), arr(2, 1))
case(np.full_like, np.ones((2, 3)), 1.5)
case(np.full_like, np.ones((2, 3)), arr(3))
case(np.linspace, 0.5, 2.5, 5)
case(np.linspace, 0.5, 2.5, num=4, endpoint=False)
case(np.linspace, arr(3), arr(3), 4)
case(np.linspace, arr(2, 3), 1.5, 4, axis=-1)
for _options in ({}, {"indexing": "ij"}, {"sparse": True}, {"sparse": True, "indexing": "ij"}):
    case(np.meshgrid, arr(2), arr(3), **_options)
    case(np.meshgrid, arr(2), arr(3), arr(4), **_options)
    case(np.meshgrid, arr(2), **_options)
case(backprose_runtime.add, arr(3), arr(3))
case(backprose_runtime.flatten, [[1.5, 2.5], [], [3.5]])


# Python

for _f in (builtins.max, builtins.min):
    case(_f, 1.5, 0.5)
    case(_f, 1.5, 0.5, 2.5)
    case(_f, [1.5, 0.5, 2.5])
case(builtins.sum, [1.5, 0.5])
case(builtins.sum, [1.5, 0.5], 2.5)
case(builtins.sum, [arr(2), arr(2), arr(2)], arr(2))
case(builtins.reversed, [1.5, 0.5])
case(builtins.list, arr(3))
case(operator.concat, [1.5, 0.5], [2.5])
case(backprose_runtime.unpack, [1.5, 0.5], 2)
case(backprose_runtime.unpack, arr(3), 1, 1)
case(backprose_runtime.copy_of, arr(3))
case(backprose_runtime.each, arr(3, 2))
case(backprose_runtime.each, arr(0, 2))
case(backprose_runtime.appended, [1.5, 0.5], 2.5)
case(backprose_runtime.appended, [arr(2)], arr(2))
case(backprose_runtime.with_item, [1.5, 0.5, 2.5], 1, 0.25)
case(backprose_runtime.with_item, [arr(2), arr(2)], 0, arr(2))
case(backprose_runtime.extended, [1.5, 0.5], [2.5, 0.25, 1.0])
case(backprose_runtime.extended, [arr(2)], [arr(2), arr(3)])
case(backprose_runtime.inserted, [1.5, 0.5, 2.5], 1, 0.25)
case(backprose_runtime.inserted, [1.5, 0.5, 2.5], -1, 0.25)
case(backprose_runtime.inserted, [arr(2), arr(3)], 9, arr(2))
case(backprose_runtime.with_items, [1.5, 0.5, 2.5], 1, 3, [0.25, 3.0, 1.0])
case(backprose_runtime.with_items, [arr(2), arr(3), arr(2)], -2, None, [arr(2)])
case(backprose_runtime.without, [1.5, 0.5, 2.5], 1)
case(backprose_runtime.without, [arr(2), arr(3)], -2)
case(backprose_runtime.without_last, [arr(2), arr(3)])
case(backprose_runtime.without_items, [1.5, 0.5, 2.5, 3.5], None, -2)
case(backprose_runtime.without_items, [arr(2), arr(3), arr(2)], 1, None)
case(backprose_runtime.sum_to, arr(2, 3), (3,))
case(backprose_runtime.sum_to, arr(2, 3), (2, 1))
case(math.fsum, [1.5, 0.5])
case(math.prod, [1.5, 0.5, -2.0])
case(math.prod, [1.5], start=2.0)
case(math.prod, [1.5, 0.0], start=2.0)
for _f, _x in {
    math.sqrt: 1.7, math.cbrt: 1.7, math.exp: 0.7, math.exp2: 0.7, math.expm1: 0.7, math.log: 1.7, math.log2: 1.7,
    math.log10: 1.7, math.log1p: 0.7, math.sin: 0.7, math.cos: 0.7, math.tan: 0.7, math.asin: -0.7, math.acos: 0.7,
    math.atan: 1.7, math.sinh: 0.7, math.cosh: 0.7, math.tanh: 0.7, math.asinh: -1.7, math.acosh: 1.7, math.atanh: -0.7,
    math.radians: 45.0, math.degrees: 0.7, math.erf: 0.7, math.erfc: -0.7, math.fabs: -0.7,
}.items():  # fmt: skip
    case(_f, _x)
    case(_f, np.float64(_x), note=" np.float64")
case(math.fabs, 0.7)
case(math.log, 1.7, 3.5)
case(math.log, 1.7, 10)
case(math.pow, 1.7, 2.5)
case(math.pow, 0.0, 2)
case(math.atan2, 1.7, -2.5)
case(math.hypot, 1.5, 2.5)
case(math.hypot, 1.5, 2.5, -0.5)
case(math.dist, [1.5, 2.5], [0.5, -0.5])
case(math.copysign, -1.5, 2.0)
case(math.fmod, -5.1, 1.3)
case(math.remainder, 5.1, 1.3)
case(math.ldexp, 1.5, 3)


# Further families have files of their own, which add to the same table, each with numbers of its own

for _path in sorted(Path(__file__).parent.glob("cases_*.py")):
    _rng = np.random.default_rng(zlib.crc32(_path.stem.encode()))
    importlib.import_module(_path.stem)
