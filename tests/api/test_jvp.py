"""`jvp`: JAX's signature and results, what is refused, and every way to nest it with `grad`."""

import dataclasses
import functools
import typing

import numpy as np
import pytest

import backprose
from backprose import errors, grad, hvp, jvp, linearize, value_and_grad, vjp

X, V = np.array([0.3, -1.2, 2.0]), np.array([1.0, 0.5, -2.0])


def wave(x):
    return np.sin(x) * x


def energy(x):
    return np.sum(np.exp(x) * x**2)


def step(f, x, v, h=1e-5):
    return (f(x + h * v) - f(x - h * v)) / (2 * h)


def test_value_and_tangent():
    value, dot = jvp(wave, (X,), (V,))
    np.testing.assert_array_equal(value, wave(X))
    np.testing.assert_allclose(dot, (np.cos(X) * X + np.sin(X)) * V)


def test_two_arguments():
    value, dot = jvp(lambda a, b: a @ b, (np.eye(3) * 2, X), (np.ones((3, 3)), V))
    np.testing.assert_allclose(value, 2 * X)
    np.testing.assert_allclose(dot, np.ones((3, 3)) @ X + 2 * V)


def test_aux():
    value, dot, aux = jvp(lambda x: (x * x, {"steps": 3}), (2.0,), (1.5,), has_aux=True)
    assert (value, dot, aux) == (4.0, 6.0, {"steps": 3})


def test_defaults_and_keyword_only_parameters_keep_their_values():
    def f(x, scale=2.0, *, shift=1.0):
        return x * scale + shift

    assert jvp(f, (3.0,), (1.0,)) == (7.0, 2.0)
    assert jvp(functools.partial(f, shift=5.0), (3.0, 4.0), (1.0, 1.0)) == (17.0, 7.0)


def test_variadic_primals():
    assert jvp(lambda *xs: xs[0] * xs[1] * xs[2], (2.0, 3.0, 5.0), (1.0, 0.0, 1.0)) == (30.0, 21.0)


def test_methods():
    class Model:
        rate = 3.0

        def loss(self, x):
            return self.rate * x * x

    assert jvp(Model().loss, (2.0,), (1.0,)) == (12.0, 12.0)


def test_beside_the_function():
    @backprose.differentiable
    def cube(x):
        return x**3

    assert cube.jvp((2.0,), (1.0,)) == (8.0, 12.0)


class Pair(typing.NamedTuple):
    a: float
    n: int


@dataclasses.dataclass
class Weights:
    w: np.ndarray
    name: str


def test_containers_come_out_in_the_structure_of_the_value():
    def f(params, pair, weights):
        return {"x": [params["u"] * pair.a, pair.n], "y": (weights.w * 2, None), "z": pair, "w": weights}

    primals = ({"u": X, "k": 2}, Pair(2.0, 3), Weights(X, "layer"))
    tangents = ({"u": V, "k": None}, Pair(0.5, None), Weights(V, None))
    value, dot = jvp(f, primals, tangents)
    assert value["z"] == Pair(2.0, 3) and value["x"][1] == 3
    np.testing.assert_allclose(dot["x"][0], V * 2 + X * 0.5)
    assert dot["x"][1] is None and dot["y"][1] is None and dot["z"] == Pair(0.5, None)
    np.testing.assert_array_equal(dot["y"][0], 2 * V)
    np.testing.assert_array_equal(dot["w"].w, V)
    assert dot["w"].name is None


def test_lists_of_any_length():
    def f(layers, x):
        for w, b in layers:
            x = np.tanh(w * x + b)
        return x

    for n in (1, 3):
        layers = [(1.0 + i, 0.5 * i) for i in range(n)]
        dots = [(0.1, 1.0) for _ in range(n)]
        moved = [[(w + h * a, b + h * c) for (w, b), (a, c) in zip(layers, dots)] for h in (1e-6, -1e-6)]
        wanted = (f(moved[0], 0.3 + 1e-6) - f(moved[1], 0.3 - 1e-6)) / 2e-6
        np.testing.assert_allclose(jvp(f, (layers, 0.3), (dots, 1.0))[1], wanted, rtol=1e-7)


def test_float32_stays():
    value, dot = jvp(wave, (X.astype(np.float32),), (V,))
    assert value.dtype == dot.dtype == np.float32


