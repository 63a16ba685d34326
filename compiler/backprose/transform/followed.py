"""Objects of plain classes that are passed to the function, during inference: what it writes to them stays in the call.

Such an object is static: it is part of the signature by its identity, and its attributes are read live. Attributes that
the function writes to, or whose arrays and lists it writes to, are *followed*: they are read once at the beginning, into
a record in a cell of memory, and whoever reads or assigns them after that means the record. Which ones that are is found
by trying: the first write to an attribute that is not followed starts inference anew. What the function reaches by a
global or a default instead is not its to change, and a write to it is refused.
"""

from __future__ import annotations

import inspect
import types
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import backprose_runtime

from backprose import errors
from backprose.ir.kinds import Array, Dict, FixedList, Kind, List, Maybe, Record, Static, Tuple
from backprose.ir.nodes import Value
from backprose.ir.records import is_data, is_plain
from backprose.transform import outside, stores
from backprose.transform.doubts import outside_update
from backprose.transform.places import Cell, holds_memory
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference


@dataclass
class Followed:
    """What one run knows of the objects that live outside its function; keys are their identities."""

    owned: dict[int, tuple[Any, str]] = field(default_factory=dict)  # reached from an argument, and by which expression
    wanted: dict[int, dict[str, None]] = field(default_factory=dict)  # the attributes to be followed
    copied: set[tuple[int, str]] = field(default_factory=set)  # attributes whose memory is written to
    cells: dict[int, Cell] = field(default_factory=dict)  # where the records are
    parts: dict[tuple[int, str], list[Cell]] = field(default_factory=dict)  # and the memory of each attribute
    barred: dict[int, dict[str, None]] = field(default_factory=dict)  # followed by what encloses this code
    reads: dict[str, Kind] = field(default_factory=dict)  # live names that may share memory

    def closed(self) -> Followed:
        """For code that is compiled on its own: what is followed here is out of its reach."""
        barred = {key: {**self.barred.get(key, {}), **self.wanted.get(key, {})} for key in {**self.barred, **self.wanted}}
        return Followed(barred=barred)


def own(engine: Inference, kind: Kind, path: str) -> None:
    """The objects in an argument of this kind may be written to."""
    if isinstance(kind, Static) and is_plain(kind.value):
        engine.followed.owned.setdefault(id(kind.value), (kind.value, path))
    elif isinstance(kind, (Tuple, FixedList, Dict, Record)):
        names = [f"[{k!r}]" for k in kind.keys] if isinstance(kind, Dict) else (
            [f".{f}" for f in kind.fields] if isinstance(kind, Record) else [f"[{i}]" for i in range(len(kind.items))]
        )
        for name, item in zip(names, kind.items):
            own(engine, item, path + name)
    elif isinstance(kind, (List, Maybe)):
        own(engine, kind.item, path)


def open_records(engine: Inference, b: TypedBuilder) -> None:
    """Read what is followed, at the beginning of the function."""
    followed = engine.followed
    followed.cells, followed.parts, followed.reads = {}, {}, {}
    for key, names in followed.wanted.items():
        obj, path = followed.owned[key]
        present = tuple(name for name in names if _guarded_presence(engine, obj, name) or is_data(type(obj), name))
        values = [_opened(engine, b, obj, name) for name in present]
        record = b.record(type(obj), present, values, name=path)
        followed.cells[key] = engine.memory.ref(record).cell


def _opened(engine: Inference, b: TypedBuilder, obj: Any, name: str) -> Value:
    """What an attribute holds at the beginning, in memory of its own if it is written to."""
    value = read_live(engine, b, obj, name)
    if (id(obj), name) in engine.followed.copied:
        value = stores.copy(engine.memory, b, value)
    engine.memory.doubtful.pop(value, None)
    engine.memory.expand(b, value)
    engine.names.setdefault(value, name)
    engine.followed.parts[id(obj), name] = [engine.memory.ref(v).cell for v in engine.memory.reachable(b, value)]
    return value


def note_writes(engine: Inference) -> bool:
    """Whether the memory of an attribute turned out to be written to that was not copied at the beginning."""
    written, followed = {*engine.memory.written({}), *engine.memory.poisoned}, engine.followed
    found = {key for key, cells in followed.parts.items() if not written.isdisjoint(cells)} - followed.copied
    followed.copied |= found
    return bool(found)


def read_live(engine: Inference, b: TypedBuilder, obj: Any, name: str) -> Value:
    value = outside.live(engine, b, lambda: getattr(obj, name, None), name, (id(obj), name), obj)
    if id(obj) in engine.followed.owned:
        own(engine, value.kind, f"{engine.followed.owned[id(obj)][1]}.{name}")
    return value


def read(engine: Inference, b: TypedBuilder, obj: Any, name: str, loc: Any) -> Value | None:
    """The attribute of an object outside if it is followed; what it holds now."""
    key = id(obj)
    if name in engine.followed.barred.get(key, ()):
        raise errors.UnsupportedUpdate(
            f"the attribute `{name}` of `{_described(obj)}` is changed, and is read where the change is not seen", loc,
            "a gradient or a recursive function is compiled on its own", "pass the value as an argument",
        )  # fmt: skip
    if key not in engine.followed.cells or name not in engine.followed.wanted[key]:
        return None
    record = record_now(engine, b, obj)
    if name in record.kind.fields:
        i = record.kind.fields.index(name)
        return b.parts[record][i] if record in b.parts else b.getattr(record, name, record.kind.items[i])
    if inspect.getattr_static(type(obj), name, None) is not None:
        return outside.live(engine, b, lambda: getattr(type(obj), name), name, (id(type(obj)), name), type(obj))
    raise errors.CompileError(
        f"`{_described(obj)}` has no attribute `{name}` here", loc, "reading it would raise AttributeError",
        "assign it in `__init__`",
    )  # fmt: skip


