"""What is the same in all iterations is not kept for each of them."""

import numpy as np
import pytest

import backprose

W = np.array([[0.5, -0.2], [0.3, 0.8]])


def scaled(x, c, steps):
    scale = np.exp(c)
    for _ in range(steps):
        x = np.tanh(x * np.exp(c)) + scale
    return np.sum(x)


def nested(x, c, steps):
    for _ in range(steps):
        power = np.exp(c * np.sum(x))
        for _ in range(2):
            x = np.sin(x * np.exp(c * np.sum(x))) * power
        x = x + np.exp(c)
    return np.sum(x * np.exp(c))


def stopping(x, c, steps):
    scale = np.exp(c)
    total = 0.0
    for i in range(steps + 3):
        if np.sum(x) > 4.0:
            break
        x = x * np.exp(c) + 0.1 * i
        total = total + np.sum(x * scale)
    return total


def filtered(x, c, steps):
    P = np.eye(2)
    for _ in range(steps):
        P = np.cos(W @ P) + c * np.eye(2)
    return np.sum(P * x)


PROGRAMS = [scaled, nested, stopping, filtered]


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("steps", [0, 1, 3])
def test_derivatives(program, steps):
    backprose.check_grads(program, (np.array([0.3, 0.7]), 0.2, steps))


def test_what_is_kept():
    gradient = backprose.grad(filtered, (0, 1))
    gradient(np.ones(2), 0.2, 3)
    forward, backward = gradient.source.split("# backward")
    assert forward.count("np.eye(2)") == 1 and forward.count(".append(") == 1 and "P1" not in backward
