"""What the public functions return: argnums, auxiliary output, structures, keywords; errors before anything runs."""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
from numeric import assert_close, difference

from backprose import differentiable, errors, grad, value_and_grad, vjp

RNG = np.random.default_rng(7)
W, X, Y = RNG.normal(size=3), RNG.normal(size=(5, 3)), RNG.normal(size=5)


def loss(w, x, y, scale=0.5):
    return scale * np.mean((x @ w - y) ** 2)


def expected(index, args=(W, X, Y, 0.5)):
    return difference(lambda v: loss(*args[:index], v, *args[index + 1 :]), args[index])


# Which arguments


@pytest.mark.parametrize(
    "argnums, index", [(0, 0), (1, 1), ("w", 0), ("x", 1), (-4, 0), (-3, 1), (-1, 3), ("scale", 3)]
)
def test_one_argument(argnums, index):
    assert_close(grad(loss, argnums)(W, X, Y, 0.5), expected(index))


@pytest.mark.parametrize("argnums", [(0, 2), ("w", "y"), ("w", 2), [0, 2]])
def test_several_arguments_give_a_tuple(argnums):
    found = grad(loss, argnums=argnums)(W, X, Y)
    assert type(found) is tuple
    assert_close(found, (expected(0), expected(2)))


def test_a_tuple_of_one_gives_a_tuple_of_one():
    assert_close(grad(loss, argnums=(0,))(W, X, Y), (expected(0),))


def test_gradients_come_in_the_order_of_argnums():
    assert_close(grad(loss, argnums=("y", "w"))(W, X, Y), (expected(2), expected(0)))


def test_value_and_grad():
    value, gradient = value_and_grad(loss)(W, X, Y)
    assert value == loss(W, X, Y) and type(value) is type(loss(W, X, Y))
    assert_close(gradient, expected(0))


def test_keywords_and_defaults():
    g = grad(loss)
    reference = g(W, X, Y)
    assert_close(reference, expected(0))
    assert_close(g(w=W, x=X, y=Y), reference)
    assert_close(g(W, y=Y, x=X), reference)
    assert_close(g(W, X, Y, scale=1.0), 2 * reference)
    assert_close(g(W, X, Y, 1.0), 2 * reference)
    assert_close(grad(loss, "y")(W, X, y=Y), expected(2))
    assert len(g.specializations) == 1


def test_keyword_only_and_positional_only():
    def f(x, /, y, *, k=2.0, power):
        return k * np.sum(x**power) * y

    args = RNG.random(3), 1.5
    assert_close(grad(f)(*args, power=3), difference(lambda x: f(x, args[1], power=3), args[0]))
    assert_close(grad(f, "k")(*args, k=1.5, power=3), difference(lambda k: f(*args, k=k, power=3), 1.5))
    assert_close(grad(f, ("y", "k"))(args[0], y=1.5, power=2), (2 * np.sum(args[0] ** 2), 1.5 * np.sum(args[0] ** 2)))


def test_variadic_parameters():
    def f(x, *more, **named):
        total = np.sum(x**2)
        for item in more:
            total = total * np.sum(item)
        return total * named["k"]

    x = RNG.random(3)
    assert_close(grad(f)(x, x, 2.0, k=3.0), difference(lambda v: f(v, x, 2.0, k=3.0), x))
    assert_close(grad(f)(x, k=3.0), difference(lambda v: f(v, k=3.0), x))


def test_call_that_does_not_fit_the_signature():
    with pytest.raises(TypeError, match="x"):
        grad(loss)(W)
    with pytest.raises(TypeError, match="unexpected keyword argument 'q'"):
        grad(loss)(W, X, Y, q=1)
    with pytest.raises(TypeError, match="too many positional"):
        grad(loss)(W, X, Y, 1.0, 2.0)


