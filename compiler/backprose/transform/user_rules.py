"""Rules that users registered for functions of others: applied like those of the table, and compared with the operands."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

import backprose_runtime

from backprose.analysis.kinds import is_none, is_number
from backprose.ir.kinds import UNKNOWN, FixedList, Tuple
from backprose.ir.nodes import Op, Value
from backprose.rules.custom import Foreign
from backprose.rules.registry import Rule
from backprose.transform import shares
from backprose.transform.binding import bind
from backprose.transform.cotangents import bar_tree_kind, cotangent_kind, zeros
from backprose.transform.custom import built, name_of
from backprose.transform.infer import Inference
from backprose.transform.typed import TypedBuilder, typed_call


def apply(
    engine: Inference, b: TypedBuilder, rule: Rule, op: Op, args: tuple[Value, ...], given: Mapping[str, Value]
) -> Value:
    """What the rule gives: a cotangent for the operand in `wrt`, or a tuple of them; entry by entry if it is elementwise."""
    signature = inspect.signature(rule.text)
    source = shares.Source(name_of(op.fn), name_of(rule.text), op.loc, engine.debug)
    values = dict(zip(signature.parameters, bind(b, name_of(rule.text), signature, args, given, op.loc)))
    operands = [(name, values[name]) for name in rule.wrt]
    if isinstance(rule.text, Foreign):
        return _foreign(b, rule, op, operands, args, given)
    bound = list(values.values())
    out = built(engine, b, rule.text, name_of(op.fn), bound, [None] * len(bound), bound)
    if len(rule.wrt) == 1:
        return _fitting(b, rule, source, *operands[0], out)
    names = ", ".join(rule.wrt)
    if not isinstance(out.kind, (Tuple, FixedList)) or len(out.kind.items) != len(rule.wrt):
        raise source.refuse(
            f"it returns {shares.described(out.kind)}", f"return a tuple with a cotangent for each of ({names}), which `wrt` names"
        )
    return b.tuple([_fitting(b, rule, source, *operand, share) for operand, share in zip(operands, b.items_of(out))])


def _fitting(b: TypedBuilder, rule: Rule, source: shares.Source, name: str, operand: Value, share: Value) -> Value:
    """The share, compared with its operand; zeros for None. Partials are broadcast like the function itself."""
    if not is_number(operand.kind):
        return share
    if is_none(share.kind):
        return zeros(b, cotangent_kind(operand.kind), operand)
    if rule.is_elementwise:
        if not is_number(share.kind):
            raise source.refuse(f"its partial by `{name}` is {shares.described(share.kind)}", "return numbers: `d` times the partial")
        return share
    ((_, fitted),) = shares.fitting(b, source, name, operand, share) or (((), share),)
    return fitted


def _foreign(
    b: TypedBuilder, rule: Rule, op: Op, operands: list[tuple[str, Value]], args: tuple[Value, ...], given: Mapping[str, Value]
) -> Value:  # fmt: skip
    """The call of a rule that is not compiled, and of what checks its cotangents."""
    attrs = {"fn": rule.text, "keywords": tuple(given), "method": None}
    out = b.op("call", (*args, *given.values()), [Value("", UNKNOWN)], **attrs).result
    out = out if len(operands) > 1 else b.tuple([out])
    names = b.data((f"the rule `{name_of(rule.text)}` of `{name_of(op.fn)}`", *(name for name, _ in operands)))
    kind = Tuple(tuple(bar_tree_kind(v.kind) for _, v in operands))
    found = typed_call(b, backprose_runtime.checked_cotangents, (out, b.tuple([v for _, v in operands]), names), kind)
    return found if len(operands) > 1 else b.items_of(found)[0]
