"""Damped pendulums by Runge and Kutta's method: a `while` loop until a time is reached."""

import numpy as np

from benchmarks.texts import with_names

ARGNUMS = (0, 1, 2)
SIZES = {"tiny": (3, 0.35), "small": (4, 2.0), "large": (2000, 10.0)}


def field(q, p, k, damping):
    return p, -k * np.sin(q) - damping * p


def advanced(q, p, h, k, damping):
    q1, p1 = field(q, p, k, damping)
    q2, p2 = field(q + h / 2 * q1, p + h / 2 * p1, k, damping)
    q3, p3 = field(q + h / 2 * q2, p + h / 2 * p2, k, damping)
    q4, p4 = field(q + h * q3, p + h * p3, k, damping)
    return q + h / 6 * (q1 + 2 * q2 + 2 * q3 + q4), p + h / 6 * (p1 + 2 * p2 + 2 * p3 + p4)


def primal(q, p, k, damping, dt, end):
    t = 0.0
    while t < end:
        h = min(dt, end - t)
        q, p = advanced(q, p, h, k, damping)
        t += h
    return np.sum(q * q + p * p)


def stage_bar(q_rate_bar, p_rate_bar, q, sine, k, damping, k_bar):
    """From the cotangents of the field's rates, those of where it was read; `sine` is used up."""
    sine *= p_rate_bar
    k_bar -= sine
    q_bar = np.cos(q)
    q_bar *= k
    q_bar *= p_rate_bar
    np.negative(q_bar, out=q_bar)
    p_rate_bar *= damping
    q_rate_bar -= p_rate_bar
    return q_bar, q_rate_bar


def by_hand(q, p, k, damping, dt, end):
    t, kept = 0.0, []
    while t < end:
        h = min(dt, end - t)
        half, sixth = h / 2, h / 6
        places, sines, q_rates, p_rates = [q], [np.sin(q)], [p], []
        for step in (half, half, h, 0.0):
            rate = k * sines[-1]
            rate += damping * q_rates[-1]
            np.negative(rate, out=rate)
            p_rates.append(rate)
            if step:
                places.append(q + step * q_rates[-1])
                q_rates.append(p + step * rate)
                sines.append(np.sin(places[-1]))
        kept.append((h, places, sines))
        q = q + step_sum(q_rates, sixth)
        p = p + step_sum(p_rates, sixth)
        t += h
    q_bar, p_bar, k_bar = 2 * q, 2 * p, np.zeros_like(k)
    while kept:
        h, places, sines = kept.pop()
        weights, steps = (h / 6, h / 3, h / 3, h / 6), (h / 2, h / 2, h)
        q_rate_bar, p_rate_bar = weights[3] * q_bar, weights[3] * p_bar
        q_next, p_next = q_bar, p_bar
        for i in (3, 2, 1, 0):
            q_at_bar, p_at_bar = stage_bar(q_rate_bar, p_rate_bar, places[i], sines[i], k, damping, k_bar)
            q_next = q_next + q_at_bar
            p_next = p_next + p_at_bar
            if i:
                q_at_bar *= steps[i - 1]
                q_at_bar += weights[i - 1] * q_bar
                p_at_bar *= steps[i - 1]
                p_at_bar += weights[i - 1] * p_bar
                q_rate_bar, p_rate_bar = q_at_bar, p_at_bar
        q_bar, p_bar = q_next, p_next
    return np.sum(q * q + p * p), (q_bar, p_bar, k_bar)


def step_sum(rates, sixth):
    """(r1 + 2 r2 + 2 r3 + r4) h / 6, in the memory of the third."""
    r1, r2, total, r4 = rates
    total += r2
    total *= 2
    total += r1
    total += r4
    total *= sixth
    return total


def arguments(rng, n, end):
    return rng.normal(size=n), rng.normal(size=n), rng.uniform(1, 2, size=n), 0.1, 0.03, end


def in_jax():
    from jax import lax
    from jax import numpy as jnp

    step = with_names(advanced, np=jnp)

    def loss(q, p, k, damping, dt, end):
        steps, t = [], 0.0
        while t < end:  # a loop of unknown length has no gradient; the lengths of its steps are known here
            steps.append(min(dt, end - t))
            t += steps[-1]
        (q, p), _ = lax.scan(lambda state, h: (step(*state, h, k, damping), None), (q, p), jnp.array(steps))
        return jnp.sum(q * q + p * p)

    return loss