@pytest.mark.parametrize(
    "argnums, words",
    [
        (4, r"takes 4 positional arguments \(w, x, y, scale\)"),
        (-5, "takes 4 positional"),
        ("q", r"no parameter of that name; it has \(w, x, y, scale\)"),
        ((0, "w"), "twice"),
        ((), "empty"),
    ],
)
def test_wrong_argnums_are_refused_at_once(argnums, words):
    with pytest.raises(ValueError, match=words):
        grad(loss, argnums)


def test_argnums_of_a_wrong_type():
    for argnums in (1.0, None, True):
        with pytest.raises(TypeError, match="argnums must be"):
            grad(loss, argnums)


def test_variadic_argnums_are_refused():
    def f(x, *more, **named):
        return x

    for argnums in ("more", "named"):
        with pytest.raises(ValueError, match=r"\*.* of f\(\) can't be differentiated"):
            grad(f, argnums)


def test_arguments_that_arrive_in_variadic_parameters():
    def f(x, *more, **named):
        return x * more[0] ** 2 * named["k"] ** 3

    assert grad(f, 1)(2.0, 3.0, 5.0, k=1.0) == 12.0
    assert grad(f, -1)(2.0, 3.0, k=1.0) == 12.0
    assert grad(f, -1)(2.0, 3.0, 5.0, k=1.0) == 0.0
    assert grad(f, (0, "k"))(2.0, 3.0, k=2.0) == (72.0, 216.0)
    with pytest.raises(ValueError, match="takes 1 positional"):
        grad(f, 1)(2.0, k=1.0)
    with pytest.raises(ValueError, match="no parameter of that name"):
        grad(f, "q")(2.0, 3.0, k=2.0)
    with pytest.raises(errors.UnresolvedKind, match="how many arguments `f` is called with"):
        grad(f, 1).source


def doubled(function):
    @functools.wraps(function)
    def wrapper(*args, **keywords):
        return 2 * function(*args, **keywords)

    return wrapper


@doubled
def wrapped_loss(w, x, y=1.0):
    return np.sum((x @ w - y) ** 2)


def test_wrapped_functions():
    g = grad(wrapped_loss)
    assert "def wrapper_grad(w, x, y)" in g.source  # before any call
    reference = difference(lambda w: wrapped_loss(w, X, Y), W)
    assert_close(g(W, X, Y), reference)
    assert_close(g(W, X, y=Y), reference)
    assert_close(grad(wrapped_loss, "w")(W, X, Y), reference)
    assert_close(grad(wrapped_loss, "y")(W, X, y=Y), difference(lambda y: wrapped_loss(W, X, y), Y))
    assert_close(grad(wrapped_loss, (0, 1))(W, X)[0], difference(lambda w: wrapped_loss(w, X), W))
    assert [s.signature for s in g.specializations] == [
        "w: f64[N], x: f64[N, N], y: f64[N]", "w: f64[N], x: f64[N, N], y: f64[N]",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="takes 3 positional"):
        grad(wrapped_loss, 3)(W, X, Y)
    assert_close(vjp(wrapped_loss, W, X, Y)[1](1.0)[0], reference)
    assert_close(differentiable(wrapped_loss).grad(W, X, Y), reference)


def test_backends():
    assert_close(grad(loss, backend="numpy")(W, X, Y), expected(0))
    with pytest.raises(ValueError, match="'cuda' is not available; choose one of 'auto', 'numpy'"):
        grad(loss, backend="cuda")


# Auxiliary output


def with_aux(w, x):
    z = x @ w
    return np.sum(z**2), {"z": z, "name": "square"}


def test_auxiliary_output():
    value, aux = with_aux(W, X)
    gradient, found = grad(with_aux, has_aux=True)(W, X)
    assert_close(gradient, difference(lambda w: with_aux(w, X)[0], W))
    np.testing.assert_array_equal(found["z"], aux["z"])
    assert found["name"] == "square"
    (same, found), gradient2 = value_and_grad(with_aux, has_aux=True)(W, X)
    assert same == value
    np.testing.assert_array_equal(gradient, gradient2)
    np.testing.assert_array_equal(found["z"], aux["z"])


