"""Gradients never share memory with anything else, and are copied only where they may."""

from __future__ import annotations

import sys
from pathlib import Path

import backprose
import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402


def inner_loops(ws, x):
    h = x
    for w in ws:
        for _ in range(2):
            h = np.tanh(h @ w)
    return np.sum(h * h)


def branches(ws, x):
    h = x
    for i, w in enumerate(ws):
        if i != 1:
            h = np.tanh(h @ w)
        else:
            h = h + np.sum(w * w)
    return np.sum(h * h)


def left_early(ws, x):
    h = x
    for w in ws:
        if np.sum(h) > 1e3:
            break
        h = np.tanh(h @ w)
    return np.sum(h * h)


def dicts(ws, x):
    h = x
    for layer in [{"w": w, "b": w[0]} for w in ws]:
        if np.sum(h) < 1e3:
            h = np.tanh(h @ layer["w"] + layer["b"])
    return np.sum(h * h)


def in_branches_of_loops(ws, x):
    h = x
    for w in ws:
        for i in range(3):
            if i > 1:
                h = h @ w
            else:
                h = h * 0.5
    return np.sum(h * h)


def passed_on(ws, x):
    """What one iteration hands to the next is the cotangent of both: such elements have to be copied."""
    total, last = 0.0, ws[0]
    for w in ws:
        last = w if np.sum(w) > 1e3 else last
        total = total + np.sum(x @ (last + w))
    return total


def plain_sums(ws, x):
    total = np.zeros((3, 3))
    for w in ws:
        total = total + w
    return np.sum(total * np.exp(total))


def sums_in_branches(ws, x):
    total = np.zeros((3, 3))
    for i, w in enumerate(ws):
        if i > 0:
            total = total + w
        else:
            total = total - w
    return np.sum(total * np.exp(total))


def twice(ws, x):
    total = np.zeros((3, 3))
    for w in ws:
        for v in (w, w):
            total = total + v
    return np.sum(total * total)


WHOLE = [inner_loops, branches, left_early, in_branches_of_loops]
SHARED = [dicts, passed_on, plain_sums, sums_in_branches, twice]


def arguments() -> tuple:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3, 3)) for _ in range(3)], rng.normal(size=(2, 3))


@pytest.mark.parametrize("program", [*WHOLE, *SHARED], ids=lambda f: f.__name__)
def test_gradients_share_no_memory(program):
    oracle.check_gradient(program, arguments(), (0,))
    oracle.check_gradient(program, arguments(), (0, 1))


@pytest.mark.parametrize("program", WHOLE, ids=lambda f: f.__name__)
def test_what_each_iteration_makes_is_not_copied(program):
    gradient = backprose.grad(program)
    gradient(*arguments())
    assert "copy" not in gradient.source


def test_what_an_inner_loop_sums_is_summed_in_place():
    gradient = backprose.grad(inner_loops)
    gradient(*arguments())
    assert "w_bar += " in gradient.source
