"""Backprose writes the Python function that computes the derivatives of a plain NumPy function."""

from typing import Any

from backprose.api import differentiable, grad, value_and_grad, vjp
from backprose.forward import jvp

__all__ = ["differentiable", "grad", "jvp", "value_and_grad", "vjp"]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("backprose")
    raise AttributeError(f"module 'backprose' has no attribute {name!r}")
