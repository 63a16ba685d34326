"""The complex step as a second oracle: Im f(x + ih) / h with h = 1e-30 has no cancellation, so 12 digits are compared.

It serves wherever a function of the table is analytic and its own library takes complex numbers; `cmath` stands in for
`math`.
"""

from __future__ import annotations

import cmath
import math

import numpy as np
import pytest
import scipy.special
from compiled import function_from

import backprose
from backprose.rules import registry

H = 1e-30
LEFT_OUT = {"absolute", "conjugate", "sign", "expi"}  # not analytic; SciPy's expi loses small imaginary parts
POINTS = (0.3, 0.7, 1.6)


def name_of(function) -> str:
    return f"{getattr(function, '__module__', None) or 'numpy'}.{function.__name__}"


def of_math(function) -> bool:
    return getattr(math, getattr(function, "__name__", ""), None) is function


def step(function, x: float) -> float | None:
    """The derivative of the function by the complex step, None outside its domain, on a cut, or of reals only."""
    analytic = getattr(cmath, function.__name__, None) if of_math(function) else function
    try:
        with np.errstate(invalid="ignore"):
            value = complex(analytic(complex(x, H))) if math.isfinite(function(x)) else math.nan
    except (TypeError, ValueError, OverflowError, AttributeError):
        return None
    return value.imag / H if math.isfinite(value.real) and abs(value.imag) < 1e6 * H else None


def functions() -> list:
    """The functions of one operand with an elementwise rule."""
    registry.load_libraries()
    found = [f for f, rule in registry.RULES.items() if rule.is_elementwise and not rule.of_user and len(rule.wrt) == 1]
    named = [f for f in found if isinstance(f, np.ufunc) and f.nin == 1 or of_math(f)]
    return sorted({name_of(f): f for f in named if f.__name__ not in LEFT_OUT}.items())


FUNCTIONS = [
    pytest.param(f, x, id=f"{name}({x})") for name, f in functions() for x in POINTS if step(f, x) is not None
]  # fmt: skip


@pytest.mark.parametrize("function, x", FUNCTIONS)
def test_the_derivative_is_that_of_the_complex_step(function, x):
    program = function_from("def program(x):\n    return function(x)\n", "program", {"function": function})
    argument = x if of_math(function) else np.array([x])
    reverse = backprose.grad(lambda v: np.sum(program(v)))(argument)
    _, forward = backprose.jvp(program, (argument,), (np.ones_like(argument)[()],))
    for found in (reverse, forward):
        np.testing.assert_allclose(found, step(function, x), rtol=1e-12, atol=1e-15)


def test_all_families_are_there():
    compared = {p.values[0] for p in FUNCTIONS}
    assert {np.exp, np.arctan, math.sinh, scipy.special.psi, scipy.special.erf} <= compared
    assert len(compared) > 45
