"""Generated programs that update arrays in place have the same gradients and pullbacks with their loops checkpointed."""

from __future__ import annotations

import random
import re
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutation import arguments, programs

from backprose import errors, grad, vjp

OPTIONS = ("", ", every=1", ", every=2", ", every=3", ', schedule="binomial", snapshots=2',
           ', schedule="binomial", snapshots=3, every=2', ', memory="300 B"')  # fmt: skip


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def checkpointed(program, seed):
    """The program with every loop checkpointed, some way or other."""
    chosen = random.Random(seed)

    def marked(head, options):
        return f"{head[1]}checkpoint({head[2]}{chosen.choice(options)}):"

    text = re.sub(r"^( +for .* in )(.*):$", lambda m: marked(m, OPTIONS), program.text, flags=re.MULTILINE)
    text = re.sub(r"^( +while )(?!True)(.*):$", lambda m: marked(m, OPTIONS), text, flags=re.MULTILINE)
    return replace(program, text="from backprose import checkpoint\n" + text)


def gradient(program, seed):
    f = program.define()
    args = arguments(f, seed)
    wrt = tuple(i for i, a in enumerate(args) if not isinstance(a, int))
    return grad(f, wrt)(*args)


def pulled_back(program, seed):
    f = program.define()
    args = arguments(f, seed)
    _, pullback = vjp(f, *args)
    return [tuple(bar for bar, a in zip(pullback(1.0), args) if not isinstance(a, int)) for _ in range(2)]


def check(program, seed):
    """Why the program's loops could not be checkpointed, "" if they could; None if the program itself fails."""
    try:
        expected = gradient(program, seed)
        pulled = pulled_back(program, seed)
    except Exception:  # noqa: BLE001 - whatever the program itself does wrong
        return None
    marked = checkpointed(program, seed)
    try:
        found = gradient(marked, seed)
    except errors.CompileError as error:
        return str(error)
    assert same(found, expected), str(marked)
    assert same(pulled_back(marked, seed), pulled), str(marked)
    return ""


def same(x, y):
    if isinstance(x, (list, tuple)):
        return len(x) == len(y) and all(map(same, x, y))
    if isinstance(x, dict):
        return x.keys() == y.keys() and all(same(x[k], y[k]) for k in x)
    if isinstance(x, (np.ndarray, float, int, complex, type(None))):
        return np.array_equal(np.asarray(x), np.asarray(y), equal_nan=x is not None)
    return same(vars(x), vars(y))


@settings(max_examples=settings.default.max_examples // 2)
@given(programs(), st.integers(0, 99))
def test_loops_that_are_checkpointed(program, seed):
    check(program, seed)
