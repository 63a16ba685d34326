"""Sums of products are contractions: the same numbers, whatever the shapes, and no array of the products."""

import sys
from pathlib import Path

import numpy as np
import pytest

import backprose

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402

rng = np.random.default_rng(8)
A, B, U, V = rng.normal(size=(4, 3)), rng.uniform(1, 2, size=(4, 3)), rng.normal(size=4), rng.uniform(1, 2, size=3)


def rows(a, b, u, v):
    return np.sum(np.sin(a * u[:, None]) * b)


def columns(a, b, u, v):
    return np.sum(np.exp(np.sum(a * v * b, axis=1)) / u)


def scaled(a, b, u, v):
    return np.sum(np.sin(u[:, None] * (a / v)) * np.sum(b))


def quotients(a, b, u, v):
    p = np.exp(a - np.max(a, axis=1, keepdims=True))
    return np.sum((p / np.sum(p, axis=1, keepdims=True)) ** 2 * b)


def pairs(a, b, u, v):
    d = a - a[:, None]
    r2 = np.sum(d * d, axis=2) + 1
    return np.sum(np.sin(np.sum((u / r2)[:, :, None] * d, axis=1)))


def pairs_in_a_loop(a, b, u, v):
    for _ in range(2):
        d = a - a[:, None]
        a = a + 0.1 * np.sum((u / (np.sum(d * d, axis=2) + 1))[:, :, None] * d, axis=1)
    return np.sum(a * b)


def planes(a, b, u, v):
    return np.sum(np.tanh(a[:, :, None] * b[:, None, :]) * v[:, None])


def spread_over_nothing(a, b, u, v):
    return np.sum(a[:, :1] * u[:, None] * b[:1])


def one_number(a, b, u, v):
    return np.sum(np.tanh(np.sum(a * b) * v))


PROGRAMS = [rows, columns, scaled, quotients, pairs, pairs_in_a_loop, planes, spread_over_nothing, one_number]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_gradients(program):
    oracle.check_gradient(program, (A, B, U, V), (0, 1, 2, 3))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 3), (4, 1), (2, 0)])
def test_short_axes(program, n, k):
    if k == 0 and program in (quotients, spread_over_nothing):  # no largest entry, and no slice of length 1
        return
    args = A[:n, :k], B[:n, :k], U[:n], V[:k]
    oracle.check_gradient(program, args, (0, 1, 2, 3))


@pytest.mark.parametrize("program", [rows, columns, planes], ids=lambda f: f.__name__)
def test_slices_whose_lengths_are_not_known(program):
    def part(a, b, u, v, k, m):
        return program(a[:k, :m], b[:k, :m], u[:k], v[:m])

    for k, m in ((4, 3), (1, 2), (2, 1), (0, 2)):
        oracle.check_gradient(part, (A, B, U, V, k, m), (0, 1, 2, 3))


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_second_order(program):
    backprose.check_grads(program, (A, B, U, V), order=2, modes=("rev",))


@pytest.mark.parametrize(
    ("program", "written"),
    [(rows, 'np.einsum("ij,ij->i", '), (columns, 'np.einsum("ij,ij->j", '), (pairs, 'np.einsum("ij,ijk->jk", '), (one_number, "np.vdot(")],
    ids=lambda found: getattr(found, "__name__", ""),
)  # fmt: skip
def test_text(program, written):
    gradient = backprose.grad(program, (0, 1, 2, 3))
    gradient(A, B, U, V)
    assert written in gradient.source.partition("# backward")[2]


def test_single_precision_is_summed_by_numpy():
    gradient = backprose.grad(rows, (0, 2))
    a_bar, u_bar = gradient(*(x.astype(np.float32) for x in (A, B, U, V)))
    assert a_bar.dtype == u_bar.dtype == np.float32 and "einsum" not in gradient.source


def test_complex_numbers():
    def power(a, z):
        return np.sum(np.abs(np.sum(z[:, None] * a, axis=0) * np.sum(z)))

    z = U + 1j * np.arange(4)
    backprose.check_grads(power, (A, z), order=1)
    backprose.check_grads(power, (A + 1j * B, z), order=1)


def test_a_product_that_is_read_again_stays():
    def both(a, b):
        p = a * b
        return np.sum(np.sum(p, axis=1) ** 2) + np.sum(p[0])

    oracle.check_gradient(both, (A, B), (0, 1))


def test_infinite_and_undefined_entries_stay_in_their_rows():
    a = A.copy()
    a[1, 2], a[2, 0] = np.nan, np.inf
    with np.errstate(all="ignore"):
        u_bar = backprose.grad(rows, 2)(a, B, U, V)
    assert np.isfinite(u_bar[[0, 3]]).all() and not np.isfinite(u_bar[[1, 2]]).any()
