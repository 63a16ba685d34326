"""Rules of users: what `custom_vjp` means in every place a call may stand, and what is refused."""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass

import numpy as np
import pytest

import backprose
from backprose import custom_jvp, custom_vjp, errors, grad, jvp, value_and_grad, vjp
from backprose.analysis.kinds import kind_of

X = np.array([0.3, -0.1, 2.0])


def with_rule(function, fwd, bwd, **options):
    made = custom_vjp(function, **options)
    made.defvjp(fwd, bwd)
    return made


# A square whose derivative is stated as ten times what it is: the rule is used, and nothing else.


@custom_vjp
def square(x):
    """x squared."""
    return x * x


def square_fwd(x):
    return square(x), x


def square_bwd(x, y_bar):
    return (20 * x * y_bar,)


square.defvjp(square_fwd, square_bwd)


def test_a_call_runs_the_function_itself():
    assert square(3.0) == 9.0
    assert square(x=3.0) == 9.0
    assert square.__name__ == "square" and square.__doc__ == "x squared."


def test_the_rule_is_used_everywhere():
    assert grad(square)(3.0) == 60.0
    assert grad(lambda x: square(x))(3.0) == 60.0
    assert grad(lambda x: square(x=x))(3.0) == 60.0
    assert value_and_grad(square)(3.0) == (9.0, 60.0)
    value, pullback = vjp(square, X)
    np.testing.assert_array_equal(value, X * X)
    np.testing.assert_allclose(pullback(X)[0], 20 * X * X)
    np.testing.assert_allclose(pullback(X)[0], 20 * X * X)


def test_the_value_is_that_of_the_function_where_no_derivative_passes():
    @custom_vjp
    def f(x):
        return x + 1.0

    f.defvjp(lambda x: (x + 1.0, None), lambda _, y_bar: (y_bar,))
    assert grad(lambda x, c: x * f(c))(2.0, 3.0) == 4.0


def test_in_loops_and_branches():
    def f(x):
        total = 0.0
        for k in range(4):
            y = square(x * k)
            if k == 2:
                total += np.sum(y)
            else:
                total += np.sum(square(y))
        return total

    def by_hand(x):
        total = np.zeros_like(x)
        for k in range(4):
            y = (x * k) ** 2
            y_bar = np.ones_like(x) if k == 2 else 20 * y
            total += 20 * (x * k) * y_bar * k
        return total

    np.testing.assert_allclose(grad(f)(X), by_hand(X))


def test_while_loops_and_early_returns():
    def f(x):
        while True:
            x = square(x)
            if x > 10.0:
                return x

    assert grad(f)(2.0) == pytest.approx(20 * 2.0 * 20 * 4.0)


def test_comprehensions_and_map():
    assert grad(lambda xs: sum([square(x) for x in xs]))([1.0, 2.0]) == [20.0, 40.0]


def test_containers_keep_their_structure():
    @custom_vjp
    def affine(params, pair):
        return {"y": params["w"] @ pair[0], "z": [params["b"] * pair[1]]}

    def fwd(params, pair):
        return affine(params, pair), (params, pair)

    def bwd(residuals, bar):
        params, pair = residuals
        params_bar = {"w": bar["y"] * pair[0], "b": bar["z"][0] * pair[1]}
        return params_bar, (bar["y"] * params["w"], np.sum(bar["z"][0] * params["b"]))

    affine.defvjp(fwd, bwd)

    def f(w, b, c, d, rule):
        out = affine({"w": w, "b": b}, (c, d)) if rule else {"y": w @ c, "z": [b * d]}
        return out["y"] * 2 + np.sum(out["z"][0] ** 2)

    args = X, X + 1, X * 2, 3.0
    for mine, its in zip(grad(f, (0, 1, 2, 3))(*args, True), grad(f, (0, 1, 2, 3))(*args, False)):
        np.testing.assert_allclose(mine, its)


@dataclass
class Scale:
    weight: np.ndarray

    @custom_vjp
    def apply(self, x):
        return self.weight * x

    def loss(self, x):
        return np.sum(self.apply(x))


Scale.apply.defvjp(lambda self, x: (self.weight * x, (self, x)), lambda r, g: (Scale(g * r[1] * 10), g * r[0].weight * 10))


