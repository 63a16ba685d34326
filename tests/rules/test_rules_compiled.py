"""Every rule through the whole compiler: gradients, pullbacks and second derivatives of small programs that call it.

On a few cases of each rule (test_rules.py has all of them, as the rule's text), chosen so that each rule has an array of the highest rank among its cases, and scalars where it takes them.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cases import CASES, LOSSY, Case, has_floats  # noqa: E402
from check import (  # noqa: E402
    cotangents, differences, leaves, leaves_like, mapped, paired, random_like, rebuilt, slope,
)  # fmt: skip
from compiled import Program, call_of, function_from, program_of, quiet, second_of  # noqa: E402, F401

from backprose.analysis.kinds import kind_of  # noqa: E402
from backprose.errors import CompileError  # noqa: E402
from backprose.ir.kinds import Number  # noqa: E402
from backprose.pipeline import Plan, compile_function  # noqa: E402
from backprose.rules import registry  # noqa: E402
from backprose.transform.gradient import Request  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")

# Complex results can't be paired with real weights; test_expressions_compiled.py has them.
PROGRAMS = [c for c in CASES if c.function not in LOSSY | {complex, np.complex128, np.clongdouble} and c.wrt]


def chosen(number: int) -> list[Case]:
    """Up to `number` cases of each rule's text, spread over its table, the highest rank among them."""
    by_rule: dict[Any, list[Case]] = {}
    for case in PROGRAMS:
        by_rule.setdefault(registry.rule_for(case.function).text.__code__, []).append(case)
    found = []
    for cases in by_rule.values():
        step = max(1, len(cases) // number)
        spread = cases[::step][: number - 1] if number > 1 else []
        highest = max(cases, key=lambda c: min(2, max(np.ndim(leaf) for leaf in leaves(c.values))))
        found += [*spread, *([] if any(c is highest for c in spread) else [highest])]
    return found


def each(cases: list[Case]) -> Any:
    return pytest.mark.parametrize("case", cases, ids=[f"{i}-{case.id}" for i, case in enumerate(cases)])


def assert_fits(bar: Any, x: Any) -> None:
    """The gradient has the argument's structure, and its leaves their shape and dtype."""
    for g, leaf in zip(leaves_like(bar, x), leaves(x), strict=True):
        assert np.shape(g) == np.shape(leaf)
        assert np.ndim(leaf) == 0 or isinstance(g, np.ndarray)
        if isinstance(leaf, (np.ndarray, np.generic)):
            assert np.asarray(g).dtype == leaf.dtype


def assert_own_memory(bars: tuple, args: list) -> None:
    """Results are writable, and share memory with nothing else."""
    arrays = [g for g in leaves(list(bars)) if isinstance(g, np.ndarray)]
    given = [x for x in leaves(list(args)) if isinstance(x, np.ndarray)]
    for i, g in enumerate(arrays):
        assert g.flags.writeable
        assert not any(np.shares_memory(g, other) for other in given + arrays[:i])


def assert_near(bar: Any, expected: Any, x: Any, rtol: float, atol: float = 0.0) -> None:
    expected = expected if isinstance(expected, list) and not isinstance(x, (list, tuple)) else leaves_like(expected, x)
    for g, h in zip(leaves_like(bar, x), expected, strict=True):
        scale = max(1.0, np.max(np.abs(h), initial=0.0))
        np.testing.assert_allclose(g, h, rtol=rtol, atol=atol * scale)


UNOPTIMISED = {case.id for case in chosen(3)}  # that are also run without the passes


@each(chosen(4))
def test_gradient(case: Case):
    program = program_of(case)
    before = mapped(program.args, np.copy)
    bars = program.gradient()
    for x, copy in zip(leaves(program.args), leaves(before)):
        np.testing.assert_array_equal(x, copy)
    assert_own_memory(bars, program.args)
    weights = random_like(case.call(case.values), np.random.default_rng(3))
    plain = cotangents(case, weights)
    slow = program.gradient(optimise=False) if case.id in UNOPTIMISED else bars
    for k, (i, bar) in enumerate(zip(program.wrt, bars, strict=True)):
        x = program.args[i]
        if case.function is not np.longdouble:
            assert_fits(bar, x)
        assert_near(bar, slow[k], x, rtol=1e-13, atol=1e-13)
        assert_near(bar, plain[k], x, rtol=1e-12, atol=1e-12)
        for g, h in zip(leaves_like(bar, x), differences(case, weights, k), strict=True):
            np.testing.assert_allclose(g, h, rtol=1e-6, atol=1e-8 * max(1.0, np.max(np.abs(h), initial=0.0)))


@each(chosen(2))
def test_pullback(case: Case):
    """The pair of a forward and a backward part: the value's own bits, and a pullback that can be called again."""
    program = call_of(case)
    _, loaded = program.compiled(paired=True)
    value, residuals = loaded["program_forward"](*program.args)
    for got, want in zip(leaves(value), leaves(case.call(case.values)), strict=True):
        np.testing.assert_array_equal(got, want)
        assert np.asarray(got).dtype == np.asarray(want).dtype
    rng = np.random.default_rng(3)
    weights, others = random_like(value, rng), random_like(value, rng)
    bars = loaded["program_backward"](residuals, weights)
    loaded["program_backward"](residuals, others)
    again = loaded["program_backward"](residuals, weights)
    plain = cotangents(case, weights)
    for k, (i, bar, same) in enumerate(zip(program.wrt, bars, again, strict=True)):
        assert_near(bar, plain[k], program.args[i], rtol=1e-12, atol=1e-12)
        for g, h in zip(leaves_like(bar, program.args[i]), leaves_like(same, program.args[i]), strict=True):
            np.testing.assert_array_equal(g, h)


@each([c for c in chosen(3) if any(isinstance(leaf, np.ndarray) for leaf in leaves(c.values))])
def test_float32_arguments_have_float32_gradients(case: Case):
    """Also where float64 takes part: the weights are."""
    wide = program_of(case)
    narrow = [mapped(x, as_float32) if i in wide.wrt else x for i, x in enumerate(wide.args)]
    slim = Program(wide.function, narrow, wide.wrt, wide.text)
    for bar, expected, i in zip(slim.gradient(), wide.gradient(), wide.wrt, strict=True):
        assert_fits(bar, narrow[i])
        assert_near(bar, expected, narrow[i], rtol=2e-3, atol=1e-3)


def as_float32(x: Any) -> Any:
    dtype = np.complex64 if np.iscomplexobj(x) else np.float32
    return np.asarray(x, dtype) if isinstance(x, np.ndarray) else dtype(x)


def has_second_order(case: Case) -> bool:
    """NumPy's einsum itself refuses the second derivative's operands where a letter is stretched in its first."""
    return "stretched" not in case.note


@each([c for c in chosen(2) if has_second_order(c)])
def test_second_order(case: Case):
    """The gradient of <v, gradient> is what central differences of the gradient give, by arguments and by weights."""
    first = program_of(case)
    second, vs = second_of(first)
    for i, bar in zip(second.wrt, second.gradient(), strict=True):
        x = second.args[i]
        assert_fits(bar, x)
        for g, h in zip(leaves_like(bar, x), slopes(first, vs, i), strict=True):
            np.testing.assert_allclose(g, h, rtol=1e-5, atol=1e-7 * max(1.0, np.max(np.abs(h), initial=0.0)))


def slopes(first: Program, vs: list, index: int) -> list[np.ndarray]:
    """Central differences of <vs, gradient> by each leaf of the argument `index`."""
    run = first.compiled()[1][first.compiled()[0].entry]

    def at(x: Any) -> float:
        args = [x if i == index else other for i, other in enumerate(first.args)]
        bars = [g for i, bar in zip(first.wrt, run(*args)) for g in leaves_like(bar, first.args[i])]
        return paired(vs, [*bars])

    x = first.args[index]
    flat = leaves(x)
    return [
        slope(lambda new, place=place: at(rebuilt(x, [*flat[:place], new, *flat[place + 1 :]])), leaf)
        for place, leaf in enumerate(flat)
    ]


@each([c for c in chosen(2) if not any(isinstance(value, (list, tuple)) for value in c.values)])
def test_unknown_ranks_give_the_same_or_are_refused(case: Case):
    """Compiled without a word about the arguments, the gradient is the same, or the compiler says that it can't."""
    program = program_of(case)
    unknown = {p: Number() if has_floats(x) else kind_of(x) for p, x in zip(program.parameters, program.args)}
    try:
        c = compile_function(program.function, unknown, Plan(Request(program.wrt, False)))
    except CompileError:
        return
    bars = c.load("program", program.function.__globals__)[c.entry](*program.args)
    for i, bar, expected in zip(program.wrt, bars, program.gradient(), strict=True):
        assert np.shape(bar) == np.shape(expected)
        np.testing.assert_allclose(bar, expected, rtol=1e-12, atol=1e-12)
    assert_own_memory(bars, program.args)


@each(chosen(1))
def test_the_emitted_text_is_the_same_again(case: Case):
    first, again = program_of(case), program_of(case)
    assert body(first.source()) == body(again.source())


def body(source: str) -> str:
    return source[source.index("def ") :]


def test_primals_are_printed_as_they_are_written():
    f = function_from("def f(x):\n    return np.sum(np.exp(x) * x.T)\n", "f", {})
    c = compile_function(f, {"x": kind_of(np.ones((2, 2)))}, Plan(None))
    assert "np.sum(np.exp(x) * x.T)" in c.emitted.source
