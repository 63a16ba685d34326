"""The linear function of a tangent function: what does not depend on tangents runs once, and hands over what the rest reads.

A function with its tangent is taken apart by what depends on the tangents that it is given. The primal part computes the
value and all factors; the linear part has the tangents alone, a branch for each branch and a loop for each loop, over the
same iterations in the same order. What it reads of the primal part is kept as for a reverse sweep (`residuals.py`).
"""

from __future__ import annotations

import operator
from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import backprose_runtime
import numpy as np

from backprose import errors
from backprose.analysis.activity import carries_derivative, maybe_missing, maybe_unbound
from backprose.analysis.recording import overwritten_values
from backprose.analysis.versions import Versions
from backprose.ir.kinds import Residuals, Static, Tuple
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.walk import all_ops, clone, clone_op, defined_values, substitute
from backprose.transform import pairs
from backprose.transform.again import Replay
from backprose.transform.cotangents import Likes
from backprose.transform.derivatives import tidy
from backprose.transform.drop_dead import acts, drop_dead_ops
from backprose.transform.gradient import Request, return_loc, taken_apart
from backprose.transform.jvp import with_tangent
from backprose.transform.residuals import hand_out
from backprose.transform.reverse_loops import Sides, bring_back
from backprose.transform.segments import marked_in_blocks, without_marks
from backprose.transform.two_parts import two_parts
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference

PLAIN = {"keywords": (), "method": None}
ZEROS = frozenset({np.zeros, np.zeros_like, backprose_runtime.zeros_like})


def linear_parts(module: Module, engine: Inference, request: Request) -> Module:
    """Two entries: `f_forward` returns the value and the residuals, `f_linear` takes these and tangents."""
    fn = marked_in_blocks(taken_apart(module.entry, request))
    wrt = tuple(i for i in request.wrt if carries_derivative(fn.params[i].kind))
    pairs.register(engine, module)
    names = f"{fn.name}_forward", f"{fn.name}_linear"
    engine.derived["entry", fn.name] = names
    (pushed,) = with_tangent(engine, fn, wrt, request.guard_zeros, fn.name + request.suffix, request)
    made = in_parts(engine, tidy(without_marks(pushed)), len(fn.params), names, fn.name)
    return pairs.with_reachable(engine, *made)


def in_parts(
    engine: Inference, fn: Function, known: int, names: tuple[str, ...], of: str
) -> tuple[Function, Function]:
    """The parts of a function with its tangent, of which the parameters from `known` on are the tangents."""
    b = TypedBuilder(fn.loc)
    b.learn(fn.region)
    b.versions = Versions(fn.region)
    value, dot, *aux = b.parts[fn.result]
    depend = Dependence.of(engine, fn.region, fn.params[known:])
    split = Split(engine, depend, overwritten_values(all_ops(fn.region)) - depend.found)
    if not split.linear.isdisjoint((value, *aux)):
        raise errors.InternalError(f"the value of `{fn.name}` depends on tangents")
    split.likes = Likes(maybe_unbound(fn.region), maybe_missing(fn.region))
    primal, linear = split.sides(b, fn.region, fn.params[known:], (dot,))
    forward = Region(fn.params[:known], primal, (value, *aux))
    docs = (
        f"Value of `{of}` and what its linear function keeps.",
        f"Derivative of `{of}`, which is linear: the tangent of its value for tangents of its arguments.",
    )
    attrs = {"owned": ()} if "owned" in fn.attrs else {}
    value_owned = {"owned": (0,)} if fn.attrs.get("owned") == () else {}
    fn, loc = replace(fn, attrs=value_owned), return_loc(fn)
    first, second = two_parts(fn, forward, linear, split.likes, b.versions, names, docs, attrs, loc)
    return first, replace(second, region=_beside(second.region))


def _beside(region: Region) -> Region:
    """The region at the places of tangents: what it computes again is of no reverse sweep."""

    def op(op: Op) -> Op:
        return replace(op, loc=op.loc and replace(op.loc, sweep="tangent"), regions=tuple(map(_beside, op.regions)))

    return replace(region, ops=tuple(map(op, region.ops)))


