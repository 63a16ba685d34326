"""Functions that take functions, and NumPy's objects that are indexed: values, dtypes and derivatives of programs.

Each line is a program of x (2, 3), v (5,) and t (2, 3, 4); it gives what it gives without the compiler, to the bit.
"""

from __future__ import annotations

import itertools
import linecache
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import backprose
from backprose import errors
from compiled import quiet  # noqa: F401

rng = np.random.default_rng(11)
ARGUMENTS = {"x": rng.normal(size=(2, 3)), "v": rng.normal(size=5), "t": rng.normal(size=(2, 3, 4))}
RECENT = np.lib.NumpyVersion(np.__version__) >= "2.2.0"
_serial = itertools.count()

PROGRAMS = [
    # along axes
    "np.apply_along_axis(lambda r: np.sum(r * r), 1, x)",
    "np.apply_along_axis(np.sum, 0, v * v)",
    "np.apply_along_axis(lambda r: [r[0], r[1] * r[0]], 1, x)",
    "np.apply_along_axis(lambda r: np.outer(r, r), 1, t)",
    "np.apply_along_axis(lambda r, k, p=1: r * k + p, 0, t, v[0], p=v[1])",
    "np.apply_along_axis(np.cumprod, -2, t)",
    "np.apply_along_axis(np.diag, -1, x ** 2)",
    "np.apply_along_axis(np.outer, 1, x, v[:2])",
    "np.apply_over_axes(lambda a, axis: np.sum(a * a, axis=axis), t, (0, -1))",
    "np.apply_over_axes(np.prod, t, [0, 2])",
    "np.apply_over_axes(np.cumprod, x, 1)",
    # entry by entry
    "np.vectorize(lambda a: a * a if a > 0 else np.sin(a))(x)",
    "np.vectorize(lambda a, b: (a * b, a ** 2))(x, v[:3])[1]",
    "np.vectorize(lambda a, k: a * k[0] * k[1], excluded=[1])(x, v)",
    "np.vectorize(lambda a, k: a * k[0], excluded=['k'])(x, k=v)",
    "np.vectorize(lambda a, k=2.0: a * k, otypes=[float])(x, k=v[:3])",
    "np.vectorize(lambda a, k=2.0: a ** k, otypes='d')(x)",
    "np.vectorize(lambda a: a * a, otypes=[np.float32])(x * 0.0)",
    "np.vectorize(lambda a: a * a)(v[0])",
    "twice(x)", "scaled(x, v)",
    # by conditions
    "np.piecewise(x, [x < 0, x > 1], [lambda a: a * a, lambda a: np.exp(a), 2.0])",
    "np.piecewise(x, [x < 0, x > 1], [np.square, np.exp])",
    "np.piecewise(v, v < 0, [lambda a: a * v[0], np.exp])",
    "np.piecewise(x, [x < 0], [v[0], v[1]])",
    "np.piecewise(x, [x < 0, x > 0.5], [lambda a, k, p=1.0: k * a + p, lambda a, k, p: a ** 2], v[0], p=v[1])",
    "np.piecewise(x, [x > 100], [lambda a: np.max(a), np.sin])",
    "np.piecewise(v[0], [v[0] < 100], [lambda a: a * a, 5.0])",
    "np.select([x > 0, x < -1], [x * x, v[0]], default=v[1])",
    "np.choose(np.array([[0, 1, 0], [1, 1, 0]]), (x * x, v[0]))",
    "np.array([1, 0, 1]).choose([x[0] ** 2, x[1]])",
    # of positions
    "np.fromfunction(lambda i, j: i * v[0] + j * v[1] ** 2, (2, 3))",
    "np.fromfunction(lambda i, k: k * v[i], (3,), dtype=int, k=v[0])",
    "(x[:, :2] @ x[:, :2].T)[np.mask_indices(2, np.triu)] ** 2",
    # joined parts and grids
    "np.r_[v, 1.0, v[0] ** 2]", "np.r_[0:3, v * v]", "np.r_[-1:1:5j, v]", "np.r_['0,2', v, v * v]", "np.r_['1', x, x * x]",
    "np.r_['0,2,0', v, v * v]", "np.r_['1,2,0', v, v * v]", "np.r_['1,3,1', v, v * v]", "np.r_[x[:, 0], [1.0, v[0]]]",
    "np.c_[x[0], x[1] ** 2]", "np.c_[x, x[:, 0] ** 2]", "np.r_[0:v[1] ** 2 + 5:5j]",
    "np.mgrid[0:2, 0:3] * x", "np.mgrid[0:2, 0:1:3j][1] * x ** 2", "np.mgrid[0:2:0.5] * v[:4] ** 2",
    "np.mgrid[v[0] : 3 : 4j] ** 2", "np.mgrid[v[0] : v[1] : 4j, 0:1:2j]", "np.ogrid[0:2, 0:3][1] * x ** 2",
    "np.ogrid[0:2, v[0] : 1 : 3j][1] * x",
    # padding with values that are computed
    "np.pad(x, 1, 'maximum')", "np.pad(x, ((1, 0), (2, 1)), 'minimum', stat_length=2)", "np.pad(t, 1, 'mean')",
    "np.pad(x, ((1, 2), (0, 3)), 'mean', stat_length=((1, 2), (2, 5)))", "np.pad(v, 2, 'median', stat_length=(3, 2))",
    "np.pad(x, ((1, 2), (0, 1)), 'linear_ramp', end_values=v[0])", "np.pad(x, 2, 'linear_ramp')",
    "np.pad(x, ((1, 2), (0, 3)), 'linear_ramp', end_values=((1, v[0]), (2, 5)))",
    "np.pad(x, 1, 'reflect', reflect_type='odd')", "np.pad(x, ((3, 4), (5, 7)), 'reflect', reflect_type='odd')",
    "np.pad(x, ((3, 4), (5, 7)), 'symmetric', reflect_type='odd')", "np.pad(x[:, :1], 2, 'reflect', reflect_type='odd')",
    "np.pad(x, ((1, 2), (0, 3)), constant_values=((1.0, v[0]), (v[1], 5)))", "np.pad(x, 2, constant_values=v[0] ** 2)",
    # gone over
    "sum([a * a * i[0] for i, a in np.ndenumerate(x)])", "sum([x[i] ** 2 * i[1] for i in np.ndindex(2, 3)])",
    "sum([t[i] ** 2 for i in np.ndindex(t.shape)])", "sum([v[0] ** 2 for i in np.ndindex()])",
    "sum([x[i] @ x[i] for i in np.ndindex(x.shape[0])])",
    # other names
    "t.transpose(2, 0, 1) ** 2", "np.require(x, float, ['F']) ** 2", "np.trim_zeros(np.pad(v, 2)) ** 2",
]  # fmt: skip
if RECENT:
    PROGRAMS += [
        "np.unstack(t ** 2, axis=1)[2]", "np.linalg.diagonal(t ** 2, offset=1)", "np.linalg.trace(t ** 2, offset=-1)",
        "np.astype(x, np.float64) ** 2", "np.matrix_transpose(t) ** 2", "np.concat([x, x ** 2], axis=-1)",
        "np.permute_dims(t, (1, 2, 0)) ** 2", "np.trim_zeros(np.pad(x, 1), axis=0) ** 2",
        "np.pad(x, {-1: (1, 2), 0: 1}, mode='edge') ** 2", "np.pad(x, {-1: (1, 2)}, mode='maximum', stat_length=2)",
    ]  # fmt: skip


