"""Programs that change dicts."""

import numpy as np


def array_in_a_dict(x):
    y = x * 2
    d = {"a": y}
    d["a"] += 1
    return np.sum(y * y)


def key_rebound(p):
    w = p["w"]
    p["w"] = p["w"] * 2
    return np.sum(w * w * p["b"])


def key_updated(p):
    w = p["w"]
    p["w"] *= 2
    return np.sum(w * w * p["b"])


def descent_in_a_dict(p, n):
    w = p["w"]
    for i in range(n):
        p["w"] = p["w"] - 0.1 * p["w"] ** 2
    return np.sum(p["w"] * w * p["b"])


def dict_methods(x):
    d = {}
    d["a"] = x * 2
    d.update({"b": x[0]}, c=x**2)
    s = d.pop("c")
    d.setdefault("z", x * 3)
    return np.sum(d["a"] * s) * d["b"] + np.sum(d["z"]) + len(d)


def key_stored_after_update(x):
    y = x * 1
    p = {"a": y, "b": x}
    y += x
    if x[0] > 5:
        p["b"] = x * 2
    return np.sum(p["a"] * p["b"])


def key_stored_in_branches(x):
    y = x * 1
    p = {"a": y, "b": x}
    if x[0] > 0:
        y += x
        p["b"] = x * 2
    else:
        p["b"] = x * 3
        y *= 3
    return np.sum(p["a"] * p["b"])


def key_stored_in_loop_after_update(x, n):
    y = x * 1
    p = {"a": y, "b": x}
    y += x
    for i in range(n):
        p["b"] = p["b"] * p["a"]
    return np.sum(p["a"] * p["b"])


def dicts_in_dicts(x):
    d = {"a": [x * 1], "b": {"c": x * 2}}
    e = d["b"]
    e["c"] += x
    d["a"].append(e["c"])
    e["c"] = x * 5
    d["a"][1] *= 2
    return np.sum(d["a"][0] * d["a"][1] * d["b"]["c"])


def list_in_a_dict(x, n):
    y = x * 1
    l = [y]
    d = {"l": l}
    y += x
    l.append(x)
    for i in range(n):
        d["l"].append(d["l"][0] * x)
    return np.sum(l[0] * l[-1])


RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
PAIR = {"w": X.copy(), "b": RNG.normal(size=5)}
ARGUMENTS = {
    "key_rebound": (PAIR,),
    "key_updated": (PAIR,),
    "descent_in_a_dict": (PAIR, 3),
    "key_stored_in_loop_after_update": (X, 2),
    "list_in_a_dict": (X, 2),
}
REFUSED = {}
