"""A recurrent network over a sequence: a loop that carries a state, small products in it."""

import numpy as np

ARGNUMS = (0, 1, 2, 3)
SIZES = {"tiny": (3, 2, 3, 4), "small": (20, 4, 8, 16), "large": (100, 32, 32, 128)}


def primal(w, u, b, v, xs, ys):
    h = np.zeros((xs.shape[1], len(b)))
    loss = 0.0
    for x, y in zip(xs, ys):
        h = np.tanh(x @ w + h @ u + b)
        loss += np.sum((h @ v - y) ** 2)
    return loss / ys.size


def by_hand(w, u, b, v, xs, ys):
    steps, n, _ = xs.shape
    states = np.empty((steps + 1, n, len(b)))
    states[0] = 0
    errors = np.empty_like(ys)
    z = np.empty_like(states[0])
    value = 0.0
    for t in range(steps):
        h = states[t + 1]
        np.matmul(xs[t], w, out=h)
        np.matmul(states[t], u, out=z)
        h += z
        h += b
        np.tanh(h, out=h)
        error = errors[t]
        np.matmul(h, v, out=error)
        error -= ys[t]
        value += np.sum(error * error)
    errors *= 2 / ys.size
    z_bars = errors @ v.T  # each product over all steps at once
    v_bar = states[1:].reshape(-1, len(b)).T @ errors.reshape(-1, errors.shape[2])
    slopes = 1 - states[1:] * states[1:]
    for t in range(steps - 1, -1, -1):
        z_bar = z_bars[t]
        if t < steps - 1:
            np.matmul(z_bars[t + 1], u.T, out=z)
            z_bar += z
        z_bar *= slopes[t]
    z_bars = z_bars.reshape(-1, len(b))
    w_bar = xs.reshape(-1, xs.shape[2]).T @ z_bars
    u_bar = states[:-1].reshape(-1, len(b)).T @ z_bars
    return value / ys.size, (w_bar, u_bar, z_bars.sum(axis=0), v_bar)


def arguments(rng, steps, n, inputs, hidden):
    w, u = rng.normal(size=(inputs, hidden)) / inputs**0.5, rng.normal(size=(hidden, hidden)) / hidden**0.5
    v = rng.normal(size=(hidden, inputs)) / hidden**0.5
    return (
        w,
        u,
        rng.normal(size=hidden) / 10,
        v,
        rng.normal(size=(steps, n, inputs)),
        rng.normal(size=(steps, n, inputs)),
    )


def in_torch():
    import torch

    def loss(w, u, b, v, xs, ys):
        start = torch.zeros(1, xs.shape[1], len(b))
        states, _ = torch.rnn_tanh(xs, start, [w.T, u.T, b, torch.zeros_like(b)], True, 1, 0.0, True, False, False)
        return torch.mean((states @ v - ys) ** 2)

    return loss


def in_jax():
    from jax import lax
    from jax import numpy as jnp

    def loss(w, u, b, v, xs, ys):
        def step(h, x):
            h = jnp.tanh(x + h @ u)
            return h, h

        _, states = lax.scan(step, jnp.zeros((xs.shape[1], len(b))), xs @ w + b)
        return jnp.mean((states @ v - ys) ** 2)

    return loss