@np.vectorize
def twice(a):
    return 2 * a if a < 0.5 else a * a


@np.vectorize(otypes=[float], excluded={1}) if RECENT else (lambda f: np.vectorize(f, otypes=[float], excluded={1}))
def scaled(a, weights):
    return a * weights[0] + weights[1] ** 2


def program(expression: str, parameters: str, **names: Any) -> Callable:
    """The function of these parameters that returns the expression; it has source."""
    text = f"def f({parameters}):\n    return {expression}\n"
    file = f"<applying {next(_serial)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope = {"np": np, "twice": twice, "scaled": scaled, **names}
    exec(compile(text, file, "exec"), scope)  # noqa: S102
    return scope["f"]


@pytest.mark.parametrize("expression", PROGRAMS)
def test_derivatives_of_both_orders_in_both_modes(expression: str):
    backprose.check_grads(program(expression, "x, v, t"), tuple(ARGUMENTS.values()))


@pytest.mark.parametrize("expression", PROGRAMS)
def test_values_have_the_bits_and_dtypes_of_numpy(expression: str):
    for dtype in (np.float64, np.float32):
        arguments = [a.astype(dtype) for a in ARGUMENTS.values()]
        f = program(expression, "x, v, t")
        if dtype is np.float32 and finds_its_type(expression):
            with pytest.raises(errors.UnsupportedCall, match="pass otypes"):
                backprose.vjp(f, *arguments)
            continue
        want, (got, _) = f(*arguments), backprose.vjp(f, *arguments)
        assert type(got) is type(want) or np.ndim(want) == 0
        assert np.asarray(got).dtype == np.asarray(want).dtype
        np.testing.assert_array_equal(got, want)


