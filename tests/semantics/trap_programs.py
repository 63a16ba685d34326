"""Traps: iterators used twice, loops that end at once, lists under two names, kinds that meet, names in odd places."""

import math
from collections import namedtuple
from dataclasses import dataclass, field

import numpy as np
from checks import Programs

program = Programs()
Parts = namedtuple("Parts", "a b c")
V = np.array([0.3, -1.2, 2.0])
W = np.array([0.5, 0.7, -0.4])
M = np.array([[1.0, 0.2, -0.4], [0.5, -1.5, 0.7]])


@program((V, W))
def zip_kept_in_a_variable(v, w):
    pairs = zip(v, w)
    y = 0.0
    for a, b in pairs:
        y = y + a * b * b
    return y


@program((V, W))
def zip_made_a_list(v, w):
    pairs = list(zip(v, w))
    y = 0.0
    for a, b in pairs:
        y = y + a * b
    for a, b in pairs:
        y = y * a - b
    return y + pairs[0][1] * len(pairs)


@program(([0.5, 1.5, 2.5],))
def reversed_made_a_list(values):
    backwards = list(reversed(values))
    y = 0.0
    for b in backwards:
        y = y * b + 1
    for b in backwards:
        y = y + b * b
    return y * backwards[0]


@program((V,))
def map_made_a_list(v):
    squares = list(map(lambda x: x * x, v))
    return sum(squares) * squares[1] + sum(map(math.sin, v))


@program((V, W))
def transposed_pairs(v, w):
    pairs = [(a * b, a + b) for a, b in zip(v, w)]
    products, sums = zip(*pairs)
    return sum(products) * sum(sums)


@program((M,))
def rows_of_a_transpose(m):
    y = 0.0
    for column in m.T:
        y = y + column[0] ** 2 * column[1]
    return y


@program((V, 2), (V, 0), (V, 9))
def slice_bounds_at_run_time(v, n):
    head = v[:n]
    y = np.sum(head * head)
    for x in v[n:]:
        y = y + x**3
    return y


@program(([0.5, 1.5, 2.5], 1), ([0.5, 1.5, 2.5], 5))
def list_slices_at_run_time(values, n):
    y = 0.0
    for x in values[:n]:
        y = y + x * x
    for x in values[n:]:
        y = y * x + 1
    for x in values[::-2]:
        y = y + x
    return y


@program((V, [2, 0, 2, 2]))
def same_element_again(v, order):
    y = 1.0
    for i in order:
        y = y * v[i] + v[i]
    return y


@program(([0.5, 1.5, 2.5], [2, 0, 2, 2]))
def same_list_element_again(v, order):
    y = 1.0
    for i in order:
        y = y * v[i] + v[-1]
    return y


@program((V,))
def two_names_of_one_element(v):
    a = v[0]
    b = v[0]
    c = v
    return a * b * c[0]


@program((0.5, 3))
def two_names_of_one_list(x, n):
    a = [x]
    b = a
    for k in range(n):
        a = a + [b[0] * k]
    return sum(a) * len(b) + b[0]


@program((0.5, 2.0), (0.5, -2.0))
def lists_of_different_lengths(x, y):
    parts = [x]
    if y > 0:
        parts = parts + [x * y, y]
    total = 0.0
    for k, p in enumerate(parts):
        total = total + p * (k + 1)
    return total * len(parts)


@program((0.5, 2.0), (0.5, -2.0))
def dicts_in_branches(x, y):
    if y > 0:
        d = {"a": x, "b": y * y}
    else:
        d = {"a": y, "b": x}
    return d["a"] * d["b"]


@program((0.5, 2.0), (0.5, -2.0))
def tuples_in_branches(x, y):
    pair = (x, y) if y > 0 else (y * y, 1.0)
    a, b = pair
    return a * b * pair[0]


@dataclass(frozen=True)
class State:
    position: float
    velocity: float
    name: str = "s"


@program((0.5, 4))
def records_in_a_loop(x, n):
    s = State(x, 1.0)
    for _ in range(n):
        if s.position > 1:
            s = State(s.position - 0.5, s.velocity * x)
        else:
            s = State(s.position + 0.3 * s.velocity, s.velocity)
    return s.position * s.velocity


Best = namedtuple("Best", "value index")


