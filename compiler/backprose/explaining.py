"""Reports on a derivative: what its forward sweep keeps for the reverse sweep and why, and where derivatives end.

The facts are those of `analysis/kept.py` and `analysis/ends.py`; here they are put in words, and measured.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from backprose import errors
from backprose.signatures import part_text
from backprose_runtime.containers import is_container, items

if TYPE_CHECKING:
    from backprose.analysis.ends import End, Flow
    from backprose.analysis.kept import Kept
    from backprose.dispatch import Specialization
    from backprose.ir.nodes import Function, Loc, Value
    from backprose.transform.gradient import Request


@dataclass(frozen=True)
class Residual:
    """A value that the reverse sweep reads: `expression` as the user wrote it, and the line that makes it (0: an argument).

    `form` says how it comes back, in words; `readers` are the expressions whose derivatives read it, with their lines.
    `bytes` is what keeping it takes, for the arguments that were given: 0 for an argument or a global, for what shares
    memory with an argument or with a value listed before, and for what is computed again.
    """

    expression: str
    line: int
    form: str
    readers: tuple[tuple[str, int], ...]
    bytes: int | None = None

    def __str__(self) -> str:
        where = f", line {self.line}" if self.line else ""
        size = f", {size_text(self.bytes)}" if self.bytes else ""
        return f"{self.expression}{where}: {self.form}{size}\n      for {_listed(self.readers)}"


@dataclass(frozen=True)
class Residuals:
    """What is kept for the reverse sweep, in the order of the user's lines; `bytes` in all, where sizes are known.

    `reader` is what reads it: the reverse sweep, or a linear function; in forward mode there is none, and nothing is kept.
    """

    of: str
    entries: tuple[Residual, ...]
    bytes: int | None = None
    reader: str = "reverse sweep"

    def __str__(self) -> str:
        if not self.reader:
            return f"Nothing of {self.of} is kept: in forward mode tangents are computed beside the values"
        total = "" if self.bytes is None else f", {size_text(self.bytes)}"
        head = f"Kept for the {self.reader} of {self.of}{total}:"
        return "\n".join([head, *(f"  {entry}" for entry in self.entries)] if self.entries else [f"{head} nothing"])

    __repr__ = __str__

    def __iter__(self) -> Any:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)


@dataclass(frozen=True)
class Stop:
    """An expression, on a line of the user's, that no derivative passes, and why."""

    expression: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"`{self.expression}`, line {self.line}: {self.why}" if self.expression else f"line {self.line}: {self.why}"


@dataclass(frozen=True)
class Argument:
    """Whether the derivative by an argument is there (`active`), in words (`why`), and where it ends on some ways.

    Of a container `parts` holds the same for each of its leaves, at every depth.
    """

    name: str
    active: bool
    why: str
    stops: tuple[Stop, ...]
    parts: tuple[Argument, ...] = ()

    def __str__(self) -> str:
        head = f"{self.name} {self.why}"
        if any(replace(part, name="") != replace(self, name="", parts=()) for part in self.parts):
            head = f"{head}, but" if self.active else f"{head}:"
            return "\n".join([head, *_indented(_said([p for p in self.parts if p.is_news]))])
        if not self.stops:
            return head
        through = ", but not through" if self.active else ", for it does not pass"
        return "\n".join([head + through, *(f"    {stop}" for stop in self.stops)])

    @property
    def is_news(self) -> bool:
        """Whether more is to be said than that there is a derivative."""
        return not self.active or bool(self.stops)

    def after(self, other: Argument | None) -> str:
        """The same, said more briefly where it is what has just been said of another."""
        alike = other is not None and self.stops and replace(self, name=other.name) == other
        return f"{self.name} likewise" if alike else str(self)

    def on_line(self, line: int) -> Argument:
        """What is to be said of one line."""
        parts = tuple(part.on_line(line) for part in self.parts)
        return replace(self, stops=tuple(stop for stop in self.stops if stop.line == line), parts=parts)

    @property
    def leaves(self) -> tuple[Argument, ...]:
        """The parts, or the argument itself."""
        return self.parts or (self,)


def _said(arguments: Iterable[Argument]) -> list[str]:
    arguments = list(arguments)
    return [argument.after(other) for argument, other in zip(arguments, (None, *arguments))]


def _indented(texts: Iterable[str]) -> list[str]:
    return [f"    {line}" for text in texts for line in text.split("\n")]


