"""Specialisations: what makes a new one and what does not, guards, threads, and what a call costs."""

from __future__ import annotations

import copy
import gc
import inspect
import pickle
import threading
import time
import traceback
import weakref
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
import pytest
from numeric import assert_close

import backprose.pipeline
from backprose import differentiable, dispatch, errors, grad, value_and_grad, vjp

RATE = 2.0
TABLE = np.array([1.0, 2.0, 3.0])
SETTINGS = {"scale": 3.0, "mode": "plain"}
FLAG = True
POWER = -1


def helper(x):
    return x**2


@grad
def cube_slope(x):
    return x**3


@differentiable
def decorated(x):
    return x**3


def signatures(g):
    return [s.signature for s in g.specializations]


# What makes a new specialisation


def test_kinds_make_specialisations_and_lengths_do_not():
    g = grad(lambda x, y: np.sum(x * y))
    for x in (np.ones(3), np.ones(5), np.ones(0), np.ones((2, 3))[0], np.ones(8)[::2]):
        assert_close(g(x, 2.0), 2 * np.ones(x.shape))
    assert signatures(g) == ["x: f64[N], y: float"]
    for x in (np.ones(1), np.ones((2, 3)), np.ones((2, 1)), np.ones((1, 3)), np.ones(()), 1.0, np.ones(3, np.float32)):
        assert_close(g(x, 2.0), 2 * np.ones(np.shape(x)))
    assert signatures(g) == [
        "x: f64[N], y: float", "x: f64[1], y: float", "x: f64[N, N], y: float", "x: f64[N, 1], y: float",
        "x: f64[1, N], y: float", "x: f64[], y: float", "x: float, y: float", "x: f32[N], y: float",
    ]  # fmt: skip
    g(1.0, 2)
    g(1.0, np.float64(2))
    g(1.0, True)
    assert signatures(g)[-3:] == ["x: float, y: int", "x: float, y: f64", "x: float, y: bool"]


def test_containers_and_lengths_of_lists():
    g = grad(lambda p: sum([np.sum(item) for item in p]))
    for n in (1, 2, 5):
        assert_close(g([np.ones(2)] * n), [np.ones(2)] * n)
    assert signatures(g) == ["p: [f64[N], ...]"]
    assert_close(g([np.ones(2), 1.0]), [np.ones(2), 1.0])
    assert_close(g([1.0, np.ones(2)]), [1.0, np.ones(2)])
    assert_close(g((np.ones(2),)), (np.ones(2),))
    assert signatures(g)[1:] == ["p: [f64[N], float]", "p: [float, f64[N]]", "p: (f64[N],)"]


def test_keys_of_dicts():
    g = grad(lambda p: sum(p.values()))
    assert g({"a": 1.0}) == {"a": 1.0}
    assert g({"b": 1.0, "a": 2.0}) == {"b": 1.0, "a": 1.0}
    assert list(g({"a": 1.0, "b": 2.0})) == ["a", "b"]
    assert g({-1: 1.0}) == {-1: 1.0}
    assert g({-2: 1.0}) == {-2: 1.0}
    (key,) = g({True: 1.0})
    assert key is True
    (key,) = g({1: 1.0})
    assert type(key) is int
    assert len(g.specializations) == 7


def test_static_arguments():
    def f(x, mode, activation=np.tanh, shift=None):
        y = activation(x) if mode == "on" else x
        return np.sum(y if shift is None else y + shift * x)

    x, g = np.array([0.5, 1.0]), grad(f)
    assert_close(g(x, "off"), np.ones(2))
    assert_close(g(x, "on"), 1 - np.tanh(x) ** 2)
    assert_close(g(x, "on", np.sin), np.cos(x))
    assert_close(g(x, "on", activation=np.cos), -np.sin(x))
    assert_close(g(x, "off", shift=2.0), 3 * np.ones(2))
    assert_close(g(x, "o" + "n"), 1 - np.tanh(x) ** 2)
    assert len(g.specializations) == 5


