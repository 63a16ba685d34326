"""Containers: tuples, lists, dicts, comprehensions, records, nested arguments, scalars of every type."""

from collections import namedtuple
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from checks import Programs

program = Programs()
V = np.array([0.3, -1.2, 2.0])
M = np.array([[1.0, 0.2, -0.4], [0.5, -1.5, 0.7]])


@program((0.7, 0.2))
def tuples(x, y):
    t = (x, y, x * y)
    u = t + (x,)
    return t[0] * u[-1] * t[1:][1] + len(u) * u[2]


@program((0.7, 0.2))
def lists(x, y):
    a = [x, y] + [x * y]
    b = a * 2
    c = b[1:4]
    d = a[::-1]
    return a[2] * b[4] * c[0] + d[0] + sum(b[:3])


@program((V,))
def list_of_an_array(v):
    a = list(v)
    b = v.tolist()
    return a[0] * a[2] + b[1] ** 2


@program((V,))
def comprehension_summed(v):
    return sum([np.sin(x) for x in v]) + sum(x * x for x in v)


@program((V,))
def comprehension_to_array(v):
    a = np.array([x * x for x in v])
    b = np.stack([v * k for k in range(3)])
    return np.sum(a * b[1]) + np.sum(b @ a)


@program((V, 4))
def comprehension_over_a_range(v, n):
    powers = [v**k for k in range(n)]
    return np.sum(np.array(powers)) + np.sum(powers[n - 1])


@program((V,))
def filtered_comprehension(v):
    positive = [x * x for x in v if x > 0]
    return sum(positive) * len(positive)


@program((M,))
def nested_comprehension(m):
    rows = [[x * x for x in row] for row in m]
    flat = [x for row in m for x in row if x > 0]
    return rows[1][2] * rows[0][0] + sum(flat)


@program((M,))
def array_of_nested_lists(m):
    g = np.array([[np.sin(m[i, j]) * i for j in range(3)] for i in range(2)])
    return np.sum(g @ g.T)


@program((0.7, 0.2))
def array_of_expressions(x, y):
    r = np.array([[np.cos(x), -np.sin(x)], [np.sin(x), np.cos(x)]])
    p = r @ np.array([y, 1.0])
    return p[0] * p[1]


@program(({"w": V, "b": 0.3},))
def dict_argument(p):
    return np.sum(p["w"] ** 2) * p["b"] + p["w"][0]


@program((0.7, 0.2))
def dicts(x, y):
    d = {"a": x, "b": y}
    e = {**d, "c": x * y, "a": y * y}
    f = dict(u=x, v=e["c"])
    return d["a"] * e["a"] + e["c"] * f["v"] + f.get("u", 0.0) * f.get("w", 2.0) + len(e)


@program((0.7, 0.2))
def dict_merge(x, y):
    d = {"a": x} | {"b": y, "a": x * y}
    return d["a"] * d["b"]


@program((0.7, 0.2))
def dict_comprehension(x, y):
    d = {"a": x, "b": y}
    squares = {k: v * v for k, v in d.items()}
    table = {i: x**i for i in (1, 2, 3)}
    total = 0.0
    for k in squares:
        total += squares[k] * d[k]
    return total + table[2] * table[3]


@program(({"a": {"w": M, "b": 1.5}, "c": [V, (0.5, V)]},))
def nested_containers(p):
    h = p["a"]["w"] @ p["c"][0] * p["a"]["b"]
    scale, shift = p["c"][1]
    return np.sum(h) * scale + np.sum(shift * p["c"][0])


LAYERS = [{"w": M, "b": np.array([0.1, 0.2])}, {"w": M.T.copy(), "b": V}]


@program((LAYERS, V))
def network(layers, x):
    h = x
    for layer in layers:
        h = np.tanh(layer["w"] @ h + layer["b"])
    penalty = sum(np.sum(layer["w"] ** 2) for layer in layers)
    return np.sum(h) + 0.1 * penalty


@program(([(M, np.array([0.1, 0.2])), (M.T.copy(), V)], V))
def network_of_tuples(layers, x):
    *hidden, last = layers
    for w, b in hidden:
        x = np.maximum(w @ x + b, 0)
    w, b = last
    return np.sum((w @ x + b) ** 2)


Point = namedtuple("Point", "x y")


class Circle(NamedTuple):
    centre: Point
    radius: float = 1.0

    def area(self):
        return 3.0 * self.radius**2


@program((Point(0.5, 1.5),))
def namedtuple_argument(p):
    q = Point(p.y, p.x * p.y)
    x, y = q
    return x * y + p[0] * q[1] + sum(p)


