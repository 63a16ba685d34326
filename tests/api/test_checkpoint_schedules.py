"""Loops under a binomial schedule and under a memory budget: the values of the plain loop, and few states at a time."""

import importlib.util
import inspect
import re
from pathlib import Path

import backprose
import checkpoint_programs
import numpy as np
import pytest
from backprose import errors
from test_checkpoint import U, most_alive, most_alive_in, plain, same

checkpoint = backprose.checkpoint
OPTIONS = {
    "one snapshot": 'schedule="binomial", snapshots=1',
    "three snapshots": 'schedule="binomial", snapshots=3, every=2',
    "many snapshots": 'schedule="binomial", snapshots=50',
    "little memory": 'memory="100 B"',
    "much memory": "memory=10**6",
}
UNKNOWN_LENGTH = (
    "break_and_continue", "early_return", "return_by_a_condition", "while_true", "while_with_break", "while_of_known_interval", "while_with_return",
)  # fmt: skip
DRAWING = ("draws",)


@pytest.fixture(scope="module", params=OPTIONS.values(), ids=OPTIONS)
def programs(request, tmp_path_factory):
    """The programs with loops that have these options."""
    text = Path(checkpoint_programs.__file__).read_text(encoding="utf-8")
    text, count = re.subn(r"((for .* in|while) checkpoint\(.*?)(, every=.*)?\):", rf"\1, {request.param}):", text)
    assert count > 15
    path = tmp_path_factory.mktemp("schedules") / "scheduled_programs.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("scheduled_programs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {f.__name__: f for f in module.PROGRAMS if request.param in inspect.getsource(f)}


def test_gradients_are_those_without_checkpoints(programs):
    for name, function in programs.items():
        if name in DRAWING or (name in UNKNOWN_LENGTH and not has_two_snapshots(function)):
            continue
        expected = backprose.grad(plain(getattr(checkpoint_programs, name)), (0, 1))
        gradient = backprose.grad(function, (0, 1))
        for n in (1, 7, 8):
            assert same(gradient(U, 1.3, n), expected(U, 1.3, n)), name
        _, pullback = backprose.vjp(function, U, 1.3, 7)
        assert same(pullback(1.0)[:2], expected(U, 1.3, 7)), name
        assert same(pullback(1.0)[:2], expected(U, 1.3, 7)), f"{name}: the pullback may be called again"


def test_second_derivatives(programs):
    def reverse_over_reverse(f):
        return backprose.grad(lambda u: np.sum(np.sin(backprose.grad(f)(u, 1.3, 5))))(U)

    def forward_over_reverse(f):
        return backprose.hvp(lambda u: f(u, 1.3, 5), (U,), (np.cos(U),))

    names = ["plain_loop", "stores_in_place", "several_arrays"]
    if has_two_snapshots(programs["while_true"]):
        names += ["return_by_a_condition", "while_true"]
    for name in names:
        for second in (reverse_over_reverse, forward_over_reverse):
            expected = second(plain(getattr(checkpoint_programs, name)))
            np.testing.assert_allclose(second(programs[name]), expected, rtol=1e-11)


def test_draws_are_refused(programs):
    for name in DRAWING:
        with pytest.raises(errors.NotDifferentiable, match="draws at random"):
            backprose.grad(programs[name])(U, 1.3, 7)


def test_loops_of_unknown_length_need_two_snapshots(programs):
    for name in UNKNOWN_LENGTH:
        if not has_two_snapshots(programs[name]):
            with pytest.raises(ValueError, match="needs two snapshots"):
                backprose.grad(programs[name])(U, 1.3, 7)


def has_two_snapshots(function):
    return "snapshots=1" not in inspect.getsource(function)


# What is kept


def steps_in_binomial(u, n):
    for _ in checkpoint(range(n), schedule="binomial", snapshots=10):
        u = u * np.cos(u)
    return np.sum(u)


def steps_in_binomial_segments(u, n):
    for _ in checkpoint(range(n), schedule="binomial", snapshots=10, every=5):
        u = u * np.cos(u)
    return np.sum(u)


def steps_within_memory(u, n):
    for _ in checkpoint(range(n), memory="2 MB"):
        u = u * np.cos(u)
    return np.sum(u)


def steps_until_small(u, n):
    i = 0
    while checkpoint(i < n, schedule="binomial", snapshots=10, every=5):
        u = u * np.cos(u)
        i += 1
    return np.sum(u)


