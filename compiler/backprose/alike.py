"""Whether the arguments of a call are of the same kinds as those of the call before, as a function written for them.

Most calls are like the one before. For `f(params, x)`, where `params` is a list of dicts of arrays, the test reads

    def alike(values):
        params, x = values
        if type(params) is not list or not params:
            return False
        for item in params:
            if type(item) is not dict or tuple(item) != ('w', 'b'):
                return False
            ...

which takes a fraction of the time that a key and a look into a table take. It says yes only where the keys are equal
(`keys.key_of`; names in dicts may be of a class of their own), and may say no where they are: the key is asked then.
"""

from __future__ import annotations

import builtins
import types
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose.keys import PLAIN, key_of

if TYPE_CHECKING:
    from backprose.transform.outside import OfModule

LONGEST = 300  # values that a test looks at; for more, and for lists in lists in lists, the key is quick enough
DEEPEST = 40  # columns
ITSELF = (types.FunctionType, types.BuiltinFunctionType, types.ModuleType, type, np.ufunc, np.dtype)


def written_for(
    values: tuple, counted: Collection[int] = (), names_read: Collection[tuple[OfModule, Any]] = ()
) -> Callable[[tuple], bool]:
    """The test for these values of the parameters; one that never says yes where one of them can be told by its key only.

    Of the parameters at the places `counted` the lengths of lists count, too. `names_read` are global names, and the
    objects that they must still stand for.
    """
    test = _Test()
    for read, value in names_read:
        test.global_name(read, value)
    names = [test.name() for _ in values]
    try:
        for i, (name, value) in enumerate(zip(names, values)):
            test.value(name, value, "    ", i in counted)
    except _OnlyByKey:
        return _never
    text = f"def alike(values):\n    [{', '.join(names)}] = values\n{''.join(test.lines)}    return True\n"
    exec(compile(text, "<backprose: alike>", "exec"), test.constants)  # noqa: S102 - of text written here
    return test.constants["alike"]


def _never(values: tuple) -> bool:
    return False


class _OnlyByKey(Exception):
    """A value of no class that is known here."""


class _Test:
    """The lines of the test, and the names of what it compares with."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, Any] = {"ndarray": np.ndarray}
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"v{self.count}"

    def constant(self, value: Any) -> str:
        """The name under which the test finds an object."""
        found = next((name for name, other in self.constants.items() if other is value), None)
        if found is None:
            found = f"c{len(self.constants)}"
            self.constants[found] = value
        return found

    def refuse(self, indent: str, condition: str) -> None:
        self.lines.append(f"{indent}if {condition}:\n{indent}    return False\n")

    def global_name(self, read: OfModule, value: Any) -> None:
        """Append the test that a name still stands for the object."""
        namespace = self.constant(read.namespace)
        if read.name in read.namespace:
            self.refuse("    ", f"{namespace}.get({read.name!r}) is not {self.constant(value)}")
        else:
            builtin = f"{self.constant(builtins)}.{read.name}"
            self.refuse("    ", f"{read.name!r} in {namespace} or {builtin} is not {self.constant(value)}")

    def value(self, name: str, value: Any, indent: str, counted: bool) -> None:
        """Append the test of one value, which stands under `name`."""
        cls = type(value)
        if self.count > LONGEST or len(indent) > DEEPEST:
            raise _OnlyByKey
        if cls is np.ndarray:
            self.array(name, value, indent)
        elif cls in PLAIN:
            self.refuse(indent, f"type({name}) is not {self.constant(cls)}")
        elif cls is str:
            self.refuse(indent, f"type({name}) is not {self.constant(str)} or {name} != {value!r}")
        elif cls is list:
            self.list(name, value, indent, counted)
        elif cls is dict:
            keys = self.constant(tuple(value))
            if any(type(key) is not str for key in value):  # 1, 1.0 and True are equal
                raise _OnlyByKey
            self.refuse(indent, f"type({name}) is not {self.constant(dict)} or tuple({name}) != {keys}")
            self.parts(name, value.values(), indent, counted, f"{name}.values()")
        elif isinstance(value, tuple):
            self.refuse(indent, f"type({name}) is not {self.constant(cls)} or len({name}) != {len(value)}")
            self.parts(name, value, indent, counted, name)
        elif hasattr(cls, "__dataclass_fields__"):
            self.refuse(indent, f"type({name}) is not {self.constant(cls)}")
            for field in cls.__dataclass_fields__:
                part = self.name()
                self.lines.append(f"{indent}{part} = {name}.{field}\n")
                self.value(part, getattr(value, field), indent, counted)
        elif cls in ITSELF:
            self.refuse(indent, f"{name} is not {self.constant(value)}")
        else:
            raise _OnlyByKey

    def array(self, name: str, value: np.ndarray, indent: str) -> None:
        shape, dtype = self.name(), self.constant(value.dtype)
        self.refuse(indent, f"type({name}) is not ndarray or {name}.dtype is not {dtype}")
        self.lines.append(f"{indent}{shape} = {name}.shape\n")
        conditions = [f"len({shape}) != {value.ndim}"]
        if 1 in value.shape:
            conditions += [f"{shape}[{i}] {'!=' if n == 1 else '=='} 1" for i, n in enumerate(value.shape)]
        else:
            conditions.append(f"1 in {shape}")
        self.refuse(indent, " or ".join(conditions))

    def list(self, name: str, value: list, indent: str, counted: bool) -> None:
        """Lists of equal kinds serve any length, where the lengths do not count."""
        if counted or key_of(value)[1] != -1:
            self.refuse(indent, f"type({name}) is not list or len({name}) != {len(value)}")
            self.parts(name, value, indent, counted, name)
            return
        self.refuse(indent, f"type({name}) is not list or not {name}")
        item = self.name()
        self.lines.append(f"{indent}for {item} in {name}:\n")
        self.value(item, value[0], indent + "    ", counted)

    def parts(self, name: str, values: Collection[Any], indent: str, counted: bool, whole: str) -> None:
        names = [self.name() for _ in values]
        self.lines.append(f"{indent}[{', '.join(names)}] = {whole}\n")
        for part, value in zip(names, values):
            self.value(part, value, indent, counted)
