"""Memory against time of checkpointed loops: `python benchmarks/checkpointing.py` prints it, `--plot PATH` draws it.

A nonlinear time loop of 100,000 steps is differentiated with everything kept, in segments, and under binomial
schedules, as a `for` and as a `while` whose length nobody knows.
Times are of one run and relative to that with everything kept; memory is the peak, in states that the loop carries.
"""

from __future__ import annotations

import argparse
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

from backprose import checkpoint, grad


def store_all(u, dt, steps):
    for _ in range(steps):
        u = u + dt * np.sin(3 * u)
    return np.sum(u * u)


def square_root(u, dt, steps):
    for _ in checkpoint(range(steps)):
        u = u + dt * np.sin(3 * u)
    return np.sum(u * u)


def binomial(u, dt, steps, snapshots, every):
    for _ in checkpoint(range(steps), schedule="binomial", snapshots=snapshots, every=every):
        u = u + dt * np.sin(3 * u)
    return np.sum(u * u)


def online(u, dt, steps, snapshots, every):
    t = 0
    while checkpoint(t < steps, schedule="binomial", snapshots=snapshots, every=every):
        u = u + dt * np.sin(3 * u)
        t += 1
    return np.sum(u * u)


def measure(function: Callable, u: np.ndarray, steps: int, *options: int) -> tuple[float, float, np.ndarray]:
    """Processor time, peak memory in states, and the gradient. The peak is of a run of its own, which it slows."""
    gradient = grad(function)
    gradient(u, 1e-4, 2, *options)  # the first call compiles
    start = time.process_time()
    found = gradient(u, 1e-4, steps, *options)
    taken = time.process_time() - start
    tracemalloc.start()
    gradient(u, 1e-4, steps, *options)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return taken, most / u.nbytes, found


SCHEDULES = [
    ("everything kept", store_all, ()),
    ("segments of sqrt(n)", square_root, ()),
    ("binomial, 100 snapshots", binomial, (100, 20)),
    ("binomial, 30 snapshots", binomial, (30, 10)),
    ("binomial, 10 snapshots", binomial, (10, 4)),
    ("`while`, 100 snapshots", online, (100, 20)),
    ("`while`, 30 snapshots", online, (30, 10)),
    ("`while`, 10 snapshots", online, (10, 4)),
]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=100_000, help="steps of the loop (100000)")
    parser.add_argument("--length", type=int, default=500, help="numbers in a state (500)")
    parser.add_argument("--plot", type=Path, help="also draw the table to this file")
    options = parser.parse_args()

    u = np.sin(np.linspace(0, 6, options.length))
    rows, expected = [], None
    print("| schedule | states at the peak | time / everything kept |\n|---|---|---|")
    for name, function, more in SCHEDULES:
        taken, most, gradient = measure(function, u, options.steps, *more)
        expected = gradient if expected is None else expected
        assert np.array_equal(gradient, expected), name
        rows.append((name, most, taken))
        print(f"| {name} | {most:.0f} | {taken / rows[0][2]:.2f} |", flush=True)
    if options.plot:
        draw(options.plot, rows, options.steps)


def draw(path: Path, rows: list[tuple[str, float, float]], steps: int) -> None:
    """Peak memory against time, a point for each schedule."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 3.8), layout="constrained")
    most = np.array([row[1] for row in rows])
    ratios = np.array([row[2] for row in rows]) / rows[0][2]
    unknown = [i for i, (name, _, _) in enumerate(rows) if name.startswith("`while`")]
    known = [i for i in range(len(rows)) if i not in unknown]
    axes.plot(most[known], ratios[known], "-", color="0.8", zorder=0)
    axes.plot(most[unknown], ratios[unknown], "D", color="C2", markersize=4, label="the same, of a while loop")
    for i in known:
        name = rows[i][0]
        colour = "C3" if name.startswith("binomial") else "C0"
        axes.plot(most[i], ratios[i], "o", color=colour)
        axes.annotate(name, (most[i], ratios[i]), (7, 7), textcoords="offset points", color=colour)
    axes.legend(frameon=False, loc="lower left", fontsize=9)
    axes.axhline(1, color="0.7", linewidth=0.8, linestyle=":")
    axes.set_xscale("log")
    axes.set_xlim(right=most[0] * 12)
    axes.set_ylim(0, max(ratios) * 1.15)
    axes.set_xlabel("peak memory, in states that the loop carries")
    axes.set_ylabel("time / time with everything kept")
    axes.set_title(f"The gradient of a time loop of {steps:,} steps", loc="left", fontsize=10)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=144)


if __name__ == "__main__":
    main()