def test_methods():
    model = Scale(X)
    np.testing.assert_array_equal(model.apply(2.0), X * 2)
    model_bar, x_bar = grad(lambda m, x: m.loss(x), (0, 1))(model, X + 1)
    np.testing.assert_allclose(model_bar.weight, 10 * (X + 1))
    np.testing.assert_allclose(x_bar, 10 * X)


def test_defaults_and_keywords():
    @custom_vjp
    def scaled(x, scale=2.0):
        return x * scale

    scaled.defvjp(lambda x, scale=7.0: (x * scale, scale), lambda scale, g: (g * scale * 10, None))
    assert grad(lambda x: scaled(x))(1.0) == 20.0
    assert grad(lambda x: scaled(x, scale=3.0))(1.0) == 30.0


def test_keyword_only_parameters_are_refused():
    with pytest.raises(TypeError, match=r"the parameter scale=1.0 of f\(\) can't be passed to its rule by position"):

        @custom_vjp
        def f(x, *, scale=1.0):
            return x * scale


def test_closures_over_what_a_factory_made():
    def make(c):
        return with_rule(lambda x: c * x, lambda x: (c * x, None), lambda _, g: (g * c * 10,))

    assert grad(make(2.0))(1.0) == 20.0
    assert grad(make(3.0))(1.0) == 30.0


# Arguments without a cotangent


apply = with_rule(
    lambda f, x: f(x), lambda f, x: (f(x), x), lambda f, x, y_bar: (y_bar * f(x) * 100,), nondiff_argnums=0
)


def test_functions_as_nondifferentiable_arguments():
    def f(x, c):
        k = c * 2
        return np.sum(apply(lambda t: t * k, x)) + np.sum(apply(np.sin, x))

    np.testing.assert_allclose(grad(f)(X, 3.0), 100 * (X * 6 + np.sin(X)))


def test_a_function_that_captures_an_active_value_is_refused():
    with pytest.raises(errors.NotDifferentiable, match="captures `k`, which depends on what is differentiated"):
        grad(lambda k, x: np.sum(apply(lambda t: t * k, x)), (0, 1))(2.0, X)


def test_an_active_nondifferentiable_argument_is_refused():
    f = with_rule(lambda n, x: n * x, lambda n, x: (n * x, None), lambda n, _, g: (g * n,), nondiff_argnums="n")
    assert grad(f, 1)(2.0, 3.0) == 2.0
    with pytest.raises(errors.NotDifferentiable, match="`n` of `<lambda>` depends on what is differentiated"):
        grad(lambda x: f(x, x))(2.0)


def test_arrays_as_nondifferentiable_arguments():
    f = with_rule(lambda x, i: x[i], lambda x, i: (x[i], x), lambda i, x, g: (np.where(np.arange(3) == i, g, 0.0),), nondiff_argnums=1)
    np.testing.assert_array_equal(grad(lambda x, i: f(x, i))(X, 1), [0, 1, 0])


def test_integers_need_no_cotangent():
    f = with_rule(lambda x, n: x * n, lambda x, n: (x * n, (x, n)), lambda r, g: (g * r[1], g * r[0]))
    assert grad(f)(2.0, 3) == 3.0
    assert grad(f, (0, 1))(2.0, 3.0) == (3.0, 2.0)


def test_none_is_zero():
    f = with_rule(lambda p, x: p[0] * x, lambda p, x: (p[0] * x, None), lambda _, g: (None, g))
    bars = grad(lambda p, x: np.sum(f(p, x)), (0, 1))((X, 2.0), X)
    np.testing.assert_array_equal(bars[0][0], np.zeros(3))
    assert bars[0][1] == 0.0


def test_cotangents_of_integer_results_are_none():
    def bwd(x, bars):
        y_bar, n_bar = bars
        assert n_bar is None
        return (y_bar * x,)

    f = with_rule(lambda x: (x * x, np.argmax(x)), lambda x: ((x * x, np.argmax(x)), x), bwd)
    np.testing.assert_allclose(grad(lambda x: f(x)[0][f(x)[1]])(X), [0, 0, 2.0])


# Memory


def test_rules_may_write_to_what_they_are_given():
    def fwd(x):
        y = np.zeros_like(x)
        y[:] = x
        return y, (x,)

    def bwd(residuals, g):
        g *= 3
        residuals[0][0] = 5.0
        return (g + residuals[0],)

    f = with_rule(lambda x: x + 0, fwd, bwd)
    x, cotangent = X.copy(), np.ones(3)
    _, pullback = vjp(f, x)
    np.testing.assert_allclose(pullback(cotangent)[0], 3 + np.array([5.0, -0.1, 2.0]))
    np.testing.assert_allclose(pullback(cotangent)[0], 3 + np.array([5.0, -0.1, 2.0]))
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(cotangent, np.ones(3))


