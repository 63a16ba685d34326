"""Functions that inference refuses; the defaults are what they are called with, errors stand on the guilty lines."""

import itertools
import math
import operator
import random
from dataclasses import dataclass

import numpy as np

V = np.array([0.3, -1.2, 2.0])


def shuffles(v=V):
    values = [v[0], v[1]]
    np.random.shuffle(values)  # UnsupportedUpdate: `shuffle` writes into something that is not known to be an array
    return values[0]


def stores_by_operator(v=V):
    y = v * 1
    operator.setitem(y, 0, 2.0)  # UnsupportedCall: `setitem` has no derivative rule
    return np.sum(y)


def unknown_function(x=0.5):
    return x * math.lgamma(random.random())  # UnsupportedCall: `Random.random` has no derivative rule


def unknown_attribute(v=V):
    return v.ctypes  # UnsupportedCall: the attribute `ctypes` of an array or number is not supported


def unknown_list_method(x=0.5):
    return [x].frobnicate()  # UnsupportedCall: the method `frobnicate` of [float, ...] is not supported


def chained_iterators(v=V):
    total = 0.0
    for x in itertools.chain(v, v):  # UnsupportedCall: an object of the class `chain` can't be made in a differentiated function
        total = total + x
    return total


def iterator_twice(v=V):
    pairs = zip(v, v)
    total = sum([a * b for a, b in pairs])
    for a, _ in pairs:  # UnsupportedCall: this iterator may be gone over more than once
        total = total + a
    return total


def iterator_in_a_loop(v=V):
    total, squares = 0.0, map(lambda x: x * x, v)
    for _ in range(2):
        total = total + sum(squares)  # UnsupportedCall: this iterator may be gone over more than once
    return total


def array_of_an_iterator(v=V):
    return np.sum(np.array(map(abs, v)))  # UnsupportedCall: `numpy.array` of an iterator is not supported


def through_text(x=0.5):
    return float(f"{x:.12f}") * x  # UnsupportedCall: `float` of str is not supported


def computed_key(x=0.5, n=1):
    return {1: x, 2: x * x}[n]  # UnresolvedKind: which key of the dict is read is not known when compiling


def computed_key_with_default(x=0.5, n=1):
    return {1: x}.get(n, 1.0)  # UnresolvedKind: which key of the dict is read is not known when compiling


def unknown_number_of_arguments(values=[1.5, 2.5]):  # noqa: B006
    return max(*values)  # UnsupportedCall: the number of arguments that `*` passes is not known


def dict_times_number(x=0.5):
    return {"a": x} * 2  # CompileError: an operand of `*` is a dict


def none_plus_number(x=0.5):
    y = print(x)
    return y + x  # CompileError: an operand of `+` is None


def missing_argument(x=0.5):
    def f(a, b):
        return a * b

    return f(x)  # CompileError: the call of `f` does not fit its parameters


def missing_attribute(x=0.5):
    return np.exponential(x)  # CompileError: `numpy` has no attribute `exponential`


def strict_zip(v=V):
    return sum([a * b for a, b in zip(v, v, strict=True)])  # UnsupportedCall: `zip` with `strict` is not supported


def undefined(x=0.5):
    return x * not_defined_anywhere  # noqa: F821  # CompileError: the name `not_defined_anywhere` is not defined


def list_or_number(x=0.5, n=3):
    y = x
    for _ in range(n):  # UnresolvedKind: `y` changes its kind in the loop
        y = [y]
    return sum(y)


def list_or_number_in_branches(x=0.5):
    y = [x] if x > 0 else x
    return sum(y)  # UnresolvedKind: can't tell what `sum` is applied to


def evaluates(x=0.5):
    return eval("x * x")  # UnsupportedCall: a call of `eval` is not supported


def sets_an_attribute(x=0.5):
    setattr(evaluates, "x", x)  # UnsupportedUpdate: the attribute `x` of `evaluates` is assigned
    return x


@dataclass
class Point:
    x: float
    y: float


def loops_over_a_dataclass(x=0.5):
    total = 0.0
    for part in Point(x, x):  # UnresolvedKind: can't tell what this loop goes over: Point(x: float, y: float)
        total = total + part
    return total


