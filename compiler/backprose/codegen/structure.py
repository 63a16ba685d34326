"""From the IR's regions to statements: loops and branches with assignments, `break` and `return`.

A region ends with what its *tail* makes of its results: copies to the variables of a branch or a loop, a `break`, a
`return`. Where the flag that stops a loop is the result of the last `if`, the tail is moved into its branches,
and the flag is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from backprose.analysis.statements import (
    Append, Break, Copy, Do, For, If, NewList, Return, Statement, Update, While, With,
)  # fmt: skip
from backprose.codegen.folding import Folds, is_update
from backprose.ir.nodes import Function, Loc, Op, Region, Value

Values = tuple[Value, ...]


class Tail:
    """What happens to a region's results. `sinks(result)`: whether that result should be known, branch by branch."""

    def __init__(self, make: Callable[[Values], list[Statement]], sinks: Callable[[int], bool] = lambda i: False):
        self.make, self.sinks = make, sinks


def structure(function: Function, folds: Folds) -> list[Statement]:
    """The statements of a function's body. Fills in `folds.same`."""
    lowering = _Lowering(folds)
    loc = function.loc
    last = function.ops[-1].loc if function.ops else loc

    def returns(results: Values) -> list[Statement]:
        return [Return(lowering.place(results[0]) or last, results[0])]

    named = function.result.name
    tail = Tail(returns, lambda i: not named)
    return lowering.region(function.region, tail)


