"""Prints the ratios that README.md quotes: `python benchmarks/run.py`.

For each workload, the emitted value and gradient against the same written by hand and against the function itself;
then what a first call costs for a function of fifty lines, and what a call costs over the emitted function itself.
The candidates of one ratio take turns, so that a busy machine slows all of them; a ratio is one of medians. The
markdown table goes to standard output, and the same as JSON to the path given by `--json`.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# One thread: two libraries that share the cores would measure each other.
for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

import numpy as np  # noqa: E402

from backprose import grad, value_and_grad  # noqa: E402

WORKLOADS = ("logistic", "newton", "mlp")


def medians(candidates: dict[str, Callable[[], object]], rounds: int, seconds: float = 2e-3) -> dict[str, float]:
    """Median seconds of one call of each candidate, which take turns; each turn is a batch of about `seconds`."""
    batches = {}
    for name, call in candidates.items():
        call()
        start = time.perf_counter()
        call()
        batches[name] = max(1, int(seconds / max(time.perf_counter() - start, 1e-7)))
    times = {name: [] for name in candidates}
    gc.disable()
    try:
        for _ in range(rounds):
            for name, call in candidates.items():
                start = time.perf_counter()
                for _ in range(batches[name]):
                    call()
                times[name].append((time.perf_counter() - start) / batches[name])
    finally:
        gc.enable()
    return {name: statistics.median(values) for name, values in times.items()}


def assert_same(a, b) -> None:
    """Both values and gradients agree, entry by entry through lists, tuples and dicts."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        a, b = list(a.values()), [b[key] for key in a]
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        for left, right in zip(a, b):
            assert_same(left, right)
    else:
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


def gradient_ratios(name: str, rounds: int) -> dict[str, float]:
    workload = importlib.import_module(f"workloads.{name}")
    arguments = workload.arguments(np.random.default_rng(0))
    compiled = value_and_grad(workload.primal, argnums=workload.ARGNUMS)
    assert_same(compiled(*arguments), workload.by_hand(*arguments))
    seconds = medians(
        {
            "emitted": lambda: compiled(*arguments),
            "by hand": lambda: workload.by_hand(*arguments),
            "primal": lambda: workload.primal(*arguments),
        },
        rounds,
    )
    return {
        f"{name}: emitted / written by hand": seconds["emitted"] / seconds["by hand"],
        f"{name}: emitted / function itself": seconds["emitted"] / seconds["primal"],
    }


def fifty_lines() -> str:
    """A function of fifty lines: elementwise chains, products, reductions, a loop and a branch."""
    body = ["t0 = np.tanh(a * b + 0.5)"]
    forms = (
        "t{n} = np.sin(t{m}) * a",
        "t{n} = t{m} + np.exp(-b * b)",
        "t{n} = t{m} / (1 + t{k} * t{k})",
        "t{n} = np.sqrt(1 + t{m} ** 2)",
        "t{n} = t{m} * np.mean(t{k}) - b",
    )
    for n in range(1, 44):
        body.append(forms[n % len(forms)].format(n=n, m=n - 1, k=max(0, n - 3)))
    body += [
        "for i in range(3):",
        "    t43 = t43 * 0.5 + i * a",
        "if np.sum(t43) > 0:",
        "    t43 = t43 * 2",
    ]
    return "\n    ".join(["def generated(a, b):", *body, "return np.sum(t43 * t0)"])


def compile_milliseconds(module: str) -> float:
    """The first call of a gradient of fifty lines, less the second, for a function in a new module of this name."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"{module}.py").write_text("import numpy as np\n\n\n" + fifty_lines() + "\n")
        sys.path.insert(0, folder)
        try:
            compiled = grad(importlib.import_module(module).generated)
            arguments = np.linspace(0.1, 1, 10), np.linspace(-1, 1, 10)
            start = time.perf_counter()
            compiled(*arguments)
            first = time.perf_counter() - start
            start = time.perf_counter()
            compiled(*arguments)
            return 1e3 * (first - (time.perf_counter() - start))
        finally:
            sys.path.remove(folder)


def square(x):
    return x * x


def dispatch_microseconds(rounds: int) -> float:
    """What a call of a compiled gradient costs over calling the emitted function."""
    compiled = grad(square)
    compiled(3.0)
    emitted = compiled.specializations[-1].function
    seconds = medians({"call": lambda: compiled(3.0), "emitted": lambda: emitted(3.0)}, rounds)
    return 1e6 * (seconds["call"] - seconds["emitted"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200, help="turns of each candidate (200)")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()

    start = time.perf_counter()
    grad(square)(3.0)
    results = {"first gradient of a process, which loads the compiler, ms": 1e3 * (time.perf_counter() - start)}
    results["a gradient of fifty lines whose rules are new, ms"] = compile_milliseconds("fifty_lines_first")
    again = [compile_milliseconds(f"fifty_lines_again_{i}") for i in range(3)]
    results["compiling a gradient of fifty lines, ms"] = statistics.median(again)
    for name in WORKLOADS:
        results |= gradient_ratios(name, options.rounds)
    results["call over the emitted function, µs"] = dispatch_microseconds(options.rounds)

    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}\n")
    print("| what | measured |\n|---|---|")
    for what, value in results.items():
        print(f"| {what} | {value:.2f} |")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
