"""Minus signs that several operations read: taken up where that costs nothing, and the same bits."""

from __future__ import annotations

import backprose
import numpy as np
from cotangent_arithmetic import SIZE, programs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprose.ir.interpret import interpret
from backprose.ir.nodes import Module
from backprose.ir.parse import parse
from backprose.ir.verify import verify
from backprose.transform.drop_dead import drop_dead
from backprose.transform.move_signs import move_signs

BEFORE = """\
function f(%a: f64[N], %b: f64[N], %d: f64[N]) {                 # f.py:1
  %0: f64[N] = operator.neg(%d)                                  # L2 ~
  %1: f64[N] = operator.mul(%0, %a)                              # L2 ~
  %2: f64[N] = operator.add(%b, %1)                              # L2 ~
  %3 = const -0.5                                                # L3 ~
  %4: f64[N] = operator.mul(%3, %0)                              # L3 ~
  %5: f64[N] = operator.truediv(%0, %b)                          # L3 ~
  %6: f64[N] = operator.sub(%5, %4)                              # L3 ~
  %7: f64[N] = operator.neg(%6)                                  # L3 ~
  %8: (f64[N], f64[N]) = tuple(%2, %7)                           # L3 ~
  return %8
}
"""
AFTER = """\
function f(%a: f64[N], %b: f64[N], %d: f64[N]) {                 # f.py:1
  %0: f64[N] = operator.mul(%d, %a)                              # L2 ~
  %1: f64[N] = operator.sub(%b, %0)                              # L2 ~
  %2 = const 0.5                                                 # L3 ~
  %3: f64[N] = operator.mul(%2, %d)                              # L3 ~
  %4: f64[N] = operator.truediv(%d, %b)                          # L3 ~
  %5: f64[N] = operator.add(%4, %3)                              # L3 ~
  %6: (f64[N], f64[N]) = tuple(%1, %5)                           # L3 ~
  return %6
}
"""


def signs(function) -> int:
    return str(function).count("operator.neg(")


def test_sums_constants_and_other_signs_take_up_a_sign():
    assert str(drop_dead(move_signs(parse(BEFORE)))) == AFTER


def test_the_user_s_own_signs_stay():
    forward = parse(BEFORE.replace(" ~", ""))
    assert str(move_signs(forward)) == str(forward)


def test_a_sign_stays_where_one_of_its_readers_can_t_take_it_up():
    kept = parse(BEFORE.replace("tuple(%2, %7)", "tuple(%2, %5)"))
    assert signs(drop_dead(move_signs(kept))) == 1


@backprose.custom_vjp
def total(x):
    return np.sum(x)


def total_bwd(x, bar):
    opposite = -(bar * x)
    return (np.sum(opposite, initial=1.0) * x + np.sum(-(bar * x), initial=2.0) + opposite,)


total.defvjp(lambda x: (np.sum(x), x), total_bwd)


def test_the_sign_of_what_is_added_to_a_first_term_stays():
    x = np.array([1.0, 2.0])
    np.testing.assert_array_equal(backprose.grad(lambda x: total(x))(x), total_bwd(x, 1.0)[0])


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.integers(0, 3))
def test_signs_are_moved_without_changing_a_bit(function, seed):
    rng = np.random.default_rng(seed)
    arguments = rng.normal(size=SIZE), rng.normal(size=SIZE), rng.normal()
    moved = move_signs(function)
    verify(Module({"generated": moved}), "move_signs")
    moved = drop_dead(moved)
    assert signs(moved) <= signs(drop_dead(function))
    with np.errstate(all="ignore"):
        before, after = interpret(function, *arguments), interpret(moved, *arguments)
    for expected, found in zip(before, after, strict=True):
        np.testing.assert_array_equal(found, expected)
