"""Small functions that use every accepted construct, each with arguments to call it with.

They stand apart from the tests because pytest rewrites the assertions of test modules.
"""

import dataclasses
import functools
import math
import operator
from collections import namedtuple

import numpy as np

TRACE = []
SCALE = 3
Pair = namedtuple("Pair", "first second")
CASES = []


def tick(value):
    """Record a call, so that its number and order can be compared."""
    TRACE.append(value)
    return value


def case(*argument_lists):
    """Register a function with the tuples of arguments that it is called with."""

    def register(function):
        CASES.extend((f"{function.__name__}-{i}", function, args) for i, args in enumerate(argument_lists))
        return function

    return register


# Expressions
@case((1.5,), (-2.0,))
def arithmetic(x):
    return -x + 2 * x**2 / 3 - x // 1 + 7 % 4 + (5 & 3 | 8 ^ 2) + (1 << 3 >> 1) + ~4 + +x


@case((1,), (2,), (5,), (9,))
def chained_comparison(x):
    return tick(1) < tick(x) <= tick(5) != tick(9)


@case((0, 0, 0), (1, 0, 2), (1, 1, 0), (0, 0, 7))
def short_circuit(a, b, c):
    first = tick(a) and tick(b) or tick(c)
    second = tick(a) or tick(b) and tick(c)
    return first, second, not first


@case((3,), (-3,))
def conditional_expression(x):
    return tick("positive") if x > 0 else tick("negative") if x < -1 else tick("small")


@case(([1, 2, 3], 2), ([1, 2, 3], 5))
def membership(xs, x):
    return x in xs, x not in xs, x is None, x is not None


@case((np.arange(24.0).reshape(2, 3, 4),))
def subscripts(x):
    return [x[1, :, ::2], x[..., 0], x[:, None, -1], x[0][1:], x[1:, [0, 2]], x[-1, -1, -1]]


@case((0.5,))
def walrus(x):
    if (y := tick(x * 2)) > 0 and (z := tick(y + 1)):
        return y, z
    return y


@case((0,), (1,))
def walrus_in_the_branch_not_taken(x):
    x and (y := tick(3))
    return y


@case((3.14159, "ab"))
def f_strings(x, s):
    width = 12
    return f"{x:.2f}|{s!r:>{width}}|{{}}|{s}" f"{x + 1}" + f"plain" + f"{s}"


@case((2.0,))
def displays(x):
    pair = (x, x + 1)
    return [*pair, x], (0, *pair), {"a": x, "b": [x]}, {**{"a": 1, "b": 2}, "b": 3, **{"c": 4}}, (), []


@case((4,))
def calls(n):
    def collect(*args, key=None, **others):
        return args, key, others

    args, options = (1, 2), {"z": n}
    return collect(*args, n, key=tick(n), other=tick(5), **options), max(3, *args), "x".join(["a", "b"])


@case((2.0,))
def methods_and_modules(x):
    a = np.array([[x, 1.0], [3.0, 4.0]])
    return a.sum(axis=0).tolist(), np.linalg.norm(a), a.T.shape, math.sin(x), SCALE * x


# Assignments
@case((1, 2))
def swaps(a, b):
    a, b = b, a
    [c, d] = a, b
    (e, (f, g)) = 5, (a, b)
    h = i = tick(a)
    return a, b, c, d, e, f, g, h, i


@case(([1, 2, 3, 4],), ([1, 2],), ([1],), ((1, (2, 3)),), (7,))
def unpacking(xs):
    first, *middle, last = xs
    return first, middle, last


@case(([1, 2],), ([1, 2, 3],), ([],), (None,))
def unpacking_exactly(xs):
    a, b = xs
    return a + b


@case((5,))
def augmented(x):
    x += 1
    x -= 2
    x *= 3
    x **= 2
    x //= 2
    x %= 50
    x <<= 2
    x >>= 1
    x &= 255
    x |= 1
    x ^= 2
    x /= 2
    return x


@case((1,))
def annotated(x):
    y: float = x + 1
    z: int
    (w): float = y
    return y, w


@case((1,), (0,))
def bare_annotation_makes_local(x):
    SCALE: int
    if x:
        SCALE = 1
    return SCALE


@case((1,), (0,))
def deleted(x):
    y = 2
    if x:
        del y
    return y


@case((3,))
def aliases(x):
    y = x
    x = x + 1
    z = y
    return x, y, z


# Branches
@case((1,), (-1,), (0,))
def elif_chain(x):
    """The docstring does nothing."""
    if x > 0:
        y = "positive"
    elif x < 0:
        y = "negative"
        z = 1
    else:
        pass
    ...
    return y


@case((1,), (0,))
def bound_in_one_branch(x):
    if x:
        y = 1
    return y


@case((1, 1), (1, 0), (0, 1), (0, 0))
def returns_in_nested_branches(a, b):
    y = tick(0)
    if a:
        if b:
            return tick("both")
        y = tick("only a")
    y = (y, tick("rest"))
    if b:
        return tick("b"), y
    return y


