"""Cases of sums over broadcast axes that grow: what is smaller than the operand is spread to its shape."""

import backprose_runtime
import numpy as np

from cases import arr, case

case(backprose_runtime.sum_to, arr(1, 3), (2, 3))
case(backprose_runtime.sum_to, arr(3), (2, 3))
case(backprose_runtime.sum_to, arr(4, 1, 3), (2, 3))
case(backprose_runtime.unbroadcast, arr(1, 3), np.ones((2, 3)))
case(backprose_runtime.unbroadcast, arr(3), np.ones((2, 3)))
