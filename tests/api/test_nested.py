"""Gradients inside functions that are differentiated: of gradients, of nested functions, to any order."""

import numpy as np
import pytest
from numeric import difference

from backprose import differentiable, errors, grad, hessian, hvp, jacobian, jvp, linearize, value_and_grad, vjp

X = np.array([0.3, -0.7, 1.2, 0.4])


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def running(x, n):
    s = 0.0
    for i in range(n):
        s += np.sin(x[i]) * x[i - 1]
    return s


def piecewise(x):
    return x * x * x if x > 0 else -x


def newton(a):
    x = 1.0
    while abs(x * x - a) > 1e-13:
        x = x - (x * x - a) / (2 * x)
    return x


@differentiable
def square(x):
    return np.sum(x * x)


def squared_gradient(x):
    return np.sum(grad(running)(x, 4) ** 2)


def descent(x):
    for _ in range(3):
        x = x - 1e-3 * grad(rosenbrock)(x)
    return rosenbrock(x)


def inner_function(x, rate):
    def penalised(y):
        return rosenbrock(y) + 0.1 * np.sum(y * x)

    value, step = value_and_grad(penalised)(x)
    return np.sum((x - rate * step) ** 2) + value


def inner_lambda(x):
    return np.sum(grad(lambda y, k: np.sum(y**3) * k, argnums="y")(x, 2.0) * x)


def of_differentiable(x):
    return np.sum(square.grad(x) * np.sin(x))


@pytest.mark.parametrize(
    "function", [squared_gradient, descent, lambda x: inner_function(x, 1e-3), inner_lambda, of_differentiable]
)
def test_gradient_through_gradients(function):
    np.testing.assert_allclose(grad(function)(X), difference(function, X), rtol=1e-5, atol=1e-6)


def test_orders_of_a_polynomial():
    derivative, expected = (lambda t: t**5), 2.0**5
    for order in range(1, 5):
        derivative = grad(derivative)
        expected *= (6 - order) / 2.0
        assert derivative(2.0) == pytest.approx(expected, rel=1e-14)


def test_second_derivative_through_a_branch():
    assert grad(grad(piecewise))(2.0) == 12.0
    assert grad(grad(piecewise))(-2.0) == 0.0


@pytest.mark.parametrize("a", [0.3, 2.0, 9.0])
def test_second_derivative_through_a_while_loop(a):
    assert grad(grad(newton))(a) == pytest.approx(-0.25 * a**-1.5, rel=1e-7)


def test_an_integer_in_an_inner_gradient_is_named():
    def f(x):
        return grad(running)(3, 4) * x

    with pytest.raises(errors.NotDifferentiable, match="argument `x` of `running`"):
        grad(f)(1.0)


# Functions that take any number of arguments


def product(*xs):
    return np.sum(np.prod(np.stack(xs), axis=0))


def curvature(f, *v):
    return lambda *x: jvp(lambda *x: jvp(f, x, v)[1], x, v)[1]


def test_derivatives_of_functions_of_any_number_of_arguments():
    x, y, v = np.array([2.0, 3.0]), np.array([5.0, 7.0]), np.array([1.0, -1.0])
    assert curvature(product, v, v)(x, y) == jvp(lambda *a: jvp(product, a, (v, v))[1], (x, y), (v, v))[1] == 2 * np.sum(v * v)
    x_bar, y_bar = grad(curvature(lambda *a: product(*a, a[0]), v, v), (0, 1))(x, y)  # of sum(x * x * y)
    np.testing.assert_allclose((x_bar, y_bar), (4 * v * v, 2 * v * v))
    assert jvp(grad(product, (0, 1)), (x, y), (v, 0 * v))[1][1].tolist() == v.tolist()

    def inside(x):
        slopes = grad(lambda *a, by, **more: product(*a) * by * more["and_by"], (0, 1))(x, x, by=2.0, and_by=3.0)
        return np.sum(slopes[0] * v) + np.sum(hvp(product, (x, x), (v, v))[1] * x)

    np.testing.assert_allclose(grad(inside)(x), 6 * v + v)


def test_tangents_have_the_structure_of_the_primals():
    def total(p):
        return np.sum(p["a"] ** 2) + p["b"][0] * np.sum(p["b"][1] ** 3)

    def pushed(x):
        return jvp(total, ({"a": x, "b": (2.0, x)},), ({"b": (1.0, X), "a": X},))[1]

    x = np.ones(4)
    np.testing.assert_allclose(grad(pushed)(x), 2 * X + 3 * x**2 + 12 * x * X)
    with pytest.raises(errors.UnsupportedCall, match="the tangent of `p` is .*, but `p` is"):
        grad(lambda x: jvp(total, ({"a": x, "b": (2.0, x)},), ({"a": x, "b": (1.0, 1.0)},))[1])(x)


# Pullbacks and linear functions


def waves(x):
    return np.sum(np.sin(x) * x**2)


def shrinking(x, n):
    return np.sum(np.sin(x)) if n == 0 else x[0] * growing(0.9 * x, n - 1)


def growing(x, n):
    return np.sum(x**3) if n == 0 else shrinking(np.cos(x), n - 1) + x[-1]


def pulled(x):
    _, pull = vjp(waves, x)
    return np.sum(pull(1.0)[0] ** 2)


