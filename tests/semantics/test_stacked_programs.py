"""Programs through which all directions go at once: loops, branches, updates and lists pass stacks on."""

import numpy as np
import pytest

from backprose import grad, jacfwd, jacrev, jvp
import backprose.pipeline  # noqa: F401 - first: it settles the order of imports
from backprose.transform import jacobian
from backprose.transform.batch import NotBatched

X = np.array([0.3, -0.7, 1.2, 0.4])


def product_loop(x):
    s = 0.0 * x
    for i in range(3):
        s = s + np.sin(x * i) * x[0]
    return s


def grown_list(x):
    out = []
    for t in x:
        out.append(t * t)
    return np.array(out)


def entries(x):
    y = np.zeros(4)
    for i in range(4):
        y[i] = x[i] * x[i - 1]
    return y


def stencil(x):
    u = np.zeros(6)
    u[1:5] = x
    for _ in range(3):
        u[1:-1] = u[1:-1] + 0.3 * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[1:-1]
    return u[1:-1]


def newton(x):
    y = x
    while np.max(np.abs(y * y - np.abs(x) - 1)) > 1e-12:
        y = y - (y * y - np.abs(x) - 1) / (2 * y)
    return y if np.sum(y) > 0 else -y


def layers(x):
    for w in [np.ones((4, 4)) * 0.1, np.eye(4)]:
        x = np.tanh(w @ x + x)
    return x


def recurrence(x):
    h, hs = 0.0, []
    for t in x:
        h = np.tanh(h + t)
        hs.append(h)
    return np.stack(hs)


def pairs(x):
    state = {"u": x, "v": (0.0, np.ones(4))}
    for i in range(3):
        state = {"u": state["u"] * state["v"][1], "v": (state["v"][0] + x[i], state["v"][1] + x)}
    return state["u"] * state["v"][0]


def solved(x):
    return np.linalg.solve(np.diag(x) + np.eye(4), np.sort(x)) / np.linalg.norm(x)


def chosen_late(x):
    for i in range(4):
        if x[i] > 0:
            found = x * x[i]
    return found * 2.0


def masked(x):
    mask = x > 0
    x = x.copy()
    x[mask] = x[mask] ** 2
    return np.where(mask, x, 0.0)[np.array([3, 1])]


def gradient_through_what_a_loop_binds(x):
    def last(x):
        for _ in range(2):
            v = x * x
            x = 0.5 * x
        return np.sum(np.sin(v))

    return grad(last)(x)


def mixed(x):
    a = np.outer(x, x).reshape(2, 8).T
    return np.concatenate([np.cumsum(a, axis=0)[-1], np.einsum("ij,kj->i", a, a[:3])])


@pytest.mark.parametrize("mode", [jacfwd, jacrev])
@pytest.mark.parametrize(
    "f",
    [product_loop, grown_list, entries, stencil, newton, layers, recurrence, pairs, solved, chosen_late, masked,
     gradient_through_what_a_loop_binds, mixed],
)  # fmt: skip
def test_all_directions_go_at_once(mode, f, monkeypatch):
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    monkeypatch.setattr(jacobian, "_loop", lambda *_: pytest.fail("it takes a sweep for each direction"))
    found = mode(f)(X)
    wanted = np.stack([jvp(f, (X,), (e,))[1] for e in np.eye(4)], axis=-1)
    np.testing.assert_allclose(found, wanted, rtol=1e-10, atol=1e-12)


def scattered(x):
    y = x.copy()
    y[[0, 0, 2]] = x[[1, 2, 3]] * x[0]
    return y


def padded(x):
    return np.pad(x, 1, mode="reflect") * x[0]


@pytest.mark.parametrize("mode", [jacfwd, jacrev])
def test_the_others_go_one_by_one(mode, monkeypatch):
    def refused(*_):
        raise NotBatched

    monkeypatch.setattr(jacobian, "_stack", refused)
    for f in (padded, scattered, stencil, lambda x: x[:0], lambda x: np.zeros((0, 3)) * x[0]):
        wanted = np.stack([jvp(f, (X,), (e,))[1] for e in np.eye(4)], axis=-1)
        np.testing.assert_allclose(mode(f)(X), wanted, rtol=1e-10, atol=1e-12)