@program((V,))
def namedtuple_in_a_loop(v):
    best = Best(-10.0, -1)
    for i, x in enumerate(v):
        if x > best.value:
            best = Best(x, i)
    return best.value**2 * (best.index + 1)


@program((0.5, 6))
def window_of_three(x, n):
    a, b, c = x, x * x, 1.0
    for k in range(n):
        a, b, c = b, c, a * b + 0.1 * k * c
    return a + b * c


@program((0.5, 5))
def stops_and_collects(x, n):
    values = []
    y = x
    for k in range(n):
        y = y * 1.5
        values = values + [y]
        if y > 2:
            break
    return sum(values) * len(values)


@program((0.5, 5), (0.5, 0))
def collected_then_last(x, n):
    ys = [x * k for k in range(n)]
    return (ys[-1] if ys else x) * x


@program((0.5, 3, 4), (0.5, 0, 4), (0.5, 3, 0))
def zero_trips_in_nested_loops(x, n, m):
    y = x
    last = x
    for i in range(n):
        for j in range(m):
            y = y * x + i * j
            last = y
        y = y + last
    return y * last


@program((0.5, 7))
def continue_and_break_in_a_while(x, n):
    k = 0
    y = x
    while k < n:
        k += 1
        if k % 2:
            continue
        y = y * (1 + x) + k
        if y > 9:
            break
    else:
        y = y - 1
    return y * k


@program((0.3,), (0.9,))
def return_from_a_while_in_a_for(x):
    for start in (x, x * x, 2.0):
        y = start
        while y < 4:
            y = y * 2 + x
            if 2 < y < 2.2:
                return y * x
    return y


@program((V, 1.0), (V, 5.0))
def first_above(v, limit):
    for i, x in enumerate(v):
        if x * x > limit:
            return x * i + v[0]
    return -v[1]


@program((V, 2), (V, 0))
def find_with_else(v, wanted):
    for i in range(len(v)):
        if i == wanted:
            found = v[i] * i
            break
    else:
        found = v[0]
    return found * found


@program((V,))
def min_and_argmin(v):
    i = int(np.argmin(v))
    j = v.argmax()
    return v[i] * v[j] + v[i] ** 2


@program((0.5, 2))
def integer_powers_of_float(x, n):
    return x**n + x ** (-n) + x**0 + (x + 1) ** 0.5 + 2**x + n**x


@program((1.7, 2.3))
def floor_and_remainder(x, y):
    return (x * 3) // y + (x * 3) % y + divmod(x * 5, y)[1] + math.floor(x) * x + abs(-y)


@program((0.5, 1.2))
def math_functions(x, y):
    return math.exp(x) * math.log(y) + math.sqrt(x) + math.atan2(x, y) + math.hypot(x, y) + math.pow(x, y) + math.pi * x


@program((0.5, True), (0.5, False))
def flags_as_numbers(x, flag):
    return x * flag + (x > 0) * x * x + (not flag) * 3 * x


@program((np.float32(0.5), 3))
def single_precision(x, n):
    return float(x) * 0 + n * 1.0


@program((V,))
def print_does_not_disturb(v):
    print(v, end="")
    print(f"{v.sum()} {len(v)=}")
    return np.sum(v**2)


@program((0.5,))
def ternary_chain_of_calls(x):
    f = np.sin if x > 0.1 else np.cos
    return f(x) * x


@program((0.5, "sin"), (0.5, "cos"))
def function_from_a_table(x, name):
    table = {"sin": np.sin, "cos": math.cos}
    return table[name](x) * getattr(np, name)(x)


@program((0.5, 3))
def list_of_functions(x, n):
    for f in (np.sin, np.exp, lambda t, k=x: t * k):
        x = f(x)
    return x * n


@program((V, W))
def tuple_of_arrays_carried(v, w):
    pair = (v, w)
    for _ in range(3):
        pair = (pair[1], pair[0] * pair[1])
    return np.sum(pair[0] * pair[1])


@program(([[0.5, 1.5], [2.5]],))
def ragged(rows):
    return sum(sum(row) * row[0] for row in rows)


@program(({"a": [0.5, 1.5], "b": (V, {"c": 2.0})},))
def deep(p):
    (u, d), scale = p["b"], d_of(p)
    return np.sum(u) * d["c"] * scale + p["a"][1]