def unpacks_a_dataclass(x=0.5):
    a, b = Point(x, x)  # UnsupportedCall: an object of the class `Point` is unpacked
    return a * b


def adds_dataclasses(x=0.5):
    return Point(x, x) + Point(x, x)  # CompileError: an operand of `+` is an object of the class `Point`


def returns_an_array(v=V):
    return v * 2  # NotDifferentiable: the result is not a scalar, so it has no gradient


def returns_an_integer(x=0.5):
    return int(x)  # NotDifferentiable: the result is not a real number, so it has no gradient


def no_source(x=0.5):
    return made(x)  # UnsupportedCall: `made` can't be compiled: its source is not available


exec("def made(x):\n    return x * x")


def pair_or_none(x=0.5, n=3):
    h = None
    for k in range(n):  # NotDifferentiable: `h` may be None or a container of active values
        h = (x, 1.0) if h is None else (h[0] * x, h[1] + h[0])
    return h[0] * h[1]


def sum_of_tuples(x=0.5, n=3):
    pairs = [(x, x * k) for k in range(n)]
    return sum(pairs)  # UnsupportedCall: the sum of [(float, float), ...] is not supported


def twice_over_a_generator(v=V):
    def twice(values):
        return sum(values) + sum(values)  # UnsupportedCall: this iterator may be gone over more than once

    return twice(x * x for x in v)


def over_a_generator_in_a_loop(v=V):
    def often(values):
        total = 0.0
        for k in range(2):
            for x in values:  # UnsupportedCall: this iterator may be gone over more than once
                total = total + x * k
        return total

    return often(x * x for x in v)


def generator_to_numpy(v=V):
    return np.stack(x * x for x in v)[0]  # UnsupportedCall: `numpy.stack` of an iterator is not supported


def reversed_zip(v=V):
    return sum(a * b for a, b in reversed(zip(v, v)))  # UnsupportedCall: `reversed` of an iterator is not supported


def index_tricks(v=V):
    return np.sum(np.r_["r", v, v] ** 2)  # UnsupportedCall: this call is not supported


square = np.vectorize(lambda x: x * x, signature="()->()")


def object_of_numpy(v=V):
    return np.sum(square(v))  # UnsupportedCall: this call is not supported


def method_of_an_object_of_numpy(x=0.5, p=np.polynomial.Polynomial([1.0, 2.0])):  # noqa: B008
    return x * p.deriv()(x)  # UnsupportedCall: `numpy.polynomial._polybase.ABCPolyBase.deriv` has no derivative rule


def draws_around_an_active_mean(x=0.5):
    rng = np.random.default_rng(0)
    return rng.normal(x, 1.0)  # NotDifferentiable: `normal` has no derivative rule


def stores_in_a_broadcast_view(v=V):
    rows = np.broadcast_to(v * 1, (2, 3))
    rows[0] = 1.0  # UnsupportedUpdate: `rows` is updated in place
    return np.sum(rows)


def stores_in_windows(v=V):
    windows = np.lib.stride_tricks.sliding_window_view(v * 1, 2)
    windows[0] = 1.0  # UnsupportedUpdate: `windows` is updated in place
    return np.sum(windows)


def complex_out(v=V):
    y = np.zeros(3)
    np.multiply(v, 1j, out=y)  # UnsupportedUpdate: `multiply` writes complex numbers into f64[N]
    return np.sum(y)


def unsafe_copyto(v=V):
    y = np.zeros(3, np.float32)
    np.copyto(y, v, casting="safe")  # UnsupportedUpdate: `copyto` casts float64 to float32
    return np.sum(y)


def another_length(v=V):
    y = v * 1
    y.resize(2)  # UnsupportedUpdate: `.resize()` changes the array itself
    return np.sum(y)


def new_memory(v=V):
    return np.sum(np.sqrt(v, where=v > 0))  # UnsupportedUpdate: `sqrt` with `where` and without `out` is not supported