@case((1, 1), (1, 0), (0, 1), (0, 0))
def returns_on_both_sides(a, b):
    if a:
        if b:
            return 1
        c = 2
    else:
        c = 3
        if b:
            return c + 1
        c = 5
    d = c
    return c, d


@case((2,), (-1,), (0,))
def guards(x):
    if x < 0:
        return None
    if x == 0:
        raise ValueError(f"zero: {x}") from KeyError("cause")
    return math.sqrt(x)


@case((2,), (-1,))
def falls_off_the_end(x):
    if x > 0:
        return x


@case((1, 2), (2, 1))
def asserts(a, b):
    assert a < b, tick(f"{a} is not below {b}")
    assert a
    return a


@case((1,), (0,))
def raises_a_class(x):
    if x:
        message = tick("no")
        raise RuntimeError
    else:
        message = "yes"
    return message


@case((1,), (2,), (3,), (4,), (None,), ("a",), (True,), (99,))
def matches(x):
    match tick(x):
        case None:
            return "none"
        case "a" | "b":
            y = "letter"
        case 1 | 2 if tick(x) == 2:
            y = "two"
        case 3:
            return "three"
        case other if other == 4:
            y = other
        case math.pi:
            y = "pi"
        case _:
            y = "else"
    return y


@case((1,), (5,))
def match_without_default(x):
    y = 0
    match x:
        case 1:
            y = 1
    return y


# Loops
@case((0,), (1,), (5,))
def accumulates(n):
    total, product = 0, 1
    for i in range(n):
        total += i
        product = product * (i + 1)
    return total, product


@case((0,), (3,))
def loop_variable_afterwards(n):
    for i in range(n):
        last = i * 2
    return i, last


@case(([(1, 2), (3, 4)],), ([(1, 2, 3)],))
def unpacking_targets(pairs):
    out = 0
    for k, (a, b) in enumerate(pairs):
        out += k * a - b
    return out


@case(([1, 2, 3], "ab"))
def iterables(xs, s):
    out = ""
    for x, c in zip(xs, s):
        out += f"{x}{c}"
    for x in reversed(xs):
        out += str(x)
    for key, value in {"k": 1}.items():
        out += f"{key}{value}"
    for i, *rest in [(1, 2, 3)]:
        out += f"{i}{rest}"
    return out


@case((0,), (1,), (4,), (10,))
def breaks(n):
    found = None
    for i in range(n):
        if i * i > 7:
            found = i
            break
        tick(i)
    return found


@case((0,), (3,), (9,))
def continues(n):
    out = []
    for i in range(n):
        if i % 2:
            continue
        if i % 3 == 0:
            out = out + [tick(i)]
            continue
        out = out + [-i]
    return out


@case((0,), (2,), (7,))
def else_without_break(n):
    for i in range(n):
        if i == 5:
            result = "broken"
            break
    else:
        result = tick("complete")
    return result


@case((0,), (2,), (3,), (7,))
def else_and_return(n):
    for i in range(n):
        if i == 2 and n == 3:
            return "returned"
        if i == 5:
            break
    else:
        return "complete"
    return "broken"


@case((0,), (4,))
def else_without_any_break(n):
    while n > 0:
        n -= 1
    else:
        n = tick("done")
    return n


@case((0,), (1,), (6,), (30,))
def returns_inside_two_loops(n):
    total = 0
    for i in range(n):
        for j in range(i):
            total += j
            if total > 40:
                return i, j
            if j == 3:
                break
        else:
            total += 100 if i > 20 else 0
        tick(total)
    return "end", total


@case((1.0,), (2.0,), (9.0,))
def newton(a):
    x = 1.0
    while True:
        step = (x * x - a) / (2 * x)
        x = x - step
        if abs(step) < 1e-12:
            break
    if a > 1:
        x = x * x * x
    return x


@case((3,), (100,))
def endless_until_return(n):
    i = 0
    while True:
        i += 1
        if i > n:
            return i
        if i > 50:
            i = tick(i) + 100


@case((27,), (1,))
def collatz(n):
    steps = 0
    while n != 1 and steps < 1000:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


@case((5,), (0,))
def while_with_walrus(n):
    total = 0
    while (m := tick(n - 1)) > 0:
        n = m
        if m == 3:
            continue
        total += m
    return total, m


@case((0,), (1,), (5,))
def while_with_else_and_break(n):
    while n:
        n -= 1
        if n == 3:
            break
    else:
        return "else"
    return "break", n


@case((4,))
def loop_variable_reassigned(n):
    out = 0
    for i in range(n):
        i = i * 10
        out += i
    return out, i


@case((4,), (0,))
def fibonacci(n):
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a


@case((3,), (0,))
def raises_in_loop(n):
    for i in range(5):
        if i == n:
            raise IndexError(i)
        tick(i)
    return n


