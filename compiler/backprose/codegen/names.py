"""Names: of library objects and their imports, of foreign objects, of variables. Nothing is ever captured.

A library's object is written by its public path (`np.exp`), any other foreign object gets a name of its own, under which
the caller binds it. Variables keep the user's names; a clash takes a suffix, in order of appearance.
"""

from __future__ import annotations

import ast
import builtins
import functools
import keyword
import math
import operator
import re
from collections.abc import Iterable
from types import ModuleType
from typing import Any

import numpy as np

from backprose.codegen.cupy import mirrored, uses_device
from backprose.ir.kinds import Array, Dim, Kind, Scalar, Slice
from backprose.ir.nodes import Module, Op
from backprose.ir.objects import public_name
from backprose.ir.walk import all_ops, defined_values

# What people write where the function's own name is the longer one.
PREFERRED = {
    "numpy.absolute": "numpy.abs", "numpy.conjugate": "numpy.conj", "numpy.remainder": "numpy.mod",
    "numpy.amax": "numpy.max", "numpy.amin": "numpy.min", "numpy.true_divide": "numpy.divide",
    "scipy.special.psi": "scipy.special.digamma",
}  # fmt: skip
ALIASES = {"numpy": "np", "cupy": "cp"}


@functools.cache
def _path(key: int, value: Any) -> str | None:
    name = public_name(value)
    return PREFERRED.get(name, name) if name else None


def path_of(value: Any) -> str | None:
    """The public path of a library's object (`numpy.exp`), or None."""
    if isinstance(value, ModuleType):
        return value.__name__
    try:
        return _path(id(value), value)
    except TypeError:  # unhashable
        return public_name(value)


def clean(name: str) -> str:
    """An identifier as near as possible to `name`."""
    name = re.sub(r"\W", "_", name)
    if name[:1].isdigit():
        name = "_" + name
    return name + "_" if keyword.iskeyword(name) else name


class References:
    """How the text of one module refers to what lies outside it."""

    def __init__(self, module: Module, objects: Iterable[Any]):
        self.arrays = "cupy" if uses_device(module) else "numpy"
        functions = module.functions.values()
        self.params = {p.name for f in functions for p in f.params}
        self.user_names = {clean(v.name) for f in functions for v in defined_values(f.region) if v.name} | self.params
        ops = [op for f in functions for op in all_ops(f.region)]
        self.globals = {op.attrs["name"] for op in ops if op.name == "global"}
        self.functions = set(module.functions)
        self.roots: dict[str, str] = {}  # what is imported or built in -> its name in the text
        self.foreign: dict[int, str] = {}
        self.names: dict[str, Any] = {}
        self.imports: dict[str, str] = {}
        objects = list(objects)
        for value in objects:
            self.reserve_root(value)
        for value in objects:
            self.reserve_foreign(value)

    @property
    def reserved(self) -> set[str]:
        return {*self.roots.values(), *self.foreign.values(), *self.globals, *self.functions}

    def reserve_root(self, value: Any) -> None:
        path = path_of(value)
        if path is None:
            return
        if self.arrays == "cupy":
            self._reserve(_root(mirrored(path)))
        self._reserve(_root(path))

    def _reserve(self, root: str) -> None:
        if root in self.roots:
            return
        name = ALIASES.get(root, root.rpartition(".")[2])
        taken = self.params | self.globals | self.functions
        self.roots[root] = first_free(name, taken | set(self.roots.values()))

    def reserve_foreign(self, value: Any) -> None:
        if path_of(value) is not None or id(value) in self.foreign:
            return
        hint = getattr(value, "__name__", None) or getattr(value, "name", None)
        hint = clean(hint) if isinstance(hint, str) and hint else "constant"
        taken = self.user_names | self.reserved | set(dir(builtins))
        name = first_free(hint, taken)
        self.foreign[id(value)] = name
        self.names[name] = value

    def array_module(self) -> ast.expr:
        """The expression that names the module of the program's arrays."""
        return self.node(np, device=self.arrays == "cupy")

    def node(self, value: Any, device: bool = False) -> ast.expr:
        """The expression that names a foreign object; notes the import that it needs. `device`: as CuPy has it."""
        path = path_of(value)
        path = mirrored(path) if path and device else path
        if path is None:
            return ast.Name(self.foreign[id(value)], ast.Load())
        root = _root(path)
        name = self.roots[root]
        rest = path[len(root) + 1 :]
        if root.startswith("builtins."):
            if name != root.partition(".")[2]:
                self.imports[root] = _import_from("builtins", root.partition(".")[2], name)
        elif "." in root:
            package, _, attribute = root.rpartition(".")
            self.imports[root] = _import_from(package, attribute, name)
        else:
            self.imports[root] = f"import {root}" + (f" as {name}" if name != root else "")
        node: ast.expr = ast.Name(name, ast.Load())
        for part in filter(None, rest.split(".")):
            node = ast.Attribute(node, part, ast.Load())
        return node

    def import_lines(self) -> tuple[str, ...]:
        """The standard library, then NumPy, then the runtime, whose names are joined in one line."""
        plain = {root: line for root, line in self.imports.items() if line.startswith("import ")}
        standard = sorted(line for root, line in plain.items() if root not in ALIASES)
        arrays = sorted(line for root, line in plain.items() if root in ALIASES)
        groups: dict[str, list[str]] = {}
        for root, line in self.imports.items():
            if root not in plain:
                package, _, names = line.removeprefix("from ").partition(" import ")
                groups.setdefault(package, []).append(names)
        joined = [f"from {package} import {', '.join(sorted(names))}" for package, names in sorted(groups.items())]
        return (*standard, *arrays, *joined)


