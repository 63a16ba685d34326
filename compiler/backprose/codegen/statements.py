"""From statements to Python's: `if`, `for`, `while`, assignments, updates in place."""

from __future__ import annotations

import ast
import operator
from collections import Counter
from collections.abc import Collection, Sequence

import backprose_runtime
import numpy as np

from backprose.analysis import statements as st
from backprose.analysis.kinds import dtype_of, is_basic, is_mask
from backprose.analysis.ownership import LIST_UPDATES, PLACES, STORES, is_adjoint
from backprose.codegen.expressions import LOAD, STORE, Expressions, condition
from backprose.codegen.list_statements import changed, with_pops
from backprose.ir.kinds import (
    BACKWARDS,
    Array,
    Dim,
    FixedList,
    Kind,
    List,
    Scalar,
    Static,
    Tuple,
    Unknown,
)
from backprose.ir.nodes import Loc, Op, Value

COPYING = ("copied_reshape", "copied_ravel")
AUGMENTED = {
    operator.add: ast.Add, operator.sub: ast.Sub, operator.mul: ast.Mult, operator.truediv: ast.Div,
    operator.floordiv: ast.FloorDiv, operator.mod: ast.Mod, operator.pow: ast.Pow,
}  # fmt: skip

# The functions that take `out`: of operators that have no form in place, and of the others.
OUT = {operator.neg: "negative", **{f: f.__name__ for f in (np.exp, np.log, np.sqrt, np.sin, np.cos, np.tanh, np.square)}}
UFUNCS = {operator.add: "add", operator.sub: "subtract", operator.mul: "multiply", operator.truediv: "divide"}


