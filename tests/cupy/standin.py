"""An array module over NumPy that behaves as CuPy documents where CuPy differs from NumPy.

- No implicit conversion: `np.asarray(x)` raises, and so does whatever mixes a NumPy array in.
- Reductions and entries are arrays without axes; an entry is a view.
- Functions take arrays; lists are taken only where a list is what they are for.
- It has the names and the parameters that CuPy has (`cupy_api.json`), and no others.

`installed()` puts it in the place of CuPy.
"""

from __future__ import annotations

import json
import operator
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

API: dict[str, Any] = json.loads((Path(__file__).parent / "cupy_api.json").read_text(encoding="utf-8"))
BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift")
COMPARE = ("lt", "le", "gt", "ge", "eq", "ne")
PLAIN = ("shape", "dtype", "ndim", "size", "nbytes", "itemsize", "strides", "flags")
VIEWS = ("T", "real", "imag", "base")
# What does not take an array first: creation, lists of arrays, text.
WITHOUT_ARRAY = frozenset(
    """array asarray asanyarray ascontiguousarray asfortranarray concatenate stack vstack hstack dstack column_stack block
    zeros ones empty full eye identity tri arange linspace logspace geomspace meshgrid indices ix_ broadcast_shapes
    broadcast_arrays einsum einsum_path fromfunction tril_indices triu_indices diag_indices unravel_index
    ravel_multi_index hanning hamming blackman bartlett kaiser result_type can_cast promote_types iscomplexobj
    isrealobj isscalar shape ndim size apply_along_axis vectorize piecewise select poly1d fftfreq rfftfreq concat
    min_scalar_type issubdtype finfo iinfo may_share_memory shares_memory""".split()
)


