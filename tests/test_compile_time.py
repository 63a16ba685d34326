"""Compiling takes steps in proportion to the lines of the function: of ones, of loops and branches, and of calls."""

import linecache
import sys
from pathlib import Path

import numpy as np
import pytest

import backprose

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks.compile_time import MODES, modules  # noqa: E402


def steps(mode: str, function) -> int:
    """How many Python functions one compilation calls: a measure that is the same on every machine."""
    found = 0

    def count(frame, event, argument) -> None:
        nonlocal found
        found += event == "call"

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        MODES[mode](function)
    finally:
        sys.setprofile(before)
    return found


@pytest.mark.parametrize("mode", ["grad", "jvp"])
@pytest.mark.parametrize("kind", ["straight", "control", "calls"])
def test_compiling_takes_steps_in_proportion_to_the_lines(kind, mode, monkeypatch):
    monkeypatch.delenv("BACKPROSE_VERIFY", raising=False)
    with modules(kind, 60, 2) as (first, small), modules(kind, 180, 1) as (large,):
        MODES[mode](first)  # learns the kinds of results
        ratio = steps(mode, large) / steps(mode, small)
    assert ratio < 3.2


def chain(lines: int):
    """Each line reads the last one twice, beside an operand of another length for all that is known."""
    text = "import numpy as np\n\n\ndef chain(x, k):\n    t = x[k:]\n" + "    t = t / (1 + t * t)\n" * lines + "    return np.sum(t)\n"
    linecache.cache[f"<chain {lines}>"] = (len(text), None, text.splitlines(True), f"<chain {lines}>")
    namespace: dict = {"__name__": "chains"}
    exec(compile(text, f"<chain {lines}>", "exec"), namespace)
    return namespace["chain"]


def test_lengths_that_may_be_broadcast_are_looked_up_once(monkeypatch):
    monkeypatch.delenv("BACKPROSE_VERIFY", raising=False)
    compiled = [backprose.grad(chain(lines)) for lines in (5, 20, 60)]
    monkeypatch.setitem(MODES, "call", lambda gradient: gradient(np.ones(4), 1))
    MODES["call"](compiled[0])
    small, large = (steps("call", gradient) for gradient in compiled[1:])
    assert large / small < 3.3