class Printer:
    """Prints the statements of one function. Each node carries the `loc` that it comes from."""

    def __init__(
        self, write: Expressions, in_place: Collection[st.Update], voided: Collection[Value], uses: Counter[Value],
        once: Collection[Value],
    ):  # fmt: skip
        self.write, self.in_place, self.voided, self.uses = write, in_place, voided, uses
        self.once = once  # arrays of positions that name no entry twice

    def block(self, block: Sequence[st.Statement]) -> list[ast.stmt]:
        printed: list[ast.stmt] = []
        for statement in block:
            around, self.write.missing = self.write.missing, []
            nodes = getattr(self, "on_" + type(statement).__name__)(statement)
            nodes = [*(ast.Delete([_name(name, ast.Del())]) for name in self.write.missing), *nodes]
            self.write.missing = around
            for node in nodes:
                if not hasattr(node, "loc"):
                    node.loc = statement.loc
                printed.append(node)
        return hoist(with_pops(printed))

    # Simple statements
    def on_Do(self, s: st.Do) -> list[ast.stmt]:
        if s.op.name == "raise":
            parts = self.write.values(s.op.operands)
            return [ast.Raise(*(parts + [None, None])[:2])]
        node = self.write.op(s.op)
        return [_assign(self.write.names[s.op.result], node) if self.uses[s.op.result] else ast.Expr(node)]

    def on_Copy(self, s: st.Copy) -> list[ast.stmt]:
        pairs = []
        for target, source in zip(s.targets, s.sources):
            name, value = self.write.names[target], self.write.value(source)
            if not (isinstance(value, ast.Name) and value.id == name):
                made = self.write.folds.folded.get(source)
                value.loc = made.loc if made is not None and same_sweep(made.loc, s.loc) else s.loc
                pairs.append((name, value))
        return in_sequence(pairs)

    def on_Forget(self, s: st.Forget) -> list[ast.stmt]:
        return [_assign(self.write.names[v], ast.Constant(None)) for v in s.targets if v in self.voided]

    def on_NewList(self, s: st.NewList) -> list[ast.stmt]:
        return [_assign(self.write.names[s.target], ast.List([], LOAD) if s.over is None else self.write.history(s.over))]

    def on_Append(self, s: st.Append) -> list[ast.stmt]:
        append = ast.Attribute(self.write.name(s.target), "append", LOAD)
        return [ast.Expr(ast.Call(append, [self.write.value(s.item)], []))]

    def on_Return(self, s: st.Return) -> list[ast.stmt]:
        return [ast.Return(self.write.value(s.value))]

    def on_Break(self, s: st.Break) -> list[ast.stmt]:
        return [ast.Break()]

    def on_Continue(self, s: st.Continue) -> list[ast.stmt]:
        return [ast.Continue()]

    # Updates
    def on_Update(self, s: st.Update) -> list[ast.stmt]:
        op = s.op
        target, buffer = self.write.names[op.result], self.write.names[self.write.folds.variable(s.buffer)]
        if s in self.in_place:
            if target == buffer:
                return [self.updated(target, op)]
            if "into" in op.attrs:
                return [_assign(target, self.written_into(buffer, op))]
            if (op.fn in PLACES or op.fn in LIST_UPDATES) and not self.reads(op.operands[1:], target):
                return [_assign(target, _name(buffer)), self.updated(target, op)]
        return [_assign(target, self.write.op(op))]

    def updated(self, target: str, op: Op) -> ast.stmt:
        if op.attrs.get("into") == 1 or op.fn in OUT:
            return ast.Expr(self.written_into(target, op))
        if op.fn in LIST_UPDATES:
            return changed(self.write, target, op)
        if op.fn in STORES:
            return self.store(target, op)
        return self.accumulation(target, op) if op.fn in PLACES else self.augmented(target, op)

    def store(self, target: str, op: Op) -> ast.stmt:
        """`target[path][index] = value`."""
        _, value, *path = op.operands
        return ast.Assign([self.write.place(_name(target), path, STORE)], self.write.value(value))

    def augmented(self, target: str, op: Op) -> ast.stmt:
        value = self.write.value(op.operands[1])
        less = without_minus(value) if op.fn is operator.add and not op.attrs["method"] else None
        if less is not None:
            return ast.AugAssign(_name(target, STORE), ast.Sub(), less)
        return ast.AugAssign(_name(target, STORE), AUGMENTED[op.fn](), value)

    def written_into(self, buffer: str, op: Op) -> ast.expr:
        """`np.subtract(x, buffer, out=buffer)`."""
        function = ast.Attribute(self.write.references.array_module(), OUT.get(op.fn) or UFUNCS[op.fn], LOAD)
        return ast.Call(function, self.write.values(op.operands), [ast.keyword("out", _name(buffer))])

    def reads(self, values: Sequence[Value], name: str) -> bool:
        return any(self.write.names[leaf] == name for v in values for leaf in self.write.folds.leaves(v))

    def accumulation(self, target: str, op: Op) -> ast.stmt:
        """`target[index] += value`; entries that an integer array may name several times need `np.add.at`."""
        buffer, index, value, *path = op.operands
        if isinstance(buffer.kind, Array):
            value = self.not_broadcast(value)
        share = self.write.value(value)
        less = without_minus(share)
        if needs_add_at(index.kind) and index not in self.once:
            ufunc = ast.Attribute(self.write.references.array_module(), "add" if less is None else "subtract", LOAD)
            part = self.write.view(_name(target), path)
            args = [part, self.write.value(index), share if less is None else less]
            return ast.Expr(ast.Call(ast.Attribute(ufunc, "at", LOAD), args, []))
        place = self.write.place(_name(target), [*path, index], STORE)
        if isinstance(buffer.kind, (List, FixedList)) and not is_rebinding(value.kind) and not in_array(buffer.kind, len(path)):
            element = self.write.place(_name(target), [*path, index], LOAD)
            add = self.write.references.node(backprose_runtime.add)
            return ast.Assign([place], ast.Call(add, [element, share], []))
        return ast.AugAssign(place, ast.Add() if less is None else ast.Sub(), share if less is None else less)

    def not_broadcast(self, value: Value) -> Value:
        """What is spread to the shape of the entries that it is added to: adding spreads it anyway."""
        made = self.write.folds.folded.get(value)
        return made.operands[0] if made is not None and made.fn is np.broadcast_to else value

    def only_counts(self, item: Value) -> bool:
        """Whether nobody reads a loop's item, which the user did not name, nor a variable of the name `_`."""
        if item.name or self.uses[item]:
            return False
        return not any(name == "_" and self.uses[value] for value, name in self.write.names.items())

    # Control flow
    def on_If(self, s: st.If) -> list[ast.stmt]:
        test, then, orelse = self.write.value(s.condition), self.block(s.then), self.block(s.orelse)
        return branches(test, then, orelse, s.loc)

    def on_For(self, s: st.For) -> list[ast.stmt]:
        target, iterable = self.write.header(s.op)
        if len(s.op.items) == 1 and self.only_counts(s.op.items[0]):
            target = _name("_", STORE)
        node = ast.For(target, iterable, self.loop_body(s.body), [])
        node.in_order = not s.op.inits and not any(map(self.is_backwards, s.op.iterables))
        return [node]

    def is_backwards(self, iterable: Value) -> bool:
        made = self.write.folds.folded.get(iterable)
        return made is not None and (made.fn is reversed or (made.fn is operator.getitem and made.operands[1].kind == BACKWARDS))

    def loop_body(self, body: Sequence[st.Statement]) -> list[ast.stmt]:
        return without_last_continue(self.block(body)) or [ast.Pass()]

    def on_While(self, s: st.While) -> list[ast.stmt]:
        setup, body = self.block(s.setup), without_last_continue(self.block(s.body))
        if s.condition is None:
            return [ast.While(ast.Constant(True), setup + body or [ast.Pass()], [])]
        test = self.write.value(s.condition)
        if not setup:
            return [ast.While(test, body or [ast.Pass()], [])]
        leave = ast.If(condition(test, True), [ast.Break()], [])
        leave.loc = leave.body[0].loc = s.loc
        return [ast.While(ast.Constant(True), [*setup, leave, *body], [])]

    def on_With(self, s: st.With) -> list[ast.stmt]:
        items = [ast.withitem(self.write.value(v), None) for v in s.contexts]
        return [ast.With(items, self.block(s.body) or [ast.Pass()])]


