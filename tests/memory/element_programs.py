"""Elements of lists that are updated in place: tables of lists, rows in loops, rings of buffers, lists of arguments."""

from dataclasses import dataclass

import numpy as np


def edit_table(x, y, n, m):
    d = [[0.0] * (m + 1) for _ in range(n + 1)]
    for i in range(n + 1):
        d[i][0] = 1.0 * i
    for j in range(m + 1):
        d[0][j] = 1.0 * j
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            c = (x[i - 1] - y[j - 1]) ** 2
            d[i][j] = min(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + c)
    return d[n][m]


def grid_of_arrays(x, n):
    grid = [x * i for i in range(n)]
    for i in range(n):
        for j in range(len(x)):
            grid[i][j] += grid[i - 1][j] * x[0]
    return sum(np.sum(g) for g in grid)


def appended_rows(x, n):
    rows = []
    for i in range(n):
        rows.append(x * i)
    rows[1] *= 2
    rows[n - 1][0] = x[1] ** 2
    for row in rows:
        row *= x
    return np.sum(np.stack(rows) ** 2)


def ring_of_buffers(x, n):
    bufs = [x * 1, x * 2, x * 3]
    for k in range(n):
        bufs[k % 3][:] = bufs[(k + 1) % 3] * x + bufs[(k + 2) % 3]
        bufs[(k + 1) % 3][0] += 1.0
    return np.sum(bufs[0] * bufs[1] + bufs[2])


def one_row_many_times(x, m):
    row = [0.0] * m
    g = [row] * m
    g[0][1] = x[0]
    return g[1][1] * x[1]


def rows_repeated(x, m):
    g = [[0.0] * m] * m
    for i in range(m):
        g[i][1] += x[i]
    return g[1][1] * x[1]


def element_appended_again(x, n):
    g = [x * i for i in range(n)]
    g.append(g[0])
    g[0][0] = 5.0
    return np.sum(g[-1] * x)


def last_row_under_its_name(x, n):
    g = []
    row = x * 2
    for i in range(n):
        row = x * i
        g.append(row)
    g[n - 1][0] = 5.0
    return np.sum(row * x)


def element_of_known_list_then_name(x, k):
    a = x * 1
    b = x * 2
    l = [a, b]
    v = l[k]
    a[0] = 5.0
    return np.sum(v * x)


def row_appended_in_each_iteration(x, n):
    g = []
    row = x * 2
    for i in range(n):
        g.append(row)
    g[0][0] = 5.0
    return np.sum(g[1] * x)


def rows_of_a_slice(x, n):
    g = [x * i for i in range(n)]
    h = g[1:]
    g[1][0] = 7.0
    return np.sum(h[0] * x)


def row_of_the_iteration_before(x, n):
    g = []
    prev = x * 1
    s = 0.0
    for i in range(n):
        g.append(prev)
        g[0][0] = i * x[0]
        s += np.sum(prev * x)
        prev = x * i
    return s


def row_of_the_iteration_before_read(x, n):
    g = []
    prev = x * 1
    s = 0.0
    for i in range(n):
        row = x * i
        g.append(row)
        s += np.sum(prev * x)
        prev = row
        g[-1][0] = 3.0 * x[1]
    return s


def row_that_moved(x, n):
    g = [x * i for i in range(n)]
    row = g[1]
    g.insert(0, x * 9)
    g[1][0] = 4.0
    return np.sum(row * x) + np.sum(g[2] * x)


def row_taken_and_given(x, n):
    g = [x * i for i in range(n)]
    row = g.pop()
    g.append(x * 3)
    g[n - 1][0] = 4.0
    return np.sum(row * x) + np.sum(g[2] * x)


def lists_of_arrays(x, n):
    g = [[x * i, x * 2] for i in range(n)]
    for i in range(n):
        g[i][1][0] = x[1] * i
        g[i][0] += x
    return sum(np.sum(a * b) for a, b in g)


