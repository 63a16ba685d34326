"""Arrays that share memory on one path of a branch only; `x` is a vector of three, `s` a number that decides."""

import dataclasses

import numpy as np


def shared_or_new(x, s):
    y = x * 1.0
    if s > 0:
        z = y
    else:
        z = x * 2.0
    z += 1
    z[1] *= x[0]
    return np.sum(y * y) + np.sum(np.sin(z))


def conditional_expression(x, s):
    y = x * 2
    z = y if s > 0 else y.copy()
    z[0] = x[1] * x[2]
    return np.sum(np.sin(y)) + z[0]


def views_of_two_arrays(x, s):
    y, w = x * 1.0, x * 3.0
    if s > 0:
        z = y[1:3]
    else:
        z = w[::2][:2]
    z[0] = x[0] * x[1]
    y[2] *= 2
    w[2] *= x[0]
    return np.sum(np.sin(y)) + np.sum(w * w) + np.sum(z * z * z)


def view_and_whole_made_in_a_branch(x, s):
    y = x * 1.0
    if s > 0:
        t = x * 2
        z, q = t, t[1:]
    else:
        z, q = y, x[:-1] * 1.0
    q[0] += x[0] * x[1]
    z[2] *= x[1]
    return np.sum(np.sin(z)) + np.sum(q * q) + np.sum(y * y * y)


def branch_in_a_branch(x, s):
    y, w = x * 1.0, x * 2.0
    if s > 0:
        z = y if x[0] > 0 else w
    else:
        z = w
    z[0] = x[2] * x[1]
    w[1] = x[0]
    z[1:] += z[0]
    return np.sum(np.sin(z)) + np.sum(w * w) + np.sum(y * y * y)


def in_a_list(x, s):
    y = x * 1.0
    if s > 0:
        items = [y, x * 2]
    else:
        items = [x * 3, y]
    items[0][1] = x[0] * x[2]
    items[1][2] *= x[1]
    return np.sum(np.sin(y)) + np.sum(items[0] * items[1])


def in_a_dict(x, s):
    y, w = x * 1.0, x * x
    d = {"a": y}
    if s > 0:
        d["a"] = w
    d["a"] += x[0]
    return np.sum(np.sin(y)) + np.sum(w * d["a"])


@dataclasses.dataclass
class Pair:
    u: np.ndarray
    v: np.ndarray


def in_an_object(x, s):
    p = Pair(x * 1.0, x * 2.0)
    q = p
    if s > 0:
        p.u, p.v = p.v, p.u
    p.u[0] = x[1] * x[2]
    q.v[1:] += q.u[0]
    return np.sum(np.sin(p.u)) + np.sum(q.v * q.v)


def one_of_two_objects(x, s):
    p, q = Pair(x * 1.0, x * 2.0), Pair(x * x, x + 1)
    r = p if s > 0 else q
    r.u[0] = x[1] * x[2]
    r.v = r.u
    r.v[1] *= p.v[0]
    return np.sum(np.sin(p.u)) + np.sum(p.v * q.v) + np.sum(q.u * q.u)


def in_a_loop(x, s):
    y, w = x * 1.0, x * x
    for k in range(3):
        if x[k] > s:
            z = y
        else:
            z = w
        z[k] += x[0] * x[1]
    return np.sum(np.sin(y)) + np.sum(w * w)


def swapped_on_one_path(x, s):
    a, b = x * 1.0, x * 2.0
    p, q = (a, b) if s > 0 else (b, a)
    p[1:] = q[:-1] * 2
    q[0] = p[1] * p[2]
    return np.sum(np.sin(a)) + np.sum(b * b)


def chosen_before_a_loop(x, s):
    a, b = x * 1.0, x * 2.0
    p = a if s > 0 else b
    for k in range(len(x) - 1):
        p[k + 1] += p[k] * x[k]
    return np.sum(np.sin(a)) + np.sum(b * b) + p[0]


def index_made_in_the_branch(x, s):
    y = x * 1.0
    if s > 0:
        j = int(2 * np.floor(1.2))
        z = y[j - 1 :]
    else:
        z = y
    z *= x[0]
    y[1] = x[2]
    return np.sum(np.sin(y)) + np.sum(z * z)


def two_conditions(x, s):
    y, w = x * 1.0, x * 2.0
    z = y if s > 0 else w
    v = w if x[0] > 0 else z
    v[0] = x[1] * x[2]
    z[1:] = v[:-1] * 2
    return np.sum(np.sin(y)) + np.sum(w * w * z) + np.sum(v)


def functions_that_write(x, s):
    y, w = x * 1.0, x * 2.0
    z = y if s > 0 else w
    np.multiply(z, x[0], out=z)
    np.add.at(z, [0, 0, 1], x)
    z[z > 1] = x[1]
    z.sort()
    w.fill(x[2])
    return np.sum(np.sin(y)) + np.sum(w * w) + np.sum(z * np.arange(3.0))


def _longest(a, b):
    return a if np.sum(a * a) > np.sum(b * b) else b


def returned_by_a_function(x, s):
    a, b = x * s, x * 0.5
    c = _longest(a, b)
    c /= np.sqrt(np.sum(c * c))
    return np.sum(np.sin(a)) + np.sum(b * b * b)


def returned_early(x, s):
    def pick(y):
        if s > 0:
            return y
        return y * 2.0

    y = x * 1.0
    z = pick(y)
    z[1] = x[0] * x[2]
    return np.sum(np.sin(y)) + np.sum(z * z)


def list_of_either(x, s):
    ys = [x * 1.0]
    zs = ys if s > 0 else [x * 2.0]
    zs[0][0] = x[1] * x[1]
    zs.append(x * x)
    return sum([np.sum(np.sin(v)) for v in ys]) + len(zs) * np.sum(zs[-1]) + len(ys) * x[0]


def one_of_two_that_change_places_while_the_other_is_written(x, s):
    a, w, v = x * 1.0, x * 0.5, x * s
    if np.sum(v) > 0.2:
        v = a
    for k in range(len(x)):
        w, v = v, w
        a[2] = 0.1 * x[1]
    return np.sum(np.sin(w))


def _first_above(q, bound):
    for i in range(3):
        if q[i] > bound:
            return q
        q[i] += 0.1
    return q * 0.5


def chosen_among_three_and_read_in_a_branch(x, s):
    b, w, u = np.cos(x), x * 0.5, np.sin(x)
    c = _first_above(u, 0.4)
    if np.sum(x) * s > 0.2:
        c = w
    w[1] += x[0]
    if np.sum(b) > 5.0:
        b[1] += x[1]
    else:
        u[0] *= 0.1 * np.sum(c)
    return np.sum(np.sin(u))
