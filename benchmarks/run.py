"""Emitted gradients against those written by hand and those of other tools: `python -m benchmarks.run`.

For each workload and size, every contender computes the gradient in a process of its own, which is pinned to one core
and uses one thread. The gradients are compared (to 1e-6, relative), then the contenders take turns; a time is the
median of all turns. `--quick` runs some of the workloads at their small sizes, in less than three minutes. Tables go
to standard output as markdown; `--json` and `--plot` say where numbers and a figure go. What is not installed is
reported as missing.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import time
from pathlib import Path

from benchmarks.contenders import CONTENDERS, OURS, PACKAGES
from benchmarks.race import FLAGS, Outcome, Race, measured_in
from benchmarks.report import draw, failures, firsts_and_memory, ratios
from benchmarks.timing import THREADS
from benchmarks.workloads import WORKLOADS

QUICK = (
    "logistic",
    "rosenbrock",
    "mlp",
    "jacobi_2d",
    "nbody",
    "chain",
    "cross_entropy",
    "gmm",
    "ba",
    "gaussian_process",
)
FOLDER = Path(__file__).parent / "results"


def machine() -> dict[str, str]:
    """What the numbers depend on."""
    processor = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else ():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    packages = ("numpy", "scipy", *sorted(set(PACKAGES.values())))
    versions = {name: _version(name) for name in packages}
    return {
        "processor": f"{processor}, {os.cpu_count()} cores ({platform.machine()}), {THREADS} thread on one of them",
        "python": platform.python_version(),
        **versions,
    }


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "missing"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD", help="those to run (all)")
    parser.add_argument(
        "--quick", action="store_true", help="some workloads, small sizes, no torch.compile: under three minutes"
    )
    parser.add_argument("--sizes", nargs="+", choices=("tiny", "small", "large"), help="small and large")
    parser.add_argument("--contenders", nargs="+", choices=tuple(CONTENDERS), help="besides by hand (all)")
    parser.add_argument("--rounds", type=int, default=15, help="turns of each contender (15)")
    parser.add_argument("--seconds", type=float, help="of each contender, in all of its turns (1.5; quick: 0.3)")
    parser.add_argument(
        "--limit", type=float, default=60, help="seconds that a first call may take, compiling included (60)"
    )
    parser.add_argument("--core", type=int, help="the core that contenders are pinned to (the last)")
    parser.add_argument(
        "--json", type=Path, default=FOLDER / "run.json", help="where the numbers go (results/run.json)"
    )
    parser.add_argument("--plot", type=Path, default=FOLDER / "run.png", help="where the figure goes (results/run.png)")
    found = parser.parse_args()
    unknown = set(found.workloads) - set(WORKLOADS)
    if unknown:
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    quick = found.quick
    found.workloads = found.workloads or (QUICK if quick else WORKLOADS)
    found.sizes = found.sizes or (("small",) if quick else ("small", "large"))
    chosen = found.contenders or [name for name in CONTENDERS if not (quick and name == "torch.compile")]
    found.contenders = [name for name in CONTENDERS if name in {"by hand", *chosen}]
    found.seconds = found.seconds or (0.3 if quick else 1.5)
    found.core = max(os.sched_getaffinity(0)) if found.core is None else found.core
    return found


def main() -> int:
    chosen = options()
    start = time.perf_counter()
    race = Race(
        chosen.contenders, rounds=chosen.rounds, seconds=chosen.seconds, limit=chosen.limit, core=chosen.core,
        fresh=not chosen.quick,
    )  # fmt: skip
    results: dict[str, dict[str, dict[str, Outcome]]] = {}
    for size in chosen.sizes:
        for name in chosen.workloads:
            clock = time.perf_counter()
            outcomes = race.run(name, size)
            results.setdefault(size, {})[name] = outcomes
            print(f"{size} {name}: {measured_in(outcomes, clock)}", file=sys.stderr, flush=True)
    race.end()
    taken = time.perf_counter() - start

    numbers = {
        size: {name: {who: o.as_json() for who, o in outcomes.items()} for name, outcomes in found.items()}
        for size, found in results.items()
    }
    where = machine()
    described = ", ".join(f"{key} {value}" for key, value in where.items() if key != "processor")
    print(f"{where['processor']}; {described}\n")
    print(ratios(numbers, chosen.contenders))
    print()
    print(firsts_and_memory(numbers, chosen.contenders))
    print()
    print(failures(numbers))
    print(f"\n{taken / 60:.1f} minutes", file=sys.stderr)
    written = {"machine": where, "flags": FLAGS, "minutes": taken / 60, "results": numbers}
    for path in (chosen.json, chosen.plot):
        path.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")
    draw(chosen.plot, numbers, f"{where['processor']}; {described}")
    outcomes = [
        (who, outcome) for found in results.values() for by_name in found.values() for who, outcome in by_name.items()
    ]
    return int(any(who in OURS and o.status != "ok" or o.status.startswith("wrong") for who, o in outcomes))


if __name__ == "__main__":
    sys.exit(main())
