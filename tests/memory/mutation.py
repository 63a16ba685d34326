"""Random Python functions that update arrays in place, as source text.

A program is a function of two vectors, a matrix, a scalar and an int. Its statements store, view, alias, copy, swap, branch and loop;
it returns a float that every array still in scope goes into. Every array's shape is known to the writer, so a program
never fails when it runs, and values stay bounded.
"""

from __future__ import annotations

import linecache
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import strategies as st

Shape = tuple[int, ...]

PARAMETERS: dict[str, Shape] = {"x": (4,), "y": (4,), "m": (3, 4), "s": ()}
SHAPES: tuple[Shape, ...] = ((4,), (3,), (2,), (3, 4), (4, 3), (1,))

HELPERS = """\
import numpy as np


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


"""

UNARY = ("np.sin({})", "np.tanh({})", "0.5 * {}", "-{}", "{} * np.cos({})", "{} / (2.0 + {} ** 2)", "{}")
BINARY = ("{} + {}", "{} - {}", "np.sin({}) * {}", "{} / (2.0 + np.cos({}))", "np.tanh({} * {})")
UPDATES = ("+=", "-=", "*=", "=", "=", "+=")


@dataclass(frozen=True)
class Program:
    """The text of a module whose function `program` is the one to differentiate."""

    text: str

    def define(self) -> Callable:
        filename = f"<memory program {zlib.crc32(self.text.encode())}>"
        linecache.cache[filename] = (len(self.text), None, self.text.splitlines(True), filename)
        namespace: dict[str, Any] = {"__name__": "program"}
        exec(compile(self.text, filename, "exec"), namespace)
        return namespace["program"]

    def __str__(self) -> str:
        return self.text.removeprefix(HELPERS)


@dataclass
class Scope:
    names: dict[str, Shape]
    ints: tuple[str, ...] = ()
    loops: int = 0


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


