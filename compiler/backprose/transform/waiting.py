"""Paths that wait for the kind of what a recursive function returns.

That kind is found in rounds, and in the first one a call of the function itself gives nothing. Most of what is done with
nothing gives nothing. What is refused then, an update of it or an attribute, is put off: the path is taken for one that does
not come to an end, which is right as long as it is not known that the call does. The IR of such a round is thrown away, with
all that was built on it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from backprose import errors
from backprose.ir.kinds import UNBOUND, List
from backprose.ir.nodes import Value

if TYPE_CHECKING:
    from backprose.transform.infer import Inference
    from backprose.transform.typed import TypedBuilder

Side = Callable[["TypedBuilder"], list[Value]]


class _Waits(Exception):
    """Raised through a branch one side of which waits."""

    def __init__(self, side: int):
        self.side = side


def branch(
    engine: Inference, b: TypedBuilder, sides: Sequence[Side], build: Callable[[Sequence[Side]], list[Value]]
) -> list[Value]:
    """What the branch gives that `build` makes of its two sides; where one of them waits, what the other one gives."""
    back = _way_back(engine, b)
    try:
        return build([partial(_walked, engine, side, i) for i, side in enumerate(sides)])
    except _Waits as found:
        engine.put_off += 1
        back()
        return sides[1 - found.side](b)


def _walked(engine: Inference, side: Side, number: int, inner: TypedBuilder) -> list[Value]:
    waits = engine.waits
    try:
        return side(inner)
    except errors.CompileError:
        if engine.waits == waits:
            raise
        raise _Waits(number) from None


def loop(
    engine: Inference, b: TypedBuilder, build: Callable[[], list[Value]], inits: Sequence[Value], collected: int
) -> list[Value]:
    """What the loop gives that `build` makes; where its body waits, what it gives without an iteration."""
    waits, back = engine.waits, _way_back(engine, b)
    try:
        return build()
    except errors.CompileError:
        if engine.waits == waits:
            raise
    engine.put_off += 1
    back()
    return [*inits, *(b.op("unbound", (), [Value("", List(UNBOUND))]).result for _ in range(collected))]


def _way_back(engine: Inference, b: TypedBuilder) -> Callable[[], None]:
    """What brings everything to where it is now."""
    state, depth, fresh, count, loc = dict(engine.memory.state), engine.depth, dict(engine.fresh), len(b.ops), b.loc

    def back() -> None:
        engine.memory.state, engine.depth, engine.fresh, b.loc = state, depth, fresh, loc
        del b.ops[count:]

    return back
