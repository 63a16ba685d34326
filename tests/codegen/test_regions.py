"""What is said of two indices holds for arrays of every length: brute force over a pool of indices."""

import itertools

import numpy as np

from backprose.analysis.regions import area
from backprose.ir.build import Builder
from backprose.ir.kinds import MANY, Array, Scalar, Slice, Static, Tuple
from backprose.ir.nodes import Value

INT = Scalar("int")
NUMBERS = {name: Value(name, INT) for name in ("i", "d")}
ENDS = (None, 0, 1, 2, 3, -1, -2, "d")


def make(b, part):
    """The value of a part of an index, in which a string is a number that is not known."""
    if isinstance(part, str):
        return NUMBERS[part]
    if isinstance(part, slice):
        parts = [make(b, v) for v in (part.start, part.stop, part.step)]
        return b.call(slice, *parts, kind=Slice(*(v.kind for v in parts)))
    if isinstance(part, tuple):
        items = [make(b, v) for v in part]
        return b.tuple(items, kind=Tuple(tuple(v.kind for v in items)))
    return b.const(part)


def run(part, numbers):
    if isinstance(part, str):
        return numbers[part]
    if isinstance(part, slice):
        return slice(*(run(v, numbers) for v in (part.start, part.stop, part.step)))
    return tuple(run(v, numbers) for v in part) if isinstance(part, tuple) else part


ONE_AXIS = [*(slice(a, z) for a in ENDS for z in ENDS), slice(None, None, -1), slice(1, None, 2), slice(3, 0, -1),
            0, 1, 2, -1, -2, "i", "d"]  # fmt: skip
SEVERAL = [(), Ellipsis, (0, slice(1, None)), (0, slice(None, 1)), (1,), (slice(None), 0), (slice(None), slice(0, 1)),
           (slice(None), None, 1), (None, 0), (Ellipsis, 0), (slice(None), Ellipsis), (slice(None, "d"), 0), (slice("d", None),),
           (slice(None), None), (slice(None), slice(None), None)]  # fmt: skip


def entries(shape, index):
    try:
        return np.arange(np.prod(shape)).reshape(shape)[index].ravel().tolist()
    except IndexError:
        return None


def check(pool, shapes):
    b = Builder()
    values = [make(b, part) for part in pool]
    made = {v: op for op in b.ops for v in op.results}
    areas = [area(v, (), made) for v in values]
    apart = same = 0
    for (x, p), (y, q) in itertools.combinations_with_replacement(zip(areas, pool), 2):
        apart, same = apart + x.is_apart(y), same + x.is_same(y)
        if not x.is_apart(y) and not x.is_same(y) and not x.is_whole:
            continue
        for shape, i, d in itertools.product(shapes, (0, 2, -1), (0, 1, 3, -2)):
            numbers = {"i": i, "d": d}
            left, right = entries(shape, run(p, numbers)), entries(shape, run(q, numbers))
            if left is None or right is None:
                continue
            if x.is_apart(y):
                assert not set(left) & set(right), (p, q, shape, numbers)
            if x.is_same(y):
                assert left == right, (p, q, shape, numbers)
            if x.is_whole:
                assert len(left) == np.prod(shape), (p, shape)
            assert x.distinct and len(set(left)) == len(left)
    return apart, same


def test_one_axis():
    apart, same = check(ONE_AXIS, [(n,) for n in range(6)])
    assert apart > 300 and same >= len(ONE_AXIS)


def test_several_axes():
    apart, same = check(SEVERAL, [(2, 3), (1, 1), (3, 1), (4, 4)])
    assert apart >= 5 and same > len(SEVERAL)


def test_a_mask_is_no_position():
    mask = Value("m", Array("bool", (MANY,)))
    assert area(mask, (), {}).parts is None
    assert area(Value("", Static(True)), (), {}).parts is None