def without_minus(node: ast.expr) -> ast.expr | None:
    """e for `-e`, also where the sign stands in a product, since rounding is symmetric; None without a sign.

    It is the sign of the first factor, or of a number: `-x * y`, `x * -2`.
    """
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return node.operand
    if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value < 0:
        return ast.Constant(-node.value)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        left = without_minus(node.left)
        if left is not None:
            return ast.BinOp(left, node.op, node.right)
        number = node.right.operand if isinstance(node.right, ast.UnaryOp) else node.right
        right = without_minus(node.right) if isinstance(number, ast.Constant) else None
        return None if right is None else ast.BinOp(node.left, node.op, right)
    return None


def same_sweep(a: Loc | None, b: Loc | None) -> bool:
    """Passes share constants between the sweeps; such a one does not say where it is assigned."""
    return a is not None and (b is None or a.sweep == b.sweep)


# Which updates may be done in place
def is_rebinding(kind: Kind) -> bool:
    """`x += v` is `x = x + v` for the kind: its values cannot be changed."""
    return isinstance(kind, (Scalar, Dim)) or (isinstance(kind, Static) and isinstance(kind.value, (int, float, complex)))


def rebinds(s: st.Update) -> bool:
    """Whether the update of a number is written `x += v`. It stays a number, as a name that turns into an array misleads."""
    return is_rebinding(s.buffer.kind) and is_rebinding(s.op.result.kind)


def keeps_memory(op: Op) -> bool:
    """Whether the update's result fits into its buffer's memory, so that in place means the same."""
    if "into" in op.attrs:
        return True
    buffer, result = op.operands[0].kind, op.result.kind
    if any(isinstance(v.kind, Static) and v.kind.value in COPYING for v in op.operands[2:] if op.fn in PLACES):
        return False  # in an array of unknown layout, what is reshaped may be a copy
    if op.fn in STORES:
        return (isinstance(buffer, Array) and bool(buffer.axes)) or isinstance(buffer, (List, FixedList))
    if op.fn in LIST_UPDATES:
        return isinstance(buffer, (List, FixedList))
    if op.fn is backprose_runtime.add_at:
        if isinstance(buffer, (List, FixedList)):
            return isinstance(op.operands[1].kind, (Scalar, Dim, Static))
        if not isinstance(buffer, Array) or not buffer.axes:
            return False
        index = op.operands[1].kind
        if needs_add_at(index) and any(v.kind == Static("flat") for v in op.operands[3:]):
            return False  # `ufunc.at` takes no iterator
        return (is_basic(index) or is_mask(index) or needs_add_at(index)) and not _loses_imaginary(op.operands[2].kind, buffer)
    if not isinstance(buffer, Array) or buffer != result or not buffer.axes:
        return False
    value = op.operands[-1].kind
    small = isinstance(value, (Scalar, Dim, Static)) or (isinstance(value, Array) and set(value.axes) <= {"1"})
    # What is summed into an adjoint has its shape, whatever that is.
    is_share = op.fn in (operator.add, operator.sub) and is_adjoint(op.operands[0]) and value == buffer
    return small or is_share or ("?" not in buffer.axes and isinstance(value, Array))


