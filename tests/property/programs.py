"""Random Python functions over floats and arrays, as source text.

`programs()` is a strategy of `Program`s: functions of a scalar, arrays of several shapes, a list, a dict and an int, whose
result is a float. Everything is smooth but for comparisons, and values stay bounded. A variable is read only where
every path has bound it with one shape, so a program never fails when it runs.
"""

from __future__ import annotations

import linecache
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

Shape = Any  # a tuple of ints, or ("list", shape), or ("tuple", shape, shape)

PARAMETERS: dict[str, Shape] = {
    "s": (),
    "v": (3,),
    "m": (2, 3),
    "c": (2, 1),
    "o": (1,),
    "rows": ("list", (3,)),
    "numbers": ("list", ()),
    "d": {"w": (3,), "b": ()},
    "layers": ("list", {"w": (3,), "b": ()}),
    "pairs": ("list", ("tuple", (), (3,))),
}
NAMES = ("a", "b", "t", "x", "x_bar", "s", "v")
SHAPES: tuple[Shape, ...] = ((), (3,), (2, 3), (2,), (2, 1), (1, 3), (1,))

UNARY = (
    "np.tanh({})", "np.sin({})", "-{}", "np.exp(-({} ** 2))", "np.cos({})", "0.5 * {}", "{} / (1.5 + {} ** 2)",
    "np.sqrt(1 + {} ** 2)", "helper({})", "({} * 2.0 if k > 1 else {})", "np.log(2 + np.cos({}))", "(lambda q: q * q / 4)(np.sin({}))",
)  # fmt: skip
BINARY = ("{} + {}", "{} - {}", "{} * np.tanh({})", "np.sin({}) * {}", "{} / (2 + np.cos({}))", "np.where({} > 0.1, {}, 0.3)", "pair({}, {})[0]")

HELPERS = """\
import numpy as np


def helper(q):
    if np.sum(q) > 0.4:
        return np.tanh(q) + 0.1
    return q * 0.7


def pair(p, q):
    r = p * 0.5 - np.sin(q)
    return r, q


"""


@dataclass(frozen=True)
class Program:
    """The text of a module whose last function is `program`, and which parameters it has."""

    text: str
    params: tuple[str, ...]

    def define(self) -> Callable:
        filename = f"<program {zlib.crc32(self.text.encode())}>"
        linecache.cache[filename] = (len(self.text), None, self.text.splitlines(True), filename)
        namespace: dict[str, Any] = {"__name__": "program"}
        exec(compile(self.text, filename, "exec"), namespace)
        return namespace["program"]

    def __str__(self) -> str:
        return self.text[len(HELPERS) :] if self.text.startswith(HELPERS) else self.text


@dataclass
class Scope:
    """What can be read here, and what must keep its shape because a loop carries it."""

    names: dict[str, Shape]
    ints: tuple[str, ...] = ("k",)
    carried: frozenset[str] = frozenset()
    in_loop: bool = False
    jumps: list[dict[str, Shape]] = field(default_factory=list)  # what is bound where a loop is left or continued

    def copy(self, **changes: Any) -> Scope:
        values = {"names": dict(self.names), "ints": self.ints, "carried": self.carried, "in_loop": self.in_loop, "jumps": self.jumps}
        return Scope(**{**values, **changes})


def both(one: dict[str, Shape] | None, other: dict[str, Shape] | None) -> dict[str, Shape] | None:
    """What is bound on two paths that meet; a path that jumped away is None."""
    if one is None or other is None:
        return other if one is None else one
    return {name: shape for name, shape in one.items() if name in other and other[name] == shape}


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


