"""Many directions at once: a sweep that is linear in its direction, over directions stacked along a leading axis.

What depends on the direction gets a leading axis and is *stacked*; everything else stays as it is, and is computed
once. So `np.cos(x) * x_dot` broadcasts as it stands, a reduction moves its axes by one, an index gets a leading `:`.
What has to be said of each function is in `batch_calls.py` and its neighbours; here are containers, branches and
loops, through which stacks pass. Where a function has no such meaning there, or a condition depends on the direction,
NotBatched is raised, and the caller goes over the directions in a loop: nothing is guessed.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import dtype_of, ndim_of
from backprose.ir.kinds import Array, Kind, List, Object, Record, Unbound
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import free_values, substitute_op
from backprose.transform import batch_axes, batch_calls, batch_each, batch_functions, batch_indices, batch_products  # noqa: F401 - they fill its table
from backprose.transform.batch_calls import NotBatched
from backprose.transform.batch_forms import Form, container, form_of, joined, stacked
from backprose.transform.batch_functions import Calls
from backprose.transform.copy_views import UPDATES
from backprose.transform.paths import CONTAINERS
from backprose.transform.transpose import depending
from backprose.transform.typed import TypedBuilder, typed_call

__all__ = ["Batch", "NotBatched"]

@dataclass
class Batch:
    """A region being batched: `values` maps what is stacked to the stack, `forms` says what of a value is."""

    total: Value  # how many directions there are
    axis: str  # the leading axis, as in `Array.axes`
    length: Any = None  # and as in `Array.lengths`
    values: dict[Value, Value] = field(default_factory=dict)
    forms: dict[Value, Form] = field(default_factory=dict)
    made: dict[Value, Op] = field(default_factory=dict)
    calls: Calls | None = None  # of functions that are not inlined
    stored: set[Value] = field(default_factory=set)  # arrays in which a part is stored: before that, elements were numbers

    def give(self, value: Value, stack: Value) -> None:
        """Let a parameter be this stack, of which all parts are stacked that carry a derivative."""
        self.values[value], self.forms[value] = stack, form_of(value.kind)

    def given(self, param: Value, form: Form) -> Value:
        """The parameter that takes this one's place, in this form."""
        if not stacked(form):
            return param
        self.values[param], self.forms[param] = Value(param.name, self.kind(param.kind, form)), form
        return self.values[param]

    def region(self, b: TypedBuilder, region: Region) -> None:
        """Build the region's ops into `b`."""
        self.stored.update(op.operands[0] for op in region.ops if op.fn in UPDATES)
        for op in region.ops:
            self.op(b, op)

    def op(self, b: TypedBuilder, op: Op) -> None:
        self.made.update((v, op) for v in op.results)
        read = (*op.operands, *free_values(*op.regions))
        if not any(stacked(self.form(v)) for v in read):
            b.add(substitute_op(op, self.values))
            b.learn(Region((), b.ops[-1:]))
            return
        outer, b.loc = b.loc, op.loc
        build = getattr(self, f"_{op.name}", None)
        if build is None:
            raise NotBatched(op.name)
        build(b, op)
        b.loc = outer

    def leaves(self, b: TypedBuilder, value: Value) -> Iterator[Value | None]:
        """The leaves of a value that carry a derivative; None for those that are the same for all directions."""
        if not isinstance(value.kind, CONTAINERS):
            if carries_derivative(value.kind):
                yield self.now(value) if self.form(value) else None
            return
        for part in self.parts(b, value):
            yield from self.leaves(b, part)

    def parts(self, b: TypedBuilder, value: Value) -> Iterator[Value]:
        """Values for the parts of a container of known structure, which may be stacked one and not the other."""
        forms = self.form(value) or (False,) * len(value.kind.items)
        for item, kind, form in zip(b.items_of(self.now(value)), value.kind.items, forms):
            part = Value("", kind)
            self.values[part], self.forms[part] = item, form
            yield part

    def form(self, value: Value) -> Form:
        return self.forms.get(value, False)

    def now(self, value: Value) -> Value:
        """The value, or the stack that it has become."""
        return self.values.get(value, value)

    def put(self, b: TypedBuilder, value: Value, found: Value, form: Form) -> None:
        self.forms[value] = form
        self.values[value] = b.restate(found, value.name)

    # Kinds and forms

    def kind(self, kind: Kind, form: Form) -> Kind:
        """The kind of a value of this form."""
        if not stacked(form):
            return kind
        if isinstance(kind, CONTAINERS):
            return replace(kind, items=tuple(map(self.kind, kind.items, form)))
        if isinstance(kind, List):
            return List(self.kind(kind.item, form))
        if ndim_of(kind) is None or dtype_of(kind) is None:
            raise NotBatched(f"a number of unknown kind: {kind}")
        axes, lengths = (kind.axes, kind.lengths or (None,) * kind.ndim) if isinstance(kind, Array) else ((), ())
        lengths = (self.length, *lengths)
        return Array(np.dtype(dtype_of(kind)).name, (self.axis, *axes), lengths if any(lengths) else ())

    def stack(self, b: TypedBuilder, value: Value) -> Value:
        """A value with all its numbers stacked: the same for each direction where it is not."""
        return self.to(b, value, form_of(value.kind))

    def to(self, b: TypedBuilder, value: Value, form: Form) -> Value:
        """The value in a form of which at least as much is stacked."""
        have = self.form(value)
        if have == form or isinstance(value.kind, Unbound):
            return self.now(value)
        if isinstance(value.kind, CONTAINERS):
            return self._parts_to(b, value, form)
        made = self.made.get(value)
        if isinstance(value.kind, List):
            if made is None or made.name != "list":
                raise NotBatched("a list is the same for all directions in one place, and not in another")
            return b.list([self.to(b, v, form) for v in made.operands], self.kind(value.kind, form), value.name)
        if made is not None and made.fn is np.zeros and made.operands[0].kind == Object(tuple):
            # Of what may be unbound there, and has no axes then: its shape alone is at hand.
            shape = typed_call(b, operator.add, (b.tuple([self.total]), made.operands[0]), Object(tuple))
            return typed_call(b, np.zeros, (shape, *made.operands[1:]), self.kind(value.kind, True))
        now = self.now(value)
        if made is not None and made.fn is np.zeros_like and self._is_missing(made.operands[0]):
            return typed_call(b, np.zeros, (b.tuple([self.total]),), self.kind(value.kind, True))
        shape = b.items_of(b.call(np.shape, now))
        if shape is None:
            raise NotBatched("a number of unknown kind")
        kind = self.kind(value.kind, True)
        stacked_shape = b.tuple([self.total, *shape])
        if made is not None and (made.fn is np.zeros_like or (made.name == "const" and made.attrs["value"] == 0)):
            dtype = () if kind.dtype == "float64" else (b.data(np.dtype(kind.dtype).type),)
            return typed_call(b, np.zeros, (stacked_shape, *dtype), kind)
        return typed_call(b, np.broadcast_to, (now, stacked_shape), kind)

    def _is_missing(self, value: Value) -> bool:
        """Whether the value is None in the stead of one that its path leaves unbound: it has no axes, and is never read."""
        made = self.made.get(value)
        return made is not None and made.name == "const" and made.attrs["value"] is None

    def _parts_to(self, b: TypedBuilder, value: Value, form: Form) -> Value:
        kind, now = value.kind, self.now(value)
        if not kind.items:
            return now
        have, form = (f if isinstance(f, tuple) else (f,) * len(kind.items) for f in (self.form(value), form))
        if len(form) != len(kind.items):
            raise NotBatched("a container that becomes a list")
        items = []
        for item, kind_of_item, of, to in zip(b.items_of(now), kind.items, have, form):
            part = Value("", kind_of_item)
            self.values[part], self.forms[part] = item, of
            items.append(self.to(b, part, to))
        return container(b, kind, items, value.name)

    # Containers

    def _tuple(self, b: TypedBuilder, op: Op) -> None:
        kind = op.result.kind
        operands = op.operands[1::2] if op.name == "dict" else op.operands
        if isinstance(kind, List):
            form = form_of(kind.item)
            found = b.list([self.to(b, v, form) for v in operands], self.kind(kind, form))
            return self.put(b, op.result, found, form)
        form = tuple(self.form(v) for v in operands)
        self.put(b, op.result, container(b, kind, [self.now(v) for v in operands]), form)

    _list = _dict = _record = _tuple

    def _getattr(self, b: TypedBuilder, op: Op) -> None:
        (of,), name = op.operands, op.attrs["name"]
        if isinstance(of.kind, Record):
            at = of.kind.fields.index(name)
            form = self.form(of)[at]
            found = b.items_of(self.now(of))[at]
            self.forms[op.result], self.values[op.result] = form, found
        elif name == "shape":
            self._plain(op, b.tuple(batch_calls.shape(self, b, of)))
        elif name == "size":
            self._plain(op, batch_calls.size(self, b, of))
        else:
            raise NotBatched(f"the attribute {name}")

    def _plain(self, op: Op, found: Value) -> None:
        """A result that is the same for all directions, though its operand is not: a shape."""
        self.values[op.result], self.forms[op.result] = found, False

    # Calls

    def _call(self, b: TypedBuilder, op: Op) -> None:
        inner = b.nested()
        try:
            batch_calls.call(self, inner, op)
        except NotBatched:
            inner = b.nested()
            batch_each.call_each(self, inner, op)
        b.ops.extend(inner.ops)

    def _invoke(self, b: TypedBuilder, op: Op) -> None:
        batch_functions.invoke(self, b, op)

    # Regions

    def _if(self, b: TypedBuilder, op: Op) -> None:
        if any(stacked(self.form(v)) for v in op.operands):
            raise NotBatched("a condition")
        insides = []
        for region in op.regions:
            insides.append(b.nested())
            self.region(insides[-1], region)
        forms = [joined(*(self.form(v) for v in found)) for found in zip(*(r.results for r in op.regions))]
        regions = [
            replace(region, ops=(), results=tuple(self.to(inner, v, f) for v, f in zip(region.results, forms)))
            for inner, region in zip(insides, op.regions)
        ]
        regions = [replace(region, ops=tuple(inner.ops)) for inner, region in zip(insides, regions)]
        operands = tuple(map(self.now, op.operands))
        b.add(replace(op, operands=operands, results=self._results(op.results, forms), regions=tuple(regions)))

    _with = _if

    def _results(self, values: tuple[Value, ...], forms: list[Form]) -> tuple[Value, ...]:
        """What takes the places of values that are now of these forms."""
        for value, form in zip(values, forms):
            self.forms[value] = form
            self.values[value] = Value(value.name, self.kind(value.kind, form)) if stacked(form) else value
        return tuple(map(self.now, values))

    def _for(self, b: TypedBuilder, op: Op) -> None:
        iterables = [self._iterable(b, v) for v in op.iterables]
        items = [form_of(item.kind) if stacked(self.form(v)) else False for v, item in zip(op.iterables, op.items)]
        moving = depending(Region((), (op,)), [v for v in self.forms if stacked(self.forms[v])])
        carried = [  # a list that is empty before the loop can't be told from one that stays as it is
            form_of(param.kind) if isinstance(param.kind, List) and param in moving else self.form(init)
            for init, param in zip(op.inits, op.carried)
        ]
        while True:  # until as much is stacked before an iteration as after it
            self._results(op.items, items)
            regions = self._body(b, op, carried)
            after = [joined(form, self.form(v)) for form, v in zip(carried, op.yields)]
            if after == carried:
                break
            carried = after
        collected = [self.form(v) for v in op.collects]
        inits = [self.to(b, v, form) for v, form in zip(op.inits, carried)]
        results = self._results(op.results, [*carried, *collected])
        b.add(replace(op, operands=(*iterables, *inits), results=results, regions=regions))

    _while = _for

    def _body(self, b: TypedBuilder, op: Op, carried: list[Form]) -> tuple[Region, ...]:
        """The loop's regions, with what it carries in these forms."""
        regions = []
        for region in op.regions:
            count = op.attrs.get("iterables", 0) if region is op.body else 0
            self._results(region.params[count:], carried)
            inner = b.nested()
            self.region(inner, region)
            first = 1 if region is not op.body or op.attrs["stops"] else 0
            if any(stacked(self.form(v)) for v in region.results[:first]):
                raise NotBatched("a condition")
            after = [joined(form, self.form(v)) for form, v in zip(carried, op.yields)] if region is op.body else []
            forms = [*([False] * first), *after, *(self.form(v) for v in region.results[first + len(after) :])]
            results = tuple(self.to(inner, v, form) for v, form in zip(region.results, forms))
            regions.append(Region(tuple(map(self.now, region.params)), tuple(inner.ops), results))
        return tuple(regions)

    def _iterable(self, b: TypedBuilder, value: Value) -> Value:
        """What a loop goes over: of a stack of arrays the rows of all at once."""
        if not stacked(self.form(value)) or isinstance(value.kind, List):
            return self.now(value)
        if not isinstance(value.kind, Array):
            raise NotBatched("a loop over a container")
        return b.call(np.moveaxis, self.now(value), b.const(1), b.const(0))
