"""Contenders of one workload, each in a process of its own, pinned to one core, take turns in rounds."""

from __future__ import annotations

import json
import os
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contenders import PACKAGES
from benchmarks.timing import THREADS
from benchmarks.trees import difference

ROOT = Path(__file__).parents[1]
TOLERANCE = 1e-6
FLAGS = {
    "OPENBLAS_NUM_THREADS": str(THREADS),
    "OMP_NUM_THREADS": str(THREADS),
    "MKL_NUM_THREADS": str(THREADS),
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
    "JAX_PLATFORMS": "cpu",
    "CUDA_VISIBLE_DEVICES": "",
}


@dataclass
class Outcome:
    """What is known of one contender. `status` is "ok", or says why there is no time."""

    status: str = "ok"
    times: list[float] = field(default_factory=list)
    first: float | None = None  # seconds of the first call: loading, compiling, running
    memory: int | None = None  # bytes, peak of what NumPy and Python allocate in a call
    resident: int | None = None  # bytes, by which the process grew at most in the first call
    difference: float | None = None  # from what is written by hand, relative

    @property
    def seconds(self) -> float | None:
        return statistics.median(self.times) if self.times and self.status == "ok" else None

    def as_json(self) -> dict[str, Any]:
        keys = ("status", "first", "memory", "resident", "difference")
        least = min(self.times) if self.times else None
        return {
            "seconds": self.seconds,
            "least": least,
            "turns": len(self.times),
            **{k: getattr(self, k) for k in keys},
        }


class Stopped(Exception):
    """The process died, or did not answer in time."""


class Process:
    """A worker that is asked, and answers."""

    def __init__(self, contender: str, core: int):
        self.running = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", contender], cwd=ROOT, text=True, env={**os.environ, **FLAGS},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}), start_new_session=True,
        )  # fmt: skip

    def ask(self, timeout: float, **command: Any) -> dict:
        try:
            self.running.stdin.write(json.dumps(command) + "\n")
            self.running.stdin.flush()
        except BrokenPipeError:
            raise Stopped("the process ended") from None
        if not select.select([self.running.stdout], [], [], timeout)[0]:
            raise Stopped(f"over {timeout:.0f} s")
        line = self.running.stdout.readline()
        if not line:
            raise Stopped("the process ended")
        answer = json.loads(line)
        if "error" in answer:
            raise Stopped(answer["error"])
        return answer

    def end(self) -> None:
        os.killpg(self.running.pid, signal.SIGKILL)  # torch.compile has processes of its own
        self.running.wait()
        self.running.stdin.close()
        self.running.stdout.close()


class Race:
    """Processes that take turns; `fresh`: each workload has new ones, otherwise a contender has one for all."""

    def __init__(self, contenders: Sequence[str], *, rounds: int, seconds: float, limit: float, core: int, fresh: bool):
        self.contenders = contenders
        self.rounds = rounds
        self.seconds = seconds
        self.limit = limit
        self.core = core
        self.fresh = fresh
        self.processes: dict[str, Process] = {}

    def run(self, workload: str, size: str) -> dict[str, Outcome]:
        """The outcome of each contender: they take turns in some rounds, and each runs for some seconds altogether.

        One whose calls are long is out when it has had its seconds, and three turns. A first call that takes longer
        than `limit` seconds, a failure and a wrong gradient end a contender, and are its status. Contenders are
        compared with "by hand".
        """
        outcomes = {name: Outcome() for name in self.contenders}
        results = self._first_calls(outcomes, workload=workload, size=size)
        _compare(results, outcomes)
        running = [name for name in self.contenders if outcomes[name].status == "ok"]
        spent = dict.fromkeys(running, 0.0)
        for turn in range(self.rounds):
            for name in [name for name in running if turn < 3 or spent[name] < self.seconds]:
                start = time.perf_counter()
                if (answer := self._ask(name, outcomes, do="measure", seconds=self.seconds / self.rounds)) is not None:
                    outcomes[name].times += answer["times"]
                spent[name] += time.perf_counter() - start
        for name in running:
            if (answer := self._ask(name, outcomes, do="memory")) is not None:
                outcomes[name].memory = answer["memory"]
        if self.fresh:
            self.end()
        return outcomes

    def end(self) -> None:
        while self.processes:
            self.processes.popitem()[1].end()

    def _first_calls(self, outcomes: dict[str, Outcome], **task: str) -> dict[str, list[np.ndarray]]:
        """What each returns."""
        results = {}
        with tempfile.TemporaryDirectory() as folder:
            for i, (name, outcome) in enumerate(outcomes.items()):
                package = PACKAGES.get(name)
                if package is not None and find_spec(package) is None:
                    outcome.status = "missing"
                    continue
                if name not in self.processes:
                    self.processes[name] = Process(name, self.core)
                path = Path(folder, f"{i}.npz")
                if (answer := self._ask(name, outcomes, do="first", path=str(path), **task)) is not None:
                    outcome.first, outcome.resident = answer["first"], answer["resident"]
                    with np.load(path) as saved:
                        results[name] = list(saved.values())
        return results

    def _ask(self, name: str, outcomes: dict[str, Outcome], **command: Any) -> dict | None:
        if outcomes[name].status != "ok":
            return None
        try:
            return self.processes[name].ask(self.limit, **command)
        except Stopped as reason:
            outcomes[name].status = str(reason)
            self.processes.pop(name).end()
            return None


def _compare(results: dict[str, list[np.ndarray]], outcomes: dict[str, Outcome]) -> None:
    """Note each result's difference from what is written by hand; one that is too large is a status."""
    if "by hand" not in results:
        raise RuntimeError(f"there is nothing to compare with: by hand: {outcomes['by hand'].status}")
    expected = results["by hand"]
    for name, found in results.items():
        value_alone = name == "primal"
        if value_alone and expected[0].shape != found[0].shape:
            continue  # a Jacobian, which comes without the value
        found_difference = difference(found, expected[:1] if value_alone else expected)
        outcomes[name].difference = found_difference
        if not found_difference <= TOLERANCE:
            outcomes[name].status = f"wrong by {found_difference:.1e}"


def measured_in(outcomes: dict[str, Outcome], clock: float) -> str:
    """A line about what was measured, to show that something happens."""
    shown = (f"{name} {1e6 * o.seconds:.0f} µs" if o.seconds else f"{name}: {o.status}" for name, o in outcomes.items())
    return f"{', '.join(shown)} ({time.perf_counter() - clock:.0f} s)"
