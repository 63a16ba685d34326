"""The IR: SSA values, operations with nested regions, functions.

All nodes are frozen; a pass builds new ones. A `Value` is compared by identity and carries the user's
name as a hint. An `Op` has operands, results, static attributes, a source location and, for control
flow, regions. `OPS` declares every operation; printer, parser and verifier follow from it.

The operations, with `->` for their results:

    const        {value}                     -> 1   a literal or a foreign Python object
    unbound                                  -> 1   a variable not bound on this path (reading it raises)
    global       {name, scope}               -> 1   a free name, read live from the module or a closure cell
    call         args {fn, keywords, method} -> 1   fn(*positional, **named): the last len(keywords) operands
                                                    are named; `method` is the method's name if the user wrote
                                                    `x.sum(...)`, x being the first operand
    apply        callee args {keywords,      -> 1   a call that inference has still to resolve; spread[i] is
                  spread, statement}                "", "*" or "**" for each argument
    invoke       args {callee}               -> 1   a call of another function of the module, by name;
                                                    with the attribute `tiled`, one that may be made part by part of
                                                    the arrays (`backprose_runtime.in_tiles`)
    getattr      object {name}               -> 1
    tuple, list  items                       -> 1
    dict         k0 v0 k1 v1 ...             -> 1
    record       fields {cls}                -> 1   an object with these attributes
    closure      captured {template}         -> 1   a nested function; the template's first parameters are
                                                    the captured values
    if           cond  [then, else]          -> n   each region yields n values
    for          iterables inits [body]      -> n+m in lockstep over `iterables` iterables (the shortest ends it)
                 {iterables, collected,             body(items..., carried...) yields
                  stops}                            ([stop], carried..., collected...); a true stop is a `break`
                                                    after this iteration's values are taken; each collected
                                                    value is appended to a list, which is a result
    while        inits [cond, body]          -> n+m cond(carried...) yields one value, body(carried...) as for
                 {collected, stops}
    with         contexts [body]             -> n   body() yields n values; without contexts, and with the attribute
                                                    `again`, a block that the reverse sweep runs again
    raise        [exception [cause]]         -> 0
    store        target index value          -> 0   `target[index] = value`, or with an operator `target[index] += value`,
                 [before] {operator}                of which `before` is what `target[index]` was before the value was
                                                    computed; only in lowered IR, where values are references still

Every operation but `call` (whose callable decides), `raise` and those holding such ones is pure. Values are
immutable: what Python would update in place is a new value here, and code generation turns the new value back
into an update in place where the old one is owned and dead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from backprose.ir.kinds import UNKNOWN, Kind


# A compilation makes values, ops, regions and places by the ten thousand, so they fill their slots directly: what
# `dataclass` writes for a frozen class looks each slot up by its name, which takes three times as long.


@dataclass(frozen=True, slots=True, init=False)
class Loc:
    """A span of the user's source; lines count from 1, columns from 0.

    `sweep` is "", "reverse" in a reverse sweep and for what moves within one, or "tangent" for what stands beside the
    primal in forward mode.
    """

    file: str
    line: int
    col: int
    end_line: int
    end_col: int
    function: str
    sweep: str

    def __init__(self, file: str, line: int, col: int, end_line: int, end_col: int, function: str, sweep: str = ""):
        _set_file(self, file)
        _set_line(self, line)
        _set_col(self, col)
        _set_end_line(self, end_line)
        _set_end_col(self, end_col)
        _set_function(self, function)
        _set_sweep(self, sweep)

    def reversed(self) -> Loc:
        return Loc(self.file, self.line, self.col, self.end_line, self.end_col, self.function, "reverse")

    def beside(self) -> Loc:
        """Where a tangent stands: what moves within a reverse sweep is a part of it."""
        return self if self.sweep else replace(self, sweep="tangent")


_set_file, _set_line, _set_col, _set_end_line, _set_end_col, _set_function, _set_sweep = (
    getattr(Loc, slot).__set__ for slot in ("file", "line", "col", "end_line", "end_col", "function", "sweep")
)


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Value:
    """One definition. `name` is the user's name for it, or "" for a temporary."""

    name: str
    kind: Kind

    def __init__(self, name: str = "", kind: Kind = UNKNOWN):
        _set_value_name(self, name)
        _set_value_kind(self, kind)

    def __repr__(self) -> str:
        return f"%{self.name or id(self) % 10000}: {self.kind}"


_set_value_name, _set_value_kind = Value.name.__set__, Value.kind.__set__


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Region:
    params: tuple[Value, ...]
    ops: tuple[Op, ...]
    results: tuple[Value, ...]

    def __init__(
        self, params: tuple[Value, ...] = (), ops: tuple[Op, ...] = (), results: tuple[Value, ...] = ()
    ):
        _set_region_params(self, params)
        _set_region_ops(self, ops)
        _set_region_results(self, results)


_set_region_params, _set_region_ops, _set_region_results = (
    getattr(Region, slot).__set__ for slot in ("params", "ops", "results")
)


