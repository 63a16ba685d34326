"""The derivative rules. Importing this package completes the table in `rules.registry`."""

from backprose.rules import (
    applying, containers, copies, creation, elementwise, index_objects, joining, linalg, methods, padding, products, python, reductions,
    selecting, shape, updates,
)  # fmt: skip

__all__ = [
    "applying", "containers", "copies", "creation", "elementwise", "index_objects", "joining", "linalg", "methods", "padding", "products",
    "python",
    "reductions", "selecting", "shape", "updates",
]  # fmt: skip
