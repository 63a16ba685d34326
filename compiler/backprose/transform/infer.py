"""Inference: lowered IR and the kinds of its parameters -> IR in which every value has a kind.

It walks the IR once, like an interpreter over kinds, and builds anew: calls are resolved to the function that they
reach, calls of user functions are inlined, branches that are decided statically are pruned, loops over containers of
known length are unrolled, and the kinds of loops are iterated to a fixed point. A function that calls itself becomes
a function of the module, specialised by the kinds of its arguments, and is reached by `invoke`. Here are the function
as a whole and what is known while it is walked; what each op means stands in `lowered_ops`.

What a result depended on besides the arguments (globals, closure cells, attributes of objects) is noted as guards.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from backprose import errors
from backprose.analysis.kinds import name_lengths
from backprose.ir.kinds import Closure, Kind, Static
from backprose.ir.nodes import Function, Module, Region, Value
from backprose.ir.walk import rename
from backprose.transform import (
    attributes, branches, calls, followed, instances, iteration, pairs, refusals, sharing, stores, type_questions,
)  # fmt: skip
from backprose.transform.binding import bind
from backprose.transform.copied_rules import Copy, Recording
from backprose.transform.followed import Followed
from backprose.transform.frames import Env, Frame
from backprose.transform.instances import Instance, Recursive
from backprose.transform.lowered_ops import MEANINGS
from backprose.transform.meanings import Standing
from backprose.transform.memory import Memory
from backprose.transform.outside import Guard
from backprose.transform.places import Cell
from backprose.transform.typed import TypedBuilder


def _identity(kind: Kind) -> Any:
    """What tells one callable from another; nothing for data."""
    if isinstance(kind, Closure):
        return id(kind.template), *map(_identity, kind.captured)
    return id(kind.value) if isinstance(kind, Static) and callable(kind.value) else None


def _invokes_itself(entry: Function) -> bool:
    """Whether the function does nothing but call its namesake with all its parameters."""
    return [(op.attrs.get("callee"), op.operands, op.results) for op in entry.ops] == [(entry.name, entry.params, (entry.result,))]


def _is_plain(lowered: Function) -> bool:
    """Whether callers pass what calls within the module pass: a positional argument for each parameter."""
    parameters = lowered.signature.parameters.values() if lowered.signature is not None else ()
    return all(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) for p in parameters)


@dataclass
class Inference:
    """One compilation's inference. `lower` gives a Python function's lowered IR."""

    lower: Callable[[Any], Function]
    guards: dict[Any, Guard] = field(default_factory=dict)
    instances: dict[Any, Instance] = field(default_factory=dict)
    inlining: list[Any] = field(default_factory=list)
    recursive: set[Any] = field(default_factory=set)
    captures: dict[Value, tuple[tuple[Value, ...], Frame]] = field(default_factory=dict)
    methods: dict[Value, Value] = field(default_factory=dict)
    choices: dict[Value, tuple[Value, Any, Any]] = field(default_factory=dict)  # one of two functions, by a condition
    partials: dict[Value, tuple[Value, tuple[Value, ...], Mapping[str, Value]]] = field(default_factory=dict)
    gradients: dict[Value, Callable[..., Value]] = field(default_factory=dict)  # of closures, and pullbacks: what a call of it means
    checkpointed: dict[Value, Value] = field(default_factory=dict)  # `checkpoint(f)` of nested functions and their kin
    supers: dict[Value, tuple[type, Value]] = field(default_factory=dict)  # `super()`: the class to look behind, and self
    field_orders: dict[type, dict[str, None]] = field(default_factory=dict)  # of the attributes of a class's objects
    names: dict[Value, str] = field(default_factory=dict)  # of temporaries that became attributes
    naming: str = ""  # the variable that gets the result of the call that begins
    made: set[Cell] = field(default_factory=set)  # objects that the function makes itself
    iterators: dict[Value, tuple[Value, ...]] = field(default_factory=dict)
    single: dict[Value, Value] = field(default_factory=dict)  # what an iterator goes over: map(...), reversed(...)
    tuples: dict[Value, Any] = field(default_factory=dict)  # lists that stand for tuples of unknown length
    depth: int = 0  # loops around the code being walked
    fresh: dict[Value, int] = field(default_factory=dict)  # iterators not gone over yet, and the depth they were made at
    functions: dict[str, Function] = field(default_factory=dict)  # that inlined gradients invoke
    derived: dict[Any, tuple[str, ...]] = field(default_factory=dict)  # names of their derivatives: see `pairs`
    memory: Memory = field(default_factory=Memory)
    followed: Followed = field(default_factory=Followed)
    own_rule: list[Any] = field(default_factory=list)  # functions with rules that are being walked; None: a gradient
    debug: bool = False  # what users' rules return must have the dtypes of the arguments
    changed: frozenset[str] = frozenset()  # the parameters that the function walked last writes to
    careful: bool = False  # loops carry which memory a variable refers to
    standing: Standing | None = None  # the call whose program is being walked
    signatures: dict[Any, inspect.Signature] = field(default_factory=dict)  # of the functions called so far
    copied: dict[Any, list[Copy]] = field(default_factory=dict)  # what texts of rules gave, by the kinds they were given
    plain: dict[Any, Kind] = field(default_factory=dict)  # of calls of arithmetic, by function and kinds of numbers
    recording: Recording | None = None  # of what the text of a rule asks that is being inlined
    runs: int = 0
    waits: int = 0  # calls so far of recursive functions of which it is not known yet what they return
    put_off: int = 0  # paths so far that were left out for that
    live_names: dict[str, Any] = field(default_factory=dict)
    entry: tuple[Any, ...] = ()  # what is compiled: its name, code (if it may be its own instance) and its frame's identity

    def __post_init__(self) -> None:
        self.memory.branch = self.branch

    # Entry

    def run(self, function: Any, kinds: Mapping[str, Kind], frames: Mapping[str, Frame] | None = None) -> Module:
        """The module for `function` called with parameters of these kinds.

        For a nested function, found in the frame that `frames` names, the parameters are what it captures.
        """
        target, owner = (function.__func__, function.__self__) if hasattr(function, "__func__") else (function, None)
        lowered = self.lower(target)
        prefix = f"{self.runs}:" if self.runs else ""  # lengths of different functions have different names
        self.runs += 1
        outer = self.memory.state, self.memory.active, self.followed, self.entry
        self.entry = lowered.name, lowered.attrs.get("code") if _is_plain(lowered) else None, Frame.of(target).identity
        self.memory.active, self.followed = True, self.followed.closed()
        try:
            entry = self._settled(target, lowered, owner, kinds, prefix, frames or {})
            outer[2].reads.update(self.followed.reads)
        finally:
            self.memory.state, self.memory.active, self.followed, self.entry = outer
        return self.module(entry)

    def module(self, entry: Function) -> Module:
        """The entry with all that may be invoked. A recursive function that is its own entry stands there once."""
        others = {**{i.name: i.function for i in self.instances.values()}, **self.functions}
        if entry.name in others and not _invokes_itself(entry):
            (name,) = pairs.fresh_names(self, (entry.name,))
            entry = replace(entry, name=name)
        elif entry.name in others:
            others[entry.name] = replace(others[entry.name], signature=entry.signature)
        return Module({entry.name: entry, **others})

    def _settled(
        self, target: Any, lowered: Function, owner: Any, kinds: Mapping[str, Kind], prefix: str,
        frames: Mapping[str, Frame],
    ) -> Function:
        """The entry, built until it is known what it writes to."""
        instances, depth, built = dict(self.instances), self.depth, (dict(self.functions), dict(self.derived))
        changed: frozenset[str] | None = None
        first: errors.UnsupportedUpdate | None = None
        careful = self.careful
        while True:
            self.memory.state, ordered = {}, frozenset(self.memory.layouts.ordered)
            try:
                entry, written = self._entry(target, lowered, owner, kinds, prefix, frames, changed)
            except errors.UnsupportedUpdate as error:
                self.depth, self.instances = depth, dict(instances)  # those that were built before it are of no use
                self.functions, self.derived = map(dict, built)
                if followed.follow(self, error):
                    continue
                first = first or error
                if changed is None:
                    changed = frozenset()  # what is refused may be known once containers are taken apart,
                elif not error.reshapes <= self.memory.layouts.required:
                    self.memory.layouts.required |= error.reshapes  # once the layout of what is reshaped is checked,
                elif not self.careful:
                    self.careful = True  # and once loops carry what is rebound
                else:
                    self.careful = careful
                    raise first from None
                continue
            again = followed.note_writes(self) or self.memory.layouts.ordered != ordered
            if not again and written <= (changed or frozenset()):
                self.careful, self.changed = careful, changed or frozenset()
                return entry
            changed = (changed or frozenset()) | written

    def _entry(
        self, target: Any, lowered: Function, owner: Any, kinds: Mapping[str, Kind], prefix: str,
        frames: Mapping[str, Frame], changed: frozenset[str] | None,
    ) -> tuple[Function, frozenset[str]]:
        """The function, which works on copies of the parameters `changed`, and the parameters that it writes to."""
        b = TypedBuilder(lowered.loc)
        b.observer = partial(sharing.made, self.memory)
        params, values, held = [], [], []
        for i, param in enumerate(lowered.params):
            if owner is not None and i == 0:
                values.append(b.data(owner))
                followed.own(self, Static(owner), param.name)
                continue
            if param.name in frames:
                kind = kinds[param.name]
                named = [name_lengths(k, f"{prefix}{param.name}.{j}") for j, k in enumerate(kind.captured)]
                captured = tuple(Value("", k) for k in named)
                params.extend(captured)
                held.extend((param.name, v) for v in captured)
                values.append(self.closure(b, kind.template, captured, frames[param.name], param.name))
                continue
            followed.own(self, kinds[param.name], param.name)
            value = Value(param.name, name_lengths(kinds[param.name], f"{prefix}{param.name}"))
            params.append(value)
            own = stores.copy(self.memory, b, value) if changed and param.name in changed else value
            values.append(own if changed is None else self.memory.expand(b, own))
        at = len(b.ops)
        followed.open_records(self, b)
        held += [(v.name, v) for v in values]
        cells = [(name, self.memory.ref(part).cell) for name, v in held for part in self.memory.reachable(b, v)]
        result = self.inline(b, target, lowered, values)
        refusals.refuse_result(result.kind, lowered.loc)
        followed.check_unchanged(self, b, (result,), lowered.loc)
        followed.check_separate(self, b, at, params, bool(changed))
        region = rename(b.region(params, [result]), self.names)
        entry = Function(lowered.name, region, lowered.loc, lowered.doc, lowered.signature)
        written = self.memory.written({})
        return entry, frozenset(name for name, cell in cells if cell in written or cell in self.memory.poisoned)

    # Calls of Python functions

    def call_function(
        self, b: TypedBuilder, function: Any, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any
    ) -> Value:
        """A call of a user's Python function: inlined, or an `invoke` if it is recursive."""
        if calls.is_library(function):
            raise refusals.without_rule(function, loc)
        try:
            lowered = self.lower(function)
        except errors.SourceUnavailable as error:
            raise errors.UnsupportedCall(
                f"`{function.__qualname__}` can't be compiled: its source is not available", loc, str(error.what),
                "define it in a file, or register a derivative rule for it",
            ) from error  # fmt: skip
        signature = self.signatures.get(function)
        if signature is None:  # with the defaults of this very function
            signature = self.signatures[function] = inspect.signature(function, follow_wrapped=False)
        values = bind(b, lowered.name, signature, args, keywords, loc)
        return self.inline(b, function, lowered, values)

    def inline(self, b: TypedBuilder, function: Any, lowered: Function, values: list[Value]) -> Value:
        return self.inline_body(b, lowered, values, Frame.of(function, values[0] if values else None))

    def inline_closure(self, b: TypedBuilder, callee: Value, values: list[Value]) -> Value:
        """The body of a nested function; its captured values come first in `values`."""
        _, frame = self.captures[callee]
        template = callee.kind.template
        return self.inline_body(b, template, values, replace(frame, template=template, first=None))

    def inline_body(self, b: TypedBuilder, lowered: Function, values: list[Value], frame: Frame) -> Value:
        """The body of `lowered` with its parameters bound to `values`, built into `b`."""
        if self.standing is None or frame.is_ours:
            return self._inline_body(b, lowered, values, frame)
        (standing, self.standing), pinned = (self.standing, None), b.pinned
        b.pinned = standing.pinned
        try:
            return self._inline_body(b, lowered, values, frame)
        finally:
            b.pinned, self.standing = pinned, standing

    def stands_for(self, fn: Any) -> bool:
        """Whether the text being walked is that of the program which calls of `fn` mean."""
        return self.standing is not None and self.standing.fn is fn

    def _inline_body(self, b: TypedBuilder, lowered: Function, values: list[Value], frame: Frame) -> Value:
        code = lowered if frame.template is lowered else lowered.attrs["code"]
        # The same function with other functions as arguments is another one: an integral of an integral.
        key = (code, frame.identity, tuple(_identity(v.kind) for v in values))
        if key in self.recursive:
            return instances.invoke(self, b, code, lowered, values, frame)
        if key in self.inlining:
            self.recursive.add(key)
            raise Recursive(key)
        mark, loc = len(b.ops), b.loc
        self.inlining.append(key)
        try:
            env = dict(zip(lowered.params, values))
            return self._returned(self.region(b, lowered.region, env, frame)[0], lowered, loc)
        except Recursive as found:
            if found.code != key:
                raise
            del b.ops[mark:]
        finally:
            self.inlining.pop()
            b.loc = loc
        return instances.invoke(self, b, code, lowered, values, frame)

    def _returned(self, value: Value, lowered: Function, loc: Any) -> Value:
        """A returned closure must have captured what no later statement could have changed."""
        if value in self.captures and value.kind.template.attrs.get("volatile"):
            names = ", ".join(f"`{n}`" for n in value.kind.template.attrs["volatile"])
            raise errors.UnsupportedCall(
                f"`{lowered.name}` returns a function that captures {names}, which is assigned more than once", loc,
                "Python reads a captured variable when the function is called", "capture a variable assigned once",
            )  # fmt: skip
        return value

    # What the tables in the other files of inference call back

    def known(self, b: TypedBuilder, fn: Any, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any) -> Value:
        return calls.known(self, b, fn, args, keywords, loc)

    def apply(
        self, b: TypedBuilder, callee: Value, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any
    ) -> Value:
        return calls.apply(self, b, callee, args, keywords, loc)

    def call_object(
        self, b: TypedBuilder, fn: Any, args: tuple[Value, ...], keywords: Mapping[str, Value], loc: Any
    ) -> Value:
        return calls.call_object(self, b, fn, args, keywords, loc)

    def attribute(self, b: TypedBuilder, target: Value, name: str, loc: Any) -> Value:
        return attributes.get(self, b, target, name, loc)

    def branch(self, b: TypedBuilder, cond: Value, build: Iterable[Callable], names: list[str]) -> list[Value]:
        """An `if`, each side of which a function builds."""
        return branches.branch(self, b, cond, build, names)

    # Regions

    def region(self, b: TypedBuilder, region: Region, env: Env, frame: Frame) -> list[Value]:
        for op in region.ops:
            b.at(op.loc)
            self.refresh(b, op.operands, env, op.loc)
            MEANINGS[op.name](self, b, op, env, frame)
        self.refresh(b, region.results, env, b.loc)
        return [env[v] for v in region.results]

    def refresh(self, b: TypedBuilder, values: Iterable[Value], env: Env, loc: Any) -> None:
        """What was read from memory that has been written to since is read again."""
        for value in values:
            if value in env:
                env[value] = self.memory.current(b, env[value], loc)

    # What goes over something once

    def iterator(self, value: Value) -> Value:
        """Note that `value` can be gone over once only."""
        self.fresh[value] = self.depth
        return value

    def iterable(self, b: TypedBuilder, value: Value, loc: Any) -> Value:
        """What an object gives that is gone over; anything else as it is."""
        method = type_questions.special(value.kind, "__iter__")
        return value if method is None else self.call_function(b, method, (value,), {}, loc)

    def spend(self, value: Value, loc: Any) -> None:
        """Going over an iterator again, or in a loop that it was made outside of, finds it exhausted: refused."""
        if value not in self.single and value not in self.iterators:
            return
        if self.fresh.pop(value, -1) < self.depth:
            raise errors.UnsupportedCall(
                "this iterator may be gone over more than once", loc, "the second time it is empty",
                "make it a list: `list(...)`",
            )  # fmt: skip

    def elements(self, b: TypedBuilder, value: Value, loc: Any, goes_over: bool = True) -> Value:
        """An iterator as the list of what it gives, as an object too that is gone over; anything else as it is."""
        value = self.iterable(b, value, loc) if goes_over else value
        if value in self.iterators:
            return iteration.collect(self, b, value, loc)
        if value in self.single:
            self.spend(value, loc)
            return self.single[value]
        return value

    # Values

    def named(self, b: TypedBuilder, value: Value, name: str) -> Value:
        """Give the user's name to a fresh temporary."""
        fresh = b.restate(value, name) if name and not value.name else value
        if self.recording is not None and name and not value.name and value in self.recording.given:
            self.recording.reusable = False  # whether an operand gets the name depends on where it was made
        self.memory.meet(value, name, b.loc)
        if fresh is not value:
            self.memory.move(value, fresh)
        tables = (
            self.captures, self.gradients, self.methods, self.iterators, self.partials, self.choices, self.supers,
            self.tuples, self.checkpointed,
        )  # fmt: skip
        for table in tables:
            if value in table:
                table[fresh] = table[value]
        return fresh

    def closure(self, b: TypedBuilder, template: Any, captured: tuple[Value, ...], frame: Frame, name: str) -> Value:
        """A nested function that captures these values."""
        kind = Closure(template, tuple(v.kind for v in captured))
        value = b.op("closure", captured, [Value(name, kind)], template=template).result
        self.captures[value] = (captured, frame)
        return value
