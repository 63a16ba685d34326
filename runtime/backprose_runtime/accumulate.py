"""Adding into a part of a buffer."""

from __future__ import annotations

from typing import Any

import numpy as np

from backprose_runtime.arrays import array_module, cast, is_array
from backprose_runtime.containers import add


def add_at(buffer: Any, index: Any, value: Any) -> Any:
    """A copy of `buffer` with `value` added at `index`; entries that the index names several times receive every share.

    `buffer` is an array (any index that reads it), or a list, tuple or dict of cotangents (an int, slice or key). The
    result keeps the dtype of an array; a real one takes the real part of a complex `value`.
    """
    if isinstance(buffer, tuple):
        return tuple(_add_at_item(list(buffer), index, value))
    if isinstance(buffer, (list, dict)):
        return _add_at_item(buffer.copy(), index, value)
    if is_array(buffer):
        return _add_at_array(buffer.copy(order="K"), index, value)
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


def _add_at_array(out: Any, index: Any, value: Any) -> Any:
    xp = array_module(out)
    value = cast(xp.asarray(value), out.dtype)
    if not np.can_cast(value.dtype, out.dtype, "same_kind"):
        # A store of one entry would truncate without a word.
        raise TypeError(f"{value.dtype} can't be added into {out.dtype}")
    if _is_basic(index):
        # No entry occurs twice, and the plain update is much faster than `ufunc.at`.
        out[index] += value
    else:
        xp.add.at(out, index, value)
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
