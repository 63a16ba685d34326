"""Programs that grow lists, change dicts and let functions write to their arguments."""

from dataclasses import dataclass

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


def array_in_a_dict(x):
    y = x * 2
    d = {'a': y}
    d['a'] += 1
    return np.sum(y * y)


def key_rebound(p):
    w = p['w']
    p['w'] = p['w'] * 2
    return np.sum(w * w * p['b'])


def key_updated(p):
    w = p['w']
    p['w'] *= 2
    return np.sum(w * w * p['b'])


def descent_in_a_dict(p, n):
    w = p['w']
    for i in range(n):
        p['w'] = p['w'] - 0.1 * p['w'] ** 2
    return np.sum(p['w'] * w * p['b'])


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


def dict_methods(x):
    d = {}
    d['a'] = x * 2
    d.update({'b': x[0]}, c=x ** 2)
    s = d.pop('c')
    d.setdefault('z', x * 3)
    return np.sum(d['a'] * s) * d['b'] + np.sum(d['z']) + len(d)


def rows_read_and_written(x):
    a = np.outer(x, x)
    s = 0.0
    for i, row in enumerate(a):
        s = s + np.sum(row)
        if i + 1 < len(a):
            a[i + 1] = row * 2
    return s


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


def fill(x):
    y = x * 1
    y.fill(x[0] * x[1])
    y[1] = x[2]
    return np.sum(y * x)


def sort(x):
    y = x * 1
    z = y
    y.sort()
    return np.sum(z * np.arange(5.0))


def sort_along_axes(x):
    a = np.outer(x, x)
    a.sort(axis=0)
    a[1].sort()
    return np.sum(a * np.arange(25.0).reshape(5, 5))


def copyto(x):
    y = np.zeros(5)
    np.copyto(y, x * x)
    np.copyto(y, x, where=x > 0)
    np.copyto(y[1:3], 2.0)
    return np.sum(y * x)


def put(x):
    y = x * 1
    np.put(y, [0, 2, 0], [x[1], x[2] * x[3], x[4]])
    y.put([1], 3.0)
    return np.sum(y * x)


def fill_diagonal(x):
    a = np.outer(x, x)
    np.fill_diagonal(a, x * 3)
    b = np.outer(x[:3], x)
    np.fill_diagonal(b, x[0])
    return np.sum(a * a) + np.sum(b * b)


def fill_diagonal_tall(x):
    b = np.outer(x, x[:2])
    np.fill_diagonal(b, x[0])
    return np.sum(b * b)


def add_at(x):
    y = x * 1
    np.add.at(y, [0, 0, 3], x[:3] * x[1])
    np.subtract.at(y, ([1, 1],), x[0])
    return np.sum(y * y)


def add_at_matrix(x):
    a = np.zeros((5, 5))
    np.add.at(a, (np.array([0, 0, 1]), np.array([2, 2, 3])), x[:3])
    return np.sum(a * a)


def multiply_at(x):
    y = x * 1
    np.multiply.at(y, [0, 0], x[1])
    return np.sum(y)


def out(x):
    y = np.empty(5)
    z = np.add(x, 1, out=y)
    z *= x
    np.multiply(y, x, y)
    np.sin(y, out=(y,))
    return np.sum(y * z)


def out_views(x):
    y = np.zeros(5)
    np.exp(x[:2], out=y[1:3])
    np.add(y[1:], y[:-1], out=y[1:])
    return np.sum(y ** 2)


def out_of_products(x):
    a = np.outer(x, x)
    y = np.zeros(5)
    np.dot(a, x, out=y)
    m = np.zeros((5, 5))
    np.matmul(a, a, out=m)
    s = np.zeros(5)
    m.sum(axis=0, out=s)
    c = np.zeros(5)
    np.cumsum(s, out=c)
    np.cumsum(c, out=c)
    return np.sum(y * c)


def where(x):
    y = np.zeros(5)
    np.divide(1.0, x, out=y, where=x > 0)
    np.log(x, out=y, where=x > 0.2)
    return np.sum(y * x)


def where_nothing_is_divided_by_zero(x):
    z = np.maximum(x, 0.0)
    y = np.ones(5)
    np.divide(x, z, out=y, where=z != 0)
    return np.sum(y * x)


def where_of_argument(x):
    np.multiply(x, x, out=x, where=x < 0)
    return np.sum(x ** 2)


def where_without_out(x):
    return np.sum(np.sqrt(x, where=x > 0))


