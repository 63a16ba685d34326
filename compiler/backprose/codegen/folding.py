"""Folding: which values are written inside their reader's expression instead of getting a variable.

A temporary that is read once is folded where a person would: within its region, up to a readable length, and not past
anything that would force what it reads to keep its old value under another name. Any choice is correct, since
liveness is computed after it; this one is for the eye.
"""

from __future__ import annotations

import operator
from collections.abc import Iterator
from dataclasses import dataclass, field

import backprose_runtime
import numpy as np

from backprose.analysis.ownership import LIST_UPDATES, PLACES, STORES, buffer_of, is_adjoint, is_deep, is_update
from backprose.codegen.repeated import CHEAP, LIMIT, SUMS, Expression, Repeated
from backprose.codegen.sizes import atom_size, name_size, own_size
from backprose.codegen.unpacking import elements
from backprose.ir.kinds import Array, List, Scalar, Tuple
from backprose.ir.nodes import Function, Module, Op, Region, Value
from backprose.ir.walk import all_ops, defined_values, use_counts
from backprose.rules.registry import has_effect

# What lowering calls the flags and merged values that stand for `break`, `continue` and `return`.
JUMPS = frozenset({"stop", "jumped", "returned", "stopped"})
RESULT = "result"

ATOMS = ("const", "unbound", "global")
COPIES = frozenset({np.ndarray.copy, backprose_runtime.copy_of})
VIEWS = frozenset({operator.getitem, np.transpose, np.swapaxes, backprose_runtime.get_at})


def effectful_functions(module: Module) -> frozenset[str]:
    """Names of the functions that do something besides returning, directly or through others."""
    calls = {
        name: {op.attrs["callee"] for op in all_ops(function.region) if op.name == "invoke"}
        for name, function in module.functions.items()
    }
    found = {
        name
        for name, function in module.functions.items()
        for op in all_ops(function.region)
        if op.name in ("raise", "with") or (op.name == "call" and has_effect(op.fn))
    }
    while more := {name for name in calls if name not in found and calls[name] & found}:
        found |= more
    return frozenset(found)


def is_merged(value: Value) -> bool:
    """Whether lowering made the value up: it is read only where it is bound."""
    return value.name in JUMPS or value.name in (RESULT, "")


@dataclass
class Folds:
    """What has no variable of its own, and how some ops are printed."""

    folded: dict[Value, Op] = field(default_factory=dict)
    same: dict[Value, Value] = field(default_factory=dict)  # a loop's results and parameters are one variable
    unpacked: dict[Value, list[Value | None]] = field(default_factory=dict)  # item -> the targets that take it apart
    enumerated: dict[Value, Value] = field(default_factory=dict)  # range(len(xs)) -> xs
    forms: dict[Op, str] = field(default_factory=dict)  # an op with regions that is an expression: "if", "and", "or", "list"

    def variable(self, value: Value) -> Value:
        return self.same.get(value, value)

    def leaves(self, value: Value) -> list[Value]:
        """The variables that the value's expression reads."""
        op = self.folded.get(value)
        if op is None:
            return [self.variable(value)]
        found = [leaf for operand in op.operands for leaf in self.leaves(operand)]
        if op.regions:
            bound = set(self.bound_by(op))
            results = [result for region in op.regions for result in region.results]
            found += [leaf for result in results for leaf in self.leaves(result) if leaf not in bound]
        return found

    def scoped(self, value: Value) -> list[Value]:
        """The variables that are bound within the value's expression."""
        op = self.folded.get(value) if self.forms else None
        if op is None:
            return []
        found = [inner for operand in op.operands for inner in self.scoped(operand)]
        if op.regions:
            found += self.bound_by(op)
            found += [inner for region in op.regions for result in region.results for inner in self.scoped(result)]
        return found

    def bound_by(self, op: Op) -> Iterator[Value]:
        for item in op.items if op.name == "for" else ():
            yield from self.targets(item)

    def targets(self, item: Value) -> Iterator[Value]:
        """The variables that the loop's header binds for an item."""
        if item not in self.unpacked:
            yield item
            return
        for target in self.unpacked[item]:
            if target is not None:
                yield from self.targets(target)

    def constant(self, value: Value) -> object:
        """The value of a `const`, else NotImplemented."""
        op = self.folded.get(value)
        return op.attrs["value"] if op is not None and op.name == "const" else NotImplemented

    def is_unbound(self, value: Value) -> bool:
        op = self.folded.get(value)
        return op is not None and op.name == "unbound"


Pending = dict[Value, Expression]


