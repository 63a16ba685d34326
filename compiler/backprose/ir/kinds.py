"""Kinds: what is known of a value before anything runs.

A kind is a frozen, hashable description. `Static` knows the value itself; `Array` knows a dtype and,
for each axis, whether its length is 1 (`ONE`), certainly not 1 (`MANY`), or undecided (`ANY`), which
is exactly what broadcasting needs. The weakest kind of a number is `Number`: rank unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

ONE, MANY, ANY = "1", "N", "?"

DEVICE = "gpu_"  # what the textual form of an array on a GPU begins with

PYTHON_SCALARS = ("bool", "int", "float", "complex")


Length = tuple[str, int]  # a base length and what is added to it


class Kind:
    """Base of all kinds; `str(kind)` is its textual form."""

    __slots__ = ()


def short_dtype(dtype: str) -> str:
    """`float64` -> `f64`; dtypes without a short name keep their own."""
    return _SHORT.get(dtype, dtype)


_SHORT = {
    "float16": "f16", "float32": "f32", "float64": "f64", "longdouble": "f80",
    "complex64": "c64", "complex128": "c128", "clongdouble": "c160",
    "int8": "i8", "int16": "i16", "int32": "i32", "int64": "i64",
    "uint8": "u8", "uint16": "u16", "uint32": "u32", "uint64": "u64", "bool": "b1",
}  # fmt: skip
LONG_DTYPE = {short: long for long, short in _SHORT.items()}


@dataclass(frozen=True, slots=True)
class Array(Kind):
    """An `ndarray`: dtype name and one of ONE, MANY, ANY for each axis. 0-d arrays have `axes == ()`.

    `lengths` names each axis's length where it is known to be the same as another's: ("u.0", -2) is two less than
    that of axis 0 of u, None is unknown. Lengths are no part of the textual form. `device`: it is CuPy's, on a GPU.
    """

    dtype: str
    axes: tuple[str, ...]
    lengths: tuple[Length | None, ...] = ()
    device: bool = False

    def length(self, axis: int) -> Length | None:
        return self.lengths[axis] if self.lengths else None

    @property
    def ndim(self) -> int:
        return len(self.axes)

    def __str__(self) -> str:
        return f"{DEVICE if self.device else ''}{short_dtype(self.dtype)}[{', '.join(self.axes)}]"


@dataclass(frozen=True, slots=True)
class Scalar(Kind):
    """A scalar whose value is known at run time only.

    `dtype` is `bool`, `int`, `float`, `complex` or `str` for Python's own types, and the dtype's name
    for a NumPy scalar (`float64`, and `bool_` so that NumPy's bool is told from Python's).
    """

    dtype: str

    @property
    def is_python(self) -> bool:
        return self.dtype in PYTHON_SCALARS or self.dtype == "str"

    def __str__(self) -> str:
        return self.dtype if self.is_python else short_dtype(self.dtype)


@dataclass(frozen=True, slots=True)
class Dim(Kind):
    """A Python int that is the length of an axis, and certainly not 1; `length` as in `Array.lengths`."""

    length: Length | None = None

    def __str__(self) -> str:
        return "dim"


@dataclass(frozen=True, slots=True)
class Number(Kind):
    """Some number: a scalar or an array of unknown rank. `dtype` is None when that is unknown too."""

    dtype: str | None = None

    def __str__(self) -> str:
        return "number" if self.dtype is None else f"number({short_dtype(self.dtype)})"


class Static(Kind):
    """A value known when compiling: a literal, None, a string, a callable, a module, a dtype.

    Equality never confuses `1`, `1.0` and `True`, nor `0.0` and `-0.0`; other objects compare by identity.
    """

    __slots__ = ("value", "_key")

    def __init__(self, value: Any):
        self.value = value
        if type(value) in (int, str, bool, bytes, type(None), type(Ellipsis)):
            self._key = (type(value), value)
        elif type(value) in (float, complex):
            self._key = (type(value), repr(value))
        elif isinstance(value, np.dtype):
            self._key = (np.dtype, value.str)
        else:
            self._key = (object, id(value))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Static) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    def __repr__(self) -> str:
        return f"Static({self.value!r})"

    def __str__(self) -> str:
        value = self.value
        if value is None or isinstance(value, (bool, int, float, complex, str, bytes, type(Ellipsis))):
            return f"={value!r}"
        name = getattr(value, "__qualname__", None) or getattr(value, "__name__", None) or type(value).__name__
        return f"=@{name}"


@dataclass(frozen=True, slots=True)
class Tuple(Kind):
    """A tuple of known length."""

    items: tuple[Kind, ...]

    def __str__(self) -> str:
        inner = ", ".join(map(str, self.items))
        return f"({inner},)" if len(self.items) == 1 else f"({inner})"


@dataclass(frozen=True, slots=True)
class List(Kind):
    """A list of any length whose elements are all of one kind. Its length is not part of the kind."""

    item: Kind

    def __str__(self) -> str:
        return f"[{self.item}, ...]"


@dataclass(frozen=True, slots=True)
class FixedList(Kind):
    """A list of known length whose elements may differ in kind."""

    items: tuple[Kind, ...]

    def __str__(self) -> str:
        return f"[{', '.join(map(str, self.items))}]"


@dataclass(frozen=True, slots=True)
class Dict(Kind):
    """A dict with the known keys `keys`, in insertion order, and a kind for each."""

    keys: tuple[Any, ...]
    items: tuple[Kind, ...]

    def __str__(self) -> str:
        return "{" + ", ".join(f"{key!r}: {item}" for key, item in zip(self.keys, self.items)) + "}"


@dataclass(frozen=True, slots=True)
class Record(Kind):
    """An object of a user's class: a dataclass, a namedtuple, or one of another class that the function made itself.

    It has a kind for each field; the fields of other classes are the attributes that it has been given so far.
    """

    cls: type
    fields: tuple[str, ...]
    items: tuple[Kind, ...]

    def __str__(self) -> str:
        inner = ", ".join(f"{name}: {item}" for name, item in zip(self.fields, self.items))
        return f"{self.cls.__qualname__}({inner})"


@dataclass(frozen=True, slots=True)
class Range(Kind):
    """A `range` object."""

    def __str__(self) -> str:
        return "range"


@dataclass(frozen=True, slots=True)
class Slice(Kind):
    """A `slice` object with the kinds of its three parts."""

    start: Kind
    stop: Kind
    step: Kind

    def __str__(self) -> str:
        return f"slice({self.start}, {self.stop}, {self.step})"


BACKWARDS = Slice(Static(None), Static(None), Static(-1))  # the kind of `::-1`


@dataclass(frozen=True, slots=True)
class Closure(Kind):
    """A nested function: the template it was made from (an `ir.nodes.Function`) and its captured kinds."""

    template: Any
    captured: tuple[Kind, ...]

    def __str__(self) -> str:
        return f"closure({self.template.name})"


@dataclass(frozen=True, slots=True)
class Maybe(Kind):
    """None, or a value of kind `item`."""

    item: Kind

    def __str__(self) -> str:
        return f"{self.item} | None"


@dataclass(frozen=True, slots=True)
class Object(Kind):
    """Any other object: only its type is known. It takes no part in differentiation."""

    cls: type

    def __str__(self) -> str:
        return f"object({self.cls.__qualname__})"


@dataclass(frozen=True, slots=True)
class Sparse(Object):
    """A sparse matrix of SciPy: its class, and dtype and axes as in `Array`. Its entries carry no derivative."""

    dtype: str
    axes: tuple[str, ...]

    def __str__(self) -> str:
        return f"sparse({self.cls.__qualname__}, {short_dtype(self.dtype)}[{', '.join(self.axes)}])"


@dataclass(frozen=True, slots=True)
class Residuals(Kind):
    """What the forward part of a function returns for its backward part: a tuple, in which there may be others like it.

    It is passed on as it is. A cotangent or tangent of it has its structure.
    """

    function: str  # the name of the forward part

    def __str__(self) -> str:
        return f"residuals({self.function})"


@dataclass(frozen=True, slots=True)
class Unbound(Kind):
    """A variable that no statement has bound on this path; reading it raises UnboundLocalError."""

    def __str__(self) -> str:
        return "unbound"


@dataclass(frozen=True, slots=True)
class Unknown(Kind):
    """Nothing is known yet: the kind of every value in freshly lowered IR."""

    def __str__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()
UNBOUND = Unbound()
