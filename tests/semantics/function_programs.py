"""Functions: calls, closures, recursion, parameters, methods, decorators, callables as values."""

import functools
import math
from collections import namedtuple
from dataclasses import dataclass

import numpy as np
import semantics_helpers
from checks import Programs
from semantics_helpers import amplified

program = Programs()
V = np.array([0.3, -1.2, 2.0])
M = np.array([[1.0, 0.2, -0.4], [0.5, -1.5, 0.7]])


def square(x):
    return x * x


def scaled(x, factor=3.0, *, shift=0.5):
    return x * factor + shift


@program((0.7,))
def calls_functions(x):
    return square(x) + square(square(x) + 1) * scaled(x)


@program((V,))
def other_module(v):
    return np.sum(amplified(v)) + semantics_helpers.norm(v, order=4) + semantics_helpers.norm(v, scale=v[0])


@program((0.7, 0.2))
def default_arguments(x, y):
    return scaled(x) * scaled(y, 2.0) * scaled(x, shift=y) + scaled(factor=x, x=y)


@program((0.7,), (0.7, 2.0), (0.7, 2.0, 0.1))
def own_defaults(x, a=1.5, b=-0.3):
    return a * x * x + b * x


def polynomial(x, *coefficients):
    y = 0.0
    for c in coefficients:
        y = y * x + c
    return y


@program((0.7, 0.2))
def variadic(x, c):
    return polynomial(x, 1.0, c, 2.0) + polynomial(c, x) + polynomial(x)


@program((0.7, 0.2, 1.4), (0.7,), second=False)
def own_variadic(x, *others):
    y = x
    for o in others:
        y = y * o + x
    return y


def with_options(x, **options):
    y = x * options.get("gain", 1.0)
    if "offset" in options:
        y = y + options["offset"]
    return y


@program((0.7, 0.2))
def keyword_variadic(x, c):
    return with_options(x) * with_options(x, gain=c) * with_options(c, offset=x, gain=2.0)


def forwards(f, *args, **kwargs):
    return f(*args, **kwargs) * 2


@program((0.7, 0.2))
def forwarded_arguments(x, c):
    pair = (x, c)
    named = {"factor": c}
    return forwards(scaled, x, factor=c) + forwards(scaled, *pair, shift=x) + scaled(x, **named)


@program((0.7,))
def nested_function(x):
    def f(y, k=2):
        z = y * x
        return z + k

    return f(x) * f(2.0, k=x)


@program((0.7,))
def closure_sees_last_value(x):
    a = x

    def f(y):
        return a * y

    b = f(2.0)
    a = a * x
    return b + f(3.0)


@program((0.7,))
def lambdas(x):
    f = lambda y: y * x  # noqa: E731
    g = lambda u, v=2.0: f(u) + f(v)  # noqa: E731
    return g(x) * f(g(1.0))


@program((0.7, 0.2))
def lambdas_in_a_dict(x, y):
    table = {"add": lambda a, b: a + b, "mul": lambda a, b: a * b}
    total = 0.0
    for name in table:
        total = total + table[name](x, y) ** 2
    return total


def make_scaler(factor):
    def scale(x):
        return x * factor

    return scale


TRIPLE = make_scaler(3.0)


@program((0.7,))
def returned_closures(x):
    by_x = make_scaler(x)
    return TRIPLE(x) + by_x(2.0) * by_x(x)


def factorial_like(x, n):
    if n == 0:
        return 1.0
    return (x + n) * factorial_like(x, n - 1)


@program((0.7, 4), (0.7, 0), second=False)
def direct_recursion(x, n):
    return factorial_like(x, n) * x


def is_even(x, n):
    return x if n == 0 else is_odd(x * 1.1, n - 1)


def is_odd(x, n):
    return x * x if n == 0 else is_even(x + 0.1, n - 1)


@program((0.7, 4), (0.7, 3), second=False)
def mutual_recursion(x, n):
    return is_even(x, n) + x


def ackermann_like(a, b, n):
    if n <= 0:
        return a * b
    return ackermann_like(b, a * b, n - 1) + ackermann_like(a + b, a, n - 2)


