"""Objects that loops change: in methods, by other names, swapped, replaced. Each program takes x, a vector of 4."""

import numpy as np
from plain_object_programs import Body, Empty, Particle


class Sim:
    def __init__(self, u, n):
        self.u, self.v, self.n = u, u * 0.5, n
        self.t, self.history, self.best = 0.0, [], None
        self.buffers = [u * 1.0, u * 2.0]
    def run(self, dt):
        for k in range(self.n):
            self.step(dt)
            self.t += dt * self.u[0]
    def step(self, dt):
        new = np.empty_like(self.u)
        new[:] = self.u + dt * self.v
        self.u, self.v = new, self.u


def time_loop_in_a_method(x):
    s = Sim(x * 1.0, len(x))
    s.run(0.3)
    return np.sum(s.u * s.v) * s.t


def nested_loops(x):
    s = Sim(x * 1.0, 2)
    for i in range(len(x)):
        for j in range(i):
            s.t += s.u[j] * x[i]
            s.u[i] *= 1.0 + s.t
        s.v = s.v * s.t
    return s.t + np.sum(s.u * s.v)


def loop_that_breaks(x):
    s = Sim(x * 1.0, 2)
    for v in x:
        if s.t > 0.5:
            break
        s.t += v * v
        s.u[0] += s.t
    return s.t * s.u[0]


def no_iteration(x):
    s = Sim(x * 1.0, 0)
    s.run(0.2)
    return np.sum(s.u * s.v) + s.t


def two_objects_swap_arrays(x):
    a, b = Body(x * 1.0), Body(x * 2.0)
    for i in range(len(x)):
        a.u[i] *= b.u[i]
        a.u, b.u = b.u, a.u
        a.t += b.t + x[i]
        b.t = a.t * a.u[0]
    return np.sum(a.u ** 2) + a.t * b.t + b.u[1]


def history_in_an_attribute(x):
    s = Sim(x * 1.0, 3)
    for i in range(3):
        s.u[i] += s.t
        s.t += s.u[0]
        s.history.append(s.u.copy())
    return np.sum(np.stack(s.history) * x) * s.t


def view_in_another_object(x):
    s = Sim(x * 1.0, 2)
    e = Empty()
    e.w = s.u[1:]
    for i in range(len(x)):
        s.u *= x[i]
        e.w[0] += s.t
        s.t += e.w[-1]
    return s.t + np.sum(e.w)


def other_name_in_a_loop(x):
    s = Sim(x * 1.0, 2)
    r = s
    for i in range(len(x)):
        r.t += x[i]
        s.u = s.u * r.t
    return np.sum(r.u) * s.t


def made_in_each_iteration(x):
    total = 0.0
    for i in range(len(x)):
        p = Particle(x[i], 1.0)
        p.move(0.5)
        p.x *= x[0]
        total += p.x
    return total


def replaced_in_each_iteration(x):
    p = Particle(x[0], x[1])
    for i in range(len(x)):
        p = Particle(p.x * x[i], p.v + 1.0)
    return p.x * p.v


def best_so_far(x):
    best = Particle(x[0], x[0])
    for i in range(len(x)):
        c = Particle(x[i] ** 2, x[i])
        if c.x > best.x:
            best = c
    return best.x * best.v


def while_on_an_attribute(x):
    s = Empty()
    s.y = x[0] + 1.0
    s.n = 0
    while abs(s.y ** 2 - x[2] - 2) > 1e-12:
        s.y -= (s.y ** 2 - x[2] - 2) / (2 * s.y)
        s.n += 1
    return s.y * x[1]


def object_in_an_object_in_a_loop(x):
    s = Particle(Particle(x[0], x[1]), x * 1.0)
    for i in range(len(x)):
        s.x.move(0.1)
        s.v[i] *= s.x.x
        s.x.v = s.v[0]
    return s.x.x + np.sum(s.v)


def dict_in_a_loop(x):
    d = {"t": 0.0, "u": x * 1.0}
    for i in range(len(x)):
        d["t"] += d["u"][i]
        d["u"][0] *= 1.5
        d["u"] = d["u"] * x[i]
    return d["t"] * np.sum(d["u"])


def attribute_that_is_another_object(x):
    s = Particle(Particle(x[0], x[1]), 0.0)
    for i in range(len(x)):
        s.x = Particle(s.x.x * 2, s.x.v + x[i])
        s.x.x += 1.0
    return s.x.x * s.x.v


def objects_swapped(x):
    a, b = Particle(x[0], x[1]), Particle(x[1], x[2])
    for i in range(3):
        a.x += b.v
        a, b = b, a
    return a.x * b.x + a.v


def list_of_objects_in_a_loop(x):
    ps = [Particle(x[0], 1.0), Particle(x[1], 2.0)]
    for i in range(4):
        for p in ps:
            p.x += p.v * 0.1
            p.v -= x[2] * p.x
    return ps[0].x * ps[1].x


def method_in_a_while_loop(x):
    s = Sim(x * 1.0, 2)
    while s.t < 1.0:
        s.step(0.1)
        s.t += 0.3
    return np.sum(s.u * x)


def ring_of_buffers(x):
    s = Sim(x * 1.0, 2)
    for i in range(5):
        new = s.buffers[0] * 0.5 + s.buffers[1]
        s.buffers[0], s.buffers[1] = s.buffers[1], new
    return np.sum(s.buffers[1] * x)


def deleted_in_a_loop(x):
    s = Sim(x * 1.0, 2)
    for i in range(3):
        del s.v
        s.v = s.u * x[i]
        s.u[0] += s.v[1]
    return np.sum(s.v)


class Tally:
    total = 0.0

    def add(self, v):
        self.total += v


def class_attribute_in_a_loop(x):
    tally = Tally()
    for v in x:
        tally.add(v * v)
    return tally.total * x[0] + Tally().total
