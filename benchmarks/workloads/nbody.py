"""Bodies that attract each other, by a symplectic method: all pairs at once, in a time loop."""

import numpy as np

from benchmarks.texts import with_names

ARGNUMS = (0, 1, 2)
SIZES = {"tiny": (3, 2), "small": (5, 20), "large": (200, 20)}


def accelerations(x, mass):
    d = x - x[:, None]
    r2 = np.sum(d * d, axis=2) + 0.01
    return np.sum((mass / (r2 * np.sqrt(r2)))[:, :, None] * d, axis=1)


def primal(x, v, mass, dt, steps):
    for _ in range(steps):
        v = v + dt * accelerations(x, mass)
        x = x + dt * v
    return np.sum(mass * np.sum(v * v, axis=1)) + np.sum(x * x)


def by_hand(x, v, mass, dt, steps):
    kept = []
    for _ in range(steps):
        d = x - x[:, None]
        r2 = np.einsum("ijk,ijk->ij", d, d)
        r2 += 0.01
        inverse = np.sqrt(r2)
        inverse *= r2
        np.divide(1, inverse, out=inverse)
        w = mass * inverse
        kept.append((x, d, r2, inverse, w))
        change = np.einsum("ij,ijk->ik", w, d)
        change *= dt
        v = v + change
        x = x + dt * v
    squares = np.sum(v * v, axis=1)
    value = np.sum(mass * squares) + np.sum(x * x)
    x_bar, v_bar, mass_bar = 2 * x, 2 * mass[:, None] * v, squares
    while kept:
        x, d, r2, inverse, w = kept.pop()
        v_bar += dt * x_bar
        a_bar = dt * v_bar
        w_bar = np.einsum("ik,ijk->ij", a_bar, d)
        inverse *= w_bar
        mass_bar += inverse.sum(axis=0)
        w_bar *= w
        w_bar *= -3.0
        w_bar /= r2
        d *= w_bar[:, :, None]
        a_bar_sums = w.sum(axis=1)[:, None] * a_bar
        x_bar += w.T @ a_bar
        x_bar -= a_bar_sums
        x_bar += d.sum(axis=0)
        x_bar -= d.sum(axis=1)
    return value, (x_bar, v_bar, mass_bar)


def arguments(rng, n, steps):
    return rng.normal(size=(n, 3)), rng.normal(size=(n, 3)) / 10, rng.uniform(0.5, 1, size=n) / n, 0.01, steps


def in_jax():
    from jax import lax
    from jax import numpy as jnp

    pull = with_names(accelerations, np=jnp)

    def loss(x, v, mass, dt, steps):
        def step(_, state):
            x, v = state
            v = v + dt * pull(x, mass)
            return x + dt * v, v

        x, v = lax.fori_loop(0, steps, step, (x, v))
        return jnp.sum(mass * jnp.sum(v * v, axis=1)) + jnp.sum(x * x)

    return loss
