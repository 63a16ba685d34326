"""The derivative rules. Importing this package completes the table in `rules.registry`."""

from backprose.rules import (
    checks,
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
    "checks",
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
