"""Emitted gradients against those written by hand and those of other tools: `python -m benchmarks.run`.

For each workload and size, every contender computes the gradient in a process of its own, which is pinned to one core
and uses one thread. The gradients are compared (to 1e-6, relative), then the contenders take turns; a time is the
median of all turns, in processor time. `--quick` runs some of the workloads at their small sizes, in less than three
minutes. Tables go to standard output; tables, numbers and a figure go to `benchmarks/results/run.md`, `.json` and
`.png` (of a part of it: `part`). What is not installed is reported as missing.
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
from typing import Any

from benchmarks.contenders import CONTENDERS, OURS, PACKAGES
from benchmarks.race import FLAGS, Race, measured_in
from benchmarks.report import Results, draw, failures, firsts_and_memory, ratios, summary
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
    add = parser.add_argument
    add("workloads", nargs="*", metavar="WORKLOAD", help="those to run (all)")
    add("--quick", action="store_true", help="some workloads, small sizes, no torch.compile: under three minutes")
    add("--sizes", nargs="+", choices=("tiny", "small", "large"), help="(small and large)")
    add("--contenders", nargs="+", choices=tuple(CONTENDERS), help="besides by hand (all)")
    add("--rounds", type=int, default=15, help="turns of each contender (15)")
    add("--seconds", type=float, help="of each contender, in all of its turns (1.5; quick: 0.3)")
    add("--limit", type=float, default=60, help="seconds that a first call may take, compiling included (60)")
    add("--core", type=int, help="the core that contenders are pinned to (the last)")
    add("--output", type=Path, help="where results go, without a suffix (benchmarks/results/run; of a part: part)")
    add("--resume", action="store_true", help="keep what the output has already, and run the rest")
    found = parser.parse_args()
    if unknown := set(found.workloads) - set(WORKLOADS):
        parser.error(f"no workload {', '.join(sorted(unknown))}; there are {', '.join(WORKLOADS)}")
    quick = found.quick
    stem = "part" if quick or found.workloads or found.sizes or found.contenders else "run"
    found.output = found.output or FOLDER / stem
    found.workloads = found.workloads or (QUICK if quick else WORKLOADS)
    found.sizes = found.sizes or (("small",) if quick else ("small", "large"))
    chosen = found.contenders or [name for name in CONTENDERS if not (quick and name == "torch.compile")]
    found.contenders = [name for name in CONTENDERS if name in {"by hand", *chosen}]
    found.seconds = found.seconds or (0.3 if quick else 1.5)
    found.core = max(os.sched_getaffinity(0)) if found.core is None else found.core
    return found


def measured(chosen: argparse.Namespace, written: dict[str, Any]) -> None:
    """Runs the race of each workload at each size that has no results; they are written to the output one by one."""
    race = Race(
        chosen.contenders, rounds=chosen.rounds, seconds=chosen.seconds, limit=chosen.limit, core=chosen.core,
        fresh=not chosen.quick,
    )  # fmt: skip
    try:
        for size in chosen.sizes:
            results = written["results"].setdefault(size, {})
            for name in [name for name in chosen.workloads if name not in results]:
                start = time.perf_counter()
                outcomes = race.run(name, size)
                print(f"{size} {name}: {measured_in(outcomes, start)}", file=sys.stderr, flush=True)
                results[name] = {who: outcome.as_json() for who, outcome in outcomes.items()}
                written["minutes"] = round(written["minutes"] + (time.perf_counter() - start) / 60, 2)
                text = json.dumps(written, indent=1, ensure_ascii=False) + "\n"
                chosen.output.with_suffix(".json").write_text(text)
    finally:
        race.end()


def main() -> int:
    chosen = options()
    where = machine()
    written: dict[str, Any] = {"machine": where, "flags": FLAGS, "minutes": 0.0, "results": {}}
    numbers = chosen.output.with_suffix(".json")
    numbers.parent.mkdir(parents=True, exist_ok=True)
    if chosen.resume and numbers.exists():
        written = json.loads(numbers.read_text())
        if written["machine"] != where:
            sys.exit(f"{numbers} is of another machine, or of other versions: {written['machine']}")
    measured(chosen, written)
    results: Results = written["results"]
    described = f"{where['processor']}; " + ", ".join(f"{name} {v}" for name, v in where.items() if name != "processor")
    parts = described, summary(results), ratios(results, chosen.contenders)
    parts += firsts_and_memory(results, chosen.contenders), failures(results)
    text = "\n\n".join(filter(None, parts))
    print(text)
    print(f"\n{written['minutes']:.1f} minutes", file=sys.stderr)
    chosen.output.with_suffix(".md").write_text(f"# Gradients against others\n\n{text}\n")
    draw(chosen.output.with_suffix(".png"), results, described)
    statuses = [
        (who, o["status"]) for names in results.values() for found in names.values() for who, o in found.items()
    ]
    return int(any(status.startswith("wrong") or who in OURS and status != "ok" for who, status in statuses))


if __name__ == "__main__":
    sys.exit(main())
