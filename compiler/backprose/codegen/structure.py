"""From the IR's regions to statements: loops and branches with assignments, `break` and `return`.

A region ends with what its *tail* makes of its results: copies to the variables of a branch or a loop, a `break`, a
`return`. Flags go where they are known. The flag that stops a loop, yielded by the last `if`, is settled by moving the
tail into the branches. A flag that guards the rest of a region (`if flag {leave} else {rest}`) is settled where it is
set: there stands the jump, and the rest follows unguarded. So `break`, `continue` and `return` come back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from backprose.analysis.ownership import buffer_of, holds_memory, is_adjoint, is_update
from backprose.analysis.statements import (
    Append,
    Break,
    Continue,
    Copy,
    Do,
    For,
    Forget,
    If,
    NewList,
    Return,
    Statement,
    Update,
    While,
    With,
    ends,
)  # fmt: skip
from backprose.codegen.folding import RESULT, Folds
from backprose.ir.nodes import Function, Loc, Op, Region, Value
from backprose.ir.walk import free_values, use_counts
from backprose.rules.registry import has_effect

Values = tuple[Value, ...]


class Tail:
    """What happens to a region's results.

    `sinks(i)`: whether result i should be known, branch by branch. `continues`: what follows is the loop's next
    iteration, so that the tail may stand anywhere in the body, with a `continue` behind it.
    """

    def __init__(
        self,
        make: Callable[[Values], list[Statement]],
        sinks: Callable[[int], bool] = lambda i: False,
        continues: bool = False,
    ):
        self.make, self.sinks, self.continues = make, sinks, continues


class _Unknown(Exception):
    """A flag that is not known where it would have to be; it stays a variable."""


def structure(function: Function, folds: Folds, histories: Mapping[Value, Value] = {}) -> list[Statement]:  # noqa: B006 - read only
    """The statements of a function's body. Fills in `folds.same`."""
    lowering = _Lowering(folds, use_counts(function.region), histories)

    def returns(results: Values) -> list[Statement]:
        return [Return(lowering.place(results[0]), results[0])]

    # `result` is what lowering calls the merged values of several `return` statements.
    tail = Tail(returns, lambda i: function.result.name in ("", RESULT))
    return lowering.region(function.region, tail)


def delay_yields(function: Function) -> Function:
    """Compute each adjoint that a region only yields last, after all that reads its former value.

    Nothing within the region reads such a value, so the order is free; this one needs no second name for it.
    """
    region = _delayed(function.region)
    return function if region is function.region else replace(function, region=region)


def _delayed(region: Region) -> Region:
    ops = tuple([op.reading(op.operands, tuple(map(_delayed, op.regions))) if op.regions else op for op in region.ops])
    yielded = set(region.results)
    former = {
        op: found for op in ops
        if op.name == "call" and op.result in yielded and not has_effect(op.fn)
        and (found := [v for v in op.operands if is_adjoint(v) and op.result.name in ("", v.name)])
    }  # fmt: skip
    if not former:
        return region if ops == region.ops else Region(region.params, ops, region.results)
    last_read = {v: i for i, op in enumerate(ops) for v in (*op.operands, *free_values(*op.regions))}

    def is_delayed(i: int, op: Op) -> bool:
        return op in former and op.result not in last_read and any(last_read[v] > i for v in former[op])

    now: list[Op] = []
    last: list[Op] = []
    for i, op in enumerate(ops):
        (last if is_delayed(i, op) else now).append(op)
    return Region(region.params, (*now, *last), region.results)