def larger_of_tuples(x=0.5):
    return max((x, 1.0), (1.0, x))[1]  # UnsupportedCall: `max` of sequences is not supported


@dataclass
class Convertible:
    a: float

    def __float__(self):
        return self.a

    def __lt__(self, other):
        return self.a < other.a


def object_as_number(x=0.5):
    return math.exp(Convertible(x))  # UnsupportedCall: `math.exp` of an object of the class `Convertible` is not supported


def smaller_of_objects(x=0.5):
    return min([Convertible(x), Convertible(2 * x)]).a  # UnsupportedCall: `min` of an object of the class `Convertible` is not supported


def attributes_as_a_dict(x=0.5):
    return Convertible(x).__dict__["a"]  # UnsupportedCall: the attribute `__dict__` of `Convertible` is not supported


class Squared:
    def __init__(self, a):
        self.a = a

    @property
    def square(self):
        return self.a**2


class Watched(Squared):
    def __setattr__(self, name, value):
        object.__setattr__(self, name, value)


class Slotted:
    __slots__ = ("a",)


class Single:
    def __new__(cls):
        return object.__new__(cls)


def deletes_of_a_number(x=0.5):
    del x.b  # UnsupportedUpdate: the attribute `b` of float is deleted
    return x


def deletes_what_is_not_there(x=0.5):
    p = Squared(x)
    del p.b  # UnsupportedUpdate: the attribute `b` of an object of the class `Squared` is deleted
    return p.a


def reads_what_was_deleted(x=0.5):
    p = Squared(x)
    del p.a
    return p.a  # CompileError: an object of the class `Squared` has no attribute `a` here


def sets_a_property(x=0.5):
    p = Squared(x)
    p.square = 1.0  # UnsupportedUpdate: the attribute `square` of an object of the class `Squared` is assigned
    return p.a


def sets_what_is_no_slot(x=0.5):
    p = Slotted()
    p.b = x  # UnsupportedUpdate: the attribute `b` of an object of the class `Slotted` is assigned
    return p.b


def sets_where_the_class_watches(x=0.5):
    p = Watched.__new__(Watched)  # UnsupportedCall: `object.__new__` has no derivative rule
    return p.a


def makes_by_new(x=0.5):
    return Single().a * x  # UnsupportedCall: an object of the class `Single` can't be made in a differentiated function


def reads_what_one_path_sets(x=0.5):
    p = Squared(x)
    if x > 0:
        p.b = x * 2
    return p.b  # UnresolvedKind: the attribute `b` is read of an object that is not known well enough


def asks_for_what_is_no_field(p=Point(0.5, 0.5), x=0.5):
    if hasattr(p, "extra"):  # UnsupportedCall: whether an object of the class `Point` has the attribute `extra` is not known
        x = x * 2
    return x


def object_of_a_list_by_identity(x=0.5, n=3):
    ps = [Squared(x * i) for i in range(n)]
    return x if Squared(x) in ps else 2 * x  # UnsupportedCall: whether `Squared` is the same object as another is not known


class Context:
    def __enter__(self):
        self.depth = 1

    def __exit__(self, *error):
        self.depth = 0


def enters_an_object(x=0.5):
    c = Context()
    with c:  # UnsupportedCall: `with` on an object of the class `Context` is not supported
        x = x * 2
    return x * c.depth


def gets_an_attribute_in_a_loop(x=0.5, n=3):
    p = Squared(x)
    for _ in range(n):  # UnresolvedKind: a loop makes something else of an object of the class `Squared`
        p.b = p.a * x
    return p.a


class Ticking:
    def __init__(self):
        self.t = 0.0

    def tick(self, dt):
        self.t += dt
        return self.t


def ticks_in_the_condition(x=0.5):
    clock, total = Ticking(), 0.0
    while clock.tick(x) < 3:  # UnsupportedUpdate: the condition of this loop updates something in place
        total += clock.t
    return total


def ticks_in_the_condition_and_the_body(x=0.5):
    clock, total = Ticking(), 0.0
    while clock.tick(x) < 3:  # UnsupportedUpdate: the condition of this loop updates something in place
        total += clock.tick(x)
    return total
