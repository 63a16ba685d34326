"""Programs that replace the interior of an array by a stencil of it, many times, as they are written in other tools."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def evolution(tool: str, advanced: Callable) -> Callable:
    """`evolve(a, steps, *parameters)`: the array after so many times `a[1:-1, ...] = advanced(a, *parameters)`."""
    return {"autograd": _in_autograd, "torch": _in_torch, "jax": _in_jax}[tool](advanced)


def _in_autograd(advanced: Callable) -> Callable:
    from autograd import numpy as anp

    return _with_border(advanced, lambda inner: anp.pad(inner, 1, "constant"))


def _in_torch(advanced: Callable) -> Callable:
    from torch.nn.functional import pad

    return _with_border(advanced, lambda inner: pad(inner, (1, 1) * inner.ndim))


def _with_border(advanced: Callable, padded: Callable) -> Callable:
    """Without stores, which tapes can't have or copy for: the border stays, so it is set aside, and added each time."""

    def evolve(a: Any, steps: int, *parameters: Any) -> Any:
        border = a - padded(a[_interior(a)])
        for _ in range(steps):
            a = border + padded(advanced(a, *parameters))
        return a

    return evolve


def _in_jax(advanced: Callable) -> Callable:
    from jax import lax

    def evolve(a: Any, steps: int, *parameters: Any) -> Any:
        def step(_: Any, a: Any) -> Any:
            return a.at[_interior(a)].set(advanced(a, *parameters))

        return lax.fori_loop(0, steps, step, a)

    return evolve


def _interior(a: Any) -> tuple[slice, ...]:
    return (slice(1, -1),) * a.ndim
