"""Objects with fields: which fields they have, and which classes make them of these alone."""

from __future__ import annotations

import dataclasses
import dis
import functools
import inspect
from types import FunctionType, SimpleNamespace
from typing import Any

from backprose.ir.kinds import Kind, Record


def fields_of(cls: type, kind: Kind | None = None) -> tuple[str, ...] | None:
    """The fields of an object of kind `kind`; of an unknown kind, those that the class declares, None without any."""
    if isinstance(kind, Record):
        return kind.fields
    if dataclasses.is_dataclass(cls):
        return tuple(f.name for f in dataclasses.fields(cls))
    return getattr(cls, "_fields", None)


@functools.cache
def takes_fields(cls: type, fields: tuple[str, ...]) -> bool:
    """Whether calling `cls` with these fields stores them and does nothing else, as for plain dataclasses."""
    if issubclass(cls, tuple) or cls is SimpleNamespace:
        return True
    if not dataclasses.is_dataclass(cls) or not is_generated(cls.__init__) or hasattr(cls, "__post_init__"):
        return False
    declared = dataclasses.fields(cls)
    return (
        all(f.init for f in declared)
        and fields == tuple(f.name for f in declared)
        and set(fields) == set(inspect.signature(cls).parameters)  # an InitVar is a parameter and no field
    )


def is_generated(method: Any) -> bool:
    """Whether the method was written by `dataclass`."""
    return getattr(getattr(method, "__code__", None), "co_filename", "") == "<string>"


@functools.cache
def started_by_class(cls: type) -> tuple[str, ...]:
    """Attributes of the class that its methods assign to its objects: `count = 0`, and `self.count += 1`."""
    methods = [m for c in cls.__mro__ for m in vars(c).values() if isinstance(m, FunctionType)]
    names = {i.argval for method in methods for i in dis.get_instructions(method) if i.opname == "STORE_ATTR"}
    return tuple(name for name in sorted(names) if is_data(cls, name))


def is_data(cls: type, name: str) -> bool:
    """Whether an attribute of the class is data, and no method or descriptor."""
    member = inspect.getattr_static(cls, name, cls)
    return member is not cls and not hasattr(member, "__get__")


HEAP = 1 << 9  # the flag of types that are made at run time, such as classes of Python
LIBRARIES = ("numpy", "scipy", "backprose", "backprose_runtime", "functools")


def is_plain(obj: Any) -> bool:
    """Whether the object is an instance of a user's class."""
    cls = type(obj)
    user_made = cls.__flags__ & HEAP or cls is SimpleNamespace
    return bool(user_made) and not isinstance(obj, type) and cls.__module__.partition(".")[0] not in LIBRARIES
