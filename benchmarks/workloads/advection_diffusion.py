"""Burgers' equation on a square, a nonlinear stencil updated in place: the misfit of what an initial state becomes."""

import numpy as np

from benchmarks.stencils import evolution

ARGNUMS = (0, 1)
SIZES = {"tiny": (6, 3), "small": (24, 20), "large": (400, 20)}


def advanced(u, nu, dt):
    centre, below, above, left, right = u[1:-1, 1:-1], u[2:, 1:-1], u[:-2, 1:-1], u[1:-1, :-2], u[1:-1, 2:]
    slope = below - above + right - left
    spread = below + above + right + left - 4.0 * centre
    return centre + dt * (nu * spread - centre * slope)


def evolved(u, nu, dt, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1, 1:-1] = advanced(u, nu, dt)
    return u


def primal(u, nu, dt, steps, target):
    return np.mean((evolved(u, nu, dt, steps) - target) ** 2)


def by_hand(u, nu, dt, steps, target):
    u = u.copy()
    interior = u[1:-1, 1:-1]
    below, above, left, right = u[2:, 1:-1], u[:-2, 1:-1], u[1:-1, :-2], u[1:-1, 2:]
    kept = np.empty((3, steps, *interior.shape))
    step = np.empty_like(interior)
    for centre, slope, spread in zip(*kept):
        np.copyto(centre, interior)
        np.add(below, right, out=spread)
        np.add(above, left, out=step)
        np.subtract(spread, step, out=slope)
        spread += step
        np.multiply(centre, 4.0, out=step)
        spread -= step
        np.multiply(spread, nu, out=interior)
        np.multiply(centre, slope, out=step)
        interior -= step
        interior *= dt
        interior += centre
    u -= target
    value = np.mean(u * u)
    u *= 2 / u.size
    nu_bar = 0.0
    for centre, slope, spread in zip(*kept[:, ::-1]):  # interior, below, ... are those of u's cotangent from here on
        np.multiply(interior, dt, out=step)
        nu_bar += np.vdot(step, spread)
        slope += 4.0 * nu
        slope *= step
        centre *= step
        step *= nu
        interior -= slope
        np.add(step, centre, out=spread)  # against the flow
        step -= centre
        below += step
        right += step
        above += spread
        left += spread
    return value, (u, nu_bar)


def arguments(rng, n, steps):
    return rng.uniform(size=(n, n)), 1.0, 0.05, steps, rng.uniform(size=(n, n))


def stand_ins(tool):
    evolve = evolution(tool, advanced)
    return {"evolved": lambda u, nu, dt, steps: evolve(u, steps, nu, dt)}
