"""From values to Python expressions."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import backprose_runtime
import numpy as np

from backprose.analysis.kinds import dtype_of, is_inexact
from backprose.codegen.cupy import is_cast, on_device, wants_array
from backprose.codegen.folding import Folds
from backprose.codegen.names import References, clean, first_free
from backprose.codegen.spelling import spelled
from backprose.codegen.unpacking import position
from backprose.ir.kinds import Array, Dim, Scalar, Static
from backprose.ir.nodes import Op, Value
from backprose.ir.records import fields_of, takes_fields

BINARY = {
    operator.add: ast.Add, operator.sub: ast.Sub, operator.mul: ast.Mult, operator.truediv: ast.Div,
    operator.floordiv: ast.FloorDiv, operator.mod: ast.Mod, operator.pow: ast.Pow, operator.matmul: ast.MatMult,
    operator.and_: ast.BitAnd, operator.or_: ast.BitOr, operator.xor: ast.BitXor,
    operator.lshift: ast.LShift, operator.rshift: ast.RShift, operator.concat: ast.Add,
}  # fmt: skip
UNARY = {operator.neg: ast.USub, operator.pos: ast.UAdd, operator.invert: ast.Invert, operator.not_: ast.Not}
COMPARE = {
    operator.lt: ast.Lt, operator.le: ast.LtE, operator.gt: ast.Gt, operator.ge: ast.GtE, operator.eq: ast.Eq,
    operator.ne: ast.NotEq, operator.is_: ast.Is, operator.is_not: ast.IsNot,
}  # fmt: skip
OPPOSITE = {ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In}
OPPOSITE_OF_ORDER = {
    ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
}  # fmt: skip
LOAD, STORE = ast.Load(), ast.Store()

# Functions of arrays that are printed as the attributes that they are.
ATTRIBUTES = frozenset({"T", "mT", "real", "imag"})


VIEW_ATTRIBUTES = {"transpose": "T", "real": "real", "imag": "imag", "flat": "flat"}


class Expressions:
    """Writes the expressions of one function; `names` are those of its variables.

    `any_layout`: whether the entries of arrays that derivatives make may lie in memory in any order. `bound`: values that
    are certainly there.
    """

    def __init__(
        self, folds: Folds, names: Mapping[Value, str], references: References, any_layout: bool = True,
        bound: Collection[Value] = (),
    ):  # fmt: skip
        self.folds, self.names, self.references = folds, names, references
        self.any_layout, self.bound = any_layout, bound
        self.missing: list[str] = []  # what is read though nothing has bound it

    def name(self, value: Value, context: ast.expr_context = LOAD) -> ast.expr:
        return ast.Name(self.names[self.folds.variable(value)], context)

    def value(self, value: Value) -> ast.expr:
        op = self.folds.folded.get(value)
        return self.name(value) if op is None else self.op(op)

    def values(self, values: tuple[Value, ...]) -> list[ast.expr]:
        return [self.value(v) for v in values]

    def op(self, op: Op) -> ast.expr:
        return getattr(self, "on_" + op.name)(op)

    # Constants
    def on_const(self, op: Op) -> ast.expr:
        return self.literal(op.attrs["value"])

    def literal(self, value: Any) -> ast.expr:
        kind = type(value)
        if value is None or value is Ellipsis or kind in (bool, str, bytes):
            return ast.Constant(value)
        if kind is int:
            return _negative(value) if value < 0 else ast.Constant(value)
        if kind is float:
            return self.float(value)
        if kind is complex:
            return self.complex(value)
        if kind is tuple:
            return ast.Tuple([self.literal(v) for v in value], LOAD)
        if kind is list:
            return ast.List([self.literal(v) for v in value], LOAD)
        if kind is dict:
            return ast.Dict([self.literal(k) for k in value], [self.literal(v) for v in value.values()])
        if kind in (slice, range):
            parts = (value.start, value.stop, value.step)
            return _call(self.references.node(kind), [self.literal(v) for v in parts])
        if isinstance(value, np.dtype) and np.dtype(value.str) == value:
            return _call(self.references.node(np.dtype), [ast.Constant(value.name if value.isnative else value.str)])
        if isinstance(value, (np.number, np.bool_)) and not isinstance(value, (np.longdouble, np.clongdouble)):
            return _call(self.references.node(kind), [self.literal(value.item())])
        return self.references.node(value)

    def float(self, value: float) -> ast.expr:
        if math.isnan(value):
            return ast.Attribute(self.references.node(np), "nan", LOAD)
        if value < 0 or (value == 0 and math.copysign(1, value) < 0):
            return ast.UnaryOp(ast.USub(), self.float(-value))
        for name in ("inf", "pi"):
            if value == getattr(np, name):
                return ast.Attribute(self.references.node(np), name, LOAD)
        if value in (2 * np.pi, 4 * np.pi):
            return ast.BinOp(ast.Constant(int(value / np.pi)), ast.Mult(), self.float(np.pi))
        return ast.Constant(value)

    def complex(self, value: complex) -> ast.expr:
        if value.real == 0 and math.copysign(1, value.real) > 0 and math.isfinite(value.imag) and math.copysign(1, value.imag) > 0:
            return ast.Constant(value)
        return _call(self.references.node(complex), [self.float(value.real), self.float(value.imag)])

    def on_global(self, op: Op) -> ast.expr:
        name = op.attrs["name"]
        if name in self.references.params:
            # A parameter hides the global, so it is read through the module's dictionary.
            return ast.Subscript(_call(self.references.node(globals), []), ast.Constant(name), LOAD)
        return ast.Name(name, LOAD)

    # Calls
    def on_call(self, op: Op) -> ast.expr:
        fn, args = op.fn, op.positional
        if not op.attrs["keywords"]:
            if fn in BINARY and len(args) == 2:
                return ast.BinOp(self.value(args[0]), BINARY[fn](), self.value(args[1]))
            if fn in UNARY and len(args) == 1:
                return self.unary(op)
            if fn in COMPARE and len(args) == 2:
                return self.compare(COMPARE[fn], *args)
            if fn is operator.contains:
                return ast.Compare(self.value(args[1]), [ast.In()], [self.value(args[0])])
            if fn is operator.getitem:
                node = ast.Subscript(self.value(args[0]), self.index(args[1]), LOAD)
                node.parts = 0 if position(op) is None else len(args[0].kind.items)
                return node
            written = op.attrs["method"]
            if fn is np.transpose and len(args) == 1 and isinstance(args[0].kind, Array) and written != "transpose":
                return ast.Attribute(self.value(args[0]), "T", LOAD)
            if fn is backprose_runtime.get_at:
                return self.place(self.value(args[0]), args[1:])
        quicker = spelled(self, op)
        if quicker is not None:
            return quicker
        keywords = [ast.keyword(name, self.value(v)) for name, v in op.keywords.items()]
        method = op.attrs["method"]
        if method:
            target = self.value(args[0])
            if isinstance(target, ast.Constant) and type(target.value) is int:
                return ast.Call(self.references.node(fn, on_device(op)), self.values(args), keywords)
            attribute = ast.Attribute(target, method, LOAD)
            return attribute if method in ATTRIBUTES else ast.Call(attribute, self.values(args[1:]), keywords)
        if on_device(op) and (fn is np.broadcast_to or is_cast(fn)):
            return self.on_gpu(op)
        values = self.values(args)
        if args and on_device(op) and wants_array(op):
            values[0] = _call(self.references.node(np.asarray, True), values[:1])
        return ast.Call(self.references.node(fn, on_device(op)), values, keywords)

    def on_gpu(self, op: Op) -> ast.expr:
        """What CuPy's functions do for arrays only: a cast, and the broadcast of a number."""
        args = self.values(op.positional)
        if isinstance(op.operands[0].kind, Array):
            if op.fn is np.broadcast_to:
                return _call(self.references.node(op.fn, True), args)
            return _call(ast.Attribute(args[0], "astype", LOAD), [self.references.node(op.fn)])
        if op.fn is not np.broadcast_to:
            return _call(self.references.node(op.fn), args)
        dtype = self.references.node(np.dtype(op.result.kind.dtype).type)
        return _call(self.references.node(np.full, True), [args[1], args[0], dtype])

    def unary(self, op: Op) -> ast.expr:
        operand = self.value(op.operands[0])
        if op.fn is operator.neg and op.in_reverse and self.may_take_sign(op.operands[0]):
            return minus(operand)
        return negated(operand) if op.fn is operator.not_ else ast.UnaryOp(UNARY[op.fn](), operand)

    def may_take_sign(self, value: Value) -> bool:
        """Whether the first factor of what is printed has negatives, as masks and unsigned numbers have not."""
        op = self.folds.folded.get(value)
        while op is not None and op.fn in (operator.mul, operator.truediv):
            value = op.operands[0]
            op = self.folds.folded.get(value)
        number = value.kind.value if isinstance(value.kind, Static) else None
        return type(number) in (int, float) or isinstance(value.kind, Dim) or (dtype_of(value.kind) is not None and is_inexact(value.kind))

    def compare(self, kind: type[ast.cmpop], left: Value, right: Value) -> ast.expr:
        node = ast.Compare(self.value(left), [kind()], [self.value(right)])
        # NaN aside, which has no order, `not a < b` is `a >= b`; arrays have no truth value to negate.
        node.total_order = _is_ordered(left) and _is_ordered(right)
        return node

    def index(self, value: Value) -> ast.expr:
        """An index within square brackets, where slices have a syntax of their own."""
        op = self.folds.folded.get(value)
        if op is None:
            return self.name(value)
        if op.fn is slice:
            return self.slice(op)
        if op.name == "const" and type(op.attrs["value"]) is slice:
            return self.constant_slice(op.attrs["value"])
        if op.name == "tuple" and op.operands:
            return ast.Tuple([self.index(v) for v in op.operands], LOAD)
        if op.name == "const" and type(op.attrs["value"]) is tuple and op.attrs["value"]:
            parts = op.attrs["value"]
            return ast.Tuple([self.constant_slice(v) if type(v) is slice else self.literal(v) for v in parts], LOAD)
        return self.op(op)

    def place(self, target: ast.expr, path: Sequence[Value], context: ast.expr_context = LOAD) -> ast.expr:
        """`target[i].T[j]` for a path of `set_at`; what is read of all of a view is the view."""
        part = self.view(target, path[:-1])
        through_flat = any(step.kind == Static("flat") for step in path)  # an iterator, of which all is an array
        if path[:-1] and path[-1].kind == Static(Ellipsis) and context is LOAD and not through_flat:
            return part
        return ast.Subscript(part, self.index(path[-1]), context)

    def view(self, target: ast.expr, path: Sequence[Value]) -> ast.expr:
        """The view of `target` that the path leads to: by indices, and by functions with a tuple of arguments."""
        steps = iter(path)
        for step in steps:
            if not (isinstance(step.kind, Static) and isinstance(step.kind.value, str)):
                target = ast.Subscript(target, self.index(step), LOAD)
                continue
            name, arguments = step.kind.value, self.value(next(steps))
            if name in VIEW_ATTRIBUTES and isinstance(arguments, ast.Tuple) and not arguments.elts:
                target = ast.Attribute(target, VIEW_ATTRIBUTES[name], LOAD)
            elif hasattr(np.ndarray, name):
                target = ast.Call(ast.Attribute(target, name, LOAD), _spread(arguments), [])
            else:
                function = ast.Attribute(self.references.array_module(), name, LOAD)
                target = ast.Call(function, [target, *_spread(arguments)], [])
        return target

    def slice(self, op: Op) -> ast.expr:
        parts = list(op.operands)
        start, stop, step = [None, *parts, None] if len(parts) == 1 else [*parts, None][:3]
        return ast.Slice(*(None if v is None or self.is_none(v) else self.value(v) for v in (start, stop, step)))

    def constant_slice(self, value: slice) -> ast.expr:
        return ast.Slice(*(None if v is None else self.literal(v) for v in (value.start, value.stop, value.step)))

    def is_none(self, value: Value) -> bool:
        return self.folds.constant(value) is None

    def on_invoke(self, op: Op) -> ast.expr:
        callee, values = ast.Name(op.attrs["callee"], LOAD), self.values(op.operands)
        if "tiled" in op.attrs:
            return _call(self.references.node(backprose_runtime.in_tiles), [callee, *values])
        return _call(callee, values)

    def on_getattr(self, op: Op) -> ast.expr:
        return ast.Attribute(self.value(op.operands[0]), op.attrs["name"], LOAD)

    # Containers
    def on_tuple(self, op: Op) -> ast.expr:
        return ast.Tuple(self.values(op.operands), LOAD)

    def on_list(self, op: Op) -> ast.expr:
        return ast.List(self.values(op.operands), LOAD)

    def on_dict(self, op: Op) -> ast.expr:
        return ast.Dict(self.values(op.operands[::2]), self.values(op.operands[1::2]))

    def on_record(self, op: Op) -> ast.expr:
        cls = op.attrs["cls"]
        fields = fields_of(cls, op.result.kind)
        keywords = [ast.keyword(name, v) for name, v in zip(fields, self.values(op.operands), strict=True)]
        node = self.references.node(cls)
        if takes_fields(cls, fields):
            return ast.Call(node, [], keywords)
        return ast.Call(self.references.node(backprose_runtime.new_record), [node], keywords)

    # Control flow that is an expression
    def on_if(self, op: Op) -> ast.expr:
        then, otherwise = (region.results[0] for region in op.regions)
        test = self.value(op.operands[0])
        form = self.folds.forms[op]
        if form == "and":
            return _joined(ast.And(), test, self.value(then))
        if form == "or":
            return _joined(ast.Or(), test, self.value(otherwise))
        return ast.IfExp(test, self.value(then), self.value(otherwise))

    def on_for(self, op: Op) -> ast.expr:
        target, iterable = self.header(op)
        return ast.ListComp(self.value(op.collects[0]), [ast.comprehension(target, iterable, [], 0)])

    def on_unbound(self, op: Op) -> ast.expr:
        """A name that nothing assigns. The statement that reads it deletes it first, which raises as the reading would."""
        name = first_free(clean(op.result.name or "t"), {*self.names.values(), *self.references.reserved})
        self.missing.append(name)
        return ast.Name(name, LOAD)

    # Loops' headers
    def header(self, op: Op) -> tuple[ast.expr, ast.expr]:
        """Targets and iterable: of one, of `enumerate`, or of several in lockstep."""
        targets = [self.target(item) for item in op.items]
        if len(targets) == 1:
            return targets[0], self.value(op.iterables[0])
        if op.iterables[0] in self.folds.enumerated:
            return ast.Tuple(targets, STORE), _call(self.references.node(enumerate), [self.value(op.iterables[1])])
        return ast.Tuple(targets, STORE), _call(self.references.node(zip), self.values(op.iterables))

    def history(self, iterable: Value) -> ast.expr:
        """An empty list with room for an array for each iteration over the iterable."""
        made = self.folds.folded.get(iterable)
        if made is not None and made.fn is range and len(made.operands) == 1:
            length = self.value(made.operands[0])
        else:
            length = _call(self.references.node(len), [self.value(iterable)])
        return _call(self.references.node(backprose_runtime.History), [length])

    def target(self, item: Value) -> ast.expr:
        if item in self.folds.unpacked:
            parts = self.folds.unpacked[item]
            return ast.Tuple([ast.Name("_", STORE) if t is None else self.target(t) for t in parts], STORE)
        return ast.Name(self.names.get(item, "_"), STORE)