def test_a_constant_has_a_zero_tangent():
    value, dot = jvp(lambda x: np.ones(3), (X,), (V,))
    np.testing.assert_array_equal(dot, np.zeros(3))
    assert jvp(lambda x: 3, (2.0,), (1.0,)) == (3, None)


def test_the_tangent_owns_its_memory():
    for f in (lambda x: x, lambda x: x[::-1], lambda x: x + 1.0, lambda x: (x, x)):
        before = V.copy()
        _, dot = jvp(f, (X,), (V,))
        for part in dot if isinstance(dot, tuple) else (dot,):
            part += 1.0
        np.testing.assert_array_equal(V, before)
    first, second = jvp(lambda x: (x, x), (X,), (V,))[1]
    assert not np.shares_memory(first, second)


def test_arguments_are_left_alone():
    def f(x):
        x[0] = x[1] * 2
        x *= 3.0
        return x

    x, v = X.copy(), V.copy()
    _, dot = jvp(f, (x,), (v,))
    np.testing.assert_array_equal((x, v), (X, V))
    np.testing.assert_allclose(dot, [6 * V[1], 3 * V[1], 3 * V[2]])


def test_a_broadcast_tangent_has_the_shape_of_the_value():
    _, dot = jvp(lambda x, c: c + x, (2.0, np.arange(3)), (1.0, None))
    np.testing.assert_array_equal(dot, np.ones(3))
    _, dot = jvp(lambda x: np.zeros((2, 3)) + x, (X,), (V,))
    np.testing.assert_array_equal(dot, np.broadcast_to(V, (2, 3)))


# Nested


def test_forward_over_reverse():
    _, product = jvp(grad(energy), (X,), (V,))
    np.testing.assert_allclose(product, step(grad(energy), X, V), rtol=1e-6)
    (value, gradient), (value_dot, product) = jvp(value_and_grad(energy), (X,), (V,))
    np.testing.assert_allclose(value_dot, gradient @ V)
    np.testing.assert_allclose(product, step(grad(energy), X, V), rtol=1e-6)


def test_reverse_over_forward():
    def slope(x):
        return jvp(energy, (x,), (V,))[1]

    np.testing.assert_allclose(grad(slope)(X), step(grad(energy), X, V), rtol=1e-6)


def test_forward_over_forward():
    def slope(x):
        return jvp(wave, (x,), (x * 0 + 1.0,))[1]

    value, dot = jvp(slope, (0.7,), (1.0,))
    np.testing.assert_allclose(value, np.cos(0.7) * 0.7 + np.sin(0.7))
    np.testing.assert_allclose(dot, 2 * np.cos(0.7) - np.sin(0.7) * 0.7)


def test_three_levels():
    def second(x):
        return jvp(lambda y: jvp(lambda z: z**5, (y,), (1.0,))[1], (x,), (1.0,))[1]

    np.testing.assert_allclose(grad(second)(1.1), 60 * 1.1**2)
    np.testing.assert_allclose(jvp(grad(grad(lambda z: z**5)), (1.1,), (1.0,))[1], 60 * 1.1**2)


def test_of_a_nested_function_that_captures():
    def f(x, a):
        def g(y):
            return a * y**3

        return jvp(g, (x,), (1.0,))[1]

    np.testing.assert_allclose(grad(f, argnums=(0, 1))(2.0, 5.0), (60.0, 12.0))


def test_pullback_of_what_calls_jvp():
    value, pullback = vjp(lambda x: jvp(wave, (x,), (V,))[1], X)
    np.testing.assert_allclose(value, jvp(wave, (X,), (V,))[1])
    np.testing.assert_allclose(pullback(np.ones(3))[0], (2 * np.cos(X) - np.sin(X) * X) * V)


def test_inside_with_aux():
    def f(x):
        value, dot, aux = jvp(lambda y: (y * y, y + 1.0), (x,), (3.0,), has_aux=True)
        return value * dot + aux

    np.testing.assert_allclose(grad(f)(2.0), 18 * 4.0 + 1.0)


def test_recursion():
    def power(x, n):
        return 1.0 if n == 0 else x * power(x, n - 1)

    assert jvp(lambda x: power(x, 3), (2.0,), (1.0,)) == (8.0, 12.0)


# What is refused


