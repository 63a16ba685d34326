"""Loops: what they go over, how they end, what is left after them."""

import numpy as np
from checks import Programs

program = Programs()
V = np.array([0.3, -1.2, 2.0])
M = np.array([[1.0, 0.2, -0.4], [0.5, -1.5, 0.7]])


@program((0.9, 4), (0.9, 0), (0.9, 1))
def over_a_range(x, n):
    y = 1.0
    for i in range(n):
        y = y * x + i
    return y


@program((0.9, 10), (0.9, 3))
def range_with_steps(x, n):
    y = 0.0
    for i in range(2, n, 3):
        y = y + x**i
    for i in range(n, 0, -2):
        y = y * x + i
    for i in range(5, 1):
        y = y * 100
    return y


@program((V,))
def over_an_array(v):
    total = 0.0
    for x in v:
        total = total + np.sin(x) * x
    return total


@program((M,))
def over_rows(m):
    h = np.ones(3)
    for row in m:
        h = np.tanh(h * row + row)
    return np.sum(h)


@program(([0.5, 1.5, -0.5],), ([0.5],))
def over_a_list(values):
    y = 1.0
    for v in values:
        y = y * np.cos(v)
    return y


@program(((0.5, 1.5, -0.5),), ((0.5, V),))
def over_a_tuple(values):
    y = 1.0
    for v in values:
        y = y * np.sum(v) + 1
    return y


@program((V, [1.0, 2.0]), (V, [1.0, 2.0, 3.0, 4.0]))
def unequal_zip(v, w):
    y = 0.0
    for a, b in zip(v, w):
        y = y + a * a * b
    return y


@program((V, M, 2))
def zip_of_three(v, m, n):
    y = 0.0
    for x, row, k in zip(v, m, range(n)):
        y = y + x * row[k] * (k + 1)
    return y


@program((V, 1), (V, 5))
def enumerate_from(v, start):
    y = 0.0
    for i, x in enumerate(v, start):
        y = y + x**2 * i
    for j, x in enumerate(v):
        y = y * 0.5 + j * x
    return y


@program((V, [0.1, 0.2, 0.3]))
def enumerate_of_zip(v, w):
    y = 1.0
    for i, (a, b) in enumerate(zip(v, w)):
        y = y * (a + i) - b
    return y


@program((V, [0.1, 0.2, 0.3]))
def backwards(v, w):
    y = 0.5
    for x in reversed(v):
        y = y * x + 1
    for x in reversed(w):
        y = y * y + x
    for i in reversed(range(3)):
        y = y + v[i] * i
    return y


@program(({"a": 0.5, "b": 1.5},), ({"a": V, "b": V + 1, "c": V},))
def over_dict_items(parameters):
    y = 0.0
    for key, value in parameters.items():
        y = y + np.sum(value) ** 2 * len(key)
        if key == "b":
            y = y * 2
    for value in parameters.values():
        y = y + np.sum(value)
    for key in parameters:
        y = y + np.sum(parameters[key] ** 3)
    return y


@program((0.7,), (30.0,))
def while_small(x):
    y = x
    while y < 10:
        y = y * 1.5 + x
    return y


@program((2.0,), (9.0,))
def newton(a):
    x = a
    error = 1.0
    while error > 1e-13:
        new = 0.5 * (x + a / x)
        error = abs(new - x)
        x = new
    return x


@program((V, 4.0), (V, 100.0))
def else_of_a_for(v, limit):
    total = 0.0
    for x in v:
        total = total + x * x
        if total > limit:
            break
    else:
        total = total * 10
    return total


@program((0.3, 5), (0.3, 1))
def else_of_a_while(x, n):
    while n > 2:
        x = x * x + 1
        n -= 1
        if x > 1.5:
            break
    else:
        x = -x
    return x * x


@program((V,), (-V,))
def break_at_once(v):
    y = v[0]
    for x in v:
        if x > 0:
            break
        y = y * x
    return y + x


@program((V,))
def continues(v):
    y = 1.0
    for x in v:
        if x < 0:
            continue
        y = y * x
        if y > 5:
            continue
        y = y + x
    return y