def d_of(p):
    return p["a"][0] * p["b"][1]["c"]


@program((V,))
def unused_and_aliased_arguments(v):
    def f(a, b, unused=None):
        return np.sum(a * b)

    return f(v, v) + f(a=v, b=v[::-1], unused=v)


@program((0.5,))
def default_evaluated_once(x):
    scale = 2.0

    def f(y, s=scale):
        return y * s

    scale = x
    return f(x) * scale


@program((0.5, 3))
def closures_in_a_loop(x, n):
    y = 0.0
    for k in range(n):

        def f(t, k=k):
            return t * k + x

        y = y + f(x)
    return y


@program((0.5,))
def closure_over_a_loop_variable(x):
    total = 0.0
    for k in (1.0, 2.0, 3.0):
        f = lambda t: t * k * x  # noqa: E731, B023
        k = k * 2
        total = total + f(x)
    return total


@program((V,))
def sum_with_start(v):
    return sum(v, start=v[0] * 2) * sum([x * x for x in v], 1.0)


@program((V,))
def matrix_from_rows(v):
    m = np.array([v, v * v, [1.0, v[0], 2.0]])
    return np.linalg.det(m + 3 * np.eye(3))


@program((0.5, np.array([1.0, 2.0])))
def rank_differs_by_branch(x, v):
    y = x
    if v.size > 1:
        y = y * v
    return np.sum(y)


@program((M,))
def conditional_rows(m):
    return sum(row.sum() ** 2 if row[0] > 0.7 else row.max() for row in m)


@program((V,))
def any_number_of_names(v):
    a = b = c = v * 2
    a = a * b
    d, e = c, a
    return np.sum(d * e) + np.sum(b)


@program((0.5, 2.0))
def not_none_and_truth(x, y):
    z = None
    if x > 0:
        z = x * y
    if z is not None and z > 0:
        return z * z
    return x


@program((V, 3))
def power_iteration(v, n):
    a = np.outer(v, v) + np.eye(3)
    x = np.ones(3)
    for _ in range(n):
        y = a @ x
        x = y / np.linalg.norm(y)
    return x @ a @ x


@program((0.2, 4))
def logistic_map_history(r, n):
    xs = [0.3]
    for _ in range(n):
        xs = [*xs, (3 + r) * xs[-1] * (1 - xs[-1])]
    return np.mean(np.array(xs))


@program((V, W, 0.3))
def gradient_descent_inside(v, w, rate):
    theta = v
    for _ in range(5):
        residual = theta - w
        theta = theta - rate * residual
    return theta @ theta


@program((V, 2), (V, 0))
def list_repeated_at_run_time(v, n):
    values = [v[0], v[1]] * n + [v[2]] * len(v)
    return sum(values) * values[-1]


@program((V,))
def lists_summed(v):
    flat = sum([[a, a * 2] for a in v], [])
    more = sum([[a] for a in v], [v[0]])
    return flat[3] * v[0] + more[0] * more[-1]


@program((0.5,))
def namedtuple_as_a_tuple(x):
    pair = Best(x, x * x)
    twice, longer = pair * 2, pair + (2.0,)
    return twice[3] * longer[2] + len(pair) * pair[-1]


@program((V,))
def ways_through_a_dict(v):
    d = {"a": v[0], "b": v[1]}
    y = 0.0
    for i, (key, value) in enumerate(d.items(), 1):
        y = y + value * value * i * len(key)
    for i, key in enumerate(d):
        y = y + d[key] * i
    for value, key in zip(d.values(), reversed(list(d))):
        y = y + value * d[key]
    return y


@dataclass
class Money:
    amount: float
    fee: float

    def __add__(self, other):
        return Money(self.amount + other.amount, self.fee)

    def __mul__(self, factor):
        return Money(self.amount * factor, self.fee)

    def __rmul__(self, factor):
        return Money(self.amount * factor * 2, self.fee)

    def __imul__(self, factor):
        return Money(self.amount * factor, self.fee * 5)

    def __neg__(self):
        return Money(-self.amount, self.fee)

    def __getitem__(self, i):
        return self.amount * i

    def __len__(self):
        return 7

    def __bool__(self):
        return False

    def __lt__(self, other):
        return self.amount > other.amount


