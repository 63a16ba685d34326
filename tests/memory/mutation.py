"""Random Python functions that update arrays in place, as source text.

A program is a function of vectors, a matrix, containers, a scalar and an int. Its statements store, view, alias, copy, swap, branch
and loop; it returns a float that everything still in scope goes into. Shapes are known to the writer, so nearly every
program runs, and values stay bounded.

As a script, it checks many programs and counts what is refused: `python tests/memory/mutation.py --count 3000`.
"""

from __future__ import annotations

import linecache
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st
from mutation_arrays import ArrayStatements
from mutation_containers import ContainerStatements
from mutation_flow import FlowStatements
from mutation_scope import Listing, Scope, indented

PARAMETERS: dict[str, tuple[int, ...]] = {
    "x": (4,),
    "y": (4,),
    "m": (3, 4),
    "f": (4,),
    "p": (4,),
    "o": (4,),
    "l": (4,),
    "s": (),
}

HELPERS = """\
from dataclasses import dataclass

import numpy as np


@dataclass
class Box:
    u: np.ndarray
    w: np.ndarray
    c: float

    def add(self, by):
        self.u += by
        self.c = self.c + by

    def turn(self, by):
        self.u, self.w = self.w * by, self.u


def bump(q, by):
    q[0] += by * q[-1]


def scale(q, by):
    q *= by


def shift(q):
    q[1:] = q[:-1] + 0.1 * q[1:]
    return q


def half(q):
    q = q * 0.5
    q[0] = 1.5
    return q


def mix(p, q):
    p[0], q[-1] = q[-1], p[0]
    for i in range(2):
        p[i % len(p)] += 0.5 * q[0]


def maybe(q, flag):
    if flag > 0.2:
        q[-1] = flag
    return np.sum(q)


def early(q, flag):
    for i in range(len(q)):
        if q[i] > flag:
            return q
        q[i] += 0.3
    q *= 0.5
    return q


def rows(q, by):
    for i, row in enumerate(q):
        row[i] *= by
        row -= 0.1 * q[0]


def both(p, q):
    p[0] = q[-1]
    return q, p * 0.5


def chosen(p, q, flag):
    if flag > 0.2:
        return p
    return q


def push(items, v):
    items.append(v)


def grow(box, by):
    box.u = box.u * by
    box.w[0] += by


def settle(table, by):
    table['b'] *= by
    table['a'] = table['a'] + by


"""
WEIGHTS = ("np.sum(np.sin({}))", "np.sum({0} * {0})", "1.3 * np.sum(np.cos(2.0 * {}))")
TABLES = {"p": {"['a']": (4,), "['b']": (3,), "['c']": ()}, "o": {".u": (4,), ".w": (3,), ".c": ()}}

FLAT = (
    "element", "element", "slice", "slice", "wide", "name", "name", "view", "view", "alias", "alias", "make", "copy", "mask",
    "positions", "call", "call", "swap_items", "scalar", "exchange", "function", "look", "out", "writing_call", "at", "divide",
)  # fmt: skip
RARE = ("no_axes", "rows_by_mask", "make_mask", "make_positions", "unpack", "single", "look", "out")
HELD = (
    "list",
    "same_list",
    "change_list",
    "change_list",
    "read_list",
    "over_list",
    "fields",
    "same_fields",
    "change_fields",
    "change_fields",
)
NESTED = (
    "if",
    "for",
    "for",
    "while",
    "rows",
    "swap_loop",
    "rebound",
    "leave",
    "leave",
    "closure",
    "collect",
    "either",
    "joint",
)


@dataclass(frozen=True)
class Program:
    """The text of a module whose function `program` is the one to differentiate."""

    text: str

    def define(self) -> Callable:
        filename = f"<memory program {zlib.crc32(self.text.encode())}>"
        linecache.cache[filename] = (len(self.text), None, self.text.splitlines(True), filename)
        namespace: dict[str, Any] = {"__name__": "program"}
        exec(compile(self.text, filename, "exec", dont_inherit=True), namespace)
        return namespace["program"]

    def __str__(self) -> str:
        return self.text.removeprefix(HELPERS)


