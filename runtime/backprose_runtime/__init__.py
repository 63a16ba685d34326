"""The small vocabulary that emitted code uses beside NumPy itself. All functions are pure."""

from backprose_runtime.accumulate import add_at
from backprose_runtime.arrays import array_module
from backprose_runtime.containers import add, copy_of, flatten, new_record, unpack, zeros_like
from backprose_runtime.products import matmul_left_bar, matmul_right_bar
from backprose_runtime.shapes import sum_to, unbroadcast

__all__ = [
    "add", "add_at", "array_module", "copy_of", "flatten", "matmul_left_bar", "matmul_right_bar", "new_record", "sum_to",
    "unbroadcast", "unpack", "zeros_like",
]  # fmt: skip
