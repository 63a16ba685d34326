"""Checkpoints: the values are those without them to the last bit, and what is kept is what the options say."""

import types

import backprose
import checkpoint_programs
import numpy as np
import pytest
from backprose import errors

checkpoint = backprose.checkpoint
U = np.array([0.3, -1.2, 0.7, 1.9, -0.4])


def plain(function):
    """The same program without checkpoints."""
    own = {"checkpoint": lambda subject, **options: subject, "step": checkpoint_programs._step}
    return types.FunctionType(function.__code__, {**function.__globals__, **own}, function.__name__, None, function.__closure__)


def same(found, expected):
    """Whether gradients are the same but for rounding: what else reads a product settles how its sum is added."""
    return all(np.allclose(x, y, rtol=1e-13, atol=1e-14) for x, y in zip(found, expected, strict=True))


@pytest.mark.parametrize("function", checkpoint_programs.PROGRAMS, ids=lambda f: f.__name__)
def test_gradients_are_those_without_checkpoints(function):
    expected = backprose.value_and_grad(plain(function), (0, 1))
    gradient = backprose.value_and_grad(function, (0, 1))
    for n in (0, 1, 7, 8):
        if n == 0 and function.__name__ == "several_arrays":
            continue  # whose result is a number then
        value, (u_bar, k_bar) = expected(U, 1.3, n)
        assert same(gradient(U, 1.3, n)[1], (u_bar, k_bar))
        assert gradient(U, 1.3, n)[0] == value == function(U, 1.3, n)
        again, pullback = backprose.vjp(function, U, 1.3, n)
        assert again == value
        assert same(pullback(1.0)[:2], (u_bar, k_bar))
        assert same(pullback(1.0)[:2], (u_bar, k_bar)), "the pullback may be called again"


@pytest.mark.parametrize("function", checkpoint_programs.PROGRAMS, ids=lambda f: f.__name__)
def test_other_modes_and_orders(function):
    direction = np.cos(U)

    def forward(f):
        return backprose.jvp(lambda u: f(u, 1.3, 6), (U,), (direction,))

    def forward_over_reverse(f):
        return backprose.jvp(lambda u: backprose.grad(f)(u, 1.3, 6), (U,), (direction,))

    def reverse_over_reverse(f):
        return backprose.grad(lambda u: np.sum(np.sin(backprose.grad(f)(u, 1.3, 6))))(U)

    for derivative in (forward, forward_over_reverse, reverse_over_reverse):
        np.testing.assert_allclose(derivative(function), derivative(plain(function)), rtol=1e-11, atol=1e-13)


def test_what_is_printed_is_printed_once(capsys):
    def loop(u):
        for i in checkpoint(range(4), every=2):
            u = u * np.cos(u)
            print("iteration", i)
        return u

    backprose.grad(loop)(0.5)
    assert capsys.readouterr().out == "".join(f"iteration {i}\n" for i in range(4))


# What is kept


def most_alive(function, *args):
    """The most arrays like the first argument that the gradient holds at a time."""
    return most_alive_in(backprose.grad(function), *args)


def most_alive_in(function, *args):
    import tracemalloc

    function(*args)
    tracemalloc.start()
    function(*args)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / args[0].nbytes


def test_a_loop_keeps_snapshots_and_one_segment():
    def loop(u, n):
        for _ in checkpoint(range(n), every=20):
            u = u * np.cos(u)
        return np.sum(u)

    def default(u, n):
        for _ in checkpoint(range(n)):
            u = u * np.cos(u)
        return np.sum(u)

    def until(u, n):
        i = 0
        while checkpoint(i < n):
            u = u * np.cos(u)
            i += 1
        return np.sum(u)

    u = np.linspace(0.1, 1.0, 10000)
    kept_of_each = 2  # u and its cosine
    assert most_alive(plain(loop), u, 400) > 400 * kept_of_each
    assert most_alive(loop, u, 400) < 20 + 20 * kept_of_each + 8
    assert most_alive(default, u, 400) < 20 + 20 * kept_of_each + 8
    assert most_alive(until, u, 400) < 29 + 29 * kept_of_each + 8  # 1 + 2 + ... + 28 = 406


def test_a_function_keeps_its_arguments():
    @checkpoint
    def layer(w, x):
        for _ in range(10):
            x = np.tanh(w * x)
        return x

    def deep(x, w):
        return np.sum(layer(w, layer(w, layer(w, layer(w, x)))))

    def shallow(x, w):
        return np.sum(layer.fun(w, layer.fun(w, layer.fun(w, layer.fun(w, x)))))

    x = np.linspace(0.1, 1.0, 10000)
    assert most_alive(shallow, x, 1.5) > 40
    assert most_alive(deep, x, 1.5) < 4 + 2 * 10 + 8
    _, pullback = backprose.vjp(layer, np.array(1.5), x)
    assert sum(v.nbytes for v in pullback._residuals if isinstance(v, np.ndarray)) <= 2 * x.nbytes


