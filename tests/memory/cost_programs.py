"""Loops that update in place under conditions, in loops in loops, until a break: each iteration costs O(1)."""

import numpy as np


def conditional_recurrence(x):
    y = x * 1.0
    for k in range(1, len(x)):
        if x[k] > 0.0:
            y[k] *= y[k - 1]
    return np.sum(y * y)


def both_branches(x):
    y = x * 1.0
    for k in range(1, len(x)):
        if x[k] > 0.5:
            y[k] *= y[k - 1]
        elif x[k] > 0.0:
            y[k] = np.sin(y[k]) * y[k - 1]
        else:
            y[k - 1] = y[k] * y[k]
    return np.sum(y * y)


def condition_on_what_is_written(x):
    y = x * 1.0
    for k in range(1, len(x)):
        if y[k] > y[k - 1]:
            if y[k] > 0.3:
                y[k] *= 0.5 * y[k - 1]
    return np.sum(y * y)


def until_break(x):
    y = x * 1.0
    for k in range(1, len(x)):
        if y[k - 1] > 50.0:
            break
        if x[k] > 0.0:
            y[k] *= y[k - 1]
    return np.sum(y * y)


def with_continue(x):
    y = x * 1.0
    for k in range(1, len(x)):
        if x[k] < 0.0:
            continue
        y[k] *= y[k - 1]
    return np.sum(y * y)


def while_with_stores(x):
    y = x * 1.0
    k = 1
    while k < len(x):
        if x[k] > 0.0:
            y[k] *= y[k - 1]
        k += 1
    return np.sum(y * y)


def loop_in_a_branch(x):
    y = x * 1.0
    for k in range(2, len(x)):
        if x[k] > 0.0:
            for j in range(2):
                y[k - j] *= y[k - j - 1]
    return np.sum(y * y)


def branch_in_a_loop_in_a_loop(x):
    y = x * 1.0
    for i in range(len(x) // 2):
        for j in range(2):
            if x[2 * i + j] > 0.0:
                y[2 * i + j] *= y[i]
    return np.sum(y * y)


def slices_in_a_branch(x):
    y = x * 1.0
    for k in range(3, len(x)):
        if x[k] > 0.0:
            y[k - 3 : k] *= np.sin(y[k - 2 : k + 1])
    return np.sum(y * y)


def bubble_sweep(x):
    y = x * 1.0
    for j in range(len(x) - 1):
        if y[j] > y[j + 1]:
            y[j], y[j + 1] = y[j + 1] * 1.1, y[j]
    return np.sum(y * y)


def read_before_more_is_written(x):
    y = x * 1.0
    s = 0.0
    for k in range(1, len(x)):
        for j in range(2):
            s += np.sin(y[k - j])
        y[k] = s
    return np.sum(y * y)


def rows_in_a_branch(x):
    m = np.outer(x, x[:3])
    for k in range(1, len(x)):
        row = m[k]
        if x[k] > 0.0:
            m[k] = row * np.tanh(m[k - 1])
    return np.sum(m * m)


def called(x):
    y = x * 1.0
    for k in range(1, len(x)):
        step(y, k)
    return np.sum(y * y)


def step(y, k):
    if y[k] < 0.0:
        return
    y[k] *= y[k - 1]


def copied_argument(x):
    for k in range(1, len(x)):
        if x[k] > 0.0:
            x[k] *= x[k - 1]
    return np.sum(x * x)


# A cotangent that starts as a scalar that is broadcast, as an argument, or as what is needed again


def sum_of_recurrence(x):
    y = x * 1.0
    for k in range(1, len(x)):
        y[k] *= y[k - 1]
    return np.sum(y)


def sum_of_conditional_recurrence(x):
    y = x * 1.0
    for k in range(1, len(x)):
        if x[k] > 0.0:
            y[k] *= y[k - 1]
    return np.sum(y)


def sum_after_a_branch(x):
    y = x * 1.0
    if x[0] > -10.0:
        y[1] *= y[0]
    y[2] *= y[1]
    return np.sum(y)


def sum_after_nested_loops(x):
    y = x * 1.0
    for i in range(len(x) // 2):
        for j in range(2):
            if x[2 * i + j] > 0.0:
                y[2 * i + j] *= y[i]
    return np.sum(y)


def sum_after_a_while(x):
    y = x * 1.0
    k = 1
    while k < len(x):
        y[k] *= y[k - 1]
        k += 1
    return np.sum(y)


def product_with_a_buffer(x):
    y = x * 1.0
    z = np.cos(x)
    for k in range(1, len(x)):
        y[k] *= y[k - 1]
    return np.sum(y * z) + np.sum(z * z)


def product_of_two_buffers(x):
    y, z = x * 1.0, x * 2.0
    for k in range(1, len(x)):
        y[k] *= z[k - 1]
        z[k] *= y[k - 1]
    return np.sum(y * z)


def buffer_that_starts_as_another(x):
    y = x * 1.0
    z = y.copy()
    for k in range(1, len(x)):
        if x[k] > 0.0:
            z[k] += np.sin(z[k - 1])
    return np.sum(y * z)


# What is needed whole, seldom


def whole_on_one_path(x):
    y = x * 1.0
    for k in range(1, len(x)):
        if k < 3:
            y[k] = 0.1 * np.sum(y * y)
        y[k] *= np.sin(y[k - 1])
    return np.sum(y)


def whole_before_a_loop(x):
    y = x * 1.0
    for k in range(1, len(x)):
        if k == 2:
            y *= 0.5
            for j in range(2):
                y[j] *= np.sum(np.sin(y))
    return np.sum(y)
