"""Emitted code computes what the interpreter computes, on generated programs."""

import math
import sys
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprose.codegen.python import emit
from backprose.ir.interpret import interpret
from backprose.ir.nodes import Module
from backprose.ir.walk import clone

sys.path.insert(0, str(Path(__file__).parent.parent / "ir"))
from generate import arguments, functions  # noqa: E402


def in_sweep(function, reverse):
    """The function with the ops in the lines that `reverse` names moved to the reverse sweep."""

    def edit(op):
        if op.loc is None or op.loc.line not in reverse:
            return op
        return replace(op, loc=op.loc.reversed())

    return replace(function, region=clone(function.region, {}, edit))


def same(a, b):
    return a == b or (math.isnan(a) and math.isnan(b))


def check(function, args):
    emitted = emit(Module({function.name: function}))
    namespace = {}
    exec(compile(emitted.source, "generated", "exec"), namespace)
    expected = interpret(function, *args)
    found = namespace[function.name](*args)
    assert same(found, expected), f"{found} is not {expected}\n{emitted.source}"


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_emitted_is_interpreted(data):
    function = data.draw(functions(depth=3, max_ops=5))
    reverse = data.draw(st.sets(st.integers(1, 12)))
    check(in_sweep(function, reverse), data.draw(arguments(function)))