def buckets(x, n):
    b = [[] for _ in range(n)]
    for i in range(len(x)):
        b[i % n].append(x[i] * x[0])
    return sum(sum(v) ** 2 for v in b)


@dataclass
class P:
    x: np.ndarray
    v: float


def descent(params, n):
    for i in range(n):
        for k in range(len(params)):
            params[k] -= 0.1 * params[k] * params[0][0]
    return sum(np.sum(p ** 2) for p in params)


def descent_by_names(params, n):
    grads = [p * 2 for p in params]
    for p, g in zip(params, grads):
        p -= 0.1 * g
    return sum(np.sum(p ** 2) for p in params)


def arrays_of_objects(x, n):
    ps = [P(x * i, x[i]) for i in range(n)]
    for p in ps:
        p.x = p.x * p.v
        p.v += 1.0
        p.x[0] = 3.0 * p.v
    return sum(np.sum(p.x) * p.v for p in ps)


def arrays_of_objects_by_position(x, n):
    ps = [P(x * i, x[i]) for i in range(n)]
    for i in range(n):
        ps[i].x *= 2
        ps[i].v *= ps[i - 1].v
    return sum(np.sum(p.x) * p.v for p in ps)


def arrays_of_objects_given(ps):
    for p in ps:
        p.x += p.v * p.x
        p.v = p.v * 2
    return sum(np.sum(p.x) * p.v for p in ps)


def rows_of_list_arg(rows):
    for row in rows:
        row[0] = row[1] * 2
    for row in rows:
        row *= rows[0][1]
    return sum(np.sum(r) for r in rows)


def nested_arg(g, n):
    for i in range(n):
        for j in range(n):
            g[i][j] += g[i - 1][j] * g[i][j - 1]
    return sum(sum(r) for r in g)


def rows_exchanged(x, n):
    a = [x * (i + 1) for i in range(n)]
    a[0], a[1] = a[1], a[0]
    a[0][0] = x[1]
    return sum(np.sum(r * x) for r in a)


def elimination(m, n):
    a = [[m[i, j] * 1.0 for j in range(n)] for i in range(n)]
    for k in range(n):
        p = k
        for i in range(k + 1, n):
            if abs(a[i][k]) > abs(a[p][k]):
                p = i
        a[k], a[p] = a[p], a[k]
        for i in range(k + 1, n):
            f = a[i][k] / a[k][k]
            for j in range(k, n):
                a[i][j] -= f * a[k][j]
    d = 1.0
    for k in range(n):
        d *= a[k][k]
    return d


def rows_exchanged_by_a_third(x, n):
    a = [x * (i + 1) for i in range(n)]
    for k in range(n - 1):
        tmp = a[k]
        a[k] = a[k + 1]
        a[k + 1] = tmp
        a[k][0] += x[k]
    return sum(np.sum(r * x) * i for i, r in enumerate(a))


def row_stored_twice(x, n):
    a = [x * (i + 1) for i in range(n)]
    a[0], a[1] = a[1], a[1]
    a[0][0] = x[0] * 3
    return sum(np.sum(r * x) * i for i, r in enumerate(a))


def knapsack(x, n, w):
    best = [[0.0 for _ in range(w + 1)] for _ in range(n + 1)]
    for i in range(1, n + 1):
        for c in range(w + 1):
            best[i][c] = best[i - 1][c]
            if c >= i and best[i - 1][c - i] + x[i - 1] > best[i][c]:
                best[i][c] = best[i - 1][c - i] + x[i - 1]
    return best[n][w] ** 2


def row_under_a_name(x, n):
    d = [[0.0] * n for _ in range(n)]
    for i in range(n):
        row = d[i]
        for j in range(n):
            row[j] = x[i] * x[j]
        row[0] += d[i - 1][1]
    return sum(sum(r) ** 2 for r in d)


