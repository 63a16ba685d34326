"""Cost of updates in place: `python benchmarks/in_place.py` prints it, `--plot PATH` draws it (with matplotlib).

A recurrence that reads and writes single elements must cost its gradient a constant factor, whatever the length:
reading `x[i]` adds to one entry of its adjoint, not to a new array. A linear stencil in a time loop keeps nothing: the
peak memory of its gradient must not depend on the number of steps. A nonlinear one keeps what its derivative reads.
"""

from __future__ import annotations

import argparse
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


def seconds(functions: tuple, x: np.ndarray, rounds: int) -> list[float]:
    """Processor time of a call: the best of some rounds, in which the functions take turns."""
    best = [np.inf] * len(functions)
    for _ in range(rounds):
        for i, function in enumerate(functions):
            start = time.process_time()
            function(x)
            best[i] = min(best[i], time.process_time() - start)
    return best


def element_loop(lengths: list[int]) -> list[tuple[int, float, float]]:
    """Length, seconds of the function, seconds of its gradient."""
    gradient = grad(recurrence)
    rng = np.random.default_rng(0)
    gradient(rng.normal(size=3))  # the first call compiles
    found = []
    for n in lengths:
        function_takes, gradient_takes = seconds((recurrence, gradient), rng.normal(size=n), 5 if n > 50_000 else 15)
        found.append((n, function_takes, gradient_takes))
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

    lengths = [n for n in (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000) if n <= options.largest]
    loops = element_loop(lengths)
    print("| elements | function, s | gradient, s | ratio |\n|---|---|---|---|")
    for n, primal, gradient in loops:
        print(f"| {n} | {primal:.4f} | {gradient:.4f} | {gradient / primal:.2f} |")

    u = np.sin(np.linspace(0, 6, 50_000))
    steps = [10, 50, 100, 200, 400]
    peaks = {f.__name__: [peak(f, u, n) for n in steps] for f in (heat, burgers)}
    print("\n| steps | " + " | ".join(f"{name}, arrays at the peak" for name in peaks) + " |\n|---|---|---|")
    for i, n in enumerate(steps):
        print(f"| {n} | " + " | ".join(f"{values[i]:.1f}" for values in peaks.values()) + " |")
    if options.plot:
        draw(options.plot, loops, steps, peaks)


def draw(path: Path, loops: list[tuple[int, float, float]], steps: list[int], peaks: dict[str, list[float]]) -> None:
    """Time against length, with the line of proportional growth beside it, and peak memory against steps."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update({"svg.hashsalt": "in_place", "svg.fonttype": "path"})  # the same figure gives the same file
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    lengths = np.array([n for n, _, _ in loops])
    for label, column, colour in (("its gradient", 2, "C3"), ("the function", 1, "C0")):
        taken = np.array([row[column] for row in loops])
        left.plot(lengths, taken, "o-", color=colour, markersize=4)
        left.annotate(label, (lengths[-1], taken[-1]), (6, 0), textcoords="offset points", va="center", color=colour)
    gradient = np.array([row[2] for row in loops])
    middle = len(lengths) // 2
    left.plot(lengths, lengths * 2.5 * gradient[middle] / lengths[middle], ":", color="0.5")
    left.annotate(
        "proportional to n", (lengths[middle], 2.5 * gradient[middle]), (-6, 4), textcoords="offset points", ha="right",
        color="0.4",
    )  # fmt: skip
    left.set(xscale="log", yscale="log", xlabel="elements n", ylabel="processor seconds")
    left.set_title("A loop that reads and writes n elements")
    left.set_xlim(lengths[0] / 1.5, lengths[-1] * 8)

    for (name, values), colour in zip(peaks.items(), ("C0", "C3")):
        right.plot(steps, values, "o-", color=colour, markersize=4)
        growth = (values[-1] - values[0]) / (steps[-1] - steps[0])
        label = f"{name}: {values[-1]:.0f}" if growth < 0.01 else f"{name}: {growth:.0f} a step"
        right.annotate(label, (steps[-1], values[-1]), (-4, 8), textcoords="offset points", ha="right", color=colour)
    right.set(xlabel="time steps", ylabel="peak memory, in arrays", title="Gradients of stencils in a time loop")
    right.set_xlim(0, None)
    right.set_ylim(0, 1.15 * max(max(values) for values in peaks.values()))
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25)
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    figure.savefig(path, dpi=110, metadata=metadata)


if __name__ == "__main__":
    main()