@dataclass
class Dependence:
    """The values of a function that depend on those that are `found` at first."""

    engine: Inference
    found: set[Value]
    pairs: set[Value] = field(default_factory=set)  # results of calls that give a value, which does not depend, and its tangent

    @classmethod
    def of(cls, engine: Inference, region: Region, given: tuple[Value, ...]) -> Dependence:
        dependence, before = cls(engine, set(given)), -1
        while len(dependence.found) != before:
            before = len(dependence.found)
            dependence._spread(region)
        return dependence

    def _spread(self, region: Region) -> None:
        for op in region.ops:
            if op.name in ("for", "while"):
                self._enter(op)
            for inner in op.regions:
                self._spread(inner)
            if op.name == "invoke" and self.is_pair(op):
                self.pairs.add(op.result)
            if self.decides(op):
                self.found.update(op.results)
            elif op.name in ("for", "while"):
                self.found.update(r for r, v in zip(op.collected_results, op.collects) if v in self.found)
            elif op.regions:
                yields = zip(op.results, *(r.results for r in op.regions))
                self.found.update(result for result, *values in yields if not self.found.isdisjoint(values))

    def _enter(self, op: Op) -> None:
        self.found.update(item for item, xs in zip(op.items, op.iterables) if xs in self.found)
        for k, (init, after) in enumerate(zip(op.inits, op.yields)):
            if init in self.found or after in self.found:
                self.found.update((op.carried[k], op.results[k], *(r.params[k] for r in op.regions[:-1])))

    def decides(self, op: Op) -> bool:
        """Whether all that the op gives depends: on what it computes with, where it branches, how often it goes round."""
        if op.name == "for":
            return op.stop in self.found or (bool(op.iterables) and self.found.issuperset(op.iterables))
        if op.name == "while":
            return op.stop in self.found or op.regions[0].results[0] in self.found
        if op.fn is operator.getitem and op.operands[0] in self.pairs:
            return op.operands[1].kind != Static(0)
        return not self.found.isdisjoint(op.operands)

    def is_pair(self, op: Op) -> bool:
        """Whether the function that is called gives a value, of arguments that do not depend, and its tangent."""
        count = pairs.tangents_of(self.engine, op.attrs["callee"])
        return count is not None and self.found.isdisjoint(op.operands[:-count]) and not self.found.isdisjoint(op.operands)


def _is_constant(op: Op, twins: Container[Value]) -> bool:
    """Whether the op gives the same wherever it stands: a literal, zeros, or a container of such."""
    if op.name in ("tuple", "list", "dict", "record"):
        return all(v in twins for v in op.operands)
    return op.name in ("const", "unbound") or op.fn in ZEROS


def _without_zeros(op: Op, made: Mapping[Value, Op]) -> Op:
    """Zeros like zeros, made as these are."""
    like = made.get(op.operands[0]) if op.fn is np.zeros_like else None
    return replace(like, results=op.results) if like is not None and like.result.kind == op.result.kind else op


