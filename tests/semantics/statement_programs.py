"""Statements and expressions: assignments, branches, conditions, assertions, text, contexts."""

import numpy as np
from checks import Programs

program = Programs()
V = np.array([0.3, -1.2, 2.0])
M = np.array([[1.0, 0.2, -0.4], [0.5, -1.5, 0.7]])


@program((1.3, 0.4))
def chained_assignment(x, y):
    a = b = x * y
    a = a + x
    return a * b


@program((1.3, 0.4))
def tuple_unpacking(x, y):
    a, b = x * y, x + y
    a, b = b, a * b
    (c, d), e = (a, b), a - b
    return c * d * e


@program((V,), ([1.5, 2.5, 0.5, -1.0],))
def starred_unpacking(values):
    first, *middle, last = values
    total = first * last
    for m in middle:
        total = total + m * m * first
    return total


@program((V,))
def unpack_an_array(v):
    a, b, c = v
    return a * b + np.sin(c)


@program((0.7,))
def augmented(x):
    y = 1.0
    y += x
    y *= y
    y -= x / 3
    y /= 1 + x
    y **= 2
    return y


@program((0.7, 3), (2.9, 2))
def augmented_integers(x, n):
    k = n
    k *= 2
    k -= 1
    k //= 2
    k %= 5
    return x**k * k


@program((0.7,), (-0.7,))
def conditional_expression(x):
    return x * x if x > 0 else -3 * x if x < 0 else x


@program((1.5, 0), (1.5, 2))
def or_gives_an_operand(x, n):
    z = (n and x) or n + 3 * x
    return z * z + x


@program((1.5, 2.0), (-1.5, 0.0))
def and_gives_an_operand(x, y):
    z = x and y * x
    return z * 3.0 + y


@program((0.5,), (1.5,), (2.5,))
def chained_comparison(x):
    if 0 < x <= 1 < 2:
        return x**2
    elif 1 < x < 2 or x > 100:
        return x**3
    return x**4


@program((0.5,), (-2.0,))
def not_and_or(x):
    positive = x > 0
    if not positive and not x == 0:
        return -x * x
    return x if positive or x > 10 else 2 * x


@program((0.5,), (2.5,))
def walrus(x):
    if (y := x * x) > 1:
        return y + x
    return y * (z := x + 1) + z


@program((V, 1.5))
def walrus_in_a_while(v, x):
    n = 0
    while (norm := np.sum(v * v)) < 1000:
        v = v * x
        n += 1
    return norm / 100 + n


@program((0.4,), (-0.4,), (3.0,))
def branches_bind(x):
    if x > 1:
        a, b = x, 1.0
    elif x > 0:
        a = np.exp(x)
        b = a * x
    else:
        a = b = np.sin(x)
    return a * b


@program((0.4,), (-0.4,))
def nested_branches(x):
    y = x
    if x > 0:
        if x > 0.1:
            y = y * 2
            if y > 0.7:
                y = y**3
        else:
            y = 0.0
    else:
        y = y * y
    return y + x


@program((0.4,))
def asserts(x):
    assert x > 0, f"x must be positive, not {x}"
    y = np.log(x)
    assert y < 10
    return y * x


@program((0.4,))
def prints(x):
    """A docstring."""
    y = x * x
    print("y is", y, sep="\t")
    print(f"{x:.3f} {y!r:>10} {x + y}")
    return y * y


@program((V,))
def error_state(v):
    with np.errstate(divide="ignore", invalid="ignore"):
        r = 1 / v
        r = np.where(v > 0, r, 0.0)
    return np.sum(r * v * v)


@program((0.4,), (-0.4,))
def return_inside_with(x):
    with np.errstate(all="ignore"):
        if x > 0:
            return x * x
        y = 3 * x
    return y


@program((0.4,))
def pass_and_del(x):
    y = x * x
    if y > 100:
        pass
    else:
        z = y * x
        del y
    y = z
    del z
    return y


@program((0.4,), (2.0,))
def raises(x):
    if x < 0:
        raise ValueError(f"negative: {x}")
    if not np.isfinite(x):
        raise ValueError
    return np.sqrt(x)


@program((0.4,), (2.0,))
def raises_in_else(x):
    if x < 1:
        y = x * x
    elif x < 3:
        y = x**3
    else:
        raise ValueError("too large")
    return y * x


@program((V, "sum"), (V, "mean"), (V, "max"), (V, None))
def match_on_text(v, how):
    match how:
        case "sum":
            return np.sum(v**2)
        case "mean" | "average":
            return np.mean(v**3)
        case None:
            return v[0] * v[1]
        case _:
            return np.max(v)


@program((0.5, 1), (0.5, 2), (0.5, 7))
def match_on_number(x, order):
    match order:
        case 1:
            y = x
        case 2:
            y = x * x
        case n if n > 5:
            y = x**3
        case _:
            y = 0.0
    return y * 2


@program((V, "relu"), (V, "tanh"))
def flag_argument(v, kind):
    if kind == "relu":
        h = np.maximum(v, 0)
    elif kind in ("tanh", "sigmoid"):
        h = np.tanh(v)
    else:
        raise ValueError(f"unknown: {kind}")
    return np.sum(h * h)


@program((V,), (M,))
def rank_decides(x):
    if x.ndim == 2:
        return np.sum(x @ x.T)
    if np.ndim(x) == 1:
        return np.sum(x * x)
    return x


@program((M,))
def shapes_and_lengths(m):
    rows, columns = m.shape
    scale = 1 / (rows * columns)
    return scale * np.sum(m**2) + len(m) * m[0, 1] + m.size * m[-1, -1]


@program((M, V))
def matrix_expressions(m, v):
    y = m @ v
    z = np.outer(y, v) + m
    return np.sum(np.tanh(z)) + y @ y


@program((0.3, 0.9))
def annotations(x: float, y: float) -> float:
    z: float = x * y
    w: "float"
    w = z + y
    return w * z


@program((0.3,))
def unused_results(x):
    x * 3
    np.sin(x)
    "text"
    y = x * x
    np.exp(y)
    return y


@program((1.7,))
def number_methods(x):
    n = int(x)
    k = round(1.7)
    return x**n * k + abs(-x) + max(x, 0.5) + min(x, 3.0) * float(2)


@program((1.7, 2.3), (2.3, 1.7))
def minimum_of_three(x, y):
    return max(x, y, x * y) * min(x * x, y) + pow(x, 2) + sum((x, y, x))


@program((V,))
def early_returns(v):
    s = np.sum(v)
    if s > 100:
        return s
    if s > 1:
        t = s * s
        if t > 1:
            return t * v[0]
        return t
    return 0.0 * s


@program((0.0,), (2.0,))
def no_path_depends(x):
    if x > 1:
        return 3.0
    return 4.0


@program((0.8,))
def conditional_in_arguments(x):
    y = np.exp(x if x > 0 else -x) * (1 if x > 0.5 else 2)
    return y * (np.sin(x) if y > 1 and x > 0 else np.cos(x))
