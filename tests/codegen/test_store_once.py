"""Entries that are updated several times in a row: stored once, with the same bits."""

import operator

import backprose
import backprose_runtime as runtime
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backprose.codegen.python import emit
from backprose.ir.build import Builder
from backprose.ir.interpret import interpret
from backprose.ir.kinds import Array, Scalar
from backprose.ir.nodes import Function, Loc, Module, Value
from backprose.ir.verify import verify
from backprose.transform.drop_dead import drop_dead
from backprose.transform.store_once import store_once

VECTOR, INT = Array("float64", ("N",)), Scalar("int")
NUMBERS = [Scalar("float64"), Scalar("float64"), Scalar("float64"), Scalar("float")]


@st.composite
def updates_of_entries(draw) -> Function:
    """Entries of two vectors that are read, stored and added to; what an index is when it runs, nobody knows."""
    b = Builder(Loc("f.py", 3, 0, 3, 1, "f"))
    x, i = Value("x", VECTOR), Value("i", INT)
    held = [x, b.call(np.multiply, x, b.const(2.0), kind=VECTOR, name="y")]
    places = [i, i, i, i, b.call(operator.sub, i, b.const(1), kind=INT), b.const(0), b.const(-1)]
    numbers = [b.call(float, b.const("1.5"), kind=kind) for kind in NUMBERS[3:]]
    numbers.append(b.call(np.sum, x, kind=Scalar("float64")))
    seen = []
    k = 0
    for _ in range(draw(st.integers(2, 9))):
        k = draw(st.sampled_from([k, k, 1 - k]))
        place, number = draw(st.sampled_from(places)), draw(st.sampled_from(numbers[-2:]))
        match draw(st.sampled_from(["read", "read", "store", "store", "add", "part", "keep"])):
            case "read":
                entry = b.call(operator.getitem, held[k], place, kind=Scalar("float64"))
                scaled = b.call(operator.mul, entry, b.const(0.7), kind=Scalar("float64"))
                numbers.append(draw(st.sampled_from([entry, scaled])))
            case "store":
                held[k] = b.call(runtime.set_at, held[k], number, place, kind=VECTOR, name=held[k].name)
            case "add":
                held[k] = b.call(runtime.add_at, held[k], place, number, kind=VECTOR, name=held[k].name)
            case "part":
                part = b.const(draw(st.sampled_from([slice(0, 2), slice(1, None)])))
                held[k] = b.call(runtime.set_at, held[k], number, part, kind=VECTOR, name=held[k].name)
            case "keep":
                seen.append(held[k])
    return Function("entries", b.region([x, i], [b.tuple([*held, *seen, numbers[-1]])]))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(updates_of_entries(), st.integers(-1, 2))
def test_entries_are_stored_once(function, i):
    x = np.array([0.3, -1.7, 2.2])
    expected = interpret(function, x, i)
    found = store_once(function)
    verify(Module({"entries": found}), "store_once")
    emitted = emit(Module({"entries": drop_dead(found)}))
    namespace = dict(emitted.names)
    exec(emitted.source, namespace)
    for values in (interpret(found, x, i), namespace["entries"](x.copy(), i)):
        assert all(np.array_equal(a, b) for a, b in zip(values, expected, strict=True)), str(found)


def swept(a, b):
    a = a.copy()
    for i in range(1, len(a)):
        a[i] += b[i - 1]
        a[i] = a[i] / 9.0
        a[i] -= 1.5
    return np.sum(a * a)


@pytest.mark.parametrize(
    "dtype, text", [("float32", "a[i] = (a[i] + b[i - 1]) / 9.0 - 1.5"), ("float64", "a[i] = a[i] + b[i - 1]")]
)
def test_what_is_read_again_was_rounded(dtype, text):
    a, b = np.array([1, 7, -1, 3], "float32") / 3, np.array([0.1, 0.7, -0.3, 2.9], dtype)
    f = backprose.value_and_grad(swept)
    value, slope = f(a, b)
    assert value == swept(a, b) and slope.dtype == "float32"
    assert text in f.source, f.source


def test_entries_that_are_stored_in_each_other():
    def crossed(x):
        a, b = x.copy(), x * 2.0
        a[0] = x[1] * 3.0
        b[0] = a[0]
        b[0] = b[0] * x[2]
        a[0] = a[0] * b[0]
        return a[0] + b[1]

    x = np.array([0.5, -2.0, 3.0])
    value, x_bar = backprose.value_and_grad(crossed)(x)
    assert value == crossed(x)
    assert np.allclose(x_bar, [0, 9 * 2 * x[1] * x[2] + 2, 9 * x[1] ** 2])
