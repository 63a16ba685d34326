"""np.cross of plane and of space vectors: kinds do not tell them apart, so neither is taken for the other."""

from __future__ import annotations

import numpy as np
import pytest

import backprose
from backprose import check_grads

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.mark.parametrize("length, shape", [(2, (4,)), (3, (4, 3))])
def test_a_factor_of_a_cross_product_keeps_its_shape(length, shape):
    rng = np.random.default_rng(0)
    a, b, w = rng.normal(size=(4, length)), rng.normal(size=length), rng.normal(size=shape)
    check_grads(lambda a, b, w: np.sum(np.cross(a, b) * w), (a, b, w))
    assert backprose.jacobian(lambda a: np.cross(a, b))(a).shape == (*shape, 4, length)
