"""What emitted code looks like: a function that is read and printed again is what the user wrote."""

import inspect
import math
import operator
import subprocess
import sys
import textwrap
import traceback
from dataclasses import dataclass

import numpy as np
import pytest

from backprose.analysis.kinds import kind_of, widen
from backprose.codegen.load import annotate, load
from backprose.codegen.python import emit
from backprose.frontend.lower import lower
from backprose.ir.build import Builder
from backprose.ir.interpret import interpret
from backprose.ir.kinds import List, Range, Scalar
from backprose.ir.nodes import Function, Module, Value
from backprose.transform.infer import Inference

import backprose.rules  # noqa: F401  isort: skip


def printed(function, *args):
    names = inspect.signature(function).parameters
    kinds = {name: widen(kind_of(arg)) for name, arg in zip(names, args)}
    return emit(Inference(lower).run(function, kinds))


def without_comments(source):
    return "\n".join(line.split("  #")[0].rstrip() for line in source.splitlines())


def newton(a, tol=1e-12):
    x = 1.0
    while True:
        step = (x * x - a) / (2 * x)
        x = x - step
        if abs(step) < tol:
            break
    if a > 1:
        x = x * x * x
    return x


def early(x, n):
    if x < 0:
        return -x
    if x > 3.0:
        return x * x
    y = x + 1
    return y * n


def search(x, n):
    for i in range(n):
        for j in range(i):
            x = x + j
            if x > 30:
                return x * 2
        x = x + 1
    return x


def guarded(x, n):
    for i in range(n):
        if x > 2:
            if x > 10:
                break
            x = x + 2.0
        x = x * 1.25
        if i != 2:
            x = x + 0.5
    return x


def chosen(x, n):
    a = x if x > 0 else -x
    if a > 1 and n > 2 or a < 0.5:
        a = a * 2
    elif a > 2:
        a = a * 3
    else:
        a = -a
    k = 0
    while k < n and not a > 100:
        a = a + k
        k = k + 1
    return -a ** 2 + (-a) ** 2 + a - (x - (a - 1)) + 2 ** -x  # fmt: skip


def swapped(x, n):
    u = x
    v = 1.0
    for _ in range(n):
        u, v = v, u + v
    return u - v


def recursive(x, n):
    if n < 2:
        return x
    return recursive(x, n - 1) + recursive(x, n - 2)


FUNCTIONS = [newton, early, search, guarded, chosen, swapped, recursive]
CALLS = [(x, n) for x in (-1.0, 0.3, 1.0, 2.5, 4.0, 50.0) for n in (0, 1, 2, 5)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_it_reads_as_it_was_written(function):
    source = textwrap.dedent(inspect.getsource(function))
    emitted = printed(function, 2.0, 1e-9 if function is newton else 3)
    assert without_comments(emitted.source) == without_comments(source)
    namespace = load(emitted, function.__name__, {})
    for x, n in [(2.0, 1e-12), (0.5, 1e-9)] if function is newton else CALLS:
        assert namespace[function.__name__](x, n) == function(x, n)


def shadowing(np, t, len):
    e = math.exp(np) + t
    t1 = [e * i for i in range(3)]
    return t1[0] + len + globals_too(e) + max(np, t)


def globals_too(x):
    return x + OFFSET


OFFSET = 3.0


def late(x, n):
    for i in range(n):
        last = x * i
    return last + i


@dataclass
class Point:
    x: float
    y: float


def with_objects(x, p):
    a = np.zeros(3, dtype=np.float32) + np.array([x, -1.5, math.inf], dtype="float32")
    q = Point(p.x + x, p.y * np.pi)
    d = {"a": q.x, "it's": q.y}
    return a[1:].sum() + d["a"] * d["it's"] + (x if isinstance(x, float) else 0)


def test_names_are_never_captured():
    emitted = printed(shadowing, 0.5, 2.0, 3.0)
    namespace = load(emitted, "shadowing", {"OFFSET": OFFSET})
    assert namespace["shadowing"](0.5, 2.0, 3.0) == shadowing(0.5, 2.0, 3.0)


def test_objects_are_bound_by_name():
    p = Point(1.0, 2.0)
    emitted = printed(with_objects, 0.5, p)
    assert load(emitted, "with_objects", {})["with_objects"](0.5, p) == with_objects(0.5, p)


def test_an_unbound_variable_raises_as_in_the_source():
    late_again = load(printed(late, 2.0, 3), "late", {})["late"]
    assert late_again(2.0, 3) == late(2.0, 3)
    with pytest.raises(UnboundLocalError, match="'last'"):
        late_again(2.0, 0)


def test_lines_are_named():
    emitted = printed(early, 2.0, 3)
    start = inspect.getsourcelines(early)[1]
    named = {n: loc.line - start for n, loc in emitted.lines.items()}
    assert named == {2: 1, 3: 2, 4: 3, 5: 4, 6: 5, 7: 6}
    assert f"# L{start + 3}" in emitted.source.splitlines()[3]


def failing(x, n):
    y = x * 2
    return y[n]


def test_a_failure_names_the_users_line():
    emitted = printed(failing, np.ones(2), 3)
    function = load(emitted, "failing", {})["failing"]
    with pytest.raises(IndexError) as caught:
        function(np.ones(2), 7)
    error = annotate(caught.value, emitted.lines)
    line = inspect.getsourcelines(failing)[1] + 2
    assert any(f"test_layout.py:{line} in failing" in note for note in error.__notes__)
    assert "y[n]" in "".join(traceback.format_exception(error))
    assert inspect.getsource(function) == emitted.source


def test_long_lines_are_broken_within_brackets():
    def long(x, y):
        return np.concatenate([x[1:] * y[1:], x[:-1] - y[:-1], x[1:] / y[1:], x[:-1] + y[:-1], x[1:] - y[:-1], x * y * 2, y])

    emitted = printed(long, np.ones(3), np.ones(3))
    assert max(map(len, emitted.source.splitlines())) <= 110
    assert np.array_equal(load(emitted, "long", {})["long"](np.ones(3), np.ones(3)), long(np.ones(3), np.ones(3)))


def test_the_text_is_the_same_in_every_process():
    program = "import test_layout as t; print(*[t.printed(f, 2.0, 3).source for f in t.FUNCTIONS])"
    texts = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join([*sys.path, __file__.rpartition("/")[0]])},
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(texts) == 1


