"""Ownership: which values certainly hold memory of their own, and which may share it.

Each value has masks over *origins*, the ops that allocate. `own` is the object itself, `reach` also everything it may
hold or be a part of; of a container, `held` is what it holds without itself, which is what its elements may be. The two
lowest bits stand for memory that came from outside the function, and for a part of something (a view, an element):
neither may be written to. Unknown functions may return either.

An op in a loop allocates anew in each iteration. So an origin has a bit for what this iteration allocated, and for each
loop around it one for what an earlier iteration of that loop did; values age as they are carried from one iteration to
the next.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import backprose_runtime
import numpy as np

from backprose.ir.kinds import (
    Array,
    Dim,
    FixedList,
    Kind,
    List,
    Range,
    Scalar,
    Slice,
    Static,
    Tuple,
)
from backprose.ir.nodes import Function, Op, Region, Value

FOREIGN, PART = 1, 2
OUTSIDE = FOREIGN | PART  # what may not be written to
NOBODY: Set[Value] = frozenset()
LISTS = (List, FixedList)

ARITHMETIC = frozenset(
    getattr(operator, name)
    for name in ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "neg", "invert", "concat", "and_", "or_", "xor", "lt", "le", "gt", "ge", "eq", "ne"]
)

IN_PLACE = frozenset({operator.add, operator.sub, operator.mul})
STORES = frozenset({backprose_runtime.set_at, backprose_runtime.put_at})
PLACES = STORES | {backprose_runtime.add_at}
LIST_UPDATES = frozenset(
    {backprose_runtime.appended, backprose_runtime.extended, backprose_runtime.inserted, backprose_runtime.with_item,
     backprose_runtime.with_items, backprose_runtime.without, backprose_runtime.without_items,
     backprose_runtime.without_last}
)  # fmt: skip

ALLOCATING = frozenset(
    getattr(np, name)
    for name in ["zeros", "ones", "empty", "full", "zeros_like", "ones_like", "empty_like", "full_like", "array", "copy", "dot", "inner", "outer", "vdot", "tensordot", "kron", "concatenate", "stack", "vstack", "hstack", "where", "sum", "prod", "mean", "std", "var", "cumsum", "cumprod", "arange", "linspace", "eye", "identity", "tril", "triu", "tile", "repeat", "take", "roll", "pad", "sort", "argsort", "max", "min", "amax", "amin", "any", "all", "clip", "round"]
) | {abs, np.ndarray.copy, np.ndarray.flatten, backprose_runtime.set_at, backprose_runtime.put_at, backprose_runtime.last_at, backprose_runtime.cholesky_bar, np.linalg.solve, np.linalg.inv, backprose_runtime.zeros_like, backprose_runtime.divide_nonzero, backprose_runtime.multiply_nonzero} | {getattr(np.fft, name) for name in np.fft.__all__}
REMOVING = frozenset({backprose_runtime.without, backprose_runtime.without_items, backprose_runtime.without_last})


def bits(mask: int) -> Iterator[int]:
    """The places of the bits that are set."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


@dataclass(slots=True)
class Group:
    """Origins, and the values that reach them."""

    origins: int
    values: set[Value]