def test_auxiliary_output_of_a_pullback():
    value, pullback, aux = vjp(with_aux, W, X, has_aux=True)
    assert value == with_aux(W, X)[0] and aux["name"] == "square"
    assert_close(pullback(1.0)[0], difference(lambda w: with_aux(w, X)[0], W))


def test_auxiliary_output_without_a_pair():
    with pytest.raises(errors.NotDifferentiable, match="must return a pair"):
        grad(loss, has_aux=True)(W, X, Y)


# Structures


class Pair(NamedTuple):
    first: Any
    second: Any


@dataclass(frozen=True)
class Layer:
    w: Any
    b: Any
    name: str = "layer"


def in_dict(p):
    return np.sum(p["w"] ** 2) * p["b"]


def in_nested(p):
    return np.sum(p["layers"][0]["w"] * p["layers"][1]["w"]) + p["pair"][1] ** 2 * p["pair"][0]


def in_named(p):
    return np.sum(p.first**2) * p.second


def in_dataclass(p):
    return np.sum(np.tanh(p.w)) * p.b


def in_list(p):
    total = 0.0
    for item in p:
        total = total + np.sum(item**3)
    return total


def in_layers(p):
    h = np.ones(2)
    for layer in p:
        h = np.tanh(h @ layer.w + layer.b)
    return np.sum(h)


def unused_parts(p):
    return np.sum(p["used"] ** 2)


STRUCTURES = [
    (in_dict, {"w": W, "b": 2.0}),
    (in_dict, {"w": W, "b": 2.0, "name": "linear", "activation": np.tanh, "nothing": None}),
    (in_nested, {"layers": [{"w": W}, {"w": Y[:3]}], "pair": (1.5, 2.5)}),
    (in_named, Pair(W, 2.0)),
    (in_named, Pair(X, 2.0)),
    (in_dataclass, Layer(W, 2.0)),
    (in_list, [W, Y]),
    (in_list, [W, X, 2.0]),
    (in_list, (W, Y)),
    (in_layers, [Layer(RNG.normal(size=(2, 2)), RNG.normal(size=2)) for _ in range(3)]),
    (unused_parts, {"used": W, "unused": X, "list": [Y, Y], "number": 1.0, "pair": Pair(1.0, "x")}),
]


@pytest.mark.parametrize("function, p", STRUCTURES, ids=[f"{f.__name__}-{i}" for i, (f, _) in enumerate(STRUCTURES)])
def test_gradients_have_the_structure_of_the_argument(function, p):
    assert_close(grad(function)(p), difference(function, p))
    value, gradient = value_and_grad(function)(p)
    assert value == function(p)
    assert_close(gradient, difference(function, p))


def test_dtypes_of_gradients():
    def f(x, y):
        return np.sum(x * y)

    x32, y = np.ones(3, np.float32), 2.0 * np.ones(3)
    assert grad(f)(x32, y).dtype == np.float32
    assert grad(f, 1)(x32, y).dtype == np.float64
    assert type(grad(f)(2.0, 3.0)) in (float, np.float64)
    assert type(grad(f)(np.float32(2), 3.0)) is np.float32


# Refused before anything runs


def scaled(x, n):
    return np.sum(x) * n


@pytest.mark.parametrize(
    "n, words",
    [
        (3, "the argument `n` is an int, which has no derivative"),
        (True, "the argument `n` is a bool"),
        (np.arange(3), "the argument `n` is an int64 array with 1 axis"),
        (np.ones((2, 3), bool), "the argument `n` is a bool array with 2 axes"),
        (np.int32(3), "the argument `n` is an int32"),
        ({"steps": 3, "w": 1.0}, r'`n\["steps"\]` in the argument `n` is an int'),
        ([(1.0, np.arange(2))], r"`n\[0\]\[1\]` in the argument `n` is an int64 array"),
        (Layer(1.0, 2), r"`n\.b` in the argument `n` is an int"),
    ],
)
def test_integer_arguments_are_refused(n, words):
    with pytest.raises(errors.NotDifferentiable, match=words) as info:
        grad(scaled, "n")(1.0, n)
    assert "def scaled(x, n)" in str(info.value)
    assert "allow_int=True" in str(info.value) and "argnums" in str(info.value)


