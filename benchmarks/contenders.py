"""Who computes the derivative of a workload: each contender makes a call without arguments, which is what is timed.

Data is converted to a tool's own arrays before, and results stay in them: only computing is timed. Where a tool runs
asynchronously, the call waits for the results.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.texts import with_names
from benchmarks.trees import leaves, mapped

Call = Callable[[], Any]


@dataclass(frozen=True)
class Task:
    """A workload at a size."""

    name: str
    size: str

    @cached_property
    def module(self) -> ModuleType:
        return importlib.import_module(f"benchmarks.workloads.{self.name}")

    @cached_property
    def arguments(self) -> tuple:
        return self.module.arguments(np.random.default_rng(0), *self.module.SIZES[self.size])

    @property
    def argnums(self) -> tuple[int, ...]:
        found = self.module.ARGNUMS
        return found if isinstance(found, tuple) else (found,)

    @property
    def is_jacobian(self) -> bool:
        return getattr(self.module, "DERIVATIVE", "gradient") == "jacobian"

    def derivatives(self, result: Any) -> list[np.ndarray]:
        """The leaves of the derivative in what a contender returned."""
        return [np.asarray(leaf) for leaf in leaves(result if self.is_jacobian else result[1])]

    def checked(self, result: Any) -> list[np.ndarray]:
        """All that contenders have to agree on: the derivative, and the value where it is computed with it."""
        return self.derivatives(result) if self.is_jacobian else [np.asarray(result[0]), *self.derivatives(result)]

    def text_for(self, tool: str, numpy: Any) -> Callable:
        """The workload's own version for the tool, or else the primal's text with the tool's functions in it."""
        own = getattr(self.module, f"in_{tool}", None)
        if own is not None:
            return own()
        others = getattr(self.module, "stand_ins", lambda _: {})(tool)
        return with_names(self.module.primal, np=numpy, **others)


def emitted(task: Task) -> Call:
    from backprose import jacrev, value_and_grad

    make = jacrev if task.is_jacobian else value_and_grad
    compiled, arguments = make(task.module.primal, argnums=task.module.ARGNUMS), task.arguments
    return lambda: compiled(*arguments)


def by_hand(task: Task) -> Call:
    function, arguments = task.module.by_hand, task.arguments
    return lambda: function(*arguments)


def primal(task: Task) -> Call:
    function, arguments = task.module.primal, task.arguments
    return lambda: function(*arguments)


def hips_autograd(task: Task) -> Call:
    import autograd
    import autograd.numpy

    function, arguments = task.text_for("autograd", autograd.numpy), task.arguments
    if not task.is_jacobian:
        compute = autograd.value_and_grad(function, argnum=task.module.ARGNUMS)
        return lambda: compute(*arguments)

    def of_moving(moving: tuple) -> Any:
        return function(*moving, *arguments[len(moving) :])

    def rows() -> Any:
        pullback, value = autograd.make_vjp(of_moving)(tuple(arguments[i] for i in task.argnums))
        return tuple(np.stack(bars) for bars in zip(*(pullback(row) for row in np.eye(len(value)))))

    return rows


def torch_eager(task: Task) -> Call:
    return in_torch(task, lambda function: function)


def torch_compiled(task: Task) -> Call:
    import torch

    return in_torch(task, torch.compile)


def in_torch(task: Task, prepared: Callable[[Callable], Callable]) -> Call:
    import torch

    from benchmarks.timing import THREADS

    torch.set_num_threads(THREADS)
    torch.set_default_dtype(torch.float64)

    def tensor(moves: bool) -> Callable[[Any], Any]:
        """The leaf as a tensor; numbers that don't move stay what they are."""
        return lambda x: torch.tensor(x, requires_grad=moves) if moves or isinstance(x, np.ndarray) else x

    arguments = [mapped(tensor(i in task.argnums), x) for i, x in enumerate(task.arguments)]
    moving = list(leaves([arguments[i] for i in task.argnums]))
    function = prepared(task.text_for("torch", torch))

    def gradient() -> Any:
        value = function(*arguments)
        return value.detach(), torch.autograd.grad(value, moving)

    def rows() -> Any:
        value = function(*arguments)
        bars = [torch.autograd.grad(entry, moving, retain_graph=True) for entry in value]
        return [torch.stack(parts) for parts in zip(*bars)]

    return rows if task.is_jacobian else gradient


def jax(task: Task) -> Call:
    import jax

    jax.config.update("jax_enable_x64", True)
    function = task.text_for("jax", jax.numpy)
    # Numbers that don't move are constants of the program, as the number of steps of a scan has to be.
    traced = [i for i, x in enumerate(task.arguments) if i in task.argnums or not isinstance(x, (int, float))]

    def of_traced(*values: Any) -> Any:
        arguments = list(task.arguments)
        for i, value in zip(traced, values):
            arguments[i] = value
        return function(*arguments)

    make = jax.jacrev if task.is_jacobian else jax.value_and_grad
    compute = jax.jit(make(of_traced, argnums=tuple(traced.index(i) for i in task.argnums)))
    values = [mapped(jax.numpy.asarray, task.arguments[i]) for i in traced]
    return lambda: jax.block_until_ready(compute(*values))


CONTENDERS: dict[str, Callable[[Task], Call]] = {
    "emitted": emitted,
    "by hand": by_hand,
    "primal": primal,
    "autograd": hips_autograd,
    "torch": torch_eager,
    "torch.compile": torch_compiled,
    "jax": jax,
}
OURS = ("emitted", "by hand", "primal")
PEERS = tuple(name for name in CONTENDERS if name not in OURS)
PACKAGES = {"autograd": "autograd", "torch": "torch", "torch.compile": "torch", "jax": "jax"}
