"""Tables, and a plot, of what contenders took: ratios, with their geometric means over groups and sizes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.contenders import PEERS
from benchmarks.workloads import GROUPS, WORKLOADS

# size -> workload -> contender -> what `race.Outcome.as_json` says
Results = dict[str, dict[str, dict[str, dict[str, Any]]]]


def geometric_mean(values: Iterable[float]) -> float | None:
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms)) if logarithms else None


def ratio(outcomes: dict[str, dict], name: str, of: str, key: str = "seconds") -> float | str:
    """The contender's seconds (or what `key` says) over those of another, or why there is no such number."""
    for each in (name, of):
        if each not in outcomes:
            return "not run"
        if outcomes[each]["status"] != "ok":
            return brief(outcomes[each]["status"])
    above, below = outcomes[name][key], outcomes[of][key]
    return above / below if above is not None and below else "not measured"


def brief(status: str) -> str:
    """A status in a table's cell; `failures` lists the reasons."""
    return status if status == "missing" or status.startswith(("over ", "wrong ")) else "failed"


def failures(results: Results) -> str:
    """A line for each contender that has no time, though it is installed."""
    found = [
        f"- {name}, {size}, {contender}: {outcome['status']}"
        for size, by_name in results.items()
        for name, outcomes in by_name.items()
        for contender, outcome in outcomes.items()
        if outcome["status"] not in ("ok", "missing")
    ]
    return "\n".join(["### Without a time", "", *found]) if found else ""


def columns(contenders: Sequence[str]) -> dict[str, Callable[[dict], float | str]]:
    """Heading -> what stands below it for a workload's outcomes."""
    found = {
        "emitted / by hand": lambda outcomes: ratio(outcomes, "emitted", "by hand"),
        "emitted / primal": lambda outcomes: ratio(outcomes, "emitted", "primal"),
    }
    for peer in PEERS:
        if peer in contenders:
            found[f"{MARKS[peer][0]} / emitted"] = lambda outcomes, peer=peer: ratio(outcomes, peer, "emitted")
    found["memory: emitted / by hand"] = lambda outcomes: ratio(outcomes, "emitted", "by hand", "memory")
    return found


def duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for unit, scale in (("s", 1), ("ms", 1e3), ("µs", 1e6)):
        if seconds * scale >= 1 or unit == "µs":
            return f"{seconds * scale:.3g} {unit}"
    raise AssertionError


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def summary(results: Results) -> str:
    """For each size, the geometric means over the workloads, with how many these are, and their range."""
    rows = []
    for heading, cell in columns(PEERS).items():
        cells = []
        for found in results.values():
            values = [value for value in map(cell, found.values()) if not isinstance(value, str)]
            extent = f" ({min(values):.2f} to {max(values):.2f}, of {len(values)})" if values else ""
            cells.append(_shown(geometric_mean(values)) + extent)
        if any(cells):
            rows.append([heading, *cells])
    return table(["geometric mean (range)", *(f"{size} sizes" for size in results)], rows)


def ratios(results: Results, contenders: Sequence[str]) -> str:
    """For each size, a table of ratios: workloads in their groups, geometric means of each group and of all."""
    return "\n\n".join(
        f"### {size.capitalize()} sizes\n\n" + _ratios_of(found, contenders) for size, found in results.items()
    )


def _ratios_of(found: dict[str, dict], contenders: Sequence[str]) -> str:
    wanted = columns(contenders)
    rows, means = [], []
    everything = {heading: [] for heading in wanted}
    for group, names in GROUPS.items():
        within = {heading: [] for heading in wanted}
        for name in (name for name in names if name in found):
            cells = {heading: cell(found[name]) for heading, cell in wanted.items()}
            for heading, value in cells.items():
                if not isinstance(value, str):
                    within[heading].append(value)
            rows.append([name, duration(found[name]["emitted"]["seconds"]), *map(_shown, cells.values())])
        for heading, values in within.items():
            everything[heading] += values
        if any(within.values()):
            means.append([f"*{group}*", "", *(_shown(geometric_mean(values)) for values in within.values())])
    means.append(["**all**", "", *(_shown(geometric_mean(values)) for values in everything.values())])
    return table(["workload; *mean of group*", "emitted", *wanted], [*rows, *means])


def _shown(value: float | str | None) -> str:
    return value if isinstance(value, str) else "" if value is None else f"{value:.2f}"


def firsts_and_memory(results: Results, contenders: Sequence[str]) -> str:
    """For each size, what a first call takes, and by how many bytes the process grew at most in it."""
    parts = []
    for size, found in results.items():
        rows = []
        for name, outcomes in found.items():
            cells = []
            for contender in contenders:
                outcome = outcomes.get(contender, {"status": "not run", "resident": None})
                grown = outcome["resident"]
                cells.append(
                    outcome["status"] if grown is None else f"{duration(outcome['first'])}, {grown / 2**20:.0f} MiB"
                )
            rows.append([name, *cells])
        parts.append(f"### First calls, {size} sizes\n\n" + table(["workload", *contenders], rows))
    return "\n\n".join(parts)


# contender -> its name in the figure, colour and mark
MARKS = {
    "primal": ("function alone", "0.6", "|"),
    "emitted": ("Backprose", "C3", "o"),
    "autograd": ("HIPS autograd", "C0", "s"),
    "torch": ("PyTorch", "C1", "^"),
    "torch.compile": ("torch.compile", "C2", "v"),
    "jax": ("JAX jit", "C4", "D"),
}


def draw(path: Path, results: Results, machine: str) -> None:
    """Time over that of the code written by hand, a point for each contender, a line for each workload."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    names = [name for name in WORKLOADS if any(name in found for found in results.values())][::-1]
    size = 1.5 + 4.8 * len(results), 1.6 + 0.27 * len(names)
    figure, panels = plt.subplots(
        1, len(results), figsize=size, sharex=True, sharey=True, squeeze=False, layout="constrained"
    )
    handles = {}
    for axes, (size, found) in zip(panels[0], results.items()):
        axes.axvline(1, color="0.3", linewidth=1)
        for contender, (label, colour, mark) in MARKS.items():
            values = [ratio(found.get(name, {}), contender, "by hand") for name in names]
            values = [math.nan if isinstance(value, str) else value for value in values]
            if not all(map(math.isnan, values)):
                (handles[label],) = axes.plot(values, range(len(names)), mark, color=colour, markersize=5)
        for group in GROUPS.values():
            first = max((names.index(name) for name in group if name in names), default=0)
            axes.axhline(first + 0.5, color="0.6", linewidth=0.6)
        axes.set(xscale="log", yticks=range(len(names)), yticklabels=names, ylim=(-0.5, len(names) - 0.5))
        axes.xaxis.set_major_formatter("{x:g}")
        axes.set_title(f"{size} sizes", loc="left", fontsize=10)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(handles.values(), handles, loc="outside upper center", ncols=6, fontsize=8, frameon=False)
    below = "time / time of the gradient written by hand", *machine.split("; ")
    figure.supxlabel("\n".join(below), fontsize=7)
    figure.savefig(path, dpi=144)
    plt.close(figure)
