"""What a function reads besides its arguments is read anew by every call, as Python reads it."""

import functools
import types

import numpy as np
import pytest

import backprose

RATE = 2.0
WEIGHTS = np.array([1.0, 2.0])
FLAG = True
SETTINGS = {"power": 2.0}
NAMES = types.SimpleNamespace(scale=3.0, flag=False)


def step(x):
    return x * x


def reads_number(x):
    return RATE * x * x


def reads_array(x):
    return np.sum(WEIGHTS * x * x)


def reads_flag(x):
    return x * x if FLAG else x * x * x


def reads_function(x):
    return step(x) * 2


def reads_dict(x):
    return x ** SETTINGS["power"]


def reads_attribute(x):
    return NAMES.scale * x * x if not NAMES.flag else x


def derivative(function, x=1.5, step=1e-5):
    return (function(x + step) - function(x - step)) / (2 * step)


def agrees(gradient, function, x=1.5):
    value, slope = gradient(x)
    assert value == function(x)
    assert slope == pytest.approx(derivative(function, x), rel=1e-6)


@pytest.mark.parametrize("function, name, values", [
    (reads_number, "RATE", (5.0, 7, np.float64(2.5), True)),
    (reads_array, "WEIGHTS", (np.array([3.0, 4.0]), np.array([3.0, 4.0, 5.0]), np.array(2.0), 1.5)),
    (reads_flag, "FLAG", (False, True, 0, "text", None)),
    (reads_function, "step", (np.sin, lambda x: x**3, functools.partial(np.power, 2.0))),
    (reads_dict, "SETTINGS", ({"power": 3.0}, {"other": 1, "power": 1.5})),
    (reads_attribute, "NAMES", (types.SimpleNamespace(scale=1.0, flag=True), types.SimpleNamespace(scale=4, flag=False))),
])  # fmt: skip
def test_globals(monkeypatch, function, name, values):
    gradient = backprose.value_and_grad(function)
    agrees(gradient, function)
    for value in values:
        monkeypatch.setitem(globals(), name, value)
        agrees(gradient, function)


def test_contents_of_globals():
    gradient = backprose.value_and_grad(reads_dict)
    agrees(gradient, reads_dict)
    SETTINGS["power"] = 4.0
    agrees(gradient, reads_dict)
    SETTINGS["power"] = 2
    agrees(gradient, reads_dict)
    gradient = backprose.value_and_grad(reads_array)
    WEIGHTS[0] = 10.0
    agrees(gradient, reads_array)


def test_attributes():
    gradient = backprose.value_and_grad(reads_attribute)
    agrees(gradient, reads_attribute)
    NAMES.scale = np.float64(5.0)
    agrees(gradient, reads_attribute)
    NAMES.flag = True
    agrees(gradient, reads_attribute)


def test_cells():
    factor, power = 2.0, lambda x: x * x

    def f(x):
        return factor * power(x)

    gradient = backprose.value_and_grad(f)
    agrees(gradient, f)
    factor = -1.5
    agrees(gradient, f)
    factor = 3
    agrees(gradient, f)
    power = np.exp
    agrees(gradient, f)


def test_closures_of_one_code_object():
    def make(k):
        def f(x):
            return x**3 * k

        return f

    for k in (-1, -2, 2.5, -1.0, True):
        agrees(backprose.value_and_grad(make(k)), make(k))


def test_equal_hashes():
    def f(x, n):
        return x * n if n == -1 else x * x * n

    gradient = backprose.grad(f)
    assert hash(-1) == hash(-2)
    assert gradient(1.5, -1) == -1.0
    assert gradient(1.5, -2) == -6.0


class Model:
    offset = 1.0

    def __init__(self, w):
        self.w = w

    @property
    def norm(self):
        return self.w * self.w

    def loss(self, x):
        return self.w * x * x + self.offset * x + self.norm * x


def test_methods():
    first, second = Model(2.0), Model(3.0)
    for model in (first, second):
        agrees(backprose.value_and_grad(model.loss), model.loss)
    gradient = backprose.value_and_grad(first.loss)
    agrees(gradient, first.loss)
    first.w = 4.0
    agrees(gradient, first.loss)
    first.offset = 5.0
    agrees(gradient, first.loss)
    Model.offset = 6.0
    agrees(backprose.value_and_grad(second.loss), second.loss)


class Container:
    def __init__(self, items):
        self.items = items

    def __getitem__(self, i):
        return self.items[i]

    def __len__(self):
        return len(self.items)


BOX = Container([1.5, 2.5])


def reads_object(x):
    return BOX[0] * x * x + len(BOX) * x if BOX else x


def test_objects_with_operators():
    gradient = backprose.value_and_grad(reads_object)
    agrees(gradient, reads_object)
    BOX.items = [4.5, 1.0, 2.0]
    agrees(gradient, reads_object)
    BOX.items = []
    agrees(gradient, reads_object)


def test_function_attributes():
    def f(x):
        return f.k * x * x

    f.k = 2.0
    gradient = backprose.value_and_grad(f)
    agrees(gradient, f)
    f.k = 5.0
    agrees(gradient, f)


def test_default_arguments():
    def f(x, scale=2.0):
        return x * x * scale

    gradient = backprose.value_and_grad(f)
    agrees(gradient, f)
    f.__defaults__ = (7.0,)
    agrees(backprose.value_and_grad(f), f)
