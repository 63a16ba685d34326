"""Views that loops take are taken once before them: the text, and that no number and no error changes."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import backprose
import numpy as np
import pytest

from backprose.codegen.ranges import Known
from backprose.codegen.views import take_views_once
from backprose.ir.kinds import Array, Dim, Scalar
from backprose.ir.nodes import Value

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402

MATRIX, INT = Array("float64", ("N", "N"), (("a.0", 0), ("a.1", 0))), Scalar("int")
CUBE = Array("float64", ("N",) * 3, (("a.0", 0), ("a.1", 0), None))
VECTOR = Array("float64", ("N",))
KINDS = {
    "a": MATRIX, "b": MATRIX, "cube": CUBE, "v": VECTOR, "w": VECTOR, "row": VECTOR, "at": Array("int64", ("N",)),
    "n": Dim(("a.0", 0)), "m": Dim(("a.1", 0)), "i": INT, "j": INT, "k": INT, "x": Scalar("float64"),
}  # fmt: skip


def changed(text: str) -> str:
    known = Known({Value(name, kind): name for name, kind in KINDS.items()})
    body = ast.parse(text).body
    module = ast.Module(take_views_once(body, ["a", "b", "v", "n", "m", "k", "x", "at", "cube"], known, {"len"}), [])
    return ast.unparse(ast.fix_missing_locations(module))


TAKEN = {
    "a slice": (
        "for i in range(k):\n    w = a[2:, 1]\n    x += w.sum()",
        "for i in range(k):\n    w = a[2:, 1]\n    x += w.sum()",  # nothing says that there is a second column
    ),
    "slices": (
        "for i in range(k):\n    row = v[1:]\n    v[:-1] += row",
        "row = v[1:]\nfor i in range(k):\n    v[:-1] += row",
    ),
    "what is read again": (
        "for i in range(k):\n    row = v[1:]\n    v[1:] += row * v[1:]",
        "row = v[1:]\nfor i in range(k):\n    v[1:] += row * row",
    ),
    "two loops": (
        "for i in range(k):\n    row = v[1:]\n    v[:-1] += row\nfor j in range(k):\n    row = v[1:]\n    v[:-1] -= row",
        "row = v[1:]\nfor i in range(k):\n    v[:-1] += row\nfor j in range(k):\n    v[:-1] -= row",
    ),
    "a new array in between": (
        "for i in range(k):\n    row = v[1:]\n    v[:-1] += row\nv = v * 2\nfor j in range(k):\n    row = v[1:]\n    v[:-1] -= row",
        "row = v[1:]\nfor i in range(k):\n    v[:-1] += row\nv = v * 2\nrow = v[1:]\nfor j in range(k):\n    v[:-1] -= row",
    ),
    "a row": (
        "for i in range(n):\n    for j in range(1, m):\n        a[i, j] += a[i, j - 1]",
        "for i in range(n):\n    a_row = a[i]\n    for j in range(1, m):\n        a_row[j] += a_row[j - 1]",
    ),
    "rows backwards": (
        "for i in reversed(range(1, n - 1)):\n    for j in range(1, m):\n        a[i + 1, j] += a[i + 1, j - 1]",
        "for i in reversed(range(1, n - 1)):\n    a_row = a[i + 1]\n    for j in range(1, m):\n        a_row[j] += a_row[j - 1]",
    ),
    "in lockstep": (
        "for i, x in zip(range(len(a)), v):\n    for j in range(1, m):\n        a[i, j] += a[i, j - 1]",
        "for i, x in zip(range(len(a)), v):\n    a_row = a[i]\n    for j in range(1, m):\n        a_row[j] += a_row[j - 1]",
    ),
    "a loop between": (
        "for i in range(n):\n    for k in range(4):\n        for j in range(m):\n            a[i, j] += a[i, 0]",
        "for i in range(n):\n    a_row = a[i]\n    for k in range(4):\n        for j in range(m):\n            a_row[j] += a_row[0]",
    ),
    "one row after the other": (
        "for i in range(n):\n    for j in range(m):\n        a[i, j] += a[i, 0]\n    for j in range(m):\n        a[i, j] *= a[i, 1]",
        "for i in range(n):\n    a_row = a[i]\n    for j in range(m):\n        a_row[j] += a_row[0]\n"
        "    for j in range(m):\n        a_row[j] *= a_row[1]",
    ),
    "rows of a row": (
        "for i in range(n):\n    for j in range(m):\n        for k in range(4):\n            x += cube[i, j, k] * cube[i, j, 0]",
        "for i in range(n):\n    for j in range(m):\n        cube_row = cube[i, j]\n        for k in range(4):\n"
        "            x += cube_row[k] * cube_row[0]",
    ),
    "the user's row": (
        "for i in range(n):\n    for j in range(1, m):\n        row = a[i]\n        a[i][j] += row[j - 1]",
        "for i in range(n):\n    row = a[i]\n    for j in range(1, m):\n        row[j] += row[j - 1]",
    ),
    "a triangle": (
        "for i in range(n):\n    for j in range(i):\n        for k in range(m):\n            a[j, k] = a[j, k] * x",
        "for i in range(n):\n    for j in range(i):\n        a_row = a[j]\n        for k in range(m):\n            a_row[k] = a_row[k] * x",
    ),
}  # fmt: skip


@pytest.mark.parametrize("before, after", TAKEN.values(), ids=TAKEN)
def test_what_is_taken_before_a_loop(before, after):
    assert changed(before) == ast.unparse(ast.parse(after))


LEFT = {
    "an index that may be out of range": "for i in range(n):\n    for j in range(i + 1, n):\n        a[i + 1, j] = a[i + 1, j] / x",
    "a negative index": "for i in range(n):\n    for j in range(i):\n        a[i - 1, j] += a[i - 1, j - 1]",
    "another length": "for i in range(m):\n    for j in range(m):\n        a[i, j] += a[i, j - 1]",
    "an index from elsewhere": "for j in range(m):\n    a[k, j] += a[k, j - 1]",
    "a new array in each iteration": "for i in range(n):\n    for j in range(m):\n        a = a + a[i, j] * a[i, j - 1]",
    "an index that changes": "for i in range(n):\n    for j in range(m):\n        a[i, j] += a[i, j - 1]\n        i = i + 0",
    "entries that are named by an array": "for i in range(n):\n    for j in range(m):\n        a[i, at] += a[i, at]",
    "rows that are named by an array": "for i in range(k):\n    row = a[at]\n    a[0] += row.sum()",
    "an entry": "for i in range(k):\n    x = v[0]\n    v[1] += x",
    "a variable that holds something else too": "row = v[2:]\nfor i in range(k):\n    v[:-2] += row\n    row = v[1:]",
    "a variable that is read before": "for i in range(k):\n    if i > 0:\n        v[:-1] += row\n    row = v[1:]",
    "a view in a branch": "for i in range(k):\n    if i > 2:\n        row = v[1:]\n        v[:-1] += row",
    "an array that is made in the loop": "for i in range(k):\n    w = v * 2\n    row = w[1:]\n    v[1:] += row",
    "an array that a branch may not make": "if k > 0:\n    w = v * 2\nfor i in range(k):\n    row = w[1:]\n    v[1:] += row",
    "what is read behind the loop": "for i in range(k):\n    row = v[1:]\n    v[:-1] += row\nprint(row)",
    "one entry of a row": "for i in range(n):\n    for j in range(m):\n        x += a[i, j] * b[i, j]",
}


@pytest.mark.parametrize("text", LEFT.values(), ids=LEFT)
def test_what_is_left(text):
    assert changed(text) == ast.unparse(ast.parse(text))


def gauss_seidel(a, steps):
    a = a.copy()
    n, m = a.shape
    for _ in range(steps):
        for i in range(1, n - 1):
            for j in range(1, m - 1):
                a[i, j] = 0.2 * (a[i, j] + a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1])
    return np.sum(a * a)


def by_rows(a, steps):
    a = a.copy()
    n = len(a)
    for _ in range(steps):
        for i in range(n):
            row = a[i]
            for j in range(1, len(row)):
                row[j] += np.sin(row[j - 1])
    return np.sum(a * a)


def past_the_end(a, steps):
    a = a.copy()
    n = len(a)
    for i in range(n):
        for j in range(i + 1, n):
            a[i + 1, j] += a[i + 1, j - 1] * 0.5
    return np.sum(a * a)


def eliminated(a, steps):
    a = a.copy() + 4.0 * np.eye(len(a), a.shape[1])
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            for j in range(k, n):
                a[i, j] = a[i, j] - factor * a[k, j]
    return np.sum(a * a)


def exchanged(a, steps):
    u, v = a.copy(), a * 0.0
    n, m = u.shape
    for _ in range(steps):
        for i in range(n):
            for j in range(1, m):
                v[i, j] = u[i, j] + 0.3 * u[i, j - 1] * u[i, j]
        u, v = v, u
    return np.sum(u * u)


def upwind(a, steps):
    a = a.copy()
    for _ in range(steps):
        left, right = a[:, :-1], a[:, 1:]
        a[:, 1:] = right - 0.1 * np.sin(right - left)
    return np.sum(a * a)


def seen_again(a, steps):
    a, total = a.copy(), 0.0
    for _ in range(steps):
        inner = a[1:-1]
        flux = a[2:] - 2 * inner + a[:-2]
        if np.sum(np.abs(flux)) > 50.0:
            break
        inner += 0.1 * flux
        total += np.sum((inner - 1.0) ** 2)
    return total


PROGRAMS = [gauss_seidel, by_rows, past_the_end, eliminated, exchanged, upwind, seen_again]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("shape", [(4, 4), (1, 3), (0, 2)])
def test_gradients(program, shape):
    for steps in (0, 2):
        oracle.check_gradient(program, (np.random.default_rng(0).normal(size=shape), steps), (0,))


@pytest.mark.parametrize(
    "program, line", [(gauss_seidel, "a_row_bar = a_bar[i]"), (by_rows, "row = a[i]"), (eliminated, "a_row = a[i]")]
)
def test_rows_are_taken(program, line):
    gradient = backprose.grad(program)
    gradient(np.ones((4, 4)), 2)
    assert line in gradient.source


def test_a_list_is_copied_by_its_slice():
    def rows(x, n):
        kept = [x, 2 * x]
        for _ in range(n):
            last = kept[1:]
            kept.append(last[0] * x)
        return np.sum(kept[-1])

    x = np.array([0.5, 1.5])
    assert np.allclose(backprose.grad(rows)(x, 3), 4 * x)
    assert backprose.grad(rows)(x, 0).tolist() == [2.0, 2.0]


def spread_rows(a, steps):
    a = a.copy()
    for i in range(1, len(a) - 1):
        a[i, 1:-1] += np.sin(a[i - 1, 2:]) + a[i + 1, :-2] * a[i + 1, 1:-1]
    return np.sum(a * a)


def test_the_next_row_is_written_out_wherever_it_is_read():
    oracle.check_gradient(spread_rows, (np.random.default_rng(0).normal(size=(4, 5)), 1), (0,))
    gradient = backprose.grad(spread_rows)
    gradient(np.ones((4, 5)), 1)
    assert "a_bar[i + 1, 1:-1] +=" in gradient.source and "a_bar[i + 1, :-2] +=" in gradient.source


def test_no_variable_is_assigned_to_itself():
    gradient = backprose.grad(seen_again)
    gradient(np.ones((4, 4)), 2)
    assert "inner = a[1:-1]" in gradient.source and "inner = inner" not in gradient.source
