"""Objects as people write them, made inside functions that update in place. Each program takes x, a vector of 4."""

import copy
import types
from dataclasses import InitVar, dataclass, field

import numpy as np


class Body:
    rate = 0.5

    def __init__(self, u):
        self.u = u
        self.t = 0.0

    def energy(self):
        return np.sum(self.u**2)


class Solver(Body):
    def __init__(self, u, k=2.0):
        super().__init__(u)
        self.v = np.zeros(len(u))
        self.k = k

    def step(self, dt):
        self.v += dt * self.k * self.u
        self.u[1:] += dt * self.v[:-1] ** 2
        self.t += dt
        return self

    def energy(self):
        return super().energy() * 2

    @property
    def total(self):
        return self.energy() + self.t * self.rate

    @total.setter
    def total(self, factor):
        self.u *= factor

    @staticmethod
    def twice(x):
        return x * 2

    @classmethod
    def at_rest(cls, u):
        return cls(u, k=cls.rate)


class Named(Body):
    def __init__(self, u):
        Body.__init__(self, Solver.twice(u))
        super(Named, self).__init__(self.u * self.u)


class Particle:
    def __init__(self, x, v):
        self.x, self.v = x, v

    def move(self, dt):
        self.x += self.v * dt


class Empty:
    pass


class Slots:
    __slots__ = ("a", "b")

    def __init__(self, a):
        self.a = a


class Vector:
    def __init__(self, data):
        self.data = data

    def __getitem__(self, i):
        return self.data[i]

    def __setitem__(self, i, value):
        self.data[i] = value

    def __len__(self):
        return len(self.data)

    def __add__(self, other):
        return Vector(self.data + other.data)

    def __iadd__(self, other):
        self.data += other.data
        return self

    def __iter__(self):
        return iter(self.data)

    def __contains__(self, value):
        return len(self) > value

    def __call__(self, k):
        return np.sum(self.data) * k


class Lazy:
    def __init__(self, u):
        self.u = u

    def __getattr__(self, name):
        return self.u * len(name)


class Counter:
    total = 0.0

    def add(self, v):
        self.total += v
        return self


@dataclass
class State:
    u: np.ndarray
    t: float = 0.0
    log: list = field(default_factory=list)
    w: np.ndarray = field(default_factory=lambda: np.ones(4))

    def __post_init__(self):
        self.norm = np.sum(self.u**2)
        self.w[0] = 2.0


@dataclass(frozen=True)
class Frozen:
    u: np.ndarray

    def __post_init__(self):
        object.__setattr__(self, "half", self.u / 2)


@dataclass
class Started:
    u: np.ndarray
    scale: InitVar[float] = 2.0
    v: np.ndarray = field(init=False)

    def __post_init__(self, scale):
        self.v = self.u * scale


def steps(x):
    s = Solver(x * 1.0)
    s.step(0.1).step(0.2)
    s.u[1:] += s.v[1:]
    return s.total + np.sum(s.u * s.v)


def two_names(x):
    s = Solver(x * 1.0)
    r = s
    r.total = 3.0
    s.u[0] = s.u[1] * x[2]
    return r.total + r.u[0]


def the_callers_array(x):
    s = Solver(x)
    s.step(0.3)
    return np.sum(x * s.v)


def class_method(x):
    s = Solver.at_rest(x * x)
    return np.sum(s.step(1.0).u)


def base_by_name(x):
    s = Named(x)
    s.u[1] *= x[0]
    return s.energy()


def dataclass_with_post_init(x):
    s = State(x * 1.0)
    s.u[0] = 3.0 * s.norm
    s.log.append(s.u[0])
    return np.sum(s.u * s.w) + s.norm * s.log[0]


def frozen_with_post_init(x):
    s = Frozen(x * 1.0)
    s.half[1] = x[0] ** 2
    return np.sum(s.half * s.u)


def init_only(x):
    s = Started(x, scale=3.0)
    s.v[0] *= s.u[1]
    return np.sum(s.v * s.u)


def slots(x):
    s = Slots(x * 1.0)
    s.b = s.a
    s.b[0] = x[1] ** 2
    return np.sum(s.a**2)


def special_methods(x):
    v = Vector(x * 1.0)
    w = v
    v += Vector(x * 2.0)
    w[1] = w[0] * x[2]
    v[2:] *= x[1]
    total = v(2.0) + (v + w).data[1] * len(w) + sum(w)
    return total * v[0] if 3 in v and 9 not in w else total


def attributes_from_outside(x):
    e = Empty()
    e.a = x * 2
    e.b = e.a
    e.b *= 3
    e.a, e.b = e.b, x
    e.b[1:] += e.a[:-1]
    return np.sum(e.a * e.b)


def attribute_made_by_name(x):
    e = Empty()
    for name in ("p", "q"):
        setattr(e, name, x * len(name))
    e.p[0] = e.q[1] ** 2
    return np.sum(getattr(e, "p") * e.q)


def attribute_found_by_getattr(x):
    s = Lazy(x * 1.0)
    s.u[0] = 2.0 * x[1]
    return np.sum(s.abc**2)


def particles(x):
    ps = [Particle(x[0], x[1]), Particle(x[1] * 2, x[2])]
    for p in ps:
        p.move(0.5)
    ps[0].x = ps[0].x * ps[1].x
    return sum(p.x**2 for p in ps) + ps[0].x


def class_attribute_is_the_start(x):
    c = Counter()
    c.add(x[0]).add(x[1] ** 2)
    return c.total * x[2] + Counter().total


