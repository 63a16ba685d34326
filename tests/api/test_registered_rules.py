"""Rules that users register for functions of others, here for functions whose source is not to be had."""

from __future__ import annotations

import ctypes
import ctypes.util
import math

import numpy as np
import pytest

from backprose import check_grads, custom_vjp, errors, grad, jvp, register_rule, vjp

X = np.array([0.3, -0.1, 2.0])


def foreign(text: str, name: str):
    """A function without source text, as those of C are."""
    namespace = {"np": np}
    exec(text, namespace)
    return namespace[name]


gauss = foreign("def gauss(x): return np.exp(-x * x)", "gauss")
scale = foreign("def scale(x, c, power=1): return x * c**power", "scale")
weigh = foreign("def weigh(w, x): return w @ x", "weigh")
smooth = foreign("def smooth(x, width=2): return np.convolve(x, np.ones(width))", "smooth")
bin_of = foreign("def bin_of(x): return np.floor(x).astype(int)", "bin_of")


@register_rule(gauss, kind="elementwise")
def gauss_rule(y, x, *, d):
    return -2 * x * y * d


@register_rule(scale, kind="elementwise")
def scale_rule(y, x, c, *, d):
    return d * c, d * x


@register_rule(weigh, wrt=("w", "x"))
def weigh_rule(y, w, x, *, y_bar):
    return np.outer(y_bar, x), y_bar @ w


@register_rule(smooth, kind="linear", wrt="x")
def smooth_rule(y, x, width=2, *, y_bar):
    x_bar = np.zeros_like(x)
    for k in range(width):
        x_bar += y_bar[k : k + len(x)]
    return x_bar


register_rule(bin_of, kind="no_derivative")


def test_elementwise():
    np.testing.assert_allclose(grad(lambda x: np.sum(gauss(x)))(X), -2 * X * np.exp(-X * X))
    assert grad(lambda x: gauss(x))(0.3) == pytest.approx(-0.6 * np.exp(-0.09))
    assert grad(lambda x: np.sum(gauss(x)))(X.astype(np.float32)).dtype == np.float32


def test_partials_are_summed_over_broadcast_axes():
    w = np.arange(6.0).reshape(2, 3)
    x_bar, w_bar = grad(lambda x, w: np.sum(scale(x, w)), (0, 1))(X, w)
    np.testing.assert_allclose(x_bar, w.sum(axis=0))
    np.testing.assert_allclose(w_bar, np.broadcast_to(X, w.shape))


def test_pullbacks_and_transposes():
    w = np.arange(6.0).reshape(2, 3)
    check_grads(lambda w, x: np.sum(weigh(w, x) ** 2), (w, X), order=2)
    check_grads(lambda x: np.sum(smooth(x) ** 2) + np.sum(smooth(x, width=3) ** 3), (X,), order=2)
    check_grads(lambda x: np.sum(gauss(smooth(x))), (X,), order=2)


def test_every_mode():
    step = np.array([0.3, -0.2, 0.5])
    np.testing.assert_allclose(jvp(lambda x: smooth(x), (X,), (step,))[1], smooth(step))
    np.testing.assert_allclose(vjp(lambda x: smooth(x), X)[1](np.ones(4))[0], [2, 2, 2])


def test_no_derivative():
    np.testing.assert_array_equal(grad(lambda x: np.sum(x * bin_of(x)))(X), np.floor(X))


def test_a_parameter_that_the_rule_does_not_have_is_refused():
    with pytest.raises(errors.UnsupportedCall, match="the parameter `power` of `.*scale` is not supported"):
        grad(lambda x: np.sum(scale(x, 2.0, power=2)))(X)


def test_an_operand_without_cotangent_must_not_be_active():
    shift = foreign("def shift(x, c): return x + c", "shift")
    register_rule(shift, wrt="x")(lambda_rule())
    with pytest.raises(errors.NotDifferentiable, match="the derivative by `c` is not in the table"):
        grad(lambda x: np.sum(shift(x, x)))(X)


def lambda_rule():
    def rule(y, x, c, *, y_bar):
        return y_bar

    return rule


def test_rules_may_write_to_arrays():
    first = foreign("def first(x): return x[0] * 1.0", "first")

    @register_rule(first)
    def rule(y, x, *, y_bar):
        x_bar = np.zeros_like(x)
        x_bar[0] = y_bar
        return x_bar

    np.testing.assert_array_equal(grad(lambda x: first(x) ** 2)(X), [0.6, 0, 0])


def test_none_is_zero():
    product = foreign("def product(x, y): return x * y", "product")

    @register_rule(product)
    def rule(z, x, y, *, z_bar):
        return z_bar * y, None

    np.testing.assert_array_equal(grad(lambda x: np.sum(product(x, x)))(X), X)
    np.testing.assert_array_equal(grad(lambda x, y: np.sum(product(x, y)), 1)(X, X), [0, 0, 0])


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda z, x, y, *, z_bar: z_bar * y, r"it returns f64\[N\]"),
        (lambda z, x, y, *, z_bar: (z_bar, z_bar, z_bar), r"it returns \(f64\[\?\], f64\[\?\], f64\[\?\]\)"),
        (lambda z, x, y, *, z_bar: (np.sum(z_bar), z_bar), r"its cotangent of `x` is f64, and `x` is f64\[N\]"),
        (lambda z, x, y, *, z_bar: (z_bar, np.outer(z_bar, z_bar)), r"its cotangent of `y` is f64\[\?, \?\], and `y` is f64\[N\]"),
    ],
)
def test_what_a_rule_returns_is_compared(rule, message):
    product = foreign("def product(x, y): return x * y", "product")
    register_rule(product)(rule)
    for derivative in (grad(lambda x: np.sum(product(x, x))), lambda x: jvp(lambda x: product(x, x), (x,), (x,))):
        with pytest.raises(errors.RuleMismatch, match=message):
            derivative(X)


