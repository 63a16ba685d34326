"""Times of calls that take turns, on one thread: what disturbs the machine disturbs all of them.

Times are of the processor, of all threads of the process: what others do on the same core is not counted.
"""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable

# One thread: two libraries that share the cores would measure each other. This is read when NumPy is imported.
THREADS = 1
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, str(THREADS))


def batch_of(call: Callable[[], object], seconds: float) -> int:
    """How many calls take about this long; the first is not counted."""
    call()
    return max(1, int(seconds / max(seconds_of(call, 1), 1e-7)))


def seconds_of(call: Callable[[], object], batch: int) -> float:
    """Seconds of one call, of a batch."""
    start = time.process_time()
    for _ in range(batch):
        call()
    return (time.process_time() - start) / batch


def medians(candidates: dict[str, Callable[[], object]], rounds: int, seconds: float = 2e-3) -> dict[str, float]:
    """Median seconds of one call of each candidate, which take turns; each turn is a batch of about `seconds`."""
    return {name: statistics.median(values) for name, values in turns(candidates, rounds, seconds).items()}


def minima(candidates: dict[str, Callable[[], object]], rounds: int, seconds: float = 2e-3) -> dict[str, float]:
    """The least seconds of one call of each candidate, in the same turns: what others on the machine disturb least."""
    return {name: min(values) for name, values in turns(candidates, rounds, seconds).items()}


def turns(candidates: dict[str, Callable[[], object]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Seconds of one call of each candidate, in each of its turns."""
    batches = {name: batch_of(call, seconds) for name, call in candidates.items()}
    times = {name: [] for name in candidates}
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in candidates.items():
                times[name].append(seconds_of(call, batches[name]))
    finally:
        gc.enable()
    return times