def test_a_function_that_writes_to_its_argument_is_refused():
    def overwrite(x):
        x[0] = 1.0
        return x * 2

    f = with_rule(overwrite, lambda x: (x * 2, None), lambda _, g: (g,))
    with pytest.raises(errors.UnsupportedUpdate, match="`overwrite` writes to its argument `x`"):
        grad(lambda x: np.sum(f(x * 1)))(X)


same = with_rule(lambda x: x, lambda x: (x, None), lambda _, g: (g * 2,))


def test_a_result_may_be_the_argument_itself():
    def f(x):
        y = x * 2
        z = same(y)
        return np.sum(y * z)

    np.testing.assert_allclose(grad(f)(X), 2 * 2 * X + 2 * 2 * X * 2)
    gradient = grad(lambda x: np.sum(same(x)))(X)
    assert not np.shares_memory(gradient, X)


def test_a_store_to_what_a_result_may_share_is_refused():
    def f(x):
        y = x * 2
        z = same(y)
        y[0] = 7.0
        return np.sum(y * z)

    with pytest.raises(errors.UnsupportedUpdate, match="`z` and `y` share memory is not known"):
        grad(f)(X)


def test_a_new_result_may_be_written_to():
    def f(x):
        y = square(x)
        y[0] = 7.0
        return np.sum(y)

    np.testing.assert_allclose(grad(f)(X), [0, -2, 40])


def test_effects_happen_once(capsys):
    def loud(x):
        print("called")
        return x * 2

    f = with_rule(loud, lambda x: (loud(x), None), lambda _, g: (g,))
    grad(lambda x, c: x + f(c))(1.0, 2.0)
    assert capsys.readouterr().out == "called\n"


# Numbers


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.longdouble])
def test_precision_is_kept(dtype):
    x = X.astype(dtype)
    f = with_rule(lambda x: x * x, lambda x: (x * x, x), lambda x, g: (np.float64(2.0) * np.asarray(x, np.float64) * g,))
    assert grad(lambda x: np.sum(f(x)))(x).dtype == dtype


def test_order_does_not_matter_for_zero_dimensional_arrays():
    x = np.array(3.0)
    assert grad(square)(x) == 60.0
    assert isinstance(grad(square)(x), np.ndarray) == isinstance(grad(lambda x: x * x)(x), np.ndarray)


# Higher order


def cube_with(outer):
    f = custom_vjp(lambda x: x * x * x)
    f.defvjp(lambda x: (f(x), x), lambda x, g: (outer(x) * g,))
    return f


def test_second_order_differentiates_the_rule():
    f = cube_with(lambda x: 3 * x * x)
    assert grad(grad(f))(2.0) == pytest.approx(12.0)
    assert grad(grad(grad(f)))(2.0) == pytest.approx(6.0)
    wrong = cube_with(lambda x: 5 * x)
    assert grad(grad(wrong))(2.0) == 5.0


def test_second_order_through_vjp_pairs_and_loops():
    def f(x):
        y = x
        for _ in range(3):
            y = square(y) * 0.1
        return np.sum(y)

    _, pullback = vjp(lambda x: grad(f)(x), X)
    by_grad = grad(lambda x: np.sum(grad(f)(x)))(X)
    np.testing.assert_allclose(pullback(np.ones(3))[0], by_grad)


def test_a_rule_may_call_its_own_function():
    f = custom_vjp(lambda x: np.exp(x))
    f.defvjp(lambda x: (f(x), x), lambda x, g: (g * f(x),))
    for order in (grad(f), grad(grad(f)), grad(grad(grad(f)))):
        assert order(0.7) == pytest.approx(np.exp(0.7))


@custom_vjp
def factor(n, x):
    return x if n <= 1 else x * factor(n - 1, x)


factor.defvjp(lambda n, x: (factor(n, x), (n, x)), lambda r, g: (None, g * r[0] * factor(r[0] - 1, r[1])))


def test_recursion():
    assert grad(factor, 1)(4, 2.0) == 32.0
    assert grad(lambda x: factor(3, x))(2.0) == 12.0
    assert grad(grad(lambda x, n: factor(n, x)))(2.0, 4) == 48.0


