"""What a generated program has in scope, and the expressions that it writes of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Shape = tuple[int, ...]

SHAPES: tuple[Shape, ...] = ((4,), (3,), (2,), (3, 4), (4, 3), (1,))
UNARY = ("np.sin({})", "np.tanh({})", "0.5 * {}", "-{}", "{} * np.cos({})", "{} / (2.0 + {} ** 2)", "{}")
BINARY = ("{} + {}", "{} - {}", "np.sin({}) * {}", "{} / (2.0 + np.cos({}))", "np.tanh({} * {})", "np.maximum({}, {})")
UPDATES = ("+=", "-=", "*=", "=", "=", "+=", "/=")

VIEWS_OF_VECTORS = (
    "[1:]", "[:-1]", "[::-1]", "[1:3]", "[::2]", "[-2::-1]", "[:]", "[...]", "[:2]", "[2:0:-1]", "[1:2]", "[None, :]",
    "[:, None]", "[None, :, None][0, 1:, 0]", ".reshape(2, 2)", ".reshape(-1, 1)", ".ravel()", "[np.newaxis][0]", "[-1:]",
)  # fmt: skip
VIEWS_OF_MATRICES = (
    "[0]", "[-1]", "[:, 1]", "[:, -2]", ".T", "[::-1]", "[1, ::-1]", "[1:, 2]", "[..., 0]", "[:]", "[:, ::-1]", ".T[1]",
    "[0, 1:3]", "[:2, 3]", ".T[::-1]", "[2][1:]", ".transpose()", "[::-1, 1:][0]", ".ravel()", ".reshape(-1)", "[None, 1]",
    ".diagonal()", ".swapaxes(0, 1)", "[:, None, 1]", "[..., None][1]", ".reshape(4, 3)", ".T.ravel()", "[1:2]", ".flatten()",
)  # fmt: skip
# Functions whose results share memory with their argument, or do not.
LOOKS = (
    "np.asarray({})", "np.atleast_1d({})", "np.ascontiguousarray({})", "np.squeeze({})", "np.flip({})", "np.ravel({})",
    "np.transpose({})", "np.real({})", "{}.astype(float)", "np.array({})", "np.copy({})", "np.atleast_2d({})", "+{}",
    "np.expand_dims({}, 0)", "np.roll({}, 1)", "np.where({0} > 0.1, {0}, 0.5)", "np.split({}, [1])[1]", "np.positive({})",
    "np.diagonal({})", "np.diag({})", "np.triu({})", "np.broadcast_to({}, (2, 4))", "np.moveaxis({}, 0, -1)", "np.fliplr({})",
    "np.concatenate([{0}, {0}])", "np.take({}, [1, 0], axis=0)", "np.sort({}, axis=0)", "np.nan_to_num({})", "{}.view()",
    "{}.squeeze()", "np.array({}, copy=True)", "np.asarray({}, dtype=float)", "np.clip({}, -0.5, 0.8)", "np.rot90({})",
)  # fmt: skip


@dataclass
class Listing:
    """A list of arrays, or of numbers, that has at least `sure` elements; `floor` of them were there before this block."""

    shape: Shape
    sure: int
    floor: int = 1


@dataclass
class Scope:
    """The names that a statement may use. Names of one list share its `Listing`."""

    names: dict[str, Shape]
    ints: tuple[str, ...] = ()
    lists: dict[str, Listing] = field(default_factory=dict)
    fields: dict[str, dict[str, Shape]] = field(default_factory=dict)  # of dicts and objects, as written after the name
    positions: tuple[str, ...] = ()  # arrays of three integers from 0 to 2
    masks: tuple[str, ...] = ()  # boolean arrays of four
    functions: tuple[str, ...] = ()  # closures that take a number and give one
    in_loop: bool = False
    may_return: bool = True

    @property
    def places(self) -> dict[str, Shape]:
        """Everything that holds an array or a number, as it is written."""
        found = dict(self.names)
        for name, items in self.lists.items():
            found.update({f"{name}[{i}]": items.shape for i in (*range(min(items.sure, 2)), -1)})
        for name, fields in self.fields.items():
            found.update({f"{name}{part}": shape for part, shape in fields.items()})
        return found

    def inner(self, **changes: Any) -> Scope:
        """The scope of a block: what it binds is not in scope behind it."""
        lists = copy.deepcopy(self.lists)
        for items in lists.values():
            items.floor = items.sure
        fields = {name: dict(parts) for name, parts in self.fields.items()}
        return replace(self, **{"names": dict(self.names), "lists": lists, "fields": fields, **changes})


def indented(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


def shape_of(shape: Shape, text: str) -> Shape | None:
    """The shape of `text`, written with `{}` for an array of that shape; None if NumPy refuses."""
    try:
        found = eval(text.replace("{0}", "a").replace("{}", "a"), {"a": np.zeros(shape), "np": np}).shape
    except (IndexError, ValueError):
        return None
    return None if 0 in found or len(found) > 2 else found


class Expressions:
    """`choose` takes one of a sequence: by chance, or as hypothesis draws."""

    def __init__(self, choose: Callable[[Sequence], Any]):
        self.choose, self.count = choose, 0

    def pick(self, options: Any) -> Any:
        return self.choose(list(options))

    def chance(self, percent: int) -> bool:
        return self.pick(range(20)) >= 20 - percent // 5

    def new(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def arrays(self, scope: Scope, shape: Shape | None = None) -> list[str]:
        return [n for n, its in scope.places.items() if (its == shape if shape is not None else its != ())]

    def target(self, scope: Scope) -> str:
        return self.pick(self.arrays(scope))

    def bind(self, scope: Scope, shape: Shape, stem: str) -> str:
        """A name to assign: a new one, or now and then one, or an element, that has the same shape."""
        old = self.arrays(scope, shape)
        if old and self.chance(20):
            return self.pick(old)
        name = self.new(stem)
        scope.names[name] = shape
        return name

    def leaf(self, scope: Scope, shape: Shape) -> str:
        places = scope.places
        options = [n for n, its in places.items() if its == shape]
        if shape == ():
            for name in self.arrays(scope):
                options += [f"{name}[{self.element(scope, places[name])}]", f"np.sum({name})"]
            options += ["0.7", f"(1.0 + {self.pick(scope.ints)})" if scope.ints else "1.3"]
            options += [f"{function}(0.3)" for function in scope.functions] * 2
            return self.pick(options)
        for name in self.arrays(scope):
            options += [f"{name}{index}" for index in self.indices(places[name], shape)]
            if places[name] == (3, 4) and shape == (3,):
                options += [f"({name} @ {other})" for other in self.arrays(scope, (4,))]
            if places[name][1:] == shape[1:] and shape[0] == 3 and places[name][0] >= 3:
                options += [f"{name}[{self.pick([*scope.positions, '[0, 2, 0]', 'np.array([1, 1, 2])'])}]"]
        options += [f"shift({n})" for n in self.arrays(scope, shape) if len(shape) == 1][:1]
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

    def full(self, scope: Scope, shape: Shape) -> str:
        """An expression that has the shape: new memory."""
        return f"({self.expression(scope, shape, self.pick([1, 2]))} + np.zeros({shape}))"

    def element(self, scope: Scope, shape: Shape) -> str:
        def one(size: int) -> str:
            options = [str(i) for i in range(-size, size)]
            for i in scope.ints:
                options += [f"{i} % {size}", f"({i} + 1) % {size}", f"-1 - {i} % {size}"] * 2
            if size >= 3:
                options += [f"{p}[{i}]" for p in scope.positions for i in range(3)]
            return self.pick(options)

        return ", ".join(one(size) for size in shape)

    def indices(self, shape: Shape, wanted: Shape | None = None) -> list[str]:
        """Views of an array of that shape, as what is written after its name, that are of the `wanted` shape."""
        found = []
        for index in VIEWS_OF_VECTORS if len(shape) == 1 else VIEWS_OF_MATRICES:
            view = shape_of(shape, "{}" + index)
            if view is not None and (wanted is None or view == wanted):
                found.append(index)
        return found

    def condition(self, scope: Scope) -> str:
        return self.pick([f"{self.leaf(scope, ())} > 0.2", f"np.sum({self.target(scope)}) < 0.5", "k > 1"]
                         + [f"{i} == 1" for i in scope.ints if i != "k"])  # fmt: skip

    def mask(self, scope: Scope, name: str) -> str:
        """A boolean array of the shape of the array `name`."""
        same = self.pick(self.arrays(scope, scope.places[name]))
        options = [f"{same} > 0.1", f"{same} > -0.4", f"({same} > -0.3) & ({name} < 0.6)", f"~({same} < 0.2)"]
        return self.pick(options + list(scope.masks) * (scope.places[name] == (4,)))
