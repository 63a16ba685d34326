"""What JAX answers for the programs of `jax_programs.py`. JAX is imported by the first question."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Small programs that run once: what takes time is XLA's optimiser.
QUICK = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}


@functools.cache
def jax() -> Any:
    """The module, in double precision on the CPU."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    import jax

    jax.config.update("jax_enable_x64", True)
    return jax


@functools.cache
def twins() -> dict[str, Any]:
    """The names of `jax_programs.py`, with `jax.numpy` in the place of `numpy`."""
    jax()
    text = Path(__file__).with_name("jax_programs.py").read_text(encoding="utf-8")
    ours = text[text.index("# Elementwise\n") :]
    namespace: dict[str, Any] = {"program": lambda *_: lambda function: function}
    exec("import jax.numpy as np\nfrom jax.scipy.special import expit, gammaln, logsumexp\n" + ours, namespace)
    return namespace


@dataclass(frozen=True)
class Answers:
    """Derivatives at a point and in one direction v: of y = f(x), and of the number s = Re <w, y>."""

    y: Any
    y_dot: Any  # the derivative of y along v
    gradient: Any  # of s
    hessian_v: Any  # the derivative of the gradient along v
    third_vv: Any  # its second derivative along v


def quickly(function: Callable, *args: Any) -> Any:
    """The result of a function, compiled by XLA with as little care as it can."""
    lowered = jax().jit(function).lower(*args)
    try:
        run = lowered.compile(compiler_options=QUICK)
    except jax().errors.JaxRuntimeError:  # these options are XLA's own, and come and go
        run = lowered.compile()
    return run(*args)


def answers(name: str, args: tuple, weights: Any, direction: tuple) -> Answers:
    """JAX's answers for a program; ints among the arguments are constants."""
    f, moving = twins()[name], moving_indices(args)
    push = jax().jvp

    def at(*given: Any) -> Any:
        values = list(args)
        for i, value in zip(moving, given):
            values[i] = value
        return f(*values)

    def total(*given: Any) -> Any:
        return jax().numpy.sum(weights * at(*given)).real

    def all_of_them(x: tuple, v: tuple) -> Answers:
        slope = jax().grad(total, tuple(range(len(x))))
        (gradient, hessian_v), (_, third_vv) = push(lambda *a: push(slope, a, v), x, v)
        return (*push(at, x, v), gradient, hessian_v, third_vv)

    return Answers(*quickly(all_of_them, tuple(args[i] for i in moving), direction))


def moving_indices(args: tuple) -> tuple[int, ...]:
    return tuple(i for i, a in enumerate(args) if not isinstance(a, int))
