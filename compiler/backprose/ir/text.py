"""The textual form of IR, which `parse` reads back.

    function loss(%w: f64[N], %x: f64[N, N]) {                     # model.py:6
      %z: f64[N] = operator.matmul(%x, %w)                         # L7
      return %z
    }

Values are `%name`, then `%name.1`; temporaries `%0`, `%1`. Library objects stand by their public name, all others
as `@name`, listed at the end under `objects`. A trailing `# L7` is a line of the function's own file, `# file.py:7`
one of another; `~` marks the reverse sweep. Numbering follows the order of appearance, so the text is deterministic.
"""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

from backprose.ir.kinds import UNKNOWN, Kind, Static
from backprose.ir.literals import Objects, kind_text, literal, word
from backprose.ir.nodes import OPS, Function, Loc, Module, Op, Region, Value

LOC_COLUMN = 64
# Attributes of functions that tie them to this process and this machine.
HIDDEN = ("code", "file")


# A remark on a node: a format, and the values whose printed names fill it.
Note = tuple[Any, ...]
Notes = Mapping[int, Sequence[Note]]


@dataclass
class Names:
    """The printed names of values: one for each, however many texts are printed with them."""

    of: dict[Value, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, value: Value) -> str:
        if value not in self.of:
            hint = re.sub(r"\W", "_", value.name)
            hint = "_" + hint if hint[:1].isdigit() else hint
            count = self.counts.get(hint, 0)
            self.counts[hint] = count + 1
            # A temporary is its number alone; a name's first value goes without one.
            self.of[value] = (f"{hint}.{count}" if count else hint) if hint else str(count)
        return self.of[value]


def print_ir(code: Function | Module, notes: Notes | None = None, names: Mapping[str, Names] | None = None) -> str:
    """The text of a function or a module.

    `notes` puts remarks under the lines of the nodes whose id they name. `names` has the names of the values of each
    function: values keep them from one text to the next, so that the texts before and after a pass can be compared.
    """
    return _print(code, notes or {}, names or {})[0]


def foreign_objects(code: Function | Module) -> dict[str, Any]:
    """The objects that the text refers to as `@name`; `parse(print_ir(code), foreign_objects(code))` is `code`."""
    return _print(code, {}, {})[1].named


def _print(code: Function | Module, notes: Notes, names: Mapping[str, Names]) -> tuple[str, Objects]:
    objects = Objects()
    is_module = isinstance(code, Module)
    lines = ["module"] if is_module else []
    for function in code.functions.values() if is_module else [code]:
        if lines:
            lines.append("")
        _Printer(lines, objects, notes, names.get(function.name)).function(function, "", "function ")
    if objects.named:
        lines += ["", "objects {"]
        lines += [f"  @{name}: {type(value).__name__}" for name, value in objects.named.items()]
        lines.append("}")
    return "\n".join(lines) + "\n", objects