def has(engine: Inference, b: TypedBuilder, obj: Any, name: str) -> bool:
    """`hasattr` of an object outside."""
    key = id(obj)
    if key in engine.followed.cells and name in engine.followed.wanted[key]:
        kind = record_now(engine, b, obj).kind
        return name in kind.fields or inspect.getattr_static(type(obj), name, None) is not None
    return _guarded_presence(engine, obj, name, hasattr)


def record_for_writing(engine: Inference, b: TypedBuilder, target: Value, name: str, done: str, loc: Any) -> Value:
    """The record of an object outside of which an attribute is assigned or deleted."""
    obj = target.kind.value
    key = id(obj)
    if key not in engine.followed.owned or key in engine.followed.barred:
        raise errors.UnsupportedUpdate(
            f"the attribute `{name}` of `{target.name or _described(obj)}` is {done}", loc,
            "it lives outside the function, where other code sees the change",
            "pass the object as an argument, or return the value",
        )  # fmt: skip
    if name not in engine.followed.wanted.get(key, ()):
        raise outside_update(target, (obj, name), loc)
    return record_now(engine, b, obj)


def record_now(engine: Inference, b: TypedBuilder, obj: Any) -> Value:
    cell = engine.followed.cells[id(obj)]
    return engine.memory.current(b, engine.memory.now(cell), b.loc)


def follow(engine: Inference, found: errors.UnsupportedUpdate) -> bool:
    """Whether what was refused is known when inference starts anew with this attribute followed."""
    if found.place is None:
        return False
    obj, name = found.place
    if id(obj) not in engine.followed.owned:
        return False
    names = engine.followed.wanted.setdefault(id(obj), {})
    if name in names:
        return False
    names[name] = None
    return True


def check_separate(engine: Inference, b: TypedBuilder, at: int, params: list[Value], written: bool) -> None:
    """What is written to shares no memory with what else the function reads: that is asked at run time, op `at`."""
    followed = engine.followed
    if not written and not followed.copied:
        return
    check = TypedBuilder(b.ops[at - 1].loc if at else b.loc)
    live = [outside.live_op(check, name, kind) for name, kind in followed.reads.items()]
    values = [v for v in (*params, *live) if holds_memory(v.kind)]
    if len(values) > 1 or any(not isinstance(v.kind, Array) for v in values):
        attrs = {"fn": backprose_runtime.require_separate, "keywords": (), "method": None}
        check.op("call", values, [Value("", Static(None))], **attrs)
        b.ops[at:at] = check.ops


def check_unchanged(engine: Inference, b: TypedBuilder, values: tuple[Value, ...], loc: Any) -> None:
    """Refuse objects as a whole where they go as they were passed, and have been changed since."""
    for value in values:
        kinds = [value.kind, *(v.kind for v in engine.memory.reachable(b, value))]
        for kind in kinds:
            for obj in _objects(kind):
                if id(obj) in {**engine.followed.wanted, **engine.followed.barred}:
                    raise errors.UnsupportedUpdate(
                        f"`{_described(obj)}` is changed, and is used as a whole", loc,
                        "the object itself stays as it was passed", "use its attributes",
                    )  # fmt: skip


def _objects(kind: Kind) -> list[Any]:
    if isinstance(kind, Static):
        return [kind.value]
    inner = kind.items if hasattr(kind, "items") else (kind.item,) if hasattr(kind, "item") else ()
    return [obj for item in inner for obj in _objects(item)]


def own_attributes(engine: Inference, b: TypedBuilder, obj: Any) -> tuple[str, ...]:
    """The names of the attributes that the object has of its own, with what the function gave it and took away."""
    key = id(obj)
    engine.guards[key, "attributes", ""] = outside.Guard(lambda: " ".join(_own_names(obj)), Static(" ".join(_own_names(obj))))
    if key not in engine.followed.cells:
        return _own_names(obj)
    present = record_now(engine, b, obj).kind.fields
    kept = [name for name in _own_names(obj) if name not in engine.followed.wanted[key]]
    return (*kept, *present)


def _own_names(obj: Any) -> tuple[str, ...]:
    slots = [n for c in type(obj).__mro__ for n, m in vars(c).items() if isinstance(m, types.MemberDescriptorType)]
    return (*getattr(obj, "__dict__", ()), *(name for name in slots if hasattr(obj, name)))


def _guarded_presence(engine: Inference, obj: Any, name: str, ask: Any = None) -> bool:
    """Whether the object has the attribute now (of its own, without `ask`); compiled in, and guarded."""
    ask = ask or _has_own
    present = ask(obj, name)
    engine.guards[id(obj), ask, name] = outside.Guard(lambda: ask(obj, name), Static(present))
    return present


def _has_own(obj: Any, name: str) -> bool:
    if name in getattr(obj, "__dict__", ()):
        return True
    return isinstance(inspect.getattr_static(type(obj), name, None), types.MemberDescriptorType) and hasattr(obj, name)


def _described(obj: Any) -> str:
    return getattr(obj, "__name__", None) or type(obj).__qualname__