# Around it


def test_a_later_rule_replaces_the_first():
    f = with_rule(lambda x: x * x, lambda x: (x * x, x), lambda x, g: (2 * x * g,))
    gradient, outer = grad(f), grad(lambda x: f(x) * 3)
    assert (gradient(3.0), outer(3.0)) == (6.0, 18.0)
    f.defvjp(lambda x: (x * x, x), lambda x, g: (4 * x * g,))
    assert (gradient(3.0), outer(3.0)) == (12.0, 36.0)


def test_a_function_without_a_rule_is_refused():
    f = custom_vjp(lambda x: x * x)
    assert f(2.0) == 4.0
    with pytest.raises(errors.NotDifferentiable, match="has no derivative rule yet"):
        grad(f)(2.0)


def test_pickling():
    assert pickle.loads(pickle.dumps(square)) is square
    assert pickle.loads(pickle.dumps(grad(square)))(3.0) == 60.0
    with pytest.raises(TypeError, match="can't be pickled"):
        pickle.dumps(same)


def test_under_differentiable():
    f = backprose.differentiable(square)
    assert f(3.0) == 9.0 and f.grad(3.0) == 60.0


def test_threads():
    gradient, found = grad(lambda x: np.sum(square(x))), []
    threads = [threading.Thread(target=lambda: found.append(gradient(X))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8 and all(np.array_equal(g, 20 * X) for g in found)


def test_emitted_code_holds_the_rule_inlined():
    gradient = grad(lambda x: np.sum(square(x)))
    gradient(X)
    assert "square" not in gradient.source.replace("in square_bwd", "")


# Rules that are not compiled


def opaque(fwd=None, bwd=None):
    def function(x, k):
        try:  # which is no part of the accepted subset around active values
            return np.sin(x) * k
        finally:
            pass

    return with_rule(
        function, fwd or (lambda x, k: (function(x, k), {"x": x})), bwd or (lambda r, g: (g * np.cos(r["x"]) * 2.0, None)),
        compile=False,
    )  # fmt: skip


def test_opaque_rules_are_called():
    f = opaque()
    np.testing.assert_allclose(grad(lambda x: np.sum(f(x, 2.0) ** 2))(X), 2 * 2 * np.sin(X) * np.cos(X) * 2)

    def looped(x):
        for _ in range(3):
            x = f(x, 2.0)
        return np.sum(x)

    np.testing.assert_allclose(grad(looped)(X), grad(lambda x: np.sum(2 * np.sin(2 * np.sin(2 * np.sin(x)))))(X))
    assert grad(lambda x: f(x, 2.0))(np.float32(0.5)).dtype == np.float32


def test_opaque_rules_have_no_second_derivative():
    f = opaque()
    with pytest.raises(errors.NotDifferentiable, match="compile=False"):
        grad(lambda x: np.sum(grad(lambda x: np.sum(f(x, 2.0)))(x)))(X)
    linear = opaque(bwd=lambda r, g: (g * 0 + 1, None))
    with pytest.raises(errors.NotDifferentiable, match="compile=False"):
        grad(grad(lambda x: linear(x, 2.0)))(0.5)


@pytest.mark.parametrize(
    ("bwd", "error", "message"),
    [
        (lambda r, g: g, TypeError, "returned an object of type ndarray, not a tuple of cotangents for \\(x, k\\)"),
        (lambda r, g: (g,), TypeError, "returned 1 cotangents for 2 arguments \\(x, k\\)"),
        (lambda r, g: (g[1:], None), ValueError, "its cotangent of `x` has shape \\(2,\\), not \\(3,\\)"),
        (lambda r, g: (g * 1j, None), TypeError, "its cotangent of `x` is complex"),
    ],
)  # fmt: skip
def test_what_opaque_rules_return_is_checked(bwd, error, message):
    f = opaque(bwd=bwd)
    with pytest.raises(error, match=message):
        grad(lambda x: np.sum(f(x, 2.0)))(X)


# What compiled rules return


def product(bwd, fwd=lambda x, y: (x * y, (x, y))):
    return with_rule(lambda x, y: x * y, fwd, bwd)


@pytest.mark.parametrize(
    ("bwd", "message"),
    [
        (lambda r, g: g * r[1], r"it returns f64\[N\]"),
        (lambda r, g: (g * r[1],), r"it returns 1 cotangent for 2 arguments \(x, y\)"),
        (lambda r, g: (g, g, g), r"it returns 3 cotangents for 2 arguments \(x, y\)"),
        (lambda r, g: (np.sum(g), None), r"its cotangent of `x` is f64, and `x` is f64\[N\]"),
        (lambda r, g: (None, np.outer(g, g)), r"its cotangent of `y` is f64\[N, N\], and `y` is f64\[N\]"),
        (lambda r, g: ((g, g), g), r"its cotangent of `x` is \(f64\[N\], f64\[N\]\), and `x` is f64\[N\]"),
        (lambda r, g: (g * 1j, g), r"its cotangent of `x` is c128\[N\], and `x` is f64\[N\]"),
        (lambda r: (r, r), "it is called with 2 arguments: too many positional arguments"),
    ],
)
def test_a_rule_that_does_not_fit_is_refused_when_compiling(bwd, message):
    f = product(bwd)
    with pytest.raises(errors.NotDifferentiable, match=message):
        grad(lambda x: np.sum(f(x, 2.0 * x)))(X)


@pytest.mark.parametrize(
    ("fwd", "message"),
    [
        (lambda x, y: x * y, r"it returns f64\[N\]"),
        (lambda x, y: (np.sum(x), None), r"its value is f64 where `<lambda>` returns f64\[N\]"),
        (lambda x, y: (np.asarray(x, np.float32), None), r"its value is f32\[N\] where `<lambda>` returns f64\[N\]"),
        (lambda x: (x, None), "it is called with 2 arguments: too many positional arguments"),
    ],
)
def test_a_forward_rule_that_does_not_fit_is_refused(fwd, message):
    f = product(lambda r, g: (g, g), fwd)
    with pytest.raises(errors.NotDifferentiable, match=message):
        grad(lambda x: np.sum(f(x, 2.0 * x)))(X)


def test_a_length_that_kinds_leave_open_is_compared_at_run_time():
    f = product(lambda r, g: (np.arange(5.0)[: int(g[0]) + 1], None))
    with pytest.raises(ValueError, match=r"its cotangent of `x` has shape \(2,\), not \(3,\)"):
        grad(lambda x: np.sum(f(x, 2.0 * x)))(X)


def test_swapped_cotangents_are_found():
    f = with_rule(lambda w, c: np.outer(w, c), lambda w, c: (np.outer(w, c), (w, c)), lambda r, g: (r[0] @ g, g @ r[1]))
    with pytest.raises((ValueError, errors.NotDifferentiable), match="its cotangent of `w`"):
        grad(lambda w, c: np.sum(f(w, c)))(X, np.ones(2))


def test_debug_compares_dtypes():
    f = with_rule(lambda x: x * x, lambda x: (x * x, x), lambda x, g: (np.float64(2.0) * np.asarray(x, np.float64),))
    x = X.astype(np.float32)
    grad(lambda x: np.sum(f(x)))(x)
    with pytest.raises(errors.NotDifferentiable, match=r"its cotangent of `x` is f64\[N\], and `x` is f32\[N\]"):
        grad(lambda x: np.sum(f(x)), debug=True)(x)
    with pytest.raises(errors.NotDifferentiable, match=r"its cotangent of `x` is f64"):
        vjp(lambda x: np.sum(f(x)), x, debug=True)[1](1.0)


def test_debug_by_the_environment(monkeypatch):
    f = with_rule(lambda x: x * x, lambda x: (x * x, x), lambda x, g: (np.float64(2.0) * np.asarray(x, np.float64),))
    monkeypatch.setenv("BACKPROSE_DEBUG", "1")
    with pytest.raises(errors.RuleMismatch, match=r"its cotangent of `x` is f64"):
        grad(lambda x: np.sum(f(x)))(X.astype(np.float32))


def test_shapes_that_are_evident_cost_nothing():
    gradient = grad(lambda x: np.sum(square(x * 2)))
    gradient(X)
    assert "checked_cotangent" not in gradient.source


def test_a_shape_is_compared_where_the_rank_is_unknown():
    f = with_rule(lambda x: x * x, lambda x: (x * x, x), lambda x, g: (np.sum(g),))
    gradient = grad(lambda x: np.sum(f(x)))
    assert "checked_cotangent" in gradient.source


def test_what_can_not_be_compiled_says_how_to_go_on():
    def bwd(x, g):
        import math

        return (g * math.cos(x),)

    f = with_rule(lambda x: x, lambda x: (x, x), bwd)
    with pytest.raises(errors.CompileError, match="in `bwd`, a rule of") as caught:
        grad(f)(1.0)
    assert "compile=False" in str(caught.value)


def test_a_rule_inside_a_differentiated_function_is_refused():
    def f(x):
        def g(x):
            return x * x

        return custom_vjp(g)(x)

    with pytest.raises(errors.CompileError, match="a rule is stated inside a function that is differentiated"):
        grad(f)(1.0)


# Rules that state a tangent


@custom_jvp
def softplus(x):
    return np.logaddexp(0.0, x)


@softplus.defjvp
def softplus_jvp(primals, tangents):
    (x,), (x_dot,) = primals, tangents
    return softplus(x), 10 * x_dot / (1 + np.exp(-x))


def test_a_tangent_serves_both_modes():
    slope = 10 / (1 + np.exp(-X))
    value, dot = jvp(softplus, (X,), (np.array([1.0, 0.0, 2.0]),))
    np.testing.assert_allclose(value, softplus(X))
    np.testing.assert_allclose(dot, slope * [1, 0, 2])
    np.testing.assert_allclose(grad(lambda x: np.sum(softplus(x)))(X), slope)
    value, pullback = vjp(softplus, X)
    np.testing.assert_allclose(pullback(X)[0], slope * X)
    assert grad(softplus)(0.3) == pytest.approx(slope[0])


def test_the_value_in_reverse_mode_is_that_of_the_function():
    f = custom_jvp(lambda x: x * x)
    f.defjvp(lambda primals, tangents: (primals[0] * 100, tangents[0] * primals[0]))
    assert value_and_grad(f)(3.0) == (9.0, 3.0)
    assert jvp(f, (3.0,), (1.0,)) == (9.0, 3.0)


def test_tangents_in_loops_and_higher_orders():
    def f(x):
        total = 0.0
        for k in range(3):
            if k != 1:
                total += np.sum(softplus(x * k)) ** 2
        return total

    def by_hand(x):
        total = np.zeros_like(x)
        for k in (0, 2):
            total += 2 * np.sum(softplus(x * k)) * 10 * k / (1 + np.exp(-x * k))
        return total

    np.testing.assert_allclose(grad(f)(X), by_hand(X))
    step = np.array([0.3, -0.2, 0.5])
    np.testing.assert_allclose(jvp(f, (X,), (step,))[1], by_hand(X) @ step)
    twice = grad(lambda x: grad(f)(x) @ step)(X)
    np.testing.assert_allclose(twice, jvp(grad(f), (X,), (step,))[1])
    expected = (by_hand_of_slope(X + 1e-6 * step) - by_hand_of_slope(X - 1e-6 * step)) / 2e-6
    np.testing.assert_allclose(jvp(lambda x: grad(lambda x: np.sum(softplus(x)))(x), (X,), (step,))[1], expected, rtol=1e-6)


def by_hand_of_slope(x):
    return 10 / (1 + np.exp(-x))


def test_tangents_of_containers_and_integers():
    @custom_jvp
    def f(params, n):
        return {"y": params["w"] @ params["v"] * n, "k": n}

    def rule(primals, tangents):
        params, n = primals
        dots, n_dot = tangents
        y_dot = (dots["w"] @ params["v"] + params["w"] @ dots["v"]) * n + params["w"] @ params["v"] * n_dot
        return f(params, n), {"y": y_dot, "k": None}

    f.defjvp(rule)

    def loss(w, v, n):
        return f({"w": w, "v": v}, n)["y"]

    np.testing.assert_allclose(grad(loss, (0, 1))(X, X + 1, 3)[0], 3 * (X + 1))
    np.testing.assert_allclose(jvp(loss, (X, X + 1, 3), (X, X, None))[1], 3 * (X @ (X + 1) + X @ X))


def test_tangents_by_argument():
    @custom_jvp
    def f(x, y, z):
        return np.sin(x) * y + z

    f.defjvps(
        lambda x_dot, value, x, y, z: np.cos(x) * x_dot * y,
        lambda y_dot, value, x, y, z: (value - z) / y * y_dot * 10,
        None,
    )
    assert grad(f, (0, 1, 2))(0.3, 2.0, 1.0) == pytest.approx((np.cos(0.3) * 2, np.sin(0.3) * 10, 0.0))
    assert jvp(f, (0.3, 2.0, 1.0), (1.0, 1.0, 1.0))[1] == pytest.approx(np.cos(0.3) * 2 + np.sin(0.3) * 10)
    assert grad(f)(0.3, 2.0, 1.0) == pytest.approx(np.cos(0.3) * 2)


def test_nondifferentiable_arguments_come_first():
    f = custom_jvp(lambda g, x: g(x), nondiff_argnums=(0,))
    f.defjvp(lambda g, primals, tangents: (g(*primals), tangents[0] * g(primals[0]) * 10))
    np.testing.assert_allclose(grad(lambda x: np.sum(f(np.sin, x)))(X), 10 * np.sin(X))
    np.testing.assert_allclose(jvp(lambda x, c: np.sum(f(lambda t: t * c, x)), (X, 2), (X, None))[1], np.sum(10 * 2 * X * X))


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (lambda p, t: t[0], r"it returns f64\[N\]"),
        (lambda p, t: (p[0] * p[1], np.sum(t[0])), r"its tangent of `value` is f64, and `value` is f64\[N\]"),
        (lambda p, t: (np.sum(p[0]), t[0]), r"its value is f64 where `<lambda>` returns f64\[N\]"),
        (lambda p: p, "it is called with 2 arguments"),
    ],
)
def test_a_tangent_that_does_not_fit_is_refused(rule, message):
    f = custom_jvp(lambda x, y: x * y)
    f.defjvp(rule)
    for derivative in (grad(lambda x: np.sum(f(x, x))), lambda x: jvp(lambda x: f(x, x), (x,), (x,))):
        with pytest.raises(errors.NotDifferentiable, match=message):
            derivative(X)