@pytest.mark.parametrize("n", ["text", None, np.tanh, {"name": "x"}, [], ()])
def test_arguments_without_a_number_are_refused(n):
    with pytest.raises(errors.NotDifferentiable, match="`n` holds no floating-point number"):
        grad(scaled, "n")(1.0, n)
    with pytest.raises(errors.NotDifferentiable, match="`n` holds no floating-point number"):
        grad(scaled, "n", allow_int=True)(1.0, n)


def test_integers_that_are_not_differentiated_are_fine():
    assert grad(scaled)(1.5, 3) == 3.0
    np.testing.assert_array_equal(grad(scaled)(np.ones(2), 3), [3.0, 3.0])


def test_allow_int_gives_zeros():
    assert grad(scaled, "n", allow_int=True)(1.5, 3) == 0.0
    found = grad(scaled, (0, 1), allow_int=True)(1.5, 3)
    assert found == (3.0, 0.0)
    value, found = value_and_grad(lambda p: np.sum(p["x"]) * p["n"][0], allow_int=True)({"x": W, "n": [2, 3]})
    assert_close(found, {"x": 2 * np.ones(3), "n": [0.0, 0.0]})
    table = np.arange(6).reshape(2, 3)
    zeros = grad(lambda x, t: np.sum(x * t), 1, allow_int=True)(2.0, table)
    assert zeros.dtype == np.float64 and zeros.shape == (2, 3) and not zeros.any()


def test_arrays_of_objects_are_refused_by_name():
    for n in (np.array([1.0, None]), {"table": np.array(["a", "b"])}):
        with pytest.raises(errors.NotDifferentiable, match="the argument `n.*` is an array of dtype (object|<U1)"):
            grad(scaled)(1.0, n)


class Sub(np.ndarray):
    pass


@pytest.mark.parametrize(
    "n", [np.ma.masked_array([1.0]), np.ones(2).view(Sub), {1.0}, [OrderedDict(x=1.0)]], ids=lambda n: type(n).__name__
)
def test_classes_with_their_own_behaviour_are_refused(n):
    with pytest.raises(errors.CompileError, match=r"the argument `n(\[0\])?` is"):
        grad(scaled)(1.0, n)


def test_vectors_have_no_gradient():
    def f(x):
        y = np.sin(x)
        return y * x

    with pytest.raises(errors.NotDifferentiable) as info:
        grad(f)(W)
    assert "return y * x" in str(info.value) and "np.sum" in str(info.value) and "vjp" in str(info.value)


def test_integer_results_have_no_gradient():
    with pytest.raises(errors.NotDifferentiable, match="not a real number"):
        grad(lambda x: int(x))(1.5)


# Arguments and results


def test_arguments_are_left_as_they_were():
    p = {"w": W.copy(), "b": 2.0, "unused": X.copy()}
    before = {k: np.copy(v) for k, v in p.items()}
    grad(in_dict)(p)
    value, pullback = vjp(in_dict, p)
    pullback(1.0)
    assert list(p) == list(before)
    for key in p:
        np.testing.assert_array_equal(p[key], before[key])


def arrays(x):
    if isinstance(x, np.ndarray):
        return [x]
    if isinstance(x, dict):
        x = list(x.values())
    return [a for item in x for a in arrays(item)] if isinstance(x, (list, tuple)) else []


@pytest.mark.parametrize(
    "function, args",
    [
        (lambda x, y: np.sum(x * y), (W, W.copy())),
        (lambda x, y: np.sum(x + y), (W, W.copy())),
        (lambda x, y: x @ y, (W, W.copy())),
        (lambda x, y: np.sum(x.T @ y), (X, X.copy())),
        (lambda x, y: x["a"] @ y, ({"a": W}, W.copy())),
    ],
)
def test_results_alias_neither_arguments_nor_each_other(function, args):
    results = arrays(grad(function, (0, 1))(*args))
    _, pullback = vjp(function, *args)
    results += arrays(pullback(1.0)) + arrays(pullback(1.0))
    for i, a in enumerate(results):
        assert a.flags.writeable
        for other in arrays(args) + results[:i]:
            assert not np.shares_memory(a, other)


