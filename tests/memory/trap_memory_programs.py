"""One program for each way in which updates in place are got wrong; `y` and `x` are vectors of five, `m` is a matrix."""

import numpy as np


def two_reads_through_two_names(x):
    b = x
    return x[0] * b[0] + np.sum(x * b)


def view_written_through(x):
    y = x * x
    v = y[1:3]
    v *= 2
    return np.sum(np.sin(y))


def view_of_a_view(x):
    y = x * x
    v = y[1:][::-1]
    w = v[:2]
    w[0] = x[0] * x[1]
    w += v[1:3]
    return np.sum(np.sin(y)) + np.sum(v * w[0])


def transposed_store(m):
    a = m * m
    t = a.T
    t[1] = m[:, 0] * 3
    t[0, :2] += m[1, 1]
    return np.sum(np.sin(a)) + np.sum(t[2] * a[:, 1])


def negative_steps_overlap(x):
    y = x * 1.5
    y[::-1] = y * y[0]
    y[1:] = y[:-1]
    y[:-1] += y[1:]
    y[::-2] *= y[::2]
    return np.sum(np.sin(y))


def array_alias_changes(x):
    a = x * 2
    b = a
    a += x
    return np.sum(b * b)


def float_alias_does_not(x):
    a = float(x[0]) * 2
    b = a
    a += x[1]
    return b * b + a * x[2]


def numpy_scalar_alias_does_not(x):
    a = np.sum(x)
    b = a
    a *= x[1]
    return b * b + a


def tuple_alias_does_not(x):
    a = (x[0],)
    b = a
    a += (x[1],)
    return b[0] * len(b) + a[1] * len(a)


def element_is_a_number_of_its_own(x):
    y = x * 2
    a = y[0]
    y[0] = x[3] * x[4]
    a += y[0]
    return a * a + np.sum(y)


def constant_buffer_overwritten_later(x):
    w = np.arange(5.0)
    s = np.sum(w * x)
    w[:] = 7.0
    return s * s + np.sum(w * x)


def kept_operand_overwritten(x):
    y = x * 2
    z = y * np.sin(y)
    y[:] = 0.5
    y[2] = x[2]
    return np.sum(z * y)


def element_overwritten(x):
    y = x * 1.0
    s = y[1] * y[1]
    y[1] = 3.0
    return s + np.sum(y * y)


def element_overwritten_by_itself(x):
    y = x * 1.0
    y[1] = y[1] * y[1]
    y[1] = np.sin(y[1]) * y[0]
    return np.sum(y * y)


def later_store_does_not_leak_back(x):
    y = x * 1.0
    p = np.exp(y)
    y[0] = 9.0
    p[1] = y[0]
    q = p * y
    p[:] = 0.0
    return np.sum(q) + np.sum(p * x)


def buffer_refilled(x):
    buffer = np.empty(5)
    total = 0.0
    for k in range(4):
        buffer[:] = np.sin(x * (k + 1))
        buffer[k] = total
        total = total + np.sum(buffer * buffer * x)
    return total


def swapped_in_a_loop(x):
    u, v = x * 1.0, np.zeros(5)
    for k in range(5):
        v[1:] = u[:-1] * np.cos(u[1:])
        v[0] = u[-1]
        u, v = v, u
    return np.sum(u * u) + np.sum(v)


def ring(x):
    a, b, c = x * 1.0, x * x, np.zeros(5)
    for k in range(4):
        c[:] = np.sin(a) * b
        c[k] += a[0]
        a, b, c = b, c, a
    return np.sum(a * b) + np.sum(c)


def repeated_read(x):
    return np.sum(np.sin(x[[0, 0, 1, 0]]))


def repeated_store(x):
    y = x * 2
    y[[0, 1, 0]] = x[2:] * x[0]
    return np.sum(np.sin(y))


def repeated_update(x):
    y = x * 2
    y[[0, 1, 0]] += x[2:] * x[0]
    return np.sum(np.sin(y))


def stored_of_itself(x):
    y = x * 2
    y[[0, 1]] = y[[1, 0]]
    y[0], y[1] = y[1], y[0] * y[2]
    return np.sum(np.sin(y) * np.arange(5.0))


def _fill(a, value):
    a[1:] = value
    a += a[0]


def callee_mutates(x):
    y = x * 2
    _fill(y, x[3] * x[4])
    _fill(y[::2], x[0])
    return np.sum(np.sin(y))


def _gives_its_argument(a):
    a[0] = 2.0
    return a


def callee_returns_its_argument(x):
    y = x * 2
    z = _gives_its_argument(y)
    z[1] *= y[0]
    return np.sum(np.sin(y)) + z[1]


