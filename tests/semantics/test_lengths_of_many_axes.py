"""Lengths of an array of many axes are known by name, and naming them takes no large example."""

import tracemalloc

import numpy as np

from backprose import grad
from backprose.analysis.examples import result_kind
from backprose.ir.kinds import MANY, Array


def test_named_lengths_of_four_axes():
    layers = Array("float64", (MANY,) * 4, tuple((name, 0) for name in "abcd"))
    tracemalloc.start()
    found = result_kind(lambda x: x[0, 1:], (layers,))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.lengths == (("b", -1), ("c", 0), ("d", 0))
    assert most < 10_000_000


def test_no_sum_where_lengths_are_known():
    def f(layers):
        weights = layers[0, 1]
        return np.sum(np.tanh(weights[:-1] * weights[1:]))

    gradient = grad(f)
    gradient(np.random.default_rng(0).normal(size=(2, 3, 4, 5)))
    assert "sum_to" not in gradient.source
