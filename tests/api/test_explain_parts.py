"""Reports on arguments that are containers: why the derivative by a part is zero, at every depth and in both modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pytest

from backprose import (
    checkpoint, differentiable, grad, hessian, jacfwd, jacobian, jacrev, linearize, stop_gradient, value_and_grad, vjp,
)  # fmt: skip

X = np.linspace(0.5, 2.0, 4)


def reasons(derivative, *args) -> dict[str, tuple[bool, str, list[str]]]:
    """What is said of each leaf: whether it has a derivative, why, and where it ends."""
    derivative(*args)
    leaves = [leaf for argument in derivative.explain().arguments for leaf in argument.leaves]
    return {leaf.name: (leaf.active, leaf.why, [stop.expression for stop in leaf.stops]) for leaf in leaves}


ACTIVE = (True, "has a derivative", [])
UNREAD = (False, "is not read", [])


# Each kind of container, each reason


def of_dict(p):
    unused = p["does not reach"] * 2.0
    steps = int(p["whole"]) + np.sum(stop_gradient(p["stopped"]))
    return np.sum(p["w"]) * steps * np.round(p["rounded"])


def test_the_entries_of_a_dict():
    p = {"w": X, "unused": 1.0, "does not reach": 1.0, "whole": 2.0, "stopped": X, "rounded": 1.2}
    assert reasons(grad(of_dict), p) == {
        'p["w"]': ACTIVE,
        'p["unused"]': UNREAD,
        'p["does not reach"]': UNREAD,  # what is made of it is dropped before anything else
        'p["whole"]': (False, "has the derivative 0", ['int(p["whole"])']),
        'p["stopped"]': (False, "has the derivative 0", ['stop_gradient(p["stopped"])']),
        'p["rounded"]': (False, "has the derivative 0", ['np.round(p["rounded"])']),
    }
    text = str(grad(of_dict).explain())
    assert "p has a derivative, but\n" in text and '    p["unused"] is not read\n' in text
    assert '    p["whole"] has the derivative 0, for it does not pass\n        `int(p["whole"])`, line' in text


@dataclass
class Point:
    x: float
    y: float


@dataclass
class Body:
    at: Point
    mass: np.ndarray
    name: str
    count: int


def of_records(body, pair):
    return body.at.x * np.sum(body.mass) * pair[0] + pair[1][1]


def test_fields_and_tuples_at_depth():
    found = reasons(grad(of_records, (0, 1), allow_int=True), Body(Point(1.0, 2.0), X, "b", 3), (1.0, (2.0, 3.0)))
    assert found == {
        "body.at.x": ACTIVE, "body.at.y": UNREAD, "body.mass": ACTIVE,
        "body.count": (False, "carries no derivative: it is int", []),
        "pair[0]": ACTIVE, "pair[1][0]": UNREAD, "pair[1][1]": ACTIVE,
    }  # fmt: skip


def test_the_elements_of_a_list():
    def f(q):
        return q[0] * q[-1]

    assert reasons(grad(f), [1.0, 2.0, 3.0]) == {"q[-1]": ACTIVE, "q[0]": ACTIVE, "q[any other]": UNREAD}
    assert reasons(grad(lambda q: sum(q)), [1.0, 2.0]) == {"q": ACTIVE}
    mixed = reasons(grad(lambda q: q[0] * np.sum(q[1])), [1.0, X, 2.0])
    assert mixed == {"q[0]": ACTIVE, "q[1]": ACTIVE, "q[2]": UNREAD}


def overwriting(p):
    p["buffer"][:] = p["fill"]
    p["late"][...] = 0.0
    twice = p["half"] * 2.0
    twice[:] = 1.0
    return np.sum(p["buffer"] * 2.0) + np.sum(p["late"]) + np.sum(twice)


def test_what_is_overwritten_before_it_is_read():
    p = {"buffer": X.copy(), "fill": 1.0, "late": X.copy(), "half": X.copy()}
    found = reasons(grad(overwriting), p)
    assert found['p["fill"]'] == ACTIVE
    for name, store in (("buffer", 'p["buffer"][:]'), ("late", 'p["late"][...]'), ("half", "twice[:]")):
        assert found[f'p["{name}"]'] == (False, "has the derivative 0", [store])
    text = str(grad(overwriting).explain())
    assert "is overwritten there" in text
    assert not grad(overwriting)(p)["buffer"].any()


def test_a_part_that_is_overwritten_in_part_is_active():
    def f(p):
        p["x"][1:] = 0.0
        return np.sum(p["x"])

    assert reasons(grad(f), {"x": X.copy(), "y": X.copy()}) == {'p["x"]': ACTIVE, 'p["y"]': UNREAD}


def test_a_shift_that_cancels():
    def softmax(p):
        e = np.exp(p["x"] - np.max(p["z"]))
        return np.sum(e / np.sum(e) * p["y"])

    found = reasons(grad(softmax), {"x": X, "y": X, "z": X + 1.0})
    assert found['p["x"]'] == ACTIVE
    assert found['p["z"]'] == (False, "has the derivative 0", ['np.max(p["z"])'])
    assert "cancels" in str(grad(softmax).explain())


# Through control flow


class State(NamedTuple):
    u: np.ndarray
    v: np.ndarray
    age: float


def stepped(state, n):
    for _ in range(n):
        state = State(np.sin(state.u), state.v * 2.0, state.age + 1.0)
    return np.sum(state.u)


def chosen(p, q, flag):
    r = p if flag > 0 else q
    return r["a"] * 2.0


def until(pair):
    a, b = pair["a"], pair["b"]
    while a < 10.0:
        a, b = a * 2.0, b * a
    return a


def test_containers_that_loops_and_branches_carry():
    assert reasons(grad(stepped), State(X, X, 1.0), 3) == {
        "state.u": ACTIVE,
        "state.v": (False, "does not reach the result", []),
        "state.age": (False, "does not reach the result", []),
    }
    a = {"a": 1.0, "b": 2.0}
    found = reasons(grad(chosen, (0, 1)), a, dict(a), 1)
    assert found == {'p["a"]': ACTIVE, 'p["b"]': UNREAD, 'q["a"]': ACTIVE, 'q["b"]': UNREAD}
    found = reasons(grad(until), a)
    assert found['pair["a"]'] == (True, "has a derivative", ["a < 10.0"])
    assert found['pair["b"]'][0] is False


def network(layers, x):
    for layer in layers:
        x = np.tanh(layer["w"] @ x)
    return np.sum(x)


def test_lists_of_containers():
    layers = [{"w": np.eye(4), "b": X, "on": 1.0} for _ in range(3)]
    found = reasons(grad(network), layers, X)
    assert found == {'layers[i]["w"]': ACTIVE, 'layers[i]["b"]': UNREAD, 'layers[i]["on"]': UNREAD}
    pairs = [(1.0, 2.0), (3.0, 4.0)]
    assert reasons(grad(lambda p: sum([a * a for a, _ in p])), pairs) == {"p[i][0]": ACTIVE, "p[i][1]": UNREAD}
    found = reasons(grad(lambda p: p[0][1] * p[1][1]), pairs)
    assert found == {"p[i][0]": UNREAD, "p[0][1]": ACTIVE, "p[1][1]": ACTIVE, "p[any other][1]": UNREAD}


def test_checkpoints_and_helpers():
    def block(p, x):
        return {"x": np.sin(x * p["a"]), "other": x * p["b"]}

    again = checkpoint(block)
    found = reasons(grad(lambda p, x: np.sum(again(p, x)["x"])), {"a": 1.0, "b": 2.0}, X)
    assert found == {'p["a"]': ACTIVE, 'p["b"]': (False, "does not reach the result", [])}


# The other derivatives


def pushed(x, p):
    y = np.exp(x) * p["a"] + np.floor(p["b"])
    return np.sum(y), p["c"]


ARGS = (X, {"a": 1.0, "b": 2.0, "c": 3.0, "d": 4.0})
SAID = {
    "x": ACTIVE, 'p["a"]': ACTIVE, 'p["b"]': (False, "has the derivative 0", ['np.floor(p["b"])']),
    'p["c"]': (False, "reaches the auxiliary output only", []), 'p["d"]': UNREAD,
}  # fmt: skip


@pytest.mark.parametrize("form", [grad, value_and_grad, jacfwd, jacrev, jacobian, hessian])
def test_every_derivative_explains_the_parts(form):
    assert reasons(form(pushed, (0, 1), has_aux=True), *ARGS) == SAID


@pytest.mark.parametrize("parts", [linearize, vjp])
def test_pullbacks_and_linear_functions_explain_them(parts):
    _, second, _ = parts(pushed, *ARGS, has_aux=True)
    leaves = [leaf for argument in second.explain().arguments for leaf in argument.leaves]
    assert {leaf.name: (leaf.active, leaf.why, [s.expression for s in leaf.stops]) for leaf in leaves} == SAID


def test_what_a_linear_function_holds():
    _, linear, _ = linearize(pushed, *ARGS, has_aux=True)
    report = linear.residuals
    (entry,) = [entry for entry in report if entry.expression == "np.exp(x)"]
    assert entry.bytes == X.nbytes and report.bytes >= X.nbytes
    assert str(report).startswith("Kept for the linear function of `pushed`, ")
    assert str(linear.explain()).startswith("Linear function of `pushed`, for x: f64[N], p: {a: float")
    assert repr(linear).startswith("<linear function, compiled for x: f64[N]")


def test_forward_mode_keeps_nothing():
    jacobian_of = jacfwd(pushed, has_aux=True)
    assert "Nothing of `pushed` is kept: in forward mode" in str(jacobian_of.residuals(*ARGS))
    assert hessian(lambda x: np.sum(np.sin(x) ** 2)).residuals(X).bytes > 0


def test_one_line_names_the_part():
    g = grad(of_dict)
    g({"w": X, "unused": 1.0, "does not reach": 1.0, "whole": 2.0, "stopped": X, "rounded": 1.2})
    line = of_dict.__code__.co_firstlineno + 2
    text = str(g.explain(line))
    assert 'No derivative by p["whole"] passes\n' in text and 'No derivative by p["stopped"] passes\n' in text
    assert "is piecewise constant" not in text


def test_decorated_functions_and_annotations():
    @differentiable
    def f(p):
        return p["a"] * 2.0

    f.grad({"a": 1.0, "b": 1.0})
    assert 'p["b"] is not read' in str(f.explain())


def test_every_part_alike_is_said_once():
    g = grad(lambda p: np.sum(p["a"] * p["b"]))
    g({"a": X, "b": X})
    assert "\np has a derivative\n" in str(g.explain())
    g = grad(lambda p, x: np.sum(x) + int(p["a"]) + int(p["b"]), (0, 1))
    g({"a": 1.0, "b": 2.0}, X)
    (argument, _) = g.explain().arguments
    assert not argument.active and len(argument.parts) == 2
    assert "p has the derivative 0:\n" in str(g.explain())


def test_what_is_kept_of_an_object_has_the_name_of_the_attribute():
    def f(body, x):
        body.mass[:] = x
        return np.sum(np.sin(x)) * body.at.x

    g = grad(f, 1)
    g(Body(Point(1.0, 2.0), X.copy(), "b", 3), X)
    assert "body.at.x" in [entry.expression for entry in g.explain().residuals]