def minus(node: ast.expr) -> ast.expr:
    """`-a * b` for `-(a * b)`, which is the same, since rounding is symmetric."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Div)):
        return ast.BinOp(minus(node.left), node.op, node.right)
    return ast.UnaryOp(ast.USub(), node)


def negated(node: ast.expr) -> ast.expr:
    """`not node`, by the opposite comparison where that is the same."""
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        opposite = OPPOSITE.get(type(node.ops[0]))
        if opposite is None and getattr(node, "total_order", False):
            opposite = OPPOSITE_OF_ORDER.get(type(node.ops[0]))
        if opposite is not None:
            return ast.Compare(node.left, [opposite()], node.comparators)
    return ast.UnaryOp(ast.Not(), node)


def condition(node: ast.expr, negate: bool) -> ast.expr:
    """The test of a statement, of which only the truth counts."""
    if not negate:
        return node
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        return node.operand
    return negated(node)


def _spread(arguments: ast.expr) -> list[ast.expr]:
    """The arguments in a tuple, for a call."""
    return list(arguments.elts) if isinstance(arguments, ast.Tuple) else [ast.Starred(arguments, LOAD)]


def _negative(value: int) -> ast.expr:
    return ast.UnaryOp(ast.USub(), ast.Constant(-value))


def _call(fn: ast.expr, args: list[ast.expr]) -> ast.Call:
    return ast.Call(fn, args, [])


def _joined(kind: ast.boolop, left: ast.expr, right: ast.expr) -> ast.expr:
    """`a and b and c` is one node."""
    values = left.values if isinstance(left, ast.BoolOp) and type(left.op) is type(kind) else [left]
    return ast.BoolOp(kind, [*values, right])


def _is_ordered(value: Value) -> bool:
    kind = value.kind
    if isinstance(kind, Static):
        return type(kind.value) in (int, bool)
    return isinstance(kind, Dim) or (isinstance(kind, Scalar) and kind.dtype in ("int", "bool"))