@dataclass(frozen=True)
class Ownership:
    own: Mapping[Value, int] = field(default_factory=dict)
    reach: Mapping[Value, int] = field(default_factory=dict)
    held: Mapping[Value, int] = field(default_factory=dict)
    mixed: Collection[Value] = frozenset()  # containers whose elements may be each other, or not whole, or not ours
    earlier: Mapping[Value, int] = field(default_factory=dict)  # what a list that a loop collects reaches of earlier iterations

    def is_fresh(self, value: Value) -> bool:
        """Whether the value's memory was allocated in this function and the value is the whole of it."""
        own = self.own.get(value, FOREIGN)
        return own != 0 and not own & OUTSIDE

    def may_share(self, value: Value, other: Value, inside: bool = False) -> bool:
        """Whether the other may be or hold the value; or, `inside`, something that the value holds."""
        return bool(self.origins(value, inside) & self.reach.get(other, FOREIGN))

    def origins(self, value: Value, inside: bool = False) -> int:
        """Where the value may come from; or, `inside`, also what it holds."""
        return self.own.get(value, FOREIGN) | (self.held.get(value, FOREIGN) & ~PART if inside else 0)

    def is_separate(self, value: Value) -> bool:
        """Whether each element of the container is memory of its own, all of which was allocated in this function."""
        return self.is_fresh(value) and value not in self.mixed

    @cached_property
    def groups(self) -> dict[int, Group]:
        """By the place of an origin's bit, the group of the values that reach it, or an origin that one of them reaches, in
        however many steps: only these may share memory.

        Origins outside of the function aside. Most values have memory of their own, so the groups are small.
        """
        groups: dict[int, Group] = {}
        for value, reach in self.reach.items():
            rest = reach - (reach & OUTSIDE)
            if rest.bit_count() == 1 and (place := rest.bit_length()) not in groups:
                groups[place] = Group(rest, {value})
                continue
            joined, met = Group(0, {value}), []
            while rest:
                place = (rest & -rest).bit_length()
                found = groups.get(place)
                if found is not None:
                    met.append(found)
                joined.origins |= 1 << place - 1 if found is None else found.origins
                rest &= ~joined.origins
            largest = max(met, key=lambda group: len(group.values), default=Group(0, set()))
            for group in met:
                if group is not largest:
                    joined.values |= group.values
            new = joined.origins & ~largest.origins
            largest.origins |= joined.origins
            largest.values |= joined.values
            groups.update((place + 1, largest) for place in bits(new))
        return groups

    def near(self, value: Value, inside: bool = False) -> Set[Value] | None:
        """The values that alone may be or hold the value; or, `inside`, something that it holds. None: any may."""
        origins = self.origins(value, inside)
        if origins & OUTSIDE:
            return None
        return self.groups[(origins & -origins).bit_length()].values if origins else NOBODY

    def sharing(self, value: Value, among: set[Value]) -> list[Value]:
        """Those of the others that may be or hold the value."""
        near = self.near(value)
        return [other for other in (among if near is None else among & near) if self.may_share(value, other)]


def holds_memory(kind: Kind) -> bool:
    """Whether a value of the kind may refer to memory that can be written to."""
    if type(kind) is Array:
        return True
    if isinstance(kind, Static):
        return not isinstance(kind.value, (bool, int, float, complex, str, bytes, type(None), type(Ellipsis)))
    if isinstance(kind, Tuple):
        return any(map(holds_memory, kind.items))
    return not isinstance(kind, (Scalar, Dim, Range, Slice))


def buffer_of(op: Op) -> Value:
    """The operand in whose memory an update is carried out: the first, if no other is marked."""
    return op.operands[op.attrs.get("into", 0)]


def is_update(op: Op) -> bool:
    """Whether code generation may carry the op out in the memory of an operand, `buffer_of(op)`."""
    if op.name != "call":
        return False
    fn, method = op.fn, op.attrs["method"]
    if "into" in op.attrs or fn in PLACES or fn in LIST_UPDATES:
        return True
    if fn in IN_PLACE:
        return op.in_reverse or (method is not None and method.startswith("__i"))
    return method is not None and is_rebinding(op)


def is_adjoint(value: Value) -> bool:
    """Whether the value is named as an adjoint, or as the tangent of one."""
    return value.name.endswith(("_bar", "_bar_dot"))


def is_deep(op: Op) -> bool:
    """Whether the op updates an element of a list, or something further inside."""
    return op.fn in PLACES and isinstance(op.operands[0].kind, LISTS) and len(op.operands) > 3


def is_rebinding(op: Op) -> bool:
    """Whether the user wrote `x += v` for a number x."""
    written = op.attrs["method"] or ""
    if not written.startswith("__i") or not isinstance(op.result.kind, Scalar):
        return False
    return isinstance(op.operands[0].kind, Scalar) and op.operands[0].name == op.result.name


def ownership(function: Function, is_update: Callable[[Op], bool] = is_update) -> Ownership:
    """The masks of every value. `is_update(op)`: the op may be carried out in its first operand's memory."""
    walk = Origins(is_update)
    walk.function(function)
    return walk.found()


