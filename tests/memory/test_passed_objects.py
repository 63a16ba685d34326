"""Objects of plain classes as arguments: what the function writes to them stays in the call, as it does for arrays."""

import copy

import numpy as np
import passed_objects
import pytest

from backprose import errors, grad, value_and_grad

X = np.array([0.3, 0.5, 0.8])


def contents(obj, seen=None):
    """All that an object holds, as text."""
    seen = {} if seen is None else seen
    if id(obj) in seen:
        return f"<{seen[id(obj)]}>"
    seen[id(obj)] = len(seen)
    if hasattr(obj, "__slots__"):
        return {name: contents(getattr(obj, name), seen) for name in obj.__slots__ if hasattr(obj, name)}
    if hasattr(obj, "__dict__"):
        return {name: contents(value, seen) for name, value in vars(obj).items()}
    return [contents(item, seen) for item in obj] if isinstance(obj, list) else repr(obj)


def differences(function, x):
    return [(function(x + d) - function(x - d)) / 2e-6 for d in 1e-6 * np.eye(3)]


@pytest.mark.parametrize("program", passed_objects.PROGRAMS, ids=lambda f: f.__name__)
def test_program(program, monkeypatch):
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    model, gradient = passed_objects.example(), value_and_grad(program, argnums=1)
    before, x = contents(model), X.copy()

    def plainly(x):
        return program(copy.deepcopy(model), x)

    for _ in range(2):
        value, x_bar = gradient(model, x)
        assert contents(model) == before, "the object is as it was passed"
        assert np.array_equal(x, X)
        np.testing.assert_allclose(value, plainly(X), rtol=1e-14)
        np.testing.assert_allclose(x_bar, differences(plainly, X), rtol=1e-6, atol=1e-8)
    model.t, model.u = 2.0, model.u * 3  # the next call reads what is there then
    np.testing.assert_allclose(gradient(model, x)[1], differences(plainly, X), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("program", passed_objects.PROGRAMS, ids=lambda f: f.__name__)
def test_second_order(program):
    model, first = passed_objects.example(), grad(program, argnums=1)

    def slope(model, x):
        return np.sum(np.array([1.0, 2.0, 3.0]) * first(model, x))

    found = grad(slope, argnums=1)(model, X)
    np.testing.assert_allclose(found, differences(lambda x: slope(model, x), X), rtol=1e-6, atol=1e-7)


def test_a_bound_method_and_the_function_itself():
    model = passed_objects.Model()
    wanted = differences(lambda x: copy.deepcopy(model).loss(x), X)
    np.testing.assert_allclose(grad(model.loss)(X), wanted, rtol=1e-6)
    assert model.t == 0.5 and model.count == 0
    model.loss(X)
    assert model.t == 0.8 and model.count == 1
    np.testing.assert_allclose(grad(model.loss)(X), differences(lambda x: copy.deepcopy(model).loss(x), X), rtol=1e-6)


def test_one_object_twice():
    def program(a, b, x):
        a.t = x[0]
        b.u[0] = x[1]
        return b.t * np.sum(a.u)

    model = passed_objects.Model()
    np.testing.assert_allclose(grad(program, argnums=2)(model, model, X), [5.5, 0.3, 0.0])
    other = passed_objects.Model()
    np.testing.assert_allclose(grad(program, argnums=2)(model, other, X), [0.0, 0.0, 0.0])


def test_memory_that_is_shared_is_refused_at_run_time():
    def program(model, x):
        model.u[0] = 2.0
        return np.sum(model.part.w * x)

    model, gradient = passed_objects.Model(), grad(program, argnums=1)
    np.testing.assert_allclose(gradient(model, X), model.part.w)
    model.part.w = model.u[::-1]
    with pytest.raises(ValueError, match="share memory"):
        gradient(model, X)
    model = passed_objects.Model()
    with pytest.raises(ValueError, match="share memory"):
        gradient(model, model.u)


GLOBAL_MODEL = passed_objects.Model()
GLOBAL_ARRAY = np.zeros(3)


def test_a_global_array_that_is_also_the_argument_written_to():
    def program(x):
        x[0] = 5.0
        return np.sum(GLOBAL_ARRAY * x)

    np.testing.assert_allclose(grad(program)(X), [0.0, 0.0, 0.0])
    with pytest.raises(ValueError, match="share memory"):
        grad(program)(GLOBAL_ARRAY)


def stores_in_a_global(x):
    GLOBAL_ARRAY[:] = x
    return np.sum(GLOBAL_ARRAY)


def assigns_to_a_global(x):
    GLOBAL_MODEL.t = x[0]
    return GLOBAL_MODEL.t


def stores_in_an_attribute_of_a_global(x):
    GLOBAL_MODEL.u[0] = x[0]
    return x[0]


def appends_to_a_global(x):
    GLOBAL_MODEL.log.append(x[0])
    return x[0]


def assigns_to_a_class(x):
    passed_objects.Model.count = 3
    return x[0]


def assigns_to_a_module(x):
    passed_objects.count = 3
    return x[0]


def stores_by_a_default(x, table=GLOBAL_MODEL.table):
    def inner(y, buffer=GLOBAL_ARRAY):
        buffer[0] = y
        return buffer[0]

    return inner(x[0])


REFUSED = {
    stores_in_a_global: "`GLOBAL_ARRAY` lives outside",
    assigns_to_a_global: "the attribute `t` of `GLOBAL_MODEL` is assigned",
    stores_in_an_attribute_of_a_global: "the attribute `u` of `Model` lives outside",
    appends_to_a_global: "the attribute `log` of `Model` lives outside",
    assigns_to_a_class: "the attribute `count` of `Model` is assigned",
    assigns_to_a_module: "the attribute `count` of `passed_objects` is assigned",
    stores_by_a_default: "lives outside",
}


@pytest.mark.parametrize("program", REFUSED, ids=lambda f: f.__name__)
def test_what_outlives_the_call_is_refused(program):
    with pytest.raises(errors.UnsupportedUpdate, match=REFUSED[program]):
        grad(program)(X)
    assert np.array_equal(GLOBAL_ARRAY, np.zeros(3)) and GLOBAL_MODEL.t == 0.5


def test_the_object_as_a_whole_is_refused_once_it_is_changed():
    def result(model, x):
        model.t = x[0]
        return model.t, model

    def text(model, x):
        model.t = x[0]
        return x[0] * len(f"{model}")

    with pytest.raises(errors.UnsupportedUpdate, match="used as a whole"):
        grad(result, argnums=1, has_aux=True)(passed_objects.Model(), X)
    with pytest.raises(errors.UnsupportedUpdate, match="used as a whole"):
        grad(text, argnums=1)(passed_objects.Model(), X)


def test_a_gradient_inside_does_not_see_the_change():
    def inner(model, y):
        return model.t * y * y

    def outer(model, x):
        model.t = x[0]
        return grad(inner, argnums=1)(model, x[1])

    def before(model, x):
        return grad(inner, argnums=1)(model, x[1]) * x[0]

    with pytest.raises(errors.UnsupportedUpdate, match="the change is not seen"):
        grad(outer, argnums=1)(passed_objects.Model(), X)
    np.testing.assert_allclose(grad(before, argnums=1)(passed_objects.Model(), X), [0.5, 0.3, 0.0])


def test_recursion_does_not_see_the_change():
    def power(model, n):
        return 1.0 if n == 0 else model.t * power(model, n - 1)

    def program(model, x, n):
        model.t = x[0]
        return power(model, n)

    with pytest.raises(errors.UnsupportedUpdate, match="the change is not seen"):
        grad(program, argnums=1)(passed_objects.Model(), X, 3)


def test_no_gradient_with_respect_to_a_plain_object():
    with pytest.raises(errors.NotDifferentiable, match="make its class a dataclass"):
        grad(passed_objects.not_changed)(passed_objects.Model(), X)