def test_a_tangent_that_is_not_linear_is_refused_in_reverse_mode():
    f = custom_jvp(lambda x: x * 2)
    f.defjvp(lambda p, t: (p[0] * 2, t[0] * t[0]))
    with pytest.raises(errors.NotDifferentiable, match="is not linear in the tangents"):
        grad(f)(1.0)


def test_a_pullback_serves_forward_mode():
    np.testing.assert_allclose(jvp(square, (X,), (X + 1,))[1], 20 * X * (X + 1))
    model, dot = Scale(X), Scale(X * 2)
    np.testing.assert_allclose(jvp(lambda m, x: m.loss(x), (model, X + 1), (dot, X))[1], np.sum(10 * (X + 1) * X * 2 + 10 * X * X))

    def f(x):
        for _ in range(2):
            x = square(x)
        return np.sum(x)

    step = np.array([0.3, -0.2, 0.5])
    np.testing.assert_allclose(jvp(f, (X,), (step,))[1], grad(f)(X) @ step)
    np.testing.assert_allclose(jvp(grad(f), (X,), (step,))[1], grad(lambda x: jvp(f, (x,), (step,))[1])(X))


def test_a_pullback_that_is_not_linear_is_refused_in_forward_mode():
    f = with_rule(lambda x: x, lambda x: (x, None), lambda _, g: (np.clip(g, -1, 1),))
    assert grad(lambda x: 5 * f(x))(2.0) == 1.0
    with pytest.raises(errors.NotDifferentiable, match="is not linear in the cotangent"):
        jvp(f, (2.0,), (1.0,))


