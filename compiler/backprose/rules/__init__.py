"""The derivative rules. Importing this package completes the table in `rules.registry`."""

from backprose.rules import (
    containers,
    creation,
    elementwise,
    fourier,
    libraries,
    linalg,
    methods,
    order,
    products,
    python,
    quantiles,
    reductions,
    running,
    shape,
    updates,
)

__all__ = [
    "containers",
    "creation",
    "elementwise",
    "fourier",
    "libraries",
    "linalg",
    "methods",
    "order",
    "products",
    "python",
    "quantiles",
    "reductions",
    "running",
    "shape",
    "updates",
]
