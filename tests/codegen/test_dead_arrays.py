"""A temporary array takes the name of one that is dead, so that no more memory is held than is still read."""

import re
import sys
import tracemalloc

import backprose
import numpy as np


def smoothed(a, steps):
    a = a.copy()
    for _ in range(steps):
        a[1:-1] = 0.25 * (a[2:] - 2.0 * a[1:-1]) + 0.5 * (a[:-2] - 2.0 * a[1:-1]) + a[1:-1]
        a[2:-2] = 0.125 * (a[4:] - 4.0 * a[2:-2]) + 0.5 * (a[:-4] - 4.0 * a[2:-2]) + a[2:-2]
    return np.sum(a * a)


def outer_products(x, y):
    """Temporaries of one and of two axes, of two dtypes, all of which would be called `t`."""
    return np.sum(np.outer(x * x, np.sin(y * y)) * np.outer(y * y, np.cos(x * x)))


def of_numbers(x):
    return np.sum(x * (np.sum(x) + 2 * np.max(x)) * (np.sum(x * x) - 3 * np.max(x)))


def assigned(derivative):
    """The variables that the text assigns, in order, each as often as it does."""
    return re.findall(r"^ +(\w+) = ", derivative.source, re.MULTILINE)


def test_arrays_of_both_sweeps_share_names():
    gradient = backprose.grad(smoothed)
    gradient(np.arange(8.0), 2)
    names = [name for name in assigned(gradient) if name.startswith("t")]
    assert len(set(names)) <= 3 < len(names), gradient.source


def test_so_they_share_memory():
    a, gradient = np.linspace(0, 1, 50_000), backprose.grad(smoothed)
    gradient(a, 3)
    tracemalloc.start()
    gradient(a, 3)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6.1 * a.nbytes  # the array, its adjoint, two temporaries, and two in an expression


def test_numbers_have_names_of_their_own():
    gradient = backprose.grad(of_numbers)
    gradient(np.arange(1.0, 4.0))
    made = dict.fromkeys(re.findall(r"^ +(\w+) = (?:np\.(?:sum|max)|\w+ [-+] \d)", gradient.source, re.MULTILINE))
    assert made and all(assigned(gradient).count(name) == 1 for name in made), gradient.source


def test_a_name_stands_for_arrays_of_one_rank_and_dtype():
    x, y = np.arange(1.0, 4.0), np.arange(2.0, 5.0, dtype=np.float32)
    seen = {}

    def look(frame, event, arg):
        for name, value in frame.f_locals.items():
            seen.setdefault(name, set()).add((value.ndim, value.dtype.name))
        return look

    gradient = backprose.grad(outer_products, argnums=(0, 1))
    gradient(x, y)
    sys.settrace(lambda frame, event, arg: look if frame.f_code.co_name == "outer_products_grad" else None)
    try:
        gradient(x, y)
    finally:
        sys.settrace(None)
    assert len(seen) > 4 and all(len(kinds) == 1 for kinds in seen.values()), seen