def _import_from(package: str, attribute: str, name: str) -> str:
    return f"from {package} import {attribute}" + (f" as {name}" if name != attribute else "")


def _root(path: str) -> str:
    """The part of a path that is a name in the text: `numpy`, `builtins.len`, `backprose_runtime.add_at`, `scipy.special`,
    `cupyx.scipy.special`."""
    first, _, rest = path.partition(".")
    if first in ("builtins", "backprose_runtime", "scipy") and rest:
        return f"{first}.{rest.partition('.')[0]}"
    return ".".join(path.split(".")[:3]) if first == "cupyx" else first


def first_free(name: str, taken: set[str]) -> str:
    candidate, number = name, 0
    while candidate in taken or keyword.iskeyword(candidate):
        number += 1
        candidate = f"{name}_{number}"
    return candidate


TEMPORARY = {
    np.exp: "e", math.exp: "e", np.sqrt: "root", math.sqrt: "root", np.cos: "c", math.cos: "c", np.sin: "s", math.sin: "s",
    np.sum: "total", np.mean: "mean", np.max: "peak", np.linalg.norm: "norm", np.linalg.inv: "inverse", np.sign: "sign",
    len: "n", np.shape: "shape", np.zeros_like: "zeros", range: "indices", np.arange: "indices",
}  # fmt: skip
TESTS = frozenset(getattr(operator, name) for name in ["lt", "le", "gt", "ge", "eq", "ne", "is_", "is_not", "contains", "not_"])
BUILTINS = frozenset(dir(builtins))


def temporary(op: Op | None) -> str:
    """A short name for a temporary, by what computes it."""
    if op is not None and op.name == "getattr" and op.attrs["name"] == "shape":
        return "shape"
    if op is not None and op.name == "tuple" and any(isinstance(v.kind, Slice) or _is_index(v.kind) for v in op.operands):
        return "index"
    if op is None or op.name != "call":
        return "t"
    try:
        if op.fn in TESTS:
            return "mask" if isinstance(op.result.kind, Array) else "test"
        return TEMPORARY.get(op.fn, "t")
    except TypeError:
        return "t"


