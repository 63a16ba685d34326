"""Programs that forward mode takes, taken apart: the value as it was, and the tangent as it was, twice."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from checks import assert_same, bound, live
from forward import compiled_forward, direction
from test_programs import CASES

from backprose.analysis.kinds import kind_of
from backprose.pipeline import Plan, compile_function
from backprose.transform.gradient import Request


@pytest.mark.parametrize("case", CASES[::4], ids=lambda case: case.name)
def test_program(case, monkeypatch):
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    values = bound(case.function, case.args)
    _, tangent, names = compiled_forward(case.function, case.args)
    wrt = tuple(list(values).index(name) for name in names)
    kinds = {name: kind_of(value) for name, value in values.items()}
    compilation = compile_function(case.function, kinds, Plan(Request.of_tangent(wrt), paired=True))
    namespace = compilation.load("f", live(compilation))
    forward, linear = (namespace[name] for name in list(compilation.stages["optimised"].functions)[:2])

    rng = np.random.default_rng(7)
    dots = [direction(values[name], rng) for name in names]
    before = copy.deepcopy((list(values.values()), dots))
    with np.errstate(all="ignore"):
        value, residuals = forward(*values.values())
        found = linear(residuals, *dots), linear(residuals, *dots)
        wanted, dot = tangent(*values.values(), *dots)
    assert_same((list(values.values()), dots), before)
    assert_same(value, wanted)
    assert found[0] == found[1]
    np.testing.assert_allclose(float(found[0]), float(dot), rtol=1e-12, atol=1e-14)