@program((M, 0.4), (M, 0.6), (M, 50.0))
def return_in_two_loops(m, limit):
    total = 0.0
    for row in m:
        for x in row:
            total = total + x * x
            if total > limit and x < 1.5:
                return total * x
    return -total


@program((M,))
def break_inner(m):
    total = 0.0
    for row in m:
        for x in row:
            if x < 0:
                break
            total = total + x * x
        else:
            total = total * 2
        if total > 100:
            continue
        total = total + row[0]
    return total


@program((0.9, 3))
def return_in_a_while(x, n):
    i = 0
    while True:
        for j in range(n):
            x = x * 1.1 + 0.01 * j
            if x > 2:
                return x * i
        i += 1


@program((V,))
def loop_variable_afterwards(v):
    for i, x in enumerate(v):
        square = x * x
    return square * x + i


@program((0.5, 3), (0.5, 0))
def zero_trips(x, n):
    y = x
    z = 2.0
    for i in range(n):
        y = y * x
        z = y
    return z * x + y


@program((0.5, 6))
def loop_variable_reassigned(x, n):
    y = 0.0
    for i in range(n):
        i = i * x
        y = y + i * i
    return y + i


@program((V,))
def element_reassigned(v):
    y = 0.0
    for x in v:
        x = x * 2
        if x > 1:
            x = x * x
        y = y + x
    return y * x


@program((V,))
def iterated_twice(v):
    values = list(v)
    a = 0.0
    for x in values:
        a = a + x
    for x in values:
        a = a * x
    return a


@program((0.4, 3))
def nested_loops(x, n):
    y = 1.0
    for i in range(n):
        for j in range(i):
            y = y * np.cos(x * j) + y * x
        y = y + x
    return y


@program((V, 4))
def carried_array(v, n):
    u = v
    for _ in range(n):
        u = np.sin(u) + 0.5 * u * v
    return np.sum(u)


@program((V, V[::-1].copy(), 3))
def swapped(u, v, n):
    for k in range(n):
        u, v = v, u * v + k
    return np.sum(u * v)


@program((np.array([0.3, 0.5]), 0.01, 5))
def euler(state, dt, steps):
    x, v = state
    for _ in range(steps):
        a = -x + 0.1 * v * (1 - x * x)
        x, v = x + dt * v, v + dt * a
    return x * x + v * v


@program((M,))
def indices(m):
    total = 0.0
    for i in range(m.shape[0]):
        for j in range(m.shape[1]):
            if i != j:
                total += m[i, j] ** 2 * m[i, i]
    return total


@program((V,))
def neighbours(v):
    energy = 0.0
    for a, b in zip(v[:-1], v[1:]):
        energy += (b - a) ** 2
    return energy


@program((0.5, 20), (5.0, 20))
def stops_on_tolerance(x, most):
    for k in range(most):
        change = np.cos(x) - x
        x = x + change
        if abs(change) < 1e-2:
            break
    return x * (k + 1)


@program((2.5,), (0.5,))
def first_is_none(x):
    best = None
    for k in range(4):
        candidate = np.sin(x + k)
        if best is None or candidate > best:
            best = candidate
    return best


@program((2.5, 3), (2.5, 0))
def previous_is_none(x, n):
    last = None
    y = x
    for k in range(n):
        if last is not None:
            y = y + last * x
        last = y * x
    if last is None:
        return y
    return y * last


@program(((0.5, 1.5),))
def loops_over_constants(p):
    y = 0.0
    for k, name in [(1, "a"), (2, "b")]:
        for c in (p[0], p[1], 2.0):
            y = y + c**k * (3 if name == "a" else 5)
    return y


@program((V,))
def running_maximum(v):
    best = v[0]
    for x in v[1:]:
        if x > best:
            best = x
    return best * best


@program((0.3, [2, 3, 1]))
def over_integers(x, exponents):
    y = 0.0
    for n in exponents:
        y += x**n * n
    return y


@program((np.array([[0.2, 0.1], [0.3, 0.4]]), 3))
def matrix_power_by_loop(a, n):
    p = np.eye(2)
    for _ in range(n):
        p = p @ a
    return np.trace(p) + np.sum(p)
