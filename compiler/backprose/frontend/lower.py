"""From a function's syntax tree to IR: statements, and the entry of the frontend.

Nothing but the code is looked at, neither globals nor cells nor arguments, so the result serves every function made
of the same code object. A variable is a map from its name to the value that it holds now; branches and loops pass on
what they change.
"""

from __future__ import annotations

import ast
import inspect
import operator
from collections.abc import Mapping, Sequence
from typing import Any

import backprose_runtime

from backprose.frontend import accept, resolve
from backprose.frontend.desugar import desugar
from backprose.frontend.lower_functions import own_signature
from backprose.frontend.lower_loops import Loops
from backprose.frontend.prune import prune
from backprose.frontend.regions import BREAK, CONTINUE, FALL, RAISED, Exit, Itself, Nested
from backprose.frontend.source import Source, changed, read
from backprose.ir.nodes import Function, Value

UPDATES: dict[type[ast.operator], Any] = {
    ast.Add: operator.iadd, ast.Sub: operator.isub, ast.Mult: operator.imul, ast.Div: operator.itruediv,
    ast.FloorDiv: operator.ifloordiv, ast.Mod: operator.imod, ast.Pow: operator.ipow, ast.MatMult: operator.imatmul,
    ast.BitAnd: operator.iand, ast.BitOr: operator.ior, ast.BitXor: operator.ixor,
    ast.LShift: operator.ilshift, ast.RShift: operator.irshift,
}  # fmt: skip


def lower(function: Any) -> Function:
    """The IR of a plain function, lambda or method; kinds are unknown and calls are not resolved.

    Raises `SourceUnavailable` without a source, `UnsupportedSyntax` for what is outside the accepted subset.
    """
    function = getattr(function, "__func__", function)
    source = read(function)
    accept.check(source)
    node = desugar(source)
    lowering = Lowering(source, node, "")
    if not resolve.variables(node, lowering.variables) <= {*source.code.co_varnames, *source.code.co_cellvars}:
        raise changed(source.code)
    # What a wrapper wraps is not what runs.
    signature = inspect.signature(function, follow_wrapped=False)
    return prune(lowering.lowered(signature))


