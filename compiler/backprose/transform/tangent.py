"""Forward mode: each statement with the tangent of what it computes beside it.

The walk goes forwards, in the order of the primal, so nothing is kept and nothing is recorded. An elementwise rule is
applied to the tangent of each operand that moves, a linear function to the tangents themselves, and for any other the
pullback is transposed (`transpose.py`), unless the table states a pushforward. Containers, branches and loops are
linear: tangents flow beside the values. What does not move has no tangent, and no zero is written down but where it is
stored, carried or returned.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.analysis.activity import carries_derivative
from backprose.analysis.kinds import is_number
from backprose.ir.kinds import Dict, Kind, List, Maybe, Number, Static, Tuple, Unbound
from backprose.ir.nodes import Op, Region, Value
from backprose.ir.walk import free_values, made_by
from backprose.rules.custom import CustomCall
from backprose.rules.registry import Rule, is_multilinear, pushforward_for, rule_for
from backprose.transform import custom_forward, pairs
from backprose.transform.adjoint import keeps_shape, may_mix_fields
from backprose.transform.cotangents import Cotangents, bar_tree_kind, cast, cotangent_kind
from backprose.transform.paths import CONTAINERS, keys_of, kind_at, leaves
from backprose.transform.rule_calls import bound, inlined, require_inert, ruled
from backprose.transform.tangents import Tangents, dot_name, dot_value, stretched
from backprose.transform.transpose import NotLinear, transpose
from backprose.transform.typed import TypedBuilder
from backprose_runtime import add_at, put_at, set_at

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

STORES = frozenset({set_at, put_at})


@dataclass
class Pushforward:
    """One function being differentiated: its active values, their tangents, and the engine that inlines rules."""

    engine: Inference
    active: set[Value]
    guarded: bool = True  # an exactly zero cotangent annihilates
    unbound: set[Value] = field(default_factory=set)  # what may be unbound, and has a tangent wherever it is bound
    dots: Tangents = field(default_factory=Tangents)
    written_for: dict[Value, Op] = field(default_factory=dict)  # the primal's op whose rule computes a value

    def region(self, b: TypedBuilder, region: Region) -> None:
        """Build the ops of the region, and the tangents of what they compute, into `b`."""
        for op in region.ops:
            self.op(b, op)

    def op(self, b: TypedBuilder, op: Op) -> None:
        if self.active.isdisjoint(op.results):
            b.add(op)
            return
        outer = b.loc, b.pinned
        b.loc, b.pinned = op.loc.beside() if op.loc else None, True
        if isinstance(op.fn, CustomCall):
            custom_forward.push(self, b, op)
        elif op.regions or op.name == "invoke":
            getattr(self, f"_{op.name}")(b, op)
        else:
            beside = b.nested()
            getattr(self, f"_{op.name}", self._nothing)(beside, op)
            # An update in place must not come before what reads what it overwrites.
            first = _updates(op) and op.result not in free_values(beside.region())
            b.ops += [*beside.ops, op] if first else [op, *beside.ops]
        b.loc, b.pinned = outer

    def _nothing(self, b: TypedBuilder, op: Op) -> None:
        """A constant does not move."""

    # Calls

    def _call(self, b: TypedBuilder, op: Op) -> None:
        if op.fn is operator.getitem:
            return self._getitem(b, op)
        found = ruled(self.active, op)
        if found is None:
            return None
        rule, operands = found
        moving = {name: operands[name] for name in rule.wrt if self._moves(operands.get(name))}
        if not moving:
            return None
        before = len(b.ops)
        dot = self._by_rule(b, op, rule, moving)
        if dot is not None:
            self._found(b, op.result, dot)
        self.written_for.update((v, op) for v in made_by(b.ops[before:]))

    def _by_rule(self, b: TypedBuilder, op: Op, rule: Rule, moving: dict[str, Any]) -> Value | None:
        """The tangent of a call's result, of the result's structure."""
        text = pushforward_for(op.fn)
        if text is not None:
            self._check(b, op, rule)
            given = {f"{name}_dot": self._dot_of(b, moving.get(name)) for name in rule.wrt}
            return self._fitted(b, op, self._inlined(b, op, text, given))
        if is_multilinear(op.fn):
            self._check(b, op, rule)
            return self._multilinear(b, op, moving)
        if rule.form == "linear":
            self._check(b, op, rule)
            return self._linear(b, op, rule)
        if rule.is_elementwise:
            return self._elementwise(b, op, rule, moving)
        return self._transposed(b, op, rule, moving)

    def _elementwise(self, b: TypedBuilder, op: Op, rule: Rule, moving: dict[str, Any]) -> Value:
        """Each partial times the tangent of its operand, summed."""
        total = None
        for name, operand in moving.items():
            out = self._inlined(b, op, rule.text, {rule.bar: self.dots.tree(b, operand)})
            share = out if len(rule.wrt) == 1 else b.items_of(out)[rule.wrt.index(name)]
            total = share if total is None else b.call(operator.add, total, share)
        if op.fn is operator.add and len(moving) == 2 and _updates(op):
            attrs = {**b.ops[-1].attrs, "method": op.attrs["method"]}  # the user wrote `x += y`
            b.ops[-1] = replace(b.ops[-1], attrs=attrs)
        full = len(moving) == len([v for v in op.operands if is_number(v.kind)])
        return stretched(b, total, op.result, full or keeps_shape(next(iter(moving.values())), op))

    def _multilinear(self, b: TypedBuilder, op: Op, moving: dict[str, Any]) -> Value:
        """The function with one operand after the other replaced by its tangent, summed."""
        method = op.attrs["method"] if not _updates(op) else None
        total = None
        for i in self._positions(op, moving):
            operands = (*op.operands[:i], self.dots.tree(b, op.operands[i]), *op.operands[i + 1 :])
            named = dict(zip(op.attrs["keywords"], operands[len(op.positional) :]))
            share = b.call_named(op.fn, operands[: len(op.positional)], named, method=method)
            total = share if total is None else b.call(operator.add, total, share)
        return stretched(b, total, op.result)

    def _linear(self, b: TypedBuilder, op: Op, rule: Rule) -> Value:
        """The function itself, applied to tangents; zeros for what does not move."""
        args, keywords = bound(rule, op)
        among = self._positions(op, {n: v for n, v in {**args, **keywords}.items() if n in rule.wrt})
        if op.fn is add_at and not self.dots.has(op.operands[2]):
            return self.dots.leaf(b, op.operands[0])
        fill = is_number(op.result.kind)
        operands = list(op.operands)
        for i in among:
            operands[i] = self.dots.tree(b, operands[i], fill=fill)
            if not self.dots.has(op.operands[i]) and op.fn in STORES and i == 1 and is_number(op.operands[i].kind):
                operands[i] = b.const(0.0)
        kind = bar_tree_kind(op.result.kind)
        return b.op("call", operands, [Value(dot_name(op.result), kind)], **op.attrs).result

    def _transposed(self, b: TypedBuilder, op: Op, rule: Rule, moving: dict[str, Any]) -> Value | None:
        """The rule's pullback is linear in its cotangent: transposed, it takes tangents to the tangent."""
        result = op.result
        paths = [path for path, _ in leaves(result.kind)]

        def pullback(inner: TypedBuilder, bars: list[Value]) -> list[tuple[Value, Value]]:
            seeds = Cotangents({result}, {(result, path): bar for path, bar in zip(paths, bars)})
            shares = self._inlined(inner, op, rule.text, {rule.bar: seeds.tree(inner, result)})
            shares = (shares,) if len(rule.wrt) == 1 else inner.items_of(shares)
            return [pair for name, share in zip(rule.wrt, shares) if name in moving
                    for pair in self._pairs(b, inner, moving[name], share)]  # fmt: skip

        likes = [self._leaf(b, result, path) for path in paths]
        try:
            found = transpose(self.engine, b, pullback, likes)
        except NotLinear:
            raise errors.NotDifferentiable(
                f"`{getattr(op.fn, '__name__', op.fn)}` has no derivative in forward mode", op.loc,
                "its rule is not linear in the cotangent, so that it can't be transposed", "use grad or vjp",
            ) from None  # fmt: skip
        for path, like, dot in zip(paths, likes, found):
            if dot is not None:
                fitted = stretched(b, dot, like, exact=not (isinstance(like.kind, Number) and may_mix_fields(op)))
                self.dots.set(result, path, self._named(b, fitted, dot_name(result, path)))
        return None

    def _pairs(self, b: TypedBuilder, inner: TypedBuilder, operand: Any, share: Value) -> list[tuple[Value, Value]]:
        """What the pullback gives for an operand, with the operand's tangent, which is the cotangent of that."""
        if isinstance(operand, tuple):
            return [p for v, s in zip(operand, inner.items_of(share)) for p in self._pairs(b, inner, v, s)]
        return [(share, self.dots.tree(b, operand))] if self.dots.has(operand) else []

    def _leaf(self, b: TypedBuilder, value: Value, path: tuple) -> Value:
        for key in path:
            value = b.items_of(value)[keys_of(value.kind).index(key)]
        return value

    # What rules are given, and what they give

    def _inlined(self, b: TypedBuilder, op: Op, text: Callable, given: dict[str, Value]) -> Value:
        return inlined(self.engine, b, op, rule_for(op.fn), text, given)

    def _check(self, b: TypedBuilder, op: Op, rule: Rule) -> None:
        """The rule's own text says which calls are refused, also where forward mode does not need it."""
        aside = b.nested()
        bars = {(op.result, path): Value("", cotangent_kind(kind)) for path, kind in leaves(op.result.kind)}
        seeds = Cotangents(set(), bars)
        self._inlined(aside, op, rule.text, {rule.bar: seeds.tree(aside, op.result)})

    def _moves(self, operand: Any) -> bool:
        if isinstance(operand, tuple):
            return any(map(self._moves, operand))
        return operand is not None and self.dots.has(operand)

    def _dot_of(self, b: TypedBuilder, operand: Any) -> Value:
        """The tangent of an operand as a rule's text takes it: None if it does not move."""
        if isinstance(operand, tuple):
            return b.tuple([self._dot_of(b, v) for v in operand])
        return self.dots.tree(b, operand) if self._moves(operand) else b.const(None)

    def _positions(self, op: Op, named: dict[str, Any]) -> list[int]:
        """The positions among the op's operands of those that are `named`."""
        values = [v for operand in named.values() for v in (operand if isinstance(operand, tuple) else (operand,))]
        return [i for i, v in enumerate(op.operands) if v in values]

    def _fitted(self, b: TypedBuilder, op: Op, dot: Value) -> Value:
        return stretched(b, dot, op.result) if is_number(op.result.kind) else dot

    def _found(self, b: TypedBuilder, value: Value, dot: Value) -> None:
        """Let `dot` be the tangent of `value`, under its name if it is new."""
        if not isinstance(value.kind, CONTAINERS):
            dot = self._named(b, dot, dot_name(value))
        self.dots.put(b, value, dot)
        if isinstance(value.kind, CONTAINERS):
            for path, kind in leaves(value.kind):
                self.dots.set(value, path, self._of_dtype(b, self.dots.get(value, path), kind))

    def _of_dtype(self, b: TypedBuilder, dot: Value | None, kind: Kind) -> Value | None:
        return cast(b, dot, kind) if dot is not None and is_number(kind) and is_number(dot.kind) else dot

    def _named(self, b: TypedBuilder, dot: Value, name: str) -> Value:
        return b.restate(dot, name) if name else dot

    # Containers

    def _getitem(self, b: TypedBuilder, op: Op) -> None:
        target, index = op.operands
        kind = target.kind.item if isinstance(target.kind, Maybe) else target.kind
        if target not in self.active:
            return require_inert(self.active, op, index, "the subscript")
        if isinstance(kind, CONTAINERS) and isinstance(index.kind, Static):
            key = index.kind.value
            self._part(op, key if isinstance(kind, Dict) else keys_of(kind)[key])
        elif self.dots.has(target):
            dot = b.call(operator.getitem, self.dots.tree(b, target), index, kind=bar_tree_kind(op.result.kind))
            self._found(b, op.result, dot)
        return None

    def _part(self, op: Op, key: Any) -> None:
        """The part of a container that is seen through."""
        for path, _ in leaves(op.result.kind):
            self.dots.set(op.result, path, self.dots.get(op.operands[0], (key, *path)))

    def _getattr(self, b: TypedBuilder, op: Op) -> None:
        if op.operands[0] in self.active:
            self._part(op, op.attrs["name"])

    def _tuple(self, b: TypedBuilder, op: Op) -> None:
        kind = op.result.kind
        values = op.operands[1::2] if op.name == "dict" else op.operands
        if isinstance(kind, List):
            items = [self.dots.tree(b, v) for v in values]
            self.dots.set(op.result, (), b.list(items, kind=bar_tree_kind(kind), name=dot_name(op.result)))
            return
        for key, value in zip(keys_of(kind), values):
            for path, _ in leaves(value.kind):
                self.dots.set(op.result, (key, *path), self.dots.get(value, path))

    _list = _dict = _record = _tuple

    # Regions

    def _if(self, b: TypedBuilder, op: Op) -> None:
        insides = []
        for region in op.regions:
            inner = b.nested()
            self.region(inner, region)
            insides.append(inner)
        slots = [
            (k, path) for k, result in enumerate(op.results) if result in self.active for path, _ in leaves(result.kind)
            if result in self.unbound or any(self._moves_at(region.results[k], path) for region in op.regions)
        ]  # fmt: skip
        regions = []
        for inner, region in zip(insides, op.regions):
            dots = [self._dot_at(inner, region.results[k], path, op.results[k]) for k, path in slots]
            regions.append(Region(region.params, tuple(inner.ops), (*region.results, *dots)))
        results = [dot_value(op.results[k], path) for k, path in slots]
        b.add(replace(op, results=(*op.results, *results), regions=tuple(regions)))
        for (k, path), dot in zip(slots, results):
            self.dots.set(op.results[k], path, dot)

    _with = _if

    def _moves_at(self, value: Value, path: tuple) -> bool:
        return not isinstance(value.kind, Unbound) and self.dots.has(value, path)

    def _dot_at(self, b: TypedBuilder, value: Value, path: tuple, to: Value) -> Value:
        """The tangent of a part of what becomes `to` in a branch or a loop; that of an unbound variable is unbound."""
        if isinstance(value.kind, Unbound):
            return self.dots.zeros(b, value)
        if not carries_derivative(kind_at(value.kind, path)):
            return self.dots.of_whole(b, value, path, kind_at(to.kind, path))
        return self.dots.tree(b, value, path, fill=isinstance(to.kind, List))

    def _for(self, b: TypedBuilder, op: Op) -> None:
        slots = [
            (k, path) for k, (param, result) in enumerate(zip(op.carried, op.carried_results))
            if param in self.active or result in self.active for path, _ in leaves(result.kind)
        ]  # fmt: skip
        inits = [self._dot_at(b, op.inits[k], path, op.carried_results[k]) for k, path in slots]
        items = [(i, v) for i, v in enumerate(op.iterables) if op.items[i] in self.active and self.dots.has(v)]
        iterables = [self.dots.tree(b, v) for _, v in items]
        item_dots = [dot_value(op.items[i]) for i, _ in items]
        inner = b.nested()
        for (i, _), dot in zip(items, item_dots):
            self.dots.put(inner, op.items[i], dot)
        params = [dot_value(op.carried[k], path) for k, path in slots]
        for (k, path), param in zip(slots, params):
            self.dots.set(op.carried[k], path, param)
        self.region(inner, op.body)
        yields = [self._dot_at(inner, op.yields[k], path, op.carried_results[k]) for k, path in slots]
        lists = [j for j, v in enumerate(op.collected_results) if v in self.active and self.dots.has(op.collects[j])]
        collects = [self.dots.tree(inner, op.collects[j]) for j in lists]

        n = len(op.body.results) - op.attrs["collected"]
        body = Region(
            (*op.items, *item_dots, *op.carried, *params), tuple(inner.ops),
            (*op.body.results[:n], *yields, *op.collects, *collects),
        )  # fmt: skip
        regions = (body,)
        if op.name == "while":
            cond = op.regions[0]
            more = [dot_value(cond.params[k], path) for k, path in slots]
            regions = (replace(cond, params=(*cond.params, *more)), body)
        outs = [dot_value(op.carried_results[k], path) for k, path in slots]
        list_dots = [dot_value(op.collected_results[j]) for j in lists]
        attrs = {**op.attrs, "collected": op.attrs["collected"] + len(lists)}
        if op.name == "for":
            attrs["iterables"] += len(items)
        results = [*op.carried_results, *outs, *op.collected_results, *list_dots]
        operands = (*op.iterables, *iterables, *op.inits, *inits)
        b.add(replace(op, operands=operands, results=tuple(results), regions=regions, attrs=attrs))
        for (k, path), out in zip(slots, outs):
            self.dots.set(op.carried_results[k], path, out)
        for j, dot in zip(lists, list_dots):
            self.dots.set(op.collected_results[j], (), dot)

    _while = _for

    # Functions of the module

    def _invoke(self, b: TypedBuilder, op: Op) -> None:
        """A call that is not inlined: the callee's tangent function gives value and tangent."""
        value = op.result
        moving = [i for i, v in enumerate(op.operands) if v in self.active and carries_derivative(v.kind)]
        name, wrt = pairs.tangent(self.engine, op.attrs["callee"], moving, self.guarded)
        given = [self.dots.tree(b, op.operands[i]) for i in wrt]
        dot = Value(dot_name(value), bar_tree_kind(value.kind))
        pair, attrs = Value("", Tuple((value.kind, dot.kind))), {"callee": name}
        b.add(replace(op, operands=(*op.operands, *given), results=(pair,), attrs=attrs))
        for i, part in enumerate((value, dot)):
            b.op("call", (pair, b.const(i)), [part], fn=operator.getitem, keywords=(), method=None)
        self.dots.put(b, value, dot)


def _updates(op: Op) -> bool:
    """Whether the op may be carried out in the memory of what it reads."""
    return op.name == "call" and (op.fn in (add_at, set_at, put_at) or (op.attrs["method"] or "").startswith("__i"))