def needs_add_at(kind: Kind) -> bool:
    """Whether an index of the kind has an array or a list of integers, which may name an entry several times."""
    if isinstance(kind, Tuple):
        return any(map(needs_add_at, kind.items)) and all(is_basic(k) or is_mask(k) or needs_add_at(k) for k in kind.items)
    if isinstance(kind, FixedList):
        return bool(kind.items) and all(map(is_position, kind.items))
    return is_position(kind.item) if isinstance(kind, List) else is_position(kind) and isinstance(kind, Array)


def is_position(kind: Kind) -> bool:
    return (dtype_of(kind) or "").startswith(("int", "uint"))


def _loses_imaginary(value: Kind, buffer: Array) -> bool:
    if buffer.dtype.startswith("complex"):
        return False
    dtype = getattr(value, "dtype", None)
    if isinstance(value, Static):
        dtype = type(value.value).__name__
    return dtype is None or dtype.startswith("complex")


def in_array(kind: Kind, steps: int) -> bool:
    """Whether so many steps into a list lead to an array, which adds by itself."""
    for _ in range(steps):
        kind = kind.item if isinstance(kind, List) else Unknown()
    return isinstance(kind, Array)


# Putting statements together
def branches(test: ast.expr, then: list[ast.stmt], orelse: list[ast.stmt], loc: Loc | None) -> list[ast.stmt]:
    """An `if` without empty branches; what follows a branch that leaves needs no `else`."""
    if not then and not orelse:
        return [] if not any(isinstance(n, ast.Call) for n in ast.walk(test)) else [ast.Expr(test)]
    if not then or (not leaves(then) and leaves(orelse)):
        test, then, orelse = condition(test, True), orelse, then
    rest: list[ast.stmt] = []
    if leaves(then):
        orelse, rest = [], orelse
    node = ast.If(test, then, orelse)
    node.loc = loc
    return [node, *rest]


def leaves(block: list[ast.stmt]) -> bool:
    if not block:
        return False
    last = block[-1]
    if isinstance(last, ast.If):
        return leaves(last.body) and leaves(last.orelse)
    return isinstance(last, (ast.Return, ast.Break, ast.Continue, ast.Raise))


def without_last_continue(block: list[ast.stmt]) -> list[ast.stmt]:
    return block[:-1] if block and isinstance(block[-1], ast.Continue) else block


def hoist(block: list[ast.stmt]) -> list[ast.stmt]:
    """Move what both ways out of `if test: S; break` and `S` begin with before the test, where it reads none of it."""
    out = list(block)
    for i in range(len(out) - 2, -1, -1):
        branch = out[i]
        if not isinstance(branch, ast.If) or branch.orelse or not isinstance(branch.body[-1], ast.Break):
            continue
        shared = 0
        read = {n.id for n in ast.walk(branch.test) if isinstance(n, ast.Name)}
        own, rest = branch.body[:-1], out[i + 1 :]
        while shared < min(len(own), len(rest)) and _same(own[shared], rest[shared]) and not read & _stores(own[shared]):
            shared += 1
        if shared and shared == len(own):
            moved = ast.If(branch.test, branch.body[shared:], [])
            moved.loc = branch.loc
            out[i : i + 1 + shared] = [*own, moved]
    return out


def _same(a: ast.stmt, b: ast.stmt) -> bool:
    return isinstance(a, ast.Assign) and isinstance(b, ast.Assign) and ast.dump(a) == ast.dump(b)


def _stores(node: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def in_sequence(pairs: list[tuple[str, ast.expr]]) -> list[ast.stmt]:
    """Assignments that have the effect of all at once; a cycle is one tuple assignment."""
    reads = [{n.id for n in ast.walk(v) if isinstance(n, ast.Name)} for _, v in pairs]
    waiting = list(range(len(pairs)))
    out: list[ast.stmt] = []
    while waiting:
        free = next((i for i in waiting if not any(pairs[i][0] in reads[j] for j in waiting if j != i)), None)
        if free is None:
            targets = ast.Tuple([_name(pairs[i][0], STORE) for i in waiting], STORE)
            node = ast.Assign([targets], ast.Tuple([pairs[i][1] for i in waiting], LOAD))
            node.loc = pairs[waiting[-1]][1].loc
            return [*out, node]
        node = _assign(*pairs[free])
        node.loc = pairs[free][1].loc
        out.append(node)
        waiting.remove(free)
    return out


def _name(name: str, context: ast.expr_context = LOAD) -> ast.expr:
    return ast.Name(name, context)


def _assign(name: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([_name(name, STORE)], value)
