"""Programs at their kinks and singular points: a function, its arguments, and the gradient that is promised there."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

INF, NAN = math.inf, math.nan


@dataclass(frozen=True)
class Kink:
    """`gradient` is by the first argument; `quiet`: the primal itself warns of nothing, and the gradient must not either.

    `forward` is False where an infinite tangent meets a zero in forward mode (docs/kinks.md).
    """

    function: Callable
    args: tuple
    gradient: Any
    quiet: bool = True
    forward: bool = True


KINKS: list[Kink] = []


def at(*args: Any, gradient: Any, quiet: bool = True, forward: bool = True) -> Callable[[Callable], Callable]:
    """Register the decorated function at these arguments."""

    def register(function: Callable) -> Callable:
        KINKS.append(Kink(function, args, gradient, quiet, forward))
        return function

    return register


def arr(*entries: float) -> np.ndarray:
    return np.array(entries, dtype=float)


# What is not taken does not count


@at(arr(-1, 0, 4), gradient=arr(0, 0, 0.25), quiet=False)
def where_sqrt(x):
    return np.sum(np.where(x > 0, np.sqrt(x), 0))


@at(arr(-1, 0, 4), gradient=arr(0, 0, 0.25), quiet=False)
def where_log(x):
    return np.sum(np.where(x > 0, np.log(x), 0.0))


@at(arr(0, 2), gradient=arr(0, -0.25), quiet=False)
def where_reciprocal(x):
    return np.sum(np.where(x != 0, 1 / x, 0.0))


@at(arr(0, 2), gradient=arr(0, (2 * math.cos(2) - math.sin(2)) / 4), quiet=False)
def where_sinc(x):
    return np.sum(np.where(x != 0, np.sin(x) / x, 1.0))


@at(arr(0, 0.5, 1), gradient=arr(0, -math.log(0.5) - 1, -1), quiet=False)
def entropy(p):
    return -np.sum(np.where(p > 0, p * np.log(p), 0.0))


@at(arr(-1, 2, 1000), gradient=arr(math.exp(-1), 1, 1), quiet=False)
def elu(x):
    return np.sum(np.where(x > 0, x, np.exp(x) - 1))


@at(arr(0, 2), gradient=arr(0, math.cos(0.5) * -0.25), quiet=False)
def where_sine_of_reciprocal(x):
    return np.sum(np.where(x > 0, np.sin(1 / x), 0.0))


@at(arr(0, 1), gradient=arr(0, 2 * math.exp(-1)), quiet=False)
def bump(x):
    return np.sum(np.exp(-1 / x**2))


@at(arr(-2, 0, 0.5, 2), gradient=arr(0, 1, 1 / math.sqrt(0.75), 0), quiet=False)
def where_arcsin(x):
    return np.sum(np.where(np.abs(x) < 1, np.arcsin(x), 0.0))


@at(arr(0, 1, 3), gradient=arr(0, 0, 1 / math.sqrt(8)), quiet=False)
def where_arccosh(x):
    return np.sum(np.where(x > 1, np.arccosh(x), 0.0))


@at(arr(-1, 0, 1), gradient=arr(0, 1, 0), quiet=False)
def where_arctanh(x):
    return np.sum(np.where(np.abs(x) < 1, np.arctanh(x), 0.0))


@at(arr(-3, -1, 1), gradient=arr(0, 0, 0.5), quiet=False)
def where_log1p(x):
    return np.sum(np.where(x > 0, np.log1p(x), 0.0))


@at(arr(0, 4), gradient=arr(0, 0.25))
def where_power(x):
    return np.sum(np.where(x > 0, x**0.5, 0.0))


@at(arr(0, 4), 0.5, gradient=arr(0, 0.25), quiet=False)
def where_power_of_argument(x, p):
    return np.sum(np.where(x > 0, x**p, 0.0))


@at(arr(0, 8), gradient=arr(0, 1 / 12))
def where_cbrt(x):
    return np.sum(np.where(x > 0, np.cbrt(x), 0.0))


@at(arr(NAN, 1, 3), gradient=arr(0, 2, 6))
def missing_entries(x):
    return np.sum(np.where(np.isnan(x), 0.0, x * x))


@at(2.0, arr(NAN, 1, 3), gradient=20.0)
def missing_data(w, x):
    return np.sum(np.where(np.isnan(x), 0.0, w * x) ** 2) / 2


@at(arr(0, 1, 4), gradient=arr(0, 0.5, 0.25))
def sliced_after_root(x):
    y = np.sqrt(x)
    return np.sum(y[1:])


@at(arr(0, 1, 4), gradient=arr(0, 1, 0.25), quiet=False)
def sliced_after_log(x):
    y = np.log(x)
    return np.sum(y[1:])


@at(arr(0, 1, 4), gradient=arr(0, 0.5, 0))
def entry_after_root(x):
    return np.sqrt(x)[1]


@at(arr(0, 1, 4), gradient=arr(0, 0.5, 0.25))
def mask_assignment(x):
    y = np.sqrt(x)
    y[x == 0] = 7.0
    return np.sum(y)


@at(arr(0, 1, 4), gradient=arr(0, -1, -1 / 16), quiet=False)
def mask_assignment_after_division(x):
    y = 1 / x
    y[~np.isfinite(y)] = 0.0
    return np.sum(y)


@at(arr(0, 1, 4), gradient=arr(0, 0.5, 0.25))
def mask_reading(x):
    y = np.sqrt(x)
    return np.sum(y[x > 0])


@at(arr(0, 4), gradient=arr(0, 0.25))
def zero_weights(x):
    return np.sum(np.sqrt(x) * np.array([0.0, 1.0]))


@at(arr(0, 4), gradient=arr(0, 0.25), forward=False)
def zero_weights_in_a_product(x):
    return np.sqrt(x) @ np.array([0.0, 1.0])


@at(0.0, 0.0, gradient=0.0, forward=False)
def scalar_zero_weight(x, w):
    return w * math.sqrt(x)


@at(0.0, 0.0, gradient=0.0)
def numpy_scalar_zero_weight(x, w):
    return w * np.sqrt(x)


# Roots of squares


@at(arr(0, 0), gradient=arr(0, 0))
def root_of_squares(x):
    return np.sqrt(np.sum(x * x))


@at(arr(0, 0), gradient=arr(0, 0))
def root_of_powers(x):
    return np.sqrt(np.sum(x**2))


@at(arr(0, 0), gradient=arr(0, 0))
def half_power_of_squares(x):
    return np.sum(np.square(x)) ** 0.5


@at(arr(0, 0), gradient=arr(0, 0))
def root_of_dot(x):
    return np.sqrt(x @ x)


@at(arr(0, 0), gradient=arr(0, 0))
def root_of_einsum(x):
    return np.sqrt(np.einsum("i,i->", x, x))


@at(np.zeros((2, 3)), gradient=np.zeros((2, 3)))
def rows_of_einsum(x):
    return np.sum(np.sqrt(np.einsum("ij,ij->i", x, x)))


@at(np.zeros((2, 3)), gradient=np.zeros((2, 3)))
def roots_through_reshape(x):
    squares = (2.5 * x**2 / 3).sum(axis=1, keepdims=True)
    return np.sum(np.sqrt(squares.reshape(-1)[::-1]))


@at(arr(0, 3), gradient=arr(0, 1))
def roots_of_entries(x):
    return np.sum(np.sqrt(x**2))


def square(v):
    return v * v


@at(arr(0, 3), gradient=arr(0, 1))
def root_of_calls(x):
    return np.sum(np.sqrt(square(x)))


@at(arr(1, 1), gradient=arr(0, 0))
def root_of_variance(x):
    return np.sqrt(np.var(x))


@at(arr(1, 1), gradient=arr(0, 0))
def root_of_handwritten_variance(x):
    return np.sqrt(np.mean((x - np.mean(x)) ** 2))


@at(arr(0, 4), gradient=arr(0, 0.25))
def root_of_absolute(x):
    return np.sum(np.sqrt(np.abs(x)))


@at(arr(0, 0), gradient=arr(0, 0))
def root_of_norm(x):
    return np.sqrt(np.linalg.norm(x))


@at(0.0, 0.0, gradient=0.0)
def scalar_distance(x, y):
    return math.sqrt(x * x + y * y)


@at(0.0, 0.0, gradient=0.0)
def scalar_half_power(x, y):
    return (x**2 + y**2) ** 0.5


@at(0.0, 0.0, gradient=0.0)
def scalar_hypot(x, y):
    return math.hypot(x, y)


@at(arr(0, 0), gradient=arr(0, 0))
def squares_in_a_loop(x):
    total = 0.0
    for v in x:
        total += v * v
    return np.sqrt(total)


@at(arr(0, 1), gradient=arr(0, 0.5), quiet=False)
def root_of_product_with_zero(x):
    return np.sum(np.sqrt(x * np.array([0.0, 1.0])))


@at(0.0, gradient=0.0, quiet=False)
def root_of_cosine(x):
    return np.sqrt(1 - np.cos(x))


@at(arr(0, 4), gradient=arr(INF, 0.25), quiet=False)
def plain_root(x):
    return np.sum(np.sqrt(x))


# Norms, angles


@at(arr(0, 0), gradient=arr(0, 0))
def norm(x):
    return np.linalg.norm(x)


@at(np.zeros((2, 2)), gradient=np.zeros((2, 2)))
def norms_of_rows(x):
    return np.sum(np.linalg.norm(x, axis=1))


@at(arr(0, 0), gradient=arr(0, 0), quiet=False)
def half_norm(x):
    return np.linalg.norm(x, 0.5)


@at(arr(0, 1), gradient=arr(0, 1))
def hypot(x):
    return np.sum(np.hypot(x, 0.0 * x))


@at(arr(0, 1), gradient=arr(0, 0))
def angle(x):
    return np.sum(np.arctan2(x * 0, x))


@at(arr(0, 3, -2), gradient=arr(0, 1, -1))
def absolute(x):
    return np.sum(np.abs(x))


# Statistics


@at(np.array([[1.0, 1], [1, 3]]), gradient=np.array([[0, 0], [-0.5, 0.5]]))
def std_of_constant_rows(x):
    return np.sum(np.std(x, axis=1))


@at(np.array([[1.0, 1], [1, 3]]), gradient=np.array([[0, 0], [-0.5, 0.5]]))
def std_under_zero_weights(x):
    return np.sum(np.std(x, axis=1) * np.array([0.0, 1.0]))


@at(np.array([[1.0, 1], [1, 3]]), gradient=np.array([[0, 0], [-0.5, 0.5]]))
def std_of_one_row(x):
    return np.std(x, axis=1)[1]


@at(np.array([[1.0, 1], [1, 3]]), gradient=np.array([[0, 0], [-1.0, 1.0]]))
def var_of_constant_rows(x):
    return np.sum(np.var(x, axis=1))


@at(np.array([[1.0, 1], [1, 3]]), gradient=np.array([[0, 0], [0, 0]]), quiet=False)
def standardised(x):
    s = np.std(x, axis=1, keepdims=True)
    return np.sum(np.where(s > 0, (x - np.mean(x, axis=1, keepdims=True)) / s, 0.0))


# Products, extrema, powers


@at(arr(0, 2, 3), gradient=arr(6, 0, 0))
def prod_one_zero(x):
    return np.prod(x)


@at(arr(0, 0, 3), gradient=arr(0, 0, 0))
def prod_two_zeros(x):
    return np.prod(x)


@at(arr(2, 0, 3), gradient=arr(1, 8, 0))
def cumprod_zero(x):
    return np.sum(np.cumprod(x))


@at(arr(1, 3, 3), gradient=arr(0, 0.5, 0.5))
def tied_max(x):
    return np.max(x)


@at(arr(1, 1, 3), gradient=arr(0.5, 0.5, 0))
def tied_min(x):
    return np.min(x)


@at(arr(1, 2), gradient=arr(0.5, 1))
def tied_maximum(x):
    return np.sum(np.maximum(x, 1.0))


@at(arr(2, 1, 1), gradient=arr(3, 1, 2))
def tied_sort(x):
    return np.sum(np.sort(x) * np.array([1.0, 2, 3]))


@at(arr(1, 1, 1), gradient=arr(0, 1, 0))
def tied_median(x):
    return np.median(x)


@at(arr(-1, 0, 1, 2), gradient=arr(0, 1, 1, 0))
def clip_edges(x):
    return np.sum(np.clip(x, 0, 1))


@at(arr(0, 1), gradient=arr(0, 0))
def power_zero(x):
    return np.sum(x**0)


@at(arr(1, 2), gradient=arr(0, 0))
def zero_to_the_power(p):
    return np.sum(0.0**p)


@at(arr(0, 0.5), gradient=arr(0, -4 / math.pi))
def sinc(x):
    return np.sum(np.sinc(x))


@at(arr(-1, 0, 4), gradient=arr(0, INF, 0.25), quiet=False)
def root_of_relu(x):
    return np.sum(np.maximum(x, 0) ** 0.5)


# Logarithms of sums of exponentials


@at(arr(-INF, 0, 0), gradient=arr(0, 0.5, 0.5))
def logsumexp_by_hand(x):
    m = np.max(x)
    return m + np.log(np.sum(np.exp(x - m)))


@at(arr(-INF, 1, -INF), gradient=arr(0, 1, 0), quiet=False)
def logaddexp_of_infinities(x):
    return np.sum(np.where(np.isfinite(x), np.logaddexp(x, -np.inf), 0.0))


@at(arr(-INF, 0.0), gradient=arr(0, 0.5))
def logaddexp_infinite_operand(x):
    return np.sum(np.logaddexp(x, 0.0))


@at(arr(-INF, 0.0), arr(-INF, 0.0), gradient=arr(0, 0.5))
def logaddexp_both_infinite(x, y):
    return np.logaddexp(x, y)[1]


@at(arr(0, 1000), gradient=arr(0.5, 1), quiet=False)
def softplus_chosen(x):
    return np.sum(np.where(x > 30, x, np.log(1 + np.exp(x))))


# Bodies that attract each other


@at(np.array([[0.0, 0], [3, 4]]), gradient=np.array([[-3, -4], [3, 4]]) / 125)
def energy_with_weights(x):
    d = x[:, None] - x[None]
    r2 = np.sum(d**2, axis=-1)
    weight = 1 - np.eye(2)
    return -0.5 * np.sum(weight / (np.sqrt(r2) + np.eye(2)))


@at(np.array([[0.0, 0], [3, 4]]), gradient=np.array([[-3, -4], [3, 4]]) / 5)
def distances_with_weights(x):
    r = np.sqrt(np.sum((x[:, None] - x[None]) ** 2, axis=-1))
    return 0.5 * np.sum(r * (1 - np.eye(2)))


@at(np.array([[0.0, 0], [3, 4]]), gradient=np.array([[-3, -4], [3, 4]]) / 125, quiet=False)
def energy_by_choice(x):
    r = np.linalg.norm(x[:, None] - x[None], axis=-1)
    return -0.5 * np.sum(np.where(r > 0, 1 / r, 0.0))


@at(np.array([[0.0, 0], [3, 4]]), gradient=np.array([[-3, -4], [3, 4]]) / 125, quiet=False)
def energy_with_filled_diagonal(x):
    r2 = np.sum((x[:, None] - x[None]) ** 2, axis=-1)
    inverse = r2**-0.5
    np.fill_diagonal(inverse, 0.0)
    return -0.5 * np.sum(inverse)


@at(np.array([[0.0, 0], [3, 4]]), gradient=np.array([[-3, -4], [3, 4]]) / 125)
def energy_in_loops(x):
    energy = 0.0
    for i in range(len(x)):
        for j in range(i):
            dx, dy = x[i, 0] - x[j, 0], x[i, 1] - x[j, 1]
            energy -= 1 / np.sqrt(dx * dx + dy * dy)
    return energy


@at(np.array([[0.0, 0], [3, 4]]), gradient=np.array([[-3, -4], [3, 4]]) / 5)
def distances_in_loops(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            r = np.sqrt((x[i, 0] - x[j, 0]) ** 2 + (x[i, 1] - x[j, 1]) ** 2)
            total += (i != j) * r
    return total / 2
