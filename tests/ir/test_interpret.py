"""What each op means, by running small texts."""

import contextlib
import dataclasses
import operator
import types

import numpy as np
import pytest

from backprose.errors import InternalError
from backprose.ir.interpret import interpret
from backprose.ir.nodes import Function, Op, Region, Value
from backprose.ir.parse import parse


def run(body, *args, objects=None, **options):
    """The value of a function of as many parameters as there are `args`: %a, %b, ..."""
    params = ", ".join(f"%{name}" for name, _ in zip("abcde", args))
    return interpret(parse(f"function f({params}) {{\n{body}\n}}", objects or {}), *args, **options)


def test_calls_pass_positional_and_named_arguments():
    assert run("%r = builtins.sorted(%a, reverse=%b)\nreturn %r", [1, 3, 2], True) == [3, 2, 1]


def test_updating_operators_update():
    x = np.ones(2)
    result = run("%r = operator.iadd(%a, %b)\nreturn %r", x, 1.0)
    assert result is x and x.tolist() == [2, 2]


def test_stores():
    x = np.ones(3)
    run("%i = const 1\nstore set(%a, %i, %b)\nstore iadd(%a, %i, %b)\nreturn %a", x, 5.0)
    assert x.tolist() == [1, 10, 1]


def test_apply_spreads_and_names():
    body = "%r = apply %a(%b, *%c, **%d, k=%b)\nreturn %r"
    called = run(body, lambda *args, **named: (args, named), 1, (2, 3), {"x": 4})
    assert called == ((1, 2, 3), {"k": 1, "x": 4})


def test_apply_without_spreads():
    op = Op("apply", (f := Value(), x := Value()), (r := Value(),), {"keywords": (), "spread": (), "statement": False})
    assert interpret(Function("f", Region((f, x), (op,), (r,))), abs, -2) == 2


def test_containers_are_fresh():
    body = "%x = list(%a, %a)\n%y = list(%a, %a)\n%z = dict(%a: %x)\n%r = tuple(%x, %y, %z)\nreturn %r"
    x, y, z = run(body, 1)
    assert x == y == [1, 1] and x is not y and z == {1: [1, 1]}


@dataclasses.dataclass
class Layer:
    w: float
    b: float = 0.0


def test_records_and_attributes():
    body = "%r = record @Layer(%a, %b)\n%w = getattr(%r, w)\n%t = tuple(%r, %w)\nreturn %t"
    assert run(body, 1.0, 2.0, objects={"Layer": Layer}) == (Layer(1.0, 2.0), 1.0)


def test_globals_cells_and_builtins():
    body = "%x = global k in m\n%y = global k in cell\n%z = global len in m\n%r = tuple(%x, %y, %z)\nreturn %r"
    assert run(body, globals={"k": 1}, cells={"k": types.CellType(2)}) == (1, 2, len)
    assert run(body, globals={"k": 1, "len": 3}) == (1, 1, 3)
    with pytest.raises(NameError, match="name 'k' is not defined"):
        run(body)


# Control flow
FOR = """
    %n, %all = for (%x in %a; %c = %b) collected=1 stops {
      %big = operator.gt(%x, %c)
      %next = operator.add(%c, %x)
      yield %big, %next, %x
    }
    %r = tuple(%n, %all)
    return %r
"""


@pytest.mark.parametrize(
    "items, expected",
    [([], (10, [])), ([1, 2], (13, [1, 2])), ([1, 99, 2], (110, [1, 99])), (iter([50, 60]), (60, [50]))],
)
def test_a_stopping_iteration_still_carries_and_collects(items, expected):
    assert run(FOR, items, 10) == expected


def test_a_loop_in_lockstep_ends_with_the_shortest():
    body = "%l = for (%x in %a, %y in %b) collected=1 {\n%t = tuple(%x, %y)\nyield %t\n}\nreturn %l"
    assert run(body, "abc", (1, 2)) == [("a", 1), ("b", 2)]


def test_a_while_carries_collects_and_stops():
    body = """
        %n, %seen = while (%k = %a) collected=1 stops {
          %go = operator.lt(%k, %b)
          yield %go
        } do (%m) {
          %next = operator.mul(%m, %m)
          %stop = operator.eq(%m, %c)
          yield %stop, %next, %m
        }
        %r = tuple(%n, %seen)
        return %r
    """
    assert run(body, 2, 100, -1) == (256, [2, 4, 16])
    assert run(body, 2, 100, 4) == (16, [2, 4])
    assert run(body, 200, 100, 4) == (200, [])


