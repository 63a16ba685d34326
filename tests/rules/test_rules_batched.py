"""One sweep over stacked directions gives what single sweeps give, for calls of every function of the table; which of them
take the directions one by one is listed."""

from __future__ import annotations

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import backprose  # noqa: E402, F401
from backprose import errors  # noqa: E402
from backprose.pipeline import Plan, compile_function  # noqa: E402
from backprose.rules.registry import rule_for  # noqa: E402
from backprose.transform import batch_each, jacobian  # noqa: E402
from backprose.transform.batch import NotBatched  # noqa: E402
from backprose.transform.gradient import Request  # noqa: E402
from backprose_runtime import interpolated  # noqa: E402
from cases import Case  # noqa: E402
from compiled import Program, call_of, quiet  # noqa: E402, F401
from test_rules_compiled import PROGRAMS, each  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")


def has_the_axes_of_its_kind(case: Case) -> bool:
    """np.cross of vectors of two entries has an axis less than its kind says, which is that of vectors of three."""
    return case.function is not np.cross or all(np.shape(x)[-1] == 3 for x in case.args)


def some_of_each() -> list[Case]:
    """A case of each function that acts entry by entry, which one handler serves, and the last of each other."""
    by_function: dict[Any, list[Case]] = defaultdict(list)
    for case in filter(has_the_axes_of_its_kind, PROGRAMS):
        by_function[case.function].append(case)
    found: list[Case] = []
    for function, cases in by_function.items():
        rule = rule_for(function)
        plain = rule is not None and rule.is_elementwise
        found.append(cases[len(cases) // 2] if plain else cases[-1])
    return found


def swept(program: Program, mode: str) -> list[np.ndarray]:
    """The Jacobian in this mode, part by part; complex numbers are taken to be holomorphic."""
    request = Request(program.wrt, False, jacobian=mode, holomorphic=is_complex(program))
    c = compile_function(program.function, program.kinds, Plan(request))
    return parts(c.load("program", program.function.__globals__)[c.entry](*program.args))


def is_complex(program: Program) -> bool:
    return any(np.iscomplexobj(part) for i in program.wrt for part in parts(program.args[i]))


def parts(x: Any) -> list[np.ndarray]:
    if isinstance(x, (tuple, list)):
        return [part for item in x for part in parts(item)]
    return [] if x is None else [np.asarray(x)]


# Calls that take the directions of a stack one by one, between others that do not. They join or repeat what they are given,
# have options that say nothing of further axes, take matrices of one direction only, or convolve.
ALONE = frozenset("""
    numpy.append numpy.array_split numpy.atleast_1d numpy.atleast_2d numpy.atleast_3d numpy.broadcast_arrays numpy.choose
    numpy.column_stack numpy.compress numpy.concatenate numpy.convolve numpy.copy numpy.correlate numpy.cumulative_sum
    numpy.delete numpy.dsplit numpy.dstack numpy.ediff1d numpy.einsum numpy.extract numpy.fft.fft2 numpy.fft.fftn
    numpy.fft.ifft2 numpy.fft.ifftn numpy.fft.rfft2 numpy.fft.rfftn numpy.fliplr numpy.flipud numpy.full numpy.hsplit
    numpy.insert numpy.lib.stride_tricks.sliding_window_view numpy.linalg.outer numpy.linalg.solve numpy.linalg.tensordot
    numpy.linspace numpy.mean numpy.meshgrid numpy.ndarray.compress numpy.ndarray.copy numpy.ndarray.item numpy.pad
    numpy.polyadd numpy.polyder numpy.polydiv numpy.polyint numpy.polymul numpy.polysub numpy.require numpy.resize
    numpy.rollaxis numpy.rot90 numpy.row_stack numpy.select numpy.split numpy.sum numpy.take numpy.take_along_axis
    numpy.ufunc.accumulate numpy.ufunc.reduce numpy.ufunc.reduceat numpy.vdot numpy.vsplit numpy.vstack operator.matmul
    backprose_runtime.accumulate.add_at backprose_runtime.accumulate.get_at backprose_runtime.accumulate.last_at
    backprose_runtime.accumulate.put_at backprose_runtime.accumulate.set_at backprose_runtime.containers.add
    backprose_runtime.directions.each
    backprose_runtime.shapes.sum_to backprose_runtime.sparse.sparse_product backprose_runtime.sparse.sparse_solution
    scipy.linalg.block_diag scipy.linalg.circulant scipy.linalg.expm_frechet scipy.linalg.hankel
    scipy.linalg.solve_sylvester scipy.linalg.toeplitz scipy.ndimage.convolve scipy.ndimage.convolve1d
    scipy.ndimage.correlate scipy.ndimage.correlate1d scipy.ndimage.gaussian_filter scipy.ndimage.gaussian_filter1d
    scipy.ndimage.gaussian_laplace scipy.ndimage.laplace scipy.ndimage.prewitt scipy.ndimage.sobel
    scipy.ndimage.uniform_filter scipy.ndimage.uniform_filter1d scipy.signal.convolve scipy.signal.convolve2d
    scipy.signal.correlate scipy.signal.correlate2d scipy.signal.fftconvolve scipy.signal.lfilter
    scipy.sparse.linalg.linsolve.spsolve
""".split())

# Calls whose sweep is a loop over directions as a whole: it makes a number whose rank is not known, as an array out of a list
# of arrays of several ranks is.
LOOPED = {np.choose, np.select, np.linalg.qr, np.full_like, np.linalg.cross, interpolated, np.concatenate, np.vstack}


@each(some_of_each())
def test_stacked_directions(case: Case, monkeypatch: pytest.MonkeyPatch):
    program = call_of(case)
    alone: set[Any] = set()
    one = batch_each.call_each
    monkeypatch.setattr(batch_each, "call_each", lambda batch, b, op: (one(batch, b, op), alone.add(op.fn)))
    looped = []
    loop = jacobian._loop
    monkeypatch.setattr(jacobian, "_loop", lambda *arguments: (looped.append(1), loop(*arguments))[1])
    stacks = jacobian._stack
    for mode in (jacobian.FORWARD, jacobian.REVERSE):
        monkeypatch.setattr(jacobian, "_stack", stacks)
        looped.clear()
        try:
            found = swept(program, mode)
        except (errors.NotDifferentiable, ZeroDivisionError):
            continue  # it has no Jacobian, or none there: Python's own numbers raise at 0 where NumPy's give infinity
        assert not looped or case.function in LOOPED
        assert {public(fn) for fn in alone} <= ALONE
        monkeypatch.setattr(jacobian, "_stack", one_by_one)
        wanted = swept(program, mode)
        for have, want in zip(found, wanted, strict=True):
            assert (have.shape, have.dtype) == (want.shape, want.dtype)
            np.testing.assert_allclose(have, want, rtol=1e-7, atol=1e-9)


def public(function: Any) -> str:
    """The name of a function without the private modules on the way to it."""
    name = getattr(function, "__module__", None) or "numpy"
    module = ".".join(part for part in name.split(".") if part[0] != "_") or "operator"
    return f"{module}.{getattr(function, '__qualname__', function.__name__)}"


def one_by_one(*arguments: Any) -> None:
    raise NotBatched
