"""A builder that knows kinds: it infers each result's kind, folds what is static, and looks through containers.

Inference, rules and adjoints all build with it, so whatever they write is resolved in the same way.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, is_none, is_number, join, kind_of, list_kind, ndim_of, result_kind
from backprose.analysis.stated_kinds import stated_kind
from backprose.ir.build import Builder
from backprose.ir.kinds import (
    ANY, MANY, ONE, UNBOUND, UNKNOWN, Array, Dict, Dim, FixedList, Kind, List, Maybe, Number,
    Object, Range, Record, Scalar, Slice,
    Static, Tuple, Unbound, Unknown,
)  # fmt: skip
from backprose.ir.nodes import Loc, Op, Region, Value
from backprose.rules.registry import has_effect, is_compile_time

LITERALS = (bool, int, float, complex, str, bytes, type(None), type(Ellipsis))

# Evaluated while compiling when every operand is static.
FOLDABLE = frozenset(
    {getattr(operator, name) for name in (
        "add sub mul truediv floordiv mod pow neg pos invert and_ or_ xor lshift rshift "
        "lt le gt ge eq ne is_ is_not not_ contains getitem").split()}
    | {len, abs, min, max, int, float, bool, str, repr, format, str.join, round, divmod}
)  # fmt: skip


class TypedBuilder(Builder):
    """Builds ops with kinds. `parts` maps a container's value to the values it was made of."""

    def __init__(self, loc: Loc | None = None, parts: dict[Value, tuple[Value, ...]] | None = None):
        super().__init__(loc)
        self.parts = {} if parts is None else parts
        self.lengths: dict[Value, Value] = {}  # what each `len(x)` is the length of
        self.reversals: dict[Value, Value] = {}  # what each `reversed(x)` goes over
        self.contexts: dict[Value, Op] = {}  # the calls that made objects for `with`
        self.pinned = False
        self.observer: Callable[[TypedBuilder, Op], None] | None = None  # is told of every op that is built

    def add(self, op: Op) -> Op:
        super().add(op)
        if self.observer is not None:
            self.observer(self, op)
        return op

    def nested(self) -> TypedBuilder:
        """A builder for a region inside the current one: it sees the same containers."""
        inner = TypedBuilder(self.loc, self.parts)
        inner.lengths, inner.reversals, inner.pinned = self.lengths, self.reversals, self.pinned
        inner.observer = self.observer
        inner.contexts = self.contexts
        return inner

    def learn(self, region: Region) -> None:
        """Take note of the containers, ranges and lengths that the ops of existing IR make."""
        for op in region.ops:
            if op.name in ("tuple", "list", "record"):
                self.parts[op.result] = op.operands
            elif op.name == "dict" and isinstance(op.result.kind, Dict):
                self.parts[op.result] = op.operands[1::2]
            elif op.fn is range:
                self.parts[op.result] = op.operands
            elif op.fn is len:
                self.lengths[op.result] = op.operands[0]
            elif op.fn is reversed:
                self.reversals[op.result] = op.operands[0]
            elif op.fn is np.errstate:
                self.contexts[op.result] = op
            for inner in op.regions:
                self.learn(inner)

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
        self.ops[-1] = replace(op, results=tuple(fresh if v is value else v for v in op.results))
        if value in self.parts:
            self.parts[fresh] = self.parts[value]
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
        structural = STRUCTURAL.get(fn) if _is_hashable(fn) else None
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

    def kind_of_call(self, fn: Any, args: tuple[Value, ...], keywords: Mapping[str, Value]) -> Kind:
        if any(v.kind == UNBOUND for v in (*args, *keywords.values())):
            return UNBOUND  # reading it raises, so nothing comes of the call
        kinds = tuple(v.kind for v in args)
        if has_effect(fn):
            fn = _without_effect(fn)
            if fn is None:
                return Static(None)
            kinds = tuple(Static(None) if isinstance(k, Object) else k for k in kinds)  # the stand-in has its generator
        return stated_kind(fn, kinds, tuple((k, v.kind) for k, v in keywords.items()))

    def _fold(self, fn: Any, args: tuple[Value, ...]) -> Value | None:
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
        return _static_from_kind(value.kind)

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


