"""A contender in a process of its own: `python -m benchmarks.worker CONTENDER`.

It reads commands from standard input, one JSON object a line, and answers each with one: "first" (the first call for a
workload, whose result is saved where the command says), "measure" (times of calls, for some seconds), "memory". So the
process that started it lets several take turns.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import time
import tracemalloc
from pathlib import Path

from benchmarks.timing import batch_of, seconds_of  # first: it keeps NumPy to one thread

import numpy as np  # noqa: E402

from benchmarks.contenders import CONTENDERS, OURS, Call, Task  # noqa: E402


def resident(most: bool = False) -> int:
    """Bytes of memory in use by this process; or the most that there were since they were reset."""
    wanted = "VmHWM:" if most else "VmRSS:"
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(wanted))
    return int(line.split()[1]) * 1024


def reset_most() -> None:
    Path("/proc/self/clear_refs").write_text("5")


def keep_freed_memory() -> None:
    """Bring the C library to keep memory that is freed, as it does once a program has freed one large array.

    In a process that has not, glibc gives it back to the system after each array, and every call pays for new pages. That
    depends on what a process did before, not on the code that is compared.
    """
    np.empty(2**25 - 2**16, np.uint8)  # just under the largest size that it adapts to; no page of it is touched


class Worker:
    def __init__(self, contender: str):
        keep_freed_memory()
        self.contender = contender
        self.call: Call | None = None
        self.batch = 0

    def first(self, workload: str, size: str, path: str) -> dict:
        """Makes the arguments, then times preparing the call and the first call; tools' libraries are loaded in it."""
        task = Task(workload, size)
        self.call, self.batch = None, 0
        task.arguments  # noqa: B018
        gc.collect()
        reset_most()
        before, start = resident(), time.perf_counter()
        self.call = CONTENDERS[self.contender](task)
        result = self.call()
        taken = time.perf_counter() - start
        grown = resident(most=True) - before
        np.savez(path, *([np.asarray(result)] if self.contender == "primal" else task.checked(result)))
        return {"first": taken, "resident": grown}

    def measure(self, seconds: float) -> dict:
        """Times of calls in batches of a few milliseconds, until the seconds are used up."""
        gc.collect()
        gc.disable()
        if not self.batch:
            self.batch = batch_of(self.call, 5e-3)
        end = time.perf_counter() + seconds
        times = [seconds_of(self.call, self.batch)]
        while time.perf_counter() + times[-1] * self.batch < end:
            times.append(seconds_of(self.call, self.batch))
        gc.enable()
        return {"times": times}

    def memory(self) -> dict:
        """Peak memory of one call that NumPy and Python allocate; what other tools allocate can't be seen like this."""
        if self.contender not in (*OURS, "autograd"):
            return {"memory": None}
        gc.collect()
        tracemalloc.start()
        self.call()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return {"memory": most}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("contender", choices=tuple(CONTENDERS))
    worker = Worker(parser.parse_args().contender)
    # Libraries may print; answers go to what was standard output.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(worker, command.pop("do"))(**command)
        except Exception as error:  # a contender may fail in any way; it is reported
            answer = {"error": f"{type(error).__name__}: {error}".splitlines()[0][:300]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