def out_of_integers(x):
    y = np.zeros(5, dtype=int)
    np.multiply(x, 2, out=y)
    return np.sum(y * x)


def clip_out(x):
    y = x * 2
    np.clip(y, -0.5, 0.5, out=y)
    y.clip(0, 1, out=y)
    return np.sum(y * x)


def out_in_loop(x, n):
    y = np.zeros(5)
    t = np.empty(5)
    for i in range(n):
        np.multiply(x, y, out=t)
        np.add(t, x, out=y)
        y.sort()
    return np.sum(y * np.arange(5.0))


def out_is_argument(x):
    np.sin(x, out=x)
    return np.sum(x * x)


def out_in_branch(x):
    y = x * 1
    if x[0] > 0:
        np.sin(x, out=y)
    else:
        y.fill(x[1])
    return np.sum(y * y)


def out_in_list(x):
    l = [x * 1, x * 2]
    np.add(l[0], l[1], out=l[1])
    l[0].fill(2.0)
    return np.sum(l[0] * l[1])


def out_reshaped(x):
    y = x * 1
    v = y.reshape(5)
    np.sin(x, out=v)
    return np.sum(y)


def nan_to_num_in_place(x):
    y = x * 1
    np.nan_to_num(y, copy=False)
    return np.sum(y)


def joined_into_out(x):
    y = np.zeros(10)
    np.concatenate([x, x * 2], out=y)
    z = np.zeros((2, 5))
    np.stack([x, y[5:]], out=z)
    return np.sum(y * y) + np.sum(z * z)


def broadcast_into_out(x):
    y = np.zeros((3, 5))
    np.add(x, 1.0, out=y)
    y[1].fill(0.0)
    return np.sum(y * y)


def reductions_into_out(x):
    a = np.outer(x, x)
    m = np.zeros(5)
    np.max(a, axis=1, out=m)
    a.mean(0, out=m[:])
    return np.sum(m * x)


def add_at_argument(x, i):
    np.add.at(x, i, x)
    return np.sum(x * x)


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


def key_stored_after_update(x):
    y = x * 1
    p = {'a': y, 'b': x}
    y += x
    if x[0] > 5:
        p['b'] = x * 2
    return np.sum(p['a'] * p['b'])


def key_stored_in_branches(x):
    y = x * 1
    p = {'a': y, 'b': x}
    if x[0] > 0:
        y += x
        p['b'] = x * 2
    else:
        p['b'] = x * 3
        y *= 3
    return np.sum(p['a'] * p['b'])


def key_stored_in_loop_after_update(x, n):
    y = x * 1
    p = {'a': y, 'b': x}
    y += x
    for i in range(n):
        p['b'] = p['b'] * p['a']
    return np.sum(p['a'] * p['b'])


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
    with np.errstate(divide='ignore'):
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


def list_in_a_dict(x, n):
    y = x * 1
    l = [y]
    d = {'l': l}
    y += x
    l.append(x)
    for i in range(n):
        d['l'].append(d['l'][0] * x)
    return np.sum(l[0] * l[-1])


def returned_by_a_closure(x):
    y = x * 1
    l = [y]

    def g():
        y[0] = 7.0
        return l
    return np.sum(g()[0] * x)


def reshape_read_before_store(x):
    y = np.outer(x, x)
    t = y.reshape(-1)
    s = np.sum(t ** 3)
    y[0] = 5.0
    return s + np.sum(y ** 2)


def views_read_before_store(x):
    y = np.outer(x, x)
    t = np.squeeze(y[:, None])
    u = np.ravel(y)
    v = np.moveaxis(y, 0, 1)
    w = np.flip(y)
    d = np.diagonal(y)
    s = np.sum(t ** 3) * np.sum(u ** 2) + np.sum(v ** 3 * w ** 2) + np.sum(d ** 3)
    y *= 0.5
    y[1] = 3.0
    return s + np.sum(y ** 2)


def rows(x):
    a = np.outer(x, x)
    for row in a:
        row *= 2
        row[0] = x[1]
    return np.sum(a * a)


def rows_and_positions(x):
    a = np.outer(x, x)
    for i, row in enumerate(a):
        row[i] += x[0]
        row -= a[0]
    return np.sum(a ** 3)


def rows_of_two(x):
    a = np.outer(x, x)
    b = a * 2
    for p, q, v in zip(a, b, x):
        p += q * v
        q[:] = p
    return np.sum(a * b)


