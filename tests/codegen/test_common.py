"""What is computed, or gone over, once."""

from __future__ import annotations

from backprose.ir.interpret import interpret
from backprose.ir.parse import parse
from backprose.transform.common import share_common
from backprose.transform.drop_dead import drop_dead

BEFORE = """\
function f(%xs: [f64, ...], %s: f64) {                           # f.py:1
  %0: [f64, ...] = builtins.reversed(%xs)                        # L2 ~
  %1: [f64, ...] = builtins.reversed(%xs)                        # L2 ~
  %2: f64 = for (%p: f64 in %0, %q: f64 in %1; %t: f64 = %s) {   # L2 ~
    %3: f64 = operator.mul(%p, %q)                               # L2 ~
    %4: f64 = operator.add(%t, %3)                               # L2 ~
    yield %4
  }
  return %2
}
"""
AFTER = """\
function f(%xs: [f64, ...], %s: f64) {                           # f.py:1
  %0: [f64, ...] = builtins.reversed(%xs)                        # L2 ~
  %1: f64 = for (%p: f64 in %0; %t: f64 = %s) {                  # L2 ~
    %2: f64 = operator.mul(%p, %p)                               # L2 ~
    %3: f64 = operator.add(%t, %2)                               # L2 ~
    yield %3
  }
  return %1
}
"""


def test_a_reverse_loop_goes_over_a_list_once():
    before = parse(BEFORE)
    after = drop_dead(share_common(before))
    assert str(after) == AFTER
    assert interpret(before, [1.0, 2.0], 0.5) == interpret(after, [1.0, 2.0], 0.5) == 5.5


def test_the_user_s_own_loop_goes_over_what_it_says():
    forward = parse(BEFORE.replace(" ~", ""))
    assert "for (%p: f64 in %0, %q: f64 in %1;" in str(drop_dead(share_common(forward)))
