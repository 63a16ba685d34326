"""`checkpoint`: what is computed again in the reverse sweep instead of being kept for it."""

from __future__ import annotations

import functools
import inspect
import types
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from backprose.signatures import Decorated, is_module_level, name_of

if TYPE_CHECKING:
    from backprose.ir.kinds import Kind
    from backprose.ir.nodes import Module, Value
    from backprose.transform.infer import Inference
    from backprose.transform.typed import TypedBuilder


def checkpoint(
    subject: Any, /, *, every: int | None = None, memory: int | str | None = None, schedule: str | None = None,
    snapshots: int | None = None,
) -> Any:  # fmt: skip
    """Trades time for memory: little is kept of a function or a loop, and it runs again in the reverse sweep.

    A function, as a decorator or by a call: `checkpoint(f)` is a function like `f`. Inside a differentiated function
    its calls keep no more than what `f` reads from outside: its arguments and what it captures.

        @backprose.checkpoint
        def block(w, x):
            return np.tanh(w @ np.sin(x))

    A loop, by what it goes over or by its condition: both are given back as they are, so that the program is the same
    without derivatives. What the loop carries is kept once in `every` iterations; in the reverse sweep each segment of
    so many iterations runs again and is swept back before the next. By default a `for` has about sqrt(n) segments of
    sqrt(n) iterations, and the segments of a `while` grow by one iteration each: of n iterations about 2 sqrt(n), in a
    `while` 3 sqrt(n), are held at a time, and each runs twice.

        for t in backprose.checkpoint(range(n), every=100):
            u = step(u, t)

        while backprose.checkpoint(error > tolerance):
            ...

    With `schedule="binomial"` no more than `snapshots` states are kept at a time, however long the loop is: segments,
    of one iteration or of `every`, run again more than once, as seldom as that allows (Griewank and Walther 2000). With
    `memory=`, a number of bytes or text such as "200MB", the number of snapshots follows from the bytes that the loop
    carries when it begins. Both are for loops that do not draw. A `while`, and a `for` that stops early, needs two
    snapshots: it keeps states at equal distances, which double whenever there are too many of them.

    The values are the same to the last bit. What is drawn at random is kept and not drawn again, and what is printed is
    printed once. Forward mode keeps nothing anyway.

    Raises: ValueError for options that are no positive numbers, TypeError for options of a function.
    """
    from backprose.rules.checkpoints import refusal_of_options

    if callable(subject):
        if (every, memory, schedule, snapshots) != (None, None, None, None):
            raise TypeError("options are for loops: checkpoint(range(n), every=k)")
        return _checkpointed(subject)
    wrong = refusal_of_options(every, memory, schedule, snapshots)
    if wrong:
        raise ValueError(f"checkpoint: {wrong}")
    return subject


def _checkpointed(fun: Callable) -> Callable:
    """The function with its calls checkpointed; what binds arguments binds them still."""
    if isinstance(fun, functools.partial):
        return functools.partial(_checkpointed(fun.func), *fun.args, **fun.keywords)
    if isinstance(fun, types.MethodType):
        return types.MethodType(_checkpointed(fun.__func__), fun.__self__)
    if isinstance(fun, (staticmethod, classmethod)):
        raise TypeError(f"put @checkpoint below @{type(fun).__name__}")
    return Checkpointed(fun)


def _inside(engine: Inference, b: TypedBuilder, args: tuple, keywords: Mapping[str, Value], loc: Any) -> Any:
    """`checkpoint(...)` in the body of a function that is compiled."""
    from backprose.transform import checkpoints

    return checkpoints.mark(engine, b, checkpoint, args, keywords, loc)


checkpoint.__backprose_call__ = _inside


class Checkpointed(Decorated):
    """A function whose calls are run again in the reverse sweep. Calling it calls the function itself."""

    def __init__(self, fun: Callable):
        super().__init__(fun, inspect.signature(fun))

    def __repr__(self) -> str:
        return f"<checkpointed function {name_of(self.fun)}>"

    def __reduce__(self) -> Any:
        return self.__qualname__ if is_module_level(self) else (Checkpointed, (self.fun,))

    def __backprose_call__(
        self, engine: Inference, b: TypedBuilder, args: tuple, keywords: Mapping[str, Value], loc: Any
    ) -> Any:
        """The IR of a call."""
        from backprose.transform import checkpoints

        return checkpoints.call(engine, b, b.data(self.fun), args, keywords, loc, name_of(self.fun))

    def __backprose_module__(self, engine: Inference, kinds: Mapping[str, Kind]) -> Module:
        """The IR of the function, which a derivative is asked of."""
        from backprose.pipeline import infer
        from backprose.transform import checkpoints

        return checkpoints.all_again(infer(self.fun, kinds, engine))
