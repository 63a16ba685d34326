"""`jacfwd`, `jacrev`, `jacobian`, `hessian`, `hvp`: JAX's signatures, structures and results."""

import dataclasses
import functools
import pickle

import numpy as np
import pytest

import backprose
from backprose import differentiable, errors, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, value_and_grad, vjp

X = np.array([0.3, -0.7, 1.2, 0.4])
MODES = [jacfwd, jacrev, jacobian]


def stencil(x):
    return np.sin(x[1:]) * x[:-1] ** 2


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def differences(f, x, h=1e-6):
    """The Jacobian of an array by an array, by central differences: shape y.shape + x.shape."""
    columns = [(f(x + h * e) - f(x - h * e)) / (2 * h) for e in np.eye(x.size).reshape(x.size, *x.shape)]
    return np.moveaxis(np.array(columns), 0, -1).reshape(np.shape(f(x)) + x.shape)


def close(found, wanted, rtol=1e-6, atol=1e-6):
    assert np.shape(found) == np.shape(wanted)
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "f, x",
    [
        (stencil, X),
        (rosenbrock, X),
        (lambda x: np.outer(x, np.cos(x)), X),
        (lambda x: np.linalg.solve(np.eye(2) * 3 + x, x[0]), X.reshape(2, 2)),
        (lambda x: np.cumsum(x, axis=0)[1:] * x[0], np.arange(6.0).reshape(2, 3)),
        (lambda x: np.array([[np.prod(x), np.sum(x * x)]]), X),
        (lambda x: np.zeros((2, 0)) * x[0], X),
        (lambda x: np.ones(3), X),
        (lambda x: 2.0 * x, X[:1]),
    ],
)
def test_of_an_array_by_an_array(mode, f, x):
    close(mode(f)(x), differences(f, x))


@pytest.mark.parametrize("mode", MODES)
def test_scalars(mode):
    assert mode(lambda t: t**3)(2.0) == 12.0
    close(mode(lambda t: np.array([t, t * t]))(2.0), [1.0, 4.0])
    close(mode(lambda x: x @ x)(X), 2 * X)
    assert mode(lambda s, t: (s * t, s), argnums=(0, 1))(2.0, 3.0) == ((3.0, 2.0), (1.0, 0.0))


@pytest.mark.parametrize("mode", MODES)
def test_structures_nest(mode):
    def f(params, s):
        return {"a": params["w"] @ params["v"] * s, "b": (np.sum(params["v"] ** 2) * s, [np.cos(params["w"])])}

    params = {"w": np.arange(6.0).reshape(2, 3) * 0.1, "v": np.array([1.0, 2.0, 3.0]), "name": "layer"}
    found = mode(f, argnums=(0, "s"))(params, 2.0)
    assert list(found) == ["a", "b"] and isinstance(found["b"][1], list) and len(found["a"]) == 2
    by_params, by_s = found["b"][1][0]
    assert by_params["w"].shape == (2, 3, 2, 3) and by_params["v"].shape == (2, 3, 3) and by_params["name"] is None
    assert by_s.shape == (2, 3)
    close(found["a"][0]["w"], differences(lambda w: f({**params, "w": w}, 2.0)["a"], params["w"]))
    close(found["a"][1], params["w"] @ params["v"])
    close(found["b"][0][0]["v"], 4 * params["v"])
    assert found["b"][0][1] == 14.0
    close(by_params["v"], np.zeros((2, 3, 3)))


@dataclasses.dataclass
class Pair:
    a: float
    b: np.ndarray


def test_dataclasses_and_lists():
    found = jacobian(lambda pair: Pair(pair.a * 2, pair.b * pair.a))(Pair(3.0, X))
    assert found.a.a == 2.0
    close(found.b.a, X)
    close(found.b.b, 3.0 * np.eye(4))
    for n in (1, 3):
        rows = jacobian(lambda xs: [x * xs[0] for x in xs])([X + i for i in range(n)])
        assert len(rows) == n and all(len(row) == n for row in rows)
        close(rows[0][0], 2 * np.diag(X))


