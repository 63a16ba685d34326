"""Expressions: each becomes the value that it gives; what may not run stands in the branch of an `if`."""

from __future__ import annotations

import ast
import operator
from collections.abc import Sequence
from typing import Any

import backprose_runtime

from backprose.frontend.regions import Itself, Nested, Regions, Stale, plain
from backprose.ir.nodes import Loc, Value

OPERATORS: dict[type[ast.AST], Any] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod, ast.Pow: operator.pow, ast.MatMult: operator.matmul,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_, ast.BitXor: operator.xor,
    ast.LShift: operator.lshift, ast.RShift: operator.rshift,
    ast.USub: operator.neg, ast.UAdd: operator.pos, ast.Invert: operator.invert, ast.Not: operator.not_,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Is: operator.is_, ast.IsNot: operator.is_not,
}  # fmt: skip

CONVERSIONS = {ord("s"): str, ord("r"): repr, ord("a"): ascii}


class Expressions(Regions):
    """Lowers expressions. Each method takes the node and the name that its value is bound to, or ""."""

    def expression(self, node: ast.expr, name: str = "", escapes: bool = True) -> Value:
        """The expression's value. `escapes` is false where a nested function is only called, or passed to a call."""
        with self.at(node):
            if isinstance(node, ast.Name):
                return self.load(node.id, node, name, escapes)
            if isinstance(node, ast.Lambda):
                return self.closure(self.nested(node, ""), node, escapes)
            return getattr(self, "expression_" + type(node).__name__)(node, name)

    def nested(self, node: ast.FunctionDef | ast.Lambda, name: str) -> Nested:
        raise NotImplementedError

    def key(self, name: str) -> str | None:
        """The key of a variable of this function; None for a free name."""
        raise NotImplementedError

    def is_cell(self, name: str) -> bool:
        raise NotImplementedError

    def itself(self) -> Value:
        raise NotImplementedError

    # Names and constants
    def load(self, identifier: str, node: ast.AST, name: str = "", escapes: bool = True) -> Value:
        key = self.key(identifier)
        if key is None:
            scope = "cell" if self.is_cell(identifier) else "global"
            return self.builder.op("global", (), [Value(name)], (), name=identifier, scope=scope).result
        return self.variable(key, node, escapes)

    def variable(self, key: str, node: ast.AST | Loc, escapes: bool) -> Value:
        """What the variable holds now; a closure is made where that is a nested function."""
        match self.env.get(key):
            case Value() as value:
                return value
            case Nested() as nested:
                return self.closure(nested, node, escapes)
            case Itself():
                return self.itself()
            case Stale(name):
                self.refuse(
                    node,
                    f"the nested function {name!r} is read where it is not known which one it is",
                    "it was defined in another iteration of a loop, or in one branch only",
                    f"define {name!r} before the loop or branch, and pass what changes as an argument",
                )
        return self.builder.unbound(plain(key))

    def expression_Constant(self, node: ast.Constant, name: str) -> Value:
        return self.builder.const(node.value, name)

    # Operators
    def expression_BinOp(self, node: ast.BinOp, name: str) -> Value:
        left = self.expression(node.left)
        return self.builder.call(OPERATORS[type(node.op)], left, self.expression(node.right), name=name)

    def expression_UnaryOp(self, node: ast.UnaryOp, name: str) -> Value:
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            if type(node.operand.value) in (int, float, complex):
                return self.builder.const(-node.operand.value, name)
        return self.builder.call(OPERATORS[type(node.op)], self.expression(node.operand), name=name)

    def expression_BoolOp(self, node: ast.BoolOp, name: str) -> Value:
        return self.bool_op(isinstance(node.op, ast.And), node.values, name)

    def bool_op(self, conjunction: bool, operands: Sequence[ast.expr], name: str) -> Value:
        """`a and b` is `if a: b else: a`, and `a or b` is `if a: a else: b`."""
        first = self.expression(operands[0])
        if len(operands) == 1:
            return first

        def others() -> Value:
            return self.bool_op(conjunction, operands[1:], "")

        if conjunction:
            return self.chosen(first, others, lambda: first, name)
        return self.chosen(first, lambda: first, others, name)

    def expression_IfExp(self, node: ast.IfExp, name: str) -> Value:
        cond = self.expression(node.test)
        return self.chosen(cond, lambda: self.expression(node.body), lambda: self.expression(node.orelse), name)

    def expression_Compare(self, node: ast.Compare, name: str) -> Value:
        return self.comparison(self.expression(node.left), node.ops, node.comparators, name)

    def comparison(
        self, left: Value, ops: Sequence[ast.cmpop], comparators: Sequence[ast.expr], name: str
    ) -> Value:
        """`a < b < c` is `if a < b: b < c else: a < b`, with one evaluation of b."""
        right = self.expression(comparators[0])
        first = self.compare(ops[0], left, right, name if len(ops) == 1 else "")
        if len(ops) == 1:
            return first
        return self.chosen(first, lambda: self.comparison(right, ops[1:], comparators[1:], ""), lambda: first, name)

    def compare(self, op: ast.cmpop, left: Value, right: Value, name: str) -> Value:
        if isinstance(op, ast.In):
            return self.builder.call(operator.contains, right, left, name=name)
        if isinstance(op, ast.NotIn):
            return self.builder.call(operator.not_, self.builder.call(operator.contains, right, left), name=name)
        return self.builder.call(OPERATORS[type(op)], left, right, name=name)

    def expression_NamedExpr(self, node: ast.NamedExpr, name: str) -> Value:
        value = self.expression(node.value, node.target.id)
        self.bind_name(node.target.id, value)
        return value

    def bind_name(self, name: str, binding: Value | Nested) -> None:
        self.env[self.key(name)] = binding

    # Parts
    def expression_Attribute(self, node: ast.Attribute, name: str) -> Value:
        return self.builder.getattr(self.expression(node.value), node.attr, name=name)

    def expression_Subscript(self, node: ast.Subscript, name: str) -> Value:
        value = self.expression(node.value)
        return self.builder.call(operator.getitem, value, self.expression(node.slice), name=name)

    def expression_Slice(self, node: ast.Slice, name: str) -> Value:
        parts = [node.lower, node.upper, node.step]
        bounds = [self.builder.const(None) if part is None else self.expression(part) for part in parts]
        return self.builder.call(slice, *bounds, name=name)

    # Displays
    def expression_Tuple(self, node: ast.Tuple, name: str) -> Value:
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return self.builder.call(tuple, self.joined(node.elts, ""), name=name)
        return self.builder.tuple([self.expression(item) for item in node.elts], name=name)

    def expression_List(self, node: ast.List, name: str) -> Value:
        if any(isinstance(item, ast.Starred) for item in node.elts):
            return self.joined(node.elts, name)
        return self.builder.list([self.expression(item) for item in node.elts], name=name)

    def joined(self, items: Sequence[ast.expr], name: str) -> Value:
        """The list `[a, *b, c]`, as one of lists which are concatenated."""
        parts: list[Value] = []
        for item in items:
            if isinstance(item, ast.Starred):
                parts.append(self.builder.call(list, self.expression(item.value)))
            else:
                parts.append(self.builder.list([self.expression(item)]))
        return self.builder.call(backprose_runtime.flatten, self.builder.list(parts), name=name)

    def expression_Dict(self, node: ast.Dict, name: str) -> Value:
        """A display without `**` is one op; with it, dicts are joined by `|`, where the later one wins."""
        parts: list[Value] = []
        pairs: list[tuple[Value, Value]] = []
        for key, item in zip(node.keys, node.values):
            if key is not None:
                pairs.append((self.expression(key), self.expression(item)))
                continue
            if pairs:
                parts.append(self.builder.dict(pairs))
            parts.append(self.builder.call(dict, self.expression(item), name=name if len(node.keys) == 1 else ""))
            pairs = []
        if not parts:
            return self.builder.dict(pairs, name=name)
        if pairs:
            parts.append(self.builder.dict(pairs))
        joined = parts[0]
        for part in parts[1:]:
            joined = self.builder.call(operator.or_, joined, part, name=name if part is parts[-1] else "")
        return joined

    def expression_JoinedStr(self, node: ast.JoinedStr, name: str) -> Value:
        if len(node.values) == 1:
            return self.expression(node.values[0], name)
        pieces = [self.expression(piece) for piece in node.values]
        return self.builder.call(str.join, self.builder.const(""), self.builder.list(pieces), name=name)

    def expression_FormattedValue(self, node: ast.FormattedValue, name: str) -> Value:
        value = self.expression(node.value)
        if node.conversion in CONVERSIONS:
            value = self.builder.call(CONVERSIONS[node.conversion], value)
        spec = self.builder.const("") if node.format_spec is None else self.expression(node.format_spec)
        return self.builder.call(format, value, spec, name=name)

    # Calls
    def expression_Call(self, node: ast.Call, name: str, statement: bool = False) -> Value:
        """Operands in the order that `apply` wants: positional and `*`, then `**`, then those by name."""
        callee = self.expression(node.func, escapes=False)
        positional: list[Value] = []
        spread: list[str] = []
        for argument in node.args:
            starred = isinstance(argument, ast.Starred)
            # What is spread is gone over at once, and nobody else sees it.
            positional.append(self.elements(argument.value) if starred else self.argument(argument))
            spread.append("*" if starred else "")
        mappings: list[Value] = []
        named: dict[str, Value] = {}
        for keyword in node.keywords:
            value = self.argument(keyword.value)
            if keyword.arg is None:
                mappings.append(value)
            else:
                named[keyword.arg] = value
        spread += ["**"] * len(mappings) + [""] * len(named)
        operands = (callee, *positional, *mappings, *named.values())
        attrs = {"keywords": tuple(named), "spread": tuple(spread), "statement": statement}
        return self.builder.op("apply", operands, [Value(name)], (), **attrs).result

    def argument(self, node: ast.expr) -> Value:
        """An argument; a generator expression is an iterator over the list of its elements."""
        value = self.elements(node)
        return self.builder.call(iter, value) if isinstance(node, ast.GeneratorExp) else value

    def elements(self, node: ast.expr) -> Value:
        if isinstance(node, ast.GeneratorExp):
            return self.expression_ListComp(node, "")
        return self.expression(node, escapes=False)

    # Comprehensions
    def expression_ListComp(self, node: ast.ListComp | ast.GeneratorExp, name: str) -> Value:
        return self.comprehension(node.generators, lambda: self.expression(node.elt), name)

    def expression_DictComp(self, node: ast.DictComp, name: str) -> Value:
        def pair() -> Value:
            key = self.expression(node.key)
            return self.builder.tuple([key, self.expression(node.value)])

        return self.builder.call(dict, self.comprehension(node.generators, pair, ""), name=name)

    def comprehension(self, generators: Sequence[ast.comprehension], element: Any, name: str) -> Value:
        raise NotImplementedError

    def test_all(self, tests: Sequence[ast.expr], inner: Any) -> Value:
        """The list `inner` gives if all tests hold, else the empty list."""
        if not tests:
            return inner()
        cond = self.expression(tests[0])
        return self.chosen(cond, lambda: self.test_all(tests[1:], inner), lambda: self.builder.list([]))

