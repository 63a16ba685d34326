"""Lists that grow, shrink and change at places that are known at run time only."""

import numpy as np


def sliding_window(x):
    window, s = [], 0.0
    for v in x:
        window.append(v * v)
        if len(window) > 3:
            window.pop(0)
        s += window[0] * window[-1]
    return s


def queue(x, n):
    q = [x[0], x[1]]
    s = 0.0
    for i in range(n):
        v = q.pop(0)
        s += v * v
        q.append(v * x[i % len(x)])
    return s + sum(q)


def popped_at_a_place(x, k):
    xs = [v * v for v in x]
    a = xs.pop(k)
    b = xs.pop(-2)
    return a * b + xs[0] * xs[1]


def inserted_at_a_place(x, k):
    xs = [v * v for v in x]
    xs.insert(k, x[0] * x[1])
    xs.insert(-1, xs[k] * 2)
    xs.insert(100, x[2])
    xs.insert(0, x[3])
    return np.sum(np.array(xs) * np.arange(9.0))


def deleted_at_a_place(x, k):
    xs = [v * v for v in x]
    del xs[k]
    del xs[0], xs[-1]
    return np.sum(np.array(xs) * np.arange(2.0)) + xs[1]


def part_deleted(x, k):
    xs = [v * v for v in x]
    del xs[k : k + 2]
    xs.append(xs[0] * 3)
    del xs[-2:-1]
    return np.sum(np.array(xs) * np.arange(1.0, 4.0))


def part_assigned(x, k):
    xs = [v * v for v in x]
    xs[k : k + 2] = [x[0] * x[1], x[2], x[3] * x[4]]
    xs[:1] = [v * 2 for v in x[:k]]
    return np.sum(np.array(xs) ** 2 * np.arange(len(xs)))


def part_assigned_from_itself(x, k):
    xs = [v * 1.0 for v in x]
    xs[1:3] = xs[k:]
    xs[-1:] = xs
    return np.sum(np.array(xs) ** 2 * np.arange(len(xs)))


def deleted_in_a_loop(x, n):
    xs = [v * v for v in x]
    s = 0.0
    for i in range(n):
        s += xs[i % len(xs)]
        del xs[i % len(xs)]
    return s * xs[0]


def known_part_changed(x):
    xs = [x[0], x[1], x[2], x[3]]
    xs[1:3] = [x[4] * x[0]]
    del xs[0:1]
    del xs[-1]
    return xs[0] * len(xs)


def insertion_sort(x):
    xs = []
    for v in x:
        k = 0
        while k < len(xs) and xs[k] < v:
            k += 1
        xs.insert(k, v)
    return np.sum(np.array(xs) * np.arange(1.0, 6.0))


def bubble_sort(x):
    xs = list(x)
    for i in range(len(xs)):
        for j in range(len(xs) - 1 - i):
            if xs[j] > xs[j + 1]:
                xs[j], xs[j + 1] = xs[j + 1], xs[j]
    return np.sum(np.array(xs) * np.arange(1.0, 6.0))


def removed_by_value(x):
    xs = [v * 2 for v in x]
    xs.remove(max(xs))
    xs.remove(x[1] * 2)
    return xs[0] * xs[1] * xs[2]


def index_and_count(x):
    xs = [v * 2 for v in x]
    i = xs.index(min(xs))
    return xs[i] ** 2 * (i + 1) + xs.count(xs[0]) * xs[2]


def stack_machine(x, n):
    stack = [x[0]]
    for i in range(n):
        if i % 3 == 2:
            a, b = stack.pop(), stack.pop()
            stack.append(a * b + x[i % len(x)])
        else:
            stack.append(stack[-1] + x[i % len(x)] ** 2)
    return sum(stack)


def work_queue_of_pairs(x):
    todo = [(x[0], 0)]
    s = 0.0
    while todo:
        v, depth = todo.pop()
        s += v * v
        if depth < 2:
            todo.append((v * x[1], depth + 1))
            todo.append((v + x[2], depth + 1))
    return s


def rebound_and_appended(x, n):
    xs = [x[0]]
    for i in range(n):
        xs = xs + [x[i]]
        xs.append(x[i] * xs[0])
    return np.sum(np.array(xs) ** 2)


