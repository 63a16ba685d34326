"""Compiling takes steps in proportion to the lines of the function: of ones, of loops and branches, and of calls."""

import sys
from pathlib import Path

import pytest

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
