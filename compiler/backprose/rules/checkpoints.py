"""Checkpoints, as the compiler sees them: what marks a loop, until the loop is differentiated.

A loop over `paced(iterable, ...)`, or a `while` whose condition is `paced(test, ...)`, is taken apart into segments by
reverse mode (`transform/segments.py`). Whatever is not differentiated in reverse is the loop that it was.
"""

from __future__ import annotations

from typing import Any

OPTIONS = ("every", "memory", "schedule", "snapshots")


def paced(subject: Any, every: Any, memory: Any, schedule: Any, snapshots: Any) -> Any:
    """The subject itself."""
    return subject


def refusal_of_options(every: Any, memory: Any, schedule: Any, snapshots: Any) -> str:
    """What is wrong with the options of `checkpoint`, as far as it is known (`...` is not), or ""."""
    for name, value in (("every", every), ("snapshots", snapshots)):
        if value is None or value is ...:
            continue
        if isinstance(value, bool) or not hasattr(type(value), "__index__"):
            return f"{name}={value!r} is not a whole number"
        if value < 1:
            return f"{name}={value!r} is not positive"
    if schedule is ... or memory is ...:
        return "which schedule is taken must be known when compiling"
    if schedule not in (None, "binomial"):
        return f"schedule={schedule!r} is not known; it may be 'binomial', or left out"
    if memory is not None and (every, schedule, snapshots) != (None, None, None):
        return "memory= chooses the segments and the snapshots: leave the other options out"
    if memory is not None:
        return "" if bytes_of(memory) else f"memory={memory!r} is no size: give a number of bytes, or text like '200MB'"
    if (schedule is None) != (snapshots is None):
        return "schedule='binomial' and snapshots= belong together"
    return ""


UNITS = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}


def bytes_of(memory: Any) -> int:
    """A size in bytes from a number or from text like "200MB"; 0 where it is none."""
    if isinstance(memory, int) and not isinstance(memory, bool):
        return max(memory, 0)
    text = str(memory).strip().upper()
    unit = next((u for u in sorted(UNITS, key=len, reverse=True) if text.endswith(u)), "")
    try:
        return max(int(float(text.removesuffix(unit)) * UNITS[unit]), 0) if unit else 0
    except ValueError:
        return 0