@case((2,), (0,))
def always_leaves_the_loop(n):
    for i in range(n):
        return i
    return "empty"


@case((6,))
def jumps_on_both_sides(n):
    out = 0
    for i in range(n):
        if i % 2:
            if i == 3:
                continue
            out += 1
        else:
            if i == 4:
                break
            out += 10
        out += 100
        tick(out)
    return out


@case((0,), (3,))
def unbound_before_the_loop(n):
    for i in range(n):
        if i == 0:
            seen = tick(i)
        else:
            seen = seen + i
    return seen


@case((2,), (5,))
def nested_while(n):
    i, out = 0, 0
    while i < n:
        j = 0
        while j < n:
            j += 1
            if (i + j) % 3 == 0:
                break
            out += i * j
        i += 1
    return out, i, j


# Comprehensions
@case((4,))
def list_comprehensions(n):
    i = "kept"
    squares = [i * i for i in range(n)]
    odd = [x for x in squares if x % 2 if x > 1]
    grid = [(a, b) for a in range(n) if a for b in range(a) if b != 2]
    return squares, odd, grid, i, [[i + j for j in range(i)] for i in range(3)]


@case((3,))
def dict_and_generator(n):
    table = {str(k): k * n for k in range(n) if k != 1}
    return table, sum(v for v in table.values()), max([k for k, v in table.items()])


@case((3,))
def first_iterable_is_outside(x):
    return [x for x in range(x)], [(x, y) for x in [1, 2] for y in range(x)]


@case((3,))
def inner_iterable_is_inside(xs):
    return [x for y in range(xs) for x in x]


# Nested functions
@case((2, 3))
def closures_read_late(a, b):
    def scaled(x, by=a):
        return x * by + a

    early = scaled(1)
    a = b
    return early, scaled(1), scaled(1, by=7)


@case((5,), (0,))
def recursive_inside(n):
    def factorial(k):
        return 1 if k == 0 else k * factorial(k - 1) + n * 0

    return factorial(n)


@case((3,))
def closures_in_a_loop(n):
    total = 0
    for i in range(n):

        def shifted(x):
            return x + i + total

        total += shifted(1)
        total = (lambda y: y * i)(total) + shifted(0)
    return total


@case((3,))
def functions_as_arguments(n):
    double = lambda x, k=n: x * 2 + k
    twice = double
    n = 100
    return list(map(double, [1, 2])), functools.reduce(operator.add, [1, 2, 3]), twice(1), (lambda: n)()


@case((True,), (False,))
def function_chosen_by_branch(flag):
    if flag:
        act = lambda x: x + 1
    else:

        def act(x):
            return x - 1

    pick = (lambda: flag) if flag else (lambda: None)
    return act(1), pick()


@case((4,))
def returned_function(n):
    def make(k):
        def inner(x):
            return x * k + n

        return inner

    add, mul = make(1), make(2)
    return add(1), mul(1), make(3)(4)


@case((3,))
def nested_variadic(n):
    def gather(first, /, second=n, *rest, option=n + 1, **others):
        return first, second, rest, option, others

    return gather(1), gather(1, 2, 3, option=4, more=5)


@case((1,), (0,))
def captured_unbound(flag):
    if flag:
        y = 1

    def read():
        return y

    return read()


@case((3,))
def functions_call_earlier_ones(n):
    def first(x):
        return x + n

    def second(x):
        return first(x) * 2

    n = 10
    return second(1)


# Parameters
@case((1, 2), (1,), (1, 2, 3, 4))
def variadic(a, b=5, *args, c=7, **kwargs):
    return a, b, args, c, kwargs


@case((Pair(1, 2),))
def attributes(pair):
    return pair.first + pair.second


@dataclasses.dataclass
class Model:
    weight: float

    def predict(self, x):
        return self.__scale() * x

    def __scale(self):
        return self.weight * 2


CASES.append(("method", Model.predict, (Model(2.0), 3.0)))


# Effects
@case((2,))
def contexts(n):
    with np.errstate(all="ignore"), np.errstate(divide="raise"):
        y = np.float64(n) * 2
        if n == 3:
            return y
    return np.geterr()["divide"], y


@case((2,), (3,), (4,))
def leaves_a_context(n):
    for i in range(n):
        with np.errstate(all="ignore"):
            if i == 2:
                break
            if i == 3:
                return "never"
            z = tick(i)
            if i == 1:
                continue
        tick("after")
    return i, z


@case((1,))
def statement_order(n):
    print(tick(n), end="")
    tick(2)
    n
    return tick(3)


@case((3,))
def shadowing(range):
    len = range + 1
    return len


def make_reader(value):
    def reader(x):
        return x + value + SCALE

    return reader


CASES.append(("cell", make_reader(10), (1,)))
CASES.append(("lambda", lambda x, y=2: x * y if x else None, (3,)))
