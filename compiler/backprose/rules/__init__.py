"""The derivative rules. Importing this package completes the table in `rules.registry`."""

from backprose.rules import (
    containers, creation, elementwise, fourier, libraries, linalg, methods, products, python, reductions, shape, updates,
)  # fmt: skip

__all__ = [
    "containers", "creation", "elementwise", "fourier", "libraries", "linalg", "methods", "products", "python", "reductions",
    "shape", "updates",
]  # fmt: skip
