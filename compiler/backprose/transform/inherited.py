"""`super()` during inference: attributes looked up behind a class, in the order in which the object's class inherits."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.ir.kinds import Object, Record, Static
from backprose.ir.nodes import Value
from backprose.transform import outside
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.frames import Frame
    from backprose.transform.infer import Inference


def super_of(engine: Inference, b: TypedBuilder, args: tuple[Value, ...], frame: Frame, loc: Any) -> Value:
    """`super()` in a method, or `super(cls, self)`."""
    if not args and "__class__" in frame.cells and frame.first is not None:
        args = (b.data(frame.cells["__class__"].cell_contents), engine.memory.current(b, frame.first, loc))
    if len(args) != 2 or not isinstance(args[0].kind, Static) or not isinstance(args[1].kind, (Record, Static)):
        raise errors.UnsupportedCall(
            "this `super` is not supported", loc, "whose methods it looks up is not known when compiling",
            "write `super()` in a method, or name the class: `Base.method(self, ...)`",
        )  # fmt: skip
    value = Value("", Object(super))
    engine.supers[value] = (args[0].kind.value, args[1])
    return value


def attribute(engine: Inference, b: TypedBuilder, value: Value, name: str, loc: Any) -> Value:
    """`super().name`."""
    behind, target = engine.supers[value]
    target = engine.memory.current(b, target, loc)
    kind = target.kind
    own = kind.cls if isinstance(kind, Record) else kind.value if isinstance(kind.value, type) else type(kind.value)
    order = own.__mro__
    cls = next((c for c in order[order.index(behind) + 1 :] if name in vars(c)), None)
    member = vars(cls)[name] if cls is not None else None
    if isinstance(member, property):
        return engine.call_function(b, member.fget, (target,), {}, loc)
    if isinstance(member, staticmethod):
        return b.data(member.__func__)
    if isinstance(member, (types.FunctionType, types.WrapperDescriptorType, classmethod)):
        of_class = isinstance(member, classmethod)
        bound = Value("", Object(types.MethodType))
        function = member.__func__ if of_class else member
        engine.partials[bound] = (b.data(function), (b.data(own) if of_class else target,), {})
        return bound
    if member is not None and not hasattr(member, "__get__"):
        return outside.live(engine, b, lambda: vars(cls)[name], name, (id(cls), name), cls)
    raise errors.UnsupportedCall(
        f"`super().{name}` is not supported", loc,
        f"no class behind `{behind.__qualname__}` has it, or it is not followed", "name the method's class",
    )  # fmt: skip
