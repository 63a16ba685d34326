"""A builder that knows kinds: it infers each result's kind, folds what is static, and looks through containers.

Inference, rules and adjoints all build with it, so whatever they write is resolved in the same way.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import numpy as np

from backprose import errors
from backprose.analysis.devices import Mixed
from backprose.analysis.kinds import kind_of, list_kind
from backprose.analysis.magnitudes import Magnitudes
from backprose.analysis.stated_kinds import stated_kind
from backprose.analysis.versions import Versions
from backprose.ir.build import Builder
from backprose.ir.kinds import (
    BACKWARDS, UNBOUND, UNKNOWN, Array, Dict, Dim, FixedList, Kind, List, Object, Range, Record, Scalar, Static, Tuple,
)  # fmt: skip
from backprose.ir.nodes import Loc, Op, Region, Value
from backprose.rules.registry import has_effect, is_compile_time, is_context
from backprose.transform.structural import LITERALS, STRUCTURAL, NotStatic, static_from_kind, truth

__all__ = ["LITERALS", "NotStatic", "TypedBuilder", "is_hashable", "truth", "typed_call"]

# Evaluated while compiling when every operand is static.
FOLDABLE = frozenset(
    {getattr(operator, name) for name in (
        "add sub mul truediv floordiv mod pow neg pos invert and_ or_ xor lshift rshift "
        "lt le gt ge eq ne is_ is_not not_ contains getitem").split()}
    | {len, abs, min, max, int, float, bool, str, repr, format, str.join, round, divmod}
)  # fmt: skip
ARITHMETIC = frozenset(
    {operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.neg, operator.matmul}
)
NUMBERS = frozenset({Array, Scalar, Dim, Static})


class TypedBuilder(Builder):
    """Builds ops with kinds. `parts` maps a container's value to the values it was made of."""

    def __init__(self, loc: Loc | None = None, parts: dict[Value, tuple[Value, ...]] | None = None):
        super().__init__(loc)
        self.parts = {} if parts is None else parts
        self.lengths: dict[Value, Value] = {}  # what each `len(x)` is the length of
        self.reversals: dict[Value, Value] = {}  # what each `reversed(x)` goes over
        self.counts: dict[Value, Value] = {}  # of what each list has as many elements
        self.bounds: dict[Value, tuple[Value, ...]] = {}  # what each `slice(...)` was made of
        self.contexts: dict[Value, Op] = {}  # the calls that made objects for `with`
        self.pinned = False
        self.versions: Versions | None = None  # of the function that is being differentiated
        self.magnitudes: Magnitudes | None = None  # and what is evident of its values
        self.observer: Callable[[TypedBuilder, Op], None] | None = None  # is told of every op that is built

    def add(self, op: Op) -> Op:
        self.ops.append(op)
        if self.observer is not None:
            self.observer(self, op)
        return op

    def nested(self) -> TypedBuilder:
        """A builder for a region inside the current one: it sees the same containers."""
        inner = TypedBuilder(self.loc, self.parts)
        inner.lengths, inner.reversals, inner.pinned = self.lengths, self.reversals, self.pinned
        inner.observer, inner.bounds, inner.counts = self.observer, self.bounds, self.counts
        inner.contexts, inner.versions, inner.magnitudes = self.contexts, self.versions, self.magnitudes
        return inner

    def learn(self, region: Region) -> None:
        """Take note of the containers, ranges and lengths that the ops of existing IR make."""
        self.learn_ops(region.ops)

    def learn_ops(self, ops: Iterable[Op]) -> None:
        for op in ops:
            if op.name in ("tuple", "list", "record"):
                self.parts[op.result] = op.operands
            elif op.name == "dict" and isinstance(op.result.kind, Dict):
                self.parts[op.result] = op.operands[1::2]
            elif op.name == "call":
                self.learn_call(op, op.fn)
            elif op.name in ("for", "while"):
                self.counts.update((v, self.counted(op)) for v in op.collected_results)
            for inner in op.regions:
                self.learn(inner)

    def learn_call(self, op: Op, fn: Any) -> None:
        if fn is range:
            self.parts[op.result] = op.operands
        elif fn is len:
            self.lengths[op.result] = op.operands[0]
        elif fn is slice:
            self.bounds[op.result] = op.operands
        elif fn is reversed:
            self.reversals[op.result] = op.operands[0]
        elif fn is operator.getitem:
            if op.operands[1].kind == BACKWARDS:
                self.counts[op.result] = op.operands[0]
        elif type(op.result.kind) not in NUMBERS and is_context(fn):
            self.contexts[op.result] = op

    def counted(self, op: Op) -> Value:
        """What has an element for each iteration of the loop, which collects something."""
        if op.name == "for" and not op.attrs["stops"]:
            counts = set(map(self.count, op.iterables))
            if len(counts) == 1:
                return counts.pop()
        return op.collected_results[0]

    def count(self, iterable: Value) -> Value:
        """The same value for all iterables that surely have as many elements as this one."""
        bounds = self.parts.get(iterable, ()) if isinstance(iterable.kind, Range) else ()
        if len(bounds) == 1:
            return self.count(self.lengths[bounds[0]]) if bounds[0] in self.lengths else bounds[0]
        source = self.reversals.get(iterable, self.counts.get(iterable, iterable))
        return iterable if source is iterable else self.count(source)

    def context(self, value: Value) -> Value:
        """Another object like this one, made in the same way: a context is entered only once."""
        made = self.contexts.get(value)
        if made is None:
            return value
        return self.op("call", made.operands, [Value("", value.kind)], **made.attrs).result

    def at(self, loc: Loc | None) -> None:
        """Move to a source position, unless the position is pinned to that of the op being differentiated."""
        if loc is not None and not self.pinned:
            self.loc = loc

    def restate(self, value: Value, name: str = "", kind: Kind | None = None) -> Value:
        """Give a fresh temporary, the result of the last op, a name or a kind that is known better; else leave it."""
        if not self.ops or value not in self.ops[-1].results or (value.name and kind is None):
            return value
        fresh = Value(value.name or name, kind or value.kind)
        op = self.ops[-1]
        self.ops[-1] = op.giving(tuple([fresh if v is value else v for v in op.results]))
        for table in (self.parts, self.bounds):
            if value in table:
                table[fresh] = table[value]
        return fresh

    # Leaves and containers

    def data(self, value: Any, name: str = "") -> Value:
        """A constant for any Python object: literals are static, numbers and arrays keep only their kind."""
        if type(value) is tuple:
            return self.tuple([self.data(v) for v in value], name=name)
        kind = Static(value) if isinstance(value, LITERALS) else kind_of(value)
        return self.op("const", (), [Value(name, kind)], value=value).result

    def tuple(self, items: Iterable[Value], kind: Kind | None = None, name: str = "") -> Value:
        items = tuple(items)
        return self._container("tuple", items, kind or Tuple(tuple(v.kind for v in items)), name, items)

    def list(self, items: Iterable[Value], kind: Kind | None = None, name: str = "") -> Value:
        items = tuple(items)
        return self._container("list", items, kind or list_kind([v.kind for v in items]), name, items)

    def dict(self, pairs: Iterable[tuple[Value, Value]], kind: Kind | None = None, name: str = "") -> Value:
        pairs = tuple(pairs)
        keys = tuple(k.kind.value if isinstance(k.kind, Static) else None for k, _ in pairs)
        if not kind and (any(not isinstance(k.kind, Static) for k, _ in pairs) or len(set(keys)) != len(keys)):
            return self._container("dict", [v for pair in pairs for v in pair], UNKNOWN, name, None)
        items = tuple(v for _, v in pairs)
        kind = kind or Dict(keys, tuple(v.kind for v in items))
        return self._container("dict", [v for pair in pairs for v in pair], kind, name, items)

    def record(self, cls: type, fields: tuple[str, ...], items: Iterable[Value], name: str = "") -> Value:
        items = tuple(items)
        kind = Record(cls, fields, tuple(v.kind for v in items))
        value = self.op("record", items, [Value(name, kind)], cls=cls).result
        self.parts[value] = items
        return value

    def _container(self, op: str, operands: Iterable[Value], kind: Kind, name: str, parts: Any) -> Value:
        value = self.op(op, operands, [Value(name, kind)]).result
        if parts is not None:
            self.parts[value] = tuple(parts)
        return value

    # Calls

    def call(
        self, fn: Any, *args: Value, kind: Kind | None = None, name: str = "", method: str | None = None,
        **keywords: Value,
    ) -> Value:  # fmt: skip
        """`fn(*args, **keywords)` with its kind, or the value it folds to."""
        return self.call_named(fn, args, keywords, kind, name, method)

    def call_named(
        self, fn: Any, args: Iterable[Value], keywords: Mapping[str, Value], kind: Kind | None = None, name: str = "",
        method: str | None = None,
    ) -> Value:  # fmt: skip
        args = tuple(args)
        structural = STRUCTURAL.get(fn) if is_hashable(fn) else None
        if structural and not keywords:
            value = structural(self, *args)
            if value is not None:
                return value
        if not keywords and (fn in FOLDABLE or is_compile_time(fn)):
            folded = self._fold(fn, args)
            if folded is not None:
                return folded
        kind = kind or self.kind_of_call(fn, args, keywords)
        if isinstance(kind, Static) and isinstance(kind.value, LITERALS) and not has_effect(fn):
            return self.const(kind.value, name)
        operands = (*args, *keywords.values())
        results = [Value(name, kind)]
        if fn is len:
            self.lengths[results[0]] = args[0]
        elif fn is reversed:
            self.reversals[results[0]] = args[0]
        return self.op("call", operands, results, fn=fn, keywords=tuple(keywords), method=method).result

    def stays(self, op: Op) -> bool:
        """Whether `call_named` certainly gives the call as it is."""
        fn = op.fn
        if isinstance(op.result.kind, Static) or not is_hashable(fn):
            return False
        if fn in ARITHMETIC:  # of an array and numbers it is neither resolved nor folded
            kinds = [type(v.kind) for v in op.operands]
            return Array in kinds and NUMBERS.issuperset(kinds)
        return bool(op.attrs["keywords"]) or not (fn in STRUCTURAL or fn in FOLDABLE or is_compile_time(fn))

    def kind_of_call(self, fn: Any, args: tuple[Value, ...], keywords: Mapping[str, Value]) -> Kind:
        if any(v.kind == UNBOUND for v in (*args, *keywords.values())):
            return UNBOUND  # reading it raises, so nothing comes of the call
        kinds = tuple(v.kind for v in args)
        if has_effect(fn):
            fn = _without_effect(fn)
            if fn is None:
                return Static(None)
            kinds = tuple(Static(None) if isinstance(k, Object) else k for k in kinds)  # the stand-in has its generator
        try:
            return stated_kind(fn, kinds, tuple((k, v.kind) for k, v in keywords.items()))
        except Mixed as reason:
            raise errors.UnsupportedCall(
                f"`{getattr(fn, '__name__', fn)}` of arrays that are not in one place", self.loc, reason.what,
                "make all of them CuPy's, or all NumPy's",
            ) from reason  # fmt: skip

    def _fold(self, fn: Any, args: tuple[Value, ...]) -> Value | None:
        if any(isinstance(v.kind, Array) for v in args):
            return None
        try:
            values = [self.static_value(v) for v in args]
            if fn not in IDENTITY and not is_compile_time(fn) and not all(map(_is_settled, values)):
                return None
            folded = fn(*values)
        except NotStatic:
            return None
        except Exception:  # noqa: BLE001 - what raises now is left to raise at run time, as the user's code does
            if is_compile_time(fn):
                raise
            return None
        return self.data(folded) if _is_literal(folded) else None

    def static_value(self, value: Value) -> Any:
        """The Python object that a value is known to be; raises NotStatic."""
        if isinstance(value.kind, Static):
            return value.kind.value
        items = self.parts.get(value)
        if items is not None and isinstance(value.kind, (Tuple, FixedList, List)):
            inner = [self.static_value(v) for v in items]
            return tuple(inner) if isinstance(value.kind, Tuple) else inner
        return static_from_kind(value.kind)

    def is_static(self, value: Value) -> bool:
        try:
            self.static_value(value)
        except NotStatic:
            return False
        return True

    # Containers

    def items_of(self, value: Value) -> tuple[Value, ...] | None:
        """The elements of a tuple, list, dict or record of known length, taking them apart where necessary."""
        kind = value.kind
        if value in self.parts and not isinstance(kind, Range):
            return self.parts[value]
        if isinstance(kind, (Tuple, FixedList)):
            return tuple(self.call(operator.getitem, value, self.const(i)) for i in range(len(kind.items)))
        if isinstance(kind, Dict):
            return tuple(self.call(operator.getitem, value, self.const(key)) for key in kind.keys)
        if isinstance(kind, Record):
            return tuple(self.getattr(value, f, k) for f, k in zip(kind.fields, kind.items))
        return None


