"""Complex arguments and intermediates: the convention, the choices, what may be complex or not, and what is refused."""

from __future__ import annotations

import cmath

import numpy as np
import pytest

import backprose
from backprose import check_grads
from backprose.errors import CompileError

Z = np.array([1 + 2j, -0.5 + 0.3j, 0.7 - 1.1j])
W = np.array([0.3 - 0.2j, 1.5 + 0.1j, -0.7 + 0.4j])
X = np.array([0.3, -1.2, 0.8])


def test_the_gradient_of_a_squared_distance():
    """d/da - i d/db, so a step of descent goes along the conjugate."""
    bar = backprose.grad(lambda z: np.sum(np.abs(z - W) ** 2))(Z)
    np.testing.assert_allclose(bar, 2 * np.conj(Z - W), rtol=1e-14)


# Programs that go through complex numbers


def stored_in_complex(z, x):
    y = np.zeros(3, complex)
    y[0] = z[0] * x[1]
    y[1:] = x[:2]
    y[2] += 1j * z[1]
    return np.sum(np.abs(y) ** 2)


def stored_in_real(z, x):
    y = np.array(x)
    y[0] = (z[0] * z[1]).real
    y[1:] += np.abs(z[1:])
    return np.sum(y * y)


def stored_parts(z, x):
    y = z * 1.0
    y.imag = z.real**2
    y.real[0] = x[0]
    return np.sum(np.abs(y) ** 2)


def an_orbit(c):
    z = 0j
    for _ in range(4):
        z = z * z + c
    return abs(z)


def until_it_escapes(c):
    z, total = c, 0.0
    while abs(z) < 50.0:
        z = z * z + c
        total = total + abs(z)
    return total


def made_of_two(a, b):
    z = complex(a, b)
    return (z * z * z).imag + abs(z) + (z.conjugate() * 2j).real + cmath.phase(complex(imag=a))


def a_choice(x, z):
    return np.where(x > 0, z, x) * np.where(x > 0, 1j, x)


def either_number(z, x, k):
    w = x if k > 0 else z
    return abs(w * w * 1.5) + np.real(np.sign(w) * (1 + 2j))


def of_a_list(z, x):
    return sum([abs(w) for w in [z, x * z, 1j * x]])


def a_negative_power(x, z):
    return (-np.abs(x)) ** z


def joined(x, z):
    return np.hstack([x[0], z[0], z[1], x[1]]) * np.append(z, x[1])


def asked(z):
    return np.abs(z) ** 2 if np.iscomplexobj(z) else z * z


PROGRAMS = [
    (stored_in_complex, (Z, X)), (stored_in_real, (Z, X)), (stored_parts, (Z, X)), (an_orbit, (0.3 + 0.4j,)),
    (an_orbit, (0.3,)), (until_it_escapes, (0.3 + 0.9j,)), (made_of_two, (0.3, 0.7)), (a_choice, (X, Z)),
    (either_number, (1 + 2j, -1.3, 1)), (either_number, (1 + 2j, -1.3, -1)), (of_a_list, (1 + 2j, -0.4)),
    (a_negative_power, (X, Z)), (joined, (X, Z)), (asked, (Z,)), (asked, (X,)),
    (lambda x: np.sum(np.exp(1j * x) * Z).real, (X,)), (lambda z: z.astype(float) ** 3, (Z,)),
    (lambda x: x.astype(complex) * 2j, (X,)), (lambda z: np.angle(z) * np.conj(z), (Z,)),
    (lambda z: np.sum(np.abs(z - np.sign(z)) ** 2), (Z,)), (lambda z: np.round(z, 1) * z, (Z,)),
    (lambda z: z**3 + 2**z + z**-2 + z ** (0.5 - 0.3j), (Z,)), (lambda z, x: x / z + z / x - x * z, (Z, X)),
    (lambda z, x: x / z + z / x - x * z, (1 + 2j, 1.5)), (lambda z: np.prod(z) * np.cumprod(z), (Z,)),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:Casting complex")
@pytest.mark.parametrize("f, args", PROGRAMS)
def test_programs_that_go_through_complex_numbers(f, args):
    check_grads(f, args)


@pytest.mark.parametrize("f", [abs, np.sign, np.std, np.ptp, np.median, np.sinc], ids=lambda f: f.__name__)
def test_complex64_stays(f):
    check_grads(lambda z: f(z[0]) if f is abs else f(z), (Z.astype(np.complex64),), order=1)


# Choices


@pytest.mark.parametrize(
    "f", [np.abs, lambda z: np.real(np.sign(z)), np.angle, lambda z: cmath.polar(z[0])[0], lambda z: cmath.phase(z[0])]
)
def test_the_derivative_at_0_is_chosen_as_0(f):
    bar = backprose.grad(lambda z: np.sum(f(z)))(np.zeros(1, complex))
    np.testing.assert_array_equal(bar, [0])


def test_a_power_of_0_by_a_complex_exponent_does_not_depend_on_it():
    bars = backprose.grad(lambda z, w: np.sum(z**w).real, argnums=(0, 1))(np.zeros(1, complex), np.array([2 + 1j]))
    np.testing.assert_array_equal(bars[1], [0])


def test_the_sign_of_real_numbers_costs_nothing():
    slope = backprose.grad(lambda x: np.sum(np.sign(x) * x))
    slope(X)
    assert "x_bar = np.sign(x)" in slope.source or "np.sign(x)" in slope.source.split("return")[-1]
    assert "iscomplexobj" not in slope.source


# Refused by name


@pytest.mark.parametrize(
    "f",
    [
        lambda z: np.clip(z, 1j, 2j), lambda z: np.cumprod(z, dtype=float), lambda z: np.var(z, dtype=float),
        lambda z: np.gradient(X, z[0]), lambda z: np.interp(z, X, X), lambda z: np.nanstd(X, mean=z[:1]), lambda z: np.cov(X, aweights=z),
        lambda z: np.poly(z), lambda z: np.real_if_close(z),
    ],
)  # fmt: skip
def test_what_is_not_known_of_complex_numbers_is_refused(f):
    with pytest.raises(CompileError, match=r"complex|weights are real"):
        backprose.grad(lambda z: np.sum(np.real(f(z))))(Z)


def test_nan_to_num_replaces_the_parts_one_by_one():
    z = np.array([1 + 2j, complex(np.nan, 1.5), complex(0.5, np.inf), complex(-np.inf, np.nan)])
    z_bar = backprose.grad(lambda z: np.real(np.sum((1 + 1j) * np.nan_to_num(z))))(z)
    np.testing.assert_array_equal(z_bar, [1 + 1j, 1j, 1, 0])


def test_the_modulus_of_what_may_be_complex_is_decided_when_it_runs():
    def f(v):
        def turned(w, n):
            return w * 1j if n == 0 else np.concatenate([turned(w[:1], n - 1), turned(w[1:], n - 1)])

        return np.sum(np.abs(turned(v, 1)))

    np.testing.assert_array_equal(backprose.grad(f)(np.array([0.3, -1.2, 2.0])), [1, -1, 1])
    np.testing.assert_array_equal(backprose.jvp(f, (np.array([0.3, -1.2]),), (np.ones(2),))[1], 0.0)
