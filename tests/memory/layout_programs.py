"""Programs that reshape arrays and write to what they get, which is a view in C order only."""

import numpy as np


def reshape_read_before_store(x):
    y = np.outer(x, x)
    t = y.reshape(-1)
    s = np.sum(t**3)
    y[0] = 5.0
    return s + np.sum(y**2)


def reshaped_zeros(x):
    a = np.zeros((2, 5))
    v = a.reshape(-1)
    v[3] = x[0]
    v[5:] += x
    r = a.ravel()
    r *= x[1]
    a[0] += x
    return np.sum(v * v) + np.sum(r)


def reshaped_twice(x):
    a = np.zeros((2, 5))
    b = a.reshape(5, 2).reshape(-1)
    b[1:6] = x
    a[0] *= x
    return np.sum(b * b)


def argument_reshaped_twice(x):
    y = x.reshape(5, 1).reshape(-1)
    y[1,] = x[0] * x[2]
    y[None, 2:] *= 2
    y[-1:] = x[1]
    y[0] = x[1]
    return np.sum(y * x)


def raveled_and_indexed(x):
    y = np.ravel(x)
    y[...] = x * 2
    y[1:][None][0, 0] = x[0] * x[1]
    y[(1,)] *= 3
    y[None] = y * x
    y[y > 0] = x[2]
    return np.sum(y * y)


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
    a = np.zeros((5, 5), order="F")
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


def as_arrays(x):
    y = x * 1
    v = np.asarray(y)
    v[0] = x[1] ** 2
    w = np.atleast_1d(y)
    w += x
    u = np.asarray(y, dtype=float)
    u *= 2
    t = y.astype(float, copy=False)
    t[2] = 3.0
    s = y.astype(float)
    s[1] = 99.0
    r = np.atleast_2d(y)
    r[0, 3] = x[0]
    q = np.asanyarray(y)
    q[-1] *= x[0]
    return np.sum(y * x)


def as_array_of_argument(x):
    x = np.asarray(x, dtype=float)
    x[0] = x[1] ** 2
    return np.sum(x * x)


def as_array_of_another_dtype(x):
    y = x * 1
    v = np.asarray(y, dtype=np.float32)
    v[0] = 0.0
    return np.sum(y * x) + np.sum(v)


def views_of_argument(m):
    v = m.reshape(-1)
    v[5] = m[0, 1] ** 2
    w = m.ravel()
    w[0] *= 2
    return np.sum(m * m)


def rows_reshaped(m):
    v = m[1:].reshape(-1)
    v[5] = m[0, 1] ** 2
    return np.sum(m * m)


def column_reshaped(m):
    v = m[:, 1].reshape(-1)
    v[1] = m[0, 1] ** 2
    return np.sum(m * m)


def one_of_two_arguments_written(m, t):
    u = t.reshape(-1)
    v = m.reshape(-1)
    v[1] = m[0, 1] ** 2
    return np.sum(m * m) + np.sum(u**2)


def result_reshaped(x):
    y = np.outer(x, x)
    v = y.reshape(-1)
    y[0] = x**3
    v[7] = x[0]
    return np.sum(v * v)


def result_reshaped_in_loop(x):
    y = np.outer(x, x) * 1.0
    for i in range(3):
        v = y.reshape(-1)
        v[i] = x[i] ** 2
        y[i] *= 2
    return np.sum(y * y)


def transposed_view_reshaped(x):
    y = np.outer(x, x) * 1.0
    v = y.T.reshape(-1)
    v[0] = x[0]
    return np.sum(y * y)


def reshaped_in_a_function(x):
    def clear(a):
        f = a.reshape(-1)
        f[::2] = 0.0

    y = np.outer(x, x)
    clear(y)
    z = y * x
    clear(z)
    return np.sum(y * z) + np.sum(y)


def layout_of_the_cotangent(x):
    a = np.zeros((2, 5))
    v = a.reshape(-1)
    v[1:4] = x[:3]
    w = a.reshape(5, 2)
    w[1] = x[:2]
    w[[0, 0], 1] = x[1]
    np.add.at(w, ([0, 0], [1, 1]), x[2] ** 2)
    np.add.at(v, [0, 0], x[2] ** 2)
    v[[3, 3]] = x[:2] ** 2
    v[a.ravel() > 1] *= x[0]
    return np.sum((a.T * x[:, None]) ** 2)


def column_of_a_vector(x):
    y = x[::-1] * 1
    v = y[::2].reshape(-1, 1)
    v[1] = x[0] ** 2
    v[0, 0] *= 2
    x.reshape(5, 1)[2] = 3.0
    return np.sum(y * x)


RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
MATRIX = RNG.normal(size=(3, 4))
FORTRAN = np.asfortranarray(MATRIX)
ARGUMENTS = {
    "reshaped_like_argument": (MATRIX,),
    "reshaped_in_loop": (X, 7),
    "raveled_in_loop": (X, 3),
    "raveled_copy_of_fortran": (FORTRAN,),
    "reshaped_argument": (MATRIX,),
    "views_of_argument": (MATRIX,),
    "rows_reshaped": (MATRIX,),
    "column_reshaped": (MATRIX,),
    "one_of_two_arguments_written": (MATRIX, MATRIX.T * 1.0),
}
REFUSED = {
    "reshaped_transpose": "share memory",
    "reshaped_fortran": "share memory",
    "reshaped_either": "share memory",
    "reshaped_after_update": "share memory",
    "transposed_view_reshaped": "share memory",
}
