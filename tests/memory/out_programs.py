"""Programs that pass `out` and `where`, and stores that cast."""

import numpy as np


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
    return np.sum(y**2)


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
    return np.sum(x**2)


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


def result_is_out(x):
    y = np.zeros(5)
    z = np.add(x, x, out=y[:])
    z[0] = 5.0
    return np.sum(y * x)


def two_results(x):
    f, w = np.zeros(5), np.zeros(5)
    a, b = np.modf(x * 3, f, w)
    np.modf(x * 5, out=(f, None))
    q, r = np.zeros(5), np.zeros(5)
    np.divmod(x, 0.3, out=(q, r))
    m, e = np.frexp(x)
    np.frexp(x * x, out=(m, e))
    return (
        np.sum(f * a)
        + np.sum(r**2)
        + np.sum(b)
        + np.sum(q)
        + np.sum(m**2)
        + np.sum(np.ldexp(m, 2))
        + np.sum(np.divmod(x, x[0] ** 2 + 0.1)[1] ** 2)
    )


def running_sums(x):
    m = np.outer(x, x)
    o = np.zeros((5, 5))
    np.cumsum(m, 0, None, o)
    np.cumprod(m, axis=1, out=m)
    m[1:].cumsum(0, out=o.T[:, 1:].T)
    return np.sum(o * m)


def products(x):
    m = np.outer(x, x)
    o = np.zeros((5, 5))
    v = o[1]
    np.dot(m, x, v)
    m.dot(x, out=o[2])
    np.matmul(m, m.T, out=o.T)
    np.einsum("ij,j->i", m, x, out=v)
    return np.sum(o * m)


def takes(x):
    m = np.outer(x, x)
    o = np.zeros((5, 3))
    np.take(m, [0, 2, 0], axis=1, out=o)
    p = np.zeros(3)
    x.take([1, 1, 2], out=p)
    return np.sum(o**2) + np.sum(p**2)


def clips(x):
    o = np.zeros(5)
    np.clip(x, -0.5, 0.5, o)
    o.clip(-0.1, None, out=o)
    r = np.zeros(5)
    np.round(x, 1, r)
    x.round(out=r)
    return np.sum(o * x) + np.sum(r * x)


def joins(x):
    o = np.zeros((2, 5))
    np.stack([x, x**2], 0, o)
    np.concatenate((x[:2], x[2:] ** 2), out=o[0])
    return np.sum(o**2 * x)


def joined_in_less_precision(x):
    o = np.zeros((2, 5), np.float32)
    np.stack([x, x**2], 0, o)
    return np.sum(o * x)


def reductions(x):
    m = np.outer(x, x)
    o = np.zeros(5)
    np.sum(m, 0, None, o)
    np.mean(m, axis=1, out=m[2])
    np.max(m, 0, o)
    k = np.zeros((5, 1))
    np.std(m, 1, None, k, 0, True)
    np.prod(m, axis=0, out=o)
    np.sum(m, 1, None, k, True)
    z = np.zeros(())
    np.sum(m, out=z)
    return np.sum(o) + np.sum(k * m) + z * x[0]


def reductions_in_less_precision(x):
    m = np.outer(x, x)
    o = np.zeros(5, np.float32)
    np.mean(m, axis=1, out=o)
    s = np.sum(o * x)
    np.sum(m, axis=0, out=o)
    s = s + np.sum(o * x)
    np.max(m, axis=0, out=o)
    return s + np.sum(o * x)


def overlapping_out(x):
    y = x * 1
    np.add(y[1:], y[:-1], out=y[1:])
    np.multiply(y[::-1], y, out=y)
    m = np.outer(x, x)
    np.add(m, m.T, out=m)
    np.sum(m, axis=0, out=m[1])
    np.exp(m * 0.1, m)
    return np.sum(y * x) + np.sum(m * m)


def overlapping_parts_joined(x):
    y = x * 1
    np.concatenate([y[2:], y[:2]], out=y)
    return np.sum(y * x)