@pytest.mark.parametrize(
    ("primals", "tangents", "error", "text"),
    [
        (X, (V,), TypeError, "jvp expects a tuple of primals, not ndarray: write (primals,) for a single one"),
        ((X,), V, TypeError, "jvp expects a tuple of tangents, not ndarray: write (tangents,) for a single one"),
        ((X,), (V, V), ValueError, "jvp got 1 primals and 2 tangents: there is a tangent for each primal"),
        ((X,), (V[:2],), ValueError, "tangents[0] has shape (2,), but the primal has shape (3,)"),
        ((X,), (None,), TypeError, "tangents[0] is None, but the primal is a float64 array with 1 axis: pass zeros"),
        ((X,), (V * 1j,), TypeError, "tangents[0] is complex, but the primal is real"),
        ((2.0,), (V,), ValueError, "tangents[0] has shape (3,), but the primal is a number"),
    ],
)
def test_tangents_that_do_not_fit(primals, tangents, error, text):
    with pytest.raises(error) as caught:
        jvp(wave, primals, tangents)
    assert text in str(caught.value)


def test_an_integer_expects_none():
    assert jvp(lambda x, n: x**n, (3.0, 2), (1.0, None)) == (9.0, 6.0)
    with pytest.raises(TypeError, match=r"tangents\[1\] must be None: the primal is an int"):
        jvp(lambda x, n: x**n, (3.0, 2), (1.0, 0.0))
    with pytest.raises(ValueError, match=r"tangents\[0\] must be a dict with the keys \['x'\], as the primal is"):
        jvp(lambda p: p["x"], ({"x": 2.0},), (1.0,))


def test_no_primal_that_can_move():
    with pytest.raises(errors.NotDifferentiable, match="no argument holds a floating-point number"):
        jvp(lambda n: n * 2, (3,), (None,))


def test_what_reverse_mode_refuses():
    def f(x):
        return np.arange(x)

    def g(x):
        return np.reshape(x, (3, 1), order="A")

    for function, primal in ((f, 3.0), (g, X)):
        with pytest.raises(errors.CompileError) as forward:
            jvp(function, (primal,), (primal,))
        with pytest.raises(errors.CompileError) as reverse:
            vjp(function, primal)
        assert str(forward.value) == str(reverse.value)


def test_the_name_is_public():
    assert "jvp" in backprose.__all__


def spread_out(p):
    return np.sum(p["a"] ** 2) + np.sum(p["b"] ** 3)


def doubled(p):
    return {"a": 2 * p["a"], "b": 3 * p["b"]}


def test_dicts_go_by_their_keys():
    """Not by the order in which these were written."""
    x, v = np.array([1.0, 2.0]), np.array([1.0, 0.5])
    p, p_dot, turned = {"a": x, "b": x}, {"a": v, "b": 2 * v}, {"b": 2 * v, "a": v}
    assert jvp(spread_out, (p,), (turned,)) == jvp(spread_out, (p,), (p_dot,)) == (14.0, 22.0)
    (bar,) = vjp(doubled, p)[1](turned)
    assert list(bar) == ["a", "b"]
    np.testing.assert_array_equal([bar["a"], bar["b"]], [2 * v, 6 * v])
    with pytest.raises(ValueError, match=r"tangents\[0\] must be a dict with the keys \['a', 'b'\], as the primal is"):
        jvp(spread_out, (p,), ({"a": v, "c": v},))


def test_products_with_what_takes_any_number():
    def f(*xs):
        return np.prod(np.stack(xs))

    assert hvp(f, (2.0,), (1.0,)) == 0.0
    assert hvp(f, (2.0, 3.0, 5.0), (1.0, 0.0, 1.0)) == (3.0, 7.0, 3.0)
    assert hvp(lambda x, *rest: f(x, *rest) * x, (2.0, 3.0), (1.0, 0.0)) == (6.0, 4.0)
    assert hvp(lambda *xs: (f(*xs), 1), (2.0, 3.0), (1.0, 0.0), has_aux=True) == ((0.0, 1.0), 1)


@pytest.mark.parametrize("way", [lambda f, x, v: jvp(f, (x,), (v,))[0], lambda f, x, v: linearize(f, x)[0]])
def test_the_value_of_a_gradient_shares_memory_with_nothing(way):
    """As that of `grad` itself does not: that of x @ x / 2 is x."""
    x, v = np.array([1.0, 2.0]), np.ones(2)
    gradient = way(grad(lambda x: np.sum(x * x) / 2), x, v)
    np.testing.assert_array_equal(gradient, x)
    assert not np.may_share_memory(gradient, x)
