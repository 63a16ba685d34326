"""Refused calls, updates and kinds: the error, its line, a reason and a way out; see `refused_calls` and `refused_rules`."""

import inspect
import re

import pytest
import refused_calls
import refused_rules

from backprose import errors
from backprose.analysis.kinds import kind_of
from backprose.pipeline import Plan, compile_function
from backprose.transform.gradient import Request

EXPECTED = re.compile(r"# (\w+): (.*)$")
FUNCTIONS = [
    f for module in (refused_calls, refused_rules) for f in vars(module).values()
    if inspect.isfunction(f) and f.__module__ == module.__name__ and f.__name__ != "made"
]  # fmt: skip


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_refused(function):
    lines, first = inspect.getsourcelines(function)
    found = [(first + i, m) for i, text in enumerate(lines) for m in EXPECTED.finditer(text.replace("# noqa: F821  ", ""))]
    ((line, match),) = [(n, m) for n, m in found if m[1] != "noqa"]
    kinds = {name: kind_of(p.default) for name, p in inspect.signature(function).parameters.items()}
    with pytest.raises(errors.CompileError) as raised:
        compile_function(function, kinds, Plan(Request((0,), True, True)))
    error = raised.value
    assert (type(error).__name__, error.what, error.loc.line) == (match[1], match[2], line)
    assert error.loc.file == inspect.getfile(function)
    assert error.why and "^" in str(error)
    assert error.instead