def steps_until_small_within_memory(u, n):
    i = 0
    while checkpoint(i < n, memory="2 MB"):
        u = u * np.cos(u)
        i += 1
    return np.sum(u)


def steps_until_stopped(u, n):
    for i in checkpoint(range(10**9), schedule="binomial", snapshots=10, every=5):
        u = u * np.cos(u)
        if i == n:
            break
    return np.sum(u)


def test_memory_is_bounded():
    u = np.linspace(0.1, 1.0, 10_000)
    rest = 8
    for n in (100, 500):
        for of_unknown_length in (steps_until_small, steps_until_stopped):
            assert most_alive(of_unknown_length, u, n) < 10 + 2 * 5 + rest
        assert most_alive(steps_until_small_within_memory, u, n) < 2e6 / u.nbytes + rest
        assert most_alive(steps_in_binomial, u, n) < 10 + rest
        assert most_alive(steps_in_binomial_segments, u, n) < 10 + 2 * 5 + rest
        assert most_alive(steps_within_memory, u, n) < 2e6 / u.nbytes + rest


def test_memory_of_second_derivatives_is_bounded():
    u = np.linspace(0.1, 1.0, 2000)

    def penalty(f):
        return lambda u, n: np.sum(np.sin(backprose.grad(f)(u, n)))

    def slope(f):
        return lambda u, n: backprose.jvp(lambda u: f(u, n), (u,), (u,))[1]

    def product(f):
        return lambda u, n: np.sum(backprose.hvp(lambda u: f(u, n), (u,), (u,)))

    for f in (steps_in_binomial_segments, steps_until_small):
        for second in (penalty(f), slope(f)):
            assert most_alive(second, u, 500) < 1.1 * most_alive(second, u, 200)
        assert most_alive_in(product(f), u, 500) < 1.1 * most_alive_in(product(f), u, 200)


def test_more_memory_runs_less_again():
    def counted(memory):
        from backprose_runtime import legs_backwards, within

        every, snapshots = within(memory, 1000, np.zeros(1000))
        return sum(end - begin for *_, legs in legs_backwards(1000, every, snapshots) for begin, end in legs)

    counts = [counted(states * 8000) for states in (10, 30, 100, 500, 3000)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0


# Refusals


@pytest.mark.parametrize(
    "options, why",
    [
        ({"schedule": "trinomial", "snapshots": 3}, "schedule="),
        ({"schedule": "binomial"}, "belong together"),
        ({"snapshots": 3}, "belong together"),
        ({"schedule": "binomial", "snapshots": 0}, "snapshots="),
        ({"memory": "much"}, "memory="),
        ({"memory": "200 parsecs"}, "memory="),
        ({"memory": -1}, "memory="),
        ({"memory": "1 MB", "snapshots": 3}, "memory="),
        ({"memory": "1 MB", "every": 3}, "memory="),
    ],
)
def test_wrong_options_are_refused(options, why):
    with pytest.raises(ValueError, match=why):
        checkpoint(range(3), **options)


def test_snapshots_are_checked_when_they_run():
    def loop(u, n, snapshots):
        for _ in checkpoint(range(n), schedule="binomial", snapshots=snapshots):
            u = u * np.cos(u)
        return u

    assert backprose.grad(loop)(0.5, 9, 2) == backprose.grad(plain(loop))(0.5, 9, 2)
    with pytest.raises(ValueError, match="not a positive"):
        backprose.grad(loop)(0.5, 9, 0)


def test_options_that_are_computed_in_a_condition_are_refused():
    def loop(u, n):
        while checkpoint(u > 0.1, schedule="binomial", snapshots=n + 1):
            u = u * np.cos(u)
        return u

    with pytest.raises(errors.CompileError, match="`snapshots=` is computed in the condition"):
        backprose.grad(loop)(0.5, 3)


def test_variables_that_may_hold_nothing_are_refused():
    def loop(u, n):
        for i in checkpoint(range(n), schedule="binomial", snapshots=2):
            last = u * 2 if i == 0 else last * np.cos(u)
            u = u * np.sin(last)
        return np.sum(u)

    with pytest.raises(errors.NotDifferentiable, match="`last` may hold nothing"):
        backprose.grad(loop)(U, 5)