def test_equal_calls_share_a_function():
    def deep(x, k):
        return np.sum(checkpoint_programs.step(checkpoint_programs.step(x, k), k))

    gradient = backprose.grad(deep)
    gradient(U, 1.3)
    assert gradient.source.count("\ndef ") == 3  # the gradient, the step, and its pullback


# As plain Python


def test_without_derivatives_everything_is_as_it_is():
    steps, function = range(5), checkpoint(checkpoint_programs._step)
    assert checkpoint(steps, every=2) is steps
    assert checkpoint(False) is False
    assert same(function(U, 1.3), checkpoint_programs._step(U, 1.3))
    assert function.__name__ == "_step"


class Model:
    def __init__(self, k):
        self.k = k

    @checkpoint
    def layer(self, x):
        return np.sin(self.k * x) * x

    def loss(self, x):
        return np.sum(self.layer(self.layer(x)))


def test_methods_and_partials():
    from functools import partial

    expected = backprose.grad(lambda x: np.sum(np.sin(1.3 * np.sin(1.3 * x) * x) * np.sin(1.3 * x) * x))(U)
    np.testing.assert_allclose(backprose.grad(Model(1.3).loss)(U), expected)
    scaled = checkpoint(partial(checkpoint_programs._step, k=1.3))
    expected = backprose.grad(lambda u: np.sum(checkpoint_programs._step(u, 1.3)))(U)
    assert same([backprose.grad(lambda u: np.sum(scaled(u)))(U)], [expected])


def test_a_checkpointed_function_itself():
    expected = backprose.vjp(checkpoint_programs._step, U, 1.3)[1](U)
    assert same(backprose.vjp(checkpoint_programs.step, U, 1.3)[1](U), expected)
    whole = checkpoint(checkpoint_programs.calls_in_a_row)
    expected = backprose.grad(plain(checkpoint_programs.calls_in_a_row))(U, 1.3, 2)
    assert same([backprose.grad(whole)(U, 1.3, 2)], [expected])


def test_a_module_of_its_own():
    from backprose.standalone import module_text

    gradient = backprose.grad(checkpoint_programs.calls_in_a_loop)
    expected = gradient(U, 1.3, 5)
    names = {}
    exec(module_text(gradient.specializations[0], "a test", "0"), names)
    assert same([names["calls_in_a_loop_grad"](U, 1.3, 5)], [expected])


def test_differentiable():
    @backprose.differentiable
    def loop(u: float, n: int):
        for _ in checkpoint(range(n), every=3):
            u = np.sin(u) * 1.1
        return u

    assert "for start in range(0, n, 3)" in loop.source
    assert loop.grad(0.5, 10) == backprose.grad(plain(loop.fun))(0.5, 10)


# Refusals


@pytest.mark.parametrize("every", [0, -1, 1.5, True, "many"])
def test_wrong_intervals_are_refused(every):
    with pytest.raises(ValueError, match="every="):
        checkpoint(range(3), every=every)

    def loop(u, every):
        for _ in checkpoint(range(3), every=every):
            u = u * u
        return u

    with pytest.raises((ValueError, errors.UnsupportedCall), match="every"):
        backprose.grad(loop)(0.5, every)


def test_options_of_a_function_are_refused():
    with pytest.raises(TypeError, match="for loops"):
        checkpoint(np.sin, every=2)


def test_loops_that_are_written_out_are_refused():
    def loop(u):
        for v in checkpoint([u, u * 2]):
            u = u * v
        return u

    with pytest.raises(errors.UnsupportedCall, match="can't be checkpointed"):
        backprose.grad(loop)(0.5)


def test_a_condition_with_effects_is_refused():
    def loop(u):
        rng = np.random.default_rng(0)
        while checkpoint(rng.normal() < 1):
            u = u * u
        return u

    with pytest.raises(errors.NotDifferentiable, match="condition"):
        backprose.grad(loop)(0.5)


def test_draws_in_recursion_are_refused():
    def loss(u, n):
        return checkpoint(WALK)(u, np.random.default_rng(0), n)

    with pytest.raises(errors.NotDifferentiable, match="recursive"):
        backprose.grad(loss)(0.5, 3)


def WALK(u, rng, n):
    return u if n == 0 else WALK(u * rng.normal(), rng, n - 1)
