"""Programs with checkpoints, of `(u, k, n)`: an array, a number and a number of iterations."""

from dataclasses import dataclass

import backprose
import numpy as np

checkpoint = backprose.checkpoint


def _step(u, k):
    v = np.sin(k * u)
    return u + 0.1 * v * np.cos(v)


step = checkpoint(_step)


def calls_in_a_row(u, k, n):
    return np.sum(step(step(step(u, k), k * 2), k))


def calls_in_a_loop(u, k, n):
    for _ in range(n):
        u = step(u, k)
    return np.sum(u * u)


def calls_in_a_branch(u, k, n):
    y = step(u, k) if n > 2 else u * k
    return np.sum(y * y)


def of_overwritten_arguments(u, k, n):
    v = u * 2
    y = step(v, k)
    v[0] = 7.0 * u[1]
    z = step(v[1:], k)
    v[1:] = 0.0
    return np.sum(y) * np.sum(z) + np.sum(v)


def of_a_nested_function(u, k, n):
    w = u.copy()

    def body(v):
        w[0] = np.sum(v) * k
        return np.sin(v) * w

    body = checkpoint(body)
    for _ in range(n):
        u = body(u)
    u = body(u)
    return np.sum(u) + np.sum(w)


def of_containers(u, k, n):
    def both(state):
        a, b = state["a"], state["b"]
        return {"a": a * np.cos(b[0]), "b": (np.sin(a), b[1] * 1.1)}

    state = {"a": u, "b": (u * 2, k)}
    for _ in range(n):
        state = checkpoint(both)(state)
    return np.sum(checkpoint(both)(state)["a"]) * state["b"][1]


def plain_loop(u, k, n):
    for t in checkpoint(range(n), every=4):
        u = u + 0.1 * np.sin(k * u) * t
    return np.sum(u * u)


def default_interval(u, k, n):
    for t in checkpoint(range(n)):
        u = u + 0.1 * np.sin(k * u) * t
    return np.sum(u * u)


