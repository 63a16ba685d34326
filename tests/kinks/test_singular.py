"""Elementwise functions that are infinite or undefined at small numbers are declared, or known to the analysis."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.special  # noqa: F401 - completes the table

import backprose.rules  # noqa: F401
from backprose.analysis.magnitude_rules import TABLE
from backprose.rules import registry

POINTS = [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0]


def is_finite(function, point) -> bool:
    try:
        found = function(*point)
    except (ValueError, ZeroDivisionError, OverflowError, TypeError):
        return True  # an error of its own
    return all(np.all(np.isfinite(part)) for part in (found if isinstance(found, tuple) else (found,)))


@pytest.mark.filterwarnings("ignore")
def test_singular_functions_are_declared():
    registry.load_libraries()
    undeclared = []
    for function, rule in list(registry.RULES.items()):
        if not rule.is_elementwise or function in TABLE or registry.is_singular(function):
            continue
        for number in range(1, 4):
            if not all(is_finite(function, point) for point in itertools.product(POINTS, repeat=number)):
                undeclared.append(function)
    assert not undeclared
