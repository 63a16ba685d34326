"""What is promised of derivatives holds for generated programs that update arrays in place."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import oracle_of_memory
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mutation import HELPERS, Program, arguments, programs, random_program

from backprose import errors

REFUSED_SHARE = 0.15


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def is_refused(program: Program, seed: int) -> bool:
    """Check the program; whether it is refused, as sharing that is not known when compiling may be."""
    function = program.define()
    args = arguments(function, seed)
    value = function(*copy.deepcopy(args))
    if not (np.isfinite(value) and abs(value) < 1e6):
        return False
    try:
        oracle_of_memory.check(function, args)
    except errors.UnsupportedUpdate:
        return True
    return False


@given(programs(), st.integers(0, 99))
def test_programs(program, seed):
    is_refused(program, seed)


def test_few_programs_are_refused():
    refused = [is_refused(random_program(seed, depth=2, length=5), seed) for seed in range(80)]
    assert np.mean(refused) < REFUSED_SHARE


REGRESSIONS = {
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
}


@pytest.mark.parametrize("text", REGRESSIONS.values(), ids=REGRESSIONS)
def test_regression(text):
    for seed in range(6):
        is_refused(Program(HELPERS + text.lstrip()), seed)
