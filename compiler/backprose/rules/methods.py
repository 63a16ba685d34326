"""Which function each method of an array means: `x.sum(axis=0)` is `np.sum(x, axis=0)`."""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import member_refused, method, no_derivative, not_compiled

for _name, _function in {
    "sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min, "var": np.var, "std": np.std,
    "any": np.any, "all": np.all, "argmax": np.argmax, "argmin": np.argmin, "argsort": np.argsort,
    "cumsum": np.cumsum, "cumprod": np.cumprod, "clip": np.clip, "round": np.round,
    "ravel": np.ravel, "flatten": np.ndarray.flatten, "squeeze": np.squeeze, "swapaxes": np.swapaxes,
    "dot": np.dot, "trace": np.trace, "diagonal": np.diagonal, "repeat": np.repeat, "take": np.take,
    "conj": np.conjugate, "conjugate": np.conjugate, "searchsorted": np.searchsorted, "nonzero": np.nonzero,
    "choose": np.choose, "compress": np.ndarray.compress,
    "copy": np.ndarray.copy, "astype": np.ndarray.astype, "item": np.ndarray.item,
    "argpartition": np.argpartition, "tofile": np.ndarray.tofile, "dump": np.ndarray.dump, "dumps": np.ndarray.dumps,
    "tobytes": np.ndarray.tobytes, "view": np.ndarray.view, "getfield": np.ndarray.getfield,
}.items():  # fmt: skip
    method(_name, _function)

method("reshape", np.reshape, variadic=True)
method("transpose", np.transpose, variadic=True)

if hasattr(np.ndarray, "ptp"):  # until NumPy 2
    method("ptp", np.ptp)


# Methods that only numbers have


def is_integer(x):
    """Whether the number is whole."""
    return x.is_integer()


def bit_count(x):
    """The number of ones in the binary form of an integer."""
    return x.bit_count()


def in_base_16(x):
    """The number as text, with all of its bits."""
    return x.hex()


no_derivative(is_integer, bit_count, in_base_16)
method("is_integer", is_integer)
method("bit_count", bit_count)
method("hex", in_base_16)
not_compiled(float.fromhex, np.float64.fromhex, why="text carries no derivative", instead="keep the number")

# Refused

member_refused(
    "strides", "flags", "data", "ctypes", "base", "__array_interface__", "__array_struct__",
    why="where the numbers lie in memory is no part of the value, and is chosen by the compiled code",
    instead="read it outside; np.shape, np.ascontiguousarray and np.shares_memory are supported",
)  # fmt: skip
member_refused(
    "as_integer_ratio", why="two integers would stand for the number, and integers carry no derivative",
    instead="keep the number",
)  # fmt: skip
member_refused("newbyteorder", why="it changes how the numbers are stored", instead="use astype")
member_refused("tostring", why="bytes carry no derivative", instead="keep the array")
if hasattr(np.ndarray, "ptp"):  # NumPy 1
    method("ptp", np.ptp)