def pushed_twice(x):
    _, push, aux = linearize(lambda x: (waves(x), x**3), x, has_aux=True)
    return push(X) + 2 * push(X * X) + np.sum(aux)


def pulled_in_a_loop(x):
    _, pull, aux = vjp(lambda x: (waves(x), x**3), x, has_aux=True)
    total = np.sum(aux)
    for i in range(3):
        total = total + np.sum(pull(1.0 * i)[0])
    return total


def pulled_after_updates(x):
    z, w = x * 1.0, np.ones(4)
    _, pull = vjp(lambda q: np.sum(q**3 * w), z)
    z *= 2.0
    w[:] = 7.0
    return np.sum(pull(1.0)[0] ** 2) + np.sum(z**2)


def pulled_by_keys(x):
    _, pull = vjp(lambda p, n: {"a": p["a"] ** n, "b": np.sin(p["b"])}, {"a": x, "b": x}, 3)
    p_bar, nothing = pull({"b": 3 * X, "a": X})
    return np.sum(p_bar["a"] * p_bar["b"]) if nothing is None else 0.0


def pulled_through_a_gradient(x):
    return np.sum(vjp(grad(waves), x)[1](X)[0] ** 2)


def pulled_through_recursion(x):
    _, pull = vjp(shrinking, x, 3)
    return np.sum(pull(1.0)[0] ** 2) + linearize(lambda x: growing(x, 2), x)[1](X)


def pulled_of_any_number(x):
    first, second = vjp(lambda *xs: np.sum(xs[0] * xs[1] ** 2), x, 2 * x)[1](1.0)
    return np.sum(first * second)


@pytest.mark.parametrize("f", [
    pulled, pushed_twice, pulled_in_a_loop, pulled_after_updates, pulled_by_keys, pulled_through_a_gradient,
    pulled_through_recursion, pulled_of_any_number,
])  # fmt: skip
def test_gradients_through_pullbacks_and_linear_functions(f):
    np.testing.assert_allclose(grad(f)(X), difference(f, X), rtol=1e-5, atol=1e-7)


def test_derivatives_of_pullbacks_are_second_derivatives():
    rows = hessian(waves)(X)
    np.testing.assert_allclose(jacobian(lambda x: vjp(waves, x)[1](1.0)[0])(X), rows)
    np.testing.assert_allclose(jvp(lambda x: linearize(waves, x)[1](X), (X,), (X,))[1], X @ rows @ X)


@pytest.mark.parametrize(
    ("f", "what"),
    [
        (lambda x: vjp(waves, x)[1](x)[0][0], "the cotangent of the value of `waves` is"),
        (lambda x: vjp(waves, x)[1]()[0][0], "this call of what is derived from `waves` does not fit"),
        (lambda x: linearize(waves, x)[1](1.0), "the tangent of `x` is"),
    ],
)
def test_pullbacks_that_are_called_wrongly(f, what):
    with pytest.raises(errors.UnsupportedCall, match=what):
        grad(f)(X)


# Shapes of tangents and cotangents

ONES = np.ones(3)


def of_squares(x):
    return np.sum(x * x * np.arange(1.0, 4.0))


@pytest.mark.parametrize("given", [np.ones(2), np.ones(1), np.ones((1, 3)), 1.0])
@pytest.mark.parametrize("of", [
    lambda x, d: jvp(of_squares, (x,), (d,))[1],
    lambda x, d: linearize(of_squares, x)[1](d),
    lambda x, d: np.sum(vjp(lambda z: z * z, x)[1](d)[0]),
    lambda x, d: np.sum(hvp(lambda z: np.sum(z**3), (x,), (d,))),
    lambda x, d: np.sum(jvp(lambda p: p["a"] * p["a"], ({"a": x},), ({"a": d},))[1]),
], ids=["jvp", "linearize", "vjp", "hvp", "in a dict"])  # fmt: skip
def test_another_shape_is_refused_and_not_broadcast(of, given):
    assert np.all(np.isfinite(grad(of)(ONES, ONES)))
    with pytest.raises((errors.UnsupportedCall, ValueError), match="tangent of"):
        grad(of)(ONES, given)


def test_so_within_lists():
    def of(q, d):
        return np.sum(jvp(lambda q: sum([a * a for a in q]), (q,), (d,))[1])

    assert grad(of)([1.0, 2.0], [1.0, 3.0]) == [2.0, 6.0]
    with pytest.raises(ValueError, match="the tangent of `q` is a list of 3, not of 2"):
        grad(of)([1.0, 2.0], [1.0, 3.0, 4.0])
    assert np.allclose(grad(of)([ONES, ONES], [ONES, ONES * 2]), [2 * ONES, 4 * ONES])
    with pytest.raises(ValueError, match=r"an item of the tangent of `q` has shape \(2,\), not \(3,\)"):
        grad(of)([ONES, ONES], [np.ones(2), np.ones(2)])


def test_a_stack_of_tangents_is_not_checked_one_by_one():
    of = jacobian(lambda x, d: jvp(lambda z: np.sin(z) * z, (x,), (d,))[1], 1)
    assert np.allclose(of(ONES, ONES * 2), np.diag(np.sin(ONES) + np.cos(ONES)))
    assert "each" not in of.source