def buckets_with_something(x, n):
    b = [[x[0]] for _ in range(n)]
    for i in range(len(x)):
        b[i % n].append(x[i] * x[0])
    return sum(sum(v) ** 2 for v in b)


def rows_in_a_branch(x, n):
    g = [x * i for i in range(n)]
    for i in range(n):
        if x[i] > 0:
            g[i][0] = x[1] * 3
        else:
            g[i - 1][1] += x[0] ** 2
    return sum(np.sum(r ** 2) for r in g)


def rows_in_while(x, n):
    g = [x * i for i in range(n)]
    k = 0
    while k < 3:
        g[k % n] *= x
        k += 1
    return sum(np.sum(r ** 2) for r in g)


def row_updated_by_a_callee(x, n):
    def bump(rows, i):
        rows[i][0] += rows[i - 1][1] ** 2

    g = [x * i for i in range(n)]
    for i in range(n):
        bump(g, i)
    return sum(np.sum(r ** 2) for r in g)


def rows_unpacked(x, n):
    g = [x * i for i in range(n)]
    r0, r1, r2 = g
    g[0][0] = 5.0
    return np.sum(r0 * x)


def rows_in_a_tuple(x, n):
    g = [x * i for i in range(n)]
    t = (g[0], g[1])
    g[0][0] = x[1] * 5.0
    return np.sum(t[0] * x) + np.sum(t[1])


def row_read_by_an_index_that_changes(x, k):
    g = [x * i for i in range(3)]
    row = g[k]
    g[k][0] = 7.0
    k = 0
    row[1] = x[2]
    return np.sum(row * x) + np.sum(g[1] * x)


def row_replaced(x, n):
    g = [x * i for i in range(n)]
    row = g[1]
    g[1] = x * 3
    g[1][0] = 9.0
    return np.sum(row * x) + np.sum(g[1])


def rows_of_a_comprehension(x, n):
    g = [x * i for i in range(n)]
    h = [r for r in g]
    h[0][0] = 5.0
    return np.sum(g[0] * x)


def rows_in_a_dict(x, n):
    g = [x * i for i in range(n)]
    d = {"g": g, "r": g[0]}
    d["g"][0][1] = 4.0
    g[0][0] = x[1] * 2
    return np.sum(d["r"] * x)


def row_of_a_branch(x, k):
    g = [x * i for i in range(3)]
    row = g[0] if x[0] > 0 else g[1]
    g[0][0] = 5.0
    return np.sum(row * x)


def row_found_in_a_loop(x, n):
    g = [x * i for i in range(n)]
    last = g[-1]
    for i in range(n):
        last = g[i]
        g[0][0] = 1.0 * i
    return np.sum(last * x)


def rebound_attributes(x, n):
    ps = [P(x * i, x[i]) for i in range(n)]
    for p in ps:
        p.x = p.x * p.v
        p.v += 1.0
    ps[0].v *= ps[1].v
    return sum(np.sum(p.x) * p.v for p in ps)


X = np.array([0.7, -1.2, 0.4, 1.9, -0.6])
M = np.array([[0.3, -1.1, 0.8], [1.4, 0.2, -0.5], [-0.9, 0.6, 1.7]])
SPECIAL = {
    "edit_table": (X, X[::-1].copy(), 3, 4), "descent": ([X.copy(), X[:2] * 2], 2),
    "descent_by_names": ([X.copy(), X[:2] * 2], 2), "arrays_of_objects_given": ([P(X.copy(), 1.5), P(X * 2, 0.5)],),
    "rows_of_list_arg": ([X.copy(), X * 2],), "nested_arg": ([[0.5, 0.2, 0.3], [0.3, 0.1, 0.4], [0.2, 0.6, 0.1]], 3),
    "elimination": (M, 3), "knapsack": (X**2, 4, 5), "element_of_known_list_then_name": (X, 1),
    "row_read_by_an_index_that_changes": (X, 1),
}  # fmt: skip
