"""Building regions op by op."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from backprose.ir.kinds import UNKNOWN, Kind, Static
from backprose.ir.nodes import Loc, Op, Region, Value


class Builder:
    """Collects ops in order; every method that builds an op returns its result or results.

    `loc` is given to each new op; set it as the source position moves.
    """

    def __init__(self, loc: Loc | None = None):
        self.ops: list[Op] = []
        self.loc = loc

    def add(self, op: Op) -> Op:
        self.ops.append(op)
        return op

    def op(
        self,
        op: str,
        operands: Iterable[Value] = (),
        results: Sequence[Value] = (),
        regions: Iterable[Region] = (),
        /,
        **attrs: Any,
    ) -> Op:
        return self.add(Op(op, tuple(operands), tuple(results), attrs, tuple(regions), self.loc))

    def const(self, value: Any, name: str = "") -> Value:
        return self.op("const", (), [Value(name, Static(value))], value=value).result

    def unbound(self, name: str = "") -> Value:
        return self.op("unbound", (), [Value(name)]).result

    def call(
        self, fn: Any, *args: Value, kind: Kind = UNKNOWN, name: str = "", method: str | None = None, **keywords: Value
    ) -> Value:
        operands = (*args, *keywords.values())
        result = Value(name, kind)
        return self.op("call", operands, [result], fn=fn, keywords=tuple(keywords), method=method).result

    def getattr(self, target: Value, attribute: str, kind: Kind = UNKNOWN, name: str = "") -> Value:
        return self.op("getattr", (target,), [Value(name, kind)], (), name=attribute).result

    def tuple(self, items: Iterable[Value], kind: Kind = UNKNOWN, name: str = "") -> Value:
        return self.op("tuple", items, [Value(name, kind)]).result

    def list(self, items: Iterable[Value], kind: Kind = UNKNOWN, name: str = "") -> Value:
        return self.op("list", items, [Value(name, kind)]).result

    def dict(self, pairs: Iterable[tuple[Value, Value]], kind: Kind = UNKNOWN, name: str = "") -> Value:
        return self.op("dict", [v for pair in pairs for v in pair], [Value(name, kind)]).result

    def region(self, params: Iterable[Value] = (), results: Iterable[Value] = ()) -> Region:
        return Region(tuple(params), tuple(self.ops), tuple(results))
