"""Updates in place in functions that take `*args` or `**keywords`, and in what such functions call."""

import functools

import numpy as np
import pytest
from numeric import difference

from backprose import elementwise_grad, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, linearize, value_and_grad, vjp

X = np.array([1.0, 2.0, 3.0])


def updated(x):
    y = x.copy()
    y[1:] = 2.0
    y += x * x
    return np.sum(y * x)


def of_its_argument(x):
    x[0] = x[1] * x[2]
    x *= x
    return np.sum(x)


def of_a_list(x):
    items = [x[0]]
    for v in x[1:]:
        items.append(items[-1] * v)
    return sum(items)


def into(x):
    out = np.zeros(3)
    np.add.at(out, [0, 0, 2], x * x)
    np.maximum(out, 1.0, out=out)
    return np.prod(out)


def wrapped(function):
    @functools.wraps(function)
    def wrapper(*args, **keywords):
        return function(*args, **keywords)

    return wrapper


FUNCTIONS = (updated, of_its_argument, of_a_list, into)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("form", [
    wrapped, lambda f: lambda *args: f(*args), lambda f: lambda *args: f(args[0]), lambda f: lambda **parts: f(parts["x"]),
], ids=["wrapped", "passed on", "taken apart", "by name"])  # fmt: skip
def test_gradients(function, form):
    f, x = form(function), X.copy()
    by_name = "parts" in f.__code__.co_varnames
    call = (lambda of: of(x=x)) if by_name else (lambda of: of(x))
    which = "x" if by_name else 0
    expected = difference(lambda x: function(x.copy()), X)
    assert np.allclose(call(grad(f, which)), expected, atol=1e-6)
    assert np.allclose(call(value_and_grad(f, which))[0], function(X.copy()))
    assert np.allclose(call(jacfwd(f, which)), expected, atol=1e-6)
    assert np.allclose(call(jacrev(f, which)), expected, atol=1e-6)
    assert np.array_equal(x, X)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_other_derivatives(function):
    f = wrapped(function)
    slope = grad(function)(X)
    assert np.allclose(vjp(f, X)[1](1.0)[0], slope) and np.allclose(jvp(f, (X,), (X,))[1], slope @ X)
    assert np.allclose(linearize(f, X)[1](X), slope @ X)
    assert np.allclose(hessian(f)(X), hessian(function)(X)) and np.allclose(hvp(f, (X,), (X,)), hessian(function)(X) @ X)
    bound = functools.partial(wrapped(lambda k, x: function(x) * k), 2.0)
    assert np.allclose(grad(bound)(X), 2 * slope) and np.allclose(jvp(bound, (X,), (X,))[1], 2 * slope @ X)
    assert np.allclose(grad(lambda x: grad(f)(x) @ X)(X), hessian(function)(X) @ X)


def test_entries_and_jacobians():
    def clipped(*args):
        y = args[0].copy()
        y *= args[0]
        return y

    assert np.allclose(elementwise_grad(clipped)(X), 2 * X) and np.allclose(jacobian(clipped)(X), np.diag(2 * X))


def test_arguments_that_share_memory_are_refused():
    def first(*args):
        args[0][0] = 0.0
        return np.sum(args[0] * args[1])

    assert np.allclose(grad(first, 1)(X.copy(), X), [0.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="share memory"):
        grad(first)(X, X)
