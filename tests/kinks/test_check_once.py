"""One look at few values in the stead of many guards: the same gradients, also where something is infinite on the way."""

from __future__ import annotations

import linecache
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from backprose_runtime import all_finite

import backprose

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402

STEPS = [
    "{a} + {b}", "{a} - {b}", "{a} * {b}", "{a} / {b}", "{a} / {b}", "1 / {a}", "np.log({a})", "np.sqrt({a})", "np.exp({a})",
    "np.exp(-{a} * {a})", "np.tanh({a})", "np.arctan({a})", "np.sin({a})", "np.abs({a})", "{a} ** 2", "{a} ** 1.5", "{a} ** -1",
    "np.where({a} > 0, {b}, {a})", "np.maximum({a}, {b})", "{a}[::-1]", "-{a}", "{a} + np.sum({b})", "{a} * np.mean({b})",
    "np.concatenate([{a}, {b}])[:5]", "np.stack([{a}, {b}]).sum(axis=0)", "np.square({a})", "np.log1p({a})",
]  # fmt: skip
RESULTS = ["np.sum({a})", "np.sum({a} * {b})", "np.mean({a}) / np.sum({b})", "np.sum({a}) + np.sum({b})", "np.sum({a}[1:])"]
POINTS = [np.array(x) for x in ([0.5, 1.5, 2.0, 0.7, 1.1], [0.0, 1.5, 2.0, 0.7, 1.1], [1.0, -1.0, 0.0, 0.5, 0.0], [0.0] * 5)]
W = np.array([1.0, 0.5, 0.0, 1.5, 1.0])


def program(seed: int):
    choose = random.Random(seed)
    names, lines = ["x", "w", "x"], ["def f(x, w):"]
    for i in range(choose.randint(4, 8)):
        lines.append(f"    v{i} = {choose.choice(STEPS).format(a=choose.choice(names[-3:]), b=choose.choice(names))}")
        names.append(f"v{i}")
    lines.append(f"    return {choose.choice(RESULTS).format(a=names[-1], b=names[-2])}")
    text = "\n".join(lines) + "\n"
    name = f"<check once {seed}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    scope = {"np": np}
    exec(compile(text, name, "exec"), scope)  # noqa: S102
    return scope["f"], text


@pytest.mark.parametrize("seed", range(80))
def test_gradients_are_those_of_guards_that_look_for_themselves(seed):
    f, text = program(seed)
    runs = []
    for optimise in (True, False):
        compilation = oracle.compiled(f, (POINTS[0], W), (0, 1), optimise=optimise)
        functions = oracle.loaded(compilation, f)
        runs.append(functions[compilation.entry])
    for x in POINTS:
        with np.errstate(all="ignore"):
            (value, found), (_, expected) = (run(x.copy(), W.copy()) for run in runs)
        for a, b in zip(found, expected):
            np.testing.assert_array_equal(np.isnan(a), np.isnan(b), text)
            if np.isfinite(value):
                np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9 * (1 + np.max(np.abs(b[np.isfinite(b)]), initial=0)), err_msg=text)


def test_programs_look_once():
    """The property has teeth: many of these programs ask once."""
    sources = []
    for seed in range(80):
        gradient = backprose.grad(program(seed)[0], (0, 1))
        with np.errstate(all="ignore"):
            gradient(POINTS[0], W)
        sources.append(gradient.source)
    assert sum("all_finite(" in source for source in sources) > 8


def projected(points, depths, focal):
    x = points[0] / depths
    y = points[1] / depths
    r = x * x + y * y
    return np.sum(focal * (1 + 0.1 * r) * x), np.sum(r / depths)


def test_a_jacobian_looks_at_the_result():
    rows = backprose.jacrev(projected, argnums=(0, 1))
    rows(np.ones((2, 4)), np.arange(1.0, 5.0), 2.0)
    assert rows.source.count("all_finite(") == 1


def test_all_finite():
    assert all_finite(1.0, np.float64(2), np.zeros(0), np.ones(3, np.float32), np.full(2, 1e200), np.arange(3), np.ones(9000))
    for bad in (np.inf, np.nan, np.array([1.0, np.inf]), np.array([np.nan]), np.array([1 + 1j, np.inf])):
        assert not all_finite(1.0, bad)
