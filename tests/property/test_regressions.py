"""Programs that were once got wrong: the smallest that showed each mistake."""

from __future__ import annotations

import linecache
import textwrap

import numpy as np
import oracle
import pytest

import backprose

V, M = np.array([0.3, -0.7, 1.1]), np.array([[0.2, -1.3, 0.4], [0.9, 0.1, -0.6]])
ROWS = [np.array([0.3, -0.7, 1.1]), np.array([1.2, 0.4, -0.5]), np.array([0.1, 0.2, 0.3])]

CASES = {
    "a list left early has a cotangent for every element": ("numbers", ([0.3, 1.2, 2.0],), """
        for x in numbers:
            if x > 1:
                break
        return x * x
    """),
    "zip ends with the shorter of two lists": ("xs, ys", ([0.3, 1.2, 2.0], [0.5, 0.1]), """
        total = 0.0
        for x, y in zip(xs, ys):
            total += np.sin(x) * y
        return total
    """),
    "reversed gives an iterator, which has no length": ("numbers", ([0.3, 1.2, 2.0],), """
        for x in reversed(numbers):
            y = x
        return np.sin(x) * y
    """),
    "reversed beside a list, left early": ("numbers, rows", ([0.3, 1.2, 2.0], ROWS), """
        total = 0.0
        for x, row in zip(numbers, reversed(rows)):
            if total > 0.2:
                break
            total += np.sum(x * row)
        return total
    """),
    "the cotangents of a sum's terms are not one array": ("rows", (ROWS,), """
        return np.sum(np.sin(np.arange(3.0)) * sum(rows))
    """),
    "an array bound in the body only, read after the loop": ("rows", (ROWS,), """
        for row in reversed(rows):
            pass
        return np.cos(np.sum(np.tanh(row)))
    """),
    "a list bound in the body only, read after the loop": ("m", (M,), """
        for i, row in enumerate(m):
            items = [m[1, 2] for q in row]
            pair = (row, 1.0)
            break
        return sum(items) + np.sum(pair[0])
    """),
    "a loop that runs zero times": ("v, k", (V, 0), """
        for i in range(k):
            t = v * i
        if k > 1:
            return np.sum(t * t)
        return np.sum(v * v)
    """),
    "what an iteration leaves for the next is unbound in the first": ("v", (V,), """
        total = 0.0
        for i in range(3):
            for j in range(2):
                t = v * i
            if i > 0:
                total += np.sum(u * t)
            u = t * j
        return total
    """),
    "a product by 1.0 makes a float of an int": ("v, k", (V, 1), """
        return 1.0 * (k * 2.0 if k > 1 else k)
    """),
    "what a branch at the end of a body keeps is appended": ("rows, k", (ROWS, 0), """
        for row in rows:
            if k > 1:
                return np.sum(row / (1.5 + np.exp(row)))
        return row @ sum(rows)
    """),
    "the shape of an array that only one path binds": ("rows, k", (ROWS, 0), """
        for i in range(1):
            if rows[0][0] > 1.0:
                for row in reversed(rows):
                    x = np.sin(np.sum(row))
                for j in range(3):
                    return row[-1] + np.sum(row) + x
        return np.sum(rows[1])
    """),
    "a result that is an argument": ("x", (0.3,), "return x"),
    "a result that does not depend on the argument": ("v", (V,), "return 2.5"),
    "an argument that is not read": ("v, x", (V, 0.3), "return x * x"),
    "one array is two arguments' gradient": ("v, w", (V, V + 1), "return np.sum(v + w)"),
    "an element read twice": ("v", (V,), "return v[0] * v[0] * v[-3]"),
    "one list beside itself": ("xs", ([0.3, 1.2, 2.0],), """
        total = 0.0
        for x, y in zip(xs, xs):
            total += x * np.sin(y)
        return total
    """),
    "elements that are dicts and tuples": ("layers", ([({"w": V, "b": 0.3}, 0.5), ({"w": -V, "b": 1.3}, 0.7)],), """
        total = 0.0
        for layer, scale in layers:
            total += np.sum(np.sin(layer["w"] * scale)) * layer["b"]
        return total
    """),
    "an array that changes its shape in a loop": ("v", (V,), """
        while len(v) > 1:
            v = np.sin(v[1:])
        return np.sum(v)
    """),
    "two arrays swapped in a loop": ("u, v", (V, V + 1), """
        for i in range(3):
            u, v = v, u * np.sin(v)
        return np.sum(u)
    """),
    "a while loop of which nothing is recorded": ("v", (V,), """
        total = np.sum(v * v)
        while total < 100:
            total = total * 2
        return total
    """),
    "values from branches in loops in loops": ("m, k", (M, 2), """
        total = 0.0
        for row in m:
            for x in row:
                if x > 0:
                    y = np.sin(x)
                    if total > 0.5:
                        y = y * total
                    total = total + y * x
                elif k > 1:
                    continue
                else:
                    return total * x
        return total
    """),
    "a shape may be an array": ("m", (M,), """
        row = np.reshape(m, np.array([1, 6]))
        return np.sum(row * row.T)
    """),
    "a shape that is partly known may have any length": ("m", (M,), """
        part = m[np.arange(2), [0, 2]]
        many = np.reshape(np.stack([m, m, m, m]), np.shape(part) + (2,) + m.shape)
        return np.sum(many * np.sin(many) * m[0])
    """),
    "an array that is never bound is kept for what never reads it": ("v, k", (V, 0), """
        for i in range(k):
            grid = np.cumsum(np.arange(3.0))
        b = grid * np.array([grid[0], np.tanh(grid[1]), grid[1] - v[0]]) if k > 0 else np.arange(3.0)
        return np.sin(b[-1]) * v[0] - np.sum(b)
    """),
}  # fmt: skip


