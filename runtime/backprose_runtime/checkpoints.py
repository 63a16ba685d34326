"""When a loop that is checkpointed keeps what it carries, and from where it runs again.

A loop of `count` iterations consists of segments of `every` iterations. Under a binomial schedule (Griewank and
Walther 2000, Algorithm 799) no more than `snapshots` states are kept at a time. Legs, pairs of where one begins and
ends, are runs of segments at whose beginning the state is kept.

Where nobody knows how many iterations there will be, the forward sweep keeps states at equal distances, its `stride`;
when there are too many of them, every second one goes and the stride doubles. Half of the snapshots are left to the
reverse sweep, which goes over the legs between these states under a binomial schedule again.
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


def within(memory: int, count: int | None, *state: Any) -> tuple[int, int]:
    """The iterations of a segment, and the snapshots, for which a budget of so many bytes has room.

    A snapshot holds the `state`. An iteration of the segment that is swept back is taken to keep twice as much.
    `count` is None where nobody knows how many iterations there will be.
    """
    room = memory // max(1, _bytes(state))
    if count is not None and room > 2 * count:
        return max(1, count), 2
    every = max(1, room // 8)
    return every, max(2, room - 2 * every - 1)


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


def next_segment(start: int, every: int, snapshots: int, count: int | None = None) -> Leg:
    """The segment that begins there, in a loop of which nobody knows where it ends; not behind `count` iterations."""
    end = start + every
    return start, end if count is None else min(end, count)


def most_before_thinning(snapshots: int) -> int:
    """How many states a loop of unknown length keeps before every second one goes: about half of the snapshots.

    The number is even, so that the states that stay have equal distances. Raises ValueError for less than two snapshots.
    """
    if positive(snapshots) < 2:
        raise ValueError("checkpoint: a loop of unknown length needs two snapshots at least")
    return 2 * ((snapshots + 2) // 4)


def strides_backwards(count: int, every: int, snapshots: int, stride: int) -> Backwards:
    """The same for a loop that turned out to have `count` iterations, of which each `stride` a state was kept."""
    return Backwards(count, every, snapshots, stride)


class Backwards(Sequence):
    """What the reverse sweep does, made as it is gone over: a loop may have more segments than memory has room for."""

    def __init__(self, count: int, every: int, snapshots: int, stride: int | None = None):
        self.count, self.every, self.snapshots, self.stride = count, every, snapshots, stride

    def __len__(self) -> int:
        return -(-self.count // self.every)

    def _kept(self) -> list[Leg]:
        """The legs whose first states the forward sweep has kept, in segments."""
        length = len(self)
        if self.stride is None:
            legs, last = _first(length, self.snapshots)
            return [*legs, *last]
        step = self.stride // self.every
        return [(start, min(start + step, length)) for start in range(0, length, step)]

    def __iter__(self) -> Iterator[tuple[int, int, list[Leg]]]:
        for start, legs in _backwards(self._kept(), self.snapshots):
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


def _backwards(kept: list[Leg], snapshots: int) -> Iterator[tuple[int, list[Leg]]]:
    """Each segment, last to first, with the legs to it from the last state that is kept, of which it is the end.

    `kept` are the legs whose first states are kept to begin with.
    """
    pending = [(start, end - start, snapshots - i) for i, (start, end) in enumerate(kept)]
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
