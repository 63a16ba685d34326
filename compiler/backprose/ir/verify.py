"""The invariants of IR. A broken one raises, with the complaint printed inside the dump under the guilty line.

Every value is defined once and read only after its definition, in the same region or one nested in it. Every op is
one of `OPS`, with all its attributes, and with as many operands, regions, yields and results as its name demands.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from backprose.errors import InternalError
from backprose.ir.nodes import OPS, Function, Module, Op, Region, Value
from backprose.ir.records import fields_of
from backprose.ir.text import print_ir
from backprose.ir.walk import defined_values

# Before these, calls and closures are unresolved and a read of an unbound variable is possible.
UNRESOLVED_STAGES = ("", "lowered")
# How many operands, for the ops that fix it.
_OPERANDS = {"const": 0, "unbound": 0, "global": 0, "getattr": 1, "if": 1}


def verify(code: Function | Module, stage: str = "") -> None:
    """Raise `InternalError` where `code` breaks an invariant; from stage "inferred" on, all calls must be resolved."""
    checker = _Checker(code, stage)
    functions = code.functions if isinstance(code, Module) else {code.name: code}
    for name, function in functions.items():
        if name != function.name:
            checker.complain(function, f"is filed in the module under the name {name}")
        checker.function(function)
    if checker.notes:
        after = f" after stage {stage!r}" if stage else ""
        raise InternalError(f"malformed IR{after}:\n{print_ir(code, checker.notes)}")


class _Checker:
    def __init__(self, code: Function | Module, stage: str):
        self.functions = code.functions if isinstance(code, Module) else {code.name: code}
        self.resolved = stage not in UNRESOLVED_STAGES
        self.notes: dict[int, list[tuple]] = {}
        self.known: set[Value] = set()  # every value of the function, wherever it is defined
        self.defined: set[Value] = set()
        self.unbound: set[Value] = set()
        self.in_template = False

    def complain(self, node: Any, text: str, *values: Value) -> None:
        """Note `text` on a function, op or region; `{}` in it stand for the printed names of `values`."""
        self.notes.setdefault(id(node), []).append((text, *values))

    def expect(self, node: Any, what: str, expected: int, found: int) -> None:
        if expected != found:
            self.complain(node, f"has {found} {what}, not {expected}")

    # Definitions and reads
    def function(self, function: Function) -> None:
        self.known, self.defined, self.unbound = defined_values(function.region), set(), set()
        self.region(function.region, set(), function)
        self.expect(function.region, "results", 1, len(function.region.results))
        self.read(function.region, function.region.results[:1], self.defined, may_be_unbound=False)

    def region(self, region: Region, outer: set[Value], owner: Any) -> None:
        visible = set(outer)
        self.define(owner, region.params, visible)
        for op in region.ops:
            self.op(op, visible)
            self.define(op, op.results, visible)
            if op.name == "unbound":
                self.unbound.update(op.results)
        self.read(region, region.results, visible, may_be_unbound=True)

    def define(self, node: Any, values: Iterable[Value], visible: set[Value]) -> None:
        for value in values:
            if value in self.defined:
                self.complain(node, "{} is defined a second time", value)
            self.defined.add(value)
            visible.add(value)

    def read(self, node: Any, values: Iterable[Value], visible: set[Value], may_be_unbound: bool) -> None:
        for value in values:
            if value not in self.known:
                self.complain(node, "{} is never defined", value)
            elif value not in visible:
                self.complain(node, "{} is read outside the region that defines it, or before its definition", value)
            elif self.resolved and not may_be_unbound and value in self.unbound:
                self.complain(node, "{} is unbound", value)

    # Ops
    def op(self, op: Op, visible: set[Value]) -> None:
        # Initial values of loops may be unbound, as yields may; conditions and iterables may not.
        passed = op.inits if op.name in ("for", "while") else ()
        self.read(op, op.operands[: len(op.operands) - len(passed)], visible, may_be_unbound=False)
        self.read(op, passed, visible, may_be_unbound=True)
        if self.form(op):
            getattr(self, "check_" + op.name, lambda op: None)(op)
        for region in op.regions:
            self.region(region, visible, op)

    def form(self, op: Op) -> bool:
        """Whether the op has the name, attributes and number of regions that its further checks rely on."""
        spec = OPS.get(op.name)
        if spec is None:
            self.complain(op, f"there is no operation {op.name!r}")
            return False
        missing = [name for name in spec.attrs if name not in op.attrs]
        if missing:
            self.complain(op, f"lacks the attribute {', '.join(missing)}")
        self.expect(op, "regions", spec.regions, len(op.regions))
        if spec.results is not None:
            self.expect(op, "results", spec.results, len(op.results))
        if op.name in _OPERANDS:
            self.expect(op, "operands", _OPERANDS[op.name], len(op.operands))
        if self.resolved and op.name in ("apply", "closure"):
            self.complain(op, f"{op.name} is left unresolved")
        return not missing and len(op.regions) == spec.regions

    def check_call(self, op: Op) -> None:
        if not callable(op.attrs["fn"]):
            self.complain(op, "what it calls is not callable")
        self.keywords(op, len(op.operands))

    def check_apply(self, op: Op) -> None:
        if not op.operands:
            self.complain(op, "has no callee")
            return
        arguments = len(op.operands) - 1
        self.keywords(op, arguments)
        spread = op.attrs["spread"]
        # None at all means that nothing is spread; named arguments need not be counted.
        if len(spread) not in (0, arguments, arguments - len(op.attrs["keywords"])):
            self.complain(op, f"has {len(spread)} spreads for {arguments} arguments")
        if not set(spread) <= {"", "*", "**"}:
            self.complain(op, "has a spread that is none of '', '*' and '**'")

    def keywords(self, op: Op, arguments: int) -> None:
        names = op.attrs["keywords"]
        if len(names) > arguments:
            self.complain(op, f"has {len(names)} keywords for {arguments} arguments")
        if len(set(names)) < len(names):
            self.complain(op, "names a keyword twice")

    def check_invoke(self, op: Op) -> None:
        callee = self.functions.get(op.attrs["callee"])
        if callee is None:
            self.complain(op, f"there is no function {op.attrs['callee']}")
        else:
            self.expect(op, "operands", len(callee.params), len(op.operands))

    def check_dict(self, op: Op) -> None:
        if len(op.operands) % 2:
            self.complain(op, "has a key without a value")

    def check_record(self, op: Op) -> None:
        expected = fields_of(op.attrs["cls"], op.result.kind)
        if expected is None:
            self.complain(op, "its class is neither a dataclass nor a namedtuple")
        else:
            self.expect(op, "operands", len(expected), len(op.operands))

    def check_closure(self, op: Op) -> None:
        template = op.attrs["template"]
        if isinstance(template, Function):
            # A template sees nothing of what is around it: what it captures are its first parameters.
            outer = self.known, self.defined, self.unbound, self.in_template
            self.in_template = True
            self.function(template)
            self.known, self.defined, self.unbound, self.in_template = outer
        elif template != "self":
            self.complain(op, "its template is not a function")
        elif not self.in_template:
            self.complain(op, "there is no enclosing closure")

    def check_raise(self, op: Op) -> None:
        if len(op.operands) > 2:
            self.complain(op, f"has {len(op.operands)} operands, not at most 2")

    # Control flow
    def check_if(self, op: Op) -> None:
        for region in op.regions:
            self.expect(op, "region parameters", 0, len(region.params))
            self.expect(region, "yields", len(op.results), len(region.results))

    def check_with(self, op: Op) -> None:
        self.expect(op, "region parameters", 0, len(op.body.params))
        self.expect(op.body, "yields", len(op.results), len(op.body.results))

    def check_for(self, op: Op) -> None:
        if not 1 <= op.attrs["iterables"] <= len(op.operands):
            self.complain(op, f"has {op.attrs['iterables']} iterables and {len(op.operands)} operands")
        self.loop(op)

    def check_while(self, op: Op) -> None:
        condition = op.regions[0]
        self.expect(op, "parameters of its condition", len(op.inits), len(condition.params))
        self.expect(condition, "yields", 1, len(condition.results))
        self.loop(op)

    def loop(self, op: Op) -> None:
        carried, collected = len(op.inits), op.attrs["collected"]
        self.expect(op, "region parameters", len(op.operands), len(op.body.params))
        self.expect(op.body, "yields", bool(op.attrs["stops"]) + carried + collected, len(op.body.results))
        self.expect(op, "results", carried + collected, len(op.results))
