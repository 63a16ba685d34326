"""The terms of a sum beside one that is known: `u - v` of `t + u - v`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from backprose.ir.nodes import Op, Value
from backprose.transform.typed import TypedBuilder


@dataclass(frozen=True)
class Term:
    value: Value
    is_added: bool


def other_terms(
    total: Value, is_known: Callable[[Value], bool], made: Mapping[Value, Op], is_read_once: Callable[[Value], bool]
) -> list[Term] | None:
    """The terms of the sum beside a known one that is added; None if that is no term, or the sum is read elsewhere."""
    found: list[Term] = []
    while not is_known(total):
        op = made.get(total)
        if op is None or op.fn not in (operator.add, operator.sub) or not is_read_once(total):
            return None
        left, right = op.operands
        if op.fn is operator.add and is_known(right):
            left, right = right, left
        found.append(Term(right, op.fn is operator.add))
        total = left
    return found[::-1]


def summed(b: TypedBuilder, terms: list[Term]) -> Value:
    """Their sum, with a sign before all of it where the first one is subtracted."""
    first, *rest = terms
    total = first.value
    for term in rest:
        total = b.call(operator.add if term.is_added == first.is_added else operator.sub, total, term.value)
    return total if first.is_added else b.call(operator.neg, total)