class Writer(ArrayStatements, ContainerStatements, FlowStatements):
    """`choose` takes one of a sequence: by chance, or as hypothesis draws."""

    def block(self, scope: Scope, depth: int, length: int) -> list[str]:
        lines: list[str] = []
        for _ in range(self.pick(range(1, length + 1))):
            lines += self.statement(scope, depth)
        return lines

    def statement(self, scope: Scope, depth: int) -> list[str]:
        kind = self.pick(self.pick([FLAT] * 6 + [RARE] + [HELD] * 2 + [NESTED] * (4 if depth > 0 else 0)))
        write = getattr(self, f"_{kind}")
        return write(scope, depth) if kind in NESTED else write(scope)

    def result(self, scope: Scope) -> str:
        """What is returned: a number that everything in scope goes into."""
        terms = [WEIGHTS[i % 3].format(name) for i, name in enumerate(scope.names)]
        for name, items in scope.lists.items():
            terms.append(self.pick(["np.sum(np.sin(np.array({})))", "np.sum(sum({}))", "np.sum({0}[0] * {0}[-1])"]).format(name)
                         if items.shape else f"sum(np.cos(v) for v in {name})")  # fmt: skip
        terms += [WEIGHTS[1].format(f"{name}{part}") for name, fields in scope.fields.items() for part in fields]
        return f"return {' + '.join(terms)}"

    def program(self, depth: int, length: int) -> Program:
        params = [n for n in PARAMETERS if n in ("x", "s") or self.chance(60 if n in "ym" else 10)]
        scope = Scope({n: PARAMETERS[n] for n in params if n not in ("p", "o", "l")}, ("k",))
        scope.fields = {n: dict(TABLES[n]) for n in params if n in TABLES}
        scope.lists = {"l": Listing((4,), 3)} if "l" in params else {}
        lines = ["x = x.copy()"] if self.chance(40) else []
        lines += self.block(scope, depth, length)
        return Program(
            HELPERS
            + "\n".join([f"def program({', '.join((*params, 'k'))}):", *indented([*lines, self.result(scope)])])
            + "\n"
        )


@st.composite
def programs(draw, depth: int = 2, length: int = 6) -> Program:
    return Writer(lambda options: draw(st.sampled_from(options))).program(depth, length)


def random_program(seed: int, depth: int = 2, length: int = 7) -> Program:
    return Writer(random.Random(seed).choice).program(depth, length)


def arguments(function: Callable, seed: int, single: Any = np.float32) -> tuple[Any, ...]:
    """Arguments by the names of the parameters; `f` is an array of the type `single`.

    Of some seeds `m` is in Fortran order, `x` not contiguous, and `s` an array without axes.
    """
    rng = np.random.default_rng(seed)
    given = {n: rng.normal(size=shape) for n, shape in PARAMETERS.items()}
    three = rng.normal(size=3)
    given["s"], given["k"] = float(given["s"]), int(rng.integers(0, 4))
    given["f"] = given["f"].astype(np.float32).astype(single)
    if seed % 3 == 1:
        given["m"], given["x"] = np.asfortranarray(given["m"]), np.repeat(given["x"], 2)[::2]
    if seed % 5 == 3:
        given["s"] = np.array(given["s"])
    given["p"] = {"a": given["p"], "b": three, "c": 0.4}
    given["o"] = function.__globals__["Box"](given["o"], three * 0.7, 0.6) if "Box" in function.__globals__ else None
    given["l"] = [given["l"], rng.normal(size=4), rng.normal(size=4)]
    return tuple(given[name] for name in function.__code__.co_varnames[: function.__code__.co_argcount])


if __name__ == "__main__":
    from mutation_check import main

    main()
