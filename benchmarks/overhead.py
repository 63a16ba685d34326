"""Prints what compiling and calling cost: `python -m benchmarks.overhead`.

The first gradient of a process, the first calls for a function of fifty lines, and what a call costs over the emitted
function itself. The markdown table goes to standard output, and the same as JSON to the path given by `--json`.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import statistics
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.timing import medians  # first: it keeps NumPy to one thread

import numpy as np  # noqa: E402

from backprose import grad  # noqa: E402


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
    results["call over the emitted function, µs"] = dispatch_microseconds(options.rounds)

    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}\n")
    print("| what | measured |\n|---|---|")
    for what, value in results.items():
        print(f"| {what} | {value:.2f} |")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
