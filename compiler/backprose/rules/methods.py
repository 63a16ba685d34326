"""Which function each method of an array means: `x.sum(axis=0)` is `np.sum(x, axis=0)`."""

from __future__ import annotations

import numpy as np

from backprose.rules.registry import method

for _name, _function in {
    "sum": np.sum, "mean": np.mean, "prod": np.prod, "max": np.max, "min": np.min, "var": np.var, "std": np.std,
    "any": np.any, "all": np.all, "argmax": np.argmax, "argmin": np.argmin, "argsort": np.argsort,
    "cumsum": np.cumsum, "cumprod": np.cumprod, "clip": np.clip, "round": np.round,
    "ravel": np.ravel, "flatten": np.ndarray.flatten, "squeeze": np.squeeze, "swapaxes": np.swapaxes,
    "dot": np.dot, "trace": np.trace, "diagonal": np.diagonal, "repeat": np.repeat, "take": np.take,
    "conj": np.conjugate, "conjugate": np.conjugate, "searchsorted": np.searchsorted, "nonzero": np.nonzero,
    "choose": np.choose, "compress": np.ndarray.compress, "copy": np.ndarray.copy, "astype": np.ndarray.astype, "item": np.ndarray.item, "tolist": np.ndarray.tolist,
}.items():  # fmt: skip
    method(_name, _function)

method("reshape", np.reshape, variadic=True)
method("transpose", np.transpose, variadic=True)
