"""The table is complete: of every public name of NumPy it states a derivative, that there is none, or why it is refused."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from said import public_names, said_of, said_of_member  # noqa: E402

from backprose.rules import registry  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
MODULES = (np, np.linalg, np.fft)
CLASSES = (np.ndarray, np.float32, np.float64, np.longdouble, np.complex128, np.int64, np.uint8, np.bool_)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_something_is_said_of_every_name(module):
    unsaid = [name for name in public_names(module) if not said_of(getattr(module, name))]
    assert not unsaid


@pytest.mark.parametrize("owner", CLASSES, ids=lambda owner: owner.__name__)
def test_something_is_said_of_every_member(owner):
    unsaid = [name for name in public_names(owner) if not said_of_member(owner, name)]
    assert not unsaid


def test_something_is_said_of_every_method_of_ufuncs():
    ufuncs = {f for f in vars(np).values() if isinstance(f, np.ufunc)}
    forms = ("reduce", "accumulate", "outer", "reduceat")
    unsaid = [
        f"{ufunc.__name__}.{form}"
        for ufunc in ufuncs for form in forms
        if ufunc.signature is None and (ufunc.nin, ufunc.nout) == (2, 1) and not said_of(getattr(ufunc, form))
    ]  # fmt: skip
    assert not unsaid


def test_at_least_250_functions_of_numpy_are_differentiable():
    """Distinct callables of NumPy with a rule, or programs of what has one; two names of one function count once, and
    methods of ufuncs do not count."""
    owners = (np, np.linalg, np.fft)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        public = {id(getattr(owner, name)) for owner in owners for name in public_names(owner)}
    found = [function for function in {**registry.RULES, **registry.MEANINGS} if id(function) in public]
    assert len(found) >= 250


@pytest.mark.parametrize("table", [registry.REFUSED, registry.NOT_COMPILED, registry.REFUSED_MEMBERS], ids=["refused", "not compiled", "members"])
def test_every_refusal_has_a_reason_and_a_way_out(table):
    for name, refusal in table.items():
        assert refusal.why and refusal.instead, name
        assert not refusal.why.endswith(".") and not refusal.instead.endswith("."), name


def test_nothing_has_a_rule_and_a_refusal():
    assert not set(registry.RULES) & (set(registry.REFUSED) | set(registry.NOT_COMPILED))
    assert not registry.NO_DERIVATIVE & (set(registry.REFUSED) | set(registry.NOT_COMPILED))