def finds_its_type(expression: str) -> bool:
    """Whether NumPy finds the type of the results by a first call with its own numbers, and then calls with Python's."""
    return "twice" in expression or ("vectorize" in expression and "otypes" not in expression)


def owners(expression: str, *arguments: Any, argnums: int = 0) -> np.ndarray:
    """How often each entry of an argument is in the result."""
    return backprose.grad(program(f"np.sum({expression})", "x, v"), argnums=argnums)(*arguments)


def test_of_equal_entries_the_first_one_is_in_a_set():
    x, v = np.array([2.0, 1.0, 2.0, 3.0]), np.array([3.0, 4.0])
    np.testing.assert_array_equal(owners("np.setdiff1d(x, v)", x, v), [1, 1, 0, 0])
    np.testing.assert_array_equal(owners("np.union1d(x, v)", x, v), [1, 1, 0, 1])
    np.testing.assert_array_equal(owners("np.union1d(x, v)", x, v, argnums=1), [0, 1])
    np.testing.assert_array_equal(owners("np.setxor1d(x, v)", x, v), [1, 1, 0, 0])
    np.testing.assert_array_equal(owners("np.setxor1d(x, v)", x, v, argnums=1), [0, 1])


def test_zeros_that_are_cut_off_get_nothing():
    x = np.array([[0.0, 0, 0], [0, 2, 0], [3, 0, 0]])
    kept = np.array([[0.0, 0, 0], [1, 1, 0], [1, 1, 0]])
    if RECENT:
        np.testing.assert_array_equal(owners("np.trim_zeros(x)", x, 0.5), kept)
        np.testing.assert_array_equal(owners("np.trim_zeros(x, 'b', axis=1)", x, 0.5), [[1, 1, 0]] * 3)
    np.testing.assert_array_equal(owners("np.trim_zeros(x)", np.zeros(3), 0.5), [0, 0, 0])


def test_the_most_extreme_entries_share_what_is_padded():
    x = np.array([1.0, 3.0, 3.0])
    np.testing.assert_array_equal(owners("np.pad(x, (2, 0), 'maximum')", x, 0.5), [1, 2, 2])


def test_a_choice_that_is_not_taken_gets_exactly_nothing():
    x = np.array([0.0, 4.0])
    np.testing.assert_array_equal(owners("np.select([x > 0], [np.sqrt(x)], x)", x, 0.5)[1], 0.25)
    np.testing.assert_array_equal(owners("np.piecewise(x, [x > 0], [np.sqrt])", x, 0.5), [0.0, 0.25])


