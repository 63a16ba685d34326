"""What is promised of derivatives holds for generated programs."""

from __future__ import annotations

import copy
import inspect
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from backprose import errors
from backprose.analysis.kinds import kind_of
from backprose.ir.interpret import interpret
from backprose.pipeline import PRIMAL_PASSES, Plan, compile_function, lowered, run_passes
from backprose.transform.gradient import Request, gradient
from backprose.transform.infer import Inference
from backprose.transform.nested import gradient_module

sys.path.insert(0, str(Path(__file__).parent))
import oracle  # noqa: E402
from programs import arguments, programs  # noqa: E402

# What is refused by design: updates in place of 0-d arrays, and kinds that would change the meaning.
REFUSED = (errors.UnsupportedUpdate, errors.UnresolvedKind)


@pytest.fixture(autouse=True)
def quiet():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


def prepared(program, seed, dtype=np.float64, scalar=float):
    f, args = program.define(), arguments(program.params, seed, dtype, scalar)
    value = f(*copy.deepcopy(args))
    assume(np.all(np.isfinite(value)))
    return f, args, tuple(range(len(program.params)))


def unless_refused(action):
    try:
        return action()
    except REFUSED:
        assume(False)


@given(programs(depth=2, length=3), st.integers(0, 99))
def test_small_programs(program, seed):
    f, args, wrt = prepared(program, seed)
    unless_refused(lambda: oracle.check_gradient(f, args, wrt))


@given(programs(depth=3, length=4), st.integers(0, 99))
def test_programs(program, seed):
    f, args, wrt = prepared(program, seed)
    unless_refused(lambda: oracle.check_gradient(f, args, wrt))


@given(programs(depth=2, length=3), st.integers(0, 99))
def test_lowered_programs_run_as_they_are(program, seed):
    f, args, _ = prepared(program, seed)
    run = interpret(lowered(f), *copy.deepcopy(args), globals=f.__globals__)
    assert oracle.same_bits(run, f(*copy.deepcopy(args)))


@given(programs(depth=2, length=3), st.integers(0, 99), st.sampled_from([np.float16, np.float32, np.longdouble]), st.booleans())
def test_gradients_have_the_precision_of_the_arguments(program, seed, dtype, weak):
    """With scalars of the same precision, and with Python's, which are weak."""
    f, args, wrt = prepared(program, seed, dtype, float if weak else dtype)
    compilation = unless_refused(lambda: oracle.compiled(f, args, wrt))
    value, found = oracle.loaded(compilation, f)[compilation.entry](*args)
    assert oracle.same_bits(value, f(*args))
    for i, gradient in zip(wrt, found):
        for part, bar in zip(oracle.leaves(args[i]), oracle.leaves(gradient), strict=True):
            assert np.shape(bar) == np.shape(part)
            if isinstance(part, (np.ndarray, np.generic)):
                assert bar.dtype == part.dtype, compilation.emitted.source


@settings(max_examples=settings.default.max_examples // 2)
@given(programs(depth=1, length=2, params=("v", "s")), st.integers(0, 99))
def test_gradients_of_gradients(program, seed):
    """The second derivative along a direction that the first gradient is projected on."""
    f, args, _ = prepared(program, seed)
    kinds = {name: kind_of(a) for name, a in zip(inspect.signature(f).parameters, args)}
    first = unless_refused(lambda: compile_function(f, kinds, Plan(Request((1,), True))))
    g = oracle.loaded(first, f)[first.entry]
    module = run_passes(gradient_module(Inference(lowered), f, kinds, Request((1,), True)), PRIMAL_PASSES)
    second = run_passes(gradient(module, Inference(lowered), Request((0, 1), False)), PRIMAL_PASSES)
    found = interpret(second, *copy.deepcopy(args), globals=f.__globals__)
    try:
        wanted = oracle.stable_differences(g, args, (0, 1))
    except oracle.Unstable:
        return
    assert oracle.close(found, wanted, 1e-4, 1e-5), f"differences {wanted}, gradient {found}\n{second}"