def less_precision(x):
    y = np.zeros(5, np.float32)
    np.multiply(x, x, out=y)
    y += x
    y[1:] = x[1:] ** 2
    y[0] *= x[1]
    return np.sum(y * x)


def complex_numbers(x):
    z = np.zeros(5, complex)
    np.multiply(x, x, out=z)
    z += x
    z[1:] = x[1:] ** 2 * 1j
    z[0] *= 1j
    return np.sum(z.real * x) + np.sum(z.imag**2)


def stored_in_integers(x):
    y = np.zeros(5, int)
    y[0] = x[0]
    return np.sum(y)


def masks_and_integers(x):
    k = np.zeros(5, bool)
    k[1:3] = True
    np.greater(x, 0, out=k)
    k[0] = x[1] > 3
    k |= x > 1
    k[[1]] = False
    np.logical_not(k, out=k)
    i = np.zeros(5, int)
    i[2:] = 3
    i += 1
    np.add(i, k, out=i)
    return np.sum(x[k] ** 2) + np.sum(x * i)


def where_with_numbers(x):
    y = np.zeros(5)
    a = x[0] ** 2
    np.divide(x, a, out=y, where=x > 0)
    np.multiply(a, x, out=y, where=[True, False, False, True, False])
    np.divide(a, np.maximum(x, 0), where=x > 0, out=y)
    m = np.ones((3, 5))
    np.sqrt(x, out=m, where=x > 0)
    np.log(x, m[1], where=x > 0.1)
    return np.sum(y * x) + np.sum(m)


def where_nothing_is_divided(x):
    y = np.ones(5)
    a = x[0] * 0.0
    np.divide(x, a, out=y, where=x > 100)
    return np.sum(y * x) + a


def where_in_less_precision(x):
    y = np.zeros(5, np.float32)
    np.multiply(x.astype(np.float32), 2.5, out=y, where=x > 0)
    return np.sum(y * x)


def where_with_two_results(x):
    y, z = np.zeros(5), np.ones(5)
    np.modf(x * 3, out=(y, z), where=x > 0)
    return np.sum(y * x) + np.sum(z * x)


def where_everywhere(x):
    return np.sum(np.sin(x, where=True))


def reductions_of_some(m):
    k = m > 0
    s = np.sum(m**2, where=k) + np.sum(np.mean(m**3, axis=1, where=k) ** 2) + np.prod(m, where=k)
    s = (
        s
        + np.sum(np.var(m, axis=0, where=m < 1.5))
        + np.std(m, where=k)
        + np.sum(np.std(m * 2, axis=1, where=m < 1, ddof=1))
    )
    s = s + np.max(m, where=k, initial=-10.0) + np.sum(np.min(m, axis=1, where=k, initial=0.3))
    return (
        s + m.sum(where=k, axis=0)[1] + np.sum(m.mean(axis=1, keepdims=True, where=m < 1) * m) + np.nansum(m, where=k)
    )


def reductions_with_initial(m):
    a = m[0, 0] ** 2
    s = (
        np.sum(m, initial=a) * np.prod(m[1], initial=a)
        + np.sum(np.max(m, axis=0, initial=a) ** 2)
        + np.min(m, initial=a)
    )
    return s + np.sum(np.prod(m, axis=1, initial=a, keepdims=True) * m) + np.sum(np.sum(m, axis=0, initial=a) ** 2)


RNG = np.random.default_rng(0)
X = RNG.normal(size=5)
MATRIX = RNG.normal(size=(3, 4))
ARGUMENTS = {"out_in_loop": (X, 3), "reductions_of_some": (MATRIX,), "reductions_with_initial": (MATRIX,)}
REFUSED = {
    "where_without_out": "where",
    "out_of_integers": "truncates",
    "reductions_in_less_precision": "precision of `out`",
    "overlapping_parts_joined": "shares memory",
    "stored_in_integers": "truncates",
}