@program((Circle(Point(0.5, 1.5), 2.0),))
def nested_namedtuple(c):
    d = c._replace(radius=c.radius * c.centre.x)
    return d.area() + c.centre.y * d.radius + c._asdict()["radius"]


@dataclass(frozen=True)
class Frozen:
    w: np.ndarray
    scale: float
    name: str = "model"
    n: int = 3


@dataclass
class Mutable:
    parts: list = field(default_factory=list)
    inner: Frozen = None


@program((Frozen(V, 1.5), 0.7))
def frozen_dataclass(model, x):
    y = model.scale * np.sum(model.w) * x
    other = replace(model, scale=y)
    return other.scale * model.n + (other.w[0] if model.name == "model" else 0.0)


@program((Mutable([V, 2 * V], Frozen(V, 1.5)),))
def mutable_dataclass(m):
    total = 0.0
    for part in m.parts:
        total = total + np.sum(part * m.inner.w)
    return total * m.inner.scale


@program((np.array(0.7), np.float64(0.2)))
def zero_dimensional(x, y):
    return x * y + np.sin(x) * x.ndim + y**2


@program((np.float64(0.7), 3))
def numpy_scalar(x, n):
    y = x
    for _ in range(n):
        y = y * x + 1
    return float(y) * x


@program((V,))
def item_and_float(v):
    a = v[0].item()
    b = float(v[1])
    return a * b + np.sum(v).item()


@program((V,))
def list_join_in_a_branch(v):
    if v[0] > 0:
        parts = [v, v * 2]
    else:
        parts = [v]
    total = 0.0
    for p in parts:
        total = total + np.sum(p**2)
    return total


@program(([V, 2 * V, 3 * V],))
def list_of_arrays(parts):
    joined = np.concatenate(parts)
    mean = sum(parts) / len(parts)
    return np.sum(joined**2) + np.sum(mean * parts[-1]) + np.sum(parts[1:][0])


@program((V, 3))
def list_built_by_concatenation(v, n):
    states = [v]
    for k in range(n):
        states = states + [np.sin(states[-1]) * v]
    return sum([np.sum(s) for s in states]) + states[1][0]


@program((0.7, 3))
def tuple_carried(x, n):
    state = (x, x * x)
    for k in range(n):
        a, b = state
        state = (b * x, a + k)
    return state[0] * state[1]


@program((0.7, 3))
def dict_carried(x, n):
    state = {"pos": x, "vel": 1.0}
    for _ in range(n):
        state = {"pos": state["pos"] + 0.1 * state["vel"], "vel": state["vel"] - 0.1 * state["pos"]}
    return state["pos"] * state["vel"]


@program((0.7, 4))
def history(x, n):
    xs = [x * k for k in range(n)]
    ys = [np.exp(v) for v in xs]
    zs = [a * b for a, b in zip(xs, ys)]
    return sum(zs) + max(ys) + xs[-1]


@program((V,))
def sorted_and_extremes(v):
    s = np.sort(v)
    return s[0] * s[-1] + np.max(v) * np.min(v)


@program((V,))
def generator_arguments(v):
    biggest = max(x * x for x in v)
    everything = all(x < 10 for x in v)
    anything = any(x > 1 for x in v)
    return biggest * (2.0 if everything else 1.0) + (v[0] if anything else v[1])


@program((0.7, 0.2))
def aliased_list(x, y):
    a = [x, y]
    b = a
    c = [a, b]
    return a[0] * b[0] * c[1][1] + c[0][0]


@program((V, np.array([2, 0, 0, 1])))
def gathered(v, index):
    picked = v[index]
    mask = v > 0
    return np.sum(picked**2) + np.sum(v[mask]) * picked[0]


@program((M,))
def views(m):
    t = m.T.reshape(-1)
    return np.sum(t[::2] * t[1::2]) + np.sum(m[:, 1:] * m[:, :-1]) + m[0][1] + m[..., 2][1]


@program((0.3, ()), (0.3, (0.5,)), (0.3, [0.5, 1.5]))
def maybe_empty(x, values):
    y = x
    for v in values:
        y = y * v
    return y if values else 2.0 * y


@program(([0.5, 1.5],))
def indices_from_the_end(values):
    n = len(values)
    return values[-1] * values[n - 2] ** 2 + values[n // 2]


@program((0.4, [1.0, 2.0, 3.0]))
def horner(x, coefficients):
    y = 0.0
    for c in coefficients[::-1]:
        y = y * x + c
    return y