def test_opaque_tangents_have_forward_mode_only():
    def function(x):
        try:
            return np.sin(x)
        finally:
            pass

    f = custom_jvp(function, compile=False)
    f.defjvp(lambda p, t: (function(p[0]), np.cos(p[0]) * t[0]))
    np.testing.assert_allclose(jvp(lambda x: f(x) * 2, (X,), (X + 1,))[1], 2 * np.cos(X) * (X + 1))
    with pytest.raises(errors.NotDifferentiable, match="has no derivative in reverse mode"):
        grad(lambda x: np.sum(f(x)))(X)
    with pytest.raises(errors.NotDifferentiable, match="has no derivative in forward mode"):
        jvp(opaque(), (X, 2.0), (X, 1.0))


def test_a_recursion_in_a_rule_serves_its_own_mode():
    f = with_rule(lambda x, n: x * 2**n, lambda x, n: (x * 2**n, n), lambda n, g: (doubled(n, g), None))
    assert grad(f)(1.0, 3) == 8.0
    with pytest.raises(errors.NotDifferentiable, match="can't be transposed"):
        jvp(f, (1.0, 3), (1.0, None))


def doubled(n, g):
    return g if n <= 0 else 2 * doubled(n - 1, g)


@custom_vjp
def of_itself(x):
    return x + grad(twice_itself)(x) if x > 5 else x