@program((Money(0.5, 1.5),))
def special_methods(m):
    n = m + m * 3.0
    n *= 2.0
    y = (-n).amount * (2.0 * m).amount + m[3] + len(m) * n.fee
    if m < Money(2.0, 1.0):
        y = y * 2
    return y if m else y * n.amount


@program((V, 3))
def grown_list_of_records(v, n):
    states = [{"x": v, "t": 1.0}]
    for _ in range(n):
        last = states[-1]
        states = states + [{"x": last["x"] * v, "t": last["t"] * v[0]}]
    return np.sum(states[-1]["x"]) * states[-2]["t"]


@program((V, 3))
def lists_of_several_kinds(v, n):
    parts = [v, v[0], 2.0, [v[1]]]
    y = 0.0
    for part in parts:
        if isinstance(part, np.ndarray):
            y = y + np.sum(part)
        elif isinstance(part, list):
            y = y + part[0] * n
        else:
            y = y + part * part
    return y


@program((V, 3))
def list_of_nones(v, n):
    scaled = [v * k if k > 0 else None for k in range(n)]
    y = 0.0
    for s in scaled:
        if s is not None:
            y = y + np.sum(s * s)
    return y


@program((V, 2), second=False)
def recursion_returns_pairs(v, n):
    def go(a, b, k):
        if k == 0:
            return a, b
        a, b = go(b, a * b, k - 1)
        return a + b, b

    p, q = go(v[0], v[1], n)
    return p * q


@program((V, 2), second=False)
def recursion_builds_lists(v, n):
    def doubled(values):
        return values if len(values) == 0 else [values[0] * n] + doubled(values[1:])

    return sum(x * x for x in doubled(list(v)))


def trapezoid(f, a, b, n=4):
    h = (b - a) / n
    total = (f(a) + f(b)) / 2
    for i in range(1, n):
        total = total + f(a + i * h)
    return total * h


@program((0.5, 1.5))
def integral_of_an_integral(x, b):
    return trapezoid(lambda s: trapezoid(lambda t: np.exp(-x * s * t) * s, 0.0, s), 0.0, b)


@dataclass
class Mixed:
    a: float = field(kw_only=True)
    b: float = 2.0


@program((0.5, 1.5))
def keyword_only_fields(x, y):
    first, second = Mixed(x, a=y), Mixed(a=x * y)
    return first.a**2 * first.b + second.a * second.b


def by_branch(values, squared):
    if squared:
        return sum(x * x for x in values)
    return sum(values)


def first_and_rest(values):
    for first in values:
        break
    return first


@program((V, W))
def generators_gone_over_once(v, w):
    chosen = [1.0, 2.0] if any(x > 1 for x in v) else [1.0]
    names = ",".join(str(k) for k in range(3))
    return sum(x * y for x, y in zip(v, w)) * len(chosen) + first_and_rest(x * x for x in w) * len(names)


@program((V, 1), (V, 0))
def an_iterator_in_each_branch(v, k):
    pairs = zip(v, v * v)
    if k:
        y = sum(a * b for a, b in pairs)
    else:
        y = sum(b for a, b in pairs)
    return y + isinstance(reversed(v), list) + by_branch(reversed(v), k)


@program((V,))
def draws_of_a_generator_made_here(v):
    rng = np.random.default_rng(0)
    mask = rng.random(v.shape) < 0.5
    k = rng.integers(0, 3)
    y = np.sum(np.where(mask, v, 0.0) * v[rng.permutation(3)]) + v[k] ** 3
    for _ in range(3):
        v = v * rng.normal(size=3)
        if rng.random() < 0.5:
            v = v + 1
    return y + np.sum(v) * rng.choice([1.0, 2.0])


@program((V,))
def draws_of_the_old_generators(v):
    np.random.seed(3)
    rng = np.random.RandomState(7)
    return v[np.random.randint(0, 3)] ** 3 + v @ np.random.rand(3) * rng.randn() + v[rng.choice(3)]


@program((V, M))
def constants_of_known_length_beside_others(v, m):
    h = np.array([[1.0, 0.0, 2.0]])
    total = 0.0
    for row in m:
        r = row[:1] - h @ v
        total -= r @ r
        v = v + r[0]
    return total


