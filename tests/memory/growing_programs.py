"""Programs that grow, change and sort lists."""

import numpy as np


def list_of_numbers(x):
    hs = []
    for i in range(len(x)):
        hs.append(x[i] * x[0])
    return np.sum(np.array(hs) ** 2)


def list_of_states(x, n):
    hs = []
    u = x
    for i in range(n):
        u = np.sin(u) * x
        hs.append(u)
    a = np.stack(hs)
    return np.sum(a * a)


def recurrent(x, n):
    h = np.zeros(len(x))
    hs = [h]
    for i in range(n):
        h = np.tanh(hs[-1] * 0.5 + x)
        hs.append(h)
    s = 0.0
    for h in hs:
        s = s + np.sum(h * h)
    return s + np.sum(hs[1] * hs[2])


def sum_of_list(x):
    l = []
    for v in x:
        l.append(v * v)
    return sum(l)


def list_of_lists(x):
    rows = []
    for i in range(3):
        row = []
        for j in range(len(x)):
            row.append(x[j] * i + x[i])
        rows.append(row)
    return np.sum(np.array(rows) ** 2)


def append_in_branch(x):
    l = []
    for v in x:
        if v > 0:
            l.append(v * 2)
        else:
            l.append(v * v)
    l.append(x[0])
    return sum(l)


def one_list_two_names(x):
    a = [x * 1]
    b = a
    b.append(x * 2)
    b[0] = x * x
    a[1] += x
    return np.sum(a[0]) + np.sum(a[1] ** 2) + len(b)


def one_array_twice_in_a_list(x):
    y = x * 1
    l = [y]
    l.append(y)
    y += x
    l[0] *= 2
    return np.sum(l[1] * y)


def stack_of_three(x):
    st = [x[0], x[1]]
    st.append(x[2])
    a = st.pop()
    b = st.pop(0)
    return a * b + st[0] * len(st)


def stack_emptied(x, n):
    l = []
    for i in range(n):
        l.append(x * (i + 1.0))
    s = 0.0
    for i in range(n):
        s = s + np.sum(l.pop() ** 2) * (i + 1)
    return s


def list_methods(x):
    l = [x[0]]
    l.extend([x[1], x[2]])
    l += [x[3] * x[0]]
    l.insert(1, x[4] ** 2)
    l.reverse()
    return np.sum(np.array(l) * np.arange(5.0))


def extend_in_loop(x):
    l = []
    for i in range(3):
        l += [x[i], x[i] ** 2]
        l.extend((v * 2 for v in x[:2]))
    return np.sum(np.array(l) * np.arange(len(l)))


def elements_assigned(x, n):
    l = [0.0] * n
    for i in range(n):
        l[i] = x[i] ** 2
    for i in range(1, n):
        l[i] += l[i - 1]
    return np.sum(np.array(l) ** 2)


def elements_of_comprehension(x):
    l = [v * 1.0 for v in x]
    for i in range(1, len(x)):
        l[i] = l[i] * l[i - 1]
    return sum(l)


def loop_that_may_not_run(x, n):
    l = [x]
    for i in range(n):
        l.append(l[-1] * x)
    return np.sum(l[-1]) + len(l)


def list_argument(l):
    l.append(l[0] * l[1])
    l[0] = l[0] * 2
    return np.sum(np.array(l) ** 2)


def captured_then_updated(x):
    y = x * 1

    def g():
        return np.sum(y * y)

    y += x[0]
    return g()


def copies_of_lists(x):
    a = [x * 1, x * 2]
    b = list(a)
    b.append(x)
    c = a.copy()
    c[0] = x * 5
    d = a[:]
    d.pop()
    return sum((np.sum(v) for v in a)) + len(b) * np.sum(c[0])


def buffer_appended(x, n):
    buf = np.zeros(len(x))
    hs = []
    for i in range(n):
        buf[:] = x * i
        hs.append(buf)
    return np.sum(np.stack(hs) ** 2)


def copies_appended(x, n):
    u = x.copy()
    hs = []
    for i in range(n):
        u += x
        hs.append(u.copy())
    return np.sum(np.stack(hs) ** 2)


def appended_then_updated_next_time(x, n):
    u = x * 1
    hs = []
    for i in range(n):
        u[0] += 1
        u = u * 2
        hs.append(u)
    return np.sum(np.stack(hs) ** 2)


def updated_after_the_loop(x, n):
    u = x * 1
    hs = []
    for i in range(n):
        u = u * x
        hs.append(u)
    u[0] = 1.0
    return np.sum(np.stack(hs) ** 2)


def stored_then_appended(x, n):
    hs = []
    for i in range(n):
        u = x * i
        u[0] = x[1]
        hs.append(u)
    return np.sum(np.stack(hs) ** 2)


def appended_often_then_updated(x, n):
    hs = []
    y = x * 2
    for i in range(n):
        hs.append(y)
    y[0] = 0.0
    return np.sum(np.stack(hs) ** 2)


def element_of_grown_list_updated(x, n):
    hs = [x * 1]
    for i in range(n):
        hs.append(x * i)
    hs[0][0] = 3.0
    return np.sum(np.stack(hs) ** 2)


def appended_by_way_of_another_name(x, n):
    hs = []
    prev = x * 1
    u = x * 2
    for i in range(n):
        prev[0] += 1
        prev = u
        u = u * x
        hs.append(u)
    return np.sum(np.stack(hs) ** 2) + np.sum(prev)


def tuple_of_either_order(x):
    a = x * 1
    b = x * 2
    t = (a, b) if x[0] > 0 else (b, a)
    a[0] = 5.0
    return np.sum(t[0] * x)


def zip_before_store(x):
    y = x * 1
    z = zip(x, y)
    y[0] = 7.0
    s = 0.0
    for a, b in z:
        s = s + a * b
    return s


