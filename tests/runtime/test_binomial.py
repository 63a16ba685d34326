"""Schedules: every segment is swept back once, last first, and never are too many states kept."""

from functools import lru_cache

import pytest
from backprose_runtime import first_legs, interval, legs_backwards, positive, segments, within


def followed(count, every, snapshots):
    """Go through a schedule as emitted code does; the iterations that run again before a segment, and the most kept."""
    kept, at, again = [], 0, 0
    most = 0
    for begin, end in first_legs(count, every, snapshots):
        assert begin == at < end
        kept.append(begin)
        at, most = end, max(most, len(kept))
    assert at == count
    swept = []
    for start, end, legs in legs_backwards(count, every, snapshots):
        at = kept.pop()
        for leg in legs:
            assert leg[0] == at < leg[1]
            kept.append(at)
            at, most, again = leg[1], max(most, len(kept)), again + leg[1] - leg[0]
        assert at == start
        swept.append((start, end))
    assert swept == segments(count, every, snapshots)[::-1]
    assert not kept
    return again, most


@pytest.mark.parametrize("snapshots", range(1, 8))
@pytest.mark.parametrize("every", [1, 2, 3, 7])
def test_schedules_sweep_everything_back(every, snapshots):
    for count in range(40):
        assert followed(count, every, snapshots)[1] <= snapshots


@lru_cache(None)
def fewest(length, snapshots):
    """Advances for so many steps: the best split by trying all (Griewank and Walther 2000, equation 1)."""
    if length <= 1 or snapshots == 0:
        return 0 if length <= 1 else float("inf")
    if snapshots == 1:
        return length * (length - 1) // 2
    return min(k + fewest(length - k, snapshots - 1) + fewest(k, snapshots) for k in range(1, length))


def test_schedules_run_little_again():
    for snapshots in range(1, 7):
        for count in range(2, 40):
            again, _ = followed(count, 1, snapshots)
            # Their count has the first sweep, which ends before the last step; ours goes on, for the value is wanted.
            assert fewest(count, snapshots) <= again + count - 1 <= fewest(count, snapshots) + count - 1
            if snapshots >= count:
                assert again == 0


def test_a_hundred_thousand_steps():
    again, most = followed(100_000, 1, 48)
    assert most <= 48
    assert again < 3 * 100_000


def test_intervals():
    assert [interval(n) for n in (-1, 0, 1, 3, 4, 100, 101)] == [1, 1, 1, 1, 2, 10, 10]
    assert positive(3) == 3
    for wrong in (0, -1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="positive"):
            positive(wrong)


def test_budgets():
    import numpy as np

    u = np.zeros(1000)
    assert within(10**9, 100, u) == (100, 1), "there is room for everything"
    every, snapshots = within(50 * u.nbytes, 10**6, u)
    assert 2 * every + snapshots < 50
    assert within(1, 100, u, (u, {"v": u})) == (1, 1), "the least that is possible"
