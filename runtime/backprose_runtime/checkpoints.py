"""When a loop that is checkpointed keeps what it carries, and from where it runs again.

A loop of `count` iterations consists of segments of `every` iterations. Under a binomial schedule (Griewank and
Walther 2000, Algorithm 799) no more than `snapshots` states are kept at a time. Legs, pairs of where one begins and
ends, are runs of segments at whose beginning the state is kept.
"""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Iterator, Sequence
from typing import Any

from backprose_runtime.containers import is_container, items

Leg = tuple[int, int]


def interval(count: int) -> int:
    """How many iterations a segment of a loop of so many has: about as many as there are segments then."""
    return max(1, math.isqrt(max(0, count)))


def positive(every: Any) -> int:
    """`every` as it is, if it is a positive whole number. Raises ValueError."""
    if isinstance(every, bool) or not hasattr(type(every), "__index__") or every < 1:
        raise ValueError(f"checkpoint: {every!r} is not a positive whole number")
    return operator.index(every)


def within(memory: int, count: int, *state: Any) -> tuple[int, int]:
    """The iterations of a segment, and the snapshots, for which a budget of so many bytes has room.

    A snapshot holds the `state`. An iteration of the segment that is swept back is taken to keep twice as much.
    """
    room = memory // max(1, _bytes(state))
    if room > 2 * count:
        return max(1, count), 1
    every = max(1, room // 8)
    return every, max(1, room - 2 * every - 1)


def _bytes(value: Any) -> int:
    """The memory of the arrays and numbers in a value."""
    if is_container(value):
        return sum(map(_bytes, items(value)))
    return getattr(value, "nbytes", 8)


def segments(count: int, every: int, snapshots: int) -> list[Leg]:
    """All segments, first to last."""
    positive(snapshots)
    return [(start, min(start + positive(every), count)) for start in range(0, count, every)]


def first_legs(count: int, every: int, snapshots: int) -> list[Leg]:
    """The legs of the forward sweep: from each of their beginnings the reverse sweep may start again."""
    legs, last = _first(-(-max(count, 0) // positive(every)), positive(snapshots))
    return _in_iterations([*legs, *last], count, every)


def legs_backwards(count: int, every: int, snapshots: int) -> Backwards:
    """For each segment, last first: where it starts and ends, and the legs that lead there from the last state kept."""
    return Backwards(max(count, 0), positive(every), positive(snapshots))


class Backwards(Sequence):
    """What the reverse sweep does, made as it is gone over: a loop may have more segments than memory has room for."""

    def __init__(self, count: int, every: int, snapshots: int):
        self.count, self.every, self.snapshots = count, every, snapshots

    def __len__(self) -> int:
        return -(-self.count // self.every)

    def __iter__(self) -> Iterator[tuple[int, int, list[Leg]]]:
        for start, legs in _backwards(len(self), self.snapshots):
            ((begin, end),) = _in_iterations([(start, start + 1)], self.count, self.every)
            yield begin, end, _in_iterations(legs, self.count, self.every)

    def __reversed__(self) -> Iterator[tuple[int, int, list[Leg]]]:
        return reversed(list(self))

    def __getitem__(self, index: Any) -> Any:
        return list(self)[index]


def _in_iterations(legs: list[Leg], count: int, every: int) -> list[Leg]:
    return [(start * every, min(end * every, count)) for start, end in legs]


def _first(length: int, snapshots: int) -> tuple[list[Leg], list[Leg]]:
    """The legs to the last of so many segments, and that itself; where its state has no room, the last leg runs on."""
    if not length:
        return [], []
    legs = _legs(0, length, snapshots)
    if len(legs) < snapshots:
        return legs, [(length - 1, length)]
    return [*legs[:-1], (legs[-1][0], length)], []


def _legs(start: int, length: int, snapshots: int) -> list[Leg]:
    """The legs from a state that was kept to the last of the segments behind it."""
    legs = []
    while length > 1:
        step = _split(length, snapshots)
        legs.append((start, start + step))
        start, length, snapshots = start + step, length - step, snapshots - 1
    return legs


def _backwards(length: int, snapshots: int) -> Iterator[tuple[int, list[Leg]]]:
    """Each segment, last to first, with the legs to it from the last state that is kept, of which it is the end."""
    if not length:
        return
    legs, last = _first(length, snapshots)
    pending = [(start, end - start, snapshots - i) for i, (start, end) in enumerate([*legs, *last])]
    while pending:
        start, length, room = pending.pop()
        legs = _legs(start, length, room)
        pending += [(begin, end - begin, room - i) for i, (begin, end) in enumerate(legs)]
        yield start + length - 1, legs


@functools.lru_cache(maxsize=4096)
def _split(length: int, snapshots: int) -> int:
    """How many of these segments to run over before the next state is kept, so that fewest run again.

    With s snapshots and no segment run again more than r times, binomial(s + r, s) segments can be swept back.
    """
    repeats = 1
    while math.comb(snapshots + repeats, snapshots) < length:
        repeats += 1
    before = math.comb(snapshots + repeats - 1, snapshots)
    return min(before, length - math.comb(snapshots + repeats - 2, snapshots - 1))