class NotStatic(Exception):
    """The value isn't known when compiling."""


def _static_from_kind(kind: Kind) -> Any:
    if isinstance(kind, Static):
        return kind.value
    if isinstance(kind, Tuple):
        return tuple(_static_from_kind(k) for k in kind.items)
    raise NotStatic


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


def _is_hashable(fn: Any) -> bool:
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


# Structural calls: resolved from the kinds of containers. Each returns None where it has nothing to say.


def _getitem(b: TypedBuilder, target: Value, index: Value) -> Value | None:
    kind, at = target.kind, index.kind
    if isinstance(kind, Maybe):
        kind = kind.item
    if isinstance(kind, (Tuple, FixedList, Record)) and not isinstance(at, Static):
        return _getitem_at_runtime(b, target, kind, index)
    if isinstance(kind, (Tuple, FixedList, Record)) and type(at.value) in (int, bool):
        if not -len(kind.items) <= at.value < len(kind.items):
            return None
        if target in b.parts:
            return b.parts[target][at.value]
        return _typed_getitem(b, target, index, kind.items[at.value])
    if isinstance(kind, Dict) and isinstance(at, Static) and at.value in kind.keys:
        position = kind.keys.index(at.value)
        if target in b.parts:
            return b.parts[target][position]
        return _typed_getitem(b, target, index, kind.items[position])
    if isinstance(kind, List):
        return _getitem_of_list(b, target, kind, index)
    if isinstance(kind, Range) and is_number(at):
        return _typed_getitem(b, target, index, Scalar("int"))
    if isinstance(kind, Range):
        return _typed_getitem(b, target, index, Range())
    return None


def _getitem_at_runtime(b: TypedBuilder, target: Value, kind: Kind, index: Value) -> Value | None:
    if not is_number(index.kind):
        return _slice_of_known(b, target, kind, index)
    item: Kind = UNBOUND
    for k in kind.items:
        item = join(item, k)
    return None if isinstance(item, Unknown) else _typed_getitem(b, target, index, item)


def _slice_of_known(b: TypedBuilder, target: Value, kind: Kind, index: Value) -> Value | None:
    """`items[a:b]` of a container of known length with static bounds."""
    try:
        bounds = slice(*(_static_from_kind(k) for k in (index.kind.start, index.kind.stop, index.kind.step)))
    except (NotStatic, AttributeError):
        return None
    items = b.items_of(target)[bounds]
    return b.list(items) if isinstance(kind, FixedList) else b.tuple(items)


def _getitem_of_list(b: TypedBuilder, target: Value, kind: List, index: Value) -> Value | None:
    if is_number(index.kind):
        items = b.parts.get(target)
        if items is not None and isinstance(index.kind, Static) and -len(items) <= index.kind.value < len(items):
            return items[index.kind.value]
        return _typed_getitem(b, target, index, kind.item)
    if target in b.parts:
        return _slice_of_known(b, target, FixedList(()), index) or _typed_getitem(b, target, index, kind)
    return _typed_getitem(b, target, index, kind)


def _typed_getitem(b: TypedBuilder, target: Value, index: Value, kind: Kind) -> Value:
    if isinstance(kind, Static) and isinstance(kind.value, LITERALS):
        return b.const(kind.value)
    results = [Value("", kind)]
    return b.op("call", (target, index), results, fn=operator.getitem, keywords=(), method=None).result


def _len(b: TypedBuilder, target: Value) -> Value | None:
    kind = target.kind
    if isinstance(kind, (Tuple, FixedList, Dict)) or (isinstance(kind, Record) and issubclass(kind.cls, tuple)):
        return b.const(len(kind.items))
    if isinstance(kind, List) and target in b.parts:
        return b.const(len(b.parts[target]))
    return None


