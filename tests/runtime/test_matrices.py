"""The runtime's functions of matrices, in blocks as in one piece."""

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


def test_cholesky_bar_reads_lower_triangles_and_writes_nothing(monkeypatch):
    monkeypatch.setattr(matrices, "BLOCK", 4)
    lower, lower_bar = factors("float64", 9, 9)
    above = np.triu(np.full((9, 9), np.nan), 1)
    arguments = lower + above, lower_bar + above
    copies = [x.copy() for x in arguments]
    np.testing.assert_array_equal(cholesky_bar(*arguments), cholesky_bar(lower, lower_bar))
    for x, copy in zip(arguments, copies):
        np.testing.assert_array_equal(x, copy)
