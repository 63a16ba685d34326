"""The shape of lowered IR: names, places, what is carried, what a call looks like."""

import operator

import backprose_runtime
import pytest

from backprose.frontend.lower import lower
from backprose.ir.text import print_ir
from backprose.ir.walk import all_ops


def ops(function, name):
    return [op for op in all_ops(lower(function).region) if op.name == name]


def calls(function):
    return [op.fn for op in ops(function, "call")]


def test_only_what_is_needed_is_carried():
    def f(xs):
        total, previous = 0.0, 1
        for x in xs:
            square = x * x
            previous = x
            total = total + square
        return total

    (loop,) = ops(f, "for")
    assert [value.name for value in loop.items] == ["x"]
    assert [value.name for value in loop.carried] == ["total"]
    assert loop.attrs == {"iterables": 1, "collected": 0, "stops": False}


def test_the_loop_variable_is_carried_if_it_is_read_later():
    def f(xs):
        for x in xs:
            last = x + 1
        return x, last

    assert [value.name for value in ops(f, "for")[0].results] == ["x", "last"]


def test_an_endless_loop_needs_no_flag_for_its_return():
    def f(x):
        while True:
            x = x / 2
            if x < 1:
                return x

    (loop,) = ops(f, "while")
    assert [value.name for value in loop.results] == ["x", "result"]
    assert not [op for op in lower(f).ops if op.name == "if"]


def test_a_guard_puts_the_others_into_its_else():
    def f(x):
        if x < 0:
            return 0
        y = x + 1
        return y * 2

    lowered = lower(f)
    (branch,) = ops(f, "if")
    assert [op.name for op in lowered.ops] == ["const", "call", "if"]
    assert [op.fn for op in branch.regions[1].ops if op.name == "call"] == [operator.add, operator.mul]


def test_a_check_leaves_the_others_flat():
    def f(x):
        if x < 0:
            raise ValueError(x)
        y = x + 1
        return y

    lowered = lower(f)
    assert [op.name for op in lowered.ops] == ["const", "call", "if", "const", "call"]
    assert ops(f, "if")[0].results == ()


def test_users_names_stay():
    def f(a, b):
        c = a + b
        d = c
        e, (g, h) = d * 2, (a, b)
        if a:
            e = -e
        i = j = e + g + h
        return i + j

    named = {op.result.name for op in all_ops(lower(f).region) if len(op.results) == 1}
    assert {"c", "e", "i"} <= named
    assert "d" not in named  # a copy is not an operation


def test_operators():
    def f(x, y):
        x += y
        x @= y
        return x not in y, x[1:, None], x is y

    assert calls(f) == [
        operator.iadd, operator.imatmul, operator.contains, operator.not_, slice, operator.getitem, operator.is_,
    ]  # fmt: skip


def test_negative_literals_are_constants():
    assert calls(lambda x: x[-1]) == [operator.getitem]


def test_unpacking():
    def f(pair):
        (a, *b), c = pair
        return a, b, c

    unpacks = [op for op in ops(f, "call") if op.fn is backprose_runtime.unpack]
    assert [len(op.operands) for op in unpacks] == [2, 3]


def test_calls():
    def f(g, x, args, options):
        g(x, *args, a=1, **options)
        return g(x)

    first, second = ops(f, "apply")
    assert first.attrs == {"keywords": ("a",), "spread": ("", "*", "**", ""), "statement": True}
    assert [value.name for value in first.operands[:4]] == ["g", "x", "args", "options"]
    assert second.attrs == {"keywords": (), "spread": ("",), "statement": False}


def test_free_names():
    captured = 3

    def f(x):
        def inner():
            return captured + len(x)

        return inner()

    (closure,) = ops(f, "closure")
    template = closure.attrs["template"]
    assert [value.name for value in template.params] == ["x"]
    free = [(op.attrs["name"], op.attrs["scope"]) for op in template.ops if op.name == "global"]
    assert free == [("captured", "cell"), ("len", "global")]
    assert captured


def test_defaults_are_captured():
    def f(n, m):
        def inner(x, y=n, *, z=m):
            return x + y + z + m

        m = 2
        return inner(1)

    (closure,) = ops(f, "closure")
    template = closure.attrs["template"]
    assert template.attrs["captured"] == 3
    assert template.attrs["defaults"] == {"y": 1, "z": 2}
    assert template.attrs["volatile"] == ("m",)
    assert [value.name for value in template.params] == ["m", "y", "z", "x", "y", "z"]
    own = template.signature.parameters
    assert (own["y"].default.index, own["z"].default.index) == (1, 2)
    assert closure.operands[0] is not closure.operands[2]


@pytest.mark.parametrize("repeat", range(2))
def test_the_same_text_every_time(repeat):
    def f(x, n):
        y = [i * x for i in range(n) if i]
        while n > 0:
            n -= 1
            if n == 3:
                break
        return y, n

    assert print_ir(lower(f)) == print_ir(lower(f))


def test_places_are_innermost():
    def f(x):
        return (x + 1) * len(
            x)  # fmt: skip

    spans = {op.name: (op.loc.line - lower(f).loc.line, op.loc.col) for op in all_ops(lower(f).region)}
    assert spans["call"] == (1, 15)
    assert spans["apply"] == (1, 25)


def test_signature_and_attributes():
    def f(a, /, b=2, *args, c, **options):
        """What it says."""
        return a

    lowered = lower(f)
    assert str(lowered.signature) == "(a, /, b=2, *args, c, **options)"
    assert [value.name for value in lowered.params] == ["a", "b", "args", "c", "options"]
    assert lowered.doc == "What it says."
    assert lowered.attrs == {"code": f.__code__, "file": __file__}