@dataclass
class Split:
    """One function being taken apart by what depends on tangents."""

    engine: Inference
    dependence: Dependence
    overwritten: set[Value]  # what is not at hand for the linear part unless it is copied
    local: set[Value] | None = None  # in a loop: what its body defines
    likes: Likes = field(default_factory=lambda: Likes(set()))
    invoked: dict[Value, tuple[Value, Op]] = field(default_factory=dict)  # pairs: of the forward part, and the linear call

    @property
    def linear(self) -> set[Value]:
        return self.dependence.found

    def sides(
        self, b: TypedBuilder, region: Region, params: tuple[Value, ...], results: tuple[Value, ...]
    ) -> tuple[tuple[Op, ...], Region]:
        """The ops of the primal part, and the linear part with these parameters and results, which is built with `b`."""
        twins: dict[Value, Value] = {}
        made: dict[Value, Op] = {}
        primal: list[Op] = []
        for op in region.ops:
            primal += self.op(b, op)
            if _is_constant(op, twins) and op.result not in self.linear:
                made[op.result] = _without_zeros(op, made)
                b.add(clone_op(made[op.result], twins))  # made anew where it is read: it is not kept
        linear = substitute(b.region((), results), twins)
        return tuple(primal), drop_dead_ops(replace(linear, params=tuple(params)))

    def op(self, b: TypedBuilder, op: Op) -> tuple[Op, ...]:
        """Build the linear part of an op; its primal part."""
        if not self.touches(op):
            return (op,)
        if op.name == "invoke" and op.result in self.dependence.pairs:
            return self._invoke(b, op)
        if op.fn is operator.getitem and op.operands[0] in self.invoked:
            return self._of_pair(b, op)
        if self.dependence.decides(op) or not op.regions:
            b.add(op)
            return ()
        outer = b.loc
        b.loc = op.loc
        try:
            return getattr(self, f"_{op.name}")(b, op)
        finally:
            b.loc = outer

    def touches(self, op: Op) -> bool:
        """Whether the op, or one in its regions, has to do with tangents."""
        ops = (op, *(inner for region in op.regions for inner in all_ops(region)))
        return any(not self.linear.isdisjoint((*inner.operands, *inner.results)) for inner in ops)

    def _invoke(self, b: TypedBuilder, op: Op) -> tuple[Op, ...]:
        """A call that is not inlined: its forward part also returns residuals, its linear part takes them."""
        known = len(op.operands) - pairs.tangents_of(self.engine, op.attrs["callee"])
        first, second = pairs.linear_parts(self.engine, op.attrs["callee"], known)
        residuals = Value("residuals", Residuals(first))
        pair, one = Value("", Tuple((op.result.kind.items[0], residuals.kind))), Value("", Static(1))
        call = replace(op, operands=(residuals, *op.operands[known:]), attrs={"callee": second})
        self.invoked[op.result] = pair, call
        return (
            replace(op, operands=op.operands[:known], results=(pair,), attrs={"callee": first}),
            Op("const", (), (one,), {"value": 1}, (), op.loc),
            Op("call", (pair, one), (residuals,), {"fn": operator.getitem, **PLAIN}, (), op.loc),
        )

    def _of_pair(self, b: TypedBuilder, op: Op) -> tuple[Op, ...]:
        """The value is part of what the forward part gives; the tangent is what the linear part gives."""
        pair, call = self.invoked[op.operands[0]]
        if op.result not in self.linear:
            return (replace(op, operands=(pair, op.operands[1])),)
        b.add(replace(call, results=op.results))
        return ()

    def _if(self, b: TypedBuilder, op: Op) -> tuple[Op, ...]:
        at = [i for i, v in enumerate(op.results) if v in self.linear]
        rest = [i for i in range(len(op.results)) if i not in at]
        primal, linear = [], []
        for region in op.regions:
            ops, other = self.sides(b.nested(), region, (), tuple(region.results[i] for i in at))
            primal.append(Region(region.params, ops, tuple(region.results[i] for i in rest)))
            linear.append(other)
        results = [op.results[i] for i in at]
        op = replace(op, results=tuple(op.results[i] for i in rest), regions=tuple(primal))
        op, linear = hand_out(op, linear, b, self.likes.missing, self.overwritten, self.local)
        if results or any(map(acts, (o for region in linear for o in region.ops))):
            b.op(op.name, [b.context(v) for v in op.operands], results, linear, **op.attrs)
        return (op,)

    def _with(self, b: TypedBuilder, op: Op) -> tuple[Op, ...]:
        return self._again(b, op) if "again" in op.attrs else self._if(b, op)

    def _again(self, b: TypedBuilder, op: Op) -> tuple[Op, ...]:
        """A checkpoint keeps nothing of what is in it: the linear part runs it again, along with the tangents."""
        at = [i for i, v in enumerate(op.results) if v in self.linear]
        rest = [i for i in range(len(op.results)) if i not in at]
        ops, linear = self.sides(b.nested(), op.body, (), tuple(op.body.results[i] for i in at))
        run, rerun, drawn = Replay(self.engine).split(Region((), ops, tuple(op.body.results[i] for i in rest)))
        mapping = {v: Value(v.name, v.kind) for v in drawn}
        first = replace(
            op, results=(*(op.results[i] for i in rest), *mapping.values()),
            regions=(replace(run, results=(*run.results, *drawn)),),
        )  # fmt: skip
        once_more = clone(Region((), rerun.ops, ()), mapping)
        linear = substitute(linear, mapping)
        linear = drop_dead_ops(replace(linear, ops=(*once_more.ops, *linear.ops)))
        b.op("with", (), [op.results[i] for i in at], [linear], again=op.attrs["again"] + "_linear")
        return (first,)

    def _for(self, b: TypedBuilder, op: Op) -> tuple[Op, ...]:
        known = [k for k, v in enumerate(op.carried_results) if v not in self.linear]
        moving = [k for k, v in enumerate(op.carried_results) if v in self.linear]
        listed = [j for j, v in enumerate(op.collected_results) if v not in self.linear]
        tangents = [j for j, v in enumerate(op.collected_results) if v in self.linear]
        over = [i for i, v in enumerate(op.iterables) if v not in self.linear]
        around, self.local = self.local, defined_values(op.body)
        params = tuple(op.carried[k] for k in moving)
        results = (*(op.yields[k] for k in moving), *(op.collects[j] for j in tangents))
        ops, linear = self.sides(b.nested(), op.body, params, results)
        self.local = around

        stop = () if op.stop is None else (op.stop,)
        body = Region(
            (*(op.items[i] for i in over), *(op.carried[k] for k in known)), ops,
            (*stop, *(op.yields[k] for k in known), *(op.collects[j] for j in listed)),
        )  # fmt: skip
        cond = [replace(r, params=tuple(r.params[k] for k in known)) for r in op.regions[:-1]]
        attrs = {**op.attrs, "collected": len(listed), **({"iterables": len(over)} if op.name == "for" else {})}
        primal = replace(
            op, operands=(*(op.iterables[i] for i in over), *(op.inits[k] for k in known)), attrs=attrs, regions=(*cond, body),
            results=(*(op.carried_results[k] for k in known), *(op.collected_results[j] for j in listed)),
        )  # fmt: skip
        iterables = [(v, item) for v, item in zip(op.iterables, op.items) if v in self.linear]
        sides = Sides(primal, linear, iterables, backwards=False)
        bring_back(b, sides, None, self.likes.missing, self.overwritten)
        out = [*(op.carried_results[k] for k in moving), *(op.collected_results[j] for j in tangents)]
        if out or any(map(acts, sides.reverse.ops)):
            items = [item for _, item in sides.iterables]
            region = replace(sides.reverse, params=(*items, *sides.reverse.params))
            operands = [*(xs for xs, _ in sides.iterables), *(op.inits[k] for k in moving)]
            b.op("for", operands, out, [region], iterables=len(items), collected=len(tangents), stops=False)
        return (*sides.before, sides.op)

    _while = _for
