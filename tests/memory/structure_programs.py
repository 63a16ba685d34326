"""Containers of known structure whose parts a loop rebinds and updates; `x` is a vector of three."""

import dataclasses

import numpy as np


@dataclasses.dataclass
class Field:
    u: np.ndarray
    v: np.ndarray
    t: float = 0.0


def attributes_that_change_places(x):
    p = Field(x * 1.0, x * 2.0)
    for k in range(len(x)):
        p.v[1:] = np.sin(p.u[:-1])
        p.t += p.v[1]
        p.u, p.v = p.v, p.u
    p.u[0] *= 2
    return np.sum(p.u * p.v) + p.t


def dict_rebound_and_updated(x):
    d = {"u": x * 1.0, "v": x * 2.0}
    for k in range(len(x)):
        d["v"] = d["u"] * x[k]
        d["v"][0] += 1.0
        d["u"][1] *= d["v"][0]
    return np.sum(d["u"] * d["v"])


def list_rebound_and_updated(x):
    ws = [x * 1.0, x[:2] * 1.0]
    for k in range(4):
        ws[0] = ws[0] - 0.1 * ws[0] ** 2
        ws[1] -= 0.1 * ws[1] ** 2
    ws[0][0] = x[2]
    return np.sum(ws[0]) * np.sum(ws[1])


def tuple_of_buffers(x):
    state = (x * 1.0, x * 2.0)
    for k in range(4):
        u, v = state
        v[1:] = u[:-1] * x[k % 3]
        state = (v, u)
    return np.sum(state[0] * state[1] * x)


def _step(p, dt):
    p.u = p.u + dt * p.v
    p.v -= dt * p.u
    return p


def object_that_a_function_steps(x):
    p = Field(x * 1.0, x * 2.0)
    for k in range(10):
        p = _step(p, 0.1)
    return np.sum(p.u * p.v)


def objects_that_change_places(x):
    p = Field(x * 1.0, x * 2.0)
    q = Field(x * 3.0, p.v)
    for k in range(3):
        p, q = q, p
        p.u[k] += q.v[0] * x[1]
    return np.sum(p.u * q.u * q.v)


def attributes_in_a_while_loop(x):
    p = Field(x * 1.0, x * 2.0)
    while p.t < 1.0:
        p.t += 0.3
        p.u = p.u * np.cos(p.v)
        p.v[0] += p.u[1] * p.t
    return np.sum(p.u * p.v)


def nested_containers(x):
    net = {"layers": [Field(x * 1.0, x * 0.5), Field(x * 2.0, x * 0.1)], "log": x * 0.0}
    for k in range(3):
        for layer in net["layers"]:
            layer.u -= 0.1 * layer.v
            layer.v = layer.v * np.cos(layer.u)
        net["log"][k] = np.sum(net["layers"][0].u)
    return np.sum(net["log"] * net["layers"][1].v)


def attributes_exchanged_by_a_condition(x):
    p = Field(x * 1.0, x * 2.0)
    for k in range(5):
        p.v[:] = p.u * np.sin(x + k)
        if np.sum(p.v) > 0:
            p.u, p.v = p.v, p.u
        else:
            p.u[0] += 0.1
    return np.sum(p.u * x) + p.v[1]


def best_object_so_far(x):
    best = Field(x * 1.0, x * 1.0)
    for k in range(3):
        trial = Field(best.u * np.sin(x + k), x * k)
        if np.sum(trial.u) > np.sum(best.u):
            best = trial
    best.u[0] = best.v[1]
    return np.sum(best.u * best.v)


def loop_that_may_not_run(x):
    p = Field(x * 1.0, x * 2.0)
    first = p.u
    for k in range(int(x[0] > 0)):
        p.u = p.u * x
        p.u[0] = 1.0
    p.u[1] *= 3.0
    return np.sum(first * p.u)
