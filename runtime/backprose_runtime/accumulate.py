"""Adding into a part of a buffer."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprose_runtime.arrays import array_module, cast, is_array
from backprose_runtime.containers import add


def add_at(buffer: Any, index: Any, value: Any, *path: Any) -> Any:
    """A copy of `buffer` with `value` added at `index`; entries that the index names several times receive every share.

    With a `path`, as in `set_at`, the index is one of the view that it leads to. `buffer` is an array (any index that reads it), or a list, tuple or dict of cotangents (an int, slice or key). The
    result keeps the dtype of an array; a real one takes the real part of a complex `value`.
    """
    if isinstance(buffer, tuple):
        return tuple(_add_at_item(list(buffer), index, value))
    if isinstance(buffer, (list, dict)):
        return _add_at_item(buffer.copy(), index, value)
    if is_array(buffer):
        return _add_at_array(buffer.copy(order="K"), index, value, path)
    if isinstance(buffer, (np.generic, float, complex)):
        return _add_at_array(np.array(buffer), index, value)[()]
    raise TypeError(f"add_at needs an array, a list, a tuple or a dict, not {type(buffer).__name__}")


def _add_at_item(out: Any, index: Any, value: Any) -> Any:
    if isinstance(index, slice) and value is not None:
        # The part of a tuple has a tuple as its cotangent, whatever the buffer is.
        out[index] = add(out[index], list(value))
    else:
        out[index] = add(out[index], value)
    return out


def _add_at_array(out: Any, index: Any, value: Any, path: tuple = ()) -> Any:
    xp = array_module(out)
    value = cast(xp.asarray(value), out.dtype)
    if not np.can_cast(value.dtype, out.dtype, "same_kind"):
        # A store of one entry would truncate without a word.
        raise TypeError(f"{value.dtype} can't be added into {out.dtype}")
    part = _view(out, path)
    if _is_basic(index):
        # No entry occurs twice, and the plain update is much faster than `ufunc.at`.
        part[index] += value
    else:
        xp.add.at(part, index, value)
    return out


def _is_basic(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return all(
        part is None
        or part is Ellipsis
        or isinstance(part, (slice, np.integer))
        or (isinstance(part, int) and not isinstance(part, bool))
        for part in parts
    )


# Functions of an array that give a view of it, by the names under which `set_at` takes them.
VIEWS = {
    view.__name__: view
    for view in [
        np.transpose, np.swapaxes, np.reshape, np.ravel, np.squeeze, np.expand_dims, np.moveaxis, np.flip, np.diagonal
    ]
}  # fmt: skip


def view_name(function: Any) -> str:
    """The name of a view in the arguments of `set_at`."""
    return next(name for name, view in VIEWS.items() if view is function)


def set_at(buffer: Any, value: Any, *path: Any) -> Any:
    """A copy of `buffer` with `value` stored where the path leads: indices, and views by name with a tuple of arguments.

    `set_at(x, v, i)` is x after `x[i] = v`; `set_at(x, v, slice(1, 3), 0)` after `x[1:3][0] = v`.
    """
    out = np.array(buffer) if isinstance(buffer, (np.generic, float, complex)) else buffer.copy()
    _view(out, path[:-1])[path[-1]] = value
    return out


def put_at(buffer: Any, value: Any, *path: Any) -> Any:
    """`set_at` for an index that may name an entry several times: the last value stays."""
    return set_at(buffer, value, *path)


def last_at(y_bar: Any, index: Any) -> Any:
    """What of `y_bar[index]` belongs to the values that `put_at` left there; zeros for those that were overwritten."""
    part = y_bar[index]
    number = np.arange(part.size).reshape(part.shape)
    winner = np.empty(y_bar.shape, dtype=number.dtype)
    winner[index] = number
    return np.where(winner[index] == number, part, np.zeros_like(part))


def get_at(buffer: Any, *path: Any) -> Any:
    """What `set_at(buffer, value, *path)` would overwrite."""
    return _view(buffer, path[:-1])[path[-1]]


def _view(buffer: Any, path: tuple) -> Any:
    steps = iter(path)
    for step in steps:
        buffer = VIEWS[step](buffer, *next(steps)) if isinstance(step, str) else buffer[step]
    return buffer
