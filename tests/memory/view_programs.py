"""Programs that read and write arrays through views."""

import numpy as np


def views_read_before_store(x):
    y = np.outer(x, x)
    t = np.squeeze(y[:, None])
    u = np.ravel(y)
    v = np.moveaxis(y, 0, 1)
    w = np.flip(y)
    d = np.diagonal(y)
    s = np.sum(t**3) * np.sum(u**2) + np.sum(v**3 * w**2) + np.sum(d**3)
    y *= 0.5
    y[1] = 3.0
    return s + np.sum(y**2)


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
    return np.sum(a**3)


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


def orthogonal_columns(m):
    for i in range(2):
        c = m[:, i]
        c /= np.sqrt(np.sum(c * c))
        m[:, i + 1] -= c * np.sum(c * m[:, i + 1])
    return np.sum(m[0] * m[1])


def rows_read_and_written(x):
    a = np.outer(x, x)
    s = 0.0
    for i, row in enumerate(a):
        s = s + np.sum(row)
        if i + 1 < len(a):
            a[i + 1] = row * 2
    return s


def view_at_positions(x):
    m = np.outer(x, x) * 1.0
    v = m[2][1:]
    v[[0, -1, 0]] += x[0]
    v[[1, 1]] = x[:2] ** 2
    return np.sum(m * m)


def view_add_at(x):
    m = np.outer(x, x)
    v = m[2][1:]
    np.add.at(v, [0, -1, 0], x[:3] ** 2)
    np.subtract.at(m.T[1], [0, -1, 0], x[:3] ** 2)
    return np.sum(m * m)


def element_of_view(x):
    m = np.outer(x, x)
    v = m[2][1:]
    v[0] += x[0] ** 2
    v[1:] += x[0] ** 2
    m.T[1][2] += x[1] ** 2
    return np.sum(m * m)


def mask_of_view(x):
    m = np.outer(x, x)
    v = m[2][1:]
    v[v > 0] = x[0] ** 2
    v[v < 0] += x[0] ** 2
    return np.sum(m * m)


def positions_in_a_view(x):
    m = np.outer(x, x)
    v = m.T[1:]
    v[[0, 0, 1], [1, 1, 2]] = x[:3] ** 2
    v[[0, 0, 1]] *= x
    v[1:, [0, 0]] = x[3]
    np.add.at(v, (slice(1, None), [0, 0]), x[0] ** 2)
    return np.sum(m * m * x)


def views_in_a_loop(x):
    m = np.zeros((5, 5))
    for i in range(5):
        r = m[i, ::-1]
        r[[0, 1]] = x[i] * x[:2]
        np.add.at(r, [2, 2], x[i] ** 2)
    return np.sum(m * m)


def lists_stored(x):
    y = x * 1
    y[1:3] = [x[0] * 2, 5.0]
    y[[0, 4]] = (x[1] ** 2, x[2])
    y[3:] = [1, 2]
    return np.sum(y * x)


def flat(x):
    m = np.outer(x, x)
    m.flat[3] = x[0] ** 3
    m.T.flat[7] += x[1] * 2
    m[1:].flat[::3] = x[:2]
    m.flat[[0, 1, 0]] = x[2] ** 2
    s = m.flat[2] * m.T.flat[1] + np.sum(m.flat[::2] ** 2)
    for v in m.flat:
        s = s + v * v
    return s + np.sum(m * m)


def all_of_flat(x):
    m = np.outer(x, x)
    m.flat = x**2
    m.T.flat = np.arange(25.0) * x[0]
    m[0].flat = 3.0 * x[1]
    return np.sum(m * m)


def parts_of_complex(x):
    z = x + 1j * x**2
    z.real[1:3] = x[0] ** 2
    z.imag[0] += x[1] * 3
    z.imag *= 2
    z[1:].real = x[2]
    w = z.imag
    w[[0, 0]] = x[:2]
    np.add.at(z.real, [0, 0, 1], x[3] ** 2)
    np.add.at(z.imag, [0, 0, 1], x[3] ** 2)
    return np.sum(z.real * x) + np.sum(z.imag**2) + np.sum((z * z).real ** 2)


def parts_of_real(x):
    y = x * 1
    y.real[0] = x[1] ** 2
    return np.sum(y * x)


def windows(x):
    w = np.lib.stride_tricks.sliding_window_view(x, 3)
    return np.sum(w**2 * np.arange(3.0))


def windows_after_store(x):
    y = x * 1
    w = np.lib.stride_tricks.sliding_window_view(y, 3)
    s = np.sum(w**3)
    y[1] = x[0] ** 2
    return s + np.sum(w**2 * np.arange(3.0))


def broadcast_after_store(x):
    y = x * 1
    w = np.broadcast_to(y, (3, 5))
    y[1] = x[0] ** 2
    return np.sum(w * np.arange(15.0).reshape(3, 5))


def views_by_keyword(x):
    m = np.outer(x, x)
    v = np.flip(m, axis=1)
    v[0, 0] = x[0]
    u = np.expand_dims(m, axis=0)
    u[0, 1] *= 2
    m.transpose()[3] = x
    np.rot90(m)[0, 1] = x[2] ** 2
    np.fliplr(m)[0, 1] = x[2] ** 3
    np.flipud(m)[0, 1] = x[2] ** 4
    np.rollaxis(m, 1)[2] += x
    return np.sum(m * m)


RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
MATRIX = RNG.normal(size=(3, 4))
FORTRAN = np.asfortranarray(MATRIX)
ARGUMENTS = {"rows_of_argument": (MATRIX,), "orthogonal_columns": (FORTRAN,)}
REFUSED = {"diagonal_written": "read-only"}
