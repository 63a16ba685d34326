"""The derivative rules. Importing this package completes the table in `rules.registry`."""

from backprose.rules import (
    containers, creation, elementwise, linalg, methods, order, products, python, quantiles, reductions, running, shape,
    updates,
)  # fmt: skip

__all__ = [
    "containers", "creation", "elementwise", "linalg", "methods", "order", "products", "python", "quantiles", "reductions",
    "running", "shape", "updates",
]  # fmt: skip