def _is_index(kind: Kind) -> bool:
    return isinstance(kind, Array) and kind.dtype.startswith("int")


def item_name(kind: Kind, iterable: str) -> str:
    """The name of a loop's item: `i` for a number, `layer` from `layers`."""
    if (isinstance(kind, Dim) or kind == Scalar("int")) and not iterable:
        return "i"
    if iterable.endswith("_bar"):
        return item_name(kind, iterable[:-4]) + "_bar"
    return iterable[:-1] if len(iterable) > 2 and iterable.endswith("s") and not iterable.endswith("ss") else "item"


IRREGULAR = {"index": "indices", "kept": "kept_list"}


def plural(name: str) -> str:
    """The list of the values of `name`: `layer` -> `layers`, `bias` -> `bias_list`."""
    if name in IRREGULAR:
        return IRREGULAR[name]
    return name + ("_list" if name.endswith("s") else "s")


Masks = tuple[int, int]  # the values that have had a name, and all that they interfere with


class Variables:
    """Gives names to classes of values; the same name only where they do not interfere."""

    def __init__(self, reserved: set[str], user_names: set[str]):
        self.reserved = reserved
        self.user_names = user_names
        self.held: dict[str, Masks | None] = {}  # names, with their holders; None where others can't share the name
        self.taken: dict[str, int] = {}  # of a base: how many of its names no temporary will get
        self.passed_on: dict[tuple, dict[str, Masks]] = {}  # by base and kind: the names of arrays, with their holders

    def assign(self, group: Any, base: str, is_user: bool, kind: Kind | None = None) -> str:
        """The first of base, base_1, ... that is free for the group; that of a dead temporary of its kind for an array."""
        if is_user or not isinstance(kind, Array) or not kind.axes:
            return self.first(group, base, is_user)
        names = self.passed_on.setdefault((base, kind.dtype, kind.ndim, kind.device), {})
        for name, (members, clashes) in names.items():
            if not (group.clashes & members or group.members & clashes):
                self.hold(name, group)
                break
        else:
            name, members, clashes = self.first(group, base, is_user), 0, 0
        names[name] = members | group.members, clashes | group.clashes
        return name

    def first(self, group: Any, base: str, is_user: bool) -> str:
        """A name that no temporary has had."""
        base = clean(base)
        number = 0 if is_user else self.taken.get(base, 0)
        letters = "ijk" if base == "i" and not is_user else ""
        while True:
            name = base if number == 0 else f"{base}_{number}" if is_user else f"{base}{number}"
            name = letters[number] if number < len(letters) else name
            if self.is_free(name, group, own=is_user):
                self.hold(name, group)
                if not is_user:
                    self.taken[base] = number + 1
                return name
            number += 1

    def parameter(self, group: Any, name: str) -> str:
        """A parameter keeps its name, by which it may be passed; one without a name gets `arg`."""
        if name.isidentifier() and not keyword.iskeyword(name) and name not in self.held:
            self.hold(name, group)
            return name
        return self.assign(group, name or "arg", False)

    def is_free(self, name: str, group: Any, own: bool) -> bool:
        if name in self.reserved or (name != group.name and (name in self.user_names or name in BUILTINS)):
            return False
        # Temporaries are many and mean different things, so each number has a name of its own. An array takes the name
        # of one that is dead (`assign`): so that one's memory goes, and is at hand, still cached, for what comes next.
        if name not in self.held:
            return True
        held = self.held[name]
        return own and held is not None and not group.alone and not (group.clashes & held[0] or held[1] & group.members)

    def hold(self, name: str, group: Any) -> None:
        """Give the group the name, which it shares with others that the user called so, unless it may be unbound."""
        held = self.held.get(name, (0, 0))
        if held is None or group.alone or not group.name:
            self.held[name] = None
        else:
            self.held[name] = held[0] | group.members, held[1] | group.clashes