def twice_itself(x):
    return of_itself(x) * 2


of_itself.defvjp(lambda x: (x, None), lambda _, g: (g,))


def test_a_derivative_through_itself_is_refused():
    with pytest.raises(errors.UnsupportedCall, match="`of_itself` takes a derivative through itself"):
        grad(of_itself)(1.0)


def test_complex_numbers():
    f = with_rule(lambda z: z * z, lambda z: (z * z, z), lambda z, g: (2 * z * g,))
    z = np.array([1 + 2j, 0.5 - 1j])

    def energy(z, squared):
        w = squared(z)
        return np.sum(np.real(w) ** 2 + np.imag(w) ** 2)

    np.testing.assert_allclose(grad(energy)(z, f), grad(energy)(z, lambda z: z * z))


def test_updates_in_place_around_a_call():
    def f(x, g):
        y = x * 1.0
        y[0] = g(y[1])
        y += g(y)
        return np.sum(y * y)

    exact = with_rule(lambda x: x * x, lambda x: (x * x, x), lambda x, g: (2 * x * g,))
    np.testing.assert_allclose(grad(f)(X, exact), grad(f)(X, lambda x: x * x))


def test_modules_hold_the_rule_and_refuse_what_is_not_compiled():
    from backprose.derivative import Derivative
    from backprose.standalone import module_text

    text = module_text(Derivative(square, 0).compile_for({"x": kind_of(1.0)}), "here:square", "0")
    namespace = {}
    exec(text, namespace)
    assert namespace["square_grad"](3.0) == 60.0
    f = opaque()
    with pytest.raises(errors.UnsupportedCall, match="can't be written into a module"):
        module_text(Derivative(lambda x: f(x, 2.0), 0).compile_for({"x": kind_of(1.0)}), "here:f", "0")