class _Lowering:
    def __init__(self, folds: Folds, uses: Counter[Value], histories: Mapping[Value, Value]):
        self.folds, self.uses, self.histories = folds, uses, histories
        self.false = Value()
        folds.folded[self.false] = Op("const", (), (self.false,), {"value": False})
        self.unpacked = {t for ts in folds.unpacked.values() for t in ts if t is not None}

    def place(self, value: Value) -> Loc | None:
        """The source position of a folded value's expression."""
        op = self.folds.folded.get(value)
        return op.loc if op is not None else None

    # Regions
    def region(self, region: Region, tail: Tail, appends: dict[Value, list[Append]] | None = None) -> list[Statement]:
        appends = appends or {}
        block: list[Statement] = [a for p in region.params for a in appends.get(p, ())]
        turns = [op for op in region.ops if op.name == "same"]
        if turns:
            block += self.copy(turns[0].loc, [op.result for op in turns], [op.operands[0] for op in turns])
            block += [replace(a, loc=op.loc) for op in turns for a in appends.get(op.result, ())]
        ops = [op for op in region.ops if not self.is_folded(op) and op.name != "same"]
        for i, op in enumerate(ops):
            if i == len(ops) - 2 and self.is_guard(ops[-1], op, region.results):
                try:
                    return block + self.guarded(op, ops[-1], region.results, tail, appends)
                except _Unknown:
                    pass
            kept_here = bool(appends) and any(appends.get(v) for v in op.results)
            if op is ops[-1] and not kept_here and self.may_sink(op, region.results, tail):
                return block + self.sink(op, region.results, tail)
            if self.is_only_appended(op, appends):
                self.folds.folded[op.result] = op
            else:
                block += self.op(op)
            for value in op.results if appends else ():
                block += [replace(a, loc=op.loc) for a in appends.get(value, ())]
        return block + tail.make(region.results)

    def is_folded(self, op: Op) -> bool:
        return bool(op.results) and all(v in self.folds.folded or v in self.unpacked for v in op.results)

    def is_only_appended(self, op: Op, appends: dict[Value, list[Append]]) -> bool:
        if op.regions or len(op.results) != 1 or is_update(op):
            return False
        return not op.result.name and self.uses[op.result] == 1 and op.result in appends

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

            return tuple(self.region(region, Tail(lambda yields: tail.make(through(yields)), sinks, tail.continues)))

        return [If(op.loc, op.operands[0], branch(op.regions[0]), branch(op.regions[1]))]

    # Flags that guard the rest of a region
    def is_guard(self, op: Op, before: Op, results: Values) -> bool:
        """Whether the `if` does nothing but yield where a flag that the op before it has set is true."""
        if op.name != "if" or op in self.folds.forms or before.name not in ("if", "for", "while"):
            return False
        flag = op.operands[0]
        then = op.regions[0]
        reads = 1 + sum(v is flag for v in (*then.results, *results))
        return flag in before.results and self.uses[flag] == reads and all(map(self.is_folded, then.ops))

    def guarded(
        self, op: Op, guard: Op, results: Values, tail: Tail, appends: dict[Value, list[Append]]
    ) -> list[Statement]:
        """The op with jumps where it sets the flag, and what the guard kept from running then."""
        if any(appends.get(v) for v in (*op.results, *guard.results)):
            raise _Unknown
        flag = guard.operands[0]
        index = op.results.index(flag)

        def out_of_guard(yields: Values) -> Values:
            return self.through(guard.results, yields, results)

        def leave(yields: Values) -> list[Statement]:
            reached = self.through(op.results[: len(yields)], yields, out_of_guard(guard.regions[0].results))
            return tail.make(reached)

        def sinks(i: int) -> bool:
            return any(v is guard.results[i] and tail.sinks(k) for k, v in enumerate(results))

        def fall(yields: Values) -> list[Statement]:
            return tail.make(tuple(self.false if v is flag else v for v in out_of_guard(yields)))

        rest_tail = Tail(fall, sinks, tail.continues)
        if op.name == "if":
            first = self.guarded_if(op, index, leave, tail)
        else:
            first = self.loop(op, index, leave)
        return [*first, *self.region(guard.regions[1], rest_tail)]

    def through(self, made: Values, yields: Values, results: Values) -> Values:
        """The results with what an op made replaced by what one of its regions yields."""
        found = dict(zip(made, yields))
        if any(leaf in found for v in results if v not in found for leaf in self.folds.leaves(v)):
            raise _Unknown
        return tuple(found.get(v, v) for v in results)

    def guarded_if(self, op: Op, index: int, leave: Callable[[Values], list[Statement]], tail: Tail) -> list[Statement]:
        others = [i for i in range(len(op.results)) if i != index]

        def branch(region: Region) -> tuple[Statement, ...]:
            last = region.ops[-1].loc if region.ops else op.loc

            def make(yields: Values) -> list[Statement]:
                flag = self.folds.constant(yields[index])
                if flag is False:
                    return self.copy(last, [op.results[i] for i in others], [yields[i] for i in others])
                if flag is not True:
                    raise _Unknown
                block = leave(yields)
                if not ends(block):
                    if not tail.continues:
                        raise _Unknown
                    block.append(Continue(None))
                return block

            return tuple(self.region(region, Tail(make, lambda i: i == index)))

        return [If(op.loc, op.operands[0], branch(op.regions[0]), branch(op.regions[1]))]

    # Ops
    def op(self, op: Op) -> list[Statement]:
        if op in self.folds.forms:
            return [self.expression_statement(op)]
        method = getattr(self, "on_" + op.name, None)
        if method is not None:
            return method(op)
        if is_update(op) and buffer_of(op) not in self.folds.folded:
            return [Update(op.loc, op)]
        return [Do(op.loc, op)]

    def expression_statement(self, op: Op) -> Statement:
        inner = Value("", op.result.kind)
        self.folds.folded[inner] = op
        return Copy(op.loc, op.results, (inner,))

    def copy(self, loc: Loc | None, targets: Sequence[Value], sources: Sequence[Value]) -> list[Statement]:
        """The assignments that are needed; a variable that is not bound stays so."""
        pairs = []
        forgotten = []
        for target, source in zip(targets, sources):
            target = self.folds.variable(target)
            if self.folds.is_unbound(source):
                forgotten.append(target)
            if not self.folds.is_unbound(source) and self.folds.variable(source) is not target:
                pairs.append((target, source if source in self.folds.folded else self.folds.variable(source)))
        block: list[Statement] = []
        if pairs:
            block.append(Copy(loc, tuple(t for t, _ in pairs), tuple(s for _, s in pairs)))
        if forgotten:
            # Behind the copies, which may still read what the variable held.
            block.append(Forget(loc, tuple(forgotten)))
        return block

    def branch(self, op: Op, region: Region) -> tuple[Statement, ...]:
        last = region.ops[-1].loc if region.ops else op.loc
        return tuple(self.region(region, Tail(lambda yields: self.copy(last, op.results, yields))))

    def on_if(self, op: Op) -> list[Statement]:
        return [If(op.loc, op.operands[0], self.branch(op, op.regions[0]), self.branch(op, op.regions[1]))]

    def on_with(self, op: Op) -> list[Statement]:
        return [With(op.loc, op.operands, self.branch(op, op.regions[0]))]

    def on_for(self, op: Op) -> list[Statement]:
        return self.loop(op)

    def on_while(self, op: Op) -> list[Statement]:
        return self.loop(op)

    def loop(self, op: Op, flag: int | None = None, leave: Callable[[Values], list[Statement]] | None = None) -> list[Statement]:
        """The loop. Carried value `flag` has no variable: where it becomes true, `leave` returns from the function."""
        if flag is not None:
            self.check_flag(op, flag)
        self.folds.same.update(zip(op.carried_results, op.carried))
        kept = [i for i in range(len(op.inits)) if i != flag]
        before: list[Statement] = [NewList(op.loc, v, self.histories.get(v)) for v in op.collected_results]
        before += self.copy(op.loc, [op.carried[i] for i in kept], [op.inits[i] for i in kept])
        if op.name == "for":
            targets = tuple(t for item in op.items for t in self.folds.targets(item))
            # Python's iterator reads a list or an array until the end, so it must not be updated meanwhile.
            held = tuple(v for v in op.iterables if holds_memory(v.kind))
            return [*before, For(op.loc, op, targets, tuple(self.body(op, kept, flag, leave)), held)]
        self.folds.same.update(zip(op.regions[0].params, op.carried))
        condition: list[Value] = []

        def test(results: Values) -> list[Statement]:
            condition.append(results[0])
            return []

        setup = self.region(op.regions[0], Tail(test))
        forever = self.folds.constant(condition[0]) is True
        body = self.body(op, kept, flag, leave)
        return [*before, While(op.loc, tuple(setup), None if forever else condition[0], tuple(body))]

    def check_flag(self, op: Op, flag: int) -> None:
        if flag >= len(op.inits):
            raise _Unknown
        params = [op.carried[flag]] + ([op.regions[0].params[flag]] if op.name == "while" else [])
        if self.folds.constant(op.inits[flag]) is not False or any(self.uses[p] for p in params):
            raise _Unknown

    def body(
        self, op: Op, kept: Sequence[int], flag: int | None, leave: Callable[[Values], list[Statement]] | None
    ) -> list[Statement]:
        """The body. A flag that is set only where the loop is left is not reset to what it was in other iterations."""
        folded = dict(self.folds.folded)
        going_on: list[Values] = []
        block = self.iteration(op, kept, flag, leave, going_on)
        steady = {i for i in kept if all(self.is_steady(op, i, carried) for carried in going_on)}
        if not steady:
            return block
        self.folds.folded = folded
        return self.iteration(op, kept, flag, leave, [], steady)

    def is_steady(self, op: Op, i: int, carried: Values) -> bool:
        """Whether carried value i is still the literal that it was before the loop."""
        before, after = self.folds.constant(op.inits[i]), self.folds.constant(carried[i])
        return type(before) is bool and before is after

    def iteration(
        self,
        op: Op,
        kept: Sequence[int],
        flag: int | None,
        leave: Callable[[Values], list[Statement]] | None,
        going_on: list[Values],
        steady: Collection[int] = (),
    ) -> list[Statement]:
        """The body; a collected value is appended where it is defined, if that is at the top level. `going_on` receives
        what the paths that do not leave the loop carry; there those that are `steady` are not assigned."""
        early, late = self.appends(op)
        end = op.body.ops[-1].loc if op.body.ops else op.loc
        start = 1 if op.attrs["stops"] else 0

        def tail(results: Values) -> list[Statement]:
            block: list[Statement] = [Append(end, result, results[i]) for i, result in late]
            carried = results[start : start + len(op.inits)]
            if flag is not None:
                returned = self.folds.constant(carried[flag])
                if returned is True:
                    block += leave(carried)
                    if not block or not isinstance(block[-1], Return):
                        raise _Unknown
                    return block
                if returned is not False:
                    raise _Unknown
            copies = self.copy(end, [op.carried[i] for i in kept], [carried[i] for i in kept])
            stop = self.folds.constant(results[0]) if start else False
            if stop is True:
                return [*block, *copies, Break(None)]
            going_on.append(carried)
            if stop is not False:
                block.append(If(self.place(results[0]) or end, results[0], (*copies, Break(None)), ()))
            moved = [i for i in kept if i not in steady]
            return [*block, *self.copy(end, [op.carried[i] for i in moved], [carried[i] for i in moved])]

        known = {0} if start else set()
        if flag is not None:
            known.add(start + flag)
        return self.region(op.body, Tail(tail, known.__contains__, continues=True), early)

    def appends(self, op: Op) -> tuple[dict[Value, list[Append]], list[tuple[int, Value]]]:
        """Appends by the value after whose definition they stand, and the yields that are appended at the end."""
        defined = {*op.body.params}
        printed = [inner for inner in op.body.ops if not self.is_folded(inner)]
        for inner in printed:
            if not (inner.regions and inner is printed[-1]):
                defined.update(inner.results)
        early: dict[Value, list[Append]] = {}
        late: list[tuple[int, Value]] = []
        first = len(op.body.results) - len(op.collected_results)
        for i, (result, value) in enumerate(zip(op.collected_results, op.collects)):
            if value in self.folds.folded and op.body.params and self.reads_only(value, op.body.params):
                early.setdefault(op.body.params[0], []).append(Append(op.loc, result, value))
            elif value in defined:
                early.setdefault(value, []).append(Append(op.loc, result, value))
            else:
                late.append((first + i, result))
        return early, late

    def reads_only(self, value: Value, params: Values) -> bool:
        leaves = list(self.folds.leaves(value))
        return bool(leaves) and all(leaf in params for leaf in leaves)
