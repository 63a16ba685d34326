"""What is promised of derivatives holds for generated programs that update arrays in place."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutation import HELPERS, Program, arguments, programs, random_program
from mutation_check import REFUSED, RIGHT, judge
from mutation_shrinking import shortest

from backprose import errors, grad

REFUSED_SHARE = 0.12


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@given(programs(), st.integers(0, 99))
def test_programs(program, seed):
    judge(program, seed)


def test_few_programs_are_refused():
    """Nor do many fail when they run; of 20, the second derivative is checked in all modes, too."""
    found = [judge(random_program(seed, depth=2, length=5), seed, seed % 5 == 0).what for seed in range(100)]
    assert found.count(REFUSED) < REFUSED_SHARE * len(found)
    assert found.count(RIGHT) > 0.7 * len(found)


FORMS = (
    r"\w\[-?\d\] =", r"\[i\d+ % \d\]", r"\[::-1\] [+*]=", r"\[2:2\]", r"\[\.\.\.", r"\[None", r"\w\[[^]]* > [^]]*\] =", r"\[\[0, 0\]\]",
    r"\[np\.array\(", r"\*\*= 2", r"/=", r"out=\w", r"out=\(", r"where=", r"np\.(add|subtract)\.at\(", r"np\.copyto\(", r"np\.put\(",
    r"np\.fill_diagonal\(", r"\.fill\(", r"\.sort\(", r"\.reshape\(", r"\.ravel\(", r"\.diagonal\(", r"\.T\b", r"for row\d+ in \w",
    r"enumerate\(", r"zip\(", r"\.append\(", r"\.pop\(", r"\.insert\(", r"\.extend\(", r"\.reverse\(", r"l\d+ = l\d*$", r"l\d+ \+= \[", r"np\.stack\(",
    r"\['a'\] =", r"\.u =", r"\.u [+*]=", r"\.update\(", r"Box\(", r"    def g", r"while ", r"break", r"continue", r"    return .*\n +\w", r" if .* else ",
    r"elif ", r"range\(0\)", r"np\.float32", r"np\.array\(.*\)\n +b\d+ = z", r"shift\(", r"early\(", r"chosen\(", r"push\(", r"(\w+), (\w+) = \2, \1\b",
    r"(\w+), (\w+), (\w+) = \2, \3, \1\b", r"\w+ = \w+ = ", r"def program\(.*\b[pol], ", r"\[::-1\]\.sort", r"\w+, \w+, \w+ = [my]\b", r"\] \* 2$",
)  # fmt: skip


def test_every_form_is_written():
    """Each way to store, share, branch and loop is in one of a few hundred programs."""
    text = "\n".join(str(random_program(seed, depth=2, length=7)) for seed in range(1500))
    missing = [form for form in FORMS if not re.search(form, text, re.MULTILINE)]
    assert not missing


def test_what_fails_is_shrunk():
    """The shortest program that stores in `y` has no other statement."""
    program = Program(HELPERS + "def program(x, y, k):\n    y = x * 2.0\n    for i in range(k):\n        if k > 1:\n"
                      "            y[0] = np.sin(x[1])\n        x += 1.0\n    return np.sum(y)\n")  # fmt: skip

    def runs_and_stores(program):
        function = program.define()
        try:
            return bool(np.isfinite(function(*arguments(function, 1)))) and "y[0] =" in str(program)
        except (NameError, TypeError, IndexError, ValueError):
            return False

    small = shortest(program, runs_and_stores)
    assert str(small) == "def program(y):\n    y[0] = 0.5\n    return 0.5\n"


REGRESSIONS = {
    "an element that is added to is read before what is added is computed": """
def program(x, m, s, k):
    parts, named = [x[0], x * 2.0], {"a": x[1]}
    def g(p):
        x[...] = x * 2.0
        parts[0], named["a"] = 5.0 * p, 3.0 * p
        parts[1] = p * m[0]
        m[1] *= p
        return p
    x[0] += g(s)
    x[1:] += g(s)
    parts[0] += g(0.4)
    parts[1] *= g(0.5)
    named["a"] -= g(s)
    for i in range(k):
        m[1, i] *= g(x[i])
    return np.sum(x * x) + parts[0] * named["a"] + np.sum(parts[1]) + np.sum(m * m)
""",
    "a number added to every entry of a row has the sum of their cotangents": """
def program(x, m, s, k):
    m[-1] += np.sum(x)
    x[...] += s
    return np.sum(np.sin(m)) + np.sum(np.sin(x))
""",
    "an update of an array by its first row, seen from behind": """
def program(m, s, k):
    b = m
    b[::-1] += b[0]
    return np.sum(b * b)
