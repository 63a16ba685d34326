"""What is different on a GPU: functions of arrays are CuPy's, and what CuPy does not have is refused.

CuPy's modules mirror NumPy's and SciPy's name by name, so a function is found by its path. What has no array among its
operands and results stays NumPy's or Python's: it runs on the host.
"""

from __future__ import annotations

import inspect
import sys
from types import ModuleType
from typing import Any

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.devices import is_on_device
from backprose.analysis.kinds import is_number
from backprose.ir.nodes import Module, Op
from backprose.ir.objects import public_name
from backprose.ir.walk import all_ops

# What the runtime computes on the host alone.
HOST_ONLY = {
    backprose_runtime.parts: ("indices of parts are made on the host", "slice the parts, and reduce each"),
    backprose_runtime.interpolated: ("curves are SciPy's, on the host", "compute with NumPy arrays"),
    backprose_runtime.sparse_product: ("sparse matrices are SciPy's, on the host", "compute with NumPy arrays"),
    backprose_runtime.sparse_solution: ("sparse matrices are SciPy's, on the host", "compute with NumPy arrays"),
}
MIRRORS = {"numpy": "cupy", "scipy": "cupyx.scipy"}


def on_device(op: Op) -> bool:
    """Whether arrays on a device take part in the op."""
    return is_on_device([v.kind for v in (*op.operands, *op.results)])


def uses_device(module: Module) -> bool:
    """Whether the program's arguments are on a device."""
    return any(is_on_device(v.kind for v in fn.params) for fn in module.functions.values())


def mirrored(path: str) -> str:
    """CuPy's path of the function that NumPy or SciPy has at `path`."""
    root, _, rest = path.partition(".")
    return f"{MIRRORS[root]}.{rest}" if root in MIRRORS and rest else MIRRORS.get(root, path)


def check_functions(module: Module) -> None:
    """Refuse what CuPy, as it is installed, does not have: functions, and parameters of functions."""
    for fn in module.functions.values():
        for op in all_ops(fn.region):
            if op.name == "call" and on_device(op):
                _check(op)


def _check(op: Op) -> None:
    path = public_name(op.fn) or ""
    if op.fn in HOST_ONLY:
        raise errors.UnsupportedCall("this derivative can't be computed with CuPy", op.loc, *HOST_ONLY[op.fn])
    if path.partition(".")[0] not in MIRRORS or path.startswith("numpy.ndarray.") or isinstance(op.fn, type):
        return
    found = lookup(mirrored(path))
    if found is None:
        raise errors.UnsupportedCall(
            f"CuPy has no `{path.replace('numpy', 'np', 1)}`", op.loc, "the arguments are on a GPU",
            "write it with functions that CuPy has, or pass NumPy arrays",
        )  # fmt: skip
    missing = [name for name in op.attrs["keywords"] if not accepts(found, name)]
    if missing:
        raise errors.UnsupportedCall(
            f"CuPy's `{path.partition('.')[2]}` has no parameter `{missing[0]}`", op.loc, "the arguments are on a GPU",
            "leave it out, or pass NumPy arrays",
        )  # fmt: skip


def lookup(path: str) -> Any:
    """The object at a path in a module that has been imported or can be, or None."""
    import importlib

    root, *rest = path.split(".")
    value: Any = sys.modules.get(root) or importlib.import_module(root)
    for i, part in enumerate(rest):
        inner = getattr(value, part, None)
        if inner is None and isinstance(value, ModuleType):
            try:
                inner = importlib.import_module(".".join([root, *rest[: i + 1]]))
            except ImportError:
                return None
        if inner is None:
            return None
        value = inner
    return value


UFUNC_OPTIONS = frozenset({"out", "dtype", "casting"})


def accepts(function: Any, name: str) -> bool:
    """Whether a function of CuPy's takes the keyword."""
    if hasattr(function, "nin"):
        return name in UFUNC_OPTIONS
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return True  # it does not say
    return any(p.name == name or p.kind is p.VAR_KEYWORD for p in parameters)


# Functions that make arrays of what is on the host; others of NumPy's take a number where CuPy's want an array.
CREATING = frozenset(
    {np.array, np.asarray, np.asanyarray, np.ascontiguousarray, np.zeros, np.ones, np.empty, np.full, np.eye, np.identity,
     np.tri, np.arange, np.linspace, np.logspace, np.geomspace, np.indices, np.diag_indices, np.tril_indices,
     np.triu_indices, np.unravel_index, np.ravel_multi_index, np.hanning, np.hamming, np.blackman, np.bartlett, np.kaiser,
     np.fft.fftfreq, np.fft.rfftfreq, np.broadcast_to}
)  # fmt: skip


def wants_array(op: Op) -> bool:
    """Whether the first operand, a number on the host, has to be an array for CuPy's function."""
    path = public_name(op.fn) or ""
    if not path.startswith("numpy.") or path.startswith("numpy.random.") or isinstance(op.fn, (np.ufunc, type)):
        return False
    return op.fn not in CREATING and not is_on_device(v.kind for v in op.operands) and is_number(op.operands[0].kind)


def is_cast(fn: Any) -> bool:
    """Whether `fn` is a scalar type: of an array without axes, NumPy's type would make a scalar on the host."""
    return isinstance(fn, type) and issubclass(fn, np.generic)
