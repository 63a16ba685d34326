"""Functions of one code, as a `lambda` or a nested `def` gives anew each time it runs: what was compiled for one serves all.

They differ in what their closure cells hold, and that is guarded: where the guards hold for another such function, when they
read its cells, it would be compiled to the same text. What is kept for this refers to no cell and to no object of the
user's but what modules hold, so it keeps nothing alive.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose.variadic import Shaped

if TYPE_CHECKING:
    from backprose.ir.kinds import Kind
    from backprose.pipeline import Compilation, Plan
    from backprose.transform.outside import Guard

CODES = 256  # codes for which something is kept, the latest
EACH = 8  # compilations kept for one of them
CONSTANTS = (int, str, bool, bytes, type(None), float, complex, type(...), np.dtype, np.ufunc, type, ModuleType, BuiltinFunctionType)


@dataclass(frozen=True)
class Twin:
    """A compilation for one of the functions; `places` are the closure cells that its guards read, by index."""

    kinds: Mapping[str, Kind]
    compilation: Compilation
    places: Mapping[Any, int]


_KEPT: OrderedDict[Any, list[Twin]] = OrderedDict()


def forget_twins() -> None:
    """Serve nobody any more: a rule has been registered."""
    _KEPT.clear()


def serving(function: Any, kinds: Mapping[str, Kind], plan: Plan) -> Compilation | None:
    """What was compiled for a function of the same code, with guards on the cells of this one, if they hold."""
    plain, key = _code_of(function)
    for twin in _KEPT.get((key, plan), ()) if plain is not None else ():
        if same_kinds(twin.kinds, kinds):
            found = _moved(twin, plain.__closure__ or ())
            if all(map(_holds, found.guards.values())):
                _KEPT.move_to_end((key, plan))
                return found
    return None


def same_kinds(a: Mapping[str, Kind], b: Mapping[str, Kind]) -> bool:
    """Whether the kinds are the same, down to the types of the keys of dicts: `1`, `1.0` and `True` are three."""
    return a == b and list(map(str, a.values())) == list(map(str, b.values()))


def keep(function: Any, kinds: Mapping[str, Kind], plan: Plan, compilation: Compilation) -> None:
    """Let the compilation serve other functions of the code, if it refers to nothing that only this one knows."""
    from backprose.transform.outside import Guard, OfCell, OfModule

    plain, key = _code_of(function)
    if plain is None or not all(map(_is_lasting, kinds.values())):
        return
    cells, places, guards = plain.__closure__ or (), {}, {}
    for name, guard in compilation.guards.items():
        if isinstance(guard.read, OfCell) and _is_lasting(guard.kind):
            place = next((i for i, cell in enumerate(cells) if cell is guard.read.cell), None)
            if place is None:
                return
            places[name] = place
            guard = Guard(_unread, guard.kind, guard.live)
        elif not isinstance(guard.read, OfModule):
            return
        guards[name] = guard
    kept = _KEPT.setdefault((key, plan), [])
    kept[:] = [Twin(dict(kinds), replace(compilation, guards=guards), places), *kept][:EACH]
    while len(_KEPT) > CODES:
        _KEPT.popitem(last=False)


def _code_of(function: Any) -> tuple[Any, Any]:
    """The function with the cells, and what it has in common with others of its code; None if there are no others."""
    if isinstance(function, Shaped):
        plain, key = _code_of(function.function)
        return plain, (Shaped, function.count, function.keywords, key)
    if hasattr(function, "__backprose_twin__"):
        inner, options = function.__backprose_twin__
        plain, key = _code_of(inner)
        return plain, (options, key)
    if not isinstance(function, FunctionType) or not _is_made_anew(function) or "__class__" in function.__code__.co_freevars:
        return None, None
    code = function.__code__
    return function, (code, code.co_filename, id(function.__globals__))


def _is_made_anew(function: Any) -> bool:
    return "<" in function.__code__.co_qualname  # a lambda, or defined within a function


def _moved(twin: Twin, cells: tuple) -> Compilation:
    from backprose.transform.outside import OfCell

    guards = {
        name: replace(guard, read=OfCell(cells[twin.places[name]])) if name in twin.places else guard
        for name, guard in twin.compilation.guards.items()
    }
    return replace(twin.compilation, guards=guards)


def _holds(guard: Guard) -> bool:
    from backprose.analysis.kinds import kind_of
    from backprose.ir.kinds import Static

    try:
        value = guard.read()
    except ValueError:  # an empty cell
        return False
    return (Static(value) if isinstance(guard.kind, Static) else kind_of(value)) == guard.kind


def _unread() -> Any:
    """In the place of a reader of a cell, which would hold it."""
    raise ValueError("the guard of a twin reads no cell")


def _is_lasting(kind: Kind) -> bool:
    """Whether all objects that the kind holds are constants, or what modules hold."""
    return all(isinstance(v, CONSTANTS) or (isinstance(v, FunctionType) and not _is_made_anew(v)) for v in _objects(kind))


def _objects(kind: Any) -> Iterator[Any]:
    from backprose.ir.kinds import Closure, List, Maybe, Static

    if isinstance(kind, Static):
        yield kind.value
    elif isinstance(kind, Closure):
        yield kind.template
    elif isinstance(kind, (List, Maybe)):
        yield from _objects(kind.item)
    else:
        items: Iterable[Any] = getattr(kind, "items", ())
        for item in items:
            yield from _objects(item)