@pytest.mark.parametrize("mode", MODES)
def test_aux(mode):
    found, aux = mode(lambda x: (x * x, {"n": 3, "y": x}), has_aux=True)(X)
    close(found, 2 * np.diag(X))
    assert aux["n"] == 3
    np.testing.assert_array_equal(aux["y"], X)


@pytest.mark.parametrize("mode", MODES)
def test_float32_stays(mode):
    x = X.astype(np.float32)
    assert mode(stencil)(x).dtype == np.float32
    assert mode(lambda x, s: x * s, argnums=1)(x, 2.0).dtype == np.float32


@pytest.mark.parametrize("mode", MODES)
def test_as_a_decorator_and_of_methods(mode):
    class Model:
        rate = 3.0

        def forward(self, x):
            return self.rate * x * x

        @mode
        def slope(self, x):
            return self.rate * x * x

    close(mode(Model().forward)(X), 6 * np.diag(X))
    close(Model().slope(X), 6 * np.diag(X))
    close(mode(argnums="b")(lambda a, b: a * b)(2.0, X), 2 * np.eye(4))
    close(mode(functools.partial(stencil))(X), differences(stencil, X))


def test_beside_the_function():
    @differentiable
    def f(x):
        return np.sum(x**3)

    close(f.jacobian(X), 3 * X**2)
    close(f.hessian(X), np.diag(6 * X))
    close(f.hvp((X,), (X,)), 6 * X * X)


def test_the_cheaper_mode_is_chosen_when_it_runs():
    f = jacobian(lambda x, a: a @ np.sin(x))
    for m in (2, 4, 7):
        a = np.arange(4.0 * m).reshape(m, 4)
        close(f(X, a), a * np.cos(X))
    assert len(f.specializations) == 1 and "< len(x)" in f.source
    for function, how in ((rosenbrock, "reverse"), (lambda x: x * 2, "forward")):
        chosen = jacobian(function)
        chosen(X)
        assert f"({how} mode)" in chosen.source


def test_results_own_their_memory():
    x = X.copy()
    for mode in MODES:
        for f in (lambda x: x, lambda x: x[::-1], lambda x: (x, x)):
            found = mode(f)(x)
            parts = found if isinstance(found, tuple) else (found,)
            for part in parts:
                part += 1.0
            assert len(parts) == 1 or not np.shares_memory(*parts)
    np.testing.assert_array_equal(x, X)


def test_it_pickles():
    assert pickle.loads(pickle.dumps(jacfwd(stencil, has_aux=False)))(X).shape == (3, 4)
    close(pickle.loads(pickle.dumps(hessian(rosenbrock)))(X), hessian(rosenbrock)(X))


# Programs


def relaxed(x, n):
    u = np.zeros(6)
    u[1:5] = x
    for _ in range(n):
        u[1:-1] = u[1:-1] + 0.3 * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[1:-1]
    return u[1:-1]


def newton(x):
    y = x
    while np.max(np.abs(y * y - np.abs(x) - 1)) > 1e-12:
        y = y - (y * y - np.abs(x) - 1) / (2 * y)
    return y if np.sum(y) > 0 else -y


def power(x, n):
    return np.ones(4) if n == 0 else x * power(x, n - 1)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("f", [lambda x: relaxed(x, 3), newton, lambda x: power(x, 3)])
def test_loops_branches_updates_and_recursion(mode, f):
    close(mode(f)(np.abs(X)), differences(f, np.abs(X)), 1e-5, 1e-6)


# Higher orders


def test_hessian():
    n, wanted = 4, np.zeros((4, 4))
    for i in range(n - 1):
        wanted[i, i] += 1200 * X[i] ** 2 - 400 * X[i + 1] + 2
        wanted[i, i + 1] = wanted[i + 1, i] = -400 * X[i]
        wanted[i + 1, i + 1] += 200
    close(hessian(rosenbrock)(X), wanted, 1e-12)


def test_hessian_of_containers_and_of_vectors():
    def f(p):
        return p["a"] ** 2 * np.sum(p["b"] ** 3)

    found = hessian(f)({"a": 2.0, "b": X})
    assert found["a"]["a"] == 2 * np.sum(X**3)
    close(found["a"]["b"], 12 * X**2)
    close(found["b"]["a"], 12 * X**2)
    close(found["b"]["b"], np.diag(24 * X))
    close(hessian(lambda x: x**3)(X), differences(lambda x: 3 * np.diag(x**2), X))
    (by_s, by_t), (_, tt) = hessian(lambda s, t: s**2 * t**3, argnums=(0, 1))(2.0, 3.0)
    assert (by_s, by_t, tt) == (54.0, 108.0, 72.0)