def test_only_the_taken_branch_runs():
    body = "%r = if %a {\nyield %b\n} else {\nraise(%b)\n}\nreturn %r"
    assert run(body, True, 5) == 5
    with pytest.raises(ValueError, match="no"):
        run(body, False, ValueError("no"))


def test_raise_with_a_cause():
    cause = KeyError("k")
    with pytest.raises(ValueError) as caught:
        run("raise(%a, %b)\nreturn %a", ValueError("v"), cause)
    assert caught.value.__cause__ is cause


def test_with_enters_in_order_and_leaves_in_reverse():
    events = []

    @contextlib.contextmanager
    def context(name):
        events.append("enter " + name)
        yield
        events.append("leave " + name)

    assert run("%r = with(%a, %b) {\nyield %c\n}\nreturn %r", context("a"), context("b"), 3) == 3
    assert events == ["enter a", "enter b", "leave b", "leave a"]


def test_a_with_that_swallows_leaves_variables_unbound():
    body = "%r = with(%a) {\nraise(%b)\nyield %b\n}\nreturn %r"
    with pytest.raises(UnboundLocalError, match="'r'"):
        run(body, contextlib.suppress(ValueError), ValueError())


# Unbound variables
def test_unbound_variables_are_carried_but_not_read():
    body = """
        %y = unbound
        %y.1 = for (%x in %a; %c = %y) {
          yield %x
        }
        %r = operator.neg(%y.1)
        return %r
    """
    assert run(body, [1, 2]) == -2
    with pytest.raises(UnboundLocalError, match="^cannot access local variable 'y' where it is not associated with"):
        run(body, [])


@pytest.mark.parametrize(
    "use",
    [
        "return %y",
        "if %y {\n} else {\n}\nreturn %a",
        "for (%x in %y) {\n}\nreturn %a",
        "%t = tuple(%y)\nreturn %t",
        "raise(%y)\nreturn %a",
    ],
)
def test_every_reading_of_an_unbound_variable_raises(use):
    with pytest.raises(UnboundLocalError, match="'y'"):
        run("%y = unbound\n" + use, 1)


# Functions
def test_closures_bind_arguments_and_defaults():
    body = """
        %g = closure(%a, %b) <defaults={'y': 1}> function
        g(%captured, %x, %y, %rest, %k) signature(x, y=None, *rest, k=7) {
          %t = tuple(%captured, %x, %y, %rest, %k)
          return %t
        }
        return %g
    """
    g = run(body, "captured", "default")
    assert g(1) == ("captured", 1, "default", (), 7)
    assert g(1, 2, 3, k=4) == ("captured", 1, 2, (3,), 4)
    with pytest.raises(TypeError, match="missing a required argument: 'x'"):
        g()


def test_a_closure_calls_itself():
    body = """
        %g = closure(%a) function
        g(%base, %n) signature(n) {
          %zero = const 0
          %done = operator.le(%n, %zero)
          %r = if %done {
            yield %base
          } else {
            %one = const 1
            %g = closure() self
            %m = operator.sub(%n, %one)
            %rest = apply %g(%m)
            %p = operator.mul(%n, %rest)
            yield %p
          }
          return %r
        }
        %r = apply %g(%b)
        return %r
    """
    assert run(body, 1, 5) == 120


def test_modules_invoke_their_functions():
    text = """module
    function f(%n) {
      %zero = const 0
      %done = operator.le(%n, %zero)
      %r = if %done {
        yield %zero
      } else {
        %m = invoke less(%n)
        %s = invoke f(%m)
        %t = operator.add(%n, %s)
        yield %t
      }
      return %r
    }
    function less(%n) {
      %one = const 1
      %m = operator.sub(%n, %one)
      return %m
    }"""
    assert interpret(parse(text), 4) == 10


def test_arguments_are_counted():
    with pytest.raises(TypeError, match="f takes 1 arguments, got 2"):
        interpret(parse("function f(%x) {\n return %x\n}"), 1, 2)


def test_unknown_operations_raise():
    with pytest.raises(InternalError, match="does not know the operation 'jump'"):
        interpret(Function("f", Region((), (Op("jump", (), (v := Value(),)),), (v,))))


def test_operators_without_a_pure_twin_are_called_as_they_are():
    assert run("%r = operator.getitem(%a, %b)\nreturn %r", [1, 2], 1) == 2
    assert run("%r = operator.iand(%a, %b)\nreturn %r", 6, 3) == operator.and_(6, 3)
