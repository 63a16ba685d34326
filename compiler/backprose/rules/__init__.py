"""The derivative rules. Importing this package completes the table in `rules.registry`."""

from backprose.rules import (
    containers, creation, declared, derived, elementwise, libraries, linalg, methods, products, python, reductions,
    refusals_of_numpy, shape, ufunc_methods, updates,
)  # fmt: skip

__all__ = [
    "containers", "creation", "declared", "derived", "elementwise", "libraries", "linalg", "methods", "products", "python",
    "reductions", "refusals_of_numpy", "shape", "ufunc_methods", "updates",
]  # fmt: skip
