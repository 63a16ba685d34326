"""What must hold of the derivative of a function that updates in place."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402


def check(f: Callable, args: tuple, wrt: tuple[int, ...] | None = None) -> Any:
    """The gradient, compared with differences; value, arguments and the pullback's two calls are checked."""
    wrt = tuple(i for i, a in enumerate(args) if isinstance(a, (float, np.ndarray))) if wrt is None else wrt
    expected = f(*copy.deepcopy(args))
    compilation = oracle.compiled(f, args, wrt)
    source = compilation.emitted.source
    kept = copy.deepcopy(args)
    value, gradient = oracle.loaded(compilation, f)[compilation.entry](*args)
    assert oracle.same_bits(args, kept), f"the arguments changed\n{source}"
    assert oracle.same_bits(value, expected), f"the value is {value}, not {expected}\n{source}"
    assert not oracle.shares(gradient, args), f"a gradient aliases an argument or another\n{source}"
    try:
        wanted = oracle.stable_differences(f, args, wrt)
    except oracle.Unstable:
        wanted = None
    if wanted is not None:
        found = list(oracle.leaves(gradient))
        assert oracle.close(found, wanted, 1e-4, 1e-5), f"differences {wanted}, gradient {found}\n{source}"
    oracle.check_pullback(f, args, wrt, expected, gradient)
    oracle.check_tangent(f, args, wrt, expected, gradient)
    return gradient