def test_equal_hashes_are_told_apart():
    def f(x, key):
        return x * key["k"]

    def power(x, n):
        return x**n

    assert grad(f)(1.0, {"k": -1}) == -1.0 and grad(f)(1.0, {"k": -2}) == -2.0
    g = grad(power)
    assert (g(2.0, -1), g(2.0, -2)) == (-0.25, -0.25)


def test_two_closures_of_one_code_object():
    def make(k, inner):
        return grad(lambda x: inner(k * x))

    a, b, c = make(2.0, np.sin), make(-1, np.cos), make(-2, np.cos)
    for _ in range(2):
        assert_close(a(0.3), 2 * np.cos(0.6))
        assert_close(b(0.3), np.sin(-0.3))
        assert_close(c(0.3), 2 * np.sin(-0.6))


def test_objects_are_told_apart_by_identity():
    class Same:
        def __init__(self, k):
            self.k = k

        def __eq__(self, other):
            return True

        def __hash__(self):
            return 0

    g = grad(lambda x, o: x * o.k)
    first, second = Same(2.0), Same(3.0)
    assert (g(1.0, first), g(1.0, second), g(1.0, first)) == (2.0, 3.0, 2.0)


def test_the_cache_is_bounded():
    g = grad(lambda x, mode: x * len(mode))
    for n in range(dispatch.CAPACITY + 20):
        assert g(1.0, "x" * n) == n
        assert g(1.0, "kept") == 4
    assert len(g.specializations) == dispatch.CAPACITY
    assert "x: float, mode: 'kept'" in signatures(g)


# Guards


def test_a_changed_global_number_takes_effect(monkeypatch):
    g = grad(lambda x: RATE * x * x)
    assert g(3.0) == 12.0
    monkeypatch.setitem(globals(), "RATE", 5.0)
    assert g(3.0) == 30.0
    assert len(g.specializations) == 1
    monkeypatch.setitem(globals(), "RATE", np.array([1.0, 2.0]))
    with pytest.raises(errors.NotDifferentiable):
        g(3.0)
    monkeypatch.setitem(globals(), "RATE", -1)
    assert g(3.0) == -6.0
    monkeypatch.setitem(globals(), "RATE", -2)
    assert g(3.0) == -12.0


def test_a_changed_global_array_and_dict_take_effect(monkeypatch):
    g = grad(lambda x: np.sum(x * TABLE * SETTINGS["scale"]))
    assert_close(g(np.ones(3)), 3 * TABLE)
    monkeypatch.setitem(globals(), "TABLE", 2 * TABLE)
    monkeypatch.setitem(SETTINGS, "scale", 4.0)
    assert_close(g(np.ones(3)), 4 * TABLE)
    monkeypatch.setitem(SETTINGS, "scale", np.ones(3))
    assert_close(g(np.ones(3)), TABLE)


def test_a_changed_global_function_and_flag_respecialise(monkeypatch):
    g = grad(lambda x: helper(x) if FLAG else x)
    assert g(3.0) == 6.0
    monkeypatch.setitem(globals(), "helper", lambda x: x**3)
    assert g(3.0) == 27.0
    monkeypatch.setitem(globals(), "FLAG", False)
    assert g(3.0) == 1.0
    monkeypatch.setitem(globals(), "FLAG", True)
    assert g(3.0) == 27.0


def test_toggling_compiles_each_state_once(monkeypatch):
    compiled = counting(monkeypatch)
    g = grad(lambda x: x * x if FLAG else x)
    for state in (True, False) * 5:
        monkeypatch.setitem(globals(), "FLAG", state)
        assert g(3.0) == (6.0 if state else 1.0)
    assert len(compiled) == 2