def _add(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    """Concatenation of sequences; numbers are left to the operator."""
    if isinstance(left.kind, (List, FixedList)) and isinstance(right.kind, (List, FixedList)):
        if left in b.parts and right in b.parts:
            return b.list(b.parts[left] + b.parts[right])
        kind = join(left.kind, right.kind)
        item = kind if isinstance(kind, List) else List(join(kind, UNBOUND))
        return b.op("call", (left, right), [Value("", item)], fn=operator.concat, keywords=(), method=None).result
    if all(isinstance(v.kind, Tuple) or (isinstance(v.kind, Record) and issubclass(v.kind.cls, tuple)) for v in (left, right)):
        return b.tuple(b.items_of(left) + b.items_of(right))
    return None


def _mul(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    """Repetition of a sequence of known elements."""
    if isinstance(right.kind, (List, FixedList, Tuple, Record)):
        left, right = right, left
    if isinstance(left.kind, Record):
        left = b.tuple(b.items_of(left)) if issubclass(left.kind.cls, tuple) else left
    if not isinstance(left.kind, (List, FixedList, Tuple)):
        return None
    items = b.items_of(left)
    if items is not None and isinstance(right.kind, Static) and type(right.kind.value) is int:
        repeated = items * right.kind.value
        return b.tuple(repeated) if isinstance(left.kind, Tuple) else b.list(repeated)
    is_count = (dtype_of(right.kind) or "").startswith(("int", "uint", "bool")) and ndim_of(right.kind) == 0
    return _repeated(b, left, right) if is_count and not isinstance(left.kind, Tuple) else None


def _repeated(b: TypedBuilder, items: Value, count: Value) -> Value | None:
    """`items * count`, the count known at run time: the list collected so many times, joined."""
    kind = join(List(UNBOUND), items.kind) if isinstance(items.kind, FixedList) else items.kind
    if not isinstance(kind, List) or isinstance(kind.item, (Unknown, Unbound)):
        return None
    steps = b.op("call", (count,), [Value("", Range())], fn=range, keywords=(), method=None).result
    b.parts[steps] = (count,)
    body = Region((Value("", Scalar("int")),), (), (items,))
    lists = Value("", List(kind))
    b.op("for", (steps,), [lists], [body], iterables=1, collected=1, stops=False)
    return b.op("call", (lists,), [Value("", kind)], fn=backprose_runtime.flatten, keywords=(), method=None).result


def _or(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    """`d | e` of dicts: the keys of both in order, the values of the latter."""
    if not (isinstance(left.kind, Dict) and isinstance(right.kind, Dict)):
        return None
    pairs = {k: (b.const(k), v) for d in (left, right) for k, v in zip(d.kind.keys, b.items_of(d))}
    return b.dict(pairs.values())


def _broadcast_to(b: TypedBuilder, x: Value, shape: Value) -> Value | None:
    """A scalar broadcast to no axes is the scalar."""
    no_axes = isinstance(shape.kind, Tuple) and not shape.kind.items
    return x if no_axes and isinstance(x.kind, (Scalar, Dim, Static)) else None


def _is(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    """`x is None` is known unless x may be either."""
    if is_none(left.kind):
        left, right = right, left
    if is_none(right.kind) and not isinstance(left.kind, (Maybe, Unknown, Object)) and left.kind != UNBOUND:
        return b.const(is_none(left.kind))
    return None


def _is_not(b: TypedBuilder, left: Value, right: Value) -> Value | None:
    same = _is(b, left, right)
    return None if same is None else b.const(not same.kind.value)


def _contains(b: TypedBuilder, container: Value, item: Value) -> Value | None:
    if isinstance(container.kind, Dict) and isinstance(item.kind, Static):
        return b.const(item.kind.value in container.kind.keys)
    return None


def _not(b: TypedBuilder, value: Value) -> Value | None:
    known = truth(value.kind)
    return None if known is None else b.const(not known)


FUNCTIONS = (FunctionType, BuiltinFunctionType, type, np.ufunc)


def truth(kind: Kind) -> bool | None:
    """Whether values of the kind are true; None if that is known at run time only."""
    if isinstance(kind, Static):
        return bool(kind.value) if isinstance(kind.value, LITERALS) else True if isinstance(kind.value, FUNCTIONS) else None
    if isinstance(kind, (Tuple, FixedList, Dict)):
        return bool(kind.items)
    return None


def _shape(b: TypedBuilder, x: Value) -> Value | None:
    """The shape as an attribute; axes of length 1 are known."""
    kind = x.kind
    if isinstance(kind, Array):
        of = {ONE: lambda i: Static(1), MANY: lambda i: Dim(kind.length(i)), ANY: lambda i: Scalar("int")}
        dims = tuple(of[axis](i) for i, axis in enumerate(kind.axes))
        if all(isinstance(d, Static) for d in dims):
            return b.tuple([b.const(1) for _ in dims])
        return b.getattr(x, "shape", Tuple(dims))
    if ndim_of(kind) == 0:
        return b.tuple(())
    if isinstance(kind, (FixedList, Tuple)) and all(ndim_of(k) == 0 for k in kind.items):
        return b.tuple([b.const(len(kind.items))])
    return b.op("call", (x,), [Value("", Object(tuple))], fn=np.shape, keywords=(), method=None).result


def _ndim(b: TypedBuilder, x: Value) -> Value | None:
    n = ndim_of(x.kind)
    return None if n is None else b.const(n)


def _size(b: TypedBuilder, x: Value) -> Value | None:
    if isinstance(x.kind, Array) and x.kind.axes and ANY not in x.kind.axes:
        ones = all(axis == ONE for axis in x.kind.axes)
        return b.const(1) if ones else b.getattr(x, "size", Dim())
    if isinstance(x.kind, Array):
        return b.getattr(x, "size", Scalar("int")) if x.kind.axes else b.const(1)
    return b.const(1) if ndim_of(x.kind) == 0 else None


def _unpack(b: TypedBuilder, value: Value, before: Value, after: Value | None = None) -> Value | None:
    """`a, b = value` and `a, *b, c = value`: of a container of known length now, of others at run time."""
    first = before.kind.value
    kind = value.kind
    if isinstance(kind, Dict):
        value = b.list([b.const(key) for key in kind.keys])
    elif isinstance(kind, Record) and not issubclass(kind.cls, tuple):
        return None
    if isinstance(kind, Tuple) and value not in b.parts and after is None and len(kind.items) == first:
        return value  # what is taken of it gets the user's names
    if isinstance(kind, (Tuple, FixedList, Record)) or value in b.parts:
        items = b.items_of(value)
        last = len(items) - (after.kind.value if after else 0)
        if after is None:
            return b.tuple(items) if len(items) == first else None
        return b.tuple((*items[:first], b.list(items[first:last]), *items[last:])) if last >= first else None
    if isinstance(kind, List):
        item = kind.item
    elif isinstance(kind, Array) and kind.axes:
        item = result_kind(operator.getitem, (kind, Static(0)))
    elif isinstance(kind, Range):
        item = Scalar("int")
    else:
        return None
    if after is None:
        items = (item,) * first
        operands = (value, before)
    else:
        items = (*(item,) * first, List(item), *(item,) * after.kind.value)
        operands = (value, before, after)
    results = [Value("", Tuple(items))]
    return b.op("call", operands, results, fn=backprose_runtime.unpack, keywords=(), method=None).result


def _slice(b: TypedBuilder, *bounds: Value) -> Value:
    """`slice(stop)`, `slice(start, stop)` or `slice(start, stop, step)`, with the kinds of its parts."""
    none = Static(None)
    kinds = {1: (none, *(v.kind for v in bounds), none), 2: (*(v.kind for v in bounds), none)}
    kind = Slice(*kinds.get(len(bounds), tuple(v.kind for v in bounds)))
    return b.op("call", bounds, [Value("", kind)], fn=slice, keywords=(), method=None).result


STRUCTURAL: dict[Any, Callable[..., Value | None]] = {
    operator.getitem: _getitem,
    operator.add: _add,
    operator.mul: _mul,
    operator.is_: _is,
    operator.is_not: _is_not,
    operator.contains: _contains,
    operator.not_: _not,
    operator.or_: _or,
    np.broadcast_to: _broadcast_to,
    len: _len,
    slice: _slice,
    np.shape: _shape,
    np.ndim: _ndim,
    np.size: _size,
    backprose_runtime.unpack: _unpack,
}