def test_hessian_with_aux():
    found, aux = hessian(lambda x: (np.sum(x**3), "kept"), has_aux=True)(X)
    close(found, np.diag(6 * X))
    assert aux == "kept"


@pytest.mark.parametrize("outer", MODES)
@pytest.mark.parametrize("inner", [*MODES, grad])
def test_every_pair(outer, inner):
    close(outer(inner(rosenbrock))(X), hessian(rosenbrock)(X), 1e-9)


def test_third_order():
    third = jacobian(hessian(lambda x: np.sum(x**3 * x[0])))(X)
    close(third, differences(hessian(lambda x: np.sum(x**3 * x[0])), X), 1e-5, 1e-5)
    close(grad(lambda x: np.sum(hessian(rosenbrock)(x) ** 2))(X), differences(lambda x: np.sum(hessian(rosenbrock)(x) ** 2), X), 1e-5)


def test_inside_compiled_functions():
    def gauss_newton(x):
        j = jacobian(stencil)(x)
        return np.sum((j.T @ j) ** 2)

    def nested(x, a):
        def inner(y):
            return a * y**3

        return np.sum(jacfwd(inner)(x)) + np.sum(jacrev(inner)(x)) + np.sum(hessian(lambda y: np.sum(y**3) * a)(x))

    close(grad(gauss_newton)(X), differences(gauss_newton, X), 1e-5)
    value, by_a = value_and_grad(nested, argnums=1)(X, 2.0)
    assert value == pytest.approx(np.sum(12 * X**2 + 12 * X)) and by_a == pytest.approx(value / 2)
    close(jvp(lambda x: jacobian(stencil)(x), (X,), (X,))[1], differences(jacobian(stencil), X) @ X, 1e-5)
    close(vjp(lambda x: hessian(rosenbrock)(x), X)[1](np.eye(4))[0], differences(lambda x: np.trace(hessian(rosenbrock)(x)), X), 1e-5)


# hvp


def test_hessian_times_vector():
    v = np.array([1.0, -2.0, 0.5, 3.0])
    close(hvp(rosenbrock, (X,), (v,)), hessian(rosenbrock)(X) @ v, 1e-12)
    product, aux = hvp(lambda x: (rosenbrock(x), 3), (X,), (v,), has_aux=True)
    close(product, hessian(rosenbrock)(X) @ v, 1e-12)
    assert aux == 3


def test_hessian_times_vector_of_several_and_of_containers():
    def f(p, s, n):
        return np.sum(p["w"] ** 3) * s**2 * n

    found = hvp(f, ({"w": X}, 2.0, 3), ({"w": X}, 0.5, None))
    close(found[0]["w"], 6 * X * X * 12 + 3 * X**2 * 12 * 0.5)
    assert found[1] == pytest.approx(np.sum(3 * X**3) * 12 + 2 * np.sum(X**3) * 3 * 0.5) and found[2] is None


def test_hessian_times_vector_inside():
    def f(x):
        return np.sum(hvp(rosenbrock, (x,), (X,)) ** 2) + hvp(lambda t: t**4, (x[0],), (1.0,))

    close(grad(f)(X), differences(f, X), 1e-5)


def test_the_hessian_of_what_has_no_known_rank_has_all_axes():
    def likelihood(x):
        p = np.exp(x)
        p /= np.sum(p, axis=1, keepdims=True)
        return np.sum(p[np.arange(3), [0, 2, 1]] ** 2)

    x = np.arange(9.0).reshape(3, 3) / 5
    rows = [backprose.hvp(likelihood, (x,), (v.reshape(3, 3),)) for v in np.eye(9)]
    np.testing.assert_allclose(backprose.hessian(likelihood)(x).reshape(9, 9), np.reshape(rows, (9, 9)), rtol=1e-12, atol=1e-14)


