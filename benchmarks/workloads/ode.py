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


def by_hand(q, p, k, damping, dt, end):
    t, kept, minus_k = 0.0, [], -k
    while t < end:
        h = min(dt, end - t)
        half, sixth = h / 2, h / 6
        sine1 = np.sin(q)
        p1 = minus_k * sine1
        p1 -= damping * p
        place2, q2 = q + half * p, p + half * p1
        sine2 = np.sin(place2)
        p2 = minus_k * sine2
        p2 -= damping * q2
        place3, q3 = q + half * q2, p + half * p2
        sine3 = np.sin(place3)
        p3 = minus_k * sine3
        p3 -= damping * q3
        place4, q4 = q + h * q3, p + h * p3
        sine4 = np.sin(place4)
        p4 = minus_k * sine4
        p4 -= damping * q4
        kept.append((h, (q, place2, place3, place4), (sine1, sine2, sine3, sine4)))
        q2 += q3
        q2 *= 2
        q2 += p
        q2 += q4
        q2 *= sixth
        p2 += p3
        p2 *= 2
        p2 += p1
        p2 += p4
        p2 *= sixth
        q2 += q
        p2 += p
        q, p = q2, p2
        t += h
    value = np.sum(q * q + p * p)
    q_bar, p_bar, minus_k_bar = 2 * q, 2 * p, np.zeros_like(k)
    while kept:
        h, places, sines = kept.pop()
        sixth, third, half = h / 6, h / 3, h / 2
        of_q, of_p = third * q_bar, third * p_bar  # what reaches the rates of the stages in the middle directly
        a, b = sixth * q_bar, sixth * p_bar  # the cotangents of a stage's rates, then those of where it reads the field
        for place, sine, step in zip(reversed(places), reversed(sines), (h, half, half, None)):
            sine *= b
            minus_k_bar += sine
            at_q = np.cos(place)
            at_q *= minus_k
            at_q *= b
            b *= damping
            a -= b
            q_bar += at_q
            p_bar += a
            if step is None:
                break
            if place is places[1]:
                of_q *= 0.5
                of_p *= 0.5
            at_q *= step
            at_q += of_q
            a *= step
            a += of_p
            a, b = at_q, a
    np.negative(minus_k_bar, out=minus_k_bar)
    return value, (q_bar, p_bar, minus_k_bar)


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