def argument_overwritten_before_it_is_read(x):
    x[:] = np.arange(5.0)
    return np.sum(x * x)


def argument_kept(x):
    y = x[:]
    y = y + 1
    y *= x
    return np.sum(y * y)


def branch_shares(x):
    if x[0] > 100:
        a = x * 3
        b = a
    else:
        a = x * 2
        b = a
    a[0] = x[1] * x[2]
    return np.sum(np.sin(b))


def branch_shares_in_a_list(x):
    if x[0] > 100:
        a = x * 3
        items = [a]
    else:
        a = x * 2
        items = [a]
    items[0][0] = x[1] * x[2]
    return np.sum(np.sin(a))


def loop_shares(x):
    for k in range(int(3 + 0 * x.shape[0])):
        a = x * k
        b = a
    a[0] = x[1] * x[2]
    return np.sum(np.sin(b))


def loop_rotates_and_is_written_later(x):
    a, b, c = x * 1.0, x * 2.0, x * 3.0
    for k in range(len(x)):
        a, b, c = b, c, a
    d = b
    d[0] = x[1] * x[2]
    return np.sum(np.sin(a)) + np.sum(b * b) + np.sum(c)


def unrolled_and_left_early(x):
    y = x * 1.0
    for a in (0.5, 1.5, 2.5):
        y[0] += a * x[1]
        if y[0] > 100.0:
            break
        y[1] *= y[0]
    return np.sum(np.sin(y))


def unrolled_and_left(x):
    y = x * 1.0
    for a in (0.5, 1.5, 2.5):
        y[0] += a * x[1]
        if np.sum(y) > -100.0:
            break
        y[1] *= y[0]
    return np.sum(np.sin(y))


def _doubled(a):
    a *= 2
    return a[0]


def _cleared(a):
    a[1:] = 0
    return a[0]


def chosen_function_mutates(x):
    y = x * 1.0
    f = _doubled if x[0] > 100 else _cleared
    s = f(y)
    return s + np.sum(np.sin(y))


def returned_early(x):
    y = x * 1.0
    for k in range(4):
        y[k] = y[k] * y[k + 1]
        if y[k] > 100:
            return np.sum(y)
        y[k + 1] += 0.5
    return np.sum(np.sin(y))


def loop_rows(m):
    a = m * 1.0
    for i in range(len(a)):
        row = a[i]
        row *= row[0]
        row[1] = m[0, 1] * i
    return np.sum(np.sin(a))


def zero_trips(x):
    y = x * 1.0
    z = y
    for k in range(0):
        y[0] = 5.0
        y = y * 2
    z[1] = x[0] * x[2]
    return np.sum(np.sin(y))


def condition_reads_what_the_body_writes(x):
    y = np.abs(x) + 0.1
    n = 0
    while y[0] < 5.0 and n < 20:
        y[0] += y[1] * y[0]
        n += 1
    return np.sum(np.sin(y))


def captured_by_a_closure(x):
    y = x * 1.0

    def read(i):
        return y[i] * y[i]

    y[0] = x[1] * x[2]
    s = read(0)
    y[0] = 4.0
    return s + read(0) + read(1)


def zero_dimensional_alias(x):
    a = np.array(x[0] * 2.0)
    b = a
    a += x[1]
    return b * b


def stored_object_is_a_copy(x):
    a = np.zeros((2, 5))
    v = x * 2
    a[0] = v
    v[0] = x[1] * x[2]
    a[1] = v
    v *= 3
    return np.sum(np.sin(a)) + np.sum(v)


def reshaped(x):
    a = x * 1.0
    b = a.reshape((5, 1))
    b[1, 0] = x[0] * x[2]
    return np.sum(np.sin(a))


def raveled(m):
    a = m * 1.0
    a.ravel()[0] = m[1, 1] * m[0, 1]
    return np.sum(np.sin(a))


def diagonal_read(m):
    a = m * 1.0
    d = np.diagonal(a)
    a[0, 0] = m[1, 1] * m[0, 1]
    return np.sum(np.sin(d))


def rows_of_an_array(m):
    a = m * 1.0
    for row in a:
        row *= 2
    return np.sum(np.sin(a))


def flat_written(m):
    a = m * 1.0
    a.flat[1] = m[0, 0] * m[1, 1]
    return np.sum(np.sin(a))


def added_at(x):
    y = x * 1.0
    np.add.at(y, [0, 0, 1], x[2:] * x[0])
    return np.sum(np.sin(y))


def stored_in_integers(x):
    counts = np.arange(5)
    counts[0] = x[0]
    return np.sum(counts * x)
