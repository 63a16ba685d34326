"""Scalar Python with a loop of unknown length: Newton's iteration for a square root, which is cubed if above one."""

ARGNUMS = 0


def primal(a, tol=1e-12):
    x = 1.0
    while True:
        step = (x * x - a) / (2 * x)
        x = x - step
        if abs(step) < tol:
            break
    if a > 1:
        x = x * x * x
    return x


def by_hand(a, tol=1e-12):
    history = []
    x = 1.0
    while True:
        history.append(x)
        step = (x * x - a) / (2 * x)
        x = x - step
        if abs(step) < tol:
            break
    value, x_bar, a_bar = x, 1.0, 0.0
    if a > 1:
        value = x * x * x
        x_bar = 3 * x * x
    while history:
        x = history.pop()
        step = (x * x - a) / (2 * x)
        a_bar += x_bar / (2 * x)
        x_bar -= x_bar * (1 - step / x)
    return value, a_bar


def arguments(rng):
    return (9.0,)
