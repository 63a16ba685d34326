"""The text of every rule goes through the compiler: lowered, inferred with the kinds of each case, and interpreted.

What it computes must be what the rule computes as plain Python, with the helpers of static arguments evaluated.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES, Case, has_floats  # noqa: E402
from check import cotangents, leaves_like, random_like  # noqa: E402

from backprose.analysis.kinds import kind_of  # noqa: E402
from backprose.frontend.lower import lower  # noqa: E402
from backprose.ir.interpret import interpret  # noqa: E402
from backprose.ir.kinds import Unknown  # noqa: E402
from backprose.ir.nodes import Function, Value  # noqa: E402
from backprose.ir.walk import all_ops  # noqa: E402
from backprose.rules import registry  # noqa: E402
from backprose.transform.infer import Inference  # noqa: E402
from backprose.transform.typed import TypedBuilder  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
# Every second case of the table: all of them go through the whole compiler in test_rules_compiled.py.
HALF = [(i, case) for i, case in enumerate(CASES) if i % 2]
every_case = pytest.mark.parametrize("case", [case for _, case in HALF], ids=[f"{i}-{case.id}" for i, case in HALF])


def at_run_time(x: Any) -> bool:
    """Arrays and floats are run-time values of known kind; axes, shapes, flags and infinities are literals."""
    return isinstance(x, np.ndarray) or has_floats(x) and x not in (np.inf, -np.inf)


def compiled(rule: registry.Rule, y: Any, args: list, kwargs: dict, y_bar: Any) -> tuple[Function, list]:
    """The rule's text with these kinds as a function of its run-time arguments, and those arguments."""
    lowered = lower(rule.text)
    b = TypedBuilder(lowered.loc)
    params, actual = [], []

    def given(name: str, x: Any) -> Value:
        if not at_run_time(x):
            make = {list: b.list, tuple: b.tuple}.get(type(x))
            return make([given(name, item) for item in x]) if make else b.data(x)
        params.append(Value(name, kind_of(x)))
        actual.append(x)
        return params[-1]

    operands = (given("y", y), *[given(f"a{i}", x) for i, x in enumerate(args)])
    keywords = {name: given(name, x) for name, x in kwargs.items()}
    keywords[rule.bar] = given("y_bar", y_bar)
    result = Inference(lower).call_function(b, rule.text, operands, keywords, lowered.loc)
    return Function("rule", b.region(params, [result])), actual


def through_the_compiler(rule: registry.Rule, y: Any, args: list, kwargs: dict, y_bar: Any) -> Any:
    function, actual = compiled(rule, y, args, kwargs, y_bar)
    for op in all_ops(function.region):
        assert op.name not in ("apply", "global"), op
        assert op.name != "call" or not registry.is_compile_time(op.fn), op.fn
        assert not any(isinstance(value.kind, Unknown) for value in op.results), op
    return interpret(function, *actual)


@every_case
def test_rule_compiles(case: Case):
    with np.errstate(all="ignore"):
        y_bar = random_like(case.call(case.values), np.random.default_rng(3))
        expected = cotangents(case, y_bar)
        found = cotangents(case, y_bar, run=through_the_compiler)
    for want, got, value in zip(expected, found, case.values, strict=True):
        for g, h in zip(leaves_like(want, value), leaves_like(got, value), strict=True):
            np.testing.assert_array_equal(h, g)
