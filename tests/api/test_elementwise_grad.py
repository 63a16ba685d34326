"""`elementwise_grad`, and derivatives of functions of the table themselves."""

import math

import numpy as np
import pytest

from backprose import elementwise_grad, errors, grad, jacfwd, jacobian, jvp, value_and_grad, vjp

X = np.array([0.3, -0.7, 1.2])


def piecewise(x):
    y = np.where(x > 0, np.sqrt(np.abs(x)), x**3)
    for _ in range(3):
        y = y * np.sin(x)
    if np.sum(x) > 0:
        y = y * 2.0
    return y


def test_each_entry():
    np.testing.assert_allclose(elementwise_grad(piecewise)(X), np.diag(jacfwd(piecewise)(X)), atol=1e-14)
    matrix = np.outer(X, X)
    np.testing.assert_allclose(elementwise_grad(lambda x, c: np.exp(x * c))(matrix, X), X * np.exp(matrix * X))
    assert elementwise_grad(lambda t: t**3)(2.0) == 12.0


def test_second_derivatives():
    second = jacfwd(lambda x: np.diag(jacfwd(piecewise)(x)))(X)
    np.testing.assert_allclose(elementwise_grad(elementwise_grad(piecewise))(X), np.diag(second), atol=1e-13)
    slope = elementwise_grad(lambda x: x**4)
    np.testing.assert_allclose(grad(lambda x: np.sum(slope(x) ** 2))(X), 2 * 4 * X**3 * 12 * X**2)


def test_two_arguments_and_aux():
    by_x, by_y = elementwise_grad(lambda x, y: x * y**2, argnums=(0, 1))(X, X[::-1])
    np.testing.assert_allclose(by_x, X[::-1] ** 2)
    np.testing.assert_allclose(by_y, 2 * X * X[::-1])
    slope, aux = elementwise_grad(lambda x: (x**2, "kept"), has_aux=True)(X)
    np.testing.assert_allclose(slope, 2 * X)
    assert aux == "kept"


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda x: x / np.max(x), "`max` does not act entry by entry"),
        (lambda x: np.cumsum(x), "`cumsum` does not act entry by entry"),
        (lambda x: x[::-1], "`getitem` does not act entry by entry"),
        (lambda x: x + np.ones((2, 1)), "`add` may broadcast"),
        (lambda x: (x, x), "the result is no array"),
        (lambda x: np.array([t**2 for t in x]), "a loop goes over the entries"),
    ],
)
def test_what_is_not_elementwise(function, what):
    with pytest.raises(errors.NotDifferentiable, match=f"not elementwise: {what}"):
        elementwise_grad(function)(X)


def test_of_two_arguments_of_different_shapes():
    with pytest.raises(errors.NotDifferentiable, match="not elementwise: `mul` may broadcast"):
        elementwise_grad(lambda x, s: x * s, argnums=1)(X, 2.0)


# Functions of the table


def test_functions_of_the_table():
    assert grad(np.sin)(1.0) == math.cos(1.0)
    assert grad(math.atan2, argnums=(0, 1))(1.0, 2.0) == pytest.approx((0.4, -0.2))
    assert value_and_grad(np.sum)(X)[0] == np.sum(X)
    np.testing.assert_allclose(elementwise_grad(np.tanh)(X), 1 / np.cosh(X) ** 2)
    np.testing.assert_allclose(jacobian(np.cumsum)(X), np.tril(np.ones((3, 3))))
    np.testing.assert_allclose(jacobian(np.fft.fft)(X), np.fft.fft(np.eye(3), axis=0))
    np.testing.assert_allclose(jvp(np.multiply, (X, X), (X, 2 * X))[1], 3 * X**2)
    np.testing.assert_allclose(vjp(np.linalg.solve, np.eye(3) * 2, X)[1](X)[1], X / 2)
    np.testing.assert_allclose(elementwise_grad(elementwise_grad(np.sin))(X), -np.sin(X))


def test_functions_of_the_table_inside():
    np.testing.assert_allclose(grad(lambda x: np.sum(elementwise_grad(np.sin)(x)))(X), -np.sin(X))


def test_what_has_no_rule_has_no_source():
    with pytest.raises(errors.SourceUnavailable, match="`floor` has no Python source"):
        grad(np.floor)