def test_a_captured_array_is_read_as_it_is_when_the_function_is_called():
    def f(x):
        k = np.ones(3)

        def times(t):
            return t * k

        k[0] = 5.0
        return np.sum(apply(times, x))

    value, gradient = value_and_grad(f)(X)
    assert value == pytest.approx(f(X))
    np.testing.assert_allclose(gradient, 100 * X * [5, 1, 1])


def test_a_return_annotation_tells_what_an_opaque_function_returns():
    calls = []

    @custom_vjp(compile=False)
    def f(x) -> "f8[:]":
        calls.append(x)
        return np.sin(x)

    f.defvjp(lambda x: (np.sin(x), x), lambda x, g: (g * np.cos(x),))
    np.testing.assert_allclose(grad(lambda x: np.sum(f(x)))(X), np.cos(X))
    assert calls == []


def test_a_passed_function_that_updates_what_it_captures_is_refused():
    def f(x):
        k = np.ones(3)

        def update(t):
            k[0] = 5.0
            return t * k

        return np.sum(apply(update, x)) + k[0]

    with pytest.raises(errors.UnsupportedUpdate, match="updates what it captures"):
        grad(f)(X)


def test_an_opaque_function_that_gives_whole_numbers_for_examples():
    def bwd(residuals, y_bar):
        return (2 * y_bar,)

    @custom_vjp(compile=False)
    def f(x):
        return 2 * x if x > 100 else 0

    f.defvjp(lambda x: (f(x), None), bwd)
    with pytest.raises(errors.UnresolvedKind, match="`f`, which is not compiled, gave int"):
        grad(lambda x: f(x) * 1.0)(200.0)

    @custom_vjp(compile=False)
    def g(x) -> float:
        return 2 * x if x > 100 else 0

    g.defvjp(lambda x: (g(x), None), bwd)
    assert grad(lambda x: g(x) * 1.0)(200.0) == 2.0


def test_lengths_of_an_opaque_result_are_not_taken_from_examples():
    @custom_vjp(compile=False)
    def positive(x):
        return x[x > 0.5] if np.any(x > 0.5) else x * 1.0

    def fwd(x):
        return positive(x), x

    def bwd(x, bar):
        x_bar = np.zeros_like(x)
        x_bar[x > 0.5] = bar
        return (x_bar,)

    positive.defvjp(fwd, bwd)
    assert grad(lambda x, c: np.sum(positive(x) * c))(X, np.arange(3.0)).tolist() == [0, 0, 3]
