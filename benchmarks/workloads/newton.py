"""Scalar Python with a loop of unknown length: Newton's iteration for a square root, which is cubed if above one."""

ARGNUMS = 0
SIZES = {"tiny": (2.0,), "small": (9.0,), "large": (1e30,)}


def primal(a, tol=1e-12):
    x = 1.0
    while True:
        step = (x * x - a) / (2 * x)
        x = x - step
        if abs(step) <= tol * x:
            break
    if a > 1:
        x = x * x * x
    return x


def by_hand(a, tol=1e-12):
    history = []
    x = 1.0
    while True:
        step = (x * x - a) / (2 * x)
        history.append((x, step))
        x = x - step
        if abs(step) <= tol * x:
            break
    value, x_bar, a_bar = x, 1.0, 0.0
    if a > 1:
        value = x * x * x
        x_bar = 3 * x * x
    for x, step in reversed(history):
        a_bar += x_bar / (2 * x)
        x_bar *= step / x
    return value, a_bar


def arguments(rng, a):
    return (a,)


def in_jax():
    from jax import lax
    from jax import numpy as jnp

    def loss(a, tol=1e-12):
        def step(state, _):  # a loop of unknown length has no gradient; this one runs on without changing anything
            x, going = state
            change = (x * x - a) / (2 * x)
            following = jnp.where(going, x - change, x)
            return (following, going & (jnp.abs(change) > tol * following)), None

        (x, _), _ = lax.scan(step, (jnp.ones_like(a), True), length=64)
        return jnp.where(a > 1, x * x * x, x)

    return loss
