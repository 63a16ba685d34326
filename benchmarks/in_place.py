"""Cost of updates in place: `python benchmarks/in_place.py` prints it, `--plot PATH` draws it (with matplotlib).

A recurrence that reads and writes single elements must cost its gradient a constant factor, whatever the length: reading
`x[i]` adds to one entry of its adjoint, not to a new array. A linear stencil in a time loop keeps nothing: the peak
memory of its gradient must not depend on the number of steps; a nonlinear one keeps one slice for each step.
"""

from __future__ import annotations

import argparse
import statistics
import time
import tracemalloc
from pathlib import Path

import numpy as np

from backprose import grad


def recurrence(x):
    y = np.zeros(len(x))
    y[0] = x[0]
    for i in range(1, len(x)):
        y[i] = 0.5 * y[i - 1] * x[i] + np.sin(x[i])
    return np.sum(y * y)


def heat(u, alpha, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1] += alpha * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def burgers(u, dt, steps):
    u = u.copy()
    for _ in range(steps):
        u[1:-1] -= dt * u[1:-1] * (u[2:] - u[:-2])
    return np.sum(u**2)


def seconds(call, rounds: int = 5) -> float:
    call()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def element_loop(lengths: list[int]) -> list[tuple[int, float, float]]:
    """Length, seconds of the function, seconds of its gradient."""
    gradient = grad(recurrence)
    rng = np.random.default_rng(0)
    found = []
    for n in lengths:
        x = rng.normal(size=n)
        rounds = 3 if n > 100_000 else 5
        found.append((n, seconds(lambda: recurrence(x), rounds), seconds(lambda: gradient(x), rounds)))
    return found


def peak(function, u: np.ndarray, steps: int) -> float:
    """Peak memory of a gradient, in arrays like `u`."""
    gradient = grad(function)
    gradient(u, 1e-3, 1)
    tracemalloc.start()
    gradient(u, 1e-3, steps)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most / u.nbytes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--largest", type=int, default=1_000_000, help="length of the longest element loop (1000000)")
    parser.add_argument("--plot", type=Path, help="also draw the two tables to this file")
    options = parser.parse_args()

    lengths = [n for n in (1_000, 10_000, 100_000, 1_000_000) if n <= options.largest]
    loops = element_loop(lengths)
    print("| elements | function, s | gradient, s | ratio |\n|---|---|---|---|")
    for n, primal, gradient in loops:
        print(f"| {n} | {primal:.4f} | {gradient:.4f} | {gradient / primal:.2f} |")

    u = np.random.default_rng(0).normal(size=100_000)
    steps = [10, 50, 100, 200]
    peaks = {f.__name__: [peak(f, u, n) for n in steps] for f in (heat, burgers)}
    print("\n| steps | " + " | ".join(f"{name}, arrays at the peak" for name in peaks) + " |\n|---|---|---|")
    for i, n in enumerate(steps):
        print(f"| {n} | " + " | ".join(f"{values[i]:.1f}" for values in peaks.values()) + " |")
    if options.plot:
        draw(options.plot, loops, steps, peaks)


def draw(path: Path, loops: list[tuple[int, float, float]], steps: list[int], peaks: dict[str, list[float]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4))
    left.loglog([n for n, _, _ in loops], [p for _, p, _ in loops], "o-", label="function")
    left.loglog([n for n, _, _ in loops], [g for _, _, g in loops], "o-", label="gradient")
    left.set(xlabel="elements", ylabel="seconds", title="A loop over elements")
    left.legend()
    for name, values in peaks.items():
        right.plot(steps, values, "o-", label=name)
    right.set(xlabel="steps", ylabel="peak memory, in arrays", title="A stencil in a time loop", ylim=(0, None))
    right.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
