"""One sweep over stacked directions gives what single sweeps give, for calls of every function of the table."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import backprose  # noqa: E402, F401
from backprose import errors  # noqa: E402
from backprose.pipeline import Plan, compile_function  # noqa: E402
from backprose.rules.registry import rule_for  # noqa: E402
from backprose.transform import jacobian  # noqa: E402
from backprose.transform.batch import NotBatched  # noqa: E402
from backprose.transform.gradient import Request  # noqa: E402
from cases import Case  # noqa: E402
from compiled import Program, call_of  # noqa: E402
from test_rules_compiled import PROGRAMS, each  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


def has_the_axes_of_its_kind(case: Case) -> bool:
    """np.cross of vectors of two entries has an axis less than its kind says, which is that of vectors of three."""
    return case.function is not np.cross or all(np.shape(x)[-1] == 3 for x in case.args)


def some_of_each() -> list[Case]:
    """A case of each function that acts entry by entry, which one handler serves, and the last of each other."""
    by_function: dict[Any, list[Case]] = defaultdict(list)
    for case in filter(has_the_axes_of_its_kind, PROGRAMS):
        by_function[case.function].append(case)
    found: list[Case] = []
    for function, cases in by_function.items():
        rule = rule_for(function)
        plain = rule is not None and rule.is_elementwise
        found.append(cases[len(cases) // 2] if plain else cases[-1])
    return found


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    with np.errstate(all="ignore"):
        yield


def swept(program: Program, mode: str) -> list[np.ndarray]:
    """The Jacobian in this mode, part by part; complex numbers are taken to be holomorphic."""
    request = Request(program.wrt, False, jacobian=mode, holomorphic=is_complex(program))
    c = compile_function(program.function, program.kinds, Plan(request))
    return parts(c.load("program", program.function.__globals__)[c.entry](*program.args))


def is_complex(program: Program) -> bool:
    return any(np.iscomplexobj(part) for i in program.wrt for part in parts(program.args[i]))


def parts(x: Any) -> list[np.ndarray]:
    if isinstance(x, (tuple, list)):
        return [part for item in x for part in parts(item)]
    return [] if x is None else [np.asarray(x)]


@each(some_of_each())
def test_stacked_directions(case: Case, monkeypatch: pytest.MonkeyPatch):
    program = call_of(case)
    stacks = jacobian._stack
    for mode in (jacobian.FORWARD, jacobian.REVERSE):
        monkeypatch.setattr(jacobian, "_stack", stacks)
        try:
            found = swept(program, mode)
        except (errors.NotDifferentiable, ZeroDivisionError):
            continue  # it has no Jacobian, or none there: Python's own numbers raise at 0 where NumPy's give infinity
        monkeypatch.setattr(jacobian, "_stack", one_by_one)
        wanted = swept(program, mode)
        for have, want in zip(found, wanted, strict=True):
            assert (have.shape, have.dtype) == (want.shape, want.dtype)
            np.testing.assert_allclose(have, want, rtol=1e-7, atol=1e-9)


def one_by_one(*arguments: Any) -> None:
    raise NotBatched
