"""Complex derivatives of holomorphic functions, by `holomorphic=True`; and elementwise derivatives of real functions."""

import numpy as np
import pytest

from backprose import elementwise_grad, errors, grad, hessian, jacobian, value_and_grad

Z = np.array([1 + 2j, 0.5 - 1j, -0.3 + 0.2j])


def difference(f, z, h=1e-6):
    return (f(z + h) - f(z - h)) / (2 * h)


@pytest.mark.parametrize("f", [
    lambda z: z * z, lambda z: np.exp(1j * z) / z, lambda z: np.sqrt(z) * np.sin(z), lambda z: (z**3 + 1j) ** 0.5,
    lambda z: z.real + 1j * z.imag, lambda z: np.conj(np.conj(z) * np.conj(z)),
])  # fmt: skip
def test_the_complex_derivative(f):
    slopes = difference(f, Z)
    assert np.allclose(elementwise_grad(f, holomorphic=True)(Z), slopes)
    assert np.allclose(np.diag(jacobian(f, holomorphic=True)(Z)), slopes)
    for z, slope in zip(Z, slopes):
        assert np.allclose(grad(f, holomorphic=True)(z), slope)
        value, found = value_and_grad(f, holomorphic=True)(z)
        assert np.allclose((value, found), (f(z), slope))
    assert np.allclose(grad(lambda z: np.sum(f(z)), holomorphic=True)(Z), slopes)


def test_higher_orders_parts_and_aux():
    cube = lambda z: z**3  # noqa: E731
    second = grad(grad(cube, holomorphic=True), holomorphic=True)
    assert np.isclose(second(1 + 2j), 6 * (1 + 2j))
    assert np.allclose(np.diag(hessian(lambda z: np.sum(cube(z)), holomorphic=True)(Z)), 6 * Z)
    found = grad(lambda p: (p["a"] * p["b"][0], "kept"), has_aux=True, holomorphic=True)({"a": 1j, "b": (2 + 1j,)})
    assert found == ({"a": 2 + 1j, "b": (1j,)}, "kept")


def inner(z):
    return grad(lambda w: w * w * w, holomorphic=True)(z)


def test_inside_a_compiled_function():
    assert np.isclose(grad(inner, holomorphic=True)(1j), 6j)
    assert np.isclose(grad(lambda z: np.abs(inner(z)) ** 2)(1 + 1j), 2 * 6 * (1 + 1j) * np.conj(3 * (1 + 1j) ** 2))


@pytest.mark.parametrize("of", [grad, value_and_grad, elementwise_grad, jacobian])
def test_what_is_not_complex_is_refused(of):
    with pytest.raises(errors.NotDifferentiable, match="the argument `x` is not complex"):
        of(lambda x: x * 1j, holomorphic=True)(2.0)
    with pytest.raises(errors.NotDifferentiable, match="the result is not complex"):
        of(lambda z: np.abs(z), holomorphic=True)(2j)


@pytest.mark.parametrize("of", [grad, value_and_grad, elementwise_grad])
@pytest.mark.parametrize("f", [lambda z: z * z, lambda z: np.abs(z) * z])
def test_a_complex_result_needs_the_word(of, f):
    """The derivative of |z| z is no single number, and what one seed gives would look like it."""
    with pytest.raises(errors.NotDifferentiable, match="(?s)the result is complex, so it has no gradient.*holomorphic=True"):
        of(f)(2j)


# Real functions of complex arguments, entry by entry: the gradient of each entry, dL/da - i dL/db


@pytest.mark.parametrize("f", [
    lambda z: np.real(z * z), lambda z: np.imag(np.exp(z)), lambda z: z.real * z.imag, lambda z: np.abs(z) ** 3,
    lambda z: np.real(np.conj(z) * z), lambda z: np.angle(z), lambda z: np.real(np.conjugate(z) ** 2 * 1j),
])  # fmt: skip
def test_each_entry_of_a_real_function(f):
    expected = difference(f, Z) - 1j * (f(Z + 1e-6j) - f(Z - 1e-6j)) / 2e-6
    assert np.allclose(elementwise_grad(f)(Z), expected)
    assert np.allclose(grad(lambda z: np.sum(f(z)))(Z), expected)


def test_complex_detours_of_real_arguments():
    x = np.array([0.3, 0.7])
    assert np.allclose(elementwise_grad(lambda x: np.real(np.exp(2j * x)))(x), -2 * np.sin(2 * x))
    assert np.allclose(elementwise_grad(lambda x: np.imag(np.conj(np.exp(2j * x))))(x), -2 * np.cos(2 * x))
