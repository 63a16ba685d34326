"""A function of entries is the same tile by tile, to the last bit, whatever its arguments are."""

from __future__ import annotations

import numpy as np
import pytest
from backprose_runtime import in_tiles
from backprose_runtime.tiling import TILE, bounds

SIZES = (0, 1, 2, 7, TILE - 1, TILE, TILE + 1, 2 * TILE, 2 * TILE + 1, 3 * TILE + 5, 100_003)
DTYPES = ("float32", "float64", "complex64", "complex128", "int64", "uint8", "bool")


def entries(x, y, rate=0.5):
    a = x * y + rate
    b = a * a + x
    return np.sum(b), b, np.sum(x * y), x == y, a


def counting(function):
    def counted(*arguments):
        counted.sizes.append(arguments[0].size)
        return function(*arguments)

    counted.sizes = []
    return counted


def drawn(size, dtype="float64"):
    rng = np.random.default_rng(size)
    x = rng.normal(size=size) * 3
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.normal(size=size)
    return np.abs(x).astype(dtype) if np.dtype(dtype).kind == "u" else x.astype(dtype)


def assert_same(found, wanted):
    for a, b in zip(found, wanted, strict=True):
        assert type(a) is type(b) and a.dtype == b.dtype and np.shape(a) == np.shape(b)
        if a.dtype.kind == "c" and not np.ndim(a):
            assert np.isclose(a, b)  # the compiler leaves sums of complex numbers outside
        else:
            assert np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", SIZES)
def test_tiles_give_the_bits_of_the_whole(size, dtype):
    x, y = drawn(size, dtype), drawn(size, dtype)[::-1].copy()
    rate = np.dtype(dtype).type(2)
    counted = counting(entries)
    assert_same(in_tiles(counted, x, y, rate), entries(x, y, rate))
    assert (len(counted.sizes) > 1) == (size > TILE) and max(counted.sizes) <= max(TILE, 0)


@pytest.mark.parametrize("size", [*range(TILE - 3, TILE + 20), 4_000_000, 1_234_567])
def test_tiles_cover_everything_once_and_sums_of_them_pair(size):
    found = bounds(size)
    assert found[0][0] == 0 and found[-1][1] == size
    assert all(stop == start and stop % 8 == 0 for (_, stop), (start, _) in zip(found, found[1:]))
    assert len(found).bit_count() == 1 and max(stop - start for start, stop in found) <= TILE


def layouts():
    n = 3 * TILE + 1
    x = drawn(4 * n)
    yield "every other entry", x[: 2 * n : 2], x[1 : 2 * n : 2], True
    yield "backwards", x[n:0:-1], x[:n], False
    yield "a column", x.reshape(-1, 4)[:, 1], x.reshape(-1, 4)[:, 2], True
    yield "a number spread", np.broadcast_to(2.5, n), x[:n], True
    yield "a matrix", x.reshape(4, n), x.reshape(4, n)[::1].copy(), True
    yield "in Fortran's order", np.asfortranarray(x.reshape(4, n)), x.reshape(4, n), False
    yield "a part of a matrix", x.reshape(4, n)[:, 1:], x.reshape(4, n)[:, :-1], False
    yield "a transpose", x.reshape(4, n).T, x.reshape(4, n).T, False
    yield "a row for a matrix", x.reshape(4, n), x[:n], False
    yield "one entry for all", x[:n], x[:1], False
    yield "a masked array", np.ma.masked_less(x[:n], 0), x[:n], False
    yield "itself", x[:n], x[:n], True
    yield "an overlapping view", x[: n - 1], x[1:n], True
    yield "an array without axes", x[:n], np.array(3.0), True
    yield "NaN, infinities, subnormal numbers", np.resize([np.nan, np.inf, -np.inf, 5e-324, -0.0], n), x[:n], True


@pytest.mark.parametrize(("name", "x", "y", "divided"), [pytest.param(*c, id=c[0]) for c in layouts()])
def test_layouts_and_shapes(name, x, y, divided):
    counted = counting(entries)
    with np.errstate(all="ignore"):
        found, wanted = in_tiles(counted, x, y), entries(x, y)
        if name == "NaN, infinities, subnormal numbers":
            assert np.isnan(found[0])
    assert (len(counted.sizes) > 1) is divided
    assert_same(found, wanted)
    for a, b in zip(found, wanted):
        assert np.ndim(a) == 0 or a.flags.c_contiguous == b.flags.c_contiguous


def test_results_are_new_and_single_ones_stay_single():
    x = drawn(5 * TILE)
    before = x.copy()
    doubled = in_tiles(lambda x: 2 * x, x)
    assert not np.shares_memory(doubled, x) and np.array_equal(doubled, 2 * x) and np.array_equal(x, before)
    assert in_tiles(lambda x: np.sum(x * x), x) == np.sum(x * x)


def test_shapes_that_do_not_fit_raise_what_the_whole_raises():
    for n, m in ((TILE + 1, TILE + 2), (2 * TILE, TILE), (2 * TILE, 1 + TILE)):
        with pytest.raises(ValueError, match="could not be broadcast together with shapes") as found:
            in_tiles(entries, np.ones(n), np.ones(m))
        assert f"({n},) ({m},)" in str(found.value)
