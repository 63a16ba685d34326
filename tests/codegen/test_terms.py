"""Sums of cotangents: like terms are collected and common factors multiplied by once, to the same numbers."""

from __future__ import annotations

import backprose
import numpy as np
import pytest
from cotangent_arithmetic import SIZE, programs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprose.ir.interpret import interpret
from backprose.ir.nodes import Module
from backprose.ir.parse import parse
from backprose.ir.verify import verify
from backprose.transform.algebra import simplify
from backprose.transform.drop_dead import drop_dead



def emitted(*lines: str) -> str:
    """What is left of the ops of a reverse sweep, the last of which is the result."""
    body = "".join(f"  {line}  # L2 ~\n" for line in lines)
    last = lines[-1].split(":")[0]
    text = f"function f(%x: f64[N], %y: f64[N], %d: f64[N], %s: float) {{  # f.py:1\n{body}  return {last}\n}}\n"
    function = drop_dead(simplify(parse(text)))
    return "\n".join(line.split("#")[0].strip().replace(": f64[N]", "") for line in str(function).splitlines()[1:-2])


def test_like_terms_are_one():
    assert emitted(
        "%0 = const 0.125", "%1: f64[N] = operator.mul(%x, %0)", "%2 = const 2.0", "%3: f64[N] = operator.mul(%1, %2)",
        "%4: f64[N] = operator.sub(%x, %3)", "%5: f64[N] = operator.sub(%4, %3)", "%6: f64[N] = operator.sub(%5, %3)",
    ) == "%0 = const 0.25\n%1 = operator.mul(%0, %x)"  # fmt: skip


def test_products_of_the_same_factors_are_like_terms():
    assert emitted(
        "%0: f64[N] = operator.neg(%y)", "%1: f64[N] = operator.mul(%x, %0)", "%2: f64[N] = operator.mul(%y, %x)",
        "%3: f64[N] = operator.add(%d, %1)", "%4: f64[N] = operator.sub(%3, %2)",
    ) == "%0 = operator.mul(%y, %x)\n%1 = const 2\n%2 = operator.mul(%1, %0)\n%3 = operator.sub(%d, %2)"  # fmt: skip


def test_a_common_factor_is_multiplied_by_once():
    assert emitted(
        "%0: f64[N] = operator.mul(%d, %x)", "%1: f64[N] = backprose_runtime.multiply_nonzero(%d, %y)",
        "%2: f64[N] = operator.sub(%0, %1)",
    ) == "%0 = operator.sub(%x, %y)\n%1 = backprose_runtime.multiply_nonzero(%d, %0)"  # fmt: skip


def test_a_factor_may_have_the_other_sign():
    assert emitted(
        "%0: f64[N] = operator.neg(%d)", "%1: f64[N] = operator.mul(%0, %x)", "%2: f64[N] = operator.mul(%d, %y)",
        "%3: f64[N] = operator.add(%1, %2)",
    ) == "%0 = operator.sub(%y, %x)\n%1 = operator.mul(%d, %0)"  # fmt: skip


def test_a_number_is_multiplied_rather_than_a_product_by_a_constant():
    assert emitted(
        "%0: f64[N] = operator.mul(%d, %s)", "%1 = const 4.0", "%2: f64[N] = operator.mul(%0, %1)",
        "%3: f64[N] = operator.mul(%d, %x)", "%4: f64[N] = operator.add(%3, %2)", "%5: f64[N] = operator.truediv(%4, %0)",
    ) == (
        "%0 = operator.mul(%d, %s)\n%1 = const 4\n%2: float = operator.mul(%1, %s)\n%3 = operator.add(%x, %2)\n"
        "%4 = operator.mul(%d, %3)\n%5 = operator.truediv(%4, %0)"
    )  # fmt: skip


def test_what_others_read_is_not_computed_twice():
    kept = emitted(
        "%0: f64[N] = operator.mul(%d, %x)", "%1: f64[N] = operator.mul(%d, %y)", "%2: f64[N] = operator.sub(%0, %1)",
        "%3: f64[N] = operator.truediv(%0, %2)",
    )  # fmt: skip
    assert kept.count("operator.mul") == 2


def narrow(x, y):
    return np.sum(x * x[:, None] * y + x * x[:, None] * y[:, None])


def of_integers(x, i):
    return np.sum(x * i.astype(np.int8) + x * (100 * i).astype(np.int8))


def of_masks(x, i):
    return np.sum(x * (x > 0) + x * (x > 0.5))


def of_precisions(x, i):
    return np.sum(x.astype(np.float32) * i + x * i)


@pytest.mark.parametrize("function", [narrow, of_integers, of_masks, of_precisions], ids=lambda f: f.__name__)
def test_sums_keep_their_meaning(function):
    x, i = np.array([0.3, 0.8, -0.4]), np.array([1, 50, 100])
    found = backprose.grad(function)(x, i)
    differences = [(function(x + e, i) - function(x - e, i)) / 2e-2 for e in 1e-2 * np.eye(3)]
    np.testing.assert_allclose(found, differences, rtol=1e-4)


def wrapped(x, i, u):
    return np.sum(np.sin(x) * (2 * i) + np.sin(x) * i) + np.sum(x * x * u - x * x * -u)


def test_integers_of_few_bits_wrap_around_as_they_do():
    x, i, u = np.array([0.5, 2.0]), np.array([100, 3], np.int8), np.array([200, 3], np.uint8)
    value, x_bar = backprose.value_and_grad(wrapped)(x, i, u)
    assert value == wrapped(x, i, u)
    twice, minus = (2 * i).astype(float), (-u).astype(float)
    np.testing.assert_allclose(x_bar, np.cos(x) * (twice + i) + 2 * x * (u - minus), rtol=1e-14)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(0, 3))
def test_generated_sums_are_the_same_numbers(function, seed):
    rng = np.random.default_rng(seed)
    arguments = rng.normal(size=SIZE), rng.normal(size=SIZE), rng.normal()
    simple = simplify(function)
    verify(Module({"generated": simple}), "simplify")
    with np.errstate(all="ignore"):
        before, after = interpret(function, *arguments), interpret(simple, *arguments)
    for expected, found in zip(before, after, strict=True):
        whole = np.isfinite(expected) & (np.abs(expected) < 1e6)
        np.testing.assert_allclose(found[whole], expected[whole], rtol=1e-6, atol=1e-6)
