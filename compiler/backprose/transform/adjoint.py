"""The adjoint of a function: run the primal and keep what will be needed, then walk it backwards.

For each op its rule; for each region, its reverse. The reverse of an `if` is an `if` on the same condition, that of a
loop is a loop over the same iterations in reverse. Rules come from the table and are inlined; sums over broadcast axes
and accumulation are in `cotangents.py`; what is kept for the reverse sweep, and how, is in `residuals.py`.

The reverse ops read primal values directly. Within one region these are simply in scope; where a reverse region reads a
value from inside the primal's region, that value is a residual, and the primal's op is rebuilt to hand it out.
"""

from __future__ import annotations

import operator
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import backprose_runtime
import numpy as np

from backprose.analysis.activity import carries_derivative
from backprose.analysis.examples import keeps_field
from backprose.analysis.kinds import dtype_of, has_shape_of, is_complex, is_number, ndim_of
from backprose.analysis.positions import new_axes
from backprose.ir.kinds import (
    BACKWARDS, Array, Dict, FixedList, Kind, List, Maybe, Number, Record, Residuals, Static, Tuple,
)  # fmt: skip
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import free_values, made_by
from backprose.rules.custom import CustomCall
from backprose.rules.registry import Rule
from backprose.transform import again, custom_reverse, pairs, reverse_loops
from backprose.transform.cotangents import Cotangents, bar_name, bar_tree_kind, cotangent_kind
from backprose.transform.paths import keys_of, kind_at, leaves
from backprose.transform.residuals import hand_out
from backprose.transform.rule_calls import inlined, require_inert, ruled
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference



@dataclass
class Reversal:
    """One function being reversed: its active values, what is updated in place, and the engine that inlines rules."""

    engine: Inference
    active: set[Value]
    overwritten: set[Value] = field(default_factory=set)  # what is not at hand in the reverse sweep unless it is copied
    local: set[Value] | None = None  # in a loop: what its body defines
    guarded: bool = True  # an exactly zero cotangent annihilates
    invokes: bool = False  # whether the reverse invokes backward parts
    made: dict[Value, Op] = field(default_factory=dict)  # what the ops of the region being reversed define
    cotangents: set[Value] = field(default_factory=set)  # what rules were applied to
    written_for: dict[Value, Op] = field(default_factory=dict)  # the primal's op whose rule computes a value

    def region(self, b: TypedBuilder, ops: Iterable[Op], bars: Cotangents) -> tuple[Op, ...]:
        """Build the reverse of `ops` into `b`; return the ops as the forward sweep has to run them."""
        forward = list(ops)
        around, self.made = self.made, {v: op for op in forward for v in op.results}
        for i in reversed(range(len(forward))):
            forward[i : i + 1] = self.op(b, forward[i], bars)
        self.made = around
        return tuple(forward)

    def op(self, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...]:
        """Build the reverse of `op` if a cotangent has reached it; the ops that stand in its place going forward."""
        if not any(map(bars.has, op.results)):
            return (op,)
        outer = b.loc, b.pinned
        b.loc, b.pinned = op.loc.reversed() if op.loc else None, True
        try:
            return getattr(self, f"_{op.name}")(b, op, bars) or (op,)
        finally:
            b.loc, b.pinned = outer

    # Straight-line ops

    def _call(self, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...] | None:
        if op.fn is operator.getitem:
            return self._getitem(b, op, bars)
        if isinstance(op.fn, CustomCall):
            return custom_reverse.reverse(self, b, op, bars)
        found = ruled(self.active, op)
        if found is None:
            return None
        rule, operands = found
        bar = bars.tree(b, op.result, settled=False)
        before = len(b.ops)
        shares = self._apply_rule(b, rule, op, bar)
        shares = dict(zip(rule.wrt, shares))
        operands = {name: operands.get(name) for name in rule.wrt}
        for name, share in _merged(b, operands, shares):
            self._distribute(b, op, operands[name], share, rule, bars)
        self.written_for.update(dict.fromkeys(made_by(b.ops[before:]), op))

    def _apply_rule(self, b: TypedBuilder, rule: Rule, op: Op, bar: Value) -> tuple[Value, ...]:
        """Inline the rule's text; the cotangents it gives, one for each name in `wrt`."""
        self.cotangents.update((bar, *b.parts.get(bar, ())))
        out = inlined(self.engine, b, op, rule, rule.text, {rule.bar: bar})
        if len(rule.wrt) == 1:
            return (out,)
        return b.items_of(out)

    def _distribute(self, b: TypedBuilder, op: Op, operand: Any, share: Value, rule: Rule, bars: Cotangents) -> None:
        if operand is None:
            return
        if isinstance(operand, tuple):  # variadic: a share for each
            for value, item in zip(operand, b.items_of(share)):
                self._distribute(b, op, value, item, rule, bars)
            return
        exact = not rule.is_elementwise or keeps_shape(operand, op)
        if _is_open(operand.kind, share.kind) and may_mix_fields(op, operand):
            exact = False  # of a complex share a real operand takes the real part
        bars.add(b, operand, share, exact=exact)

    def _getitem(self, b: TypedBuilder, op: Op, bars: Cotangents) -> None:
        target, index = op.operands
        kind = target.kind.item if isinstance(target.kind, Maybe) else target.kind
        if target not in self.active:
            return require_inert(self.active, op, index, "the subscript")
        if isinstance(kind, (Tuple, FixedList, Dict, Record)):
            if not isinstance(index.kind, Static):
                return self._getitem_at_runtime(b, op, kind, bars)
            key = index.kind.value
            if isinstance(kind, Record):
                key = kind.fields[key]
            elif not isinstance(kind, Dict):
                key %= len(kind.items)
            for path, _ in leaves(op.result.kind):
                bar = bars.get(op.result, path)
                if bar is not None:
                    bars.add(b, target, bar, (key, *path))
            return
        bar = bars.tree(b, op.result)
        if isinstance(kind, List) and index.kind == BACKWARDS:
            return bars.add(b, target, b.call(operator.getitem, bar, index, kind=bar.kind))
        added = new_axes(index, kind.ndim, self.made) if isinstance(kind, Array) and kind.axes else None
        if added is not None:  # all entries are read
            axes = [b.const(i) for i in added]
            axes = b.tuple(axes) if len(axes) > 1 else axes[0] if axes else None
            return bars.add(b, target, bar if axes is None else b.call(np.squeeze, bar, axes))
        target, steps = self._path(target)
        bars.add_at(b, target, (), index, bar, steps)

    def _path(self, target: Value) -> tuple[Value, tuple[Value, ...]]:
        """The list that `target` is an element of, and where it is there: a share of its parts goes there at once."""
        op = self.made.get(target)
        if op is None or op.fn is not operator.getitem or not isinstance(op.operands[0].kind, List):
            return target, ()
        if op.operands[0] not in self.active or not is_number(op.operands[1].kind):
            return target, ()
        whole, steps = self._path(op.operands[0])
        return whole, (*steps, op.operands[1])

    def _getitem_at_runtime(self, b: TypedBuilder, op: Op, kind: Any, bars: Cotangents) -> None:
        """An element of a container of known length, chosen at run time: add to a list of all its cotangents."""
        target, index = op.operands
        keys = kind.fields if isinstance(kind, Record) else range(len(kind.items))
        items = [bars.tree(b, target, (key,)) for key in keys]
        buffer = b.list(items, kind=FixedList(tuple(v.kind for v in items)))
        del b.parts[buffer]
        bar = bars.tree(b, op.result)
        updated = b.call(backprose_runtime.add_at, buffer, index, bar, kind=buffer.kind)
        for i, (key, item_kind) in enumerate(zip(keys, kind.items)):
            if not carries_derivative(item_kind):
                continue
            item = b.call(operator.getitem, updated, b.const(i))
            for path, _ in leaves(item_kind):
                bars.set(target, (key, *path), _leaf_of(b, item, item_kind, path))

    def _getattr(self, b: TypedBuilder, op: Op, bars: Cotangents) -> None:
        (target,) = op.operands
        if target not in self.active or not isinstance(target.kind, Record):
            return
        for path, _ in leaves(op.result.kind):
            bar = bars.get(op.result, path)
            if bar is not None:
                bars.add(b, target, bar, (op.attrs["name"], *path))

    def _tuple(self, b: TypedBuilder, op: Op, bars: Cotangents) -> None:
        kind = op.result.kind
        if isinstance(kind, List):
            bar = bars.leaf(b, op.result)
            for i, value in enumerate(op.operands):
                item = b.call(operator.getitem, bar, b.const(i))
                bars.add(b, value, item, exact=not _is_open(value.kind, item.kind))
            return
        values = op.operands[1::2] if op.name == "dict" else op.operands
        for key, value in zip(keys_of(kind), values):
            for path, _ in leaves(value.kind):
                bar = bars.get(op.result, (key, *path))
                if bar is not None:
                    bars.add(b, value, bar, path)

    _list = _dict = _record = _tuple

    def _invoke(self, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...]:
        """A call that is not inlined: its forward part also returns residuals, its backward part takes them."""
        value = op.result
        active = [i for i, v in enumerate(op.operands) if v in self.active and carries_derivative(v.kind)]
        forward_part, backward_part, wrt = pairs.parts(self.engine, op.attrs["callee"], active, self.guarded)
        self.invokes = True
        residuals = Value("residuals", Residuals(forward_part))
        pair = Value("", Tuple((value.kind, residuals.kind)))
        first, second = Value("", Static(0)), Value("", Static(1))
        take = {"fn": operator.getitem, "keywords": (), "method": None}
        forward = (
            replace(op, results=(pair,), attrs={"callee": forward_part}),
            Op("const", (), (first,), {"value": 0}, (), op.loc),
            Op("call", (pair, first), (value,), take, (), op.loc),
            Op("const", (), (second,), {"value": 1}, (), op.loc),
            Op("call", (pair, second), (residuals,), take, (), op.loc),
        )
        bar = bars.tree(b, value)
        kinds = [bar_tree_kind(v.kind) if i in wrt else Static(None) for i, v in enumerate(op.operands)]
        shares = b.op("invoke", (residuals, bar), [Value("", Tuple(tuple(kinds)))], callee=backward_part).result
        for i in active:
            share = b.op("call", (shares, b.const(i)), [Value("", kinds[i])], **take).result
            bars.add(b, op.operands[i], share)
        return forward

    # Regions

    def _if(self, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...]:
        outer = [v for v in free_values(*op.regions) if v in self.active]
        sides, forward = [], []
        companions = [(r, i, path) for i, r in enumerate(op.results) for path in bars.likes.asked(r)]
        for region in op.regions:
            tail = TypedBuilder(op.loc, b.parts)
            yields = [bars.likes.define(tail, region.results[i], p, kind_at(r.kind, p)) for r, i, p in companions]
            inner, inside = b.nested(), bars.child()
            for result, value in zip(op.results, region.results):
                for path, _ in leaves(result.kind):
                    bar = bars.get(result, path)
                    if bar is not None and value in self.active:
                        inside.add(inner, value, bar, path)
            ops = self.region(inner, region.ops, inside)
            forward.append(Region(region.params, (*ops, *tail.ops), (*region.results, *yields)))
            sides.append((inner, inside))
        changed = [
            (v, path) for v in outer for path, _ in leaves(v.kind)
            if any(inside.get(v, path) is not bars.get(v, path) for _, inside in sides)
        ]  # fmt: skip
        regions = [inner.region((), [inside.leaf(inner, v, p) for v, p in changed]) for inner, inside in sides]
        (cond,) = op.operands
        results = [_bar_result(v, path) for v, path in changed]
        all_results = (*op.results, *(bars.likes.of(r, path) for r, _, path in companions))
        op = replace(op, results=all_results, regions=tuple(forward))
        op, regions = hand_out(op, regions, b, bars.likes.missing, self.overwritten, self.local)
        b.op("if", (cond,), results, regions)
        for (v, path), bar in zip(changed, results):
            bars.set(v, path, bar)
        return (op,)

    def _with(self, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...]:
        if "again" in op.attrs:
            return again.reverse_block(self, b, op, bars)
        inner, inside = b.nested(), bars.child()
        outer = [v for v in free_values(*op.regions) if v in self.active]
        for result, value in zip(op.results, op.body.results):
            for path, _ in leaves(result.kind):
                if bars.get(result, path) is not None:
                    inside.add(inner, value, bars.get(result, path), path)
        ops = self.region(inner, op.body.ops, inside)
        changed = [(v, p) for v in outer for p, _ in leaves(v.kind) if inside.get(v, p) is not bars.get(v, p)]
        region = inner.region((), [inside.leaf(inner, v, p) for v, p in changed])
        results = [_bar_result(v, path) for v, path in changed]
        op = replace(op, regions=(Region((), ops, op.body.results),))
        op, (region,) = hand_out(op, [region], b, bars.likes.missing, self.overwritten, self.local)
        b.op("with", [b.context(v) for v in op.operands], results, [region])
        for (v, path), bar in zip(changed, results):
            bars.set(v, path, bar)
        return (op,)

    def _for(self, b: TypedBuilder, op: Op, bars: Cotangents) -> tuple[Op, ...]:
        return reverse_loops.reverse_loop(self, b, op, bars)

    _while = _for