# Pullbacks


def layer(w, x):
    return np.tanh(x @ w)


def test_pullback():
    value, pullback = vjp(layer, W, X)
    np.testing.assert_array_equal(value, layer(W, X))
    expected_w = difference(lambda w: layer(w, X) @ Y, W)
    expected_x = difference(lambda x: layer(W, x) @ Y, X)
    for _ in range(2):
        assert_close(pullback(Y), (expected_w, expected_x))
    assert_close(pullback(2 * Y), (2 * expected_w, 2 * expected_x))
    np.testing.assert_array_equal(Y, Y)


def test_pullback_outlives_changes_of_the_arguments_and_the_value():
    w, x = W.copy(), X.copy()
    value, pullback = vjp(layer, w, x)
    before = pullback(Y)
    w += 1
    x += 1
    value += 1
    after = pullback(Y)
    for a, b in zip(before, after):
        np.testing.assert_array_equal(a, b)


def test_the_cotangent_is_not_changed_or_aliased():
    bar = Y.copy()
    _, pullback = vjp(lambda x: x + 1.0, Y.copy())
    (found,) = pullback(bar)
    np.testing.assert_array_equal(bar, Y)
    assert not np.shares_memory(found, bar)


def test_pullback_of_containers():
    def f(p, k):
        return {"s": p["a"] * k, "t": (np.sum(p["a"]), 3)}

    value, pullback = vjp(f, {"a": W, "n": "x"}, 2.0)
    assert list(value) == ["s", "t"]
    a_bar, k_bar = pullback({"s": np.ones(3), "t": (1.0, None)})
    assert_close(a_bar, {"a": 3 * np.ones(3), "n": None})
    assert_close(k_bar, np.sum(W))


def test_cotangents_that_do_not_fit():
    _, pullback = vjp(layer, W, X)
    with pytest.raises(ValueError, match=r"cotangent has shape \(3,\), but the value has shape \(5,\)"):
        pullback(np.ones(3))
    with pytest.raises(TypeError, match="complex"):
        pullback(np.ones(5) * 1j)
    assert pullback(np.ones(5, int))[0].dtype == np.float64
    _, pullback = vjp(lambda x: (x, x), 1.0)
    with pytest.raises(ValueError, match="tuple with 2 parts"):
        pullback((1.0,))


def test_primals_without_a_derivative():
    _, pullback = vjp(scaled, W, 3)
    assert_close(pullback(1.0), (3 * np.ones(3), None))
    with pytest.raises(errors.NotDifferentiable, match="no argument holds a floating-point number"):
        vjp(scaled, 2, 3)


def test_pullback_of_variadic_arguments():
    def f(x, *more):
        for item in more:
            x = x * item
        return x

    value, pullback = vjp(f, 2.0, 3.0, 4.0)
    assert value == 24.0
    assert_close(pullback(1.0), (12.0, 8.0, 6.0))


def test_pullback_shows_its_source():
    _, pullback = vjp(layer, W, X)
    assert "def layer_forward(w, x)" in pullback.source and "def layer_backward(residuals, out_bar)" in pullback.source


# Wrappers


def test_wrapped_attributes():
    def f(x):
        """Squares."""
        return x * x

    for g in (grad(f), value_and_grad(f), differentiable(f)):
        assert g.__wrapped__ is f and g.__name__ == "f" and g.__module__ == __name__ and "Squares." in g.__doc__
        assert inspect.signature(g) == inspect.signature(f)
    assert grad(f).__doc__.startswith("Gradient of `f` with respect to argnums=0.")
    assert value_and_grad(f).__doc__.startswith("Value of `f` and its gradient")