def test_a_later_rule_replaces_the_first():
    half = foreign("def half(x): return x / 2", "half")

    def registered(c):
        @register_rule(half)
        def rule(y, x, *, y_bar):
            return c * y_bar

    gradient = grad(lambda x: half(x))
    registered(0.5)
    assert gradient(2.0) == 0.5
    registered(5.0)
    assert gradient(2.0) == 5.0
    register_rule(half, kind="no_derivative")
    assert grad(lambda x: half(x) + x)(2.0) == 1.0 and gradient(2.0) == 0.0


def test_a_python_function_that_was_inlined_before():
    def cube(x):
        return x**3

    gradient = grad(lambda x: cube(x))
    assert gradient(2.0) == 12.0

    @register_rule(cube)
    def rule(y, x, *, y_bar):
        return 100 * y_bar

    assert gradient(2.0) == 100.0


def test_a_rule_may_use_functions_with_rules():
    sine = foreign("def sine(x): return np.sin(x)", "sine")
    cosine = foreign("def cosine(x): return np.cos(x)", "cosine")
    register_rule(sine)(lambda y, x, *, y_bar: cosine(x) * y_bar)
    register_rule(cosine, compile=False)(lambda y, x, *, y_bar: -sine(x) * y_bar)
    assert grad(lambda x: sine(x) ** 2)(0.7) == pytest.approx(np.sin(1.4))
    assert grad(grad(lambda x: sine(x)))(0.7) == pytest.approx(-np.sin(0.7))
    with pytest.raises(errors.NotDifferentiable, match="compile=False"):
        grad(grad(grad(lambda x: sine(x))))(0.7)


def test_functions_of_ctypes_are_wrapped():
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    library.j0.restype, library.j0.argtypes = ctypes.c_double, [ctypes.c_double]
    library.j1.restype, library.j1.argtypes = ctypes.c_double, [ctypes.c_double]
    with pytest.raises(TypeError, match="is not hashable: wrap it in a Python function with `custom_vjp`"):
        register_rule(library.j0)

    @custom_vjp(compile=False)
    def bessel(x):
        return library.j0(x)

    bessel.defvjp(lambda x: (library.j0(x), x), lambda x, y_bar: (-library.j1(x) * y_bar,))
    assert grad(lambda x: bessel(x) ** 2)(0.7) == pytest.approx(-2 * library.j0(0.7) * library.j1(0.7))


def test_rules_that_are_not_compiled():
    f = foreign("def f(x, y): return np.sin(x) * y", "f")

    @register_rule(f, compile=False)
    def rule(z, x, y, *, z_bar):
        try:
            return z_bar * np.cos(x) * y, None
        finally:
            pass

    np.testing.assert_allclose(grad(lambda x: np.sum(f(x, X) ** 2))(X), 2 * np.sin(X) * X * np.cos(X) * X)

    @register_rule(f, compile=False)
    def short(z, x, y, *, z_bar):
        return z_bar[1:], None

    with pytest.raises(ValueError, match=r"its cotangent of `x` has shape \(2,\), not \(3,\)"):
        grad(lambda x: np.sum(f(x, X) ** 2))(X)


@pytest.mark.parametrize(
    ("register", "error", "message"),
    [
        (lambda: register_rule(np.sin)(gauss_rule), ValueError, "sin is in the table of rules already"),
        (lambda: register_rule(len)(gauss_rule), ValueError, "len is in the table of rules already"),
        (lambda: register_rule(3), TypeError, "expects a function, not 3"),
        (lambda: register_rule(gauss, kind="vjp"), ValueError, "choose one of 'pullback', 'elementwise', 'linear'"),
        (lambda: register_rule(gauss, wrt="z")(gauss_rule), ValueError, r"has the operands \(x\)"),
        (lambda: register_rule(gauss)(lambda y, x: x), TypeError, "has 0 keyword-only parameters without default"),
        (lambda: register_rule(gauss)(lambda y, *, d: d), TypeError, "takes the result and no operand"),
        (lambda: register_rule(gauss)(lambda y, *x, d: d), TypeError, r"has the parameter \*x; name each operand"),
        (lambda: register_rule(gauss)(math.sin), TypeError, "must be a Python function"),
        (lambda: register_rule(gauss, kind="linear", compile=False), ValueError, "compile=False is for kind='pullback'"),
    ],
)
def test_what_can_not_be_registered(register, error, message):
    with pytest.raises(error, match=message):
        register()
    np.testing.assert_allclose(grad(lambda x: np.sum(gauss(x)))(X), -2 * X * np.exp(-X * X))


def test_lengths_that_depend_on_numbers_are_not_taken_from_examples():
    large = foreign("def large(x): return x[x > 1.5] if np.any(x > 1.5) else x * 1.0", "large")

    @register_rule(large)
    def rule(y, x, *, y_bar):
        x_bar = np.zeros_like(x)
        x_bar[x > 1.5] = y_bar
        return x_bar

    np.testing.assert_array_equal(grad(lambda x, c: np.sum(large(x) * c))(X, np.arange(3.0)), [0, 0, 3])
