"""Products and quotients that an exact zero annihilates, which `transform/guard_zeros.py` makes of those in adjoints."""

from __future__ import annotations

import numpy as np

from backprose.rules.elementwise import select
from backprose.rules.registry import elementwise
from backprose_runtime import divide_nonzero, multiply_nonzero, plain_reciprocal


@elementwise(divide_nonzero)
def quotient(y, a, b, *, d):
    """y = a / b, and 0 where a is 0.  Choice where a and b are 0: y is the constant 0."""
    share = select((a == 0) & ((b == 0) | (b != b)), 0.0, d) / b
    return share, -multiply_nonzero(y, share)


@elementwise(multiply_nonzero)
def product(y, a, p, *, d):
    """y = a p, and 0 where a is 0.  Choice where a is 0 and p infinite or NaN: y is the constant 0."""
    return select((a == 0) & ~np.isfinite(p), 0.0, d) * p, multiply_nonzero(a, d)


@elementwise(plain_reciprocal)
def reciprocal(y, x, *, d):
    """y = 1 / x  =>  y' = -y^2, in which zeros do not annihilate either.  Reads: y."""
    return -d * y * y
