"""What is the same in all iterations is computed before the loop, if that can't go wrong."""

import sys
from pathlib import Path

import numpy as np
import pytest

import backprose

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402


def scaled(x, rate, n):
    y = x * 1.0
    for _ in range(n):
        y = y + np.sin(y) * (rate * 0.5)
    return np.sum(y)


def nested(x, rate, n):
    y = x * 1.0
    for _ in range(n):
        for _ in range(2):
            y = np.sin(y) * (rate * 0.5) + (1 - rate)
    return np.sum(y)


def in_a_branch(x, rate, n):
    y = x * 1.0
    for i in range(n):
        if i > 0:
            y = np.sin(y) * (rate * 0.5)
    return np.sum(y)


def carried(x, rate, n):
    y = x * 1.0
    for _ in range(n):
        y = np.sin(y) * (rate * 0.5)
        rate = rate * 0.9
    return np.sum(y)


def divided(x, rate, n):
    y = x * 1.0
    for _ in range(n):
        y = y + np.sin(y) * (rate / (n * 1.0))
    return np.sum(y)


PROGRAMS = [scaled, nested, in_a_branch, carried, divided]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("n", [0, 1, 3])
def test_gradient_of_loops(program, n):
    oracle.check_gradient(program, (np.array([0.3, 0.8]), 0.4, n), (0, 1))


@pytest.mark.parametrize("program, moves", [(scaled, True), (nested, True), (in_a_branch, False), (carried, False), (divided, False)])
def test_what_is_moved(program, moves):
    gradient = backprose.grad(program, (0, 1))
    gradient(np.array([0.3, 0.8]), 0.4, 3)
    before = gradient.source.partition("for ")[0]
    assert ("= rate" in before) == moves
