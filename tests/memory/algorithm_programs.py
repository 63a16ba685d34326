"""Algorithms as textbooks write them: in place, element by element, with buffers that are used again."""

import numpy as np


def cholesky(a, b):
    n = len(a)
    for j in range(n):
        for k in range(j):
            a[j:, j] -= a[j:, k] * a[j, k]
        a[j:, j] /= np.sqrt(a[j, j])
    y = b.copy()
    for i in range(n):
        for k in range(i):
            y[i] -= a[i, k] * y[k]
        y[i] /= a[i, i]
    return np.sum(y * y)


def gauss(a, b):
    n = len(b)
    for j in range(n):
        p = j
        for i in range(j + 1, n):
            if abs(a[i, j]) > abs(a[p, j]):
                p = i
        if p != j:
            a[[j, p]] = a[[p, j]]
            b[j], b[p] = b[p], b[j]
        for i in range(j + 1, n):
            factor = a[i, j] / a[j, j]
            a[i, j:] -= factor * a[j, j:]
            b[i] -= factor * b[j]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - a[i, i + 1:] @ x[i + 1:]) / a[i, i]
    return np.sum(x * x)


def lu_with_pivoting(a):
    n = len(a)
    sign = 1.0
    for j in range(n - 1):
        p = j + int(np.argmax(np.abs(a[j:, j])))
        if p != j:
            row = a[j].copy()
            a[j] = a[p]
            a[p] = row
            sign = -sign
        a[j + 1:, j] /= a[j, j]
        a[j + 1:, j + 1:] -= np.outer(a[j + 1:, j], a[j, j + 1:])
    det = sign
    for j in range(n):
        det *= a[j, j]
    return det


def thomas(b, d, e):
    n = len(d)
    c = np.zeros(n)
    c[0] = e[0] / b[0]
    d[0] /= b[0]
    for i in range(1, n):
        w = b[i] - 0.3 * c[i - 1]
        c[i] = e[i] / w
        d[i] = (d[i] - 0.3 * d[i - 1]) / w
    for i in range(n - 2, -1, -1):
        d[i] -= c[i] * d[i + 1]
    return np.sum(d * d)


def gauss_seidel(a, b):
    x = np.zeros(len(b))
    for sweep in range(3):
        for i in range(len(b)):
            s = 0.0
            for j in range(len(b)):
                if j != i:
                    s += a[i, j] * x[j]
            x[i] = (b[i] - s) / a[i, i]
    return np.sum(np.sin(x))


def jacobi_2d(u):
    v = u.copy()
    for k in range(3):
        v[1:-1, 1:-1] = 0.25 * (u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:])
        u[:] = v * np.cos(0.1 * v)
    return np.sum(u * u)


def jacobi_swap(x):
    u, v = x.copy(), x.copy()
    for k in range(4):
        v[1:-1] = 0.5 * (u[2:] + u[:-2]) * np.cos(u[1:-1])
        u, v = v, u
    return np.sum(u * u)


def heat_1d(u, a):
    n = len(u)
    new = np.empty_like(u)
    for k in range(4):
        new[0], new[n - 1] = u[0], u[n - 1]
        for i in range(1, n - 1):
            new[i] = u[i] + a[i] * (u[i - 1] - 2 * u[i] + u[i + 1])
        u[:] = new
    return np.sum(u * u)


def heat_2d(u, a):
    for k in range(3):
        flow = a[1:-1, 1:-1] * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1])
        u[1:-1, 1:-1] += 0.2 * flow
        u[0, :] = u[1, :]
        u[:, -1] = u[:, -2]
    return np.sum(u ** 2)


def heat_3d(u):
    for k in range(2):
        u[1:-1, 1:-1, 1:-1] += 0.1 * (
            u[2:, 1:-1, 1:-1] + u[:-2, 1:-1, 1:-1] + u[1:-1, 2:, 1:-1] + u[1:-1, :-2, 1:-1] + u[1:-1, 1:-1, 2:]
            + u[1:-1, 1:-1, :-2] - 6 * u[1:-1, 1:-1, 1:-1]
        ) * u[1:-1, 1:-1, 1:-1]
    return np.sum(u ** 2)


def jacobi_3d(u, f):
    old, new = u.copy(), u.copy()
    for k in range(3):
        new[1:-1, 1:-1, 1:-1] = (
            old[2:, 1:-1, 1:-1] + old[:-2, 1:-1, 1:-1] + old[1:-1, 2:, 1:-1] + old[1:-1, :-2, 1:-1]
            + old[1:-1, 1:-1, 2:] + old[1:-1, 1:-1, :-2] + f[1:-1, 1:-1, 1:-1] * old[1:-1, 1:-1, 1:-1]
        ) / 6
        old, new = new, old
    return np.sum(old ** 2)