def test_a_function_is_not_called_where_it_has_nothing_to_do():
    x = np.array([-1.0, -2.0])
    np.testing.assert_array_equal(owners("np.piecewise(x, [x > 0], [lambda a: a / len(a), np.square])", x, 0.5), 2 * x)


@pytest.mark.parametrize("expression", ["np.vectorize(lambda a: a * a)(x[:0])", "np.apply_along_axis(np.sum, 1, x[:, :0].T)"])
def test_of_nothing_the_same_errors(expression: str):
    f = program(f"np.sum({expression})", "x")
    with pytest.raises(ValueError):
        f(ARGUMENTS["x"])
    with pytest.raises(ValueError):
        backprose.grad(f)(ARGUMENTS["x"])


REFUSED = [
    ("np.frompyfunc(lambda a: a, 1, 1)(x)", "use np.vectorize"),
    ("sum([a * a for a in np.nditer(x)])", "np.ndindex"),
    ("np.lib.stride_tricks.as_strided(x, (2,), (8,))", "sliding_window_view"),
    ("np.asmatrix(x) * 2.0", "np.block"),
    ("np.pad(x, 1, lambda *given: None)", "what a function stores"),
    ("np.array([x[0, 0], 1.0], ndmin=2)", "expand_dims"),
    ("np.vectorize(lambda a: np.sum(a), signature='(n)->()')(x)", "signature"),
    ("np.vectorize(lambda a: a * np.ones(2))(x)", "it must give numbers"),
    ("np.apply_along_axis(lambda r: unknown(r), 1, x)", "not defined"),
    ("np.piecewise(x, x > 0, [np.sin, np.cos])", "pass a list of them"),
    ("np.intersect1d(x, x[0])", "only as long as it does not move"),
    ("np.r_['c', x[0]]", "another product"),
    ("x[tuple(np.argwhere(x > 0)[0])]", "name them"),
    ("np.logspace(x[0], 2.0, 3, base=x[1])", "an array of bases"),
    ("np.tile(x, np.array([2, 3]))", "pass a tuple"), ("np.pad(x, np.array([2, 3]))", "pass a tuple of tuples"),
]


@pytest.mark.parametrize("expression, why", REFUSED, ids=[text for text, _ in REFUSED])
def test_what_is_not_followed_is_refused_with_a_reason(expression: str, why: str):
    with pytest.raises(errors.CompileError, match=why) as found:
        backprose.grad(program(f"np.sum({expression})", "x"))(ARGUMENTS["x"])
    assert "<applying" in str(found.value)  # at the user's line, not in the program that the call stands for


@pytest.mark.parametrize("expression", [
    "np.vectorize(lambda a: a if a > 0 else 1)(x)", "np.apply_along_axis(lambda r: r[0] if r[0] > 0 else 1, 0, x)",
])  # fmt: skip
def test_results_that_numpy_would_cast_to_the_type_of_the_first_are_refused(expression: str):
    f = program(f"np.sum({expression})", "x")
    x = np.array([[0.5, -0.5], [0.5, 0.5]])
    np.testing.assert_array_equal(backprose.grad(f)(x) != 0, [[True, False], [expression.startswith("np.v")] * 2])
    with pytest.raises(TypeError, match="same type"):
        backprose.grad(f)(x[:, ::-1])


def test_values_that_are_written_while_they_are_read_are_refused():
    def f(x):
        np.place(x, x > 0, x[0])
        return np.sum(x)

    def g(x):
        np.fill_diagonal(x, x[:, 0])
        return np.sum(x)

    for function in (f, g):
        with pytest.raises(errors.UnsupportedUpdate, match="shares memory"):
            backprose.grad(function)(ARGUMENTS["x"].copy())


def test_the_bounds_of_a_slice_carry_derivatives():
    def f(x):
        part = slice(x, 3.0, x * x)
        return part.start * part.stop + part.step

    assert backprose.grad(f)(2.0) == 3.0 + 2 * 2.0
