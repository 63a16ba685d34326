"""`is`, and what amounts to it, during inference: whether two names refer to one object is read off the cells of memory.

In the emitted code an object that was updated may be another one, or none at all, so it can't be asked there.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import FixedList, List, Record, Static, Tuple
from backprose.ir.nodes import Value
from backprose.transform.places import UNCHANGING, Ref, holds_memory
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

NEGATED = {operator.is_: False, operator.is_not: True, operator.eq: False, operator.ne: True}


def answer(engine: Inference, b: TypedBuilder, fn: Any, args: tuple[Value, ...], loc: Any) -> Value | None:
    """`x is y`, `x == y` of objects that compare by identity, and `x in (y, z)`; None where something else decides."""
    if not engine.memory.active:
        return None
    if fn is operator.contains:
        return _contains(engine, b, *args, loc)
    if fn not in NEGATED or (fn in (operator.eq, operator.ne) and not all(_compares_by_identity(v) for v in args)):
        return None
    same = _is_same(engine, *args, loc)
    return None if same is None else b.const(same != NEGATED[fn])


def _compares_by_identity(value: Value) -> bool:
    return isinstance(value.kind, Record) and value.kind.cls.__eq__ is object.__eq__


def _is_same(engine: Inference, x: Value, y: Value, loc: Any) -> bool | None:
    memory = engine.memory
    if not (holds_memory(x.kind) and holds_memory(y.kind)):
        return None
    certain = x not in memory.doubtful and y not in memory.doubtful
    one, other = (Ref(place.cell, place.steps) for place in map(memory.ref, (x, y)))
    if certain and one == other and not one.path:
        return True
    objects = [v for v in (x, y) if isinstance(v.kind, Record) and not issubclass(v.kind.cls, tuple)]
    if certain and one != other and (len(objects) == 1 or {one.cell, other.cell} & engine.made):
        return False
    if any(v is not memory.ref(v).cell.root or not set(memory.doubtful.get(v, ())) <= set(UNCHANGING) for v in objects):
        raise _undecided(objects[0], loc)
    return None


def _contains(engine: Inference, b: TypedBuilder, container: Value, item: Value, loc: Any) -> Value | None:
    if not _compares_by_identity(item) or not isinstance(container.kind, (Tuple, List, FixedList)):
        return None
    if container not in b.parts and isinstance(container.kind, List):
        raise _undecided(item, loc)
    found = [_is_same(engine, part, item, loc) for part in b.items_of(container) if not isinstance(part.kind, Static)]
    if None in found:
        raise _undecided(item, loc)
    return b.const(any(found))


def _undecided(value: Value, loc: Any) -> errors.CompileError:
    return errors.UnsupportedCall(
        f"whether `{value.name or value.kind.cls.__qualname__}` is the same object as another is not known", loc,
        "an object whose attributes are followed does not exist in the emitted code", "compare attributes instead",
    )  # fmt: skip
