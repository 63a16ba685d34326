"""Every rule in forward mode: <y_bar, y_dot> = <x_bar, x_dot>, shapes, dtypes, memory; and differentiated once more."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import backprose  # noqa: E402
from backprose import errors  # noqa: E402
from backprose.forward import dot_like  # noqa: E402
from backprose.pipeline import Plan, compile_function  # noqa: E402
from backprose.transform.gradient import Request  # noqa: E402
from cases import Case  # noqa: E402
from check import cotangents, leaves, leaves_like, mapped, random_like  # noqa: E402
from compiled import Program, call_of, function_from, program_of, quiet  # noqa: E402, F401
from test_rules_compiled import as_float32, assert_own_memory, chosen, each  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


def tangent_of(program: Program, dots: list, optimise: bool = True) -> tuple[Any, Any, str]:
    plan = Plan(Request.of_tangent(program.wrt))
    c = compile_function(program.function, program.kinds, plan, optimise)
    value, dot = c.load("program", program.function.__globals__)[c.entry](*program.args, *dots)
    return value, dot, c.emitted.source


def directions(program: Program) -> list:
    """Random tangents of what is differentiated; of the kinds that `jvp` makes of them."""
    rng = np.random.default_rng(11)
    return [dot_like(x, without_flags(random_like(x, rng)), "dot") for x in (program.args[i] for i in program.wrt)]


def without_flags(dot: Any) -> Any:
    """None in the place of a flag: it carries no derivative."""
    if isinstance(dot, (list, tuple)) and not hasattr(dot, "_fields"):
        return type(dot)(map(without_flags, dot))
    return None if isinstance(dot, bool) else dot


def paired(bars: list, dots: list) -> float:
    return sum(float(np.real(np.sum(np.multiply(g, d)))) for g, d in zip(bars, dots, strict=True))


def moving(dot: Any, value: Any) -> list:
    """The tangents of the leaves, zeros for None, which stands where there is no derivative."""
    if isinstance(value, (list, tuple)):
        return [leaf for d, v in zip(dot, value, strict=True) for leaf in moving(d, v)]
    if isinstance(value, bool):
        return []
    if dot is None:
        assert np.asarray(value).dtype.kind not in "fc"
        return [np.zeros(np.shape(value))]
    return [dot]


@each(chosen(3))
def test_forward_is_the_transpose_of_reverse(case: Case):
    program = call_of(case)
    dots = directions(program)
    before = mapped([*program.args, *dots], np.copy)
    value, dot, source = tangent_of(program, dots)
    for x, copy in zip(leaves([*program.args, *dots]), leaves(before)):
        np.testing.assert_array_equal(x, copy)
    wanted = case.call(case.values)
    found = moving(dot, wanted)
    for got, want, d in zip(leaves(value), leaves(wanted), found, strict=True):
        np.testing.assert_array_equal(got, want)
        assert np.shape(d) == np.shape(want), source
        if np.asarray(want).dtype.kind == "f" and isinstance(want, np.ndarray) and want.ndim:
            assert d.dtype == want.dtype, source
    assert_own_memory([d for d in found if isinstance(d, np.ndarray)], [*program.args, *dots])
    _, slow, _ = tangent_of(program, dots, optimise=False)
    for fast, plain in zip(found, moving(slow, wanted), strict=True):
        np.testing.assert_allclose(fast, plain, rtol=1e-13, atol=1e-13 * max(1.0, np.max(np.abs(plain), initial=0.0)))

    weights = random_like(wanted, np.random.default_rng(3))
    bars = cotangents(case, weights)
    pairs = [(g, d) for i, bar, dx in zip(program.wrt, bars, dots, strict=True)
             for g, d in zip(leaves_like(bar, program.args[i]), moving(dx, program.args[i]), strict=True)]  # fmt: skip
    forward, reverse = paired(leaves(weights), found), paired([g for g, _ in pairs], [d for _, d in pairs])
    scale = sum(float(np.sum(np.abs(np.multiply(g, d)))) for g, d in pairs)
    np.testing.assert_allclose(forward, reverse, rtol=1e-11, atol=1e-12 * max(1.0, scale), err_msg=source)


@each([c for c in chosen(2) if any(isinstance(leaf, np.ndarray) for leaf in leaves(c.values))])
def test_float32_stays(case: Case):
    wide = call_of(case)
    dots = directions(wide)
    narrow = [mapped(x, as_float32) if i in wide.wrt else x for i, x in enumerate(wide.args)]
    slim = Program(wide.function, narrow, wide.wrt, wide.text)
    value, dot, source = tangent_of(slim, directions(slim))
    _, expected, _ = tangent_of(wide, dots)
    for v, d, e in zip(leaves(value), moving(dot, value), moving(expected, value), strict=True):
        if isinstance(v, np.ndarray):
            assert d.dtype == v.dtype or v.dtype.kind not in "fc", source
        np.testing.assert_allclose(d, e, rtol=2e-3, atol=1e-3 * max(1.0, np.max(np.abs(e), initial=0.0)))


def is_plain(case: Case) -> bool:
    return all(isinstance(v, (np.ndarray, float)) for v in (*case.values, case.call(case.values)))


@each([c for c in chosen(1) if is_plain(c)])
def test_reverse_over_forward_is_forward_over_reverse(case: Case):
    """<x_dot, d/dx <u, y_dot>> both ways."""
    first = program_of(case)
    dots = tuple(directions(first))
    fixed = [x for i, x in enumerate(first.args) if i not in first.wrt]

    names = [first.parameters[i] for i in first.wrt]
    others = [p for p in first.parameters if p not in names]
    everything, moving = ", ".join([*names, *others]), ", ".join(names)
    text = (
        f"def partial({everything}):\n    return program({', '.join(first.parameters)})\n"
        f"def slope({everything}):\n    return jvp(lambda {moving}: partial({everything}), ({moving},), dots)[1]\n"
    )
    scope = {"program": first.function, "jvp": backprose.jvp, "dots": dots}
    slope = function_from(text, "slope", scope)
    point = tuple(first.args[i] for i in first.wrt)
    wrt = tuple(range(len(point)))
    over_forward = backprose.grad(slope, argnums=wrt)(*point, *fixed)
    scope["gradient"] = backprose.grad(function_from(text, "partial", scope), argnums=wrt)
    pulled = f"def pulled({moving}):\n    return gradient({everything})\n"
    pulled = function_from(pulled, "pulled", scope | dict(zip(others, fixed, strict=True)))
    _, over_reverse = backprose.jvp(pulled, point, dots)
    for a, b in zip(over_forward, over_reverse, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-9 * max(1.0, np.max(np.abs(b), initial=0.0)))


def squares(x):
    return np.square(x)


@backprose.register_rule(squares)
def squares_rule(y, x, *, y_bar):
    return y_bar * y_bar * x


def test_a_pullback_that_is_not_linear_is_refused_with_the_line_of_the_call():
    with pytest.raises(errors.NotDifferentiable, match="`squares` has no derivative in forward mode") as caught:
        backprose.jvp(lambda u: squares(u), (np.arange(1.0, 5.0),), (np.ones(4),))
    assert "squares(u)" in str(caught.value)
