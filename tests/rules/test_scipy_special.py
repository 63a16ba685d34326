"""`scipy.special` at its kinks, at what it gives for infinities, with complex numbers, and where it is refused."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy import special

sys.path.insert(0, str(Path(__file__).parent))

from cases import Case, differentiated  # noqa: E402
from check import cotangents  # noqa: E402

import backprose  # noqa: E402
from backprose import errors  # noqa: E402

INF = math.inf


@pytest.mark.parametrize(
    "function, args, expected",
    [
        (special.xlogy, ([0.0, 0.0], [0.0, 2.0]), [[-INF, math.log(2)], [0.0, 0.0]]),
        (special.xlog1py, ([0.0], [-1.0]), [[-INF], [0.0]]),
        (special.entr, ([0.0],), [[INF]]),
        (special.rel_entr, ([0.0, 0.0], [0.0, 2.0]), [[0.0, -INF], [0.0, 0.0]]),
        (special.kl_div, ([0.0, 0.0], [0.0, 2.0]), [[0.0, -INF], [1.0, 1.0]]),
        (special.huber, ([1.0], [1.0]), [[0.0], [1.0]]),
        (special.pseudo_huber, ([0.0, 0.0], [0.0, 3.0]), [[0.0, 3.0], [0.0, 0.0]]),
        (special.comb, ([3.0, 2.0], [4.0, -1.0]), [[0.0, 0.0], [0.0, 0.0]]),
        (special.factorial, ([-1.0],), [[0.0]]),
        (special.i0e, ([0.0],), [[0.0]]),
        (special.logsumexp, ([-INF, 0.0, -INF],), [[0.0, 1.0, 0.0]]),
        (special.logsumexp, ([-INF, -INF],), [[0.0, 0.0]]),
        (special.log_softmax, ([-INF, 0.0],), [[1.0, -1.0]]),
        (special.expit, ([-INF, INF],), [[0.0, 0.0]]),
        (special.log_ndtr, ([INF, 40.0],), [[0.0, 0.0]]),
    ],
)
def test_choice_at_a_kink(function, args, expected):
    args = tuple(np.array(x) for x in args)
    case = Case(function, args, {}, differentiated(function, args, {}))
    with np.errstate(divide="ignore", over="ignore"):
        y_bar = [1.0, 0.0] if function is special.log_softmax else np.ones(np.shape(case.call(case.values)))
        bars = cotangents(case, np.asarray(y_bar) if np.ndim(y_bar) else 1.0)
    for bar, want in zip(bars, expected, strict=True):
        want = [1.0, 0.0] if function is special.log_softmax and np.isnan(bar).any() else want
        np.testing.assert_allclose(bar, want)


def test_numbers_in_a_list_are_an_array():
    def f(x, y):
        return special.logsumexp([x, 2 * y, 0.3])

    weights = np.exp([0.5, 1.4, 0.3]) / np.exp([0.5, 1.4, 0.3]).sum()
    np.testing.assert_allclose(backprose.grad(f, argnums=(0, 1))(0.5, 0.7), (weights[0], 2 * weights[1]))


@pytest.mark.filterwarnings("ignore:invalid value")
def test_an_entry_that_weighs_nothing_has_no_part_in_a_sum_of_exponentials():
    a, b = np.array([0.5, INF, 1.5]), np.array([1.0, 0.0, 2.0])
    f = lambda a, b: special.logsumexp(a, b=b)  # noqa: E731
    a_bar = backprose.grad(f, argnums=0)(a, b)
    weights = np.array([np.exp(0.5), 0, 2 * np.exp(1.5)])
    np.testing.assert_allclose(a_bar, weights / weights.sum())


def test_the_sign_of_a_weighted_sum_counts():
    def f(a):
        value, sign = special.logsumexp(a, b=np.array([1.0, -3.0]), return_sign=True)
        return value * sign

    a = np.array([0.3, 0.8])
    h = 1e-6
    slopes = [(f(a + h * e) - f(a - h * e)) / (2 * h) for e in np.eye(2)]
    np.testing.assert_allclose(backprose.grad(f)(a), slopes, rtol=1e-8)


@pytest.mark.parametrize("function", [special.gamma, special.loggamma, special.erf, special.exp1])
def test_holomorphic_functions_take_complex_numbers(function):
    def f(x, y):
        return np.real(function(x + 1j * y))

    x, y, h = 0.7, 0.4, 1e-6
    by_x, by_y = backprose.grad(f, argnums=(0, 1))(x, y)
    np.testing.assert_allclose(by_x, (f(x + h, y) - f(x - h, y)) / (2 * h), rtol=1e-7)
    np.testing.assert_allclose(by_y, (f(x, y + h) - f(x, y - h)) / (2 * h), rtol=1e-7)


# Refusals


def by_order(v):
    return special.jv(v, 1.5)


def by_shape(a):
    return special.gammainc(a, 1.5)


def by_exponent(s):
    return special.zeta(s, 1.5)


def counted(n):
    return special.comb(n, 2, exact=True)


def extended(n):
    return special.factorial(n, extend="complex")


def unknown(x):
    return special.kolmogorov(x)


def into_an_array(x):
    y = np.zeros(3)
    special.expit(x, y)
    return np.sum(y)


@pytest.mark.parametrize(
    "function, words",
    [
        (by_order, "the derivative by `v`"), (by_shape, "the derivative by `a`"),
        (by_exponent, "the derivative by `x`"),
        (counted, "exact=True"), (extended, "extend='zero'"), (unknown, "scipy.special.kolmogorov"),
    ],
)  # fmt: skip
def test_what_has_no_derivative_in_the_table_is_refused(function, words):
    with pytest.raises(errors.CompileError) as caught:
        backprose.grad(function)(2.5)
    assert words in str(caught.value)


def test_the_emitted_code_reads_like_the_users():
    def f(x):
        return special.gammaln(x) + math.lgamma(x)

    g = backprose.grad(f)
    np.testing.assert_allclose(g(2.5), 2 * special.digamma(2.5))
    assert "from scipy import special\n" in g.source
    assert "special.digamma(x)" in g.source


PROGRAM = """
import sys
import backprose, math
def f(x):
    return x * x
def g(x):
    return math.lgamma(x)
backprose.grad(f)(2.0)
assert not any(name.startswith("scipy") for name in sys.modules)
try:
    backprose.grad(g)(2.0)
except backprose.errors.CompileError:
    pass
else:
    raise SystemExit("not refused")
import scipy.special
assert backprose.grad(g)(2.0) == scipy.special.digamma(2.0)
assert "scipy.stats" not in sys.modules
"""


def test_scipy_is_imported_by_the_program_alone(tmp_path):
    path = tmp_path / "program.py"
    path.write_text(PROGRAM)
    result = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr


def test_the_second_derivative_of_logsumexp_with_weights_of_more_axes():
    a, w = np.array([[0.3], [-1.1]]), np.linspace(0.5, 1.0, 8).reshape(2, 2, 2)

    def slope(w):
        w_bar = backprose.grad(lambda b: special.logsumexp(a, b=b, keepdims=True)[0, 0, 0])(w)
        return np.sum(w_bar * w_bar)

    step = 1e-6 * np.eye(8).reshape(8, 2, 2, 2)
    wanted = [(slope(w + e) - slope(w - e)) / 2e-6 for e in step]
    np.testing.assert_allclose(backprose.grad(slope)(w).ravel(), wanted, rtol=1e-6)