def test_hvp_checks_its_tangents():
    with pytest.raises(TypeError, match="hvp expects a tuple of primals"):
        hvp(rosenbrock, X, (X,))
    with pytest.raises(ValueError, match=r"tangents\[0\] has shape \(2,\)"):
        hvp(rosenbrock, (X,), (X[:2],))
    with pytest.raises(errors.NotDifferentiable, match="not a scalar"):
        hvp(stencil, (X,), (X,))


# Complex numbers


@pytest.mark.parametrize("mode", MODES)
def test_holomorphic(mode):
    z = X + 1j * X[::-1]
    close(mode(lambda z: z**3 + z[0], holomorphic=True)(z), np.diag(3 * z**2) + np.eye(4)[0])
    with pytest.raises(errors.NotDifferentiable, match="`z` is complex.*(\n|.)*holomorphic=True"):
        mode(lambda z: z**3)(z)
    with pytest.raises(errors.NotDifferentiable, match="`x` is not complex"):
        mode(lambda x: x * 2, holomorphic=True)(X)


def test_a_complex_function_of_real_numbers():
    wanted = np.fft.fft(np.eye(4), axis=0)
    close(jacfwd(np.fft.fft)(X), wanted)
    close(jacobian(np.fft.fft)(X), wanted)
    with pytest.raises(errors.NotDifferentiable, match="the result is complex"):
        jacrev(np.fft.fft)(X)


# Refusals


@pytest.mark.parametrize("mode", MODES)
def test_what_has_no_jacobian(mode):
    with pytest.raises(errors.NotDifferentiable, match="the argument `n` is an int, which has no derivative"):
        mode(lambda n: n * 2.0)(3)
    with pytest.raises(errors.NotDifferentiable, match="pass a float, (or )?leave `n` out by argnums"):
        mode(lambda n: n * 2.0)(3)
    with pytest.raises(errors.NotDifferentiable, match="the result holds a number without a derivative"):
        mode(lambda x: (x, 3))(X)
    with pytest.raises(errors.NotDifferentiable, match="the result is a list whose length is not known"):
        mode(lambda x, n: [x * i for i in range(n)])(X, 3)


def test_the_names_are_public():
    assert {"jacfwd", "jacrev", "jacobian", "hessian", "hvp", "elementwise_grad", "linearize"} <= set(backprose.__all__)


def test_a_dict_that_is_updated_in_place():
    def f(p):
        p["x"][0] = p["x"][1] * p["y"]
        return np.sum(p["x"] ** 2)

    p = {"x": np.array([1.0, 2.0]), "y": 3.0}
    forward, reverse = jacfwd(f)(p), jacrev(f)(p)
    np.testing.assert_allclose(forward["x"], [0.0, 40.0])
    np.testing.assert_allclose(reverse["x"], forward["x"])
    assert forward["y"] == reverse["y"] == 24.0


def test_the_hessian_of_a_value_whose_rank_is_not_known_when_compiling():
    """Whether the last axis of v has 2 or 3 entries decides the rank of the cross product."""

    def areas(v):
        return np.sum(np.cross(v[1:], v[:-1]) ** 2)

    v = np.arange(12.0).reshape(4, 3) / 10
    expected = jacfwd(grad(areas))(v)
    np.testing.assert_allclose(hessian(areas)(v), expected, atol=1e-12)
    np.testing.assert_allclose(hvp(areas, (v,), (v,)), np.tensordot(expected, v, 2), atol=1e-12)


def test_the_jacobian_of_the_gradient_of_an_early_return_after_updates():
    def early(x, most):
        total = np.zeros_like(x)
        for i in range(len(x)):
            total[i:] += np.sin(x[i])
            if total[-1] > most:
                return np.sum(total * x)
        return np.sum(np.cos(total))

    x = np.array([0.5, 0.9, 0.2, 0.1])
    for most in (1.0, 9.0):
        expected = jacrev(grad(early))(x, most)
        np.testing.assert_allclose(expected, expected.T, atol=1e-12)
        np.testing.assert_allclose(hessian(early)(x, most), expected, atol=1e-12)
        np.testing.assert_allclose(jacfwd(grad(early))(x, most), expected, atol=1e-12)
