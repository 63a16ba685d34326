"""The small vocabulary that emitted code uses beside NumPy itself. All functions are pure."""

from backprose_runtime.accumulate import add_at, flat, get_at, last_at, put_at, set_at, view_name
from backprose_runtime.arrays import array_module
from backprose_runtime.checkpoints import (
    first_legs, interval, legs_backwards, most_before_thinning, next_segment, positive, segments, strides_backwards,
    within,
)  # fmt: skip
from backprose_runtime.containers import add, copy_of, flatten, new_record, sorting_order, unpack, zeros_like
from backprose_runtime.cotangents import checked_cotangent, checked_cotangents, checked_list, checked_tangent
from backprose_runtime.directions import directions, each
from backprose_runtime.histories import History
from backprose_runtime.interpolation import interpolated
from backprose_runtime.lists import (
    appended, extended, inserted, place, with_item, with_items, without, without_items, without_last,
)  # fmt: skip
from backprose_runtime.matrices import cholesky_bar, cofactors
from backprose_runtime.products import matmul_left_bar, matmul_right_bar
from backprose_runtime.shapes import parts, require_c_order, require_dtype, require_separate, sum_to, unbroadcast
from backprose_runtime.sparse import sparse_product, sparse_solution
from backprose_runtime.stopping import stop_gradient
from backprose_runtime.tiling import in_tiles
from backprose_runtime.zeros import all_finite, divide_nonzero, multiply_nonzero, plain_reciprocal

__all__ = [
    "History",
    "add", "add_at", "all_finite", "appended", "array_module", "checked_cotangent", "checked_cotangents", "checked_list",
    "checked_tangent", "cholesky_bar", "cofactors", "copy_of", "directions", "divide_nonzero", "each", "extended", "first_legs", "flat",
    "flatten", "get_at", "in_tiles",
    "inserted", "interpolated", "interval", "last_at", "legs_backwards", "matmul_left_bar", "matmul_right_bar",
    "most_before_thinning", "multiply_nonzero", "new_record", "next_segment", "parts", "place", "plain_reciprocal",
    "positive", "put_at", "require_c_order", "require_dtype", "require_separate", "segments", "set_at",
    "sorting_order", "sparse_product", "sparse_solution", "stop_gradient", "strides_backwards", "sum_to",
    "unbroadcast", "unpack", "view_name", "with_item", "with_items", "within", "without", "without_items",
    "without_last", "zeros_like",
]  # fmt: skip
