"""Reading the textual form of IR that `text` prints.

`parse(print_ir(code), foreign_objects(code))` gives the code again, but for what the text leaves out: columns of
locations and annotations of signatures.
"""

from __future__ import annotations

import ast
import inspect
import operator
import re
from collections.abc import Mapping
from typing import Any

from backprose.ir import kinds as k
from backprose.ir.nodes import OPS, Function, Loc, Module, Op, Region, Value
from backprose.ir.reader import ParseError, Reader

_PLACE = re.compile(r"# (?:L(?P<own>\d+)|(?P<file>.*):(?P<line>\d+))(?P<reverse> ~)?")


def parse(text: str, objects: Mapping[str, Any] | None = None) -> Function | Module:
    """The function or module that `text` denotes; `objects` gives the foreign objects by name, without the `@`."""
    return _Parser(text, objects or {}).file()


def parse_kind(text: str, objects: Mapping[str, Any] | None = None) -> k.Kind:
    """The kind that `text` denotes."""
    return _Parser(text, objects or {}).kind()


class _Parser(Reader):
    def __init__(self, text: str, objects: Mapping[str, Any]):
        super().__init__(text, objects)
        self.values: dict[str, Value] = {}
        self.own = ("", "")  # file and name of the function being read

    def end_of_line(self) -> Loc | None:
        match = _PLACE.fullmatch(self.next()) if self.token.kind == "comment" else None
        self.next("newline")
        if match is None:
            return None
        file, function = self.own
        line = int(match["own"] or match["line"])
        sweep = "reverse" if match["reverse"] else ""
        return Loc(file if match["own"] else match["file"], line, 0, line, 0, function, sweep)

    # Functions
    def file(self) -> Function | Module:
        self.blank()
        is_module = self.take("module")
        functions: dict[str, Function] = {}
        self.blank()
        while self.take("function"):
            function = self.function()
            functions[function.name] = function
            self.blank()
        if self.take("objects"):
            self.expect("{")
            while not self.take("}"):
                self.next()
            self.blank()
        if self.token.kind != "end" or not functions:
            self.fail("a function")
        if not is_module and len(functions) > 1:
            raise ParseError("several functions need `module` before them")
        return Module(functions) if is_module else function

    def function(self) -> Function:
        outer, self.values = (self.values, self.own), {}
        name = self.name()
        self.expect("(")
        params = tuple(self.listed(self.definition, ")"))
        signature = self.signature() if self.take("signature") else None
        attrs = self.extras()
        self.expect("{")
        self.own = ("", name)
        loc = self.end_of_line()
        self.own = (loc.file if loc else "", name)
        self.blank()
        doc = self.next("string") if self.take("doc") else "''"
        region = self.region(params, "return")
        self.values, self.own = outer
        return Function(name, region, loc, ast.literal_eval(doc), signature, attrs)

    def signature(self) -> inspect.Signature:
        Parameter = inspect.Parameter
        found, kind = [], Parameter.POSITIONAL_OR_KEYWORD

        def parameter() -> None:
            nonlocal kind
            if self.take("/"):
                found[:] = [p.replace(kind=Parameter.POSITIONAL_ONLY) for p in found]
            elif self.take("**"):
                found.append(Parameter(self.next("word"), Parameter.VAR_KEYWORD))
            elif self.take("*"):
                kind = Parameter.KEYWORD_ONLY
                if self.token.kind == "word":
                    found.append(Parameter(self.next("word"), Parameter.VAR_POSITIONAL))
            else:
                name = self.next("word")
                found.append(Parameter(name, kind, default=self.literal() if self.take("=") else Parameter.empty))

        self.expect("(")
        self.listed(parameter, ")")
        return inspect.Signature(found)

    def region(self, params: tuple[Value, ...], final: str = "yield") -> Region:
        """Ops up to the closing brace, which is consumed."""
        ops, results = [], []
        self.blank()
        while not self.take("}"):
            if self.take(final):
                results = [self.value()]
                while self.take(","):
                    results.append(self.value())
                self.end_of_line()
            else:
                ops.append(self.op())
            self.blank()
        return Region(params, tuple(ops), tuple(results))

    # Ops
    def op(self) -> Op:
        """One op. `op_<name>` reads what stands between its name and its further attributes."""
        results: tuple[Value, ...] = ()
        if self.token.kind == "value":
            results = (self.definition(),)
            while self.take(","):
                results += (self.definition(),)
            annotated = self.tokens[self.at - 1].kind != "value"
            self.expect("=")
        # Callables have a dot in their names or an `@` before them, so a bare word is the name of an op.
        name = self.next() if self.token.kind == "word" and self.token.text in OPS else "call"
        read = getattr(self, "op_" + name, self.op_plain)
        if OPS[name].regions:
            operands, params, attrs = read()
            attrs |= self.extras()
            self.expect("{")
            loc = self.end_of_line()
            return Op(name, tuple(operands), results, attrs, self.regions(name, params), loc)
        operands, attrs = read()
        if name == "const" and results and not annotated:
            results = (self.constant(results[0], attrs["value"]),)
        attrs |= self.extras()
        nested = self.take("function")
        loc = self.end_of_line()
        if nested:
            attrs = {"template": self.function(), **attrs}
            self.end_of_line()
        return Op(name, tuple(operands), results, attrs, (), loc)

    def constant(self, value: Value, content: Any) -> Value:
        """The result of a `const` without a kind in the text: its kind is the constant."""
        known = Value(value.name, k.Static(content))
        self.values.update((name, known) for name, v in self.values.items() if v is value)
        return known

    def regions(self, name: str, params: tuple[Value, ...]) -> tuple[Region, ...]:
        regions = [self.region(params)]
        if name == "if":
            self.expect("else")
            self.expect("{")
            regions.append(self.region(()))
        elif name == "while":
            self.expect("do")
            self.expect("(")
            params = tuple(self.listed(self.definition, ")"))
            self.expect("{")
            regions.append(self.region(params))
        self.end_of_line()
        return tuple(regions)

    def op_plain(self) -> tuple[list[Value], dict]:
        self.expect("(")
        return self.listed(self.value, ")"), {}

    def op_const(self) -> tuple[list[Value], dict]:
        return [], {"value": self.literal()}

    def op_unbound(self) -> tuple[list[Value], dict]:
        return [], {}

    def op_global(self) -> tuple[list[Value], dict]:
        name = self.name()
        self.expect("in")
        return [], {"name": name, "scope": self.name()}

    def op_call(self) -> tuple[list[Value], dict]:
        fn = self.reference()
        operands, keywords, _ = self.arguments()
        method = None
        if self.take("as"):
            self.expect(".")
            method = self.next("word")
        return operands, {"fn": fn, "keywords": keywords, "method": method}

    def op_apply(self) -> tuple[list[Value], dict]:
        callee = self.value()
        operands, keywords, spread = self.arguments()
        attrs = {"keywords": keywords, "spread": spread, "statement": self.take("statement")}
        return [callee, *operands], attrs

    def op_invoke(self) -> tuple[list[Value], dict]:
        callee = self.name()
        return self.op_plain()[0], {"callee": callee}

    def op_store(self) -> tuple[list[Value], dict]:
        update = self.name()
        return self.op_plain()[0], {"operator": None if update == "set" else getattr(operator, update)}

    def op_getattr(self) -> tuple[list[Value], dict]:
        self.expect("(")
        target = self.value()
        self.expect(",")
        name = self.name()
        self.expect(")")
        return [target], {"name": name}

    def op_dict(self) -> tuple[list[Value], dict]:
        self.expect("(")
        return [v for pair in self.listed(lambda: self.pair(self.value, ":", self.value), ")") for v in pair], {}

    def op_record(self) -> tuple[list[Value], dict]:
        cls = self.reference()
        return self.op_plain()[0], {"cls": cls}

    def op_closure(self) -> tuple[list[Value], dict]:
        operands, _ = self.op_plain()
        return operands, {"template": self.next("word")} if self.sees("self") else {}

    # Ops with regions: their operands, the parameters of their first region, their attributes
    def op_if(self) -> tuple[list[Value], tuple[Value, ...], dict]:
        return [self.value()], (), {}

    def op_with(self) -> tuple[list[Value], tuple[Value, ...], dict]:
        return self.op_plain()[0], (), {}

    def op_for(self) -> tuple[list[Value], tuple[Value, ...], dict]:
        self.expect("(")
        pairs = [self.pair(self.definition, "in", self.value)]
        while self.take(","):
            pairs.append(self.pair(self.definition, "in", self.value))
        iterables = len(pairs)
        if self.take(";"):
            pairs += self.listed(lambda: self.pair(self.definition, "=", self.value), ")")
        else:
            self.expect(")")
        params, operands = zip(*pairs)
        return list(operands), params, {"iterables": iterables, **self.loop()}

    def op_while(self) -> tuple[list[Value], tuple[Value, ...], dict]:
        self.expect("(")
        pairs = self.listed(lambda: self.pair(self.definition, "=", self.value), ")")
        return [init for _, init in pairs], tuple(param for param, _ in pairs), self.loop()

    def loop(self) -> dict[str, Any]:
        collected = 0
        if self.take("collected"):
            self.expect("=")
            collected = int(self.next("number"))
        return {"collected": collected, "stops": self.take("stops")}

    # Parts of ops
    def arguments(self) -> tuple[list[Value], tuple[str, ...], tuple[str, ...]]:
        """The operands, the names of the last ones, and for each "", "*" or "**"."""
        keywords, spread = [], []

        def argument() -> Value:
            if self.token.kind == "word":
                keywords.append(self.next())
                self.expect("=")
            spread.append(self.next() if self.sees("*", "**") else "")
            return self.value()

        self.expect("(")
        operands = self.listed(argument, ")")
        return operands, tuple(keywords), tuple(spread)

    def extras(self) -> dict[str, Any]:
        if not self.take("<"):
            return {}
        return dict(self.listed(lambda: self.pair(lambda: self.next("word"), "=", self.literal), ">"))

    def definition(self) -> Value:
        name = self.next("value")[1:]
        if name in self.values:
            raise ParseError(f"line {self.token.line}: %{name} is defined twice")
        hint = name.partition(".")[0]
        kind = self.kind() if self.take(":") else k.UNKNOWN
        value = self.values[name] = Value("" if hint.isdigit() else hint, kind)
        return value

    def value(self) -> Value:
        name = self.next("value")[1:]
        if name not in self.values:
            raise ParseError(f"line {self.token.line}: %{name} is not defined")
        return self.values[name]