class Lowering(Loops):
    """One function being lowered, with the names of its captured variables and of its `slots` for default values."""

    def __init__(
        self,
        source: Source,
        node: ast.FunctionDef | ast.Lambda,
        name: str,
        captured: Sequence[str] = (),
        slots: Mapping[str, int] | None = None,
        volatile: frozenset[str] = frozenset(),
    ):
        super().__init__(source, "lambda" if isinstance(node, ast.Lambda) else node.name)
        self.node = node
        counts = resolve.bindings(node)
        self.variables = {*counts, *captured, *([name] if name else [])}
        self.volatile = frozenset({*(n for n, count in counts.items() if count > 1), *(volatile - set(counts))})
        self.captured = (*(Value(n) for n in captured), *(Value(n) for n in slots or ()))
        self.params = [Value(arg.arg) for arg in resolve.parameters(node)]
        self.env.update(zip(captured, self.captured))
        if name and name not in counts:
            self.env[name] = Itself()
        self.env.update((value.name, value) for value in self.params)

    def lowered(self, signature: inspect.Signature, **attrs: Any) -> Function:
        with self.at(self.node):
            end = ast.copy_location(ast.Return(None), self.node)
            exit = self.block([*resolve.body_of(self.node), end])
            result = exit.result or self.builder.unbound("result")
        is_lambda = isinstance(self.node, ast.Lambda)
        return Function(
            "lambda_" if is_lambda else self.node.name,
            self.builder.region((*self.captured, *self.params), [result]),
            self.source.loc(self.node, self.function),
            "" if is_lambda else ast.get_docstring(self.node) or "",
            signature,
            {"code": self.source.code, "file": self.source.file, **attrs},
        )

    def template(
        self, node: ast.FunctionDef | ast.Lambda, captured: Mapping[str, str], slots: Mapping[str, int], name: str
    ) -> Function:
        volatile = frozenset(read for read, key in captured.items() if key in self.volatile or " " in key)
        inner = Lowering(self.source, node, name, tuple(captured), slots, volatile)
        attrs = {"captured": len(captured) + len(slots), "defaults": dict(slots), "volatile": tuple(sorted(volatile))}
        return prune(inner.lowered(own_signature(node, slots), **attrs))

    # Names
    def key(self, name: str) -> str | None:
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return name if name in self.variables else None

    def is_cell(self, name: str) -> bool:
        return name in self.source.code.co_freevars

    # Blocks
    def block(self, statements: Sequence[ast.stmt]) -> Exit:
        """The statements in order, until control certainly leaves; what a flag leaves open guards the others."""
        rest = list(statements)
        while rest:
            statement = rest.pop(0)
            if isinstance(statement, ast.If):
                exit, rest = self.statement_If(statement, rest)
            else:
                exit = self.statement(statement)
            if exit.jumped is False:
                continue
            if isinstance(exit.jumped, Value) and rest:
                return self.guarded(exit, rest, statement)
            return exit
        return FALL

    def guarded(self, exit: Exit, rest: list[ast.stmt], place: ast.stmt) -> Exit:
        left = Exit(True, exit.stop, exit.returned, exit.result)
        with self.at(place):
            return self.branch(exit.jumped, lambda: (left, ()), lambda: (self.block(rest), ()))[0]

    def statement(self, node: ast.stmt) -> Exit:
        with self.at(node):
            return getattr(self, "statement_" + type(node).__name__)(node) or FALL

    def statement_If(self, node: ast.If, rest: list[ast.stmt]) -> tuple[Exit, list[ast.stmt]]:
        """An `if`, and the statements that remain. What follows a branch that always leaves goes into the other one."""
        body, orelse = node.body, node.orelse
        body_ways, orelse_ways = resolve.endings(body), resolve.endings(orelse)
        if _leaves(body_ways) and resolve.FALL in orelse_ways:
            orelse, rest = [*orelse, *rest], []
        elif _leaves(orelse_ways) and resolve.FALL in body_ways:
            body, rest = [*body, *rest], []
        with self.at(node):
            cond = self.expression(node.test)
            exit, _ = self.branch(cond, lambda: (self.block(body), ()), lambda: (self.block(orelse), ()))
        return exit, rest

    def statement_With(self, node: ast.With) -> Exit:
        context = self.expression(node.items[0].context_expr)
        return self.enclosed("with", [context], lambda: self.block(node.body))

    # Statements that leave
    def statement_Return(self, node: ast.Return) -> Exit:
        value = self.builder.const(None) if node.value is None else self.expression(node.value)
        return Exit(True, True, True, value)

    def statement_Break(self, node: ast.Break) -> Exit:
        return BREAK

    def statement_Continue(self, node: ast.Continue) -> Exit:
        return CONTINUE

    def statement_Raise(self, node: ast.Raise) -> Exit:
        operands = [self.expression(part) for part in (node.exc, node.cause) if part is not None]
        self.builder.op("raise", operands)
        return RAISED

    # Statements that bind
    def statement_Assign(self, node: ast.Assign) -> None:
        if all(isinstance(target, ast.Name) for target in node.targets):
            nested = self.nested_function(node.value, node.targets[0].id)
            if nested is not None:
                for target in node.targets:
                    self.bind_name(target.id, nested)
                return
        (first, *_) = node.targets
        if len(node.targets) == 1 and self.bind_items(first, node.value):
            return
        value = self.expression(node.value, next((t.id for t in node.targets if isinstance(t, ast.Name)), ""))
        for target in node.targets:
            with self.at(target):
                self.bind(target, value)

    def nested_function(self, node: ast.expr, name: str) -> Nested | None:
        """The nested function that `name = node` binds, without making a closure of it."""
        if isinstance(node, ast.Lambda):
            return self.nested(node, name)
        if isinstance(node, ast.Name):
            binding = self.env.get(self.key(node.id) or "")
            return binding if isinstance(binding, Nested) else None
        return None

    def bind_items(self, target: ast.expr, value: ast.expr) -> bool:
        """Bind `a, b = c, d` item by item, after all have been evaluated."""
        if not (isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List))):
            return False
        if len(target.elts) != len(value.elts) or any(isinstance(e, ast.Starred) for e in [*target.elts, *value.elts]):
            return False
        names = [element.id if isinstance(element, ast.Name) else "" for element in target.elts]
        values = [self.expression(item, name) for item, name in zip(value.elts, names)]
        for element, item in zip(target.elts, values):
            with self.at(element):
                self.bind(element, item)
        return True

    def bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.bind_name(target.id, value)
            return
        if isinstance(target, ast.Subscript):
            self.builder.op("store", [self.expression(target.value), self.expression(target.slice), value], operator=None)
            return
        if isinstance(target, ast.Attribute):
            self.builder.call(setattr, self.expression(target.value), self.builder.const(target.attr), value)
            return
        elements = target.elts
        stars = [index for index, element in enumerate(elements) if isinstance(element, ast.Starred)]
        counts = [stars[0], len(elements) - stars[0] - 1] if stars else [len(elements)]
        parts = self.builder.call(backprose_runtime.unpack, value, *map(self.builder.const, counts))
        for index, element in enumerate(elements):
            element = element.value if isinstance(element, ast.Starred) else element
            name = element.id if isinstance(element, ast.Name) else ""
            with self.at(element):
                self.bind(element, self.builder.call(operator.getitem, parts, self.builder.const(index), name=name))

    def statement_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Subscript):
            target, index = self.expression(node.target.value), self.expression(node.target.slice)
            operands = [target, index]
            if any(isinstance(inner, ast.Call) for inner in ast.walk(node.value)):  # which may store there itself
                before = self.builder.call(operator.getitem, target, index)
                operands += [self.expression(node.value), before]
            else:
                operands.append(self.expression(node.value))
            self.builder.op("store", operands, operator=UPDATES[type(node.op)])
            return
        if isinstance(node.target, ast.Attribute):
            target = self.expression(node.target.value)
            before = self.builder.getattr(target, node.target.attr)
            value = self.builder.call(UPDATES[type(node.op)], before, self.expression(node.value))
            self.builder.call(setattr, target, self.builder.const(node.target.attr), value)
            return
        name = node.target.id
        with self.at(node.target):
            before = self.load(name, node.target)
        value = self.builder.call(UPDATES[type(node.op)], before, self.expression(node.value), name=name)
        self.bind_name(name, value)

    def statement_FunctionDef(self, node: ast.FunctionDef) -> None:
        self.bind_name(node.name, self.nested(node, node.name))

    def statement_AnnAssign(self, node: ast.AnnAssign) -> None:
        """A bare annotation; it binds nothing."""

    def statement_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            self.delete(target)

    def delete(self, target: ast.expr) -> None:
        if isinstance(target, ast.Attribute):
            self.builder.call(delattr, self.expression(target.value), self.builder.const(target.attr))
        elif isinstance(target, ast.Subscript):
            self.builder.call(operator.delitem, self.expression(target.value), self.expression(target.slice))
        elif isinstance(target, ast.Name):
            self.load(target.id, target, escapes=False)
            self.env.pop(self.key(target.id), None)
        else:
            for element in target.elts:
                self.delete(element)

    def statement_Pass(self, node: ast.Pass) -> None:
        """Nothing to do."""

    def statement_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call):
            with self.at(node.value):
                self.expression_Call(node.value, "", statement=True)
        elif not isinstance(node.value, ast.Constant):
            self.expression(node.value, escapes=False)


def _leaves(ways: set[str]) -> bool:
    """Whether a block never falls through, other than by raising: then nothing after it runs."""
    return resolve.FALL not in ways and ways != {"raise"}