def test_closure_cells_are_live():
    k, inner = 2.0, np.sin

    def f(x):
        return inner(k * x)

    g = grad(f)
    assert_close(g(0.3), 2 * np.cos(0.6))
    k = 3.0
    assert_close(g(0.3), 3 * np.cos(0.9))
    inner = np.cos
    assert_close(g(0.3), -3 * np.sin(0.9))


def test_attributes_of_objects_are_live():
    class Config:
        rate = 2.0
        act = staticmethod(np.sin)

    config = Config()
    g = grad(lambda x: config.act(config.rate * x))
    assert_close(g(0.3), 2 * np.cos(0.6))
    config.rate = 3.0
    assert_close(g(0.3), 3 * np.cos(0.9))


def test_contents_of_global_containers_are_live(monkeypatch):
    allowed, nested, ordered = {"a"}, {"a": {"b": [1.0, 2.0]}}, OrderedDict(k=2.0)
    g = grad(lambda x: 2 * x if "a" in allowed else x)
    assert g(1.0) == 2.0
    allowed.clear()
    assert g(1.0) == 1.0
    g = grad(lambda x: x * nested["a"]["b"][1])
    assert g(1.0) == 2.0
    nested["a"]["b"].insert(0, 5.0)
    assert g(1.0) == 1.0
    with pytest.raises(errors.CompileError, match="the global `ordered` is an? OrderedDict"):
        grad(lambda x: x * ordered["k"])(1.0)


def test_pickling():
    assert pickle.loads(pickle.dumps(cube_slope)) is cube_slope
    assert pickle.loads(pickle.dumps(grad(helper)))(3.0) == 6.0
    assert copy.deepcopy(grad(helper))(3.0) == 6.0
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert pickle.loads(pickle.dumps(differentiable(helper))).grad(3.0) == 6.0


def test_a_global_that_is_gone(monkeypatch):
    g = grad(lambda x: helper(x))
    assert g(3.0) == 6.0
    monkeypatch.delitem(globals(), "helper")
    with pytest.raises(errors.CompileError, match="`helper` is not defined"):
        g(3.0)


# Threads


def counting(monkeypatch):
    compiled, original = [], backprose.pipeline.compile_function

    def compile_function(*args, **keywords):
        compiled.append(args)
        time.sleep(0.01)
        return original(*args, **keywords)

    monkeypatch.setattr(backprose.pipeline, "compile_function", compile_function)
    return compiled


def in_threads(count, work):
    barrier, results = threading.Barrier(count), [None] * count

    def run(i):
        barrier.wait()
        results[i] = work(i)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_threads_compile_a_signature_once(monkeypatch):
    compiled = counting(monkeypatch)
    g = grad(lambda x: np.sum(np.sin(x)))
    xs = [np.full(3 + i, float(i)) for i in range(8)]
    for i, found in enumerate(in_threads(8, lambda i: g(xs[i]))):
        assert_close(found, np.cos(xs[i]))
    assert len(compiled) == 1


def test_threads_with_different_signatures():
    g = value_and_grad(lambda x: np.sum(x * x))
    xs = [np.ones((2,) * (1 + i % 4)) for i in range(8)]
    for i, (value, found) in enumerate(in_threads(8, lambda i: [g(xs[i]) for _ in range(50)][-1])):
        assert value == xs[i].size
        assert_close(found, 2 * xs[i])
    assert len(g.specializations) == 4


def test_a_pullback_in_several_threads():
    x = np.linspace(0, 1, 5)
    _, pullback = vjp(lambda x: np.exp(x) * x, x)
    for i, (found,) in enumerate(in_threads(4, lambda i: pullback(np.full(5, float(i))))):
        assert_close(found, i * np.exp(x) * (1 + x))


# Sharing and forgetting


def test_one_function_compiles_once_for_two_gradients(monkeypatch):
    compiled = counting(monkeypatch)

    def f(x):
        return x * x

    assert grad(f)(3.0) == grad(f)(3.0) == 6.0
    assert vjp(f, 3.0)[1](1.0) == vjp(f, 3.0)[1](1.0) == (6.0,)
    assert len(compiled) == 2


