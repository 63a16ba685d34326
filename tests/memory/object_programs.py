"""Programs that change attributes of objects."""

from dataclasses import dataclass

import numpy as np


@dataclass
class P:
    w: np.ndarray
    b: np.ndarray

    def step(self, g):
        self.w = self.w - 0.1 * g
        self.b += g


@dataclass(frozen=True)
class F:
    w: np.ndarray


@dataclass
class S:
    x: float
    n: int = 0


def attribute_rebound(p, n):
    w0 = p.w
    for i in range(n):
        p.w = p.w - 0.1 * p.w * p.b
    return np.sum(p.w * w0)


def attribute_updated(p, n):
    w0 = p.w
    for i in range(n):
        p.w -= 0.1 * p.w * p.b
    return np.sum(p.w * w0)


def element_of_attribute(p):
    q = p
    q.w[0] += p.b[1]
    p.w[1:] *= 2
    q.b = p.w
    p.b[2] = 5.0
    return np.sum(p.w * q.b * p.w)


def method_that_changes_its_object(p, n):
    for i in range(n):
        p.step(p.w * p.b)
    return np.sum(p.w * p.b)


def objects_made_here(x):
    p = P(x * 1, x * 2)
    q = [p]
    q[0].w = p.b
    p.w[0] = 9.0
    p.b, p.w = (p.w, p.b * 2)
    return np.sum(q[0].w * p.b)


def counters_of_an_object(x):
    s = S(0.0)
    for v in x:
        s.x += v * v
        s.n += 1
    return s.x * s.n


def attribute_set_in_branch(x):
    s = S(x[0])
    if x[1] > 0:
        s.x = x[2] ** 2
    else:
        s.x *= x[3]
    t = s
    t.x = t.x * 2
    return s.x


def loop_over_an_attribute(x):
    s = S(1.0)
    for s.n in range(3):
        s.x = s.x * x[0]
    return s.x + s.n


def frozen_dataclass(x):
    f = F(x)
    f.w = x * 2
    return np.sum(f.w)


def no_field(x):
    s = S(x[0])
    s.z = x[1]
    return s.x


def while_over_an_attribute(x):
    s = S(x[0])
    while s.n < 3:
        s.x = s.x * x[1]
        s.n += 1
    return s.x


def object_in_an_object(x):
    s = P(S(x[0]), S(x[1]))
    s.w.x = s.b.x * 3
    s.b = s.w
    s.b.x *= x[2]
    return s.w.x


def list_of_objects(x):
    ps = [S(v) for v in x]
    return sum((p.x * p.x for p in ps))


def objects_of_an_unknown_list_changed(x):
    ps = [S(v) for v in x]
    for p in ps:
        p.x = p.x * 2
    return sum((p.x * p.x for p in ps))


def objects_of_a_list_changed(x):
    ps = [S(x[0]), S(x[1])]
    for p in ps:
        p.x = p.x * 2
    return sum((p.x * p.x for p in ps))


RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
OBJECT = P(X.copy(), RNG.normal(size=5))
ARGUMENTS = {
    "attribute_rebound": (OBJECT, 3),
    "attribute_updated": (OBJECT, 3),
    "element_of_attribute": (OBJECT,),
    "method_that_changes_its_object": (OBJECT, 3),
}
REFUSED = {
    "frozen_dataclass": "the attribute `w` of",
}
