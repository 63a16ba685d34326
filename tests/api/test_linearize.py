"""`linearize`: the value, and a linear function of tangents that may be called any number of times."""

import numpy as np
import pytest

from backprose import jvp, linearize

X, V = np.array([0.3, -1.2, 2.0]), np.array([1.0, 0.5, -2.0])


def wave(x, s):
    u = np.zeros(3)
    for i in range(3):
        u[i] = np.sin(x[i] * s) * x[i - 1]
    return {"u": u, "n": 3}


def test_value_and_linear_function():
    value, push = linearize(wave, X, 2.0)
    np.testing.assert_array_equal(value["u"], wave(X, 2.0)["u"])
    for v, t in ((V, 0.5), (X, 0.0), (0 * V, 1.0)):
        dot = push(v, t)
        np.testing.assert_allclose(dot["u"], jvp(wave, (X, 2.0), (v, t))[1]["u"])
        assert dot["n"] is None


def test_it_stays_when_the_primals_change():
    x = X.copy()
    _, push = linearize(lambda x: x**2, x)
    x[:] = 100.0
    np.testing.assert_allclose(push(V), 2 * X * V)


def test_it_is_linear():
    _, push = linearize(lambda x: np.sqrt(np.abs(x)) * x[::-1], X)
    np.testing.assert_allclose(push(2.0 * X - 3.0 * V), 2.0 * push(X) - 3.0 * push(V))


def test_containers_and_aux():
    value, push, aux = linearize(lambda p, n: (p["w"] ** n, "kept"), {"w": X, "name": "layer"}, 2, has_aux=True)
    np.testing.assert_allclose(value, X**2)
    np.testing.assert_allclose(push({"w": V, "name": None}, None), 2 * X * V)
    assert aux == "kept"


def test_tangents_are_checked():
    _, push = linearize(lambda x, s: x * s, X, 2.0)
    with pytest.raises(ValueError, match="2 primals and 1 tangents"):
        push(V)
    with pytest.raises(ValueError, match=r"tangents\[0\] has shape \(2,\)"):
        push(V[:2], 1.0)