@dataclass(frozen=True)
class Explanation:
    """Where the derivatives by the arguments go, and what is kept for the reverse sweep; of one line, if one was named."""

    of: str
    signature: str
    line: int | None
    text: str  # of the line
    arguments: tuple[Argument, ...]
    residuals: Residuals

    def __str__(self) -> str:
        head = f"{self.of}, for {self.signature}"
        if self.line is not None:
            return "\n".join([head, "", *self._of_line()])
        return "\n".join([head, "", *_said(self.arguments), "", str(self.residuals)])

    __repr__ = __str__

    def _of_line(self) -> list[str]:
        lines = [f"Line {self.line}: {self.text}" if self.text else f"Line {self.line}"]
        for argument in (leaf for argument in self.arguments for leaf in argument.leaves):
            if argument.stops:
                lines += [f"No derivative by {argument.name} passes", *(f"    {stop}" for stop in argument.stops)]
        made = [entry for entry in self.residuals if entry.line == self.line]
        read = [entry for entry in self.residuals if self.line in [line for _, line in entry.readers]]
        if made:
            lines += [f"Kept of it for the {self.residuals.reader}:", *(f"  {entry}" for entry in made)]
        if read:
            lines += ["Its derivative reads:", *(f"  {_short(entry)}" for entry in read)]
        nothing = "Nothing is kept of it, its derivative reads nothing, and no derivative ends there."
        return lines if len(lines) > 1 else [*lines, nothing]


def _short(entry: Residual) -> str:
    return f"{entry.expression}, line {entry.line}: {entry.form}" if entry.line else f"{entry.expression}: {entry.form}"


def size_text(count: int) -> str:
    """`24 bytes`, `1.5 kB`, `80 MB`."""
    for unit, size in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= size:
            return f"{count / size:.3g} {unit}"
    return f"{count} bytes" if count != 1 else "1 byte"


def _listed(readers: Iterable[tuple[str, int]]) -> str:
    found = [f"`{text}`, line {line}" if text else f"line {line}" for text, line in readers]
    return "; ".join(found) or "the result"


# From facts to words


def explain(found: Specialization, of: str, name: str, line: int | None = None) -> Explanation:
    """The report on what was compiled for one kind of call of `name`; with `line`, on that line of the user's."""
    from backprose.analysis.ends import flows_of
    from backprose.analysis.kept import kept

    request = found.compilation.request
    primal = found.compilation.stages["primal"].entry
    flows = zip(request.wrt, flows_of(primal, request.wrt, request.has_aux))
    arguments = tuple(_argument(primal.params[i], parts) for i, parts in flows)
    facts = kept(found.compilation.stages["optimised"], found.backward is not None)
    residuals = Residuals(name, tuple(map(_residual, facts)), reader=_reader(request))
    text = ""
    if line is not None:
        arguments = tuple(argument.on_line(line) for argument in arguments)
        text = _text_of(primal, line)
    return Explanation(of, found.signature, line, text, arguments, residuals)


def _reader(request: Request) -> str:
    """What reads the residuals of what was asked for."""
    if request.jacobian == "forward" and request.inner is None:
        return ""
    return "linear function" if request.forward else "reverse sweep"


def _text_of(primal: Function, line: int) -> str:
    return linecache.getline(primal.loc.file, line).strip() if primal.loc else ""


def _argument(param: Value, flows: Sequence[Flow]) -> Argument:
    """An argument, with parts where it has any of which not the same is to be said."""
    parts = tuple(_flow(part_text(param.kind, flow.path, param.name), flow) for flow in flows)
    if not parts:
        return Argument(param.name, False, "holds nothing", ())
    if len({replace(part, name="") for part in parts}) == 1:
        itself = not flows[0].path
        return replace(parts[0], name=param.name, parts=() if itself else parts)
    active = any(part.active for part in parts)
    stops = tuple(dict.fromkeys(stop for part in parts for stop in part.stops))
    why = "has a derivative" if active else "has the derivative 0"
    return Argument(param.name, active, why, stops, parts)


def _flow(name: str, flow: Flow) -> Argument:
    return Argument(name, flow.active, flow.why, tuple(map(_stop, flow.ends)))


def _stop(end: End) -> Stop:
    return Stop(errors.quoted(end.place), end.place.line if end.place else 0, end.why)


def _residual(entry: Kept, size: int | None = None) -> Residual:
    from backprose.analysis.kept import ARGUMENT, LEVELS, SHAPE

    expression = entry.name or _text(entry.made) or "a value"
    if entry.form == SHAPE:
        expression = f"the shape of {entry.name or _text(entry.made) or 'an array'}"
    elif entry.form == LEVELS:
        expression = f"what {entry.name} keeps"
    line = entry.made.line if entry.made and entry.form != ARGUMENT else 0
    return Residual(expression, line, _form(entry), _readers(entry.readers), size)


