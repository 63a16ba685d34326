"""The derivative rules. Importing this package completes the table in `rules.registry`."""

from backprose.rules import (
    checks, containers, creation, elementwise, libraries, linalg, methods, products, python, reductions, shape, updates,
)  # fmt: skip

__all__ = [
    "checks", "containers", "creation", "elementwise", "libraries", "linalg", "methods", "products", "python", "reductions",
    "shape", "updates",
]  # fmt: skip
