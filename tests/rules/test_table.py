"""The whole table by the public checker: both modes, two orders, every precision, complex numbers."""

from __future__ import annotations

import builtins
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from cases import Case  # noqa: E402
from check import mapped  # noqa: E402
from compiled import call_of, quiet  # noqa: E402, F401
from test_rules_compiled import chosen, each, has_second_order  # noqa: E402

import backprose  # noqa: E402
from backprose import check_grads  # noqa: E402
from backprose.checking import leaves, random_like  # noqa: E402
from backprose.errors import CompileError  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


@each([c for c in chosen(1) if has_second_order(c)])
def test_two_orders_in_both_modes(case: Case):
    program = call_of(case)
    check_grads(program.function, program.args, order=2)


def with_leaves(case: Case, change: Any) -> tuple[Any, list]:
    """The call of the case, with other numbers in the place of those that are differentiated."""
    program = call_of(case)
    args = [mapped(x, change) if i in program.wrt else x for i, x in enumerate(program.args)]
    return program.function, args


def runs(f: Any, args: list) -> bool:
    """Whether NumPy itself takes these arguments."""
    try:
        f(*args)
    except Exception:  # noqa: BLE001
        return False
    return True


PYTHON_ONLY = frozenset({float, complex, builtins.reversed})  # results that other numbers can't have, or iterators


@pytest.mark.parametrize("dtype", [np.float16, np.longdouble])  # float32 is in test_rules_compiled.py
@each([c for c in chosen(1) if c.function not in PYTHON_ONLY])
def test_every_precision(case: Case, dtype: type):
    f, args = with_leaves(case, lambda x: in_precision(x, dtype))
    if runs(f, args):
        check_grads(f, args, order=1)


def in_precision(x: Any, dtype: type) -> Any:
    """A number or an array in the dtype; what is complex in the complex one of that precision."""
    if np.iscomplexobj(x):
        dtype = np.result_type(dtype, np.complex64).type
    return x.astype(dtype) if isinstance(x, np.ndarray) else dtype(x)


# Vectors are determined up to phases, which differences do not hold still (test_decompositions.py has what is determined).
PHASES = frozenset({np.linalg.eig, np.linalg.eigh, np.linalg.svd, np.linalg.qr})


# NumPy gives them in the order of a hash table: differences do not hold it still either.
UNORDERED = frozenset({np.unique_values})


@each([c for c in chosen(1) if c.function not in PYTHON_ONLY | PHASES | UNORDERED])
def test_complex_arguments_are_differentiated_or_refused(case: Case):
    """With the convention of JAX; a rule that holds for real numbers only refuses others by name."""
    rng = np.random.default_rng(7)

    def turned(x: Any) -> Any:
        return x + 1j * rng.uniform(0.1, 0.6, x.shape) if isinstance(x, np.ndarray) else complex(x, 0.3)

    f, args = with_leaves(case, turned)
    if not runs(f, args):
        return
    try:
        check_grads(f, args, order=1)
    except CompileError as refusal:
        assert "complex" in str(refusal)


@each(chosen(1))
def test_results_in_any_memory_layout(case: Case):
    """Strides that are negative, of every second entry, and in Fortran's order make no difference to either mode."""
    program = call_of(case)
    weights = random_like(program.function(*program.args), np.random.default_rng(3))
    dots = tuple(random_like(x, np.random.default_rng(4)) for x in program.args)
    expected = results(program.function, program.args, weights, dots)
    for layout in (strided, np.asfortranarray):
        laid = [mapped(x, lambda leaf: layout(leaf) if np.ndim(leaf) > 0 else leaf) for x in program.args]
        for found, wanted in zip(results(program.function, laid, weights, dots), expected, strict=True):
            assert np.shape(found) == np.shape(wanted)
            np.testing.assert_allclose(found, wanted, rtol=1e-12, atol=1e-12)


def results(f: Any, args: list, weights: Any, dots: tuple) -> list:
    """All numbers of the gradient and of the tangent."""
    _, pull = backprose.vjp(f, *args)
    _, dot = backprose.jvp(f, tuple(args), dots)
    return [leaf for _, leaf in leaves([*pull(weights), dot])]


def strided(x: np.ndarray) -> np.ndarray:
    """The entries of x, from last to first, of every second place of a transposed array."""
    wide = np.full([2 * n for n in x.shape[::-1]], 7, x.dtype).T
    part = tuple(slice(None, None, -2) for _ in x.shape)
    wide[part] = x
    return wide[part]