def _bar_result(value: Value, path: tuple) -> Value:
    return Value(bar_name(value, path), cotangent_kind(kind_at(value.kind, path)))


def _leaf_of(b: TypedBuilder, item: Value, kind: Kind, path: tuple) -> Value:
    """The leaf at `path` of a cotangent of a value of the kind."""
    for key in path:
        item = b.call(operator.getitem, item, b.const(key)) if not isinstance(item.kind, Record) else b.getattr(item, key)
    return item


def _merged(b: TypedBuilder, operands: dict[str, Any], shares: dict[str, Value]) -> list[tuple[str, Value]]:
    """The shares by operand; those of one value that is several operands (`x * x`) are added first."""
    first: dict[Any, str] = {}
    for name, operand in operands.items():
        if isinstance(operand, Value) and operand in first and is_number(operand.kind):
            shares[first[operand]] = b.call(operator.add, shares[first[operand]], shares.pop(name))
        elif isinstance(operand, Value):
            first[operand] = name
    return list(shares.items())


def _is_open(kind: Kind, share: Kind) -> bool:
    """Whether it shows only at run time if an operand or its share is complex."""
    if type(kind) is type(share) is Array:
        return False
    return not is_complex(kind) and any(isinstance(leaf, Number) for side in (kind, share) for _, leaf in leaves(side))


def may_mix_fields(op: Op, operand: Value | None = None) -> bool:
    """Whether the operand, or any, may be real where the result is complex, or complex where that is real."""
    found = [leaf for v in op.operands for _, leaf in leaves(v.kind) if _may_be_complex(leaf)]
    if len(found) > 1 or (found and operand is not None and found != [operand.kind]):
        return True
    keywords = tuple((name, v.kind) for name, v in op.keywords.items())
    return not keeps_field(op.fn, tuple(v.kind for v in op.positional), keywords)


def _may_be_complex(kind: Kind) -> bool:
    kind = kind.item if isinstance(kind, (List, Maybe)) else kind
    return dtype_of(kind) is None or is_complex(kind)


def keeps_shape(operand: Value, op: Op) -> bool:
    """Whether an operand of an elementwise call surely has the shape of the result: nothing stretches it."""
    others = [v for v in op.operands if v is not operand and not isinstance(v.kind, Static)]
    if all(ndim_of(v.kind) == 0 for v in others):
        return isinstance(operand.kind, Array) or not others or ndim_of(op.result.kind) == 0
    return has_shape_of(operand.kind, op.result.kind)
