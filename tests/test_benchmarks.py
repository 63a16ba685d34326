"""Every workload of the benchmark: the emitted derivative is the one written by hand, and that of differences."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks.contenders import Task, by_hand, emitted  # noqa: E402
from benchmarks.trees import difference, leaves, mapped  # noqa: E402
from benchmarks.workloads import WORKLOADS  # noqa: E402


@pytest.fixture(params=WORKLOADS)
def task(request) -> Task:
    return Task(request.param, "tiny")


def test_emitted_is_by_hand(task):
    before = mapped(np.copy, task.arguments)
    expected = task.checked(by_hand(task)())
    assert difference(task.checked(emitted(task)()), expected) < 1e-12
    assert difference(list(leaves(task.arguments)), list(leaves(before))) == 0, "arguments were written to"


def test_by_hand_is_that_of_differences(task):
    rng = np.random.default_rng(1)
    step = 1e-6
    moves = [mapped(lambda x: rng.normal(size=np.shape(x)), task.arguments[i]) for i in task.argnums]

    def moved(by):
        arguments = list(task.arguments)
        for i, move in zip(task.argnums, moves):
            arguments[i] = mapped(lambda x, step: x + by * step, arguments[i], move)
        return task.module.primal(*arguments)

    expected = (moved(step) - moved(-step)) / (2 * step)
    derivatives = task.derivatives(by_hand(task)())
    found = sum(np.tensordot(bar, move, axes=np.ndim(move)) for bar, move in zip(derivatives, leaves(moves)))
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-7)


def test_every_module_of_a_workload_is_listed():
    folder = Path(importlib.import_module("benchmarks.workloads").__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(WORKLOADS)