def interval_of_an_argument(u, k, n):
    for t in checkpoint(range(n), every=max(n // 2, 1)):
        u = u + 0.1 * np.sin(k * u) * t
    return np.sum(u * u)


def stores_in_place(u, k, n):
    u = u.copy()
    for _ in checkpoint(range(n), every=3):
        u[1:-1] += 0.1 * np.sin(k * u[2:]) * u[:-2]
        u[0] = u[0] * np.cos(u[1])
    return np.sum(u * u)


def stores_through_a_view(u, k, n):
    w = np.outer(u, u)
    row = w[1]
    for t in checkpoint(range(n), every=2):
        row[0] = np.sum(w) * 0.1
        w[2] += np.sin(row * k) * t
    return np.sum(w * w)


def several_arrays(u, k, n):
    v, s = np.zeros_like(u), 0.0
    for t in checkpoint(range(1, n, 2)):
        u, v = v + np.sin(u) * k, u * np.cos(v)
        s = s + np.sum(u) * t
    return s + np.sum(v)


def break_and_continue(u, k, n):
    for t in checkpoint(range(n), every=3):
        u = u + 0.1 * np.sin(k * u)
        if t == 4:
            break
        if u[0] > 100:
            continue
        u = u * 1.01
    return np.sum(u * u)


def early_return(u, k, n):
    for t in checkpoint(range(n), every=3):
        u = u + 0.1 * np.sin(k * u)
        if t == 4:
            return np.sum(u**3)
    return np.sum(u * u)


def return_by_a_condition(u, k, n):
    for t in checkpoint(range(n), every=3):
        u = u + 0.1 * np.sin(k * u)
        if np.sum(u) > 2.0:
            return np.sum(u**3) * t
        u = u * 1.01
    return np.sum(u * u)


def branches_with_stores(u, k, n):
    for _ in checkpoint(range(n), every=3):
        if np.sum(u) > 1.0:
            u = u * np.cos(k * u)
        else:
            u[2] = u[1] * k
            u = u + 0.3
    return np.sum(u * u)


@dataclass
class State:
    u: np.ndarray
    k: float
    turn: int = 0


def state_of_a_dataclass(u, k, n):
    state = State(u.copy(), k)
    for _ in checkpoint(range(n), every=3):
        state.u[state.turn] += np.sin(state.k * state.u[0])
        state.u = state.u * np.cos(state.u)
        state.k *= 1.01
        state.turn = (state.turn * 3 + 1) % 5
    return np.sum(state.u**2) * state.k + state.turn


def draws(u, k, n):
    rng = np.random.default_rng(3)
    for t in checkpoint(range(n), every=3):
        z = rng.normal(size=5)
        if t % 2 == 0:
            u = u + 0.1 * np.sin(k * u) * z
        else:
            u = u * rng.normal() + z
    return np.sum(u * u)


def draws_in_a_while(u, k, n):
    rng = np.random.default_rng(3)

    def walk(u):
        i = 0
        while i < n:
            u = u * rng.normal() + np.sin(k * u)
            i += 1
        return u

    return np.sum(checkpoint(walk)(u) ** 2)


def rows_and_positions(u, k, n):
    s, w = 0.0, np.outer(u, u)
    for t, row in checkpoint(enumerate(w), every=2):
        s = s + np.sum(np.sin(row * k)) * t * s + np.sum(row)
    return s


def elements_of_a_list(u, k, n):
    xs, s = [u * i for i in range(n)], 0.0
    for x in checkpoint(xs, every=2):
        s = np.sin(s) + np.sum(np.sin(x * k)) * s + np.sum(x)
    return s


def backwards(u, k, n):
    s = 0.0
    for i in checkpoint(reversed(range(n)), every=2):
        s = np.sin(s) + np.sum(np.sin(u * k * i)) * s + np.sum(u)
    return s


def nested_loops(u, k, n):
    for i in checkpoint(range(n), every=2):
        for j in checkpoint(range(i + 2)):
            u = u + 0.01 * np.sin(k * u) * j
        u = u * np.cos(u)
    return np.sum(u)


def unbound_at_first(u, k, n):
    for i in checkpoint(range(n), every=2):
        if i > 2:
            last = np.sin(u * i)
        u = u * np.cos(u)
    return np.sum(u) + np.sum(last) if n > 3 else np.sum(u)


def comprehension(u, k, n):
    return np.sum(np.array([np.sum(np.sin(u * k * i)) for i in checkpoint(range(n), every=2)]) ** 2)


def appends(u, k, n):
    xs = []
    for _ in checkpoint(range(n), every=2):
        u = u * np.cos(u)
        xs.append(np.sum(u))
    return np.sum(np.array(xs) ** 2)


def carried_containers(u, k, n):
    state = {"a": u, "b": (u * 2, k)}
    for _ in checkpoint(range(n), every=2):
        state = {"a": state["a"] * np.cos(state["b"][0]), "b": (np.sin(state["a"]), state["b"][1] * 1.1)}
    return np.sum(state["a"]) * state["b"][1]


def while_with_break(u, k, n):
    error, i = 1.0, 0
    while checkpoint(error > 1e-2):
        v = u - 0.1 * np.sin(k * u)
        error = np.max(np.abs(v - u))
        u = v
        i += 1
        if i > n:
            break
    return np.sum(u * u)


def while_of_known_interval(u, k, n):
    i, every = 0, n + 1
    while checkpoint(i < n, every=every):
        u = u - 0.1 * np.sin(k * u)
        i += 1
    return np.sum(u * u)


def while_with_return(u, k, n):
    i = 0
    while checkpoint(i < n, every=2):
        u = u - 0.1 * np.sin(k * u)
        i += 1
        if i == 5:
            return np.sum(u)
    return np.sum(u * u)


def while_true(u, k, n):
    i = 0
    while checkpoint(True, every=2):
        u = np.sin(k * u)
        i += 1
        if i > n:
            break
        u[0] = u[1] * k
    return np.sum(u * u)


PROGRAMS = [
    f for f in list(globals().values())
    if callable(f) and getattr(f, "__module__", "") == __name__ and not f.__name__.startswith("_") and f not in (step, State)
]  # fmt: skip