def _form(entry: Kept) -> str:
    from backprose.analysis import kept

    return {
        kept.ARGUMENT: "the argument itself",
        kept.GLOBAL: "the global itself",
        kept.VARIABLE: "in its variable",
        kept.LIST: "in a list, one for each iteration" + (" of each loop" if entry.depth > 1 else ""),
        kept.SHAPE: "a shape alone",
        kept.LEVELS: "a tuple, in which there is one for each level",
        kept.AGAIN: "not kept, computed again",
    }[entry.form]


def _readers(places: Iterable[Loc]) -> tuple[tuple[str, int], ...]:
    return tuple(dict.fromkeys((_text(loc), loc.line) for loc in places))


def _text(loc: Loc | None) -> str:
    """The expression, or the first line of a statement over several lines, as a loop is."""
    return errors.quoted(loc) or (linecache.getline(loc.file, loc.line).strip().rstrip(":") if loc else "")


# Sizes


def measured(found: Specialization, of: str, args: tuple, keywords: Mapping[str, Any]) -> Residuals:
    """What is kept for these arguments: the forward sweep runs, and what it leaves is measured."""
    from backprose.analysis.kept import AGAIN, ARGUMENT, GLOBAL, kept

    facts = kept(found.compilation.stages["optimised"])
    stored = [entry for entry in facts if entry.form not in (AGAIN, ARGUMENT, GLOBAL)]
    left = _forward_sweep(found, stored)(*args, **keywords)
    return _weighed(found, of, facts, dict(zip(stored, _sizes(left, (args, keywords)))))


def weighed(found: Specialization, of: str, residuals: tuple) -> Residuals:
    """What a pullback or a linear function holds."""
    from backprose.analysis.kept import handed_over, kept

    module = found.compilation.stages["optimised"]
    sizes = dict(zip(handed_over(module), _sizes(residuals, ())))
    facts = kept(module, paired=True)
    return _weighed(found, of, facts, {entry: sizes[entry.value] for entry in facts if entry.value in sizes})


def _weighed(found: Specialization, of: str, facts: Iterable[Kept], sizes: dict[Kept, int]) -> Residuals:
    entries = tuple(_residual(entry, sizes.get(entry, 0)) for entry in facts)
    return Residuals(of, entries, sum(sizes.values()), _reader(found.compilation.request))


def _forward_sweep(found: Specialization, stored: list[Kept]) -> Any:
    """The forward sweep alone, as a function that returns what the reverse sweep would read."""
    from backprose.analysis.activity import maybe_unbound
    from backprose.codegen.load import load
    from backprose.codegen.python import emit
    from backprose.ir.kinds import Object
    from backprose.ir.nodes import Module, Op, Region, Value
    from backprose.transform.cotangents import Likes
    from backprose.transform.drop_dead import drop_dead_ops
    from backprose.transform.keep_unbound import keep_unbound

    first, *others = found.compilation.stages["optimised"].functions.values()
    result = Value("", Object(tuple))
    ops = (*first.ops, Op("tuple", tuple(entry.value for entry in stored), (result,)))
    region = drop_dead_ops(Region(first.params, ops, (result,)))
    region = keep_unbound(region, Likes(maybe_unbound(region)), {result})  # None for what a path leaves unbound
    alone = replace(first, name=f"{first.name}_kept", region=region, attrs={})
    module = Module({fn.name: fn for fn in (alone, *others)})
    live = {name: found.namespace[name] for _, _, name in found.live}
    return load(emit(module), alone.name, live)[alone.name]


def _sizes(values: Iterable[Any], shared: Any) -> list[int]:
    """Bytes of each value, without what is in `shared` or was counted before."""
    seen: set[int] = set()
    _bytes(shared, seen)
    return [_bytes(value, seen) for value in values]


def _bytes(value: Any, seen: set[int]) -> int:
    if isinstance(value, np.ndarray):
        owner = value
        while isinstance(owner.base, np.ndarray):
            owner = owner.base
        if id(owner) in seen:
            return 0
        seen.add(id(owner))
        return owner.nbytes
    if is_container(value):
        return sum(_bytes(item, seen) for item in items(value))
    if isinstance(value, (int, float, complex, np.generic)) and not isinstance(value, bool):
        return np.asarray(value).nbytes
    return 0