def leapfrog(x):
    old, now, new = x.copy(), x * 1.1, np.zeros_like(x)
    for k in range(5):
        new[1:-1] = 2 * now[1:-1] - old[1:-1] + 0.2 * (now[2:] - 2 * now[1:-1] + now[:-2]) * np.cos(now[1:-1])
        new[0] = 0.0
        new[-1] = now[0]
        old, now, new = now, new, old
    return np.sum(now * now) + np.sum(old)


def prefix_sums(x):
    for i in range(1, len(x)):
        x[i] += np.sin(x[i - 1])
    return np.sum(x * x)


def doubling_scan(x):
    step = 1
    while step < len(x):
        x[step:] = x[step:] + x[:-step] * np.cos(x[step:])
        step *= 2
    return np.sum(x * x)


def soft_edit_distance(x, y):
    n, m = len(x), len(y)
    table = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        table[i, 0] = i
    table[0, 1:] = np.arange(1, m + 1)
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            same = table[i - 1, j - 1] + (x[i - 1] - y[j - 1]) ** 2
            gap = min(table[i - 1, j], table[i, j - 1]) + 0.9
            table[i, j] = -np.log(np.exp(-same) + np.exp(-gap))
    return table[n, m]


def viterbi(start, move, emit):
    n, m = emit.shape
    score = np.zeros((n, m))
    back = np.zeros((n, m), dtype=int)
    score[0] = start + emit[0]
    for t in range(1, n):
        for j in range(m):
            reached = score[t - 1] + move[:, j]
            back[t, j] = np.argmax(reached)
            score[t, j] = reached[back[t, j]] + emit[t, j]
    path = np.zeros(n, dtype=int)
    path[-1] = np.argmax(score[-1])
    for t in range(n - 1, 0, -1):
        path[t - 1] = back[t, path[t]]
    return score[-1, path[-1]] ** 2 + np.sum(emit[np.arange(n), path] ** 2)


def edit_distance(x, y, costs):
    n, m = len(x), len(y)
    table = np.zeros((n + 1, m + 1))
    for i in range(1, n + 1):
        table[i, 0] = table[i - 1, 0] + costs[0]
    for j in range(1, m + 1):
        table[0, j] = table[0, j - 1] + costs[1]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            swap = table[i - 1, j - 1] + costs[2] * abs(x[i - 1] - y[j - 1])
            table[i, j] = min(table[i - 1, j] + costs[0], table[i, j - 1] + costs[1], swap)
    return table[n, m]


def bubble_sort(x):
    n = len(x)
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    return np.sum(x * np.arange(1.0, n + 1.0))


def histogram(x):
    bins = np.zeros(3)
    for i in range(len(x)):
        bins[i % 3] += x[i] * x[i]
    return np.sum(np.sin(bins))


def histogram_by_add_at(x, w):
    position = (x - np.floor(x[0])) * 2
    left = np.floor(position).astype(int) % 5
    share = position - np.floor(position)
    bins = np.zeros(6)
    np.add.at(bins, left, w * (1 - share))
    np.add.at(bins, left + 1, w * share)
    return np.sum(bins ** 2)


def fft(x):
    re, im = x.copy(), np.zeros(len(x))
    n, j = len(x), 0
    for i in range(1, n):
        bit = n // 2
        while j >= bit:
            j -= bit
            bit //= 2
        j += bit
        if i < j:
            re[i], re[j] = re[j], re[i]
    size = 2
    while size <= n:
        half = size // 2
        for start in range(0, n, size):
            for k in range(half):
                angle = -2 * np.pi * k / size
                c, s = np.cos(angle), np.sin(angle)
                p, q = start + k, start + k + half
                tr = re[q] * c - im[q] * s
                ti = re[q] * s + im[q] * c
                re[q] = re[p] - tr
                im[q] = im[p] - ti
                re[p] += tr
                im[p] += ti
        size *= 2
    return np.sum(re ** 4) + np.sum(im * im * re)


def complex_fft(x):
    n = len(x)
    z = x + 0j
    for i in range(n):
        j, left, bit = 0, i, 1
        while bit < n:
            j = 2 * j + left % 2
            left //= 2
            bit *= 2
        z[j] = x[i]
    half = 1
    while half < n:
        twiddle = np.exp(-1j * np.pi * np.arange(half) / half)
        for start in range(0, n, 2 * half):
            even, odd = z[start : start + half], z[start + half : start + 2 * half]
            odd *= twiddle
            t = odd.copy()
            odd[:] = even - t
            even += t
        half *= 2
    power = z.real ** 2 + z.imag ** 2
    return np.sum(power * np.arange(n)) + np.sum(power ** 2)