class Writer:
    def __init__(self, draw: Any, depth: int, length: int):
        self.draw, self.depth, self.length = draw, depth, length
        self.fresh = 0

    def pick(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def new(self, stem: str) -> str:
        self.fresh += 1
        return f"{stem}{self.fresh}"

    # Expressions

    def variables(self, scope: Scope, shape: Shape) -> list[str]:
        return [name for name, its in scope.names.items() if its == shape]

    def expression(self, scope: Scope, shape: Shape, depth: int) -> str:
        options = ["leaf"]
        if depth > 0:
            options += ["unary", "binary", "special"]
        match self.pick(options):
            case "unary":
                form = self.pick(UNARY)
                inner = self.atom(scope, shape, depth - 1)
                return f"({form.replace('{}', inner)})"
            case "binary":
                form = self.pick(BINARY)
                other = self.pick([(), shape, *self.narrower(shape)])
                left, right = self.expression(scope, shape, depth - 1), self.expression(scope, other, depth - 1)
                if form.startswith(("np.where", "pair")) or self.draw(st.booleans()):
                    left, right = left, right
                else:
                    left, right = right, left
                if form.startswith("pair"):
                    return form.format(left, right)
                return f"({form.format(left, right)})"
            case "special":
                return self.special(scope, shape, depth)
        return self.leaf(scope, shape)

    def atom(self, scope: Scope, shape: Shape, depth: int) -> str:
        """An expression that may be repeated in a formula."""
        names = self.variables(scope, shape)
        return self.pick(names) if names and self.draw(st.booleans()) else self.expression(scope, shape, depth)

    def narrower(self, shape: Shape) -> list[Shape]:
        """Shapes that broadcast to this one."""
        return {(3,): [(1,)], (2, 3): [(3,), (2, 1), (1, 3), (1,)], (1, 3): [(3,), (1,)], (2, 1): [(1,)]}.get(shape, [])

    def leaf(self, scope: Scope, shape: Shape) -> str:
        names = self.variables(scope, shape)
        options = list(names)
        if shape == ():
            options += ["0.5", "1.25", *scope.ints]
            for name, its in scope.names.items():
                if its == (3,):
                    options += [f"{name}[1]", f"{name}[-1]", f"np.sum({name})"]
                if its == (2, 3):
                    options += [f"{name}[1, 2]", f"{name}.mean()"]
                if its == ("list", ()):
                    options += [f"sum({name})", f"{name}[0]"]
                if isinstance(its, dict):
                    options += [f'{name}["b"]']
                if its == ("tuple", (), (3,)):
                    options += [f"{name}[0]"]
        if shape == (3,):
            for name, its in scope.names.items():
                if its == (2, 3):
                    options += [f"{name}[0]", f"{name}.sum(axis=0)"]
                if its == ("list", (3,)):
                    options += [f"{name}[-1]", f"sum({name})"]
                if isinstance(its, dict):
                    options += [f'{name}["w"]']
                if its == ("tuple", (), (3,)):
                    options += [f"{name}[1]"]
        if not options:
            filler = {(3,): "np.arange(3.0)", (1,): "np.ones(1)"}
            options = [filler.get(shape, f"np.full({shape}, 0.25)")]
        return self.pick(options)

    def special(self, scope: Scope, shape: Shape, depth: int) -> str:
        def e(*its: Any) -> str:
            return self.expression(scope, its, depth - 1)

        match shape:
            case ():
                form = self.pick(["sum", "mean", "item", "dot", "cond", "gen", "row", "index", "float"])
                match form:
                    case "sum":
                        return f"np.sum({self.expression(scope, self.pick(SHAPES[1:]), depth - 1)})"
                    case "mean":
                        return f"({self.expression(scope, self.pick(SHAPES[1:]), depth - 1)}).mean()"
                    case "item":
                        return f"({e(3)})[{self.pick([0, 1, -1])}]"
                    case "dot":
                        return f"({e(3)} @ {e(3)})"
                    case "cond":
                        return f"({e()} if {self.condition(scope)} else {e()})"
                    case "gen":
                        q = self.new("q")
                        inner = scope.copy(names={**scope.names, q: ()})
                        source = self.pick([e(3), "[s0 for s0 in range(3)]", *self.variables(scope, ("list", ()))])
                        return f"sum([{self.expression(inner, (), depth - 1)} for {q} in {source}])"
                    case "row":
                        return f"({e(2, 3)})[1, {self.int(scope)} % 3]"
                    case "index":
                        return f"({e(3)})[{self.int(scope)} % 3]"
                return f"max({e()}, 0.1)" if self.draw(st.booleans()) else f"abs({e()} + 3.0)"
            case (3,):
                return self.pick([
                    lambda: f"({e(2, 3)}).sum(axis=0)", lambda: f"({e(2, 3)})[{self.int(scope)} % 2]", lambda: f"({e(3)})[::-1]", lambda: f"({e(2, 3)}).T @ {e(2)}",
                    lambda: f"np.concatenate([{e(2)}, {e(1)}])", lambda: f"({e(1, 3)})[0]", lambda: f"np.array([{e()}, {e()}, {e()}])",
                    lambda: f"np.cumsum({e(3)})", lambda: f"({e(3)})[[0, 2, 0]]", lambda: f"({e(2, 3)}).mean(axis=0)", lambda: f"np.maximum({e(3)}, {e()})",
                ])()  # fmt: skip
            case (2,):
                return self.pick([
                    lambda: f"({e(2, 3)} @ {e(3)})", lambda: f"({e(3)})[1:]", lambda: f"({e(3)})[:-1]", lambda: f"({e(2, 3)}).mean(axis=1)", lambda: f"({e(2, 3)})[:, 1]",
                    lambda: f"({e(2, 1)})[:, 0]", lambda: f"np.stack([{e()}, {e()}])",
                ])()  # fmt: skip
            case (2, 3):
                return self.pick([
                    lambda: f"({e(2, 1)} + {e(3)})", lambda: f"({e(2, 1)} * np.cos({e(1, 3)}))", lambda: f"np.stack([{e(3)}, {e(3)}])", lambda: f"({e(2, 3)})[::-1]",
                    lambda: f"({e(2)})[:, None] * {e(3)}", lambda: f"np.outer({e(2)}, {e(3)})", lambda: f"({e(2, 3)}).T.reshape(2, 3)",
                ])()  # fmt: skip
            case (2, 1):
                return self.pick([lambda: f"({e(2, 3)}).sum(axis=1, keepdims=True)", lambda: f"({e(2)})[:, None]", lambda: f"({e(2, 3)})[:, :1]", lambda: f"({e(2)}).reshape(2, 1)"])()
            case (1, 3):
                return self.pick([lambda: f"({e(2, 3)}).mean(axis=0, keepdims=True)", lambda: f"({e(3)})[None, :]", lambda: f"({e(2, 3)})[1:]"])()
            case (1,):
                return self.pick([lambda: f"({e(3)})[:1]", lambda: f"np.sum({e(3)}, keepdims=True)", lambda: f"({e(1, 3)}).sum(axis=1)"])()
        return self.leaf(scope, shape)

    def int(self, scope: Scope) -> str:
        return self.pick(["0", "2", *scope.ints])

    def condition(self, scope: Scope) -> str:
        return self.pick([
            "k > 1", "k == 2", f"{self.int(scope)} % 2 == 0", f"{self.expression(scope, (), 1)} > {self.pick(['0.3', '-0.2', '1.0'])}",
            f"{self.expression(scope, (), 0)} < {self.expression(scope, (), 1)}", f"k > 0 and {self.expression(scope, (), 0)} > 0.2",
            f"np.sum({self.expression(scope, (3,), 1)}) > 0.5", f"not {self.int(scope)}",
        ])  # fmt: skip

    # Statements

    def block(self, scope: Scope, depth: int) -> tuple[list[str], dict[str, Shape] | None]:
        """Lines, and what is bound after them: None if control never gets there."""
        lines: list[str] = []
        for _ in range(self.draw(st.integers(1, self.length))):
            kinds = ["assign"] * 4 + ["update", "swap", "list", "tuple", "closure", "guarded"]
            if depth > 0:
                kinds += ["if", "if", "for", "for", "while"]
            if scope.in_loop:
                kinds += ["jump", "jump"]
            kinds += ["return"]
            more, names = getattr(self, "_" + self.pick(kinds))(scope, depth)
            lines += more
            if names is None:
                return lines, None
            scope.names = names
        return lines, scope.names

    def target(self, scope: Scope, shape: Shape) -> str:
        names = [n for n in NAMES if n not in scope.carried or scope.names.get(n) == shape]
        return self.pick(names) if names else self.new("z")

    def _assign(self, scope: Scope, depth: int):
        shape = self.pick(SHAPES)
        value = self.expression(scope, shape, 2)
        name = self.target(scope, shape)
        return [f"{name} = {value}"], {**scope.names, name: shape}

    def _update(self, scope: Scope, depth: int):
        names = [(n, its) for n, its in scope.names.items() if its == () and n in NAMES]
        if not names:
            return self._assign(scope, depth)
        name, shape = self.pick(names)
        return [f"{name} {self.pick(['+=', '-='])} {self.expression(scope, shape, 1)}"], scope.names

    def _swap(self, scope: Scope, depth: int):
        shape = self.pick([(), (3,), (2, 3)])
        names = [n for n in self.variables(scope, shape) if n in NAMES]
        if len(names) < 2:
            return self._assign(scope, depth)
        one, other = self.pick(names), self.pick(names)
        if one == other:
            return [f"{one} = {one} * 0.9"], scope.names
        return [f"{one}, {other} = {other}, {one} * {self.pick(['0.5', '1.0', one])}"], scope.names

    def _list(self, scope: Scope, depth: int):
        shape = self.pick([(), (3,)])
        q = self.new("q")
        name = self.new("items")
        inner = scope.copy(names={**scope.names, q: shape}, ints=(*scope.ints, "j"))
        whole = ("list", shape)
        sources = {(): self.expression(scope, (3,), 1), (3,): self.expression(scope, (2, 3), 1)}
        source = self.pick([sources[shape], *self.variables(scope, whole)])
        head = self.pick([f"for {q} in {source}", f"for j, {q} in enumerate({source})"])
        if "enumerate" not in head:
            inner.ints = scope.ints
        tail = self.pick(["", "", f" if {self.condition(inner)}"]) if whole == ("list", ()) else ""
        lines = [f"{name} = [{self.expression(inner, shape, 2)} {head}{tail}]"]
        if tail:
            lines.append(f"{name} = {name} + [0.5]")
        return lines, {**scope.names, name: whole}

    def _tuple(self, scope: Scope, depth: int):
        name = self.new("pair")
        return [f"{name} = ({self.expression(scope, (), 1)}, {self.expression(scope, (3,), 1)})"], {**scope.names, name: ("tuple", (), (3,))}

    def _closure(self, scope: Scope, depth: int):
        """A nested function that reads what is around it, called once or twice."""
        inner_name, result = self.new("inner"), self.target(scope, ())
        captured = {n: its for n, its in scope.names.items() if n != result and n not in NAMES or n in PARAMETERS and n not in NAMES}
        body = scope.copy(names={**captured, "q": ()}, carried=frozenset(), in_loop=False, ints=("k",))
        value = self.expression(body, (), 2)
        lines = [f"def {inner_name}(q):", f"    return {value}"]
        call = f"{inner_name}({self.expression(scope, (), 1)})"
        if self.draw(st.booleans()):
            call = f"{call} * {inner_name}(0.5)"
        return [*lines, f"{result} = {call}"], {**scope.names, result: ()}

    def _guarded(self, scope: Scope, depth: int):
        """A variable that is bound, and read, only where a loop runs at least once."""
        shape = self.pick([(), (3,), (2, 3)])
        name, i = self.new("g"), self.new("i")
        first, other = self.expression(scope, shape, 1), self.expression(scope, shape, 1)
        result = self.target(scope, shape)
        inner = scope.copy(names={**scope.names, name: shape})
        second = self.expression(inner, shape, 2)
        read = f"{name} * ({second})" if self.draw(st.booleans()) else second
        lines = [f"for {i} in range(k):", f"    {name} = {first}", "if k > 0:", f"    {result} = {read}", "else:", f"    {result} = {other}"]
        return lines, {**scope.names, result: shape}

    def _return(self, scope: Scope, depth: int):
        if depth == self.depth:
            return self._assign(scope, depth)  # the program goes on
        return [f"return 1.0 * {self.expression(scope, (), 2)}"], None

    def _jump(self, scope: Scope, depth: int):
        scope.jumps.append(scope.names)
        return [self.pick(["break", "continue"])], None

    def _if(self, scope: Scope, depth: int):
        lines = [f"if {self.condition(scope)}:"]
        body, names = self.block(scope.copy(), depth - 1)
        lines += indented(body)
        if self.draw(st.booleans()):
            lines.append(f"elif {self.condition(scope)}:")
            body, more = self.block(scope.copy(), depth - 1)
            lines += indented(body)
            names = both(names, more) if (names is not None or more is not None) else None
        if self.draw(st.booleans()):
            lines.append("else:")
            body, more = self.block(scope.copy(), depth - 1)
            lines += indented(body)
            return lines, both(names, more)
        return lines, both(names, scope.names)

    def _for(self, scope: Scope, depth: int):
        i = self.new("i")
        ints, items, certain = scope.ints, {}, False
        lists = [(n, its[1]) for n, its in scope.names.items() if isinstance(its, tuple) and its[:1] == ("list",)]
        forms = ["range", "range", "ints", "array", "rows", "zip", "enumerate"] + (["list", "ziplist", "reversed"] if lists else [])
        match self.pick(forms):
            case "range":
                count = self.draw(st.integers(0, 3))
                head, ints, certain = f"for {i} in range({count}):", (*ints, i), count > 0
            case "ints":
                head, ints = f"for {i} in {self.pick(['range(k)', 'range(k + 1)', 'range(3, 0, -1)', 'range(1, k + 1, 2)'])}:", (*ints, i)
            case "array":
                name = self.new("e")
                head, items, certain = f"for {name} in {self.expression(scope, (3,), 1)}:", {name: ()}, True
            case "rows":
                name = self.new("r")
                head, items, certain = f"for {name} in {self.expression(scope, (2, 3), 1)}:", {name: (3,)}, True
            case "zip":
                one, other = self.new("e"), self.new("e")
                second = self.pick([self.expression(scope, (2,), 1), self.expression(scope, (3,), 1), "range(2)"])
                head = f"for {one}, {other} in zip({self.expression(scope, (3,), 1)}, {second}):"
                items, certain = {one: (), other: ()}, True
            case "enumerate":
                name = self.new("r")
                head, items, ints, certain = f"for {i}, {name} in enumerate({self.expression(scope, (2, 3), 1)}):", {name: (3,)}, (*ints, i), True
            case "list" | "reversed" as form:
                source, shape = self.pick(lists)
                name = self.new("e")
                head, items, certain = f"for {name} in {source if form == 'list' else f'reversed({source})'}:", {name: shape}, True
            case "ziplist":
                (one, first), (other, second) = self.pick(lists), self.pick(lists)
                p, q = self.new("e"), self.new("e")
                head, items, certain = f"for {p}, {q} in zip({one}, {other}):", {p: first, q: second}, True
        return self.loop([head], scope, depth, ints, items, certain)

    def _while(self, scope: Scope, depth: int):
        n = self.new("n")
        forms = [f"while {n} < {self.draw(st.integers(0, 3))}:", "while True:", f"while {n} < 3 and {self.condition(scope)}:"]
        head = self.pick(forms)
        lines = [f"{n} = 0", head]
        step = [f"{n} += 1"]
        if head == "while True:":
            step += [f"if {n} > {self.pick([1, 2, 3])}:", "    break"]
            scope = scope.copy(jumps=[])
            scope.jumps.append(scope.names)
        lines, names = self.loop(lines, scope, depth, (*scope.ints, n), {}, False, step)
        return lines, names

    def loop(self, lines, scope, depth, ints, items, certain, step=()):
        inner = scope.copy(
            names={**scope.names, **items}, ints=ints, carried=scope.carried | frozenset(scope.names), in_loop=True, jumps=[]
        )
        body, names = self.block(inner, depth - 1)
        lines = [*lines, *indented([*step, *body])]
        for jumped in inner.jumps:
            names = both(names, jumped)
        names = both(names, None if certain and names is not None else scope.names)
        return lines, {**names} if names is not None else None


@st.composite
def programs(draw, depth: int = 3, length: int = 3, params: tuple[str, ...] | None = None) -> Program:
    if params is None:
        params = tuple(draw(st.lists(st.sampled_from(list(PARAMETERS)), min_size=1, max_size=3, unique=True)))
    scope = Scope({name: PARAMETERS[name] for name in params})
    writer = Writer(draw, depth, length)
    lines, names = writer.block(scope, depth)
    if names is not None:
        scope.names = names
        lines.append(f"return 1.0 * {writer.expression(scope, (), 2)}")
    text = "\n".join([f"def program({', '.join((*params, 'k'))}):", *indented(lines)])
    return Program(HELPERS + text + "\n", params)


def arguments(params: tuple[str, ...], seed: int, dtype: Any = np.float64, scalar: type = float) -> tuple[Any, ...]:
    """Arguments for a program, arrays of the dtype and scalars of the type, and an int for `k`."""
    rng = np.random.default_rng(seed)

    def make(shape: Shape) -> Any:
        if isinstance(shape, dict):
            return {key: make(its) for key, its in shape.items()}
        if shape[:1] == ("list",):
            return [make(shape[1]) for _ in range(3)]
        if shape[:1] == ("tuple",):
            return tuple(map(make, shape[1:]))
        value = rng.normal(size=shape)
        return scalar(value) if shape == () else value.astype(dtype)

    return (*(make(PARAMETERS[name]) for name in params), int(rng.integers(0, 4)))
