"""Schedules: every segment is swept back once, last first, and never are too many states kept."""

from functools import lru_cache

import pytest
from backprose_runtime import (
    first_legs, interval, legs_backwards, most_before_thinning, positive, segments, strides_backwards, within,
)  # fmt: skip


def followed(count, every, snapshots):
    """Go through a schedule as emitted code does; the iterations that run again before a segment, and the most kept."""
    kept, at, most = [], 0, 0
    for begin, end in first_legs(count, every, snapshots):
        assert begin == at < end
        kept.append(begin)
        at, most = end, max(most, len(kept))
    assert at == count
    return backwards(count, every, legs_backwards(count, every, snapshots), kept, most)


def followed_online(count, every, snapshots):
    """The same for a loop that nobody knows to end after so many iterations."""
    kept, at, most, stride = [], 0, 0, every
    while at < count:
        if len(kept) == most_before_thinning(snapshots):
            kept, stride = kept[::2], 2 * stride
        kept.append(at)
        at, most = min(at + stride, count), max(most, len(kept))
    return backwards(count, every, strides_backwards(count, every, snapshots, stride), kept, most)


def backwards(count, every, schedule, kept, most):
    again, swept = 0, []
    for start, end, legs in schedule:
        at = kept.pop()
        for leg in legs:
            assert leg[0] == at < leg[1]
            kept.append(at)
            at, most, again = leg[1], max(most, len(kept)), again + leg[1] - leg[0]
        assert at == start
        swept.append((start, end))
    assert swept == segments(count, every, 1)[::-1]
    assert not kept
    return again, most


@pytest.mark.parametrize("snapshots", range(1, 8))
@pytest.mark.parametrize("every", [1, 2, 3, 7])
def test_schedules_sweep_everything_back(every, snapshots):
    for count in range(40):
        assert followed(count, every, snapshots)[1] <= snapshots
        if snapshots > 1:
            assert followed_online(count, every, snapshots)[1] <= snapshots


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
    again, most = followed_online(100_000, 1, 48)
    assert most <= 48
    assert again < 3 * 100_000


@pytest.mark.parametrize("snapshots", [4, 8, 20, 50])
def test_not_knowing_the_length_costs_little(snapshots):
    for count in (100, 1000, 5000, 13000):
        known, unknown = followed(count, 1, snapshots)[0], followed_online(count, 1, snapshots)[0]
        assert count + unknown < 1.3 * (count + known)


def test_a_loop_of_unknown_length_needs_two_snapshots():
    with pytest.raises(ValueError, match="two snapshots"):
        most_before_thinning(1)


def test_intervals():
    assert [interval(n) for n in (-1, 0, 1, 3, 4, 100, 101)] == [1, 1, 1, 1, 2, 10, 10]
    assert positive(3) == 3
    for wrong in (0, -1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="positive"):
            positive(wrong)


def test_budgets():
    import numpy as np

    u = np.zeros(1000)
    assert within(10**9, 100, u) == (100, 2), "there is room for everything"
    assert within(10**9, None, u)[0] > 10_000, "nobody knows for how many"
    every, snapshots = within(50 * u.nbytes, 10**6, u)
    assert 2 * every + snapshots < 50
    assert within(1, 100, u, (u, {"v": u})) == (1, 2), "the least that is possible"
