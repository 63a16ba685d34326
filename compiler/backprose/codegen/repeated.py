"""What is written out at each of its uses: slices, indices, short tests.

They cost nothing, and a name would say nothing.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import backprose_runtime

from backprose.codegen.names import TESTS
from backprose.ir.kinds import Dim, Scalar, Static
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.walk import all_ops, defined_values

LIMIT = 72
USER_LIMIT = 92  # of an expression that the user wrote in one line
CHEAP = 24  # of what is written out at each use

SUMS = frozenset({operator.add, operator.sub})

# Where the index, or the path to it, begins among the operands.
INDEXING = {operator.getitem: 1, backprose_runtime.get_at: 1, backprose_runtime.add_at: 1, backprose_runtime.set_at: 2}


class Expression(NamedTuple):
    """What is known of an op's text: its length, what it reads (values and names), its lines."""

    op: Op
    size: int
    reads: frozenset = frozenset()
    effect: bool = False
    lines: frozenset = frozenset()

    @property
    def limit(self) -> int:
        one_line = len(self.lines) <= 1 and not any(sweep for _, _, sweep in self.lines)
        return USER_LIMIT if one_line else LIMIT


class Repeated:
    """Decides it for one function. `known` are the folded values, `circuits` conditions that are yielded as well."""

    def __init__(
        self, function: Function, uses: Counter[Value], known: Mapping[Value, Expression], circuits: set[Value]
    ):
        self.uses, self.known, self.circuits = uses, known, circuits
        defs = [v for op in all_ops(function.region) for v in op.results]
        self.names = Counter(v.name for v in (*function.params, *defs))
        self.bound = Counter(v.name for v in defined_values(function.region))  # by name: how many values have it
        self.readers: dict[Value, list[Op]] = {}
        self.block: dict[Op, int] = {}  # which ops stand in one block
        self.counters: set[Value] = set()  # loop variables that nothing in the body shares its name with
        self.find_readers(function.region)

    def find_readers(self, region: Region) -> None:
        for op in region.ops:
            self.block[op] = id(region)
            for value in op.operands:
                self.readers.setdefault(value, []).append(op)
            for inner in op.regions:
                self.find_readers(inner)
            if op.name == "for":
                names = Counter(v.name for v in defined_values(op.body))
                self.counters.update(v for v in op.items if v.name and names[v.name] == 1)

    def is_cheap(self, e: Expression) -> bool:
        """Whether it is a slice, an index, a bound of a range or a short test."""
        if e.effect or e.size > CHEAP or len(e.op.results) != 1 or e.op.result.name:
            return False
        if self.is_index(e.op) or self.is_test(e) or self.is_bound(e):
            return True
        if e.op.fn is range:
            # Written out in the loops' headers, unless what it reads is reassigned.
            return all(not isinstance(r, str) or self.names[r] == 1 for r in e.reads) and "" not in {
                r.name for r in e.reads if isinstance(r, Value)
            }
        if e.op.name == "tuple":
            return "kept" not in e.op.attrs and all(map(self.is_lasting, e.op.operands))
        return e.op.fn is slice

    def is_lasting(self, value: Value) -> bool:
        """Whether what is written for the value means the same wherever it stands."""
        return value in self.known or value in self.counters or (value.name != "" and self.names[value.name] == 1)

    def is_index(self, op: Op) -> bool:
        """Whether the op is `i + 1`, read nearby as an index and as nothing else."""
        if op.fn not in SUMS or op.operands[0] in self.known or not isinstance(op.operands[1].kind, Static):
            return False
        readers = self.readers.get(op.result, ())
        if len(readers) != self.uses[op.result] or not (
            op.operands[0].kind == Scalar("int") or isinstance(op.operands[0].kind, Dim)
        ):
            return False
        return all(self.block[r] == self.block[op] and self.is_place(op.result, r) for r in readers)

    def is_place(self, value: Value, reader: Op) -> bool:
        """Whether the reader takes the value for an index, or a part of one, and for nothing else."""
        if reader.name == "tuple":
            readers = self.readers.get(reader.result, ())
            return len(readers) == self.uses[reader.result] and all(self.is_place(reader.result, r) for r in readers)
        start = INDEXING.get(reader.fn)
        if start is None:
            return False
        index = (*reader.operands[1:2], *reader.operands[3:]) if reader.fn is backprose_runtime.add_at else reader.operands[start:]
        return reader.operands.count(value) == index.count(value)

    def is_test(self, e: Expression) -> bool:
        """Whether numbers are compared that have the same names wherever an `if` reads the outcome."""
        readers = self.readers.get(e.op.result, ())
        if e.op.fn not in TESTS or len(readers) != self.uses[e.op.result] or e.op.result in self.circuits:
            return False
        if any(r.name != "if" for r in readers) or not self.is_plain(e.op):
            return False
        return self.is_stable(e)

    def is_bound(self, e: Expression) -> bool:
        """Whether it is `len(x) - 1`, read once, nearby, and may be written into the other sweep."""
        readers = self.readers.get(e.op.result, ())
        if self.uses[e.op.result] != 1 or len(readers) != 1 or self.block[readers[0]] != self.block[e.op]:
            return False
        is_int = e.op.result.kind == Scalar("int") or isinstance(e.op.result.kind, Dim)
        return is_int and e.op.fn in SUMS and self.is_plain(e.op) and self.is_stable(e)

    def is_stable(self, e: Expression) -> bool:
        """Whether each name in the expression means one value throughout the function."""
        return all(self.bound[r] == 1 if isinstance(r, str) else r.name for r in e.reads)

    def is_plain(self, op: Op) -> bool:
        """Whether the expression takes nothing but a few operations on numbers."""
        parts = [self.known[v].op for v in op.operands if v in self.known]
        numbers = all(isinstance(v.kind, (Scalar, Dim, Static)) for v in op.operands)
        is_step = numbers or op.fn is len or op.name == "getattr"
        return op.name == "const" or (is_step and all(map(self.is_plain, parts)))
