"""A call and its rule, as both modes see them: operands by the names of the rule's parameters, the rule's text inlined."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from backprose import errors
from backprose.analysis.activity import passes_derivative
from backprose.ir.nodes import Op, Value
from backprose.rules.registry import Rule, rule_for
from backprose.transform import copied_rules, refusals, user_rules
from backprose.transform.typed import TypedBuilder

if TYPE_CHECKING:
    from backprose.transform.infer import Inference


def ruled(active: Collection[Value], op: Op) -> tuple[Rule, dict[str, Any]] | None:
    """The rule of a call, and its operands by name; None where no derivative passes through it."""
    if not any(v in active for v in op.operands) or not passes_derivative(op):
        return None
    rule = rule_for(op.fn)
    if rule is None:
        raise refusals.without_derivative(op.fn, op.loc)
    args, keywords = bound(rule, op)
    operands = {**args, **keywords}
    require_covered(active, op, rule, operands)
    return rule, operands


def bound(rule: Rule, op: Op) -> tuple[dict[str, Any], dict[str, Value]]:
    """The op's operands by the names of the rule's parameters; a variadic parameter gets a tuple."""
    parameters = rule.parameters
    named: dict[str, Any] = {}
    positional = list(op.positional)
    for name in rule.params:
        if parameters[name].kind is inspect.Parameter.VAR_POSITIONAL:
            named[name] = tuple(positional)
            positional = []
        elif positional:
            named[name] = positional.pop(0)
    return named, op.keywords


def inlined(
    engine: Inference, b: TypedBuilder, op: Op, rule: Rule, text: Callable, given: Mapping[str, Value]
) -> Value:
    """What the text gives for the call's result and operands, and for what is `given` by name."""
    args, named = (op.result, *op.positional), {**op.keywords, **given}
    try:
        if rule.of_user:
            return user_rules.apply(engine, b, rule, op, args, named)
        return copied_rules.inline(engine, b, text, args, named)
    except errors.RuleMismatch:
        raise
    except errors.CompileError as error:
        raise type(error)(
            f"the derivative of `{getattr(op.fn, '__name__', op.fn)}` can't be written for these arguments", op.loc,
            error.what + (f" ({error.why})" if error.why else ""), error.instead,
        ) from error  # fmt: skip


def require_inert(active: Collection[Value], op: Op, operand: Value, name: str) -> None:
    """An operand that has no share in the rule must not be active: a zero would be silently wrong."""
    if operand in active:
        raise errors.NotDifferentiable(
            f"the derivative by {name} is not in the table", op.loc,
            f"a value that depends on the arguments goes into `{getattr(op.fn, '__name__', op.fn)}` there",
            "pass a constant, or write it with functions that have rules (docs/rules.md)",
        )  # fmt: skip


def require_covered(active: Collection[Value], op: Op, rule: Rule, operands: Mapping[str, Any]) -> None:
    """Every active operand must be one that the rule differentiates by, or by which it says that the derivative is 0."""
    for name, operand in operands.items():
        if name not in rule.wrt + rule.inert and isinstance(operand, Value):
            require_inert(active, op, operand, f"`{name}`")