def changed_in_a_branch(x):
    s = Particle(x[0], x * 2)
    if x[1] > 0:
        s.x = s.x * s.v[1]
    else:
        s.x *= x[3]
    t = s
    t.x = t.x * 2
    return s.x + s.v[0]


def objects_in_a_dict(x):
    d = {"a": Particle(x[0], x[1])}
    d["b"] = d["a"]
    d["b"].move(2.0)
    d["c"] = Particle(d["a"], x * 1.0)
    d["c"].x.x *= x[3]
    return d["a"].x * x[2]


def asked_for(x):
    s = Empty()
    if not hasattr(s, "cache"):
        s.cache = x**2
    if hasattr(s, "cache"):
        s.cache[0] = 1.0
    return np.sum(s.cache)


def deleted(x):
    s = Empty()
    s.a, s.b = x * 2, x
    b = s.a
    del s.a
    b[0] = 1.0
    return np.sum(b * s.b) + (0.0 if hasattr(s, "a") else x[0] ** 2)


def one_object_or_two(x):
    a, b = Particle(x[0], x[1]), Particle(x[0], x[1])
    c = a
    c.x = x[2]
    r = a.x**2 if a is c else 0.0
    if a is b or a == b or a not in (b, c):
        r = r + 100 * a.v
    return r + (3 * a.v if b is not None and b != a else 0.0)


def views_of_each_other(x):
    s, t = Empty(), Empty()
    s.u = x * 1.0
    t.u = s.u[1:]
    t.u[0] = x[0] ** 2
    s.u *= 2
    return np.sum(t.u) + s.u[0]


def rebound_is_not_updated(x):
    s, t = Empty(), Empty()
    s.u = t.u = x * 1.0
    s.u = s.u * 3
    s.u += x
    return np.sum(s.u * t.u)


def copies(x):
    s = Solver(x * 1.0)
    shallow, deep = copy.copy(s), copy.deepcopy(s)
    s.step(0.1)
    return deep.total + np.sum(shallow.u) + s.total + shallow.t


def deep_copies_share_inside(x):
    s = Empty()
    s.a = s.b = x * 1.0
    t = copy.deepcopy(s)
    t.a[0] = 5.0 * x[1]
    return np.sum(t.b * s.b)


def an_object_holds_another(x):
    s = Particle(Particle(x[0], x[1]), Particle(x[2], x[3]))
    s.x.x = s.v.x * 3
    s.v = s.x
    s.v.x *= x[2]
    return s.x.x + s.v.v


def passed_to_a_function(x):
    def change(state, factor):
        state.u[1:] *= factor
        state.t = np.sum(state.u)

    s = Body(x * 1.0)
    change(s, x[0])
    return s.t * s.energy()


class Hidden:
    def __init__(self, x):
        self.__u = x

    def base(self):
        return self.__u


class MoreHidden(Hidden):
    def __init__(self, x):
        super().__init__(x)
        self.__u = x * 10

    def own(self):
        return self.__u


class Row:
    def __init__(self, data):
        self.data = data

    def __iter__(self):
        return iter(self.data)


class Node:
    def __init__(self, value, following=None):
        self.value, self.following = value, following


def chain_total(node):
    return node.value**2 + (0.0 if node.following is None else chain_total(node.following))


chain_total.helper = True


def private_names(x):
    h = MoreHidden(x)
    h.own()[0] = 3.0
    return np.sum(h.own() * h.base())


def gone_over(x):
    row, total = Row(x * 2), 0.0
    for v in row:
        total += v**2
    return total * sum(row)


def namespace(x):
    s = types.SimpleNamespace(u=x * 1.0, t=0.0)
    s.u[0] = x[1]
    s.t += x[2]
    return np.sum(s.u) * s.t


def objects_in_a_list_of_any_length(x):
    particles = [Particle(v, x * v) for v in x]
    total = 0.0
    for p in particles:
        total += p.x**2 + np.sum(p.v)
    return total


def function_as_an_attribute(x):
    s = Particle(x * 1.0, 2.0)
    s.force = lambda y: y * s.v + np.sum(s.x)
    s.v = x[0]
    s.x[1] = 3.0
    return s.force(x[2])


def bound_method_kept(x):
    s = Particle(x * 1.0, x)
    move = s.move
    s.v = x * 3
    move(0.5)
    return np.sum(s.x**2)


def one_of_two_objects(x):
    a, b = Particle(x[0], x[1]), Particle(x[1], x[2])
    s = a if x[0] > 0.1 else b
    s.move(2.0)
    s.x *= 2
    return a.x * b.x


def made_by_its_type(x):
    s = Particle(x, 1.0)
    t = type(s)(s.x * 2, 3.0)
    r = t.__class__(t.x, t.v)
    r.v *= x[0]
    return np.sum(r.x) * r.v if r and isinstance(r, Particle) else x[1]


def chain_by_recursion(x):
    n = Node(x[0], Node(x[1], Node(x[2])))
    n.following.value *= 2
    return chain_total(n)


def one_object_under_many_names(x):
    s = Particle(x * 1.0, 0.0)
    pair = (s, s)
    pair[0].x[1] = 7.0 * x[0]
    a, b = pair
    a.v = b.x[1]
    return np.sum(pair[1].x) * pair[1].v


def in_lockstep(x):
    ps = [Particle(x[0], 1.0), Particle(x[1], 2.0)]
    for p, k in zip(ps, (3.0, 4.0)):
        p.v *= k
        p.move(x[2])
    for i, p in enumerate(ps):
        p.x *= i + 1
    return ps[0].x * ps[1].x
