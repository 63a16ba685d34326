"""What an iteration keeps is one tuple in one list, wherever one loop goes over all of it in reverse."""

import re

import backprose
import numpy as np
import pytest

rng = np.random.default_rng(4)


def newton(a, steps):
    x = 1.0
    for _ in range(steps):
        y = x * x - a
        x = x - np.tanh(y) / np.exp(x)
    return x


def until(a, steps):
    x, n = 1.0, 0
    while n < steps:
        y = np.sin(x) * a
        x = x * y + np.cos(y)
        n += 1
    return x


def left_early(a, steps):
    x = 1.0
    for i in range(steps):
        y = np.sin(x * a)
        x = x * y
        if x < 0.2:
            break
        x = np.cos(y) * x
    return x


def nested(a, steps):
    x = 1.0
    for i in range(steps):
        for j in range(i):
            y = np.sin(x) * a
            x = np.exp(-x * y) * y
        x = np.tanh(x)
    return x


def one_of_two(a, steps):
    x = 1.0
    for i in range(steps):
        if i % 2:
            y = np.sin(x * a)
            x = np.exp(-y) * y
        else:
            x = np.tanh(x) * a
    return x


def updated(u, steps):
    u = u.copy()
    while steps > 0:
        v = np.sin(u[1:])
        u[:-1] *= v * np.cos(u[1:])
        steps -= 1
    return np.sum(u * u)


def arrays_apart(u, steps):
    for i in range(steps):
        v = np.sin(u)
        u = np.exp(-u * v) * np.sum(v) * np.sum(u * u)
    return np.sum(u)


PROGRAMS = {newton: (1.7, 4), until: (0.8, 4), left_early: (1.3, 4), nested: (0.9, 4), one_of_two: (1.1, 4),
            updated: (rng.normal(size=5), 3), arrays_apart: (rng.normal(size=4), 2)}  # fmt: skip


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
def test_kept_together(program):
    arguments = PROGRAMS[program]
    gradient = backprose.grad(program)
    gradient(*arguments)
    assert re.search(r"\bkept\d*\.append\(\(", gradient.source), gradient.source
    backprose.check_grads(lambda first: program(first, *arguments[1:]), arguments[:1])


def test_lists_of_lists():
    gradient = backprose.grad(nested)
    gradient(0.9, 4)
    assert "kept_list.append(kept)" in gradient.source and "reversed(kept_list)" in gradient.source, gradient.source


def test_what_is_read_otherwise_stays_apart():
    def returned(a, steps):
        x, seen = 1.0, []
        for _ in range(steps):
            x = np.sin(x) * a
            seen.append(x)
        return x * seen[1], seen

    gradient = backprose.grad(returned, has_aux=True)
    found, seen = gradient(1.2, 3)
    assert seen == returned(1.2, 3)[1]


def test_nothing_is_copied_for_the_tuple():
    gradient = backprose.grad(updated)
    gradient(rng.normal(size=5), 3)
    assert not re.search(r"\b(set_at|add_at)\(", gradient.source), gradient.source