class ndarray:  # noqa: N801 - CuPy's name
    """A NumPy array behind CuPy's rules."""

    __module__ = "cupy"
    __hash__ = None

    def __init__(self, host: np.ndarray):
        self.host = host

    def get(self) -> np.ndarray:
        return self.host.copy()

    def __array__(self, *args: Any, **keywords: Any) -> None:
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()` explicitly.")

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *args: Any, **keywords: Any) -> Any:
        found = getattr(sys.modules["cupy"], ufunc.__name__, None)
        if found is None:
            return NotImplemented
        return found(*args, **keywords) if method == "__call__" else getattr(found, method)(*args, **keywords)

    def __array_function__(self, function: Callable, types: Any, args: tuple, keywords: dict) -> Any:
        path = (function.__module__ + "." + function.__name__).replace("numpy", "cupy", 1)
        module, _, name = path.rpartition(".")
        found = getattr(sys.modules.get(module), name, None)
        return NotImplemented if found is None else found(*args, **keywords)

    def __getitem__(self, index: Any) -> ndarray:
        parts = unwrapped(index)
        if all(isinstance(part, (int, np.integer)) for part in (parts if isinstance(parts, tuple) else (parts,))):
            parts = (*(parts if isinstance(parts, tuple) else (parts,)), Ellipsis)  # an entry is a view
        return wrapped(self.host[parts])

    def __setitem__(self, index: Any, value: Any) -> None:
        self.host[unwrapped(index)] = unwrapped(value)

    def __iter__(self) -> Iterator[ndarray]:
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        return len(self.host)

    def __bool__(self) -> bool:
        return bool(self.host)

    def __float__(self) -> float:
        return float(self.host)

    def __int__(self) -> int:
        return int(self.host)

    def __complex__(self) -> complex:
        return complex(self.host)

    def __index__(self) -> int:
        return operator.index(self.host)

    def __repr__(self) -> str:
        return f"cupy.{self.host!r}"


def _member(name: str) -> Any:
    """An attribute or a method of CuPy's arrays."""
    if name in PLAIN:
        return property(lambda self: getattr(self.host, name))
    if name in VIEWS:
        return property(lambda self: wrapped(getattr(self.host, name)))

    def method(self: ndarray, *args: Any, **keywords: Any) -> Any:
        check_keywords(f"ndarray.{name}", API[f"cupy.ndarray.{name}"], keywords)
        result = getattr(self.host, name)(*map(unwrapped, args), **{k: unwrapped(v) for k, v in keywords.items()})
        return result if name in ("item", "tolist", "tobytes") else wrapped(result)

    method.__name__ = name
    return method


for _path in API:
    _, _, _name = _path.rpartition("cupy.ndarray.")
    if _path.startswith("cupy.ndarray.") and hasattr(np.ndarray, _name) and not hasattr(ndarray, _name):
        setattr(ndarray, _name, _member(_name))


def _binary(name: str, reflected: bool) -> Callable:
    function = getattr(operator, name + "_" if name in ("and", "or") else name)

    def method(self: ndarray, other: Any) -> Any:
        if not isinstance(other, (ndarray, int, float, complex, np.generic)):
            return NotImplemented
        a, b = self.host, unwrapped(other)
        return wrapped(function(b, a) if reflected else function(a, b))

    return method


def _in_place(name: str) -> Callable:
    function = getattr(operator, "i" + name)

    def method(self: ndarray, other: Any) -> ndarray:
        self.host = function(self.host, unwrapped(other)) if self.host.ndim else _into(self.host, name, unwrapped(other))
        return self

    return method


def _into(host: np.ndarray, name: str, other: Any) -> np.ndarray:
    host[...] = getattr(operator, name + "_" if name in ("and", "or") else name)(host, other)
    return host


for _name in BINARY:
    setattr(ndarray, f"__{_name}__", _binary(_name, False))
    setattr(ndarray, f"__r{_name}__", _binary(_name, True))
    if _name != "matmul":
        setattr(ndarray, f"__i{_name}__", _in_place(_name))
for _name in COMPARE:
    setattr(ndarray, f"__{_name}__", _binary(_name, False))
for _name in ("neg", "pos", "invert", "abs"):
    setattr(ndarray, f"__{_name}__", lambda self, _f=getattr(operator, _name): wrapped(_f(self.host)))


# Values across the border


def wrapped(x: Any) -> Any:
    """NumPy's results as the module's: scalars too are arrays without axes."""
    if isinstance(x, (np.ndarray, np.generic)):
        return ndarray(np.asarray(x))
    if isinstance(x, tuple) and hasattr(x, "_fields"):
        return type(x)(*map(wrapped, x))
    return type(x)(map(wrapped, x)) if isinstance(x, (tuple, list)) else x


def unwrapped(x: Any) -> Any:
    """The module's arrays as NumPy's; an array of NumPy's is refused."""
    if isinstance(x, ndarray):
        return x.host
    if isinstance(x, np.ndarray):
        raise TypeError("Unsupported type <class 'numpy.ndarray'>")
    return type(x)(map(unwrapped, x)) if isinstance(x, (tuple, list)) else x


def check_keywords(name: str, parameters: Any, keywords: dict) -> None:
    allowed = ("out", "dtype", "casting") if parameters == "ufunc" else parameters
    if allowed is None or any(p.startswith("**") for p in allowed):
        return
    for keyword in keywords:
        if keyword not in allowed:
            raise TypeError(f"CuPy's {name} has no parameter {keyword!r}")


class Ufunc:
    """A ufunc of CuPy's."""

    def __init__(self, function: np.ufunc):
        self.function, self.nin, self.nout, self.__name__ = function, function.nin, function.nout, function.__name__

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        check_keywords(self.__name__, "ufunc", keywords)
        if any(isinstance(x, (list, tuple)) for x in args):
            raise TypeError(f"Unsupported type <class 'list'> for {self.__name__}")
        return _called(self.function, args, keywords)

    def __getattr__(self, name: str) -> Any:
        if name not in ("at", "reduce", "accumulate", "outer", "reduceat"):
            raise AttributeError(name)
        return lambda *args, **keywords: _called(getattr(self.function, name), args, keywords)


def _called(function: Callable, args: tuple, keywords: dict) -> Any:
    out = keywords.get("out")
    result = function(*map(unwrapped, args), **{k: unwrapped(v) for k, v in keywords.items()})
    return out if isinstance(out, ndarray) else wrapped(result)


def _function(name: str, host: Callable, parameters: Any, module: str = "cupy") -> Callable:
    creates = name in WITHOUT_ARRAY or module == "cupy.random"

    def function(*args: Any, **keywords: Any) -> Any:
        check_keywords(name, parameters, keywords)
        if not creates and args and not any(isinstance(x, ndarray) for x in args):
            raise TypeError(f"CuPy's {name} takes arrays, not {type(args[0]).__name__}")
        return _called(host, args, keywords)

    function.__name__ = name
    if isinstance(parameters, list):
        function.__signature__ = _signature(parameters)
    return function


def _signature(parameters: list[str]) -> Any:
    import inspect

    kinds = {"**": inspect.Parameter.VAR_KEYWORD, "*": inspect.Parameter.VAR_POSITIONAL}
    found, named = [], False
    for text in parameters:
        stars = text[: len(text) - len(text.lstrip("*"))]
        kind = kinds.get(stars, inspect.Parameter.KEYWORD_ONLY if named else inspect.Parameter.POSITIONAL_OR_KEYWORD)
        named = named or stars == "*"
        found.append(inspect.Parameter(text.lstrip("*"), kind))
    return inspect.Signature(found)


def modules() -> dict[str, ModuleType]:
    """The stand-in's modules by name: those of the record that NumPy or SciPy mirrors here."""
    import importlib

    made = {name: ModuleType(name) for name in ("cupyx", "cupyx.scipy", "cupy")}
    for path, entry in API.items():
        module, _, name = path.rpartition(".")
        if not module or module == "cupy.ndarray":
            continue
        mirror = module.replace("cupyx.scipy", "scipy").replace("cupy", "numpy", 1)
        try:
            host = getattr(importlib.import_module(mirror), name)
        except (ImportError, AttributeError):
            continue
        target = made.setdefault(module, ModuleType(module))
        setattr(target, name, _mirrored(name, host, entry, module))
    made["cupy"].ndarray = ndarray
    made["cupy"].asnumpy = lambda x: x.get() if isinstance(x, ndarray) else np.asarray(x)
    # Explicit moves from host to device
    for name in ("array", "asarray", "asanyarray", "ascontiguousarray"):
        setattr(made["cupy"], name, _moves(getattr(np, name)))
    for path in sorted(made):
        parent, _, name = path.rpartition(".")
        if parent in made:
            setattr(made[parent], name, made[path])
    return made


def _mirrored(name: str, host: Any, entry: Any, module: str) -> Any:
    if isinstance(host, np.ufunc):
        return Ufunc(host) if entry == "ufunc" else _function(name, host, entry)
    return host if entry == "object" or not callable(host) else _function(name, host, entry, module)


def _moves(host: Callable) -> Callable:
    def function(x: Any, *args: Any, **keywords: Any) -> ndarray:
        return wrapped(host(x if isinstance(x, np.ndarray) else unwrapped(x), *args, **keywords))

    return function


@contextmanager
def installed() -> Iterator[ModuleType]:
    """The stand-in as `cupy`, while the context lasts."""
    made = modules()
    before = {name: sys.modules.get(name) for name in made}
    sys.modules.update(made)
    try:
        yield made["cupy"]
    finally:
        for name, module in before.items():
            if module is None:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
