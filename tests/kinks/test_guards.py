"""Guards stand where they may be needed, and nowhere else; `guard_zeros=False` leaves them out."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import backprose

X = np.array([0.5, 1.5, -2.0])
LABELS = np.array([0.0, 1.0, 1.0])


def logistic(x):
    return np.sum(1 / (1 + np.exp(-x)))


def cross_entropy(x):
    p = 1 / (1 + np.exp(-x))
    return -np.mean(LABELS * np.log(p) + (1 - LABELS) * np.log(1 - p))


def log_softmax(x):
    shifted = x - np.max(x)
    return np.sum(shifted[1:] - np.log(np.sum(np.exp(shifted))))


def layer_norm(x):
    centred = x - x.mean(axis=-1, keepdims=True)
    scaled = centred / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-5)
    return np.sum(np.where(scaled > 0, scaled, 0.1 * scaled) ** 3)


def rms_norm(x):
    return np.sum(np.maximum(x / np.sqrt(np.mean(x * x) + 1e-6), 0.0))


def softplus_in_a_choice(x):
    return np.sum(np.where(x > 20, x, np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)))


def kernel(x):
    return np.sum(np.where(x > 0, np.exp(-0.5 * x**2), 0.0))


def masked_softmax(x):
    e = np.where(x > -1, np.exp(x - np.max(x)), 0.0)
    return np.sum((e / (np.sum(e) + 1e-9))[1:])


def rational(x):
    return np.sum((x[1:] / (x[1:] ** 2 + 1))[:1])


def student(x):
    return -np.sum(np.where(x > 0, np.log(1 + x * x / 3), 0.0))


def gaussian(x):
    scale = np.exp(x[0])
    return -0.5 * np.sum(((x - 1) / scale) ** 2) - len(x) * np.log(scale)


def diffusion(x):
    h = 1 / len(x)
    return np.sum(((x[1:] - x[:-1]) / h) ** 2)


def positive_part(x):
    safe = np.where(x > 0, x, 1.0)
    return np.sum(np.where(x > 0, np.log(safe), 0.0))


def in_a_branch(x):
    t = x[0] + 0.0
    if t > 0.1:
        return np.sum((x / t)[1:])
    return np.sum(x)


def weighted_mean(x):
    return np.mean(x / 7.0) + np.std(x + 1e-3 * x)


PLAIN = [
    logistic, cross_entropy, log_softmax, layer_norm, rms_norm, softplus_in_a_choice, kernel, masked_softmax, rational, student, gaussian, diffusion,
    positive_part, in_a_branch, weighted_mean,
]  # fmt: skip


@pytest.mark.parametrize("function", PLAIN)
def test_regular_programs_have_no_guards(function):
    gradient = backprose.grad(function)
    gradient(X)
    assert "nonzero" not in gradient.source, gradient.source


def root(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0.0))


@pytest.mark.parametrize("value", [False, True])
def test_the_guards_can_be_switched_off(value):
    make = backprose.value_and_grad if value else backprose.grad
    guarded, plain = make(root), make(root, guard_zeros=False)
    with np.errstate(all="ignore"):
        found, unguarded = guarded(np.array([0.0, 4.0])), plain(np.array([0.0, 4.0]))
    found, unguarded = (found[1], unguarded[1]) if value else (found, unguarded)
    assert list(found) == [0.0, 0.25]
    assert np.isnan(unguarded[0]) and unguarded[1] == 0.25
    assert "nonzero" in guarded.source and "nonzero" not in plain.source


def test_in_pullbacks_and_decorators():
    x = np.array([0.0, 4.0])
    with np.errstate(all="ignore"):
        assert np.isnan(backprose.vjp(root, x, guard_zeros=False)[1](1.0)[0][0])
        f = backprose.differentiable(root, guard_zeros=False)
        assert np.isnan(f.grad(x)[0]) and np.isnan(f.vjp(x)[1](1.0)[0][0])
        assert np.isnan(backprose.grad(guard_zeros=False)(root)(x)[0])
        assert backprose.differentiable(root).grad(x)[0] == 0


def inner_gradient(x):
    return np.sum(backprose.grad(root, guard_zeros=False)(x))


def test_inside_a_compiled_function():
    with np.errstate(all="ignore"):
        assert np.isnan(backprose.value_and_grad(inner_gradient)(np.array([0.0, 4.0]))[0])


def test_the_option_survives_pickling():
    plain = pickle.loads(pickle.dumps(backprose.grad(root, guard_zeros=False)))
    assert not plain.guard_zeros


def of_floats(x, w):
    return w * math.sqrt(x)


def test_python_floats():
    assert backprose.grad(of_floats)(0.0, 0.0) == 0.0
    with pytest.raises(ZeroDivisionError):
        backprose.grad(of_floats)(0.0, 1.0)
    with pytest.raises(ZeroDivisionError):
        backprose.grad(of_floats, guard_zeros=False)(0.0, 0.0)
