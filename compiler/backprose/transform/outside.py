"""What lives outside the function, during inference: globals, closure cells and attributes of objects, guarded."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from backprose.analysis.kinds import kind_of
from backprose.ir.kinds import Kind, Static
from backprose.ir.nodes import Op, Value
from backprose.transform.places import holds_memory
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.frames import Frame
    from backprose.transform.infer import Inference

MISSING = object()


@dataclass
class Guard:
    """The compiled code holds as long as `read()` gives a value of this kind (or this very object).

    `live` names the variable of the emitted code that follows the value, or is "".
    """

    read: Callable[[], Any]
    kind: Kind
    live: str = ""


@dataclass(frozen=True, eq=False)
class OfCell:
    """Reads a closure cell."""

    cell: Any

    def __call__(self) -> Any:
        return self.cell.cell_contents


@dataclass(frozen=True, eq=False)
class OfModule:
    """Reads a global name, or a built-in one."""

    namespace: Mapping[str, Any]
    name: str

    def __call__(self) -> Any:
        try:  # at every call of a derivative: a global name is found at once
            return self.namespace[self.name]
        except KeyError:
            return getattr(builtins, self.name, MISSING)


def reader(name: str, frame: Frame) -> tuple[Callable[[], Any], bool]:
    """What reads the name as Python would now, and whether it is defined."""
    if name in frame.cells:
        cell = frame.cells[name]
        try:
            cell.cell_contents  # noqa: B018 - an empty cell raises
        except ValueError:
            return (lambda: None), False
        return OfCell(cell), True
    return OfModule(frame.globals, name), name in frame.globals or hasattr(builtins, name)


def live(engine: Inference, b: TypedBuilder, read: Callable[[], Any], name: str, key: Any, owner: Any = None) -> Value:
    """A value that lives outside the function: data is read at run time, anything else is static. Guarded."""
    current = read()
    kind = kind_of(current)
    if type(current) is bool:
        kind = Static(current)
    if isinstance(kind, Static):
        engine.guards[key] = Guard(read, kind)
        return b.data(current, name)
    if key not in engine.guards:
        unique, n = name, 0
        while unique in engine.live_names and engine.live_names[unique] != key:
            n += 1
            unique = f"{name}_{n}"
        engine.live_names[unique] = key
        engine.guards[key] = Guard(read, kind, unique)
    value = live_op(b, engine.guards[key].live, kind)
    if holds_memory(kind):
        engine.memory.outside[value] = (owner, name)
        engine.followed.reads[engine.guards[key].live] = kind
    return value


def live_op(b: TypedBuilder, name: str, kind: Kind) -> Value:
    return b.add(Op("global", (), (Value("", kind),), {"name": name, "scope": "live"}, (), b.loc)).result