def joined_then_updated(x, n):
    y = x * 1
    l = []
    for i in range(n):
        l.append(x * i)
    m = l + [y]
    y[0] = 9.0
    return np.sum(m[-1])


def work_list(x):
    st = [x[0]]
    s = 0.0
    k = 0
    while len(st) > 0 and k < 5:
        v = st.pop()
        s = s + v * v
        k += 1
        if v > -10:
            st.append(v * x[1])
    return s


def list_that_grows_as_it_is_read(x):
    l = [x[0], x[1]]
    for v in l:
        if len(l) < 4:
            l.append(v * 2)
    return sum(l)


def rotation_in_a_list(x, n):
    l = [x * 1, x * 2]
    for i in range(n):
        l[0], l[1] = (l[1], l[0] * x)
    return np.sum(l[0] * l[1])


def append_in_loop_after_update(x, n):
    y = x * 1
    l = [y]
    y += x
    for i in range(n):
        l.append(l[-1] * x)
    return np.sum(l[0] * l[-1])


def append_within_a_context(x):
    y = x * 1
    l = [y]
    y += x
    with np.errstate(divide="ignore"):
        y *= 2
        l.append(x)
        y *= 3
    return np.sum(l[0] * l[-1])


def tuple_after_update(x, n):
    y = x * 1
    t = (y, x)
    y += x
    for i in range(n):
        t = (t[0] * t[1], t[1])
    return np.sum(t[0])


def append_while_after_update(x, n):
    y = x * 1
    l = [y]
    y += x
    while len(l) < n:
        l.append(l[-1] * x)
    return np.sum(l[0] * l[-1])


def returned_by_a_closure(x):
    y = x * 1
    l = [y]

    def g():
        y[0] = 7.0
        return l

    return np.sum(g()[0] * x)


def appended_in_no_iteration(x, n):
    l = []
    y = x * 1
    for i in range(n):
        l.append(y)
    y = y * 2
    y[0] = 1.0
    return np.sum(y) + len(l)


def append_until(x):
    l = []
    for v in x:
        if v > 0.5:
            break
        l.append(v * v)
    else:
        l.append(1.0)
    return sum(l)


def append_some(x):
    l = []
    for i in range(len(x)):
        if x[i] < 0:
            continue
        l.append(x[i] ** 2)
        l[-1] *= x[0]
    return sum(l)


def comprehension_then_stores(x, n):
    l = [x * i for i in range(n)]
    l[1] = l[0] + l[2]
    l.append(l[1] * x)
    return np.sum(np.array(l) ** 2)


def list_passed_on(x):

    def g(a, acc):
        acc.append(a * a)
        return acc

    r = []
    g(x[0], r)
    g(x[1], r)
    s = g(x[2], r)
    return sum(r) + len(s) * sum(s)


def slices_of_lists(x):
    l = [x[0], x[1], x[2], x[3]]
    m = l[1:3]
    m.append(x[4])
    l[0] = m[-1] * l[1]
    t = l + m
    t[0] = 0.0
    return sum(l) * sum(m) + sum(t)


def one_array_at_two_places(x):
    y = x * 1
    l = [y, y]
    l[0] += 1
    l[1] *= x
    return np.sum(l[0] * l[1])


def number_appended_in_branch(x, n):
    l = [x[0]]
    y = x * 1
    if x[0] > 0:
        l.append(y[1])
    y[1] = 3.0
    return sum(l) * y[1]


def array_appended_in_branch(x):
    y = x * 1
    l = [x]
    if x[0] > 0:
        l.append(y)
    y[1] = 3.0
    return np.sum(l[-1])


def sorted_lists(x):
    l = [x[0], x[1], x[2], x[3]]
    l.sort()
    s = l[0] * 1 + l[1] * 2 + l[2] * 3
    k = sorted(l[1:], reverse=True)
    l.sort(reverse=True)
    l.reverse()
    return s + k[0] * 5 + l[0] * l[3]


def sorted_lists_of_unknown_length(x):
    l = [v * 2 for v in x]
    l.sort()
    m = sorted(x * 3)
    n = sorted([v * v for v in x], reverse=True)
    return np.sum(np.array(l) * np.arange(5.0)) + m[0] * m[1] + n[0]


RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
ARGUMENTS = {
    "list_of_states": (X, 4),
    "recurrent": (X, 4),
    "stack_emptied": (X, 4),
    "elements_assigned": (X, 5),
    "loop_that_may_not_run": (X, 0),
    "list_argument": ([1.5, 2.5],),
    "buffer_appended": (X, 3),
    "copies_appended": (X, 3),
    "appended_then_updated_next_time": (X, 3),
    "updated_after_the_loop": (X, 3),
    "stored_then_appended": (X, 3),
    "appended_often_then_updated": (X, 3),
    "element_of_grown_list_updated": (X, 3),
    "appended_by_way_of_another_name": (X, 3),
    "joined_then_updated": (X, 3),
    "rotation_in_a_list": (X, 3),
    "append_in_loop_after_update": (X, 2),
    "tuple_after_update": (X, 2),
    "append_while_after_update": (X, 4),
    "appended_in_no_iteration": (X, 0),
    "comprehension_then_stores": (X, 3),
    "number_appended_in_branch": (X, 1),
}
REFUSED = {
    "buffer_appended": "may hold it",
    "appended_then_updated_next_time": "may hold it",
    "updated_after_the_loop": "may hold it",
    "appended_often_then_updated": "may hold it",
    "appended_by_way_of_another_name": "may hold it",
    "joined_then_updated": "may hold it",
    "list_that_grows_as_it_is_read": "goes over",
    "array_appended_in_branch": "may hold it",
}
