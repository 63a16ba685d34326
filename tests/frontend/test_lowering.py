"""Interpreting the lowered IR is calling the function: same value or exception, same calls in the same order."""

import functools

import pytest
from lowering_programs import CASES, TRACE

from backprose.frontend.lower import lower
from backprose.ir.interpret import interpret
from backprose.ir.verify import verify


def outcome(run):
    TRACE.clear()
    try:
        value = run()
    except Exception as error:
        kind = NameError if isinstance(error, NameError) else type(error)
        return kind, "" if kind is NameError else str(error), error.__cause__ and str(error.__cause__), list(TRACE)
    return type(value), repr(value), list(TRACE)


@pytest.mark.parametrize("function, args", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_interpreting_is_calling(function, args):
    lowered = lower(function)
    verify(lowered, "lowered")
    bound = lowered.signature.bind(*args)
    bound.apply_defaults()
    names = [value.name for value in lowered.params]
    assert names == list(bound.arguments)
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or ()))
    run = functools.partial(interpret, lowered, *bound.arguments.values(), globals=function.__globals__, cells=cells)
    assert outcome(run) == outcome(functools.partial(function, *args))