class _Printer:
    """Prints one function into `lines`; each nested function gets its own printer, and so its own value names."""

    def __init__(self, lines: list[str], objects: Objects, notes: Notes, names: Names | None = None):
        self.lines, self.objects, self.notes = lines, objects, notes
        self.names = names or Names()
        self.file: str | None = None

    def function(self, function: Function, indent: str, lead: str) -> None:
        head = f"{lead}{word(function.name)}({self.definitions(function.params)})"
        if function.signature is not None:
            head += f" signature({self.signature(function.signature)})"
        head += self.extras({key: value for key, value in function.attrs.items() if key not in HIDDEN}) + " {"
        self.line(indent, head, function.loc, function)
        self.file = _base(function.loc)
        if function.doc:
            self.lines.append(f"{indent}  doc {function.doc!r}")
        self.region(function.region, indent, "return")
        self.lines.append(indent + "}")

    def region(self, region: Region, indent: str, final: str = "yield") -> None:
        indent += "  "
        for op in region.ops:
            self.op(op, indent)
        if region.results or id(region) in self.notes:
            self.line(indent, f"{final} {self.values(region.results)}".rstrip(), None, region)

    def line(self, indent: str, text: str, loc: Loc | None, node: Any) -> None:
        text = indent + text
        if loc is not None:
            text = f"{text:<{LOC_COLUMN}} # {self.place(loc)}"
        self.lines.append(text)
        for template, *values in self.notes.get(id(node), ()):
            self.lines.append(f"{indent}^ {template.format(*map(self.value, values))}")

    def place(self, loc: Loc) -> str:
        place = f"L{loc.line}" if _base(loc) == self.file else f"{_base(loc)}:{loc.line}"
        return place + (" ~" if loc.sweep else "")

    # Ops
    def op(self, op: Op, indent: str) -> None:
        results = self.definitions(op.results) if op.name != "const" else self.constants(op)
        lead = f"{results} = " if results else ""
        if not _has_form(op):
            return self.malformed(op, indent, lead)
        shown = OPS[op.name].attrs
        extras = self.extras({key: value for key, value in op.attrs.items() if key not in shown})
        if op.name == "closure" and isinstance(op.attrs["template"], Function):
            lead += f"closure({self.values(op.operands)}){extras} function "
            self.line(indent, lead.rstrip(), op.loc, op)
            return _Printer(self.lines, self.objects, self.notes).function(op.attrs["template"], indent, "")
        text = lead + getattr(self, "head_" + op.name, self.head_plain)(op) + extras
        self.line(indent, text + (" {" if op.regions else ""), op.loc, op)
        for i, region in enumerate(op.regions):
            if i == 1:
                joint = "else" if op.name == "if" else f"do ({self.definitions(region.params)})"
                self.lines.append(f"{indent}}} {joint} {{")
            self.region(region, indent)
        if op.regions:
            self.lines.append(indent + "}")

    def malformed(self, op: Op, indent: str, lead: str) -> None:
        """What the verifier refuses is printed as it is; it does not parse back."""
        self.line(indent, f"{lead}{op.name}!({self.values(op.operands)}){self.extras(op.attrs)}", op.loc, op)
        for region in op.regions:
            self.lines.append(f"{indent}({self.definitions(region.params)}) {{")
            self.region(region, indent)
            self.lines.append(indent + "}")

    def head_plain(self, op: Op) -> str:
        return f"{op.name}({self.values(op.operands)})"

    def head_const(self, op: Op) -> str:
        return f"const {literal(op.attrs['value'], self.objects)}"

    def head_unbound(self, op: Op) -> str:
        return "unbound"

    def head_global(self, op: Op) -> str:
        return f"global {word(op.attrs['name'])} in {word(op.attrs['scope'])}"

    def head_call(self, op: Op) -> str:
        text = f"{self.objects.reference(op.fn)}({self.arguments(op.positional, op.keywords)})"
        return text + (f" as .{op.attrs['method']}" if op.attrs["method"] else "")

    def head_apply(self, op: Op) -> str:
        callee, *positional = op.positional or op.operands
        text = f"apply {self.value(callee)}({self.arguments(positional, op.keywords, op.attrs['spread'])})"
        return text + (" statement" if op.attrs["statement"] else "")

    def head_invoke(self, op: Op) -> str:
        return f"invoke {word(op.attrs['callee'])}({self.values(op.operands)})"

    def head_store(self, op: Op) -> str:
        update = op.attrs["operator"]
        return f"store {'set' if update is None else update.__name__}({self.values(op.operands)})"

    def head_getattr(self, op: Op) -> str:
        return f"getattr({self.values(op.operands)}, {word(op.attrs['name'])})"

    def head_dict(self, op: Op) -> str:
        texts = [self.value(v) for v in op.operands]
        return f"dict({', '.join(': '.join(texts[i : i + 2]) for i in range(0, len(texts), 2))})"

    def head_record(self, op: Op) -> str:
        return f"record {self.objects.reference(op.attrs['cls'])}({self.values(op.operands)})"

    def head_closure(self, op: Op) -> str:
        return f"closure({self.values(op.operands)}) {word(str(op.attrs['template']))}"

    def head_if(self, op: Op) -> str:
        return f"if {self.values(op.operands)}"

    def head_for(self, op: Op) -> str:
        items = ", ".join(self.tied(op.items, " in ", op.iterables))
        carried = ", ".join(self.tied(op.carried, " = ", op.inits))
        return f"for ({items}; {carried}){self.loop(op)}" if carried else f"for ({items}){self.loop(op)}"

    def head_while(self, op: Op) -> str:
        return f"while ({', '.join(self.tied(op.regions[0].params, ' = ', op.inits))}){self.loop(op)}"

    def loop(self, op: Op) -> str:
        collected = f" collected={op.attrs['collected']}" if op.attrs["collected"] else ""
        return collected + (" stops" if op.attrs["stops"] else "")

    # Parts
    def tied(self, params: Sequence[Value], sign: str, sources: Sequence[Value]) -> list[str]:
        """Pairs like `%i: int in %r`; "?" stands for what a malformed op lacks."""
        return [
            (self.definition(p) if p else "?") + sign + (self.value(s) if s else "?")
            for p, s in zip_longest(params, sources)
        ]

    def arguments(
        self, positional: Iterable[Value], keywords: Mapping[str, Value], spread: Sequence[str] = ()
    ) -> str:
        texts = [star + self.value(v) for v, star in zip_longest(positional, spread[: len(positional)], fillvalue="")]
        return ", ".join(texts + [f"{name}={self.value(v)}" for name, v in keywords.items()])

    def extras(self, attrs: Mapping[str, Any]) -> str:
        """Attributes that the op's form does not show."""
        if not attrs:
            return ""
        return f" <{', '.join(f'{key}={literal(value, self.objects)}' for key, value in attrs.items())}>"

    def signature(self, signature: inspect.Signature) -> str:
        """The parameters as Python writes them; annotations are left out."""
        parts, previous = [], None
        for p in signature.parameters.values():
            if previous is p.POSITIONAL_ONLY and p.kind is not previous:
                parts.append("/")
            if p.kind is p.KEYWORD_ONLY and previous not in (p.KEYWORD_ONLY, p.VAR_POSITIONAL):
                parts.append("*")
            star = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
            default = "" if p.default is p.empty else f"={literal(p.default, self.objects)}"
            parts.append(f"{star}{p.name}{default}")
            previous = p.kind
        return ", ".join(parts + ["/"] * (previous is inspect.Parameter.POSITIONAL_ONLY))

    def definitions(self, values: Iterable[Value]) -> str:
        return ", ".join(self.definition(v) for v in values)

    def definition(self, value: Value) -> str:
        return self.value(value) + ("" if value.kind == UNKNOWN else f": {self.kind(value.kind)}")

    def kind(self, kind: Kind) -> str:
        return kind_text(kind, self.objects)

    def constants(self, op: Op) -> str:
        """The result of a `const`; that its kind is the constant goes without saying."""
        known = Static(op.attrs.get("value"))
        return ", ".join(
            self.value(v) + ("" if v.kind == known else f": {self.kind(v.kind)}") for v in op.results
        )

    def values(self, values: Iterable[Value]) -> str:
        return ", ".join(self.value(v) for v in values)

    def value(self, value: Value) -> str:
        return "%" + self.names[value]


def _has_form(op: Op) -> bool:
    """Whether the op has what its textual form needs; only IR that the verifier refuses does not."""
    spec = OPS.get(op.name)
    return (
        spec is not None
        and len(op.regions) == spec.regions
        and all(name in op.attrs for name in spec.attrs)
        and (op.name != "apply" or len(op.operands) > 0)
    )


def _base(loc: Loc | None) -> str | None:
    """The file without its folder: texts must not depend on where the sources lie."""
    return None if loc is None else os.path.basename(loc.file)