def rows_of_argument(a):
    for row in a:
        row *= row[0]
    return np.sum(a)


def arrays_of_a_list(x):
    l = [x * 1, x * 2]
    for row in l:
        row *= x
    return np.sum(l[0] * l[1])


def entries_read_and_written(x):
    a = x * 1
    s = 0.0
    for i, v in enumerate(a):
        s = s + v
        if i + 1 < len(a):
            a[i + 1] *= v
    return s


def rows_of_rows(x):
    a = np.outer(x, x)[:, :, None] * x
    for m in a:
        for r in m:
            r *= r[0]
        m[0] = 1.0
    return np.sum(a * a)


def columns(x):
    a = np.outer(x, x * 2)
    for col in a.T:
        col /= col[0] + 3
    return np.sum(a * a)


def rows_until(x):
    a = np.outer(x, x)
    for r in a:
        if r[0] < 0:
            break
        r *= 2
    return np.sum(a * a)


def views_with_other_axes(x):
    y = x * 1
    v = np.expand_dims(y, 0)
    v[0, 1] = x[0] ** 2
    w = np.flip(y)
    w[0] *= 2
    z = np.squeeze(v)
    z += 1
    return np.sum(y * y * x)


def moved_axes(x):
    a = np.outer(x, x * 2)[:, :, None] * x
    m = np.moveaxis(a, 0, 2)
    m[1] *= x
    np.swapaxes(a, 0, 1)[0] = x[0]
    return np.sum(a * a * x)


def diagonal_before_store(x):
    a = np.outer(x, x * 2)
    d = np.diagonal(a)
    a[0, 0] = 9.0 * x[1]
    return np.sum(d * d)


def diagonal_written(x):
    a = np.outer(x, x * 2)
    d = np.diagonal(a)
    d[0] = 3.0
    return np.sum(d * d)


def reshaped_zeros(x):
    a = np.zeros((2, 5))
    v = a.reshape(-1)
    v[3] = x[0]
    v[5:] += x
    r = a.ravel()
    r *= x[1]
    a[0] += x
    return np.sum(v * v) + np.sum(r)


def reshaped_copy(x):
    y = x.copy()
    v = y.reshape(5, 1)
    v[2, 0] *= x[0]
    y += x
    return np.sum(v * v)


def reshaped_transpose(x):
    a = np.zeros((5, 5)).T
    v = a.reshape(-1)
    v[3] = x[0]
    return np.sum(a)


def reshaped_fortran(x):
    a = np.zeros((5, 5), order='F')
    v = a.reshape(-1)
    v[3] = x[0]
    return np.sum(a * x)


def reshaped_like_argument(a):
    z = np.zeros_like(a)
    v = z.reshape(-1)
    v[1] = a[0, 1]
    return np.sum(z * a)


def reshaped_in_loop(x, n):
    a = np.zeros((2, 5))
    f = a.ravel()
    for i in range(n):
        f[i] = x[0] * i
        a[1] += f[:5]
    return np.sum(a * a)


def reshaped_either(x):
    a = np.zeros((2, 5))
    b = np.ones((2, 5)) if x[0] > 0 else a
    v = b.reshape(-1)
    v[0] = x[0]
    return np.sum(a)


def reshaped_after_update(x):
    a = np.zeros((5, 5))
    a += np.outer(x, x * 2).T
    v = a.reshape(-1)
    v[3] = x[0]
    return np.sum(a * np.outer(x, x))


def reshaped_before_update(x):
    a = np.zeros((5, 5))
    v = a.reshape(-1)
    a += np.outer(x, x * 2).T
    v[3] = x[0]
    return np.sum(a * np.outer(x, x))


def raveled_before_updates(x):
    a = np.ones((5, 5))
    v = a.ravel()
    a *= np.outer(x, x * 2).T
    v[3] = x[0]
    a[...] = np.outer(x, x * 2).T
    v[7] = x[1]
    return np.sum(a * np.outer(x, x)) + v[3]


def raveled_copy(x):
    a = np.outer(x, x * 2).T.copy()
    v = a.ravel()
    v[3] = x[0]
    return np.sum(a * np.outer(x, x)) + v[3]


def raveled_in_loop(x, n):
    a = np.zeros((5, 5))
    for i in range(n):
        v = a.ravel()
        v[3 + i] = x[0]
        a += np.outer(x, x * 2).T
    return np.sum(a * np.outer(x, x))


