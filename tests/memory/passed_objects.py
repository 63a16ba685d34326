"""Functions that write to objects of plain classes that are passed to them: `model` and x, a vector of 3."""

import copy

import numpy as np


class Part:
    def __init__(self):
        self.w = np.array([0.4, 0.3, -0.2])
        self.gain = 1.5


class Model:
    count = 0

    def __init__(self):
        self.u = np.array([1.0, 2.0, 3.0])
        self.t = 0.5
        self.cache = None
        self.log = [0.25]
        self.table = {"w": np.array([0.1, 0.2, 0.3]), "b": 2.0}
        self.part = Part()
        self.parts = [Part(), self.part]
        self._rate = 0.1

    def step(self, x):
        self.u[1:] += x[:-1] ** 2
        self.t += x[0]
        self.count += 1
        return self.u

    @property
    def rate(self):
        return self._rate * self.t

    @rate.setter
    def rate(self, value):
        self._rate = value * value

    def loss(self, x):
        v = self.step(x)
        v[0] *= x[2]
        return np.sum(self.u * x) * self.t + self.count * x[0]


class Slots:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a = np.array([0.5, -0.5, 1.0])


def method(model, x):
    return model.loss(x)


def called_twice(model, x):
    return model.loss(x) + model.loss(x * 2)


def attribute_assigned(model, x):
    model.cache = x * model.t
    model.cache[1] *= x[0]
    return np.sum(model.cache**2)


def rebound_then_updated(model, x):
    u = model.u
    model.u = model.u * x
    model.u[0] += 1.0
    return np.sum(model.u * u)


def attributes_swapped(model, x):
    model.u, model.part.w = model.part.w, model.u
    model.u *= x
    model.part.w[0] = x[1]
    return np.sum(model.u * 2 + model.part.w * x)


def element_of_a_dict(model, x):
    model.table["w"][1:] *= x[:-1]
    model.table["b"] *= x[2]
    return np.sum(model.table["w"]) * model.table["b"]


def list_appended(model, x):
    model.log.append(x[0] ** 2)
    model.log.append(x[1])
    return sum(model.log) * model.log[0] * len(model.log)


def computed_once(model, x):
    if model.cache is None:
        model.cache = x**2
    return np.sum(model.cache)


def asked_for(model, x):
    if not hasattr(model, "norm"):
        model.norm = np.sum(x**2)
    return model.norm * x[0] if hasattr(model, "norm") and not hasattr(model, "other") else x[1]


def deleted(model, x):
    u = model.u
    del model.u
    u[0] = x[0]
    model.u = u * 2
    return np.sum(u * x + model.u)


def an_object_in_an_object(model, x):
    model.part.w[0] = x[1] ** 2
    model.parts[1].gain = model.part.gain * x[0]
    model.parts[0].w += x
    return np.sum(model.parts[1].w * x) * model.part.gain + np.sum(model.parts[0].w ** 2)


def property_set(model, x):
    model.rate = x[0]
    model.t = x[1]
    return model.rate * x[2]


def class_attribute(model, x):
    model.count += x[0]
    model.count *= 2
    return model.count * x[1]


def other_names(model, x):
    def change(other):
        other.t *= x[0]
        alias = other
        alias.u[:2] = x[1:]

    change(model)
    return model.t * np.sum(model.u)


def changed_in_a_branch(model, x):
    if x[0] > 0:
        model.t = x[0] * model.t
        model.u[1] = x[1]
    return model.t * np.sum(model.u)


def not_changed(model, x):
    u = model.u
    return np.sum(u * x) * model.t


def deep_copy(model, x):
    own = copy.deepcopy(model)
    own.u[0] = x[0]
    own.part.w *= x
    own.part.gain = x[1]
    return np.sum(own.u * model.u) + np.sum(own.parts[1].w) * own.part.gain + model.part.gain


def slots(model, x):
    s = model.slots
    s.b = s.a
    s.b[0] = x[1]
    return np.sum(s.a * x)


def time_loop(model, x):
    for k in range(len(x)):
        model.u, model.part.w = model.part.w + x, model.u
        model.u[k] *= model.t
        model.t += x[k]
        model.log.append(model.t)
    return np.sum(model.u * model.part.w) * model.t * sum(model.log)


def time_loop_in_a_method(model, x):
    total = 0.0
    while model.count < 3:
        total += np.sum(model.step(x) * x)
    return total * model.t


PROGRAMS = [
    method, called_twice, attribute_assigned, rebound_then_updated, attributes_swapped, element_of_a_dict, list_appended,
    computed_once, asked_for, deleted, an_object_in_an_object, property_set, class_attribute, other_names,
    changed_in_a_branch, not_changed, deep_copy, slots, time_loop, time_loop_in_a_method,
]  # fmt: skip


def example():
    model = Model()
    model.slots = Slots()
    return model