""",
    "what a loop that only rotates leaves is written to by another": """
def program(x, s, k):
    u1 = x.copy()
    u2 = u1.copy()
    u3 = 0.3 * u2
    for i in range(k):
        u1, u2, u3 = u2, u3, u1
    u5 = u2
    u6 = u5.copy()
    for i in range(k):
        u5[-1] *= np.tanh(0.7 * np.sum(u3))
        u5, u6 = u6, u5
    return 1.3 * np.sum(np.cos(2.0 * u2))
""",
    "an element read at an index whose kind is not known is no view": """
def program(x, y, s, k):
    v = x[1:2]
    v[-1 - k % 1], y[0] = y[0], v[-1 - k % 1]
    return np.sum(y * y)
""",
    "an element of what a branch yields and a later iteration overwrites": """
def program(x, s, k):
    t = s
    for i in range(k + 1):
        if i < 2:
            x *= 0.5 * s
            t = t * np.sin(x[0])
    return np.sum(x * x) + t
""",
    "a loop collects what comes from outside, and is written to later": """
def program(x, s, k):
    u = np.sin(x)
    v = np.zeros(4)
    if s < 5.0:
        for i in range(k):
            v[:] += np.sin(x) * u[...]
    for i in range(2):
        u[3] = np.sum(u) * s
    return np.sum(u * u) + np.sum(np.cos(v))
""",
    "a view of what two names in a while loop take turns to write to": """
def program(x, y, s, k):
    v = y[:2]
    n = 0
    while n < k:
        y, x = x, y
        x = shift(x)
        n += 1
    return np.sum(np.sin(v))
""",
    "the triangle of a vector": """
def program(x, s):
    return np.sum(np.sin(np.triu(x))) + np.sum(np.cos(np.tril(x, -1))) * s
""",
    "an array without axes that is read on one path only": """
def program(m, k):
    for i in range(k):
        z = np.array(-np.sum(m))
        z *= 0.5
        if np.sum(m) > 0:
            break
        m[0] = m[1] * z
    return np.sum(np.cos(2.0 * m))
""",
    "an array bound anew in a loop to a reshaped argument": """
def program(m, s, k):
    v = m.reshape(-1)
    w = v
    for i in range(k):
        w = v
    w[0] = 5.0
    return np.sum(m * m) * s
""",
    "a function that returns its argument from a loop and behind it": """
def program(x, s, k):
    r = early(x, np.tanh(s))
    r[1:] *= s
    return np.sum(np.sin(x)) + np.sum(r * r)
""",
}


@pytest.mark.parametrize("text", REGRESSIONS.values(), ids=REGRESSIONS)
def test_regression(text):
    for seed in range(6):
        judge(Program(HELPERS + text.lstrip()), seed)


DOUBTS = {
    "an array bound anew in a loop to what may be a view": ("whether `w` and `m` share", """
def program(m, s, k):
    v = m.T.reshape(-1)
    w = v
    for i in range(k):
        w = v
    w[0] = 5.0
    return np.sum(m * m) * s
"""),
    "an element of a list that grew in a loop": ("an element of `q` is updated in place, and `x` may refer to it too", """
def program(x, s, k):
    q = [x]
    for i in range(k):
        q.append(x)
    q[0][1] = s
    return np.sum(x)
"""),
    "parts that np.split gives are views": ("`x` is updated in place", """
def program(x, s, k):
    a, b = np.split(x, 2)
    x *= s
    return np.sum(a ** 2 * b)
"""),
    "what np.atleast_1d gives of several arrays are views": ("`x` is updated in place", """
def program(x, y, s, k):
    a, b = np.atleast_1d(y, x)
    x *= s
    return np.sum(a ** 2 * b)
"""),
    "rows behind a starred target are views": ("`m` is updated in place", """
def program(m, s, k):
    a, *b = m
    m *= s
    return np.sum(a * b[0]) + np.sum(m ** 3)
"""),
    "an array that is turned round in a loop": ("whether `u` and what it was before share memory changes", """
def program(x, s, k):
    u = x * 1.0
    for i in range(k):
        u[0] = s
        u = u[::-1]
    return np.sum(u)
"""),
}  # fmt: skip


@pytest.mark.parametrize(("what", "text"), DOUBTS.values(), ids=DOUBTS)
def test_refusal_has_the_names_and_the_line(what, text):
    with pytest.raises(errors.UnsupportedUpdate, match=re.escape(what)) as error:
        function = Program(HELPERS + text.lstrip()).define()
        grad(function)(*arguments(function, 1))
    assert f"{error.value.loc.line:5d} | " in str(error.value)
