"""Loops that rebind variables to other memory, which is then updated in place; `x` is a vector of three."""

import numpy as np


def alias_left_behind(x, s):
    y = x * 1.0
    z = y
    for k in range(int(s)):
        y[0] = 5.0 * x[1]
        y = y * 2
    z[1] = x[0] * x[2]
    return np.sum(np.sin(y)) + np.sum(z)


def one_then_the_other(x, s):
    a, b = x * 1.0, x * 2.0
    z = a
    for k in range(len(x)):
        z[k] += x[0] * x[1]
        if x[k] > s:
            z = b
    z[0] *= 3
    return np.sum(np.sin(a)) + np.sum(b * b)


def swapped_by_a_condition(x, s):
    u, v = x * 1.0, x * 2.0
    for k in range(4):
        v[1:] = np.sin(u[:-1]) * v[0]
        u[0] += v[2]
        if u[0] > s:
            u, v = v, u
    return np.sum(u * u) + np.sum(v)


def rotated_then_written(x, s):
    a, b, c = x * 1.0, x * 2.0, x * 3.0
    for k in range(len(x)):
        a, b, c = b, c, a
    d = b
    d[0] = x[1] * x[2]
    return np.sum(np.sin(a)) + np.sum(b * b) + np.sum(c)


def bound_together_in_the_loop(x, s):
    for k in range(int(3 + 0 * x.shape[0])):
        a = x * k
        b = a
    a[0] = x[1] * x[2]
    return np.sum(np.sin(b))


def swapped_and_known_by_another_name(x, s):
    u, v = x * 1.0, x * 2.0
    w = u
    k = 0
    while k < 3:
        v[1:] = np.sin(u[:-1])
        if v[1] > s:
            u, v = v, u
        w[0] += v[2]
        k += 1
    return np.sum(u * u) + np.sum(v) + np.sum(w * w * w)


def best_so_far(x, s):
    prev = x * 1.0
    best = prev
    for k in range(3):
        cur = prev * np.sin(x + k)
        if np.sum(cur) > np.sum(best):
            best = cur
        cur[0] += best[1]
        prev = cur
    best[2] *= 2
    return np.sum(best * best) + np.sum(prev)


def returned_from_the_loop_or_behind_it(x, s):
    def early(q, flag):
        for i in range(len(q)):
            if q[i] > flag:
                return q
            q[i] += 0.3 * x[0]
        return q

    y = x * 1.0
    r = early(y, s)
    r += 0.5
    return np.sum(y * y)


def swapped_until_done(x, s):
    old, new = x * 1.0, np.empty(3)
    for k in range(5):
        new[:] = np.cos(old) * x
        if np.sum(np.abs(new - old)) < s:
            break
        old, new = new, old
    new[0] *= 2
    return np.sum(new * old)


def first_name_of_a_rotated_array(x, s):
    first = x * 1.0
    a = first
    b = x * 2.0
    for k in range(len(x)):
        a, b = b, a
    a[0] = x[1] * x[2]
    return np.sum(first * a * b)


def rebound_then_written(x, s):
    y = x * 1.0
    for k in range(len(x)):
        y = y * np.sin(x)
    y[0] = 5.0 * x[2]
    y += x
    return np.sum(y * y)


def parameter_rebound_then_written(x, s):
    for k in range(len(x)):
        x = x * np.sin(x)
    x[0] = 5.0 * x[2]
    return np.sum(x * x)


def two_loops_that_do_not_run(x, s):
    y = x * 1.0
    z = y
    for k in range(0 * len(x)):
        y = y * 2
    for k in range(0 * len(x)):
        y = y * 3
    y[0] = x[1] * x[2]
    return np.sum(z * z)


def new_or_an_array_from_before(x, s):
    u = x * 1.0
    z = u
    w = x * 3.0
    for k in range(len(x)):
        z = z * x[k] if x[k] > 0 else w
        w[0] += z[1]
    z[0] = 3.0 * x[1]
    return np.sum(u * u) + np.sum(w * w) + np.sum(z)


def second_name_taken_by_a_condition(x, s):
    a = x * 1.0
    b = a
    for k in range(len(x)):
        a = a * x[k]
        if x[k] > 0:
            b = a
        a[0] += 1.0
    b[1] = x[0] * x[2]
    return np.sum(a * a) + np.sum(b * a)


def best_of_a_while_loop(x, s):
    best = x * 1.0
    cur = best
    i = 0
    while i < 4:
        cur = cur * np.cos(x)
        if np.sum(cur) > np.sum(best):
            best = cur
        else:
            cur[0] = best[1] * x[i % 3]
        i += 1
    best[0] *= 2
    cur[1] += best[0]
    return np.sum(best * x) + np.sum(cur * cur)


def held_by_a_list(x, s):
    u, v, hs = x * 1.0, x * 2.0, []
    for k in range(len(x)):
        hs.append(u)
        if x[k] > 0:
            u, v = v, u
        else:
            u = u * x
    v[0] = x[1] * x[2]
    return np.sum(np.stack(hs) ** 2)


def repeated_in_a_list(x, s):
    y = x * 1.0
    items = [y] * len(x)
    y[0] = 5.0 * x[2]
    return np.sum(np.array(items))


def view_of_a_view_in_each_iteration(x, s):
    y = x * 1.0
    v = y
    for k in range(int(s)):
        v = v[1:]
    v[0] = x[0] * x[1]
    return np.sum(y * y)


def held_by_a_list_that_grows(x, s):
    u = x.copy()
    hs = [u]
    for _ in range(int(s)):
        u = x * 2.0
        hs.append(u.copy())
    hs[-1][0] = 5.0
    return np.sum(u * u)


REFUSED = {
    "held_by_a_list_that_grows": "whether `u` and what it was before share memory",
    "held_by_a_list": "`v` is updated in place, and a container may hold it too",
    "repeated_in_a_list": "`y` is updated in place, and a container may hold it too",
    "view_of_a_view_in_each_iteration": "whether `v` and `y` share memory",
}