def test_second_derivative_through_what_only_a_loop_binds():
    text = textwrap.dedent("""
        import numpy as np

        def program(v, s):
            for i in range(2):
                for j in range(3):
                    x = np.sin(v) * s
                t = np.sin(s) / (2 + np.cos(x))
            return np.sum(t)
    """)
    linecache.cache["<nested>"] = (len(text), None, text.splitlines(True), "<nested>")
    namespace = {"__name__": "regression"}
    exec(compile(text, "<nested>", "exec"), namespace)
    v, s, step = V, 0.4, 1e-6
    first, second = backprose.grad(namespace["program"], 1), backprose.grad(backprose.grad(namespace["program"], 1), 1)
    wanted = (first(v, s + step) - first(v, s - step)) / (2 * step)
    np.testing.assert_allclose(second(v, s), wanted, rtol=1e-6)


def test_equal_gradients_have_the_name_of_the_first():
    text = "import numpy as np\n\n\ndef program(x, y):\n    return np.sum(np.sin(x + y))\n"
    linecache.cache["<equal>"] = (len(text), None, text.splitlines(True), "<equal>")
    namespace = {"__name__": "regression"}
    exec(compile(text, "<equal>", "exec"), namespace)
    derivative = backprose.grad(namespace["program"], (0, 1))
    first, second = derivative(V, V)
    assert not np.shares_memory(first, second)
    assert "x_bar = np.cos(" in derivative.source and "return x_bar, x_bar.copy()" in derivative.source


@pytest.mark.parametrize("name", CASES)
def test_regression(name):
    params, args, body = CASES[name]
    lines = textwrap.dedent(body).strip().splitlines()
    text = "\n".join(["import numpy as np", "", "", f"def program({params}):", *("    " + line for line in lines)]) + "\n"
    filename = f"<{name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    namespace = {"__name__": "regression"}
    exec(compile(text, filename, "exec"), namespace)
    wrt = tuple(i for i, a in enumerate(args) if not isinstance(a, int))
    oracle.check_gradient(namespace["program"], args, wrt)
