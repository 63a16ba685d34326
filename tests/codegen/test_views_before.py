"""Views are taken before a loop where they are the same in all iterations, and nobody can tell."""

import ast
import textwrap

import backprose
import numpy as np
import pytest

from backprose.codegen.views_before import views_before


def moved(text: str, params: str = "u n") -> str:
    body = ast.parse(textwrap.dedent(text)).body
    for node in ast.walk(ast.Module(body, [])):
        node.of_array = True
    return "\n".join(map(ast.unparse, views_before(body, params.split())))


def test_a_slice_of_what_the_loop_updates_in_place():
    text = "for i in range(n):\n    v = u[2:]\n    u[1:-1] += v"
    assert moved(text) == "v = u[2:]\nfor i in range(n):\n    u[1:-1] += v"


def test_out_of_all_loops_around():
    text = "for i in range(n):\n    for j in range(n):\n        v = u[2:, :-1]\n        u[1:-1] += v"
    assert moved(text).startswith("v = u[2:, :-1]\nfor i in range(n):\n    for j in range(n):\n        u[1:-1] += v")


def test_in_both_sweeps():
    loop = "for i in range(n):\n    v = u[2:]\n    u[1:-1] += v\n"
    assert moved(loop + "u = u.copy()\n" + loop).count("v = u[2:]\nfor") == 2


@pytest.mark.parametrize(
    "text",
    [
        "for i in range(n):\n    v = u[2:]\n    u = u + sum(v)",  # another array in each iteration
        "for i in range(n):\n    v = u[i:]\n    u[1:-1] += v",  # another part
        "for i in range(n):\n    v = u[2]\n    u[1:-1] += v",  # no view, and may raise
        "for i in range(n):\n    v = u[2:]\n    u[1:-1] += v\nprint(v)",  # may be unbound, which must show
        "v = 1\nfor i in range(n):\n    v = u[2:]\n    u[1:-1] += v",
        "for i in range(n):\n    print(v)\n    v = u[2:]\n    u[1:-1] += v",
        "for i in range(n):\n    v = u[2:]\n    u[1:-1] += v\n    v = u[1:]\n    u[:-1] += v",
        "for i in range(n):\n    if i:\n        v = u[2:]\n        u[1:-1] += v",
        "if n:\n    w = u\nfor i in range(n):\n    v = w[2:]\n    u[1:-1] += v",  # no name before, maybe
        "for w in u:\n    v = w[2:]\n    u[1:-1] += v",
    ],
)
def test_stays(text):
    assert moved(text) == text


def test_no_further_than_the_name_means_one_thing():
    text = "for i in range(n):\n    for j in range(n):\n        v = u[2:]\n        u[1:-1] += v\n    v = u[1:]\n    u[:-1] += v"
    assert moved(text).startswith("for i in range(n):\n    v = u[2:]\n    for j") and "    v = u[1:]\n    u[:-1]" in moved(text)


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


def test_gradients():
    def flow(u, n):
        u = u.copy()
        for _ in range(n):
            centre, right = u[1:-1], u[2:]
            u[1:-1] = centre * right + 0.5 * u[:-2]
        return np.sum(u * u)

    u = np.array([0.3, 0.7, 1.1, 0.2, 0.9])
    for n in range(4):
        gradient = backprose.grad(flow)
        found, step = gradient(u, n), 1e-6 * np.eye(5)
        assert np.allclose(found, [(flow(u + h, n) - flow(u - h, n)) / 2e-6 for h in step], rtol=1e-6)
    assert "    centre = u[1:-1]" in gradient.source and "        centre = " not in gradient.source, gradient.source
