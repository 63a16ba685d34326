"""`check_grads`: it passes what is right, and finds what is wrong: also in rules that are planted for it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
import pytest

import backprose
from backprose import check_grads
from backprose.errors import WrongDerivative
from backprose.rules import registry

A = np.array([[0.3, 1.2, -0.4], [2.0, 0.7, 0.1]])
SQUARE = np.array([[0.3, 1.2, -0.4], [2.0, 0.7, 0.1], [0.9, -1.1, 0.4]])
V = np.array([0.5, -0.2, 0.8])


@dataclass
class Point:
    x: float
    y: np.ndarray


def layer(w, parameters, n):
    h = np.tanh(w @ parameters["v"])
    return {"a": h * n, "b": (np.sum(h), n)}


def norm_of(p):
    return Point(p.x * np.sum(p.y), p.y**2)


def in_place(x):
    x = x * 1.0
    for i in range(len(x)):
        x[i] *= x[i - 1]
    return x


def stores_to_its_argument(x):
    x[0] = x[1] * x[2]
    return x * x


def bounce(x):
    while np.sum(x) < 30.0:
        x = x * x + 1.0
    return np.sum(x)


RIGHT = [
    (layer, (A, {"v": V}, 2)),
    (norm_of, (Point(0.5, V),)),
    (in_place, (V,)),
    (stores_to_its_argument, (V,)),
    (bounce, (V,)),
    (np.sin, (0.3,)),
    (np.multiply, (A, V)),
    (np.matmul, (A, SQUARE)),
    (lambda x: [x, (x * x, None), "text", x > 0], (V,)),
    (lambda x, n: x**n, (1.5, 3)),
    (lambda x: np.sum(x), (np.empty((0, 3)),)),
]


@pytest.mark.parametrize("f, args", RIGHT)
def test_right_derivatives_pass(f, args):
    check_grads(f, args)


def test_order_three():
    check_grads(lambda x: np.exp(x) * np.sin(x), (0.7,), order=3)


def test_many_entries():
    rng = np.random.default_rng(0)
    check_grads(lambda w, x: np.tanh(w @ x), (rng.normal(size=(20, 10)), rng.normal(size=10)), order=1)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.longdouble])
def test_other_precisions(dtype):
    check_grads(lambda x: np.exp(x) * x, (np.array([0.5, -0.25], dtype),))


def test_complex_numbers():
    check_grads(lambda z, x: np.exp(z) * x, (np.array([1 + 2j, 0.3 - 1j]), 2.0))
    check_grads(lambda x: np.exp(1j * x), (0.7,))


def test_containers_with_integers_and_flags():
    def scaled(parts, x):
        matrix, power, lower = parts
        return np.sum(np.tril(matrix) @ x**power if lower else matrix @ x)

    check_grads(scaled, ((np.array([[1.2, 0.4], [0.3, 0.9]]), 3, True), np.array([0.5, 1.5])))


# What is wrong is found


def factor(y, x, *, d):
    return d * 1.00001 * np.cos(x)


def transposed_operand(c, a, b, *, c_bar):
    return c_bar @ b, a.T @ c_bar


def forgotten_broadcast(y, array, shape, subok=False, *, y_bar):
    return y_bar


def missing_axis(y, a, axis=None, dtype=None, out=None, keepdims=False, initial=0, where=True, *, y_bar):
    return np.broadcast_to(y_bar, np.shape(a)), None


def zero_for_one_operand(y, a, b, *, d):
    return d * b, 0.0 * d


def wrong_sign(y, a, b, *, d):
    return d / b, d * y / b


def transposed_matrix(c, a, *, c_bar):
    return -c.T @ c_bar @ c


def half_at_the_maximum(y, a, axis=None, out=None, keepdims=False, initial=None, where=True, *, y_bar):
    return np.where(a == y, y_bar / 2, 0.0), None


def kept_once(y, a, indices, axis=None, out=None, mode="raise", *, y_bar):
    g = np.zeros_like(a)
    g[indices] = y_bar
    return g


PLANTED = [
    (np.sin, factor, lambda x: np.sin(x), (A,)),
    (np.matmul, transposed_operand, lambda a, b: np.matmul(a, b), (SQUARE, SQUARE + 1)),
    (np.broadcast_to, forgotten_broadcast, lambda x: np.broadcast_to(x, (4, 3)), (V,)),
    (np.sum, missing_axis, lambda x: np.sum(x, axis=1), (SQUARE,)),
    (np.multiply, zero_for_one_operand, lambda a, b: np.multiply(a, b), (A, V)),
    (np.divide, wrong_sign, lambda a, b: a / b, (A, V + 2)),
    (np.linalg.inv, transposed_matrix, lambda a: np.linalg.inv(a), (SQUARE,)),
    (np.max, half_at_the_maximum, lambda a: np.max(a), (A,)),
    (np.take, kept_once, lambda x: np.take(x, np.array([0, 0, 2])), (V,)),
]


# Forward mode takes the partials of elementwise functions and transposes general pullbacks; what is linear needs no text.
READ_BY = {text: ("rev", "fwd") for text in (factor, wrong_sign, transposed_matrix, half_at_the_maximum)}
FOUND = [(mode, *planted) for planted in PLANTED for mode in READ_BY.get(planted[1], ("rev",))]


@pytest.mark.parametrize("mode, function, text, f, args", FOUND, ids=[f"{p[2].__name__}-{p[0]}" for p in FOUND])
def test_a_planted_wrong_rule_is_found(monkeypatch, mode, function, text, f, args):
    check_grads(f, args, order=1, modes=(mode,))
    rule = registry.rule_for(function)
    for alias in [f for f, other in registry.RULES.items() if other is rule]:
        monkeypatch.setitem(registry.RULES, alias, dataclasses.replace(rule, text=text))
        monkeypatch.delitem(registry.PUSHFORWARDS, alias, raising=False)  # a second text would do without the first
    with pytest.raises(WrongDerivative):
        check_grads(f, args, order=1, modes=(mode,))


def test_a_wrong_second_derivative_is_found(monkeypatch):
    def text(y, x, *, d):
        return d * frozen_cos(x)

    def frozen_cos(x):
        return np.cos(backprose.stop_gradient(x)) if hasattr(backprose, "stop_gradient") else np.cos(np.round(x, 12))

    monkeypatch.setitem(registry.RULES, np.sin, dataclasses.replace(registry.rule_for(np.sin), text=text))
    check_grads(lambda x: np.sin(x), (0.7,), order=1)
    with pytest.raises(WrongDerivative, match="grad"):
        check_grads(lambda x: np.sin(x), (0.7,), order=2, modes=("rev",))


def test_a_kink_is_reported():
    with pytest.raises(WrongDerivative, match="where differences give"):
        check_grads(lambda x: np.maximum(x, 1.0) * x, (np.array([1.0, 2.0]),), modes=("rev",))


# What can't be checked says so


def test_modes_and_orders_are_checked():
    with pytest.raises(ValueError, match="choose from 'fwd', 'rev'"):
        check_grads(np.sin, (0.3,), modes=("reverse",))
    with pytest.raises(ValueError, match="at least 1"):
        check_grads(np.sin, (0.3,), order=0)


def test_nothing_to_check():
    with pytest.raises(ValueError, match="no argument of `<lambda>` has a floating-point number"):
        check_grads(lambda n: n * 1.0, (3,))
    with pytest.raises(ValueError, match="has no floating-point number"):
        check_grads(lambda x: x > 0, (0.3,))


def test_random_draws_are_reported():
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="another value when it is called again"):
        check_grads(lambda x: x * rng.normal(), (0.3,))


def test_a_function_that_is_not_finite():
    with pytest.raises(WrongDerivative, match="not finite around"), np.errstate(all="ignore"):
        check_grads(lambda x: np.sqrt(x), (-0.3,), order=1)
