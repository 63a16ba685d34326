"""Backprose writes the Python function that computes the derivatives of a plain NumPy function."""

from importlib import import_module
from typing import Any

from backprose.api import differentiable, grad, value_and_grad, vjp
from backprose.checkpoint import checkpoint
from backprose.custom import custom_jvp, custom_vjp, register_rule
from backprose.forward import hvp, jvp, linearize
from backprose.jacobians import elementwise_grad, hessian, jacfwd, jacobian, jacrev
from backprose_runtime import stop_gradient

__all__ = [
    "check_grads", "checkpoint", "custom_jvp", "custom_vjp", "differentiable", "elementwise_grad", "grad", "hessian", "hvp",
    "jacfwd", "jacobian", "jacrev", "jvp", "linearize", "register_rule", "stop_gradient", "value_and_grad", "vjp",
]  # fmt: skip

LATER = {"check_grads": "backprose.checking"}  # what most programs do without: imported when it is asked for


def __getattr__(name: str) -> Any:
    if name in LATER:
        return getattr(import_module(LATER[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("backprose")
    raise AttributeError(f"module 'backprose' has no attribute {name!r}")
