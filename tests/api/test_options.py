"""The options of the calculus mean the same in each of its functions."""

import inspect
import pickle

import numpy as np
import pytest

from backprose import (
    check_grads, differentiable, elementwise_grad, errors, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, linearize,
    value_and_grad, vjp,
)  # fmt: skip

X = np.array([0.5, 2.0])
AT_ZERO = np.array([0.0, 2.0])
ALL = (grad, value_and_grad, vjp, jvp, hvp, linearize, jacfwd, jacrev, jacobian, hessian, elementwise_grad)


@pytest.mark.parametrize("of", ALL, ids=lambda of: of.__name__)
def test_signatures(of):
    parameters = inspect.signature(of).parameters
    assert parameters["has_aux"].default is False and parameters["debug"].default is False
    assert parameters["guard_zeros"].default is True
    for name in ("guard_zeros", "debug"):
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
    assert ("allow_int" in parameters) == (of in (grad, value_and_grad, jacrev, jacobian, elementwise_grad))
    assert ("holomorphic" in parameters) == (of not in (vjp, jvp, hvp, linearize))


# guard_zeros


def masked(x):
    return np.where(x > 0, np.sqrt(x), 0.0)


def total(x):
    return np.sum(np.where(x > 0, x * np.sqrt(x), 0.0))


def of_each(guard_zeros):
    """The derivatives at a point where the branch that is not taken has an infinite one."""
    option, unit = {"guard_zeros": guard_zeros}, np.ones(2)
    yield "grad", grad(lambda x: np.sum(masked(x)), **option)(AT_ZERO)
    yield "vjp", vjp(masked, AT_ZERO, **option)[1](unit)[0]
    yield "jacrev", jacrev(masked, **option)(AT_ZERO)
    yield "elementwise_grad", elementwise_grad(masked, **option)(AT_ZERO)
    yield "hessian", hessian(total, **option)(AT_ZERO)
    yield "hvp", hvp(total, (AT_ZERO,), (unit,), **option)
    still = np.array([0.0, 1.0])
    yield "jvp", jvp(np.sqrt, (AT_ZERO,), (still,), **option)[1]
    yield "linearize", linearize(np.sqrt, AT_ZERO, **option)[1](still)
    yield "jacfwd", jacfwd(np.sqrt, **option)(AT_ZERO)[0, 1]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_guarded_zeros_annihilate_everywhere():
    assert not [name for name, found in of_each(True) if not np.all(np.isfinite(found))]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_without_guards_they_do_nowhere():
    assert not [name for name, found in of_each(False) if np.all(np.isfinite(found))]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_differentiable_passes_its_option_on():
    f = differentiable(lambda x: np.sqrt(x), guard_zeros=False)
    assert np.isnan(f.jvp((AT_ZERO,), (np.array([0.0, 1.0]),))[1][0])
    assert np.isnan(f.jacobian(AT_ZERO)[0, 1])


# allow_int


def scaled(x, n):
    return {"y": x[:2] ** n, "z": np.sum(x) * n}


@pytest.mark.parametrize("of", [jacrev, jacobian])
def test_integers_have_columns_of_zeros(of):
    x = np.arange(1.0, 4.0)
    found = of(scaled, (0, 1), allow_int=True)(x, 2)
    np.testing.assert_allclose(found["y"][0], np.diag(2 * x)[:2])
    np.testing.assert_array_equal(found["y"][1], np.zeros(2))
    assert found["z"][1] == 0.0

    table = np.arange(6).reshape(2, 3)
    found = of(lambda p: p["x"] * np.sum(p["t"]), allow_int=True)({"x": x, "t": table, "name": "p"})
    assert found["t"].shape == (3, 2, 3) and not found["t"].any() and found["t"].dtype == np.float64
    np.testing.assert_allclose(found["x"], 15 * np.eye(3))
    assert found["name"] is None


@pytest.mark.parametrize("of", [jacrev, jacobian])
def test_integers_alone(of):
    found = of(scaled, 1, allow_int=True)(X, 3)
    np.testing.assert_array_equal(found["y"], np.zeros(2))
    assert found["z"] == 0.0
    found, aux = of(lambda x, t: (np.sum(x * t), "kept"), 1, has_aux=True, allow_int=True)(2.0, np.arange(3))
    np.testing.assert_array_equal(found, np.zeros(3))
    assert aux == "kept"


def test_integers_of_elementwise_functions():
    found = elementwise_grad(lambda x, n: x**n, (0, 1), allow_int=True)(X, 2)
    np.testing.assert_allclose(found[0], 2 * X)
    assert found[1] == 0.0


@pytest.mark.parametrize("of", [grad, value_and_grad, elementwise_grad, jacfwd, jacrev, jacobian, hessian])
def test_integers_are_refused_otherwise(of):
    with pytest.raises(errors.NotDifferentiable, match="`n` is an int") as info:
        of(lambda x, n: x**n, 1)(2.0, 3)
    assert ("allow_int=True" in str(info.value)) == (of not in (jacfwd, hessian))


# has_aux


def with_aux(x):
    return np.sum(x**3), {"kept": x.shape, "y": 2.0 * x}


@pytest.mark.parametrize("of", [grad, jacfwd, jacrev, jacobian, hessian])
def test_aux_comes_along(of):
    found, aux = of(with_aux, has_aux=True)(X)
    np.testing.assert_allclose(found, np.diag(6 * X) if of is hessian else 3 * X**2)
    assert aux["kept"] == (2,)
    np.testing.assert_array_equal(aux["y"], 2.0 * X)


def test_aux_of_products():
    unit = np.ones(2)
    for found, aux in (
        jvp(with_aux, (X,), (unit,), has_aux=True)[1:], hvp(with_aux, (X,), (unit,), has_aux=True),
        (lambda y, push, aux: (push(unit), aux))(*linearize(with_aux, X, has_aux=True)),
        elementwise_grad(lambda x: (x**2, {"kept": x.shape, "y": 2.0 * x}), has_aux=True)(X),
    ):  # fmt: skip
        assert np.all(np.isfinite(found)) and aux["kept"] == (2,)


@pytest.mark.parametrize("of", [grad, jacfwd, jacrev, jacobian, hessian, elementwise_grad])
def test_aux_that_is_not_there(of):
    with pytest.raises(errors.NotDifferentiable, match="must return a pair"):
        of(lambda x: x**2, has_aux=True)(2.0)


def test_they_are_pickled_and_bound_with_their_options():
    found = pickle.loads(pickle.dumps(jacrev(np.power, (0, 1), allow_int=True, guard_zeros=False)))
    assert found.allow_int and not found.guard_zeros and found.argnums == (0, 1)
    check_grads(lambda x: np.sum(masked(x)), (X,), order=1)
