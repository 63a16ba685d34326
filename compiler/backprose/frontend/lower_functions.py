"""Nested functions: `closure` ops, made from the variables as they are where the function is read.

A template's first parameters are the captured variables, then one for each default value (computed where the function
is defined), then its own. `attrs["defaults"]` gives the position of a parameter's default among the captured operands;
`attrs["volatile"]` names the captured variables that may be bound again later, so that whoever lets the closure live
on has to refuse. A function's own name inside it is a `closure` whose template is "self".
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from dataclasses import dataclass

from backprose.frontend import resolve
from backprose.frontend.lower_expressions import Expressions
from backprose.frontend.regions import Nested, plain
from backprose.ir.nodes import Function, Loc, Value

Parameter = inspect.Parameter


@dataclass(frozen=True, slots=True)
class Default:
    """Stands in a template's signature for a default value: the captured operand at `index`."""

    index: int


class Functions(Expressions):
    """Lowers `def` and `lambda` inside a function."""

    making: tuple[str, ...] = ()  # nested functions whose closures are being made
    volatile: frozenset[str] = frozenset()  # keys of variables that may be bound again
    captured: tuple[Value, ...] = ()  # this function's own captured parameters

    def template(
        self, node: ast.FunctionDef | ast.Lambda, captured: Mapping[str, str], slots: Mapping[str, int], name: str
    ) -> Function:
        raise NotImplementedError

    def nested(self, node: ast.FunctionDef | ast.Lambda, name: str) -> Nested:
        """The nested function, at its definition; `name` is the variable that it is bound to, or ""."""
        defaults = resolve.defaults(node)
        values = tuple(self.expression(default, parameter) for parameter, default in defaults.items())
        free = {read: self.key(read) for read in resolve.free_names(node)}
        captured = {read: key for read, key in free.items() if key is not None and read != name}
        if name in free and self.key(name) in self.volatile:
            self.refuse(
                node,
                f"the nested function {name!r} reads its own name, which is bound more than once",
                "which function it calls is decided by the last binding before the call",
                "give the functions different names",
            )
        slots = {parameter: len(captured) + index for index, parameter in enumerate(defaults)}
        template = self.template(node, captured, slots, name)
        return Nested(template, tuple(captured.values()), values, name, self.source.loc(node, self.function))

    def closure(self, binding: Nested, node: ast.AST | Loc, escapes: bool) -> Value:
        if escapes:
            self.check_escape(binding, node)
        if binding.name and binding.name in self.making:
            self.refuse(
                node,
                f"the nested functions {' and '.join(map(repr, self.making))} call each other",
                "each would have to be made before the other",
                "move them out of the function, or pass one to the other as an argument",
            )
        before = self.making
        self.making = (*before, binding.name)
        captured = [self.variable(key, node, escapes) for key in binding.captured]
        self.making = before
        return self.builder.op(
            "closure", (*captured, *binding.defaults), [Value(binding.name)], (), template=binding.template
        ).result

    def itself(self) -> Value:
        return self.builder.op("closure", self.captured, [Value(self.function)], (), template="self").result

    # Escaping
    def may_escape(self, binding: Nested) -> bool:
        return self.escaping_read(binding, ()) is None

    def escaping_read(self, binding: Nested, seen: tuple[str, ...]) -> str | None:
        """A variable that the function reads and that may be bound again when it is called, if there is one."""
        for key in binding.captured:
            inner = self.env.get(key)
            if key in self.volatile or " " in key or inner is None:
                return key
            if isinstance(inner, Nested) and inner.name not in seen:
                read = self.escaping_read(inner, (*seen, binding.name))
                if read is not None:
                    return read
        return None

    def check_escape(self, binding: Nested, node: ast.AST | Loc) -> None:
        key = self.escaping_read(binding, ())
        if key is not None:
            read = plain(key)
            self.refuse(
                node,
                f"a nested function that reads {read!r} is stored or returned",
                f"it reads {read!r} when it is called, and by then {read!r} may be bound to another value",
                f"fix the value where the function is defined: `{read}={read}` among its parameters",
            )


def own_signature(node: ast.FunctionDef | ast.Lambda, slots: Mapping[str, int]) -> inspect.Signature:
    """The signature without captured values; a default is the place of its value among the captured ones."""
    args = node.args
    kinds: list[tuple[list[ast.arg], inspect._ParameterKind]] = [
        (args.posonlyargs, Parameter.POSITIONAL_ONLY),
        (args.args, Parameter.POSITIONAL_OR_KEYWORD),
        ([args.vararg] if args.vararg else [], Parameter.VAR_POSITIONAL),
        (args.kwonlyargs, Parameter.KEYWORD_ONLY),
        ([args.kwarg] if args.kwarg else [], Parameter.VAR_KEYWORD),
    ]
    return inspect.Signature(
        [
            Parameter(arg.arg, kind, default=Default(slots[arg.arg]) if arg.arg in slots else Parameter.empty)
            for group, kind in kinds
            for arg in group
        ]
    )
