"""Long chains of elementwise operations, computed tile by tile: what is computed in between stays in the cache.

    value, x_bar, y_bar = in_tiles(chain_tile, x, y)    # value, x_bar, y_bar = chain_tile(x, y)

An operation on arrays of millions of entries waits for memory, which each temporary goes to and comes from. On a few
thousand entries it does not, and the next operation finds them in the cache.

Tiles are the halves of halves of the whole, cut at multiples of 8 entries: that is how NumPy goes through an array that
it sums. So the sums of tiles, added in pairs, are its sum to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

TILE = 16000  # entries: 64 KiB of doubles, which malloc gives again and again, and of which a level 2 cache holds a dozen
BLOCK = 8  # entries that NumPy adds side by side


def in_tiles(function: Callable, first: Any, *others: Any) -> Any:
    """`function(first, *others)`, for a function of which each entry of its results depends on that entry of the
    arguments alone; results without axes are sums over all entries.

    Tiles are taken where all arguments with axes are NumPy's arrays of one shape, of more than `TILE` entries, whose
    entries lie in the order of C. In all other cases the function is called once, with the arguments as they are.
    Shapes: results with axes have that shape. They are new.
    """
    if first.size <= TILE or not _are_alike(first.shape, first, *others):
        return function(first, *others)
    size, shape = first.size, first.shape
    flat = [_is_array(a) and a.reshape(-1) for a in (first, *others)]
    fixed = (first, *others)
    whole: list[Any] = []
    for start, stop in bounds(size):
        found = function(*(a if v is False else v[start:stop] for v, a in zip(flat, fixed)))
        parts = found if type(found) is tuple else (found,)
        whole = whole or [np.empty(size, part.dtype) if part.ndim else [] for part in parts]
        for target, part in zip(whole, parts):
            if part.ndim:
                target[start:stop] = part
            else:
                target.append(part)
    results = tuple([added_in_pairs(r) if type(r) is list else r.reshape(shape) for r in whole])
    return results if type(found) is tuple else results[0]


def bounds(size: int) -> list[tuple[int, int]]:
    """Where tiles begin and end: halves of halves, all of them as often, until none is longer than `TILE`."""
    cuts = [0, size]
    while cuts[-1] - cuts[-2] > TILE:  # the last is the longest: what is left over goes there
        cuts = [cut for start, stop in zip(cuts, cuts[1:]) for cut in (start, _middle(start, stop))] + [size]
    return list(zip(cuts, cuts[1:]))


def _middle(start: int, stop: int) -> int:
    half = (stop - start) // 2
    return start + half - half % BLOCK


def added_in_pairs(sums: Sequence[Any]) -> Any:
    """The sum of as many numbers as a power of 2, neighbours first."""
    while len(sums) > 1:
        sums = [a + b for a, b in zip(sums[::2], sums[1::2])]
    return sums[0]


def _are_alike(shape: tuple[int, ...], *arguments: Any) -> bool:
    """Whether what has axes is an array of NumPy's of this shape that can be had as one axis without a copy."""
    return all(
        type(a) is np.ndarray and a.shape == shape and (a.flags.c_contiguous or (a.ndim == 1 and a.strides[0] >= 0))
        for a in arguments if getattr(a, "ndim", 0)
    )  # fmt: skip


def _is_array(argument: Any) -> bool:
    return getattr(argument, "ndim", 0) > 0
