"""The pullback that `vjp` returns: it checks the cotangent and calls the emitted backward part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from backprose.dispatch import Specialization
from backprose.second_part import SecondPart
from backprose_runtime.arrays import array_module, is_array
from backprose_runtime.containers import is_container, items, map_items


class Pullback(SecondPart):
    """Cotangent of the value -> tuple of cotangents of the primals. It may be called any number of times."""

    _what = "Pullback"

    def __init__(self, found: Specialization, value: Any, residuals: Any, spread: bool):
        self._found = found
        self._form = form_of(value)
        self._residuals = residuals
        self._spread = spread  # the last cotangent is a tuple, for primals that were passed to `*args`

    def __call__(self, cotangent: Any) -> tuple:
        bar = fitted(cotangent, self._form, "cotangent")
        try:
            bars = self._found.backward(self._residuals, bar)
        except Exception as error:
            from backprose.codegen.load import annotate

            annotate(error, self._found.compilation.emitted.lines, self._found.namespace["__file__"])
            raise
        return (*bars[:-1], *bars[-1]) if self._spread else bars


def kept_apart(residuals: Any, shared: Any) -> Any:
    """The residuals, with copies of the arrays that share memory with what the caller holds and may change."""
    outside = list(_arrays(shared))

    def apart(x: Any) -> Any:
        if is_array(x):
            return x.copy(order="K") if any(array_module(x).may_share_memory(x, other) for other in outside) else x
        return map_items(apart, x) if is_container(x) else x

    return apart(residuals)


def _arrays(x: Any) -> Iterator[np.ndarray]:
    if is_array(x):
        yield x
    elif is_container(x):
        for item in items(x):
            yield from _arrays(item)


def form_of(value: Any) -> Any:
    """What a cotangent of `value` has to look like: containers of (shape, dtype), (None, type) for Python numbers."""
    if is_container(value):
        return map_items(form_of, value)
    if is_array(value) or isinstance(value, np.generic):
        return _Form(value.shape, value.dtype, isinstance(value, np.generic), array_module(value))
    if type(value) in (float, complex):
        return _Form(None, type(value))
    return None


def parts_like(x: Any, like: Any) -> list | None:
    """The parts of `x` in the order of those of `like`: of a dict by their keys; None if it has another structure."""
    if isinstance(like, dict):
        return [x[key] for key in like] if isinstance(x, dict) and x.keys() == like.keys() else None
    return items(x) if type(x) is type(like) and len(items(x)) == len(items(like)) else None


class _Form:
    """The shape and dtype of a leaf, whether it is a scalar rather than an array, and its array module; shape None is a
    Python number."""

    def __init__(self, shape: tuple[int, ...] | None, dtype: Any, scalar: bool = True, module: Any = np):
        self.shape, self.dtype, self.scalar, self.module = shape, dtype, scalar, module


def fitted(bar: Any, form: Any, path: str, of: str = "value") -> Any:
    """The cotangent with the dtypes of the value, after a check of structure and shapes; likewise a tangent."""
    if form is None:
        return None  # no derivative
    if not isinstance(form, _Form):
        parts = parts_like(bar, form)
        if parts is None:
            what = f"the keys {list(form)}" if isinstance(form, dict) else f"{len(items(form))} parts"
            raise ValueError(f"{path} must be a {type(form).__name__} with {what}, as the {of} is")
        rest = iter(parts)
        return map_items(lambda inner: fitted(next(rest), inner, f"{path} part", of), form)
    if form.shape is not None and form.dtype.kind not in "fc":
        return None
    if form.shape is None:
        if np.ndim(bar) != 0:
            raise ValueError(f"{path} has shape {np.shape(bar)}, but the {of} is a number")
        return form.dtype(bar)
    if np.shape(bar) != form.shape:
        raise ValueError(f"{path} has shape {np.shape(bar)}, but the {of} has shape {form.shape}")
    if is_array(bar) and array_module(bar) is not form.module:
        names = [m.__name__ for m in (array_module(bar), form.module)]
        raise TypeError(f"{path} is an array of {names[0]}'s, but the {of} is one of {names[1]}'s")
    given = form.module.asarray(bar)
    if given.dtype.kind == "c" and form.dtype.kind == "f":
        raise TypeError(f"{path} is complex, but the {of} is real")
    given = given.astype(form.dtype, copy=False)
    return given[()] if form.scalar else given