class Writer:
    """`pick` chooses one of a sequence: by chance, or as hypothesis draws."""

    def __init__(self, pick: Callable[[Sequence], Any]):
        self.choose, self.count = pick, 0

    def pick(self, options: Any) -> Any:
        return self.choose(list(options))

    def chance(self, percent: int) -> bool:
        return self.pick(range(20)) < percent // 5

    def new(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    # Expressions

    def arrays(self, scope: Scope, shape: Shape | None = None) -> list[str]:
        return [n for n, its in scope.names.items() if (its == shape if shape is not None else its != ())]

    def leaf(self, scope: Scope, shape: Shape) -> str:
        options = [n for n, its in scope.names.items() if its == shape]
        if shape == ():
            for name in self.arrays(scope):
                options += [f"{name}[{self.element(scope, scope.names[name])}]", f"np.sum({name})"]
            options += ["0.7", f"(1.0 + {self.pick(scope.ints)})" if scope.ints else "1.3"]
        else:
            for name in self.arrays(scope):
                options += [f"{name}{index}" for index in self.indices(scope.names[name], shape)]
                if scope.names[name] == (3, 4) and shape == (3,):
                    options += [f"{name} @ {other}" for other in self.arrays(scope, (4,))]
        return self.pick(options) if options else f"np.full({shape}, 0.4)"

    def expression(self, scope: Scope, shape: Shape, depth: int = 1) -> str:
        """An expression of the shape, or of one that broadcasts to it; certainly new memory if depth is positive."""
        if depth == 0:
            return self.leaf(scope, shape)
        if self.chance(50):
            return f"({self.pick(UNARY[:-1]).replace('{}', self.expression(scope, shape, depth - 1))})"
        other = self.pick([shape, shape, ()])
        left, right = self.expression(scope, shape, depth - 1), self.expression(scope, other, depth - 1)
        return f"({self.pick(BINARY).format(left, right)})"

    def value(self, scope: Scope, shape: Shape) -> str:
        """What is stored: an expression, a plain read of what may overlap, or less that is broadcast."""
        shape = self.pick([shape, shape, shape, ()] + ([shape[1:]] if len(shape) == 2 else []))
        return self.expression(scope, shape, self.pick([0, 1, 1, 2]))

    # Indices

    def element(self, scope: Scope, shape: Shape) -> str:
        def one(size: int) -> str:
            options = [str(i) for i in range(-size, size)]
            for i in scope.ints:
                options += [f"{i} % {size}", f"({i} + 1) % {size}", f"-1 - {i} % {size}"] * 2
            return self.pick(options)

        return ", ".join(one(size) for size in shape)

    def indices(self, shape: Shape, wanted: Shape | None = None) -> list[str]:
        """Views of an array of that shape, as what is written after its name, that are of the `wanted` shape."""
        one = ["[1:]", "[:-1]", "[::-1]", "[1:3]", "[::2]", "[-2::-1]", "[:]", "[...]", "[:2]", "[2:0:-1]", "[1:2]"]
        two = ["[0]", "[-1]", "[:, 1]", "[:, -2]", ".T", "[::-1]", "[1, ::-1]", "[1:, 2]", "[..., 0]", "[:]", "[:, ::-1]",
               ".T[1]", "[0, 1:3]", "[:2, 3]", ".T[::-1]", "[2][1:]", ".transpose()", "[::-1, 1:][0]"]  # fmt: skip
        found = []
        for index in one if len(shape) == 1 else two:
            view = self.view_shape(shape, index)
            if view is not None and 0 not in view and (wanted is None or view == wanted):
                found.append(index)
        return found

    def view_shape(self, shape: Shape, index: str) -> Shape | None:
        try:
            return eval(f"a{index}", {"a": np.empty(shape)}).shape
        except IndexError:
            return None

    # Statements

    def block(self, scope: Scope, depth: int, length: int) -> list[str]:
        lines: list[str] = []
        for _ in range(self.pick(range(1, length + 1))):
            lines += self.statement(scope, depth)
        return lines

    def statement(self, scope: Scope, depth: int) -> list[str]:
        kinds = ["element", "element", "slice", "slice", "slice", "name", "name", "view", "view", "alias", "make", "make",
                 "copy", "mask", "positions", "call", "call", "swap_items", "scalar", "exchange", "function"]  # fmt: skip
        if depth > 0:
            kinds += ["if", "for", "for", "while", "swap_loop"]
        return getattr(self, f"_{self.pick(kinds)}")(scope, depth)

    def target(self, scope: Scope) -> str:
        return self.pick(self.arrays(scope))

    def bind(self, scope: Scope, shape: Shape, stem: str) -> str:
        """A name to assign: a new one, or now and then one that has the same shape."""
        old = [n for n in self.arrays(scope, shape)]
        name = self.pick(old) if old and self.chance(20) else self.new(stem)
        scope.names[name] = shape
        return name

    def _element(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        index = self.element(scope, scope.names[name])
        return [f"{name}[{index}] {self.pick(UPDATES)} {self.expression(scope, (), self.pick([0, 1, 2]))}"]

    def _slice(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        index = self.pick([i for i in self.indices(scope.names[name]) if i.endswith("]")])
        shape = self.view_shape(scope.names[name], index)
        return [f"{name}{index} {self.pick(UPDATES)} {self.value(scope, shape)}"]

    def _name(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        return [f"{name} {self.pick(['+=', '-=', '*='])} {self.value(scope, scope.names[name])}"]

    def _view(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        index = self.pick(self.indices(scope.names[name]))
        shape = self.view_shape(scope.names[name], index)
        return [f"{self.bind(scope, shape, 'v')} = {name}{index}"]

    def _alias(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        return [f"{self.bind(scope, scope.names[name], 'b')} = {name}"]

    def _copy(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        return [f"{self.bind(scope, scope.names[name], 'c')} = {name}.copy()"]

    def _make(self, scope: Scope, depth: int) -> list[str]:
        shape = self.pick(SHAPES[:4])
        if self.chance(25):
            value = self.pick([f"np.zeros({shape})", f"np.ones({shape})"])
        else:
            value = self.expression(scope, shape, self.pick([1, 2]))
            if shape not in scope.names.values():
                value = f"{value} + np.zeros({shape})"
        return [f"{self.bind(scope, shape, 'a')} = {value}"]

    def _scalar(self, scope: Scope, depth: int) -> list[str]:
        value = self.pick([self.expression(scope, (), 2), f"np.sum(np.sin({self.target(scope)}))"])
        names = [n for n, shape in scope.names.items() if shape == ()]
        if names and self.chance(40):
            return [f"{self.pick(names)} {self.pick(['+=', '='])} np.tanh({value})"]
        name = self.new("t")
        scope.names[name] = ()
        return [f"{name} = np.tanh({value})"]

    def _mask(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        mask = f"{self.pick(self.arrays(scope, scope.names[name]))} > {self.pick(['0.1', '-0.4'])}"
        form = self.pick(["{n}[{m}] = {e}", "{n}[{m}] *= {e}", "{n}[{m}] += {o}[{m}]", "{n}[{m}] = {o}[{m}]"])
        other = self.pick(self.arrays(scope, scope.names[name]))
        return [form.format(n=name, m=mask, o=other, e=self.expression(scope, (), 1))]

    def _positions(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        shape = scope.names[name]
        index = self.pick(["[0, 0]", "[-1, 0]", "[0]", "[0, -1, 0]"])
        shape = (index.count(",") + 1, *shape[1:])
        value = self.expression(scope, self.pick([shape, ()]), 1)
        return [f"{name}[{index}] {self.pick(UPDATES)} {value}"]

    def _call(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        by = self.expression(scope, (), 1)
        same = self.pick(self.arrays(scope, scope.names[name]))
        if len(scope.names[name]) == 2:
            return [f"scale({name}, {by})"]
        return [self.pick([f"bump({name}, {by})", f"scale({name}, {by})", f"shift({name})", f"mix({name}, {same})",
                           f"bump({name}[::-1], {by})", f"maybe({name}, {by})"])]  # fmt: skip

    def _function(self, scope: Scope, depth: int) -> list[str]:
        vectors = [n for n in self.arrays(scope) if len(scope.names[n]) == 1]
        if not vectors:
            return self._make(scope, depth)
        name = self.pick(vectors)
        return [f"{self.bind(scope, scope.names[name], 'r')} = {self.pick(['shift', 'half'])}({name})"]

    def _swap_items(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        if len(scope.names[name]) == 2 and self.chance(50):
            return [self.pick([f"{name}[[0, 1]] = {name}[[1, 0]]", f"{name}[0], {name}[1] = {name}[1].copy(), {name}[0].copy()",
                               f"{name}[0], {name}[1] = {name}[1], {name}[0]"])]  # fmt: skip
        other = self.target(scope)
        one, two = self.element(scope, scope.names[name]), self.element(scope, scope.names[other])
        return [f"{name}[{one}], {other}[{two}] = {other}[{two}], {name}[{one}]"]

    def _exchange(self, scope: Scope, depth: int) -> list[str]:
        name = self.target(scope)
        return [f"{name}, {o} = {o}, {name}" for o in [self.pick(self.arrays(scope, scope.names[name]))]]

    def condition(self, scope: Scope) -> str:
        return self.pick([f"{self.leaf(scope, ())} > 0.2", f"np.sum({self.target(scope)}) < 0.5", "k > 1"]
                         + [f"{i} == 1" for i in scope.ints if i != "k"])  # fmt: skip

    def inner(self, scope: Scope, **changes: Any) -> Scope:
        return Scope(**{"names": dict(scope.names), "ints": scope.ints, "loops": scope.loops, **changes})

    def _if(self, scope: Scope, depth: int) -> list[str]:
        lines = [f"if {self.condition(scope)}:", *indented(self.block(self.inner(scope), depth - 1, 3))]
        if self.chance(50):
            lines += ["else:", *indented(self.block(self.inner(scope), depth - 1, 2))]
        return lines

    def _for(self, scope: Scope, depth: int) -> list[str]:
        i = self.new("i")
        head = self.pick(["range(k)", "range(k)", "range(k)", "range(2)", "range(1, k + 1)", "range(0)", "range(k, 0, -1)"])
        body = self.block(self.inner(scope, ints=(*scope.ints, i)), depth - 1, 4)
        return [f"for {i} in {head}:", *indented(body)]

    def _while(self, scope: Scope, depth: int) -> list[str]:
        n = self.new("n")
        head = self.pick([f"while {n} < k:", f"while {n} < 3 and {self.condition(scope)}:"])
        body = self.block(self.inner(scope, ints=(*scope.ints, n)), depth - 1, 4)
        return [f"{n} = 0", head, *indented(body), f"    {n} += 1"]

    def _swap_loop(self, scope: Scope, depth: int) -> list[str]:
        """Buffers that change places in a loop."""
        u, v, w, i = self.new("u"), self.new("u"), self.new("u"), self.new("i")
        source = self.pick([n for n in self.arrays(scope) if scope.names[n] == (4,)] or ["x"])
        start = self.pick([f"{source}.copy()", f"np.sin({source})", source])
        lines = [f"{u} = {start}", f"{v} = {self.pick([f'np.zeros_like({u})', f'{u} * 0.5', f'{u}.copy()'])}"]
        names, three = {u: (4,), v: (4,)}, self.chance(40)
        if three:
            lines.append(f"{w} = 0.3 * {v}")
            names[w] = (4,)
        inner = self.inner(scope, names=names if self.chance(60) else {**scope.names, **names}, ints=(*scope.ints, i))
        step = self.pick([f"{v}[1:] = {u}[:-1] * 0.5 + {u}[1:]", f"{v}[:] = np.sin({u})", f"{v}[1:-1] += 0.1 * {u}[2:]"])
        body = [step, *[line for _ in range(self.pick(range(2))) for line in self._element(inner, 0)]]
        turn = f"{u}, {v}, {w} = {v}, {w}, {u}" if three else f"{u}, {v} = {v}, {u}"
        scope.names.update(names)
        return [*lines, f"for {i} in range({self.pick(['k', 'k', 'k + 1'])}):", *indented([*body, turn])]

    def program(self, depth: int, length: int) -> Program:
        params = {n: s for n, s in PARAMETERS.items() if n in ("x", "s") or self.chance(60)}
        scope = Scope(dict(params), ("k",))
        lines = []
        if self.chance(40):
            lines.append("x = x.copy()")
        lines += self.block(scope, depth, length)
        weights = ("np.sum(np.sin({}))", "np.sum({0} * {0})", "1.3 * np.sum(np.cos(2.0 * {}))")
        terms = [weights[i % 3].format(n) for i, n in enumerate(scope.names)]
        lines.append(f"return {' + '.join(terms)}")
        return Program(HELPERS + "\n".join([f"def program({', '.join((*params, 'k'))}):", *indented(lines)]) + "\n")


@st.composite
def programs(draw, depth: int = 2, length: int = 6) -> Program:
    return Writer(lambda options: draw(st.sampled_from(options))).program(depth, length)


def random_program(seed: int, depth: int = 2, length: int = 7) -> Program:
    return Writer(random.Random(seed).choice).program(depth, length)


def arguments(function: Callable, seed: int) -> tuple[Any, ...]:
    """Arguments by the names of the parameters."""
    rng = np.random.default_rng(seed)
    names = function.__code__.co_varnames[: function.__code__.co_argcount]
    made = [rng.normal(size=PARAMETERS[n]) if n != "k" else None for n in names]
    return tuple(int(rng.integers(0, 4)) if n == "k" else float(v) if n == "s" else v for n, v in zip(names, made))