class _Lowering:
    def __init__(self, folds: Folds):
        self.folds = folds
        self.placed: dict[Value, Loc | None] = {}

    def place(self, value: Value) -> Loc | None:
        """The source position of a folded value's expression."""
        op = self.folds.folded.get(value)
        return op.loc if op is not None else None

    # Regions
    def region(self, region: Region, tail: Tail, appends: dict[Value, list[Append]] | None = None) -> list[Statement]:
        appends = appends or {}
        block: list[Statement] = [a for p in region.params for a in appends.get(p, ())]
        ops = [op for op in region.ops if not self.is_folded(op)]
        sunk = ops[-1] if ops and self.may_sink(ops[-1], region.results, tail) else None
        for op in ops if sunk is None else ops[:-1]:
            block += self.op(op)
            for value in op.results:
                block += appends.get(value, ())
        if sunk is not None:
            return block + self.sink(sunk, region.results, tail)
        return block + tail.make(region.results)

    def is_folded(self, op: Op) -> bool:
        return bool(op.results) and all(v in self.folds.folded or v in self.unpacked for v in op.results)

    @property
    def unpacked(self) -> set[Value]:
        if not hasattr(self, "_unpacked"):
            self._unpacked = {t for ts in self.folds.unpacked.values() for t in ts if t is not None}
        return self._unpacked

    def may_sink(self, op: Op, results: Values, tail: Tail) -> bool:
        if op.name != "if" or op in self.folds.forms:
            return False
        made = set(op.results)
        if not any(v in made and tail.sinks(i) for i, v in enumerate(results)):
            return False
        # An expression over the branches' results would have to be written in each of them.
        return not any(leaf in made for v in results if v not in made for leaf in self.folds.leaves(v))

    def sink(self, op: Op, results: Values, tail: Tail) -> list[Statement]:
        def branch(region: Region) -> tuple[Statement, ...]:
            def through(yields: Values) -> Values:
                found = dict(zip(op.results, yields))
                return tuple(found.get(v, v) for v in results)

            def sinks(i: int) -> bool:
                return any(v is op.results[i] and tail.sinks(k) for k, v in enumerate(results))

            return tuple(self.region(region, Tail(lambda yields: tail.make(through(yields)), sinks)))

        return [If(op.loc, op.operands[0], branch(op.regions[0]), branch(op.regions[1]))]

    # Ops
    def op(self, op: Op) -> list[Statement]:
        if op in self.folds.forms:
            return [self.expression_statement(op)]
        method = getattr(self, "on_" + op.name, None)
        if method is not None:
            return method(op)
        if is_update(op) and op.operands[0] not in self.folds.folded:
            return [Update(op.loc, op)]
        return [Do(op.loc, op)]

    def expression_statement(self, op: Op) -> Statement:
        inner = Value("", op.result.kind)
        self.folds.folded[inner] = op
        return Copy(op.loc, op.results, (inner,))

    def copy(self, loc: Loc | None, targets: Sequence[Value], sources: Sequence[Value]) -> list[Statement]:
        """The assignments that are needed; a variable that is not bound stays so."""
        pairs = []
        for target, source in zip(targets, sources):
            target = self.folds.variable(target)
            if not self.folds.is_unbound(source) and self.folds.variable(source) is not target:
                pairs.append((target, source if source in self.folds.folded else self.folds.variable(source)))
        if not pairs:
            return []
        return [Copy(loc, tuple(t for t, _ in pairs), tuple(s for _, s in pairs))]

    def branch(self, op: Op, region: Region) -> tuple[Statement, ...]:
        last = region.ops[-1].loc if region.ops else op.loc
        return tuple(self.region(region, Tail(lambda yields: self.copy(last, op.results, yields))))

    def on_if(self, op: Op) -> list[Statement]:
        return [If(op.loc, op.operands[0], self.branch(op, op.regions[0]), self.branch(op, op.regions[1]))]

    def on_with(self, op: Op) -> list[Statement]:
        return [With(op.loc, op.operands, self.branch(op, op.regions[0]))]

    def on_for(self, op: Op) -> list[Statement]:
        self.tie(op.carried, op.carried_results)
        before = self.before_loop(op)
        targets = tuple(t for item in op.items for t in self.folds.targets(item))
        return [*before, For(op.loc, op, targets, tuple(self.body(op)))]

    def on_while(self, op: Op) -> list[Statement]:
        self.tie(op.carried, op.carried_results)
        self.tie(op.carried, op.regions[0].params)
        before = self.before_loop(op)
        condition: list[Value] = []

        def test(results: Values) -> list[Statement]:
            condition.append(results[0])
            return []

        setup = self.region(op.regions[0], Tail(test))
        forever = self.folds.constant(condition[0]) is True
        return [*before, While(op.loc, tuple(setup), None if forever else condition[0], tuple(self.body(op)))]

    def tie(self, params: Sequence[Value], others: Sequence[Value]) -> None:
        self.folds.same.update(zip(others, params))

    def before_loop(self, op: Op) -> list[Statement]:
        lists = [NewList(op.loc, v) for v in op.collected_results]
        return [*lists, *self.copy(op.loc, op.carried, op.inits)]

    def body(self, op: Op) -> list[Statement]:
        """The body; a collected value is appended where it is defined, if that is at the top level."""
        defined = {*op.body.params, *(v for inner in op.body.ops if not self.is_folded(inner) for v in inner.results)}
        defined |= self.unpacked.intersection(v for inner in op.body.ops for v in inner.results)
        last = op.body.ops[-1] if op.body.ops else None
        if last is not None and last.regions:
            defined -= set(last.results)
        early: dict[Value, list[Append]] = {}
        late: list[tuple[int, Value]] = []
        first = len(op.body.results) - len(op.collected_results)
        for i, (result, value) in enumerate(zip(op.collected_results, op.collects)):
            if value in defined and value not in self.unpacked:
                early.setdefault(value, []).append(Append(op.loc, result, value))
            else:
                late.append((first + i, result))

        def tail(results: Values) -> list[Statement]:
            end = op.body.ops[-1].loc if op.body.ops else op.loc
            appends = [Append(end, result, results[i]) for i, result in late]
            start = 1 if op.attrs["stops"] else 0
            copies = self.copy(end, op.carried, results[start : start + len(op.inits)])
            if not start:
                return [*appends, *copies]
            stop = self.folds.constant(results[0])
            if stop is True:
                return [*appends, *copies, Break(end)]
            if stop is False:
                return [*appends, *copies]
            return [*appends, If(self.place(results[0]) or end, results[0], (*copies, Break(end)), ()), *copies]

        return self.region(op.body, Tail(tail, lambda i: i == 0 and op.attrs["stops"]), early)
