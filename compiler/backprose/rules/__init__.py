"""The derivative rules. Importing this package completes the table in `rules.registry`."""

from backprose.rules import (
    containers, creation, elementwise, libraries, linalg, methods, products, pushforwards, python, reductions, shape, updates,
)  # fmt: skip

__all__ = [
    "containers", "creation", "elementwise", "libraries", "linalg", "methods", "products", "pushforwards", "python", "reductions", "shape",
    "updates",
]  # fmt: skip
