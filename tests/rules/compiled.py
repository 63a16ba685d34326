"""Cases as programs: the source of a function that calls what has the rule, compiled as a user's function is.

The program of a case is the inner product of the call's result with weights, so that its gradient is the rule's
cotangent for these weights:

    def program(x0, x1, u0):
        y = fn(x0, x1, axis=0)
        return np.sum(u0 * y)
"""

from __future__ import annotations

import itertools
import linecache
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

import backprose
from backprose import pipeline
from backprose.analysis.kinds import kind_of
from backprose.transform.gradient import Request

from cases import Case, has_floats
from check import leaves, random_like

_serial = itertools.count()


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every test of a file that imports this runs the verifier, and NumPy says nothing of what is not finite."""
    monkeypatch.setenv("BACKPROSE_VERIFY", "1")
    with np.errstate(all="ignore"):
        yield


def function_from(text: str, name: str, namespace: dict) -> Callable:
    """The function `name` that `text` defines, with its source registered so that the compiler can read it."""
    file = f"<case {next(_serial)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope = {"np": np, "math": math, **namespace}
    exec(compile(text, file, "exec"), scope)  # noqa: S102
    return scope[name]


@dataclass
class Program:
    """A function with its arguments; `wrt` are the positions that are differentiated."""

    function: Callable
    args: list
    wrt: tuple[int, ...]
    text: str
    loaded: dict = field(default_factory=dict)

    @property
    def kinds(self) -> dict:
        return {p: kind_of(x) for p, x in zip(self.parameters, self.args)}

    @property
    def parameters(self) -> tuple[str, ...]:
        code = self.function.__code__
        return code.co_varnames[: code.co_argcount]

    def compiled(self, *, paired: bool = False, optimise: bool = True) -> tuple[pipeline.Compilation, dict]:
        key = paired, optimise
        if key not in self.loaded:
            plan = pipeline.Plan(Request(self.wrt, False), paired)
            c = pipeline.compile_function(self.function, self.kinds, plan, optimise)
            self.loaded[key] = c, c.load(self.function.__name__, self.function.__globals__)
        return self.loaded[key]

    def gradient(self, *args: Any, optimise: bool = True) -> tuple:
        """The gradients by each of `wrt`, at `args` or at the program's own arguments."""
        c, names = self.compiled(optimise=optimise)
        return names[c.entry](*(args or self.args))

    def source(self) -> str:
        return self.compiled()[0].emitted.source


def program_of(case: Case, weights: Any | None = None, seed: int = 3) -> Program:
    """The program whose gradients are the rule's cotangents for `weights` (default: random ones)."""
    args: list = []
    wrt: list[int] = []
    constants: dict[str, Any] = {}

    def given(key: int | str, x: Any) -> str:
        if key in case.wrt:
            wrt.append(len(args))
        elif not at_run_time(x):
            return literal(x, constants)
        args.append(x)
        return f"x{len(args) - 1}"

    passed = [given(i, x) for i, x in enumerate(case.args)]
    passed += [f"{name}={given(name, x)}" for name, x in case.kwargs.items()]
    # The order of `case.wrt` is that of the arguments.
    y = case.call(case.values)
    if weights is None:
        weights = random_like(y, np.random.default_rng(seed))
    names = [f"x{i}" for i in range(len(args))]
    us = leaves(weights)
    names += [f"u{i}" for i in range(len(us))]
    total = " + ".join(product(f"u{i}", path, leaf) for i, (path, leaf) in enumerate(paths("y", y))) or "0.0"
    call = f"fn({', '.join(passed)})"
    call = f"list({call})" if case.function is reversed else call
    text = f"def program({', '.join(names)}):\n    y = {call}\n    return {total}\n"
    function = function_from(text, "program", {"fn": case.function, **constants})
    return Program(function, args + us, tuple(wrt), text)


def call_of(case: Case, place: Callable[[Any], Any] = lambda x: x) -> Program:
    """The call of the case as a function of what is differentiated; other arguments are constants, as `place` gives them."""
    args: list = []
    constants: dict[str, Any] = {}

    def given(key: int | str, x: Any) -> str:
        if key not in case.wrt:
            return literal(x, constants)
        args.append(x)
        return f"x{len(args) - 1}"

    passed = [given(i, x) for i, x in enumerate(case.args)]
    passed += [f"{name}={given(name, x)}" for name, x in case.kwargs.items()]
    call = f"fn({', '.join(passed)})"
    call = f"list({call})" if case.function is reversed else call
    names = ", ".join([f"x{i}" for i in range(len(args))])
    text = f"def program({names}):\n    return {call}\n"
    scope = {"fn": case.function, **{name: place(x) for name, x in constants.items()}}
    return Program(function_from(text, "program", scope), args, tuple(range(len(args))), text)


def second_of(first: Program, seed: int = 5) -> tuple[Program, list]:
    """The inner product of the program's gradients with weights v, as a program; and v."""
    rng = np.random.default_rng(seed)
    vs = [random_like(first.args[i], rng) for i in first.wrt]
    flat = leaves(vs)
    names = [*first.parameters, *(f"v{i}" for i in range(len(flat)))]
    places = [place for n, i in enumerate(first.wrt) for place in paths(f"g[{n}]", first.args[i])]
    total = " + ".join(product(f"v{i}", path, leaf) for i, (path, leaf) in enumerate(places)) or "0.0"
    text = f"def second({', '.join(names)}):\n    g = gradient({', '.join(first.parameters)})\n    return {total}\n"
    gradient = backprose.grad(first.function, argnums=first.wrt)
    function = function_from(text, "second", {**first.function.__globals__, "gradient": gradient})
    wrt = (*first.wrt, *(i for i, p in enumerate(first.parameters) if p.startswith("u")))
    return Program(function, first.args + flat, wrt, text), vs


def paths(text: str, y: Any) -> list[tuple[str, Any]]:
    """The expressions that read the leaves of y, and the leaves."""
    if isinstance(y, (list, tuple)):
        places = [(f"{text}[{i}]", item) for i, item in enumerate(y) if not isinstance(item, bool)]
        return [leaf for place, item in places for leaf in paths(place, item)]
    return [(text, y)]


def product(u: str, path: str, leaf: Any) -> str:
    total = f"np.sum({u} * {path})" if np.ndim(leaf) else f"{u} * {path}"
    return f"np.real({total})" if np.iscomplexobj(leaf) else total


def at_run_time(x: Any) -> bool:
    """Arrays are run-time values, and so are lists of floats; axes, shapes, flags and infinities are literals."""
    if isinstance(x, (list, tuple)):
        return has_floats(x) and any(map(at_run_time, x))
    return isinstance(x, (np.ndarray, np.generic))


def literal(x: Any, constants: dict[str, Any]) -> str:
    """The expression for a static argument; what has none is bound to a global."""
    if isinstance(x, (tuple, list)):
        inner = ", ".join([literal(item, constants) for item in x])
        return f"[{inner}]" if isinstance(x, list) else f"({inner}{',' if len(x) == 1 else ''})"
    if isinstance(x, slice):
        return f"slice({x.start}, {x.stop}, {x.step})"
    if x is None or x is Ellipsis or isinstance(x, (bool, int, str)) or isinstance(x, float) and math.isfinite(x):
        return repr(x)
    if isinstance(x, float) and math.isinf(x):
        return "np.inf" if x > 0 else "-np.inf"
    name = f"k{len(constants)}"
    constants[name] = x
    return name

