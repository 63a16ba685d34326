"""Names: bound on one path only, shadowed, like ours; globals and cells; conditions that decide."""

import numpy as np
from checks import Programs

program = Programs()
V = np.array([0.3, -1.2, 2.0])
RATE = 0.5
FLAG = True


@program((1.5,), (0.5,))
def bound_on_one_path(x):
    if x > 1:
        y = x * x
    if x > 1:
        return y
    return x


@program((1.5, 3), (0.5, 2))
def bound_in_a_loop_only(x, n):
    for k in range(n):
        if k == 1:
            found = x * k
    return found * x


@program((0.7,))
def comprehension_scope(x):
    i = x
    a = [i * 2 for i in (1.0, 2.0)]
    b = [j * i for j in a]
    return i * sum(b)


@program((0.7, 0.2, 0.5))
def names_like_ours(x_bar, value, residuals):
    np_ = x_bar * value
    value_bar = np_ + residuals
    t = value_bar**2
    xp = t * x_bar
    return xp * value_bar


@program((0.7, 0.2))
def shadows_a_module(np, sum):
    max = np * sum
    return max * np


@program((0.7, V))
def shadows_builtins(len, range):
    abs = len * 2
    for float in range:
        abs = abs + float * float * len
    return abs


@program((0.7, 3))
def names_of_temporaries(x, n):
    t, t1, t_2, xs, stack, out_bar, grad = x, x * 2, x * 3, [], 1.0, 2.0, x
    for i in range(n):
        t = t * t1
        stack = stack * t
        t_bar = stack + grad
        xs = xs + [t_bar]
    return t * t_2 * stack + out_bar * sum(xs)


@program((0.7,))
def reads_globals(x):
    if FLAG:
        x = x * RATE
    return x * x


@program((0.7,), (float("nan"),))
def compares_with_nan(x):
    if x < 1:
        return x * x
    if x >= 1:
        return x
    return 5.0


@program((0.5, 0), (0.5, 3))
def short_circuit_protects(x, n):
    if n != 0 and 1 / n > 0.1:
        return x * x / n
    return x * 3


@program((V, 1), (V, 7))
def short_circuit_index(v, i):
    if i < len(v) and v[i] < 0:
        return v[i] ** 2
    return v[0]


@program((0.5, 1.0), (1.0, 0.5))
def condition_on_both(x, y):
    big, small = (x, y) if x > y else (y, x)
    return big**2 * small


@program((V,))
def condition_on_an_array(v):
    if np.any(v < 0) and not np.all(v < 0):
        v = np.abs(v)
    if v.max() > 1.5:
        v = v / v.max()
    return np.sum(v)


@program((0.7,))
def function_named_like_argument(value):
    def value_of(value):
        return value * 2

    return value_of(value) * value


@program((0.7, 2.0))
def rebound_parameters(x, y):
    x, y = y * x, x + y
    x = x * x
    return x * y


@program((0.7,), (-0.7,))
def flag_in_a_variable(x):
    positive = x > 0
    scale = 2.0 if positive else 3.0
    y = x * scale
    if positive:
        y = y * x
    return y


@program((0.7, 4))
def toggled(x, n):
    forward = True
    y = x
    for _ in range(n):
        if forward:
            y = y * x + 1
        else:
            y = y - x
        forward = not forward
    return y


@program((0.7, 4))
def counters(x, n):
    evens = odds = 0
    y = 0.0
    for k in range(n):
        if k % 2 == 0:
            evens += 1
            y = y + x**evens
        else:
            odds += 1
            y = y * x
    return y * (evens + odds)


@program((0.7, -1), (0.7, -2))
def equal_hashes(x, n):
    return x * n


@program((1.5,), (0.5,))
def int_or_float(x):
    y = 0
    if x > 1:
        y = x
    return y * 2 + x


@program((0.7, 3), (0.7, 0))
def integer_start(x, n):
    total = 0
    for k in range(n):
        total = total + x * k
    return total + 1.0


@program((V, 3), second=False)
def scalar_becomes_array(v, n):
    total = 0
    for k in range(n):
        total = total + v * k
    return np.sum(total)


@program((0.7,))
def doc_and_del(x):
    """Docstring with 'quotes' and a \\ backslash."""
    a = [x, x]
    del x
    return a[0] * a[1]


@program((0.7, "a"), (0.7, "b"))
def text_argument(x, key):
    scales = {"a": 2.0, "b": x}
    return scales[key] * x


@program((0.7, 1), (0.7, 0), (0.7, -1))
def index_into_a_tuple(x, i):
    return (x, x * x, 2.0)[i] * x


@program((0.7, 2.0), (0.7, -2.0))
def maybe_none(x, y):
    z = x * y if y > 0 else None
    if z is None:
        return x
    return z * z


@program((0.7, None), (0.7, 2.0))
def none_argument(x, y):
    if y is not None and y > 1:
        x = x * y
    return x * x
