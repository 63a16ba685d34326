"""What compiling costs, and how it grows: `python -m benchmarks.compile_time`.

Programs of 10 to 1,000 lines of three kinds (straight-line NumPy code; loops, branches and updates in place; calls of
small functions), each compiled to its gradient and to its tangent. Every program stands in a module of its own, so that
nothing of it has been seen. The first compilation of a kind also learns the kinds of results and loads rules ("cold");
the others find these ("warm"). The exponent is the slope of the logarithm of the time over that of the number of
lines: 1 is linear. `--passes` also prints what each step takes of one compilation. Times are processor time, the least
of `--rounds` compilations.
"""

from __future__ import annotations

import argparse
import cProfile
import gc
import importlib
import json
import math
import platform
import pstats
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

import backprose

SIZES = (10, 50, 200, 1000)

FORMS = (
    "t{n} = np.sin(t{m}) * a",
    "t{n} = t{m} + np.exp(-b * b)",
    "t{n} = t{m} / (1 + t{k} * t{k})",
    "t{n} = np.sqrt(1 + t{m} ** 2)",
    "t{n} = t{m} * np.mean(t{k}) - b",
)


def straight(lines: int) -> list[str]:
    """One assignment a line, each of which reads earlier ones."""
    body = ["t0 = np.tanh(a * b + 0.5)"]
    body += [FORMS[n % len(FORMS)].format(n=n, m=n - 1, k=max(0, n - 3)) for n in range(1, lines - 2)]
    return ["def program(a, b):", *indent(body), f"    return np.sum(t{lines - 3} * t0)"]


def control(lines: int) -> list[str]:
    """Loops that carry, updates in place and branches, in blocks of ten lines."""
    block = (
        "for i in range(3):",
        "    t = t * 0.5 + i * a",
        "    u[i] += np.sin(t[i])",
        "if np.sum(t) > 0:",
        "    t = t * 2",
        "else:",
        "    t = t - u * b",
        "u[1:] = u[1:] * t[:-1]",
        "u += np.cos(t)",
        "t = t / (1 + t * t)",
    )
    body = [block[n % len(block)] for n in range(lines // 10 * 10)]
    return ["def program(a, b):", *indent(["t = np.tanh(a * b)", "u = a * b", *body]), "    return np.sum(t * u)"]


def calls(lines: int) -> list[str]:
    """Calls of functions of two lines, which are inlined."""
    helpers = (
        "def layer(x, w):",
        "    h = np.tanh(x * w)",
        "    return h * 0.5 + x",
        "",
        "",
        "def mix(x, y):",
        "    s = np.mean(y)",
        "    return x * s + y / (1 + s * s)",
        "",
        "",
    )
    body = ["t0 = a * b"]
    forms = "t{n} = layer(t{m}, a)", "t{n} = mix(t{m}, b)"
    body += [forms[n % 2].format(n=n, m=n - 1) for n in range(1, max(lines // 3, 3))]
    return [*helpers, "def program(a, b):", *indent(body), f"    return np.sum(t{max(lines // 3, 3) - 1})"]


PROGRAMS: dict[str, Callable[[int], list[str]]] = {"straight": straight, "control": control, "calls": calls}


def indent(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


@contextmanager
def modules(kind: str, lines: int, count: int) -> Iterator[list[Callable]]:
    """The program `count` times, each in a module that nobody has seen."""
    with tempfile.TemporaryDirectory() as folder:
        sys.path.insert(0, folder)
        try:
            functions = []
            for i in range(count):
                name = f"{kind}_{lines}_{i}_{time.monotonic_ns()}"
                Path(folder, f"{name}.py").write_text("\n".join(["import numpy as np", *[""] * (2 + i), *PROGRAMS[kind](lines), ""]))
                functions.append(importlib.import_module(name).program)
            yield functions
        finally:
            sys.path.remove(folder)


ARGUMENTS = np.linspace(0.1, 1, 10), np.linspace(-1, 1, 10)


def compile_gradient(function: Callable) -> None:
    backprose.grad(function)(*ARGUMENTS)


def compile_tangent(function: Callable) -> None:
    backprose.jvp(function, ARGUMENTS, ARGUMENTS)


MODES = {"grad": compile_gradient, "jvp": compile_tangent}


def seconds(compile_it: Callable, function: Callable) -> float:
    gc.collect()
    start = time.process_time()
    compile_it(function)
    return time.process_time() - start


def measured(kind: str, mode: str, sizes: tuple[int, ...], rounds: int) -> dict[str, float]:
    """Milliseconds: the first compilation of all, and the least of some others for each size."""
    results: dict[str, float] = {}
    for lines in sizes:
        with modules(kind, lines, rounds + 1) as (first, *others):
            cold = seconds(MODES[mode], first)
            results.setdefault("cold", 1e3 * cold)
            results[str(lines)] = 1e3 * min(seconds(MODES[mode], function) for function in others)
    return results


def exponent(results: dict[str, float], sizes: tuple[int, ...]) -> float:
    """The slope between the two largest programs."""
    small, large = sizes[-2:]
    return math.log(results[str(large)] / results[str(small)]) / math.log(large / small)


def steps(kind: str, mode: str, lines: int) -> list[tuple[str, int, float]]:
    """What the steps of one compilation take under a profiler, which slows
    all of them: the longest ones, with calls and milliseconds."""
    with modules(kind, lines, 2) as (first, function):
        MODES[mode](first)
        profile = cProfile.Profile()
        profile.runcall(MODES[mode], function)
    found: dict[str, tuple[int, float]] = {}
    for (file, _, name), (_, calls, _, inclusive, callers) in pstats.Stats(profile).stats.items():
        if "backprose" in file and any(caller in STAGES and "backprose" in where for where, _, caller in callers):
            before = found.get(name, (0, 0.0))
            found[name] = before[0] + calls, before[1] + 1e3 * inclusive
    rows = [(name, *rest) for name, rest in found.items() if name.isidentifier() and rest[0] <= 40]
    return sorted(rows, key=lambda row: -row[2])[:25]


# Whose callees are steps.
STAGES = {"compile_function", "_compiled", "differentiated", "gradient", "_start", "<dictcomp>", "run_passes", "modules_after", "emit", "_function"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="compilations of each program (3)")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="lines of the programs (10 50 200 1000)")
    parser.add_argument("--passes", action="store_true", help="also what the steps of a gradient of 200 lines take")
    parser.add_argument("--json", type=Path, help="also write the numbers to this file")
    options = parser.parse_args()
    sizes = tuple(sorted(options.sizes))

    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}\n")
    print(f"| program | derivative | cold, ms | {' | '.join(f'{n} lines, ms' for n in sizes)} | exponent |")
    print("|" + "---|" * (len(sizes) + 4))
    results = {}
    for kind in PROGRAMS:
        for mode in MODES:
            found = results[f"{kind}, {mode}"] = measured(kind, mode, sizes, options.rounds)
            if len(sizes) > 1:
                found["exponent"] = exponent(found, sizes)
            numbers = " | ".join(f"{found[str(n)]:.0f}" for n in sizes)
            print(f"| {kind} | {mode} | {found['cold']:.0f} | {numbers} | {found.get('exponent', math.nan):.2f} |", flush=True)
    if options.passes:
        print("\n| step of a gradient of 200 lines | calls | profiled, ms |\n|---|---|---|")
        for name, calls, milliseconds in steps("straight", "grad", 200):
            print(f"| {name} | {calls} | {milliseconds:.1f} |")
    if options.json:
        options.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
