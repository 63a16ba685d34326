"""Refused syntax: the error, its line, a reason and a way out. The expected errors stand in `refused_syntax`."""

import inspect
import re

import pytest
import refused_syntax

from backprose import errors
from backprose.frontend.lower import lower

EXPECTED = re.compile(r"# (\w+): (.*)$")
FUNCTIONS = [f for f in vars(refused_syntax).values() if inspect.isfunction(f)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_refused(function):
    lines, first = inspect.getsourcelines(function)
    ((line, error, what),) = [(first + i, *m.groups()) for i, text in enumerate(lines) if (m := EXPECTED.search(text))]
    with pytest.raises(errors.CompileError) as raised:
        lower(function)
    assert (type(raised.value).__name__, raised.value.what, raised.value.loc.line) == (error, what, line)
    assert raised.value.instead
    assert raised.value.loc.file == refused_syntax.__file__


def test_whole_message():
    with pytest.raises(errors.UnsupportedSyntax) as raised:
        lower(refused_syntax.simulate)
    line = refused_syntax.simulate.__code__.co_firstlineno + 2
    assert str(raised.value).splitlines() == [
        "a generator can't be differentiated",
        f"  refused_syntax.py:{line}:9 in simulate",
        f"{line:5d} |         yield state  # UnsupportedSyntax: a generator can't be differentiated",
        "      |         ^^^^^^^^^^^",
        "  why:     its frame is left and re-entered, and no order of the reverse sweep is known when it is compiled",
        "  instead: append to a list and return it",
    ]