class Origins:
    """The walk over a function that finds the masks; where a loop starts again or ends, `again` and `after` say what of
    an iteration can be seen."""

    def __init__(self, is_update: Callable[[Op], bool]):
        self.is_update = is_update
        self.own: dict[Value, int] = {}
        self.reaches: dict[Value, int] = {}
        self.held: dict[Value, int] = {}
        self.earlier: dict[Value, int] = {}
        self.mixed: set[Value] = set()
        self.made: dict[Value, Op] = {}
        self.bits: dict[tuple[int, int], int] = {}
        self.free = 4  # the next bit
        self.inside: dict[int, list[tuple[int, int]]] = {}  # by loop: bits of what is younger, and what that ages to
        self.loops: list[Op] = []
        self.changes = 0  # how often a mask has grown

    def function(self, function: Function) -> None:
        """One walk is enough: SSA puts definitions before uses, and each loop settles before what follows it."""
        for param in function.params:
            self.join(param, FOREIGN, FOREIGN)
            self.mix(param)
        self.region(function.region)

    def found(self) -> Ownership:
        return Ownership(self.own, self.reaches, self.held, frozenset(self.mixed), self.earlier)

    def join(self, value: Value, own: int, reach: int, held: int | None = None) -> None:
        """`held` is None where the value may be an element of what it reaches."""
        if not holds_memory(value.kind):
            own = reach = held = 0
        reach |= own
        held = reach if held is None else held
        if value in self.own:
            before = self.masks(value)
            own, reach, held = own | before[0], reach | before[1], held | before[2]
            if before == (own, reach, held):
                return
        self.own[value], self.reaches[value], self.held[value] = own, reach, held
        self.changes += 1

    def flow(self, target: Value, *sources: Value) -> None:
        for source in sources:
            self.join(target, *self.masks(source))
            self.mix(target, source in self.mixed)

    def fresh(self, op: Op, result: int = 0) -> int:
        key = (id(op), result)
        if key not in self.bits:
            self.bits[key] = younger = self.new_bit()
            for loop in reversed(self.loops):
                old = self.new_bit()
                self.inside.setdefault(id(loop), []).append((younger, old))
                younger |= old
        return self.bits[key]

    def young(self, loop: Op) -> int:
        """What an iteration of the loop allocates."""
        mask = 0
        for younger, _ in self.inside.get(id(loop), ()):
            mask |= younger
        return mask

    def new_bit(self) -> int:
        self.free *= 2
        return self.free // 2

    def age(self, loop: Op, mask: int) -> int:
        for younger, old in self.inside.get(id(loop), ()):
            if mask & younger:
                mask = mask & ~younger | old
        return mask

    def again(self, loop: Op, mask: int) -> int:
        """What a mask of this iteration is in the next one."""
        return self.age(loop, mask)

    def after(self, loop: Op, mask: int) -> int:
        """What a mask of the last iteration is after the loop."""
        return mask

    def enter(self, loop: Op, place: int, param: Value) -> None:
        """What a loop carries in one place, at the start of an iteration."""
        init, value = loop.inits[place], loop.yields[place]
        self.flow(param, init)
        self.mix(param, value in self.mixed)
        self.join(param, *(self.again(loop, mask) for mask in self.masks(value)))

    def leave(self, loop: Op, place: int, result: Value) -> None:
        """What a loop has carried in one place, after it."""
        value = loop.yields[place]
        self.flow(result, loop.carried[place])
        self.mix(result, value in self.mixed)
        self.join(result, *(self.after(loop, mask) for mask in self.masks(value)))

    def masks(self, value: Value) -> tuple[int, int, int]:
        return self.own.get(value, 0), self.reaches.get(value, 0), self.held.get(value, 0)

    def reach(self, values: Iterable[Value]) -> int:
        mask = 0
        for value in values:
            mask |= self.reaches.get(value, 0)
        return mask

    def mix(self, container: Value, condition: bool = True) -> None:
        if condition and container not in self.mixed and holds_memory(container.kind) and not isinstance(container.kind, Array):
            self.mixed.add(container)
            self.changes += 1

    def is_new(self, item: Value, others: int) -> bool:
        """Whether what becomes an element is whole, ours, and none of the others."""
        own = self.own.get(item, 0)
        return not own & (FOREIGN | PART | others) and item not in self.mixed

    def elements(self, containers: Iterable[Value]) -> int:
        mask = 0
        for value in containers:
            mask |= self.held.get(value, 0)
        return mask

    def region(self, region: Region) -> None:
        for op in region.ops:
            for value in op.results:
                self.made[value] = op
            if op.name == "call":
                self.on_call(op)
            else:
                getattr(self, "on_" + op.name, self.on_unknown)(op)

    def on_unknown(self, op: Op) -> None:
        inside = self.reach(op.operands)
        for result in op.results:
            self.mix(result)
            self.join(result, FOREIGN | PART, FOREIGN | inside)

    def on_const(self, op: Op) -> None:
        self.join(op.result, FOREIGN, FOREIGN)

    def on_unbound(self, op: Op) -> None:
        self.join(op.result, 0, 0)

    def on_same(self, op: Op) -> None:
        self.flow(op.result, op.operands[0])

    def on_container(self, op: Op) -> None:
        inside = self.reach(op.operands)
        self.join(op.result, self.fresh(op), inside, inside)
        others = 0
        for item in op.operands:
            self.mix(op.result, not self.is_new(item, others))
            others |= self.own.get(item, 0)

    on_tuple = on_list = on_dict = on_record = on_container

    def on_getattr(self, op: Op) -> None:
        inside = self.reach(op.operands)
        self.join(op.result, PART | inside, inside)
        self.mix(op.result)

    def on_call(self, op: Op) -> None:
        fn, operands = op.fn, op.operands
        if self.is_update(op):
            # Done in place where the buffer is owned and a whole; else it is a new object. An operation is only done so
            # where nobody reads the buffer afterwards: where somebody still does, the result is something else.
            buffer = buffer_of(op)
            own = self.own.get(buffer, 0)
            kept = own if (fn in PLACES or fn in LIST_UPDATES) and not own & OUTSIDE else 0
            held = self.held.get(buffer, 0) if not isinstance(buffer.kind, Array) else 0
            if not isinstance(buffer.kind, Array):  # adding to an element makes it anew
                held |= self.reach(operands[1:]) if fn is not backprose_runtime.add_at else self.fresh(op, 1)
            self.join(op.result, self.fresh(op) | kept, held, held)
            source = self.exchanged(op)
            self.mix(op.result, source in self.mixed if source else buffer in self.mixed or not self.keeps_separate(op))
        elif fn in (backprose_runtime.checked_cotangent, backprose_runtime.checked_list):
            self.on_same(op)
        elif fn is backprose_runtime.unbroadcast:
            self.flow(op.result, operands[0])
            self.join(op.result, self.fresh(op), 0)
        elif fn is backprose_runtime.flatten:
            elements = self.elements(operands)
            self.join(op.result, self.fresh(op), elements, elements)
            self.mix(op.result)
        elif fn is backprose_runtime.copy_of:
            inside = self.fresh(op, 1) if not isinstance(op.result.kind, Array) else 0
            self.join(op.result, self.fresh(op), inside, inside)
        elif allocates(op):
            elements = 0
            if isinstance(op.result.kind, List):
                # The elements of a list that an operator made are those of its operands.
                elements = self.elements(operands) if fn in ARITHMETIC else 0
                self.mix(op.result, bool(elements))
                if holds_memory(op.result.kind.item):
                    elements |= self.fresh(op, 1)  # its elements are as new as the list
            self.join(op.result, self.fresh(op), elements, elements)
        elif fn is operator.getitem and isinstance(op.operands[1].kind, Slice) and isinstance(operands[0].kind, LISTS):
            elements = self.elements(operands)
            self.join(op.result, self.fresh(op), elements, elements)  # a new list of the same elements
            self.mix(op.result)
        elif fn is operator.getitem and isinstance(operands[0].kind, LISTS):
            inside = self.elements(operands)
            self.join(op.result, PART | inside, inside)
            self.mix(op.result)
        elif fn is operator.getitem or fn is reversed:
            inside = self.reach(operands)
            self.mix(op.result)
            self.join(op.result, PART | inside, inside)
        else:
            self.on_unknown(op)

    def exchanged(self, op: Op) -> Value | None:
        """The list of which the op completes an exchange: `xs[i], xs[j] = xs[j], xs[i]`."""
        before = self.made.get(op.operands[0])
        if op.fn is not backprose_runtime.with_item or before is None or before.fn is not op.fn:
            return None
        source, i, first = before.operands
        _, j, second = op.operands
        reads = [self.made.get(v) for v in (first, second)]
        if any(read is None or read.fn is not operator.getitem or read.operands[0] is not source for read in reads):
            return None
        return source if _same_index(reads[0].operands[1], j) and _same_index(reads[1].operands[1], i) else None

    def is_moved(self, op: Op) -> bool:
        """Whether what the list is given is what another element has just taken the place of."""
        taken = self.made.get(op.operands[-1])
        if taken is None or taken.fn is not operator.getitem or not isinstance(taken.operands[0].kind, List):
            return False
        before, replaced = self.made.get(op.operands[0]), False
        while before is not None and before.fn is backprose_runtime.with_item and before.operands[2] is not op.operands[-1]:
            replaced = replaced or _same_index(before.operands[1], taken.operands[1])
            if before.operands[0] is taken.operands[0]:
                return replaced and taken.operands[0] not in self.mixed
            before = self.made.get(before.operands[0])
        return False

    def keeps_separate(self, op: Op) -> bool:
        """Whether the update gives the container only what is new to it."""
        if isinstance(op.operands[0].kind, Array):
            return True
        if op.fn in (backprose_runtime.extended, backprose_runtime.with_items):
            return not self.held.get(op.operands[-1], 0)
        if op.fn in LIST_UPDATES and op.fn not in REMOVING:
            return self.is_new(op.operands[-1], self.held.get(op.operands[0], 0)) or self.is_moved(op)
        return op.fn not in STORES or self.is_new(op.operands[1], self.held.get(op.operands[0], 0)) or is_deep(op)

    def on_if(self, op: Op) -> None:
        for region in op.regions:
            self.region(region)
            for result, value in zip(op.results, region.results):
                self.flow(result, value)

    def on_for(self, op: Op) -> None:
        for item, iterable in zip(op.items, op.iterables):
            inside = self.elements([iterable])
            self.join(item, PART | inside, inside)
            self.mix(item)
        self.loop(op)

    def loop(self, op: Op) -> None:
        """Iterations are walked until one would start with nothing new."""
        first = True
        while self.begin(op) or first:
            first = False
            self.loops.append(op)
            for region in op.regions:
                self.region(region)
            self.loops.pop()
        for place, result in enumerate(op.carried_results):
            self.leave(op, place, result)
        for i, (value, result) in enumerate(zip(op.collects, op.collected_results)):
            reach = self.reaches.get(value, 0)
            self.earlier[result] = self.again(op, reach)
            seen = self.after(op, reach) | self.earlier[result]
            self.join(result, self.fresh(op, i), seen, seen)
            self.mix(result, not self.is_new(value, ~self.young(op)))

    on_while = loop

    def begin(self, op: Op) -> bool:
        """Whether what is carried into an iteration is more than what any before it was given."""
        before = self.changes
        for place, param in enumerate(op.carried):
            self.enter(op, place, param)
            if op.name == "while":
                self.enter(op, place, op.regions[0].params[place])
        return self.changes > before

    def on_with(self, op: Op) -> None:
        self.region(op.body)
        for result, value in zip(op.results, op.body.results):
            self.flow(result, value)

    def on_raise(self, op: Op) -> None:
        pass


def _same_index(x: Value, y: Value) -> bool:
    return x is y or (isinstance(x.kind, Static) and x.kind == y.kind)


def allocates(op: Op) -> bool:
    """Whether the call certainly returns an array with memory of its own."""
    fn: Any = op.fn
    if not isinstance(op.result.kind, Array) and not (isinstance(op.result.kind, List) or fn is backprose_runtime.zeros_like):
        return False
    if fn is backprose_runtime.add_at:
        return isinstance(op.result.kind, Array)
    if fn in ARITHMETIC or fn in ALLOCATING:
        return not (fn is np.array and "copy" in op.attrs["keywords"])
    if isinstance(fn, np.ufunc):
        return len(op.positional) <= fn.nin and "out" not in op.attrs["keywords"]
    if fn is operator.getitem:
        index = op.operands[1].kind
        parts = index.items if isinstance(index, Tuple) else (index,)
        return isinstance(op.operands[0].kind, Array) and any(isinstance(k, Array) and k.ndim > 0 for k in parts)
    return False