@program((M,))
def an_index_kept_by_numpy(m):
    return np.sum(m[np.s_[0:1, 1:]] ** 2)


@program((V, 4), (V, 0), (W, 1))
def a_sum_that_starts_as_an_integer(v, n):
    total = 0
    for k in range(n):
        total = total + v * v * k
        if np.sum(total) > 9:
            break
    return np.sum(total * total)


@program((V, 3), (V, 0))
def integers_among_arrays(v, n):
    y = v
    for x in [0 if k == 0 else v * k for k in range(n)]:
        y = y * x + v
    return np.sum(y * y)


@program((V, 0), (V, 2), second=False)
def bound_by_an_inner_loop_of_a_loop_that_returns(v, k):
    for a in v:
        for i in range(3):
            for j in range(k):
                x = np.arange(3.0) * a
            if k > 0:
                y = x
            else:
                y = np.array([i, k, i])
            return sum([(i + 1) * q for q in np.sin(y)]) * v[0]
    return v[0]


def twice_or_half(q):
    if np.sum(q) > 0.4:
        return 2 * q
    return q / 2


@program((M, 1), (M, 0), second=False)
def a_name_for_arrays_of_two_ranks(m, k):
    for i in range(k + 1):
        b = np.ones(1)
    for j in range(2):
        b = twice_or_half(m)
    return np.exp(-((b.sum(axis=0) @ b[0]) ** 2))


@program((M, 2), (M, 3))
def a_number_that_becomes_an_array(m, k):
    for i in range(k):
        b = np.sum(m)
    for i in range(k):
        b = b * m
        if np.sum(b) > 3:
            break
    return np.sum(np.sin(b) * b)


Triple = namedtuple("Triple", "a b c")


@program(((0.3, 0.7, 1.1), 1), (Triple(0.3, 0.7, 1.1), 2))
def slices_of_a_tuple_at_run_time(t, n):
    return t[n:][0] * t[:n][0] * t[0]


@program(([Triple(0.3, 0.5, 0.2), Triple(1.0, 2.0, 0.1)],), ([(0.3, 0.5, 0.2), (1.0, 2.0, 0.1)],))
def an_array_of_tuples(triples):
    products = [Triple(t[0] * t[1], t[1], t[2]) for t in triples]
    return np.sum(np.array(products) ** 2 + np.mean(triples, axis=0) ** 3) + sum(t[0] for t in triples)


@program(((0.5, 1.5, -0.3), V), ((0.5, 1.5), V), (Parts(0.5, 1.5, -0.3), V))
def a_tuple_beside_an_array(numbers, v):
    y = sum([a * a * b for a, b in zip(numbers, v)])
    for i, (a, b) in enumerate(zip(reversed(numbers), v * v)):
        if b > 1:
            break
        y += a * b * (i + 1)
    return y


@program(([0.5, 1.5, -0.3], V), ((0.5, 1.5, -0.3), V))
def sequences_given_to_numpy(numbers, v):
    y = np.exp(numbers) * np.maximum(numbers, 0) + np.arctan2(numbers, v)
    return np.sum(y) + v @ numbers + np.dot(numbers, numbers) + np.mean(numbers) + np.hstack([numbers, v])[1]


@program(([0.5, 1.5, -0.3],))
def zeros_like_a_list(numbers):
    return np.sum(np.zeros_like(numbers) + numbers[0])


@program((V,))
def lists_collected_and_given_to_numpy(v):
    errors = []
    e = 0.0
    for x in v:
        e = x - 0.3 * e
        errors = errors + [e]
    return np.sum(np.square(errors)) + np.linalg.norm(errors)


@dataclass
class Sized:
    a: float
    b: float

    def __abs__(self):
        return self.a * self.b

    def __round__(self, digits=None):
        return self.a * 2


@program((Sized(2.0, 3.0), 1.0))
def special_methods_of_functions(pair, x):
    return abs(pair) + x * round(pair) + np.where(True, pair.a, pair.b) + (x if pair == Sized(2.5, 3.0) else 2 * x)


@program((V, 1), (V, 2), second=False)
def bound_after_a_return_in_a_loop(v, k):
    for x in v:
        if k > 1:
            a = x
        if k >= 0:
            return x * x
        a = x
    return 1.0 * a