def fold(function: Function, effects: frozenset[str] = frozenset(), expressions: bool = True) -> Folds:
    """Write temporaries that are read once within the expression that reads them.

    `effects` names the functions of the module that have effects. Without `expressions` only literals and names are folded.
    """
    walk = (_Folder if expressions else _Atoms)(function, effects)
    walk.drop_unread(function.region)
    walk.region(function.region)
    return walk.folds


class _Folder:
    def __init__(self, function: Function, effects: frozenset[str]):
        self.effects = effects
        self.uses = use_counts(function.region)
        self.folds = Folds()
        self.known: dict[Value, Expression] = {}  # of every folded value
        self.defs = {v: op for op in all_ops(function.region) for v in op.results}
        self.circuits: set[Value] = set()  # conditions that are read as a condition and as the yield of `and`, `or`
        self.taken_apart: set[Value] = set()
        self.parts = {op.result for ops in elements(function).values() for op in ops}  # assigned together
        self.loose: set[Value] = set()  # named, but folded as if they were not
        self.repeated = Repeated(function, self.uses, self.known, self.circuits)
        for op in all_ops(function.region):
            if op.name in ("for", "while"):
                self.find_swaps(op)
            if op.name == "for":
                self.find_enumerate(op)
                shares = [v for v in op.collects if is_adjoint(v) and self.uses[v] == 1]
                self.loose.update(shares if op.in_reverse else ())
                for item in op.items:
                    self.find_unpacking(item, op.body)
            elif is_update(op) and op.fn in SUMS and op.operands[1].name == op.result.name != "":
                self.loose.add(op.operands[1])  # one contribution to an adjoint
            elif op.fn is backprose_runtime.add_at and is_adjoint(op.operands[2]):
                self.loose.add(op.operands[2])
            elif op.fn in STORES and op.in_reverse and is_adjoint(op.operands[1]):
                self.loose.add(op.operands[1])  # all that is stored, as a contribution is all that is added
            elif op.fn in COPIES and op.operands[0].name == op.result.name:
                self.loose.add(op.operands[0])
            elif op.name == "if" and len(op.results) == 1 and _circuit(op):
                self.circuits.add(op.operands[0])

    # What loops print in their own way
    def find_enumerate(self, op: Op) -> None:
        if len(op.iterables) != 2:
            return
        counter, xs = op.iterables
        span = self.defs.get(counter)
        if span is None or span.fn is not range or self.uses[counter] != 1:
            return
        *start, stop = span.operands
        length = self.defs.get(stop)
        if start and not (len(start) == 1 and self.const(start[0]) == 0):
            return
        if length is not None and length.fn is len and length.operands == (xs,) and self.uses[stop] == 1:
            self.folds.enumerated[counter] = xs
            for value, made in ((counter, span), (stop, length)):
                self.folds.folded[value] = made
                self.known[value] = Expression(made, 0)
            self.uses[xs] -= 1

    def const(self, value: Value) -> object:
        op = self.defs.get(value)
        return op.attrs["value"] if op is not None and op.name == "const" else None

    def find_unpacking(self, item: Value, body: Region) -> None:
        if not isinstance(item.kind, Tuple):
            return
        targets: list[Value | None] = [None] * len(item.kind.items)
        reads = [op for op in body.ops if op.fn is operator.getitem and op.operands[0] is item]
        for read in reads:
            index = self.const(read.operands[1])
            if type(index) is not int or not 0 <= index < len(targets) or targets[index] is not None:
                return
            targets[index] = read.result
        found = [t for t in targets if t is not None]
        if len(reads) != self.uses[item] or not any(t.name or "kept" in self.defs[t].attrs for t in found):
            return
        self.folds.unpacked[item] = targets
        self.taken_apart.update(found)
        for target in found:
            self.find_unpacking(target, body)

    def find_swaps(self, op: Op) -> None:
        """In `u, v = v, u + v` the old v is passed on, so the new one is better not a statement of its own before."""
        for i, (param, value) in enumerate(zip(op.carried, op.yields)):
            if param in op.yields[:i] or param in op.yields[i + 1 :]:
                self.loose.add(value)

    def drop_unread(self, region: Region) -> None:
        """Containers that nobody reads are not written; each may have been the only reader of another."""
        for op in reversed(region.ops):
            if op.name == "call":
                continue
            for inner in op.regions:
                self.drop_unread(inner)
            if op.name in ("tuple", "list", "dict", "getattr") and not self.uses[op.result]:
                self.folds.folded[op.result] = op
                self.uses.subtract(op.operands)

    # Regions and ops
    def region(self, region: Region) -> None:
        pending: Pending = {}
        sweep = ""
        for op in region.ops:
            if op.loc is not None and op.loc.sweep != sweep:
                sweep = op.loc.sweep
                if sweep:
                    pending.clear()  # what the forward sweep computes is not written into the reverse sweep
            if op.results and (op.results[0] in self.taken_apart or op.results[0] in self.folds.folded):
                continue
            self.step(op, pending)
        for value in region.results:
            if value in pending and (value in self.loose or not self.is_accumulation(pending[value].op)):
                self.take(value, pending)

    def is_accumulation(self, op: Op) -> bool:
        """Whether the op updates an adjoint, which is a statement even where it is only yielded."""
        return is_update(op) and is_adjoint(buffer_of(op))

    def is_sum(self, op: Op) -> bool:
        """Whether the op adds to an adjoint; if more is added to the result, that is a statement of its own."""
        return self.is_accumulation(op) and op.fn in SUMS

    def step(self, op: Op, pending: Pending) -> None:
        if op.name in ATOMS:
            self.fold(Expression(op, atom_size(op), effect=op.name == "unbound"))  # reading what is not bound raises
            return
        for region in op.regions:
            self.region(region)
        form = self.form(op)
        if op.regions and form not in ("and", "or"):
            for operand in op.operands:
                if operand in self.circuits:
                    pending.pop(operand, None)
        self.consume(op, pending)
        effect = self.acts(op)
        if op.regions and form is None:
            self.region_barrier(op, effect, pending)
            return
        if form is not None:
            self.folds.forms[op] = form
        expression = self.describe(op) if self.is_temporary(op) else None
        if expression is not None and self.repeated.is_cheap(expression):
            self.fold(expression)
            return
        self.barrier(op, effect, pending)
        if expression is not None and self.may_fold(expression):
            pending[op.result] = expression
        else:
            for value in [v for v, e in pending.items() if e.effect]:
                del pending[value]

    def fold(self, expression: Expression) -> None:
        value = expression.op.result
        self.folds.folded[value] = expression.op
        self.known[value] = expression

    def take(self, value: Value, pending: Pending) -> None:
        if value in pending:
            self.fold(pending.pop(value))

    def consume(self, op: Op, pending: Pending) -> None:
        """Fold the pending operands, the shortest first, as long as the whole stays readable."""
        if is_update(op) and (buffer := buffer_of(op)) in pending:
            if self.is_statement(op) or self.is_sum(pending[buffer].op):
                del pending[buffer]  # only a variable can be updated
        waiting = [v for v in dict.fromkeys(op.operands) if v in pending]
        if not waiting:
            return
        separate = op.name == "while" or (op.name == "for" and op not in self.folds.forms)
        room = LIMIT if separate else self.limit(op, pending) - self.size(op)
        for value in sorted(waiting, key=lambda v: pending[v].size):
            extra = pending[value].size - (0 if separate else name_size(value))
            if extra <= room:
                room -= 0 if separate else extra
                self.take(value, pending)
            else:
                del pending[value]

    def barrier(self, op: Op, effect: bool, pending: Pending) -> None:
        """What must be evaluated before the op, or would read a variable that the op replaces, is not folded further."""
        if effect:
            pending.clear()
        replaced = {v.name for v in op.results if v.name and v not in self.loose}
        if is_update(op) and (not self.may_be_part(op) or self.is_sum(op)):
            replaced.add(buffer_of(op))
        if is_deep(op):  # an element that is kept is copied before it is updated
            for value in [v for v, e in pending.items() if e.op.fn in COPIES]:
                del pending[value]
        if replaced:
            for value in [v for v, e in pending.items() if not e.reads.isdisjoint(replaced)]:
                del pending[value]

    def may_be_part(self, op: Op) -> bool:
        """Whether the result is a part of one expression, and no variable that is updated."""
        if self.is_statement(op):
            return False
        return self.uses[op.result] == 1 and (not op.result.name or op.result in self.loose)

    def is_statement(self, op: Op) -> bool:
        """Whether the op updates a list or an array, which is written as a statement wherever it may be done in place."""
        return "into" in op.attrs or op.fn in LIST_UPDATES or (op.fn in PLACES and isinstance(op.result.kind, (Array, List)))

    def region_barrier(self, op: Op, effect: bool, pending: Pending) -> None:
        """Only a short reading, of what the branch or loop does not touch, is folded past it."""
        touched: set = {*op.operands, *op.results, *(v.name for v in op.results)}
        for region in op.regions:
            for value in defined_values(region):
                touched |= {value, value.name}
            touched.update(buffer_of(inner) for inner in all_ops(region) if is_update(inner))
        for value, e in list(pending.items()):
            if effect or e.effect or e.size > CHEAP or not e.reads.isdisjoint(touched):
                del pending[value]

    def describe(self, op: Op) -> Expression:
        reads: set = set()
        for value in _read_by(op):
            part = self.known.get(value)
            if part is None:
                reads.add(value)
                reads.add(value.name)
                reads.update(self.behind(value))
            else:
                reads |= part.reads
        reads.discard("")
        return Expression(op, self.size(op), frozenset(reads), self.acts(op), self.lines(op, {}))

    def size(self, op: Op) -> int:
        """The length of the op's text."""
        size = own_size(op)
        for value in _read_by(op):
            part = self.known.get(value)
            size += name_size(value) if part is None else part.size
        return size

    def limit(self, op: Op, pending: Pending) -> int:
        """How long the op's text may become if all that is pending is written into it."""
        return Expression(op, 0, lines=self.lines(op, pending)).limit

    def lines(self, op: Op, pending: Pending) -> frozenset:
        lines = {(op.loc.file, op.loc.line, op.loc.sweep)} if op.loc else set()
        for value in _read_by(op):
            part = self.known.get(value) or pending.get(value)
            if part is not None:
                lines |= part.lines
        return frozenset(lines)

    def acts(self, op: Op) -> bool:
        """Whether the op's text does something besides giving a value."""
        return self.has_effect(op) or any(value in self.known and self.known[value].effect for value in _read_by(op))

    def behind(self, value: Value) -> list[Value]:
        """The buffers that a variable is a view of: after an update of one it would show what is new."""
        found = []
        made = self.defs.get(value)
        while made is not None and isinstance(value.kind, Array) and made.fn in VIEWS:
            value = made.operands[0]
            found.append(value)
            made = self.defs.get(value)
        return found

    def has_effect(self, op: Op) -> bool:
        if op.name == "invoke":
            return op.attrs["callee"] in self.effects
        if op.name in ("raise", "with") or (op.name == "call" and has_effect(op.fn)):
            return True
        return any(self.has_effect(inner) for region in op.regions for inner in region.ops)

    def is_temporary(self, op: Op) -> bool:
        """Whether the op has one result, which needs no name."""
        return len(op.results) == 1 and (not op.result.name or op.result in self.loose or op.result.name in JUMPS)

    def may_fold(self, e: Expression) -> bool:
        """Whether a temporary may be written where it is read."""
        if self.is_statement(e.op):
            return False  # a statement, which updates the buffer where it may
        if e.size > e.limit or e.op.result in self.parts:
            return False
        uses = self.uses[e.op.result]
        return uses == 1 or (uses == 2 and e.op.result in self.circuits and not e.effect)

    # Ops with regions that are one expression
    def form(self, op: Op) -> str | None:
        if op.name not in ("if", "for") or len(op.results) != 1 or op.result.name == RESULT:
            return None
        if any(v not in self.folds.folded for region in op.regions for inner in region.ops for v in inner.results):
            return None
        e = self.describe(op)
        if any(not inner.results for region in op.regions for inner in region.ops) or e.effect or e.size > LIMIT:
            return None
        if any(self.folds.is_unbound(v) for region in op.regions for v in region.results):
            return None
        if op.name == "for":
            return "list" if op.attrs["collected"] == 1 and not op.attrs["stops"] else None
        if all(type(self.folds.constant(region.results[0])) is bool for region in op.regions):
            return None
        circuit = _circuit(op) or self.boolean_circuit(op)
        if circuit:
            return circuit
        # A variable that stays as it is in one branch reads better as an `if`, and so does what the user wrote as one.
        own = [region.results[0] for region in op.regions if region.results[0].name == op.result.name != ""]
        keeps = any(v not in self.folds.folded or not op.in_reverse for v in own)
        return None if keeps else "if"

    def boolean_circuit(self, op: Op) -> str | None:
        if op.operands[0].kind != Scalar("bool"):
            return None
        then, otherwise = (self.folds.constant(region.results[0]) for region in op.regions)
        return "and" if otherwise is False else "or" if then is True else None


class _Atoms(_Folder):
    """Gives each op a statement of its own."""

    def step(self, op: Op, pending: Pending) -> None:
        if op.name in ATOMS:
            super().step(op, pending)
        for region in op.regions:
            self.region(region)


def _read_by(op: Op) -> tuple[Value, ...]:
    """What the op's expression reads: operands, and what regions yield."""
    return (*op.operands, *(v for region in op.regions for v in region.results)) if op.regions else op.operands


def _circuit(op: Op) -> str | None:
    """`if c {e} else {c}` is `c and e`; `if c {c} else {e}` is `c or e`."""
    then, otherwise = op.regions
    condition = op.operands[0]
    if not otherwise.ops and otherwise.results == (condition,):
        return "and"
    return "or" if not then.ops and then.results == (condition,) else None
