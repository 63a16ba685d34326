"""Pullbacks of products of unknown ranks, against central differences."""

import numpy as np
import pytest

from backprose_runtime import matmul_left_bar, matmul_right_bar

SHAPES = [
    ((3,), (3,)), ((3,), (3, 4)), ((2, 3), (3,)), ((2, 3), (3, 4)), ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)),
    ((5, 2, 3), (3,)), ((3,), (5, 3, 4)), ((6, 1, 2, 3), (5, 3, 4)), ((0, 3), (3, 2)),
]  # fmt: skip


@pytest.mark.parametrize(("left", "right"), SHAPES)
def test_pullbacks_of_matmul(left, right):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=left), rng.normal(size=right)
    c_bar = rng.normal(size=np.shape(a @ b))

    def slope(x, at):
        out = np.zeros_like(x)
        for i in np.ndindex(x.shape):
            e = np.zeros_like(x)
            e[i] = 1e-6
            out[i] = np.sum(c_bar * (at(x + e) - at(x - e))) / 2e-6
        return out

    np.testing.assert_allclose(matmul_left_bar(c_bar, a, b), slope(a, lambda a: a @ b), rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(matmul_right_bar(c_bar, a, b), slope(b, lambda b: a @ b), rtol=1e-6, atol=1e-8)
