"""The runtime's functions of matrices, in blocks as in one piece."""

import sys

import numpy as np
import pytest

from backprose_runtime import cholesky_bar, matrices

rng = np.random.default_rng(2)


def half_lower(x):
    return np.tril(x) - np.tril(np.triu(x)) / 2


def by_formula(lower, lower_bar):
    inverse_h = np.linalg.inv(lower).conj().swapaxes(-1, -2)
    s = inverse_h @ half_lower(lower.conj().swapaxes(-1, -2) @ lower_bar) @ np.linalg.inv(lower)
    return half_lower(s + s.conj().swapaxes(-1, -2))


def factors(dtype, *shape):
    parts = [rng.normal(size=shape) for _ in range(4)]
    if np.dtype(dtype).kind == "c":
        parts[:2] = parts[0] + 1j * parts[2], parts[1] + 1j * parts[3]
    return [np.tril(x).astype(dtype) for x in (parts[0] / shape[-1] + 2 * np.eye(shape[-1]), parts[1])]


@pytest.mark.parametrize("dtype", ["float64", "float32", "complex128"])
@pytest.mark.parametrize("n", [0, 1, 4, 5, 8, 11])
def test_cholesky_bar_in_blocks_is_the_formula(monkeypatch, dtype, n):
    monkeypatch.setattr(matrices, "BLOCK", 4)
    lower, lower_bar = factors(dtype, 2, n, n)
    found = cholesky_bar(lower, lower_bar)
    assert found.dtype == dtype
    np.testing.assert_allclose(found, by_formula(lower, lower_bar), rtol=0, atol=1e-5 if dtype == "float32" else 1e-13)


@pytest.mark.parametrize("n", [3, 9])
def test_cholesky_bar_ignores_what_is_above_and_writes_nothing(monkeypatch, n):
    monkeypatch.setattr(matrices, "BLOCK", 4)
    lower, lower_bar = factors("float64", n, n)
    above = lower_bar + np.triu(rng.normal(size=(n, n)), 1)
    copies = lower.copy(), above.copy()
    expected = cholesky_bar(lower, lower_bar)
    np.testing.assert_allclose(cholesky_bar(lower, above), expected, rtol=0, atol=1e-14)
    np.testing.assert_allclose(cholesky_bar(lower + np.triu(above, 1), above), expected, rtol=0, atol=1e-14)
    np.testing.assert_array_equal(copies[0], lower)
    np.testing.assert_array_equal(copies[1], above)


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "complex128"])
@pytest.mark.parametrize("n", [0, 1, 6])
def test_cholesky_bar_with_and_without_scipy(monkeypatch, dtype, n):
    pytest.importorskip("scipy.linalg")
    lower, lower_bar = factors(dtype, n, n)
    found = cholesky_bar(lower, lower_bar)
    monkeypatch.setitem(sys.modules, "scipy.linalg.lapack", None)
    without = cholesky_bar(lower, lower_bar)
    assert found.dtype == without.dtype == dtype
    np.testing.assert_allclose(found, without, rtol=0, atol=1e4 * np.finfo(dtype).eps)


def test_cholesky_bar_of_a_singular_factor():
    pytest.importorskip("scipy.linalg")
    with pytest.raises(np.linalg.LinAlgError):
        cholesky_bar(np.zeros((3, 3)), np.ones((3, 3)))
