"""Real or complex is decided at run time where kinds don't tell: no imaginary part is dropped or invented on a guess.

Programs over two vectors, each real or complex, are compiled with kinds and without a word about the arguments. Both give
the same gradients and tangents, with the dtypes of the arguments, or the compiler says that it can't.
"""

from __future__ import annotations

import itertools
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[1] / "rules"))

from compiled import function_from  # noqa: E402

from backprose import grad  # noqa: E402
from backprose.analysis.kinds import kind_of  # noqa: E402
from backprose.errors import CompileError  # noqa: E402
from backprose.ir.kinds import Number  # noqa: E402
from backprose.pipeline import Plan, compile_function  # noqa: E402
from backprose.transform.gradient import Request  # noqa: E402

RNG = np.random.default_rng(5)
STEPS = (
    "y = np.real(y)",
    "y = y.imag + 0j",
    "y = np.conj(y) * w",
    "y = np.fft.fft(y)",
    "y = np.fft.ifft(np.real(y))",
    "y = y.astype(complex) / 2",
    "y = np.asarray(y, dtype=complex) + w",
    "y = np.reshape(y, tuple([3] * 1)) * (1 + 2j)",
    "y = np.stack([y, w])[0] + y[0]",
    "y = np.concatenate([y, z * 2])[1:4]",
    "y = np.array([z[0], y[1] * 1j, 2.0])",
    "y = np.append(y, w)[2:5]",
    "y = np.outer(w, y) @ np.conj(z)",
    "y = np.linalg.solve(np.outer(y, z) / 9 + np.eye(3), w)",
    "y = np.where(np.real(w) > 0, y, 0.5)",
    "y = y * y if np.real(y[0]) > 0 else np.real(w)",
    "y = np.linalg.norm(y) * z",
    "y = np.vdot(y, w) * z + np.dot(y, w)",
    "for i in range(2):\n        y = y * w / 2 + 1j",
    "xs = [y, w * 1j, z]\n    y = 0\n    for x in xs:\n        y = y + x * x",
    "xs = []\n    for i in range(2):\n        xs.append(y * (i + 0.5))\n    xs.append(w)\n    y = np.stack(xs)[1] + xs[2]",
    "s = {'y': y, 'w': w}\n    y = s['y'] * s['w']",
)  # fmt: skip


def vector(is_complex: bool) -> np.ndarray:
    x = RNG.normal(size=3)
    return x + 1j * RNG.normal(size=3) if is_complex else x


def program(steps: list[str]) -> Any:
    body = "\n    ".join(["y = z", *steps, "return np.real(np.sum(y * w)) + np.sum(np.imag(y) * np.real(z))"])
    return function_from(f"def f(z, w):\n    {body}\n", "f", {})


def compiled(f: Any, kinds: tuple, forward: bool) -> Any:
    c = compile_function(f, dict(zip("zw", kinds)), Plan(Request((0, 1), False, value=forward, forward=forward)))
    return c.load("program", f.__globals__)[c.entry]


def check(f: Any, args: tuple, dots: tuple, forward: bool) -> None:
    known = tuple(map(kind_of, args))
    given = (*args, *dots) if forward else args
    try:
        expected = compiled(f, known, forward)(*given)
    except CompileError:
        return
    for kinds in ((Number(), Number()), (Number(), known[1]), (known[0], Number())):
        try:
            fn = compiled(f, kinds, forward)
        except CompileError:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # no imaginary part is discarded
            found = fn(*given)
        for mine, its in zip(found, expected, strict=True):
            assert np.asarray(mine).dtype == np.asarray(its).dtype
            np.testing.assert_allclose(mine, its, rtol=1e-9, atol=1e-9)
        if not forward:
            assert [bar.dtype for bar in found] == [x.dtype for x in args]


CHOICES = list(itertools.product((False, True), repeat=2))


@pytest.mark.parametrize("forward", [False, True], ids=["rev", "fwd"])
@pytest.mark.parametrize("step", STEPS, ids=range(len(STEPS)))
def test_each_step_alone(step: str, forward: bool):
    f = program([step])
    for choice in CHOICES:
        check(f, tuple(map(vector, choice)), tuple(map(vector, choice)), forward)


@settings(max_examples=40)
@given(st.lists(st.sampled_from(STEPS), min_size=2, max_size=4), st.sampled_from(CHOICES), st.booleans())
def test_several_steps(steps: list[str], choice: tuple[bool, bool], forward: bool):
    check(program(steps), tuple(map(vector, choice)), tuple(map(vector, choice)), forward)


def test_a_list_that_turns_complex_is_refused():
    f = function_from(
        "def f(z, w):\n    xs = []\n    for i in range(2):\n        xs.append(z * i)\n    xs.append(w)\n"
        "    return np.real(np.sum(np.stack(xs) ** 2 * 1j))\n", "f", {},
    )  # fmt: skip
    with pytest.raises(CompileError, match="a list of real numbers becomes one of complex ones"):
        grad(f)(vector(False), vector(True))
    assert np.iscomplexobj(grad(f)(vector(True), vector(True)))
