"""What the iterations of a loop leave for its reverse: large arrays in one piece of memory.

    slopes = History(steps)           # slopes = []
    for _ in range(steps):
        ...
        slopes.append(slope)

Memory that is new to a process is handed out page by page, which takes longer than to compute what is written there. A
list of large arrays is made of new pages, in each call again. One piece of memory has few large pages; and what an
iteration allocates is free for the next one as soon as it is copied.
"""

from __future__ import annotations

from typing import Any

import numpy as np

ARRAY = 16_384  # bytes of one array: below, the copy costs as much as its pages
ALL = 262_144  # bytes of all of them: below, memory is mostly not new
PIECE = 2**25  # bytes that are taken at once though as many are not kept yet


class History(list):
    """A list that grows by one array in each of up to `count` iterations.

    Arrays that are large, of one shape and dtype, in the order of C and no views, are copied into one piece of memory,
    or into a few. From the first array on that is not like that, all are kept as they are.
    """

    __slots__ = ("_count", "_free")

    def __init__(self, count: int):
        self._count = count
        self._free: list[np.ndarray] = []  # rows of a piece, the next one last

    def append(self, array: Any) -> None:
        if not _is_large(array, self._count) or (self and not _fits(array, self[-1])):
            self.__class__ = _AsTheyAre
        elif self:
            if not self._free:
                self._free = self._room(array)
            row = self._free.pop()
            row[...] = array
            array = row
        super().append(array)

    def _room(self, array: np.ndarray) -> list[np.ndarray]:
        """Rows for this array and those that follow: for all, or for as many as there are, if that is more than a piece."""
        rows = min(self._count - len(self), max(len(self), PIECE // array.nbytes))
        return list(np.empty((max(rows, 1), *array.shape), array.dtype))[::-1]


class _AsTheyAre(History):
    """A history in which no more arrays are copied: an `append` costs what it costs a list."""

    __slots__ = ()
    append = list.append


def _is_large(array: Any, count: int) -> bool:
    return type(array) is np.ndarray and array.nbytes >= ARRAY and array.nbytes * count >= ALL


def _fits(array: Any, other: np.ndarray) -> bool:
    """Whether memory for an array like the other one can take the place of the array's own."""
    return (
        type(array) is np.ndarray and array.base is None and array.flags.c_contiguous
        and array.shape == other.shape and array.dtype == other.dtype
    )  # fmt: skip