def _is_literal(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(map(_is_literal, value))
    return isinstance(value, LITERALS) and not isinstance(value, np.generic)


IDENTITY = frozenset({operator.is_, operator.is_not})


def _is_settled(value: Any) -> bool:
    """Whether what an operator gives for the value is the same whenever it runs: other objects may change."""
    if isinstance(value, (tuple, list)):
        return all(map(_is_settled, value))
    return isinstance(value, (*LITERALS, type, np.dtype, np.ufunc, slice, FunctionType, BuiltinFunctionType, ModuleType))


def typed_call(
    b: TypedBuilder, fn: Any, args: tuple[Value, ...], kind: Kind, keywords: Mapping[str, Value] | None = None
) -> Value:
    """A call whose result has this kind, whatever examples would show."""
    keywords = keywords or {}
    operands = (*args, *keywords.values())
    results = [Value("", kind)]
    return b.op("call", operands, results, fn=fn, keywords=tuple(keywords), method=None).result


def is_hashable(fn: Any) -> bool:
    try:
        hash(fn)
    except TypeError:
        return False
    return True


def _without_effect(fn: Any) -> Any:
    """A stand-in that may be run as an example: the same draw from a private generator; None for what returns None."""
    if fn in (np.random.default_rng, np.random.RandomState):
        return fn
    name = getattr(fn, "__name__", "")
    for owner in (np.random.Generator, np.random.RandomState):
        if getattr(owner, name, None) is fn:
            return _private_draw(owner, name, skip_self=True)
    if getattr(np.random, name, None) is fn:
        return _private_draw(np.random.RandomState, name, skip_self=False)
    return None


def _private_draw(owner: type, name: str, skip_self: bool) -> Callable:
    """The method of a generator of its own; only an example, so it draws the same numbers every time."""
    make = np.random.default_rng if owner is np.random.Generator else owner
    return lambda *args, **keywords: getattr(make(0), name)(*args[skip_self:], **keywords)