@dataclass(frozen=True, slots=True, eq=False, init=False)
class Op:
    """`fn` is the callable of a `call`, else None; only an op with one result has a `result`."""

    name: str
    operands: tuple[Value, ...]
    results: tuple[Value, ...]
    attrs: Mapping[str, Any]
    regions: tuple[Region, ...]
    loc: Loc | None
    fn: Any = field(init=False)
    result: Value = field(init=False)

    def __init__(
        self, name: str, operands: tuple[Value, ...] = (), results: tuple[Value, ...] = (),
        attrs: Mapping[str, Any] | None = None, regions: tuple[Region, ...] = (), loc: Loc | None = None,
    ):  # fmt: skip
        _set_name(self, name)
        _set_operands(self, operands)
        _set_results(self, results)
        _set_attrs(self, {} if attrs is None else attrs)
        _set_regions(self, regions)
        _set_loc(self, loc)
        _set_fn(self, attrs["fn"] if name == "call" else None)
        if len(results) == 1:
            _set_result(self, results[0])

    @property
    def in_reverse(self) -> bool:
        """Whether the op belongs to a reverse sweep."""
        return self.loc is not None and self.loc.sweep == "reverse"

    @property
    def is_derivative(self) -> bool:
        """Whether the op computes with cotangents or tangents: what it gives is no result of the user's own."""
        return self.loc is not None and self.loc.sweep != ""

    def reading(self, operands: tuple[Value, ...], regions: tuple[Region, ...]) -> Op:
        """The op with these operands and regions; itself where it has them already."""
        if operands == self.operands and regions == self.regions:
            return self
        return Op(self.name, operands, self.results, self.attrs, regions, self.loc)

    def giving(self, results: tuple[Value, ...]) -> Op:
        """The op with these results."""
        return Op(self.name, self.operands, results, self.attrs, self.regions, self.loc)

    # Calls
    @property
    def positional(self) -> tuple[Value, ...]:
        named = self.attrs.get("keywords")
        return self.operands[: -len(named)] if named else self.operands

    @property
    def keywords(self) -> dict[str, Value]:
        names = self.attrs.get("keywords")
        return dict(zip(names, self.operands[-len(names) :])) if names else {}

    # Loops: slices of operands, body parameters, yields and results
    @property
    def iterables(self) -> tuple[Value, ...]:
        return self.operands[: self.attrs.get("iterables", 0)]

    @property
    def inits(self) -> tuple[Value, ...]:
        return self.operands[self.attrs.get("iterables", 0) :]

    @property
    def body(self) -> Region:
        return self.regions[-1]

    @property
    def items(self) -> tuple[Value, ...]:
        """Body parameters that hold the current elements of the iterables."""
        return self.body.params[: self.attrs.get("iterables", 0)]

    @property
    def carried(self) -> tuple[Value, ...]:
        """Body parameters that hold the carried values."""
        return self.body.params[self.attrs.get("iterables", 0) :]

    @property
    def stop(self) -> Value | None:
        return self.body.results[0] if self.attrs["stops"] else None

    @property
    def yields(self) -> tuple[Value, ...]:
        """What the body yields for the carried values."""
        start = 1 if self.attrs["stops"] else 0
        return self.body.results[start : start + len(self.inits)]

    @property
    def collects(self) -> tuple[Value, ...]:
        """What the body yields to be collected into lists."""
        start = (1 if self.attrs["stops"] else 0) + len(self.inits)
        return self.body.results[start:]

    @property
    def carried_results(self) -> tuple[Value, ...]:
        return self.results[: len(self.inits)]

    @property
    def collected_results(self) -> tuple[Value, ...]:
        return self.results[len(self.inits) :]


_set_name, _set_operands, _set_results, _set_attrs, _set_regions, _set_loc, _set_fn, _set_result = (
    getattr(Op, slot).__set__ for slot in ("name", "operands", "results", "attrs", "regions", "loc", "fn", "result")
)


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Function:
    """A function: its parameters are those of `region`, its one result is what it returns.

    `signature` is the `inspect.Signature` of the user's function (names, order, defaults) where there is one.
    `doc` becomes the docstring of the emitted code.
    """

    name: str
    region: Region
    loc: Loc | None = None
    doc: str = ""
    signature: Any = None
    attrs: Mapping[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        from backprose.ir.text import print_ir  # the printer is built on the nodes

        return print_ir(self)

    @property
    def params(self) -> tuple[Value, ...]:
        return self.region.params

    @property
    def ops(self) -> tuple[Op, ...]:
        return self.region.ops

    @property
    def result(self) -> Value:
        (value,) = self.region.results
        return value


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """Functions by name; the first is the entry. The others are reached by `invoke`."""

    functions: Mapping[str, Function]

    def __str__(self) -> str:
        from backprose.ir.text import print_ir

        return print_ir(self)

    @property
    def entry(self) -> Function:
        return next(iter(self.functions.values()))


@dataclass(frozen=True, slots=True)
class OpSpec:
    """What every op of a name has: attribute names, number of regions, number of results (None: any)."""

    attrs: tuple[str, ...] = ()
    regions: int = 0
    results: int | None = 1


OPS: Mapping[str, OpSpec] = {
    "const": OpSpec(("value",)),
    "unbound": OpSpec(),
    "global": OpSpec(("name", "scope")),
    "call": OpSpec(("fn", "keywords", "method")),
    "apply": OpSpec(("keywords", "spread", "statement")),
    "invoke": OpSpec(("callee",)),
    "getattr": OpSpec(("name",)),
    "tuple": OpSpec(),
    "list": OpSpec(),
    "dict": OpSpec(),
    "record": OpSpec(("cls",)),
    "closure": OpSpec(("template",)),
    "if": OpSpec((), 2, None),
    "for": OpSpec(("iterables", "collected", "stops"), 1, None),
    "while": OpSpec(("collected", "stops"), 2, None),
    "with": OpSpec((), 1, None),
    "raise": OpSpec((), 0, 0),
    "store": OpSpec(("operator",), 0, 0),
}