def runge_kutta(y):
    n = len(y)
    stages = np.zeros((4, n))
    h = 0.1

    def rate(state, out):
        out[:] = np.sin(state)
        out[0] -= state[-1]

    for step in range(3):
        rate(y, stages[0])
        rate(y + 0.5 * h * stages[0], stages[1])
        rate(y + 0.5 * h * stages[1], stages[2])
        rate(y + h * stages[2], stages[3])
        y += h / 6 * (stages[0] + 2 * stages[1] + 2 * stages[2] + stages[3])
    return np.sum(y * y)


def ring_buffer(x):
    ring, total = np.zeros(3), 0.0
    for i in range(len(x)):
        ring[i % 3] = x[i]
        total += np.sum(ring) ** 2
    return total


def adaptive_step(y):
    t, h = 0.0, 0.3
    k1, trial = np.empty_like(y), np.empty_like(y)
    while t < 1.0:
        k1[:] = -y + np.sin(y)
        trial[:] = y + h * k1
        error = np.max(np.abs(trial - y - 0.5 * h * (k1 - trial + np.sin(trial))))
        if error > 0.05:
            h *= 0.5
            continue
        y[:] = trial
        t += h
        h *= 1.2
    return np.sum(y * y)


def power_iteration(a):
    v = np.ones(len(a))
    w = np.zeros(len(a))
    for k in range(6):
        for i in range(len(a)):
            w[i] = a[i] @ v
        w /= np.sqrt(np.sum(w * w))
        v[:] = w
    return v @ a @ v


def square(r, n):
    return r.normal(size=(n, n))


def positive(r, n):
    a = square(r, n)
    return a @ a.T + n * np.eye(n)


def turned(r, n):
    """Large entries stand on the other diagonal, so that every elimination swaps rows."""
    return square(r, n) + 3 * np.eye(n)[::-1]


# For each program: the sizes that it is run with, and random arguments of that size.
CASES = {
    "cholesky": ((0, 1, 2, 5), lambda r, n: (positive(r, n), r.normal(size=n))),
    "gauss": ((0, 1, 2, 4, 5), lambda r, n: (turned(r, n), r.normal(size=n))),
    "lu_with_pivoting": ((0, 1, 2, 4, 5), lambda r, n: (turned(r, n),)),
    "thomas": ((1, 2, 8), lambda r, n: (3 + r.normal(size=n) ** 2, r.normal(size=n), r.normal(size=n))),
    "gauss_seidel": ((0, 1, 2, 4), lambda r, n: (positive(r, n), r.normal(size=n))),
    "jacobi_2d": ((1, 2, 4), lambda r, n: (r.normal(size=(n, n + 1)),)),
    "jacobi_swap": ((0, 1, 2, 8), lambda r, n: (r.normal(size=n),)),
    "jacobi_3d": ((1, 2, 3, 4), lambda r, n: (r.normal(size=(n, 3, 4)), r.normal(size=(n, 3, 4)))),
    "heat_1d": ((1, 2, 3, 7), lambda r, n: (r.normal(size=n), r.normal(size=n))),
    "heat_2d": ((2, 3, 5), lambda r, n: (r.normal(size=(n, 4)), r.normal(size=(n, 4)))),
    "heat_3d": ((1, 2, 4), lambda r, n: (r.normal(size=(n, 3, 4)),)),
    "leapfrog": ((1, 2, 8), lambda r, n: (r.normal(size=n),)),
    "prefix_sums": ((0, 1, 8), lambda r, n: (r.normal(size=n),)),
    "doubling_scan": ((0, 1, 2, 7), lambda r, n: (r.normal(size=n),)),
    "viterbi": ((1, 2, 4), lambda r, n: (r.normal(size=3), square(r, 3), r.normal(size=(n, 3)))),
    "edit_distance": ((0, 1, 4), lambda r, n: (r.normal(size=n), r.normal(size=n + 1), 0.5 + r.random(3))),
    "soft_edit_distance": ((0, 1, 4), lambda r, n: (r.normal(size=n), r.normal(size=n + 1))),
    "bubble_sort": ((0, 1, 2, 7), lambda r, n: (r.normal(size=n),)),
    "histogram": ((0, 1, 8), lambda r, n: (r.normal(size=n),)),
    "histogram_by_add_at": ((1, 2, 9), lambda r, n: (r.normal(size=n), r.normal(size=n))),
    "fft": ((1, 2, 8), lambda r, n: (r.normal(size=n),)),
    "complex_fft": ((1, 2, 8), lambda r, n: (r.normal(size=n),)),
    "runge_kutta": ((1, 4), lambda r, n: (r.normal(size=n),)),
    "ring_buffer": ((0, 1, 8), lambda r, n: (r.normal(size=n),)),
    "adaptive_step": ((1, 4), lambda r, n: (r.normal(size=n),)),
    "power_iteration": ((1, 2, 4), lambda r, n: (positive(r, n),)),
}  # fmt: skip


def arguments(name, n):
    return CASES[name][1](np.random.default_rng(11), n)
