"""Adding into a part of a buffer."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from backprose_runtime.arrays import array_module, cast, is_array
from backprose_runtime.containers import add


def add_at(buffer: Any, index: Any, value: Any, *path: Any) -> Any:
    """A copy of `buffer` with `value` added at `index`; entries that the index names several times receive every share.

    With a `path`, as in `set_at`, the index is one of the view or list that it leads to. `buffer` is an array (any index
    that reads it), or a list, tuple or dict of cotangents (an int, slice or key). The result keeps the dtype of an array;
    a real one takes the real part of a complex `value`.
    """
    if path and isinstance(buffer, list):
        return _with_part(buffer, path[0], add_at(buffer[path[0]], index, value, *path[1:]))
    if isinstance(buffer, tuple):
        return tuple(_add_at_item(list(buffer), index, value))
    if isinstance(buffer, (list, dict)):
        return _add_at_item(buffer.copy(), index, value)
    if is_array(buffer):
        return _add_at_array(buffer.copy(order="K"), index, value, path)
    if isinstance(buffer, (np.generic, float, complex)):
        return _add_at_array(np.array(buffer), index, value)[()]
    raise TypeError(f"add_at needs an array, a list, a tuple or a dict, not {type(buffer).__name__}")


def _with_part(items: list, index: Any, item: Any) -> list:
    out = items.copy()
    out[index] = item
    return out


def _add_at_item(out: Any, index: Any, value: Any) -> Any:
    if isinstance(index, slice) and value is not None:
        # The part of a tuple has a tuple as its cotangent, whatever the buffer is.
        out[index] = add(out[index], list(value))
    else:
        out[index] = add(out[index], value)
    return out


def _add_at_array(out: Any, index: Any, value: Any, path: tuple = ()) -> Any:
    _write(out, path, lambda part: _add_to_part(part, index, value))
    return out


def _add_to_part(part: Any, index: Any, value: Any) -> None:
    xp = array_module(part.base if isinstance(part, np.flatiter) else part)
    dtype = part.base.dtype if isinstance(part, np.flatiter) else part.dtype
    value = cast(xp.asarray(value), dtype)
    if not np.can_cast(value.dtype, dtype, "same_kind"):
        # A store of one entry would truncate without a word.
        raise TypeError(f"{value.dtype} can't be added into {dtype}")
    if _is_basic(index):
        # No entry occurs twice, and the plain update is much faster than `ufunc.at`.
        part[index] += value
    elif isinstance(part, np.flatiter):
        positions = np.unravel_index(np.arange(part.base.size)[index], part.base.shape)
        xp.add.at(part.base, positions, value)
    else:
        xp.add.at(part, index, value)


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, (slice, np.integer))
        or (isinstance(part, int) and not isinstance(part, bool))
        for part in parts
    )


def flat(x: Any) -> Any:
    """The entries of an array in C order: those that `x.flat` goes over. A view where the layout allows it."""
    return x.ravel()


# Functions of an array that give a view of it, by the names under which `set_at` takes them.
NAMES = {
    view: view.__name__
    for view in [
        np.transpose, np.swapaxes, np.reshape, np.ravel, np.squeeze, np.expand_dims, np.moveaxis, np.rollaxis, np.flip,
        np.fliplr, np.flipud, np.rot90, np.diagonal, np.atleast_1d, np.atleast_2d, np.atleast_3d, np.real, np.imag, flat,
    ]
}  # fmt: skip
# What is stored through `flat` reaches the array in any layout, which is not so for the array that `flat(x)` may copy.
VIEWS = {
    **{name: view for view, name in NAMES.items()}, "flat": operator.attrgetter("flat"),
    "copied_reshape": np.reshape, "copied_ravel": np.ravel,
}  # fmt: skip
RESHAPES = ("reshape", "ravel", "copied_reshape", "copied_ravel")


def view_name(function: Any) -> str:
    """The name of a view in the arguments of `set_at`."""
    return NAMES[function]


def set_at(buffer: Any, value: Any, *path: Any) -> Any:
    """A copy of `buffer` with `value` stored where the path leads: indices, and views by name with a tuple of arguments.

    `set_at(x, v, i)` is x after `x[i] = v`; `set_at(x, v, slice(1, 3), 0)` after `x[1:3][0] = v`. So it is for lists, in
    which the first indices may lead to an array.
    """
    if isinstance(buffer, list) and path[0] is Ellipsis:
        return list(value)
    if isinstance(buffer, list):
        return _with_part(buffer, path[0], set_at(buffer[path[0]], value, *path[1:]) if len(path) > 1 else value)
    out = np.array(buffer) if isinstance(buffer, (np.generic, float, complex)) else buffer.copy(order="K")
    _write(out, path[:-1], lambda part: operator.setitem(part, path[-1], value))
    return out


def _write(array: Any, path: tuple, store: Callable[[Any], None]) -> None:
    """Store in the part of the array that the path leads to. What a reshape has copied, for the layout of the array
    allows no view, is written back."""
    if not path:
        store(array)
        return
    inner, rest = _step(array, path)
    _write(inner, rest, store)
    if isinstance(path[0], str) and path[0] in RESHAPES and not array_module(array).may_share_memory(inner, array):
        array[...] = inner.reshape(array.shape)


def put_at(buffer: Any, value: Any, *path: Any) -> Any:
    """`set_at` for an index that may name an entry several times: the last value stays."""
    return set_at(buffer, value, *path)


def last_at(y_bar: Any, index: Any) -> Any:
    """What of `y_bar[index]` belongs to the values that `put_at` left there; zeros for those that were overwritten."""
    xp, part = array_module(y_bar), y_bar[index]
    number = xp.arange(part.size).reshape(part.shape)
    winner = xp.empty(y_bar.shape, dtype=number.dtype)
    winner[index] = number
    return xp.where(winner[index] == number, part, xp.zeros_like(part))


def get_at(buffer: Any, *path: Any) -> Any:
    """What `set_at(buffer, value, *path)` would overwrite."""
    part = _view(buffer, path[:-1])
    return part if path[-1] is Ellipsis and isinstance(part, list) else part[path[-1]]


def _view(buffer: Any, path: tuple) -> Any:
    while path:
        buffer, path = _step(buffer, path)
    return buffer


def _step(array: Any, path: tuple) -> tuple[Any, tuple]:
    """What the first step of the path leads to, and the other steps: a view by name is followed by its arguments."""
    step, *rest = path
    return (VIEWS[step](array, *rest[0]), tuple(rest[1:])) if isinstance(step, str) else (array[step], tuple(rest))
