"""A history has in it what was appended, whatever that is; large arrays that are alike lie in one piece of memory."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from backprose_runtime import History, histories
from backprose_runtime.histories import ALL, ARRAY

N = ARRAY // 8  # doubles in the smallest array that is large


def appended(count, arrays):
    history = History(count)
    for array in arrays:
        history.append(array)
    return history


def drawn(shape, dtype="float64"):
    return np.random.default_rng(7).normal(size=(40, *shape)).astype(dtype)


def owners(history):
    """How many pieces of memory the arrays are in."""
    return len({id(a if a.base is None else a.base) for a in history})


@pytest.mark.parametrize("count", [0, 1, 2, 3, 16, 17, 40, 1000])
@pytest.mark.parametrize("shape", [(3,), (N - 1,), (N,), (4, N // 2), (0, N)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "complex128"])
def test_everything_is_in_it(count, shape, dtype):
    arrays = [a.copy() for a in drawn(shape, dtype)]
    history = appended(count, arrays)  # more than it was made for, or fewer
    assert isinstance(history, list) and len(history) == 40
    for found, wanted in zip(reversed(history), reversed(arrays), strict=True):
        assert found.dtype == wanted.dtype and np.array_equal(found, wanted)


def test_large_arrays_lie_in_one_piece():
    arrays = [a.copy() for a in drawn((N,))]
    assert owners(appended(40, arrays)) == 2  # the first one stays where it is
    assert owners(appended(ALL // ARRAY - 1, arrays)) == 40
    assert owners(appended(40, [a[:-1].copy() for a in arrays])) == 40


def test_an_array_that_changes_later_is_not_changed():
    array = np.zeros(N)
    history = History(40)
    for i in range(40):
        history.append(array + i)
    array += 1
    assert [h[0] for h in history] == list(range(40))


def unlike(array):
    """Arrays of the same number of bytes, and others, that can't share its memory."""
    return [
        array[:-1].copy(), array.astype("float32"), array.view("int64").copy(), array.reshape(2, -1).copy(),
        np.asfortranarray(array.reshape(2, -1)), array[::-1], 1.5, None, [array],
    ]  # fmt: skip


@pytest.mark.parametrize("at", [0, 1, 2, 20])
@pytest.mark.parametrize("i", range(9))
def test_others_among_them(at, i):
    arrays = [a.copy() for a in drawn((N,))]
    arrays[at] = unlike(arrays[at])[i]
    history = appended(40, arrays)
    assert history[at] is arrays[at] and all(np.array_equal(history[k], arrays[k]) for k in range(40) if k != at)


def test_layout_is_kept():
    arrays = [np.asfortranarray(a) for a in drawn((4, N))]
    assert all(a is b for a, b in zip(appended(40, arrays), arrays))


def test_arrays_that_shrink_take_no_room():
    history = appended(40, [np.ones(N * (40 - k)) for k in range(40)])
    assert all(a.base is None for a in history)


def test_no_more_room_is_taken_than_twice_what_is_needed(monkeypatch):
    monkeypatch.setattr(histories, "PIECE", 4 * ARRAY)
    history = appended(10**9, list(drawn((N,)).copy()))
    pieces = {id(a.base): a.base for a in history}.values()
    assert sum(piece.nbytes for piece in pieces) <= 2 * 40 * ARRAY


def test_memory_is_free_at_once():
    gc.collect()
    gc.disable()
    try:
        before = len(gc.get_objects())
        for n in (3, N):
            appended(40, [np.ones(n) for _ in range(40)])
        assert len(gc.get_objects()) == before
    finally:
        gc.enable()