@program((0.7, 0.3, 3), second=False)
def recursion_with_two_active_arguments(a, b, n):
    return ackermann_like(a, b, n)


@program((0.7, 3), second=False)
def recursion_in_a_loop(x, n):
    y = 1.0
    for k in range(n):
        y = y * factorial_like(x, k) + ackermann_like(x, y, k)
    return y


def tree_sum(values, x):
    n = len(values)
    if n == 1:
        return values[0] * x
    return np.sin(tree_sum(values[: n // 2], x)) + tree_sum(values[n // 2 :], x)


@program((np.array([0.3, -1.2, 2.0, 0.4, 0.9]), 0.7), second=False)
def recursion_on_slices(v, x):
    return tree_sum(v, x)


@program((0.7, 4), (0.7, 0), second=False)
def nested_recursion(x, n):
    def power(k):
        if k == 0:
            return 1.0
        return x * power(k - 1)

    return power(n) + x


@program((0.7, 0.2, 3), second=False)
def nested_recursion_with_arguments(x, y, n):
    def go(a, k):
        return a if k == 0 else go(a * x + y, k - 1) * y

    return go(x, n)


@program((2.0,), (50.0,), second=False)
def entry_recursion(x):
    if x > 10:
        return x
    return entry_recursion(x * x) + x


@program((V, 0.7))
def partials(v, x):
    cube = functools.partial(np.power, x)
    f = functools.partial(scaled, factor=x)
    g = functools.partial(scaled, x, shift=2.0)
    return f(x) + g(x) + np.sum(functools.partial(square)(v)) + cube(3)


HALF = functools.partial(scaled, factor=0.5, shift=0.0)


@program((0.7,))
def global_partial(x):
    return HALF(x) * HALF(x, shift=x)


def twice(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return 2 * f(*args, **kwargs)

    return wrapper


@twice
def decorated_sine(x, k=1.0):
    return np.sin(k * x)


@program((0.7,))
def calls_decorated(x):
    return decorated_sine(x) + decorated_sine(x, k=x)


@program((0.7, 0.2), second=False)
@twice
def decorated_itself(x, y):
    return x * x * y


def repeated(n):
    def decorate(f):
        @functools.wraps(f)
        def wrapper(x):
            for _ in range(n):
                x = f(x)
            return x

        return wrapper

    return decorate


@repeated(3)
def map_step(x):
    return 3.1 * x * (1 - x)


@program((0.7,))
def decorated_with_arguments(x):
    return map_step(x)


@dataclass(frozen=True)
class Layer:
    w: np.ndarray
    b: np.ndarray
    activation: str = "tanh"

    def __call__(self, x):
        z = self.w @ x + self.b
        return np.tanh(z) if self.activation == "tanh" else z

    def penalty(self, weight=0.1):
        return weight * np.sum(self.w**2)

    @property
    def norm(self):
        return np.sum(self.w) + np.sum(self.b)

    @staticmethod
    def scale(x, k):
        return x * k

    @classmethod
    def linear(cls, w, b):
        return cls(w, b, "none")


@program((Layer(M, np.array([0.1, 0.2])), V), (Layer(M, np.array([0.1, 0.2]), "none"), V))
def dataclass_methods(layer, x):
    y = layer(x)
    return np.sum(y**2) + layer.penalty() * layer.norm + Layer.scale(layer.penalty(weight=2.0), 3)


@program((M, np.array([0.1, 0.2]), V))
def makes_a_dataclass(w, b, x):
    layer = Layer(w, b)
    other = Layer.linear(w * 2, b=b)
    return np.sum(layer(x) * other(x)) + other.norm


@dataclass
class Particle:
    x: float
    v: float

    def moved(self, dt):
        return Particle(self.x + dt * self.v, self.v - dt * self.x)

    def energy(self):
        return self.x**2 + self.v**2


@program((Particle(0.5, 1.5), 0.1))
def particle(p, dt):
    for _ in range(4):
        p = p.moved(dt)
    return p.energy() * p.x


class Model:
    scale = 2.0

    def __init__(self, w, bias):
        self.w, self.bias = w, bias

    def predict(self, x):
        return self.scale * (self.w @ x) + self.bias

    @property
    def size(self):
        return np.sum(self.w**2)

    def loss(self, x):
        return np.sum(self.predict(x) ** 2) + self.size * x[0]

    def __call__(self, x):
        return self.loss(x) * 0.5


MODEL = Model(M, 0.3)
program((V,))(MODEL.loss)


@program((V,))
def global_object(v):
    return MODEL.loss(v) * MODEL.bias + MODEL(v)


def apply_to_each(f, values):
    return [f(v) for v in values]


@program((0.7, 0.2))
def callables_as_arguments(x, y):
    a = apply_to_each(np.sin, (x, y))
    b = apply_to_each(lambda t: t * x, [x, y])
    c = apply_to_each(square, a)
    return a[0] * b[1] + c[1] + sum(apply_to_each(math.exp, b))


@program((0.7, square), (0.7, np.tanh), (0.7, TRIPLE))
def callable_parameter(x, f):
    return f(x) * f(2.0) + f(f(x))


def compose(*functions):
    def composed(x):
        for f in functions:
            x = f(x)
        return x

    return composed


@program((0.7,))
def composed(x):
    return compose(np.sin, square, lambda y: y * x)(x)


def bisect(f, lo, hi):
    for _ in range(50):
        mid = (lo + hi) / 2
        if f(lo) * f(mid) <= 0:
            hi = mid
        else:
            lo = mid
    return lo


def simpson(f, a, b, n=10):
    h = (b - a) / n
    total = f(a) + f(b)
    for i in range(1, n):
        total += (4 if i % 2 else 2) * f(a + i * h)
    return total * h / 3


@program((0.7, 1.9))
def integral(a, b):
    return simpson(lambda t: np.exp(-a * t * t), 0.0, b)


def runge_kutta(f, y, t, h):
    k1 = f(t, y)
    k2 = f(t + h / 2, y + h / 2 * k1)
    k3 = f(t + h / 2, y + h / 2 * k2)
    k4 = f(t + h, y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


@program((np.array([1.0, 0.5]), 0.3, 5))
def pendulum(y, damping, steps):
    def rate(t, y):
        return np.array([y[1], -np.sin(y[0]) - damping * y[1] + 0.1 * t])

    t = 0.0
    for _ in range(steps):
        y = runge_kutta(rate, y, t, 0.1)
        t += 0.1
    return y @ y


Pair = namedtuple("Pair", "a b")


def both(x):
    return x * x, np.sin(x)


def none_or(x, bound=None):
    if bound is None:
        bound = 2 * x
    return x * bound


@program((0.7,))
def several_results(x):
    s, t = both(x)
    u = both(s)[1]
    p = Pair(*both(t))
    return s * t + u + p.a * p.b


@program((0.7,), (0.7, 3.0))
def none_default(x, scale=None):
    if scale is None:
        scale = x + 1
    y = none_or(x) + none_or(x, bound=scale)
    return y * scale


@program((0.7,))
def returns_none(x):
    def log(y):
        print(y)

    if log(x) is None:
        x = x * x
    return x


@program((0.7, True), (0.7, False))
def isinstance_prunes(x, flag):
    value = [x, x * x] if flag else [x]
    if isinstance(x, (int, float)):
        x = x * 2
    if isinstance(x, np.ndarray):
        return np.sum(x)
    return x * (sum(value) if flag else 3)


@program((0.7, 5), second=False)
def memo_free_fibonacci(x, n):
    def fib(k):
        return x if k < 2 else fib(k - 1) + x * fib(k - 2)

    return fib(n)


def doubled(f):
    def g(x):
        return f(x) * 2.0

    return g


THRICE = doubled(doubled(doubled(lambda x: np.sin(x))))


@program((0.7,))
def one_code_object_with_different_cells(x):
    """Functions of one factory that call each other are not recursive."""
    return THRICE(x) + doubled(doubled(doubled(square)))(x)


def power_of(n):
    def f(x):
        return x if n == 0 else x * power_of(n - 1)(x)

    return f


@program((0.7,), second=False)
def functions_that_make_their_like(x):
    return power_of(3)(x)


program((0.7,), second=False)(power_of(3))  # `f` is compiled, and calls another function of that name
