"""Cotangents of nested containers, and unpacking as Python does it."""

import collections
import dataclasses
import itertools

import numpy as np
import pytest
from backprose_runtime import add, flatten, unpack, zeros_like

Pair = collections.namedtuple("Pair", "a b")


@dataclasses.dataclass(frozen=True, slots=True)
class Layer:
    w: float
    n: int

    def __post_init__(self):
        if not isinstance(self.n, int):
            raise TypeError("n must be an int")


@pytest.mark.parametrize(
    "x, expected",
    [
        (1.5, 0.0), (1j, 0j), (np.float32(2), np.float32(0)), (np.complex64(2), np.complex64(0)),
        (3, 0.0), (True, None), ("s", None), (None, None), (np.int64(1), 0.0), (np.bool_(1), None),
        ([3, np.int64(1), np.arange(3)], [None, None, None]),
        ([1.0, 2, [3.0]], [0.0, None, [0.0]]), ((), ()), ({"w": 1.0, "n": 2}, {"w": 0.0, "n": None}),
        (Pair(1.0, 2), Pair(0.0, None)),
    ],
)  # fmt: skip
def test_zeros_of_leaves_and_containers(x, expected):
    zero = zeros_like(x)
    assert zero == expected and type(zero) is type(expected)


def test_zeros_of_arrays_and_records():
    x = np.ones((2, 3), np.float32, order="F")
    zero = zeros_like(x)
    assert zero.shape == (2, 3) and zero.dtype == np.float32 and not zero.any() and not np.shares_memory(x, zero)
    assert zeros_like(np.array(1.0)).shape == ()
    zero = zeros_like(np.ones((2, 3), int))
    assert zero.shape == (2, 3) and zero.dtype == float and not zero.any()
    zero = zeros_like(Layer(1.0, 2))
    assert (zero.w, zero.n) == (0.0, None)


def test_sums_go_part_by_part():
    assert add(1.0, 2.0) == 3.0
    assert add(None, 2.0) == 2.0 and add(2.0, None) == 2.0 and add(None, None) is None
    assert add([1.0, None, (2.0,)], [None, None, (3.0,)]) == [1.0, None, (5.0,)]
    assert add({"a": 1.0}, {"a": 2.0, "b": 3.0}) == {"a": 3.0, "b": 3.0}
    assert add(Pair(1.0, None), Pair(1.0, 2.0)) == Pair(2.0, 2.0)
    zero = zeros_like(Layer(1.0, 2))
    assert add(zero, zero).w == 0.0


def test_sums_are_pure():
    a, b = [np.ones(2)], [np.ones(2)]
    total = add(a, b)
    assert total[0].tolist() == [2, 2] and a[0].tolist() == [1, 1] and total is not a


@pytest.mark.parametrize("a, b", [([1.0], [1.0, 2.0]), ([1.0], (1.0,)), ([1.0], 1.0), (1.0, {"a": 1.0})])
def test_sums_of_different_structures_are_refused(a, b):
    with pytest.raises(ValueError, match="different structure"):
        add(a, b)


def test_flatten():
    lists = [[1, 2], [], [[3]]]
    assert flatten(lists) == [1, 2, [3]] and flatten([]) == []


VALUES = [
    (), (1,), [1, 2], "abc", {"a": 1, "b": 2}, range(4), np.arange(2), 1.5, None, np.float64(1), np.array(1.0), 3, len,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
@pytest.mark.parametrize("before, after", [(1, None), (2, None), (3, None), (0, 0), (1, 0), (0, 2), (1, 1), (2, 1)])
def test_unpacking_does_what_the_statement_does(value, before, after):
    names = [f"h{i}" for i in range(before)]
    if after is not None:
        names += ["*rest", *(f"t{i}" for i in range(after))]
    scope = {"value": value}
    try:
        exec(f"[{', '.join(names)}] = value", scope)
    except (TypeError, ValueError) as error:
        with pytest.raises(type(error)) as caught:
            unpack(value, before, after)
        # Python 3.14 also says how many values are too many.
        assert str(error).startswith(str(caught.value).rstrip(")"))
    else:
        assert unpack(value, before, after) == tuple(scope[name.lstrip("*")] for name in names)


def test_no_more_is_read_than_the_statement_reads():
    numbers = itertools.count()
    with pytest.raises(ValueError, match=r"too many values to unpack \(expected 2\)"):
        unpack(numbers, 2)
    assert next(numbers) == 3