def raveled_copy_of_fortran(m):
    a = m.copy()
    v = a.ravel()
    v[1] = 9.0
    return np.sum(a * m)


def reshaped_argument(m):
    m[0] = 1.0
    v = m.reshape(-1)
    v[5] = m[1, 0]
    return np.sum(m)


def orthogonal_columns(m):
    for i in range(2):
        c = m[:, i]
        c /= np.sqrt(np.sum(c * c))
        m[:, i + 1] -= c * np.sum(c * m[:, i + 1])
    return np.sum(m[0] * m[1])


def result_is_out(x):
    y = np.zeros(5)
    z = np.add(x, x, out=y[:])
    z[0] = 5.0
    return np.sum(y * x)


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


def dicts_in_dicts(x):
    d = {'a': [x * 1], 'b': {'c': x * 2}}
    e = d['b']
    e['c'] += x
    d['a'].append(e['c'])
    e['c'] = x * 5
    d['a'][1] *= 2
    return np.sum(d['a'][0] * d['a'][1] * d['b']['c'])


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


RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
PAIR = {"w": X.copy(), "b": RNG.normal(size=5)}
COUNTED = {
    "list_of_states": 4, "recurrent": 4, "stack_emptied": 4, "elements_assigned": 5, "loop_that_may_not_run": 0,
    "buffer_appended": 3, "appended_then_updated_next_time": 3, "updated_after_the_loop": 3,
    "updated_after_the_loop": "may hold it",
    "appended_often_then_updated": 3, "element_of_grown_list_updated": 3, "appended_by_way_of_another_name": 3,
    "joined_then_updated": 3, "rotation_in_a_list": 3, "copies_appended": 3, "stored_then_appended": 3, "out_in_loop": 3,
    "add_at_argument": np.array([0, 1, 1, 2, 0]),
}  # fmt: skip
FIRST = {
    "key_rebound": PAIR, "key_updated": PAIR, "descent_in_a_dict": PAIR, "list_argument": [1.5, 2.5],
}  # fmt: skip
COUNTED.update(dict.fromkeys(
    ["descent_in_a_dict", "attribute_rebound", "attribute_updated", "method_that_changes_its_object"], 3
))
COUNTED.update(key_stored_in_loop_after_update=2, append_in_loop_after_update=2, tuple_after_update=2,
               append_while_after_update=4, list_in_a_dict=2)
COUNTED["reshaped_in_loop"] = 7
MATRIX = RNG.normal(size=(3, 4))
FIRST.update(rows_of_argument=MATRIX, reshaped_like_argument=np.asfortranarray(MATRIX))
COUNTED.update(raveled_in_loop=3, appended_in_no_iteration=0, comprehension_then_stores=3, number_appended_in_branch=1)
FORTRAN = np.asfortranarray(MATRIX)
FIRST.update(raveled_copy_of_fortran=FORTRAN, reshaped_argument=FORTRAN, orthogonal_columns=FORTRAN)
OBJECT = P(X.copy(), RNG.normal(size=5))
FIRST.update(dict.fromkeys(
    ["attribute_rebound", "attribute_updated", "element_of_attribute", "method_that_changes_its_object"], OBJECT
))


def arguments(name):
    """The arguments of the program."""
    return (FIRST.get(name, X), COUNTED[name]) if name in COUNTED else (FIRST.get(name, X),)


REFUSED = {
    "buffer_appended": "may hold it",
    "appended_then_updated_next_time": "may hold it",
    "updated_after_the_loop": "may hold it",
    "appended_often_then_updated": "may hold it",
    "element_of_grown_list_updated": "element of a container",
    "appended_by_way_of_another_name": "may hold it",
    "joined_then_updated": "may hold it",
    "list_that_grows_as_it_is_read": "goes over",
    "multiply_at": "multiply.at",
    "where_without_out": "where",
    "out_of_integers": "truncates",
    "out_reshaped": "share memory",
    "diagonal_written": "read-only",
    "reshaped_transpose": "share memory",
    "reshaped_fortran": "share memory",
    "reshaped_like_argument": "share memory",
    "reshaped_either": "share memory",
    "array_appended_in_branch": "may hold it",
    "reshaped_after_update": "share memory",
    "reshaped_argument": "share memory",
    "frozen_dataclass": "the attribute `w` of",
    "objects_of_an_unknown_list_changed": "share memory",
    "nan_to_num_in_place": "nan_to_num",
}
