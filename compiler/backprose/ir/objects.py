"""Public names of library objects: `numpy.exp` for the ufunc, and the way back.

Ufuncs do not always know their module, and `operator`'s functions name a private one, so the public modules are
walked once and objects are found by identity.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

# Earlier modules win where an object is reachable from several.
MODULES = (
    "operator", "math", "cmath", "builtins", "numpy", "numpy.linalg", "numpy.fft", "numpy.random", "backprose_runtime",
)  # fmt: skip
ROOTS = {name.partition(".")[0] for name in MODULES}
# Walked once a program has imported them.
OPTIONAL_MODULES = (
    "scipy.special", "scipy.linalg", "scipy.stats", "scipy.sparse", "scipy.sparse.linalg", "scipy.signal",
    "scipy.ndimage", "scipy.interpolate", "scipy.integrate", "scipy.fft",
)  # fmt: skip


def public_name(value: Any) -> str | None:
    """The qualified public name of a library's callable or module, or None."""
    entry = _entry(value)
    if entry is not None:
        return entry[0]
    # Methods are made anew by each reading (`np.add.at`), so they are found through what they belong to.
    owner = getattr(value, "__self__", None)
    if owner is None:
        owner = getattr(value, "__objclass__", None)
    entry = _entry(owner)
    name = getattr(value, "__name__", None)
    if entry is None or name is None or isinstance(owner, ModuleType):
        return None
    return f"{entry[0]}.{name}" if getattr(owner, name, None) == value else None


def resolve(name: str) -> Any:
    """The object with the public name `name`; raises LookupError where there is none."""
    root, *rest = name.split(".")
    if root not in ROOTS and not name.startswith(tuple(f"{module}." for module in OPTIONAL_MODULES)):
        raise LookupError(f"{name!r} is in none of the modules {', '.join(sorted(ROOTS))}")
    value, path = importlib.import_module(root), root
    for part in rest:
        path = f"{path}.{part}"
        if path in MODULES + OPTIONAL_MODULES:
            value = importlib.import_module(path)
        elif hasattr(value, part):
            value = getattr(value, part)
        else:
            raise LookupError(f"there is no {path!r}")
    return value


def _entry(value: Any) -> tuple[str, Any] | None:
    """The public name of the very object, and the object."""
    found = _table(MODULES).get(id(value))
    if found is None and (imported := tuple(path for path in OPTIONAL_MODULES if path in sys.modules)):
        return _table(imported).get(id(value))
    return found


@functools.cache
def _table(modules: tuple[str, ...]) -> dict[int, tuple[str, Any]]:
    """From the identity of each public callable to its name (and to itself, which keeps it alive)."""
    table: dict[int, tuple[str, Any]] = {}
    for path in modules:
        module = importlib.import_module(path)
        table.setdefault(id(module), (path, module))
        for name, value in _publics(module):
            known = table.get(id(value))
            # Of several names in one module the object's own is the best (`absolute`, not `abs`).
            own = getattr(value, "__name__", None) == name
            if known is None or (own and known[0].rpartition(".")[0] == path):
                table[id(value)] = (f"{path}.{name}", value)
    return table


def _publics(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for name, value in sorted(vars(module).items()):
        if not name.startswith("_") and callable(value) and not isinstance(value, ModuleType):
            yield name, value