def extended_in_a_loop(x, n):
    xs = []
    for i in range(n):
        xs.extend(x[:i] * x[i])
        xs += [x[0], x[i]]
    return np.sum(np.array(xs) ** 2)


def two_names_in_a_loop(x, n):
    xs = []
    ys = xs
    for i in range(n):
        xs.append(x[i])
        ys.append(x[i] * len(xs))
    ys[0] *= 3
    return np.sum(np.array(xs) ** 2)


def lists_of_a_dict(x, n):
    d = {"a": [], "b": [x[0]]}
    for i in range(n):
        d["a"].append(x[i] ** 2)
        if i % 2:
            d["b"].append(d["a"][-1] * d["b"][-1])
    return sum(d["a"]) * sum(d["b"])


def keys_in_a_loop(x):
    d = {"a": x[0], "b": x[1], "c": x[2]}
    for k, v in d.items():
        d[k] = v * v * x[3]
    for k in d:
        d[k] += d["a"]
    for k in ("a", "c"):
        d[k] *= 2
    return d["a"] * d["b"] * d["c"]


def key_deleted(x):
    d = {"a": x[0] * x[1], "b": x[1]}
    s = d["a"]
    del d["a"]
    d["a"] = x[2]
    return s * d["a"] * sum(d.values())


def list_argument_changed(xs, n):
    for i in range(n):
        xs.append(xs[-1] * xs[i])
        xs[i] += 1.0
    xs.pop(0)
    return sum(xs)


def callee_that_appends(x, n):
    def push(items, v):
        items.append(v * v)
        return len(items)

    xs, s = [], 0.0
    for i in range(n):
        s += push(xs, x[i]) * x[0]
    return s * sum(xs)


def history_of_states(x, n):
    u, history = x * 1.0, []
    for i in range(n):
        history.append(u.copy())
        u[0] += history[i // 2][1]
        u *= x
    return np.sum(np.stack(history) ** 2) + np.sum(u)


def items_change_as_they_are_gone_over(x):
    d = {"a": x[0], "b": x[1]}
    s = 0.0
    for k, v in d.items():
        s += v * v
        d["b"] = x[2]
    return s


def values_are_those_of_now(x):
    d = {"a": x[0], "b": x[1]}
    values = d.values()
    d["a"] = x[2] * 2
    s = sum(values)
    return s * s


def elements_change_as_they_are_gone_over(x):
    xs = [x[0], x[1], x[2]]
    s = 0.0
    for i, v in enumerate(xs):
        s += v * v
        if i + 1 < len(xs):
            xs[i + 1] = xs[i + 1] * v
    return s


def arrays_of_a_dict_in_loops(x):
    d = {"a": x * 1, "b": x * 2}
    for v in d.values():
        v *= x[0]
    for k, v in d.items():
        d[k] = v * 2
    for k in d.keys():
        d[k] *= 2
    return np.sum(d["a"] * d["b"])


X = np.array([0.7, -1.2, 0.4, 1.9, -0.6])
ARGUMENTS = {
    "sliding_window": (X,), "queue": (X, 4), "popped_at_a_place": (X, 1), "inserted_at_a_place": (X, 2),
    "deleted_at_a_place": (X, 3), "part_deleted": (X, 1), "part_assigned": (X, 1), "part_assigned_from_itself": (X, 2),
    "deleted_in_a_loop": (X, 3), "known_part_changed": (X,), "insertion_sort": (X,), "bubble_sort": (X,),
    "removed_by_value": (X,), "index_and_count": (X,), "stack_machine": (X, 6), "work_queue_of_pairs": (X,),
    "rebound_and_appended": (X, 3), "extended_in_a_loop": (X, 4),
    "two_names_in_a_loop": (X, 4), "lists_of_a_dict": (X, 4), "keys_in_a_loop": (X,), "key_deleted": (X,),
    "callee_that_appends": (X, 4), "history_of_states": (X, 4),
    "items_change_as_they_are_gone_over": (X,), "values_are_those_of_now": (X,),
    "elements_change_as_they_are_gone_over": (X,), "arrays_of_a_dict_in_loops": (X,),
}  # fmt: skip