def test_a_function_that_nobody_uses_is_let_go():
    def make():
        big = np.ones(10)

        def f(x):
            return np.sum(x * big)

        grad(f)(np.ones(10))
        return weakref.ref(f)

    dead = make()
    gc.collect()
    assert dead() is None


# Looking inside


def test_emitted_functions_can_be_inspected():
    def f(x, y=2.0):
        return np.sum(x**2) * y

    g = grad(f)
    assert "def f_grad(x, y=2.0)" in g.source  # before any call
    g(np.ones(3))
    (found,) = g.specializations
    assert found.source == g.source
    assert inspect.getsource(found.function).startswith("def f_grad(x, y=2.0):")
    assert found.function(np.ones(3), 3.0).tolist() == [6.0, 6.0, 6.0]
    assert list(found.kinds) == ["x", "y"] and repr(found) == "<specialization for x: f64[N], y: float>"
    for stage in ("lowered", "inferred", "primal", "derivative", "adjoint", "optimised"):
        assert "function f" in g.ir(stage) and g.ir(stage) == found.ir(stage)
    assert g.ir() == g.ir("optimised")
    with pytest.raises(ValueError, match="no stage 'tokens'; there are lowered, inferred, primal, derivative, adjoint, optimised"):
        g.ir("tokens")


def test_source_before_a_call_follows_annotations():
    @dataclass
    class Layer:
        w: np.ndarray
        n: int = 3

    def f(x: "f8[:, 1]", n: int, k: np.float64, z: np.ndarray, *, mode="on"):
        return np.sum(x) * n * k * np.sum(z)

    g = grad(f)
    found = g.latest()
    assert found.signature == "x: f64[N, 1], n: int, k: f64, z: number, mode: 'on'"
    assert g.specializations == []

    def open_kind(p: dict):
        return p["x"]

    with pytest.raises(errors.UnresolvedKind, match="annotation .*dict.* does not tell the kind of `p`"):
        grad(open_kind).source
    assert grad(open_kind)({"x": 1.0}) == {"x": 1.0}


def test_an_exception_names_the_line_of_the_function():
    def f(x, table):
        y = np.sin(x)
        return np.sum(y * table[5])

    g = grad(f)
    with pytest.raises(IndexError) as info:
        g(1.0, np.ones(3))
    (note,) = info.value.__notes__
    assert "in f" in note and "table[5]" in note and __file__ in note
    text = "".join(traceback.format_exception(info.value))
    assert "<backprose f" in text and "f_grad" in text
    with pytest.raises(IndexError) as info:
        vjp(f, 1.0, np.ones(3))
    assert "table[5]" in info.value.__notes__[0]


def test_a_note_also_for_the_reverse_sweep():
    def f(x):
        return x * x

    _, pullback = vjp(f, np.ones(3))
    with pytest.raises(ValueError, match="cotangent has shape"):
        pullback(np.ones(4))


# Cost


def seconds(calls, args, rounds=300, times=100):
    """The least time of one call of each; they take turns, so that a busy machine slows all of them."""
    best = [float("inf")] * len(calls)
    for _ in range(rounds):
        for i, call in enumerate(calls):
            start = time.perf_counter()
            for _ in range(times):
                call(*args)
            best[i] = min(best[i], (time.perf_counter() - start) / times)
    return best


@pytest.mark.parametrize("args", [(1.0, 2.0, 3.0), (np.ones((3, 3)), np.ones((3, 3)), 2.0), (np.ones((3, 1)),) * 3])
def test_a_call_costs_little_over_the_emitted_function(args):
    g = grad(lambda a, b, c: np.sum(a * b) * np.sum(c))
    g(*args)
    emitted = g.specializations[-1].function
    call, direct, nothing = seconds([g, emitted, lambda a, b, c: None], args)
    assert call - direct < 50 * nothing  # two to three microseconds where an empty call takes 50 nanoseconds
