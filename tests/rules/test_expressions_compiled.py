"""Subscripts, methods, attributes and complex numbers through the whole compiler, one expression at a time.

Each expression over `x` (and further arguments) becomes a program that pairs it with weights; its gradient must be what
central differences give, in first and second order.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cases import arr, has_floats  # noqa: E402
from check import leaves, leaves_like, rebuilt  # noqa: E402
from compiled import Program, function_from, paths, product, second_of  # noqa: E402

from backprose.analysis.kinds import kind_of  # noqa: E402
from backprose.errors import CompileError, NotDifferentiable, UnsupportedCall  # noqa: E402
from backprose.pipeline import Plan, compile_function  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")

V, M, C = arr(5), arr(3, 4), arr(2, 3, 4)
I = np.array([0, 2, 2, 1])  # noqa: E741
MASK = np.array([True, False, True, True, False])


@pytest.fixture(autouse=True)
def verified(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    with np.errstate(all="ignore"):
        yield


def paired(expression: str, *args: Any, seed: int = 4) -> Program:
    """The program of the inner product of `expression` over x, a, b, ... with random weights."""
    names = ["x", *"abc"[: len(args) - 1]]
    value = eval(expression, {"np": np, **dict(zip(names, args))})  # noqa: S307
    rng = np.random.default_rng(seed)
    weights = [rng.normal(size=np.shape(leaf)) if np.ndim(leaf) else float(rng.normal()) for leaf in leaves(value)]
    us = [f"u{i}" for i in range(len(weights))]
    total = " + ".join(product(u, path, leaf) for u, (path, leaf) in zip(us, paths("y", value)))
    text = f"def program({', '.join(names + us)}):\n    y = {expression}\n    return {total}\n"
    wrt = tuple(i for i, x in enumerate(args) if has_floats_deep(x))
    return Program(function_from(text, "program", {}), [*args, *weights], wrt, text)


def has_floats_deep(x: Any) -> bool:
    return any(map(has_floats, x.values())) if isinstance(x, dict) else has_floats(x)


def flat(x: Any) -> list:
    return leaves(list(x.values())) if isinstance(x, dict) else leaves(x)


def like(bar: Any, x: Any) -> list:
    return leaves_like(list(bar.values()), list(x.values())) if isinstance(x, dict) else leaves_like(bar, x)


def replaced(x: Any, new: list) -> Any:
    return dict(zip(x, rebuilt(list(x.values()), new))) if isinstance(x, dict) else rebuilt(x, new)


def assert_gradient(program: Program, function: Any, rtol: float = 1e-6) -> None:
    """The gradient against central differences of `function`, optimised and not."""
    bars, slow = program.gradient(), program.gradient(optimise=False)
    for k, i in enumerate(program.wrt):
        x = program.args[i]
        for place, (g, h, leaf) in enumerate(zip(like(bars[k], x), like(slow[k], x), flat(x), strict=True)):
            assert np.shape(g) == np.shape(leaf)
            np.testing.assert_allclose(g, h, rtol=1e-13, atol=1e-13)
            if isinstance(g, np.ndarray):
                given = [other for arg in program.args for other in flat(arg) if isinstance(other, np.ndarray)]
                assert g.flags.writeable and not any(np.shares_memory(g, other) for other in given)
            slope = differences(function, program.args, i, place)
            np.testing.assert_allclose(g, slope, rtol=rtol, atol=1e-8 * max(1.0, np.max(np.abs(slope), initial=0.0)))


def differences(function: Any, args: list, i: int, place: int, step: float = 1e-5) -> np.ndarray:
    leaf = flat(args[i])[place]
    slope = np.zeros(np.shape(leaf))
    for entry in np.ndindex(slope.shape):
        ends = []
        for sign in (1, -1):
            moved = np.array(leaf, dtype=float)
            moved[entry] += sign * step
            moved = moved if isinstance(leaf, np.ndarray) else float(moved)
            parts = flat(args[i])
            new = replaced(args[i], [*parts[:place], moved, *parts[place + 1 :]])
            ends.append(function(*[new if n == i else x for n, x in enumerate(args)]))
        slope[entry] = (ends[0] - ends[1]) / (2 * step)
    return slope


SUBSCRIPTS = [
    ("np.sum(x, where=x > 0)", V),
    ("np.sum(x, initial=2.0)", V),
    ("x.flat[0]", M),
    ("x[0]", V), ("x[-1]", V), ("x[a]", V, 2), ("x[1:4]", V), ("x[::2]", V), ("x[::-1]", V), ("x[-2::-2]", V),
    ("x[a:b]", V, 1, 4), ("x[1:1]", V), ("x[...]", V), ("x[:]", V), ("x[None]", V), ("x[:, None]", V),
    ("x[np.newaxis, 1:]", V), ("x[a]", V, I), ("x[[0, 2, 2]]", V), ("x[a]", V, MASK), ("x[x > 0]", V),
    ("x[a]", V, np.array([[0, 1], [4, 0]])), ("x[-a]", V, I),
    ("x[0, 1]", M), ("x[1]", M), ("x[:, 1]", M), ("x[..., -1]", M), ("x[1, ...]", M), ("x[::2, ::-1]", M),
    ("x[a, 1]", M, I), ("x[a, b]", M, I, np.array([0, 3, 3, 1])), ("x[a, 1:]", M, I), ("x[:, a]", M, I),
    ("x[a, None, b]", M, I, np.array([0, 3, 3, 1])), ("x[[0, 0], [1, 1]]", M), ("x[x > 0.3]", M),
    ("x[np.array([True, False, True])]", M), ("x[a][:, b]", M, I, np.array([3, 3])), ("x[(0, 1)]", M),
    ("x[1, :, 2]", C), ("x[..., 1:3, 0]", C), ("x[:, a, :]", C, I), ("x[a, :, b]", C, np.array([0, 1]), np.array([3, 3])),
    ("x[0][1][2]", C), ("x[1:][::2]", V), ("x[1:][:-1][0]", V), ("x.T[1]", M), ("x[::-1][1:]", M), ("x[1:, 1:][::-1]", M),
    ("x[0] * x[0]", V), ("x[0] * x[1] * x[-1]", V), ("x[1:] - x[:-1]", V), ("x[2:] - 2 * x[1:-1] + x[:-2]", V),
    ("x[a] * x[a + 1]", V, 2), ("x[0] + x[a]", V, 0), ("x[1:] * x[0]", V), ("x[:, 0] * x[:, 1]", M), ("x @ x[0]", arr(3, 3)),
    ("x[a] * x[a]", V, I), ("x[int(a)]", V, 2), ("x[len(x) // 2]", V),
    ("x[0]", [1.5, 2.5]), ("x[-1] * x[0]", [1.5, 2.5, 0.5]), ("x[a]", [1.5, 2.5, 0.5], 1), ("x[1:]", [1.5, 2.5, 0.5]),
    ("x[::-1][0]", [1.5, 2.5, 0.5]), ("x[0] * x[1]", [arr(2), arr(2)]), ("x[0][1]", [arr(2), arr(3)]),
    ("x[0] * x[1]", (1.5, arr(3))), ("x[-1][::2]", (1.5, arr(3))), ("x[a]", (1.5, 2.5), 1), ("x[1:][0]", (1.5, 2.5, 0.5)),
    ("x[0][1] * x[1]", ((1.5, 2.5), arr(3))), ("x['w'] * x['b']", {"w": arr(3), "b": 1.5}),
    ("x['w'][0] * x['b'][0]", {"w": arr(3), "b": [1.5, 2.5]}),
]  # fmt: skip

METHODS = [
    ("x.sum()", C), ("x.sum(axis=0)", C), ("x.sum(1)", C), ("x.sum(axis=(0, 2), keepdims=True)", C), ("x.mean()", C),
    ("x.mean(axis=-1)", C), ("x.prod(axis=1)", M), ("x.max(axis=0)", M), ("x.min()", M), ("x.var(axis=1)", M),
    ("x.std()", M), ("x.cumsum(axis=1)", M), ("x.cumprod()", V), ("x.clip(-0.5, 0.5)", M), ("x.ravel()", M),
    ("x.flatten()", M), ("x.reshape(2, -1)", M), ("x.reshape((4, 3))", M), ("x.reshape(-1)", M), ("x.squeeze()", arr(1, 3)),
    ("x.swapaxes(0, 1)", M), ("x.transpose()", M), ("x.transpose(2, 0, 1)", C), ("x.transpose((2, 0, 1))", C),
    ("x.dot(a)", M, arr(4, 2)), ("x.dot(a)", V, arr(5)), ("x.trace()", M), ("x.diagonal()", M), ("x.repeat(2)", V),
    ("x.take(a)", V, I), ("x.conj()", V), ("x.copy()", M), ("x.astype(np.float64)", M), ("x.astype(float)", M),
    ("x.item()", arr(1)), ("x.item(2)", V), ("x.T", M), ("x.T @ x", M), ("x.real", V), ("x.imag", V),
    ("x.sum(axis=0).mean()", M), ("x.reshape(-1)[1:].sum()", M), ("x.mean(axis=0, keepdims=True) * x", M),
    ("x * x.shape[0]", M), ("x / x.size", M), ("x * x.ndim", M), ("x.sum() / len(x)", M), ("x.reshape(x.shape[::-1])", M),
    ("x.reshape(x.size)", M), ("x * np.asarray(a, x.dtype)", V, np.arange(5)), ("x.argmax() * x", V), ("x.T.reshape(-1)", M),
    ("np.zeros(x.shape) + x", M), ("np.ones_like(x) * x", M), ("x * (x.ndim == 2)", M),
]  # fmt: skip

LOOPS = [
    ("sum([v * a for v in x])", V, 1.5), ("np.array([np.sum(v) for v in x])", M), ("np.stack([v * a for v in x])", M, arr(4)),
    ("np.concatenate([x[i : i + 2] for i in range(3)])", V), ("np.array([x[i] * x[i + 1] for i in range(a)])", V, 3),
    ("np.array([[u * v for u in x] for v in x])", arr(3)), ("sum(x[i] for i in range(len(x)))", V), ("list(reversed(x))", [1.5, 2.5]),
    ("sum([u * v for u, v in zip(x, a)])", V, arr(5)), ("sum([i * v for i, v in enumerate(x)])", V), ("[v * v for v in x][2]", V),
]  # fmt: skip

SCALARS = [
    ("x ** 3", 1.3), ("x ** a", 1.3, 3), ("x ** 2 * x", V), ("x ** a", V, 3), ("a ** x", 1.3, 2), ("x * a", V, 3), ("x // 1 + x % 1", 1.3),
    ("np.sum(x, axis=a)", M, 1), ("x * a", np.float64(1.5), 2), ("-x + abs(x)", -1.5), ("x / a", 1.5, 4), ("a / x", 1.5, 4),
    ("float(x) * 2", 1.5), ("float(x[0])", V), ("max(x, a)", 1.5, 0.3), ("min(x, 2.0, a)", 1.5, 0.3), ("sum([x, a, x])", 1.5, 0.3), ("max(x)", V), ("min(x[1:])", V), ("np.linalg.norm(x, a)", V, 3), ("np.linalg.norm(x, a)", V, 1), ("np.linalg.norm(x, np.inf)", V),
    ("np.linalg.norm(x, a)", V, 2), ("np.sum(x, axis=a, keepdims=b)", M, 1, True), ("np.var(x, axis=a)", M, 0),
    ("np.concatenate(x, axis=a)", [arr(2, 3), arr(2, 3)], 1), ("np.split(x, a)[b]", arr(6), 3, 1), ("np.repeat(x, a)", V, 2),
    ("np.reshape(x, (a, -1))", arr(6), 2), ("np.pad(x, (a, b))", V, 2, 0), ("np.roll(x, a)", V, 2), ("np.diff(x, a)", V, 2),
    ("np.tile(x, (2, a))", M, 2), ("np.full((a, 3), x)", 1.5, 2), ("np.broadcast_to(x, a.shape)", arr(3), arr(2, 3)),
    ("np.linalg.matrix_power(x, a)", arr(3, 3), -2), ("np.clip(x, None, a)", V, 0.2), ("x[a:b] * c", V, 1, 2, arr(4)),
    ("x[a:b, a:b] * c", M, 1, 2, arr(2, 3)), ("x[x > 1.4] * a", V, arr(3)), ("x[np.ix_([0, 2], [1, 1])]", M), ("sum(x * x)", V), ("x[np.argsort(x)]", V),
    ("np.full_like(x, a)", V, 1.5), ("np.copysign(a, x)", V, arr(5)), ("np.where(x, x, a)", V, 1.5),
    ("np.array([x, a]) ** 2", 1.5, 0.3), ("np.array([x[0], x[0], 2.0])", V), ("np.stack([x, x * x])", V),
    ("np.concatenate([x, x[:2]])", V), ("np.where(x > a, x, x * x)", V, 0.1), ("x if a > 0 else -x", 1.5, 0.3),
    ("np.exp(x)[0] + x[0]", V), ("x + a", V, arr(1)), ("x * a", arr(1), V), ("x * a", arr(1, 4), M), ("x + a", arr(0), arr(1)),
    ("x * a", arr(0), 1.5), ("x + a", arr(), V), ("x * a", np.float32(1.5), V), ("x @ a", arr(0, 3), arr(3)),
]  # fmt: skip

EXPRESSIONS = SUBSCRIPTS + METHODS + LOOPS + SCALARS


def names(table: list) -> list[str]:
    return [f"{i}-{text}" for i, (text, *_) in enumerate(table)]


@pytest.mark.parametrize("text, args", [(text, args) for text, *args in EXPRESSIONS], ids=names(EXPRESSIONS))
def test_gradient(text: str, args: list):
    program = paired(text, *args)
    assert_gradient(program, program.function, 1e-2 if any(isinstance(x, np.float32) for x in args) else 1e-6)


def is_flat(x: Any) -> bool:
    return not isinstance(x, dict) and not isinstance(x, np.float32)


# The second derivative is refused where the number of pieces is known at run time only.
FIRST_ONLY = ("np.split(x, a)[b]",)
SECOND = [(text, args) for text, *args in EXPRESSIONS if all(map(is_flat, args)) and text not in FIRST_ONLY][::2]


@pytest.mark.parametrize("text, args", SECOND, ids=[f"{i}-{text}" for i, (text, _) in enumerate(SECOND)])
def test_second_order(text: str, args: list):
    first = paired(f"({text}) ** 2" if not isinstance(args[0], (list, tuple)) else text, *args)
    second, vs = second_of(first)
    run = first.compiled()[1][first.compiled()[0].entry]

    def slope(*values: Any) -> float:
        bars = run(*values[: len(first.args)])
        parts = [g for i, bar in zip(first.wrt, bars) for g in leaves_like(bar, first.args[i])]
        return sum(float(np.sum(np.asarray(v) * np.asarray(g))) for v, g in zip(leaves(vs), parts, strict=True))

    assert_gradient(second, slope, rtol=1e-5)


CALLED = [text for text, *_ in METHODS if text.startswith("x.") and text.count(".") == 1 and "(" in text]


@pytest.mark.parametrize("text", CALLED)
def test_methods_print_as_methods(text: str):
    args = next(rest for other, *rest in METHODS if other == text)
    f = function_from(f"def f({', '.join(['x', *'abc'][: len(args)])}):\n    return {text}\n", "f", {})
    kinds = {name: kind_of(x) for name, x in zip("xabc", args)}
    source = compile_function(f, kinds, Plan(None)).emitted.source
    assert text.split("(")[0] + "(" in source


# Complex intermediates, real ends. Convention: z_bar = d/dx - i d/dy, so holomorphic functions need no conjugates.

COMPLEX = [
    "np.real(np.exp(1j * x))", "np.imag(np.exp(1j * x))", "np.real((x + 2j * x) * np.conj(x + 1j))", "(x * 1j).imag",
    "np.real(np.sum(x * (1 + 2j)) ** 2)", "np.real(np.dot(x * 1j, x + 1j))", "np.imag((x + 1j) / (x - 2j))",
    "np.real(np.sqrt(x + 3j))", "np.real(np.conj(np.log(x + 4j)))", "np.imag((x + 1j) ** 3)", "np.real(np.sin(x + 1j))",
    "np.real((x + 0j)[::2] * (x + 1j)[0])", "(x + 1j * x).real", "np.real(np.where(x > 0, x * 1j, x + 1j) * (1 - 2j))",
]  # fmt: skip


@pytest.mark.parametrize("text", COMPLEX)
def test_complex_intermediates(text: str):
    program = paired(text, V)
    assert_gradient(program, program.function)
    assert program.gradient()[0].dtype == np.float64


def test_the_gradient_by_a_complex_argument_follows_the_convention():
    f = function_from("def f(z):\n    return np.real(np.sum(z * z * (1 + 2j)))\n", "f", {})
    z = np.array([1 + 2j, -0.5 + 1j])
    (bar,) = Program(f, [z], (0,), "").gradient()
    step, slopes = 1e-6, []
    for k in range(2):
        e = np.zeros(2)
        e[k] = step
        by_x = (f(z + e) - f(z - e)) / (2 * step)
        by_y = (f(z + 1j * e) - f(z - 1j * e)) / (2 * step)
        slopes.append(by_x - 1j * by_y)
    np.testing.assert_allclose(bar, slopes, rtol=1e-8)


# What is refused, with the reason

REFUSED = [
    ("np.sin(x, dtype=np.float32)", V, UnsupportedCall, "dtype"),
    ("np.sin(x, where=x > 0)", V, CompileError, "without `out`"),
    ("np.clip(x * 1j, 1j, 2j)", V, UnsupportedCall, "complex"),
    ("np.reshape(x, (5, 1), order='A')", V, CompileError, "memory layout"),
    ("np.linalg.norm(x, 'mean')", M, CompileError, ""),
    ("np.linalg.qr(x, 'raw')[0]", M, CompileError, "modes"),
    ("np.linalg.svd(x, hermitian=True)[0]", M, CompileError, "eigh"),
    ("np.vecdot(x, x, axes=[0, 0, ()])" if hasattr(np, "vecdot") else "np.einsum('i,i', x, x, dtype=float)", V, CompileError, ""),
    ("np.einsum(x, [0], x, [0], [0])", V, CompileError, "subscripts"),
    ("np.linalg.norm(x, 0)", V, CompileError, "piecewise constant"),
    ("np.var(x, ddof=x[0])", V, NotDifferentiable, "ddof"),
    ("np.nan_to_num(a, nan=x[0])", V, NotDifferentiable, "nan"),
    ("np.linalg.norm(a, x[0])", V, NotDifferentiable, "ord"),
    ("np.arange(x[0], 5.0)", V, NotDifferentiable, "arange"),
    ("np.random.normal(x[0], 1.0)", V, NotDifferentiable, "normal"),
    ("np.random.default_rng(0).normal(x)", V, CompileError, ""),
    ("np.real(np.sort_complex(x))", V, NotDifferentiable, "use np.sort"),
    ("x.sort()", V, CompileError, ""),
    ("x.fill(1.0)", V, CompileError, ""),
]  # fmt: skip


@pytest.mark.parametrize("text, x, error, reason", REFUSED, ids=[text for text, *_ in REFUSED])
def test_refused(text: str, x: Any, error: type, reason: str):
    f = function_from(f"def f(x, a):\n    return np.sum({text})\n", "f", {})
    with pytest.raises(error) as caught:
        Program(f, [x, np.zeros_like(x)], (0,), "").gradient()
    assert reason in str(caught.value)
    assert "<case" in str(caught.value)


def test_a_subscript_joins_arrays():
    """`np.r_[x, x]` reads nothing of `np.r_`: what is subscripted there is the subscript."""
    f = function_from("def f(x):\n    return np.sum(np.r_[x, x])\n", "f", {})
    (bar,) = Program(f, [V], (0,), "").gradient()
    np.testing.assert_array_equal(bar, np.full(V.shape, 2.0))


def test_a_result_that_is_no_real_scalar_has_no_gradient():
    for text, what in (("x * 2", "not a scalar"), ("np.sum(x * 1j)", "complex"), ("np.argmax(x)", "not a real number")):
        f = function_from(f"def f(x):\n    return {text}\n", "f", {})
        with pytest.raises(NotDifferentiable, match=what):
            Program(f, [V], (0,), "").gradient()