def helper(x):
    if x > 1:
        result = x * x
    else:
        result = -x
    return result


def stale(x, n):
    a = helper(x) + helper(x + 1)
    for i in range(n):
        result = a * i
    return result


def test_an_unbound_variable_never_shows_another_of_its_name():
    stale_again = load(printed(stale, 2.0, 3), "stale", {})["stale"]
    assert stale_again(2.0, 3) == stale(2.0, 3)
    with pytest.raises(UnboundLocalError):
        stale_again(2.0, 0)


def test_passing_on_an_unbound_variable_does_not_raise():
    """What a `return` leaves unbound is carried out of the branch, and read by nobody."""
    b = Builder()
    x, n = Value("x", Scalar("float")), Value("n", Scalar("int"))
    i, s, s_out = Value("i", Scalar("int")), Value("s", Scalar("float")), Value("s", Scalar("float"))
    inner = Builder()
    test = inner.call(operator.gt, s, inner.const(3.0), kind=Scalar("bool"))
    leave, go = Builder(), Builder()
    nothing = leave.region((), [leave.unbound("s")])
    more = go.region((), [go.call(operator.mul, go.call(operator.add, s, i), s, name="s", kind=Scalar("float"))])
    inner.op("if", (test,), [Value("s", Scalar("float"))], [nothing, more])
    merged = inner.ops[-1].result
    kept = inner.call(operator.add, s, x, name="kept", kind=Scalar("float"))
    body = inner.region([i, s], [test, merged, kept])
    last = Value("lasts", List(Scalar("float")))
    b.op("for", [b.call(range, n, kind=Range()), x], [s_out, last], [body], iterables=1, collected=1, stops=True)
    function = Function("f", b.region([x, n], [last]))
    namespace = load(emit(Module({"f": function})), "f", {})
    for args in [(4.0, 3), (2.0, 5), (1.0, 0)]:
        assert namespace["f"](*args) == interpret(function, *args)


def never_bound(x, n):
    if n > 2:
        return missing  # noqa: F821
    y = missing + x  # noqa: F821
    missing = y
    return missing


def test_a_variable_that_nothing_has_bound_raises():
    again = load(printed(never_bound, 2.0, 3), "never_bound", {"missing": 1.0, "missing_1": 1.0})["never_bound"]
    for n in (1, 3):
        with pytest.raises(UnboundLocalError):
            again(2.0, n)
