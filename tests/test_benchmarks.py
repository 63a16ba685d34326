"""Every workload of the benchmark: the emitted derivative is the one written by hand, and that of differences."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT))

from benchmarks import report  # noqa: E402
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
    folder = ROOT / "benchmarks" / "workloads"
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(WORKLOADS)


def test_one_command_prints_tables_and_writes_numbers(tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [
        sys.executable, "-m", "benchmarks.run", "rosenbrock", "--sizes", "tiny", "--contenders", "emitted", "primal",
        "--seconds", "0.01", "--rounds", "3", "--output", tmp_path / "run", "--resume",
    ]  # fmt: skip
    done, again = (subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True) for _ in range(2))
    assert done.returncode == 0, done.stderr
    assert again.stdout == done.stdout  # nothing was left to run
    assert "| rosenbrock |" in done.stdout
    outcomes = json.loads((tmp_path / "run.json").read_text())["results"]["tiny"]["rosenbrock"]
    assert set(outcomes) == {"emitted", "by hand", "primal"}
    assert all(outcome["seconds"] > 0 and outcome["difference"] < 1e-6 for outcome in outcomes.values())
    assert (tmp_path / "run.md").read_text().endswith(done.stdout)
    assert (tmp_path / "run.png").stat().st_size > 0


def test_who_has_no_time_is_said():
    measured = {"status": "ok", "seconds": 2.0, "first": 1.0, "memory": 5, "resident": 0}
    outcomes = {
        "emitted": measured,
        "by hand": {**measured, "seconds": 1.0},
        "primal": measured,
        "autograd": {**measured, "status": "missing", "seconds": None},
        "torch": {**measured, "status": "wrong by 1.0e-02", "seconds": None},
        "jax": {**measured, "status": "TypeError: no", "seconds": None},
    }
    results = {"small": {"logistic": outcomes, "chain": {**outcomes, "emitted": {**measured, "seconds": 8.0}}}}
    rows = [line.split(" | ") for line in report.ratios(results, outcomes).splitlines() if line.startswith("| ")]
    assert rows[2] == ["| logistic", "2 s", "2.00", "1.00", "missing", "wrong by 1.0e-02", "failed", "1.00 |"]
    assert rows[-1][2] == "4.00"  # the geometric mean of 2 and 8
    assert "| emitted / by hand | 4.00 (2.00 to 8.00, of 2) |" in report.summary(results)
    assert "- chain, small, jax: TypeError: no" in report.failures(results)