def test_decorators():
    @grad
    def f(x):
        return x**3

    @value_and_grad(argnums="y")
    def g(x, y):
        return x * y**2

    @differentiable(argnums="y")
    def h(x, y):
        return x * y**2

    assert f(2.0) == 12.0
    assert g(3.0, 2.0) == (12.0, 12.0)
    assert h(3.0, 2.0) == 12.0 and h.grad(3.0, 2.0) == 12.0 and h.value_and_grad(3.0, y=2.0) == (12.0, 12.0)


class Scale:
    def __init__(self, k):
        self.k = k

    def __call__(self, x):
        return self.k * np.sum(x**2)

    def apply(self, x):
        return self.k * np.sum(x**2)

    @grad
    def slope(self, x):
        """A gradient as a method."""
        return self.k * np.sum(x**2)

    @differentiable
    def energy(self, x):
        return self.k * np.sum(x**2)

    @staticmethod
    @grad
    def cube(x):
        return x**3

    @classmethod
    def square(cls, x):
        return x**2


def test_methods():
    two, three = Scale(2.0), Scale(3.0)
    for scale in (two, three, two):
        expected_bar = 2 * scale.k * W
        assert_close(scale.slope(W), expected_bar)
        assert_close(grad(scale.apply)(W), expected_bar)
        assert_close(grad(scale)(W), expected_bar)
        assert_close(grad(scale.energy)(W), expected_bar)
        assert_close(scale.energy.grad(W), expected_bar)
        assert_close(scale.energy.grad(x=W), expected_bar)
        assert scale.energy(W) == scale.energy.value_and_grad(W)[0]
        assert_close(scale.energy.vjp(W)[1](1.0), (expected_bar,))
    assert two.cube(2.0) == Scale.cube(2.0) == 12.0
    assert grad(Scale.square)(3.0) == 6.0
    assert "def slope_grad(self, x)" in two.slope.source
    assert "def energy_grad(self, x)" in two.energy.source
    two.k = 5.0
    assert_close(two.slope(W), 10 * W)


@dataclass
class Model:
    w: np.ndarray

    def loss(self, x):
        return np.sum((x @ self.w) ** 2)


def test_methods_of_a_dataclass():
    model = Model(W)
    assert_close(grad(model.loss)(X), difference(model.loss, X))
    assert_close(grad(Model.loss)(model, X), Model(difference(lambda w: Model(w).loss(X), W)))


def test_partial():
    f = functools.partial(loss, x=X, y=Y)
    assert_close(grad(f)(W), expected(0))
    assert_close(grad(functools.partial(loss, W))(X, Y), expected(1))


def test_what_can_not_be_differentiated():
    with pytest.raises(TypeError, match="expected a function, not int"):
        grad(3)
    with pytest.raises(errors.SourceUnavailable, match="`len` has no Python source"):
        grad(len)
    with pytest.raises(TypeError, match="below @staticmethod"):
        grad(staticmethod(lambda x: x))


def test_differentiable_calls_the_function_itself():
    seen = []

    def f(x):
        return x

    f.tag = seen
    g = differentiable(f)
    token = object()
    assert g(token) is token and g.tag is seen and g.fun is f


def test_unsupported_syntax_is_refused_where_it_stands():
    with pytest.raises(errors.UnsupportedSyntax):

        @differentiable
        def f(x):
            yield x


def test_names_may_be_defined_after_the_decorated_function():
    @differentiable
    def f(x: float):
        return later(x)

    def later(x):
        return x * x

    assert f.grad(3.0) == 6.0


def test_annotations_compile_ahead():
    @differentiable
    def f(x: "f8[:]", k: float = 2.0):
        return k * np.sum(x**2)

    assert "def f_grad(x, k=2.0)" in f.source
    assert_close(f.grad(W), 4 * W)
    assert [s.signature for s in f.specializations] == ["x: f64[N], k: float"]
    with pytest.raises(errors.UnsupportedCall):

        @differentiable
        def g(x: "f8[:]"):
            return np.sum(x) * vars(x)
