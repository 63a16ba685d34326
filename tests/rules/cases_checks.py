"""Cases of checks: what passes is unchanged."""

from __future__ import annotations

import backprose_runtime

from cases import arr, case

for _shape in ((), (3,), (2, 3), (0, 2)):
    case(backprose_runtime.checked_cotangent, arr(*_shape), _shape, "a cotangent")
case(backprose_runtime.checked_cotangent, 0.7, (), "a cotangent")
case(backprose_runtime.checked_list, [arr(2), arr(3)], [arr(2), arr(3)], "a list")
case(backprose_runtime.checked_list, [0.7, 0.2], [1.0, 2.0], "a list")
