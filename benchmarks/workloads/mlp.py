"""A network whose parameters are a list of dicts: a Python loop over layers, with a branch on the layer's index."""

import numpy as np

ARGNUMS = 0


def primal(params, x, y):
    h = x
    for i, layer in enumerate(params):
        h = h @ layer["w"] + layer["b"]
        if i < len(params) - 1:
            h = np.tanh(h)
    return np.mean((h - y) ** 2)


def by_hand(params, x, y):
    last = len(params) - 1
    inputs, h = [], x
    for i, layer in enumerate(params):
        inputs.append(h)
        h = h @ layer["w"] + layer["b"]
        if i < last:
            h = np.tanh(h)
    error = h - y
    h_bar = error * (2 / error.size)
    params_bar = [None] * len(params)
    for i in range(last, -1, -1):
        if i < last:
            h_bar *= 1 - h**2
        h = inputs.pop()
        params_bar[i] = {"w": h.T @ h_bar, "b": h_bar.sum(axis=0)}
        if i:
            h_bar = h_bar @ params[i]["w"].T
    return np.mean(error**2), params_bar


def arguments(rng):
    sizes = (32, 64, 64, 64, 4)
    params = [{"w": rng.normal(size=(m, n)) / m**0.5, "b": np.zeros(n)} for m, n in zip(sizes, sizes[1:])]
    return params, rng.normal(size=(128, 32)), rng.normal(size=(128, 4))
