"""`check_grads`: the derivatives of a function against central differences of it.

For w, a random cotangent of y = f(x), and v, a direction in x:

    reverse mode   <x_bar, v> = <w, df(v)>  with x_bar from the pullback of w
    forward mode   y_dot = df(v)            with y_dot from the pushforward of v

where df(v) comes from differences of order four, (8 (f(x + hv) - f(x - hv)) - (f(x + 2hv) - f(x - 2hv))) / 12h, and
<a, b> is the real part of the sum of all products. The next order asks the same of the derivative itself, which is a
function of x: of the gradient of <w, f(x)> in reverse mode, and of the pushforward of v in forward mode.
"""

from __future__ import annotations

import copy
import itertools
import linecache
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from backprose_runtime.containers import is_container, items, map_items

from backprose import api, errors, forward

MODES = ("fwd", "rev")
STEP = 1e-4
TOLERANCES = {2: (3e-2, 1e-2), 4: (2e-3, 2e-4)}  # by the bytes of a real number: relative, and of the largest entry
WIDE_TOLERANCE = (1e-6, 1e-8)
ALL_ENTRIES = 64  # up to so many entries of the arguments, each is a direction of its own
DIRECTIONS = 24


def check_grads(
    f: Callable, args: Sequence[Any], order: int = 2, modes: Sequence[str] = MODES, *,
    rtol: float | None = None, atol: float | None = None, step: float = STEP, seed: int = 0,
) -> None:  # fmt: skip
    """Raise WrongDerivative unless the derivatives of `f` at `args` agree with central differences.

    `f(*args)` is any function that can be differentiated: of arrays, numbers and nested containers, real or complex,
    with such a result. Arguments without a floating-point number are held fixed. `order` is the highest derivative that
    is checked; `modes` are those that take part, "fwd" and "rev", in all successions (the second derivative in forward
    over reverse mode, and so on). Also checked: that the value beside a derivative is the function's own, to the bit (of
    higher orders, within the tolerances); that gradients have the structure, shapes and dtypes of the arguments; that a
    pullback gives the same when it is called again; and that the arguments are left as they were.

    A number passes within `rtol` of itself and `atol` of the largest of its array: by default 1e-6 and 1e-8, 2e-3 and
    2e-4 in float32, 3e-2 and 1e-2 in float16. Differences are taken of `f` at the arguments in float64 (longdouble
    stays), with a step of `step` times the largest entry of an array, or times 1 where that is more. `seed` chooses the
    random directions and cotangents.

    What it can't detect: a derivative that is wrong elsewhere than at `args`; at a kink, where differences give the mean
    of both sides; and what is smaller than the tolerances. A function that draws random numbers can't be checked.
    """
    wrong = [mode for mode in modes if mode not in MODES]
    if wrong or not modes:
        raise ValueError(f"modes={modes!r}: choose from {', '.join(map(repr, MODES))}")
    if order < 1:
        raise ValueError(f"order={order!r}: at least 1")
    function = called("value", len(args), "f({args})", {"f": f})
    name = getattr(f, "__name__", None) or type(f).__name__
    tolerance = (rtol, atol)
    _Check(name, function, tuple(args), tuple(modes), tolerance, step, np.random.default_rng(seed)).run(order)


# Functions that are written for a check. They have source, so they can be differentiated like the user's.

_serial = itertools.count()


def written(name: str, parameters: Sequence[str], expression: str, names: dict[str, Any]) -> Callable:
    """The function `name` of these parameters that returns the expression; `names` are its globals."""
    text = f"def {name}({', '.join(parameters)}):\n    return {expression}\n"
    file = f"<check_grads {next(_serial)}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    scope = {"np": np, "jvp": forward.jvp, "__name__": "check_grads", **names}
    exec(compile(text, file, "exec"), scope)  # noqa: S102
    return scope[name]


def called(name: str, count: int, expression: str, names: dict[str, Any]) -> Callable:
    """The function of so many arguments that returns the expression, in which `{args}` stands for all of them."""
    parameters = [f"a{i}" for i in range(count)]
    return written(name, parameters, expression.replace("{args}", ", ".join(parameters)), names)


# Leaves

Path = tuple[Any, ...]


def leaves(x: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """The floating-point parts of x, each with the keys that lead to it."""
    if is_container(x):
        for key, item in zip(keys_of(x), items(x)):
            yield from leaves(item, (*path, key))
    elif is_inexact(x):
        yield path, x


def keys_of(x: Any) -> list:
    """The keys of a container's parts, in the order of its items."""
    if isinstance(x, dict):
        return list(x)
    return list(range(len(x))) if isinstance(x, (list, tuple)) else [field.name for field in fields(x)]


def has_others(x: Any) -> bool:
    """Whether there are integers or booleans in x, beside what is floating-point."""
    return any(map(has_others, items(x))) if is_container(x) else not is_inexact(x)


def is_inexact(x: Any) -> bool:
    return isinstance(x, (float, complex)) or isinstance(x, (np.ndarray, np.generic)) and x.dtype.kind in "fc"


def mapped(change: Callable[[Any], Any], x: Any) -> Any:
    """x with its floating-point parts replaced; None in the stead of others if `change` gives so."""
    return map_items(lambda item: mapped(change, item), x) if is_container(x) else change(x)


def at(x: Any, path: Path) -> Any:
    for key in path:
        x = getattr(x, key) if isinstance(key, str) and not isinstance(x, dict) else x[key]
    return x


def reading(name: str, x: Any, path: Path) -> str:
    """The expression that reads the part of `name`, which holds x."""
    for key in path:
        is_field = isinstance(key, str) and not isinstance(x, dict)
        name, x = (f"{name}.{key}", getattr(x, key)) if is_field else (f"{name}[{key!r}]", x[key])
    return name


def random_like(x: Any, rng: np.random.Generator) -> Any:
    """A random cotangent or direction of x's structure, shapes and dtypes; None where there is no derivative."""

    def draw(leaf: Any) -> Any:
        if not is_inexact(leaf):
            return None
        g = rng.normal(size=np.shape(leaf))
        if np.iscomplexobj(leaf):
            g = g + 1j * rng.normal(size=np.shape(leaf))
        return like(leaf, g)

    return mapped(draw, x)


def like(leaf: Any, g: Any) -> Any:
    """g in the type of the leaf: a Python number, a scalar or an array of its dtype."""
    if isinstance(leaf, np.ndarray):
        return np.asarray(g, leaf.dtype)
    return type(leaf)(np.asarray(g)[()])


def wide(x: Any) -> Any:
    """A copy of x in which numbers that are narrower than float64 are in float64."""

    def widened(leaf: Any) -> Any:
        if isinstance(leaf, (np.ndarray, np.generic)) and leaf.dtype.kind in "fc":
            return leaf.astype(np.result_type(leaf.dtype, np.float64), order="K")
        return copy.deepcopy(leaf)

    return mapped(widened, x)


def inner(a: Any, b: Any) -> float:
    """<a, b>: the real part of the sum of all products; parts of `a` that are None take no part."""
    pairs = [(at(a, path), leaf) for path, leaf in leaves(b)]
    return float(sum(np.real(np.sum(np.asarray(g) * np.asarray(x))) for g, x in pairs if g is not None))


@dataclass(frozen=True)
class _Check:
    """One function at one place. `run` checks its first derivative, and then its derivatives in the same way.

    `exact`: the value that comes with a derivative has the bits of the function's own. Of a function that is itself a
    derivative it has not: its sums may be added in another order.
    """

    name: str
    function: Callable
    args: tuple
    modes: tuple[str, ...]
    tolerance: tuple[float | None, float | None]
    step: float
    rng: np.random.Generator
    exact: bool = True

    def run(self, order: int) -> None:
        value = self.value()
        active = tuple(i for i, x in enumerate(self.args) if any(True for _ in leaves(x)))
        if not active:
            raise ValueError(f"no argument of `{self.name}` has a floating-point number")
        for mode in self.modes:
            self.reverse(value, active) if mode == "rev" else self.forward(value, active)
        if order == 1:
            return
        for mode in self.modes:
            name, function = self.reversed(value, active) if mode == "rev" else self.pushed(active)
            _Check(name, function, self.args, self.modes, self.tolerance, self.step, self.rng, exact=False).run(order - 1)

    def value(self) -> Any:
        """The function's own value, the same in two calls."""
        value, again = (self.function(*copy.deepcopy(self.args)) for _ in range(2))
        for path, leaf in leaves(value):
            if not np.array_equal(leaf, at(again, path), equal_nan=True):
                raise ValueError(f"`{self.name}` gives another value when it is called again: it can't be checked")
        if not any(True for _ in leaves(value)):
            raise ValueError(f"the value of `{self.name}` has no floating-point number")
        return value

    # One mode

    def reverse(self, value: Any, active: tuple[int, ...]) -> None:
        weights = random_like(value, self.rng)
        before = copy.deepcopy(self.args)
        found, pull = api.vjp(self.function, *self.args)
        bars = pull(weights)
        self.same_value("vjp", found, value)
        self.untouched("vjp", before)
        again = pull(weights)
        for i in active:
            for path, leaf in leaves(self.args[i]):
                bar, place = at(bars[i], path), self.place(i, path)
                self.fits(f"the gradient by {place}", bar, leaf)
                if not np.array_equal(bar, at(again[i], path), equal_nan=True):
                    self.fail("rev", f"the pullback gives another gradient by {place} when it is called again")
        for direction, place in self.directions(active):
            expected = inner(weights, self.differences(direction))
            got = sum(inner(direction[i], bars[i]) for i in active)
            scale = self.scale(bars, direction, active)
            self.compare("rev", f"the gradient by {place}", got, expected, scale)

    def forward(self, value: Any, active: tuple[int, ...]) -> None:
        direction = self.dense(active)
        before = copy.deepcopy(self.args)
        found, dots = forward.jvp(self.function, self.args, tuple(direction))
        self.same_value("jvp", found, value)
        self.untouched("jvp", before)
        expected = self.differences(direction)
        for path, leaf in leaves(value):
            dot, want, place = at(dots, path), at(expected, path), self.place("the value", path)
            self.fits(f"the tangent of {place}", dot, leaf)
            scale = float(np.max(np.abs(want), initial=0.0))
            for index in np.ndindex(np.shape(want)):
                where = f"the tangent of {place}" + (f" at {index}" if index else "")
                self.compare("fwd", where, np.asarray(dot)[index], np.asarray(want)[index], scale)

    # The derivatives, as functions

    def reversed(self, value: Any, active: tuple[int, ...]) -> tuple[str, Callable]:
        """The gradient of <w, f(x)>."""
        weights = random_like(value, self.rng)
        parts = [(path, leaf) for path, leaf in leaves(value)]
        names = {f"w{n}": at(weights, path) for n, (path, _) in enumerate(parts)}
        terms = [f"np.sum(w{n} * {reading('y', value, path)})" for n, (path, _) in enumerate(parts)]
        terms = [f"np.real({t})" if np.iscomplexobj(leaf) else t for t, (_, leaf) in zip(terms, parts)]
        paired = written("paired", ["y"], " + ".join(terms), names)
        total = called("total", len(self.args), "paired(f({args}))", {"f": self.function, "paired": paired})
        name = f"grad({self.name})"
        if any(has_others(self.args[i]) for i in active):  # `grad` takes no integers, a pullback has None for them
            return name, called("gradient", len(self.args), "vjp(total, {args})[1](1.0)", {"vjp": api.vjp, "total": total})
        gradient = api.grad(total, argnums=active)
        return name, called("gradient", len(self.args), "slope({args})", {"slope": gradient})

    def pushed(self, active: tuple[int, ...]) -> tuple[str, Callable]:
        """The pushforward of a direction."""
        names = {f"v{i}": dot for i, dot in enumerate(self.dense(active))}
        dots = "".join([f"v{i}, " for i in range(len(self.args))])
        text = "jvp(f, ({args},), (" + dots + "))[1]"
        return f"jvp({self.name})", called("pushed", len(self.args), text, {"f": self.function, **names})

    # Directions and differences

    def dense(self, active: tuple[int, ...]) -> list:
        return [random_like(x, self.rng) if i in active else mapped(lambda _: None, x) for i, x in enumerate(self.args)]

    def directions(self, active: tuple[int, ...]) -> Iterator[tuple[list, str]]:
        """Single entries, all of them or a random choice, and dense directions; with words for each."""
        entries = [(i, path, index, unit) for i in active for path, leaf in leaves(self.args[i])
                   for index in np.ndindex(np.shape(leaf)) for unit in ((1, 1j) if np.iscomplexobj(leaf) else (1,))]  # fmt: skip
        if len(entries) > ALL_ENTRIES:
            for _ in range(4):
                yield self.dense(active), "a random direction"
            entries = [entries[n] for n in self.rng.choice(len(entries), DIRECTIONS, replace=False)]
        for i, path, index, unit in entries:
            single = [mapped(lambda x: like(x, np.zeros(np.shape(x))) if is_inexact(x) else None, x) for x in self.args]
            leaf = np.asarray(at(self.args[i], path))
            one = np.zeros(leaf.shape, leaf.dtype)
            one[index] = unit
            single[i] = replaced(single[i], path, like(at(self.args[i], path), one))
            yield single, self.place(i, path) + (f" at {index}" if index else "") + (" (imaginary part)" if unit == 1j else "")

    def differences(self, direction: list) -> Any:
        """df(v) from differences of order four."""
        h = self.step * max([1.0, *[float(np.max(np.abs(x), initial=0.0)) for i, arg in enumerate(self.args)
                             for path, x in leaves(arg) if np.any(at(direction[i], path))]])  # fmt: skip
        values = [self.function(*moved(self.args, direction, sign * h)) for sign in (1, -1, 2, -2)]
        return mapped_together(lambda a, b, c, d: (8 * (a - b) - (c - d)) / (12 * h), *values)

    def scale(self, bars: Any, direction: list, active: tuple[int, ...]) -> float:
        """The largest entry of the gradients that the direction reaches."""
        found = [np.max(np.abs(at(bars[i], path)), initial=0.0) for i in active for path, v in leaves(direction[i]) if np.any(v)]
        return float(max(found, default=0.0))

    # Verdicts

    def place(self, i: int | str, path: Path) -> str:
        return (f"argument {i}" if isinstance(i, int) else i) + "".join([f"[{key!r}]" for key in path])

    def compare(self, mode: str, what: str, got: Any, expected: Any, scale: float) -> None:
        rtol, atol = self.limits()
        if not np.isfinite(expected):
            self.fail(mode, f"differences of {what} are {expected}: the function is not finite around these arguments")
        if not abs(got - expected) <= rtol * abs(expected) + atol * max(1.0, scale):
            self.fail(mode, f"{what} is {got}, where differences give {expected}")

    def limits(self) -> tuple[float, float]:
        sizes = [np.asarray(x).real.dtype.itemsize for arg in self.args for _, x in leaves(arg)]
        default = TOLERANCES.get(min(sizes), WIDE_TOLERANCE)
        return tuple(own if given is None else given for given, own in zip(self.tolerance, default))

    def same_value(self, what: str, found: Any, value: Any) -> None:
        for path, leaf in leaves(value):
            other = at(found, path)
            if not self.is_same(other, leaf) or np.asarray(other).dtype != np.asarray(leaf).dtype:
                self.fail(what, f"{self.place('the value', path)} is {other!r}, where the function gives {leaf!r}")

    def is_same(self, found: Any, value: Any) -> bool:
        if self.exact or np.shape(found) != np.shape(value):
            return np.array_equal(found, value, equal_nan=True)
        rtol, atol = self.limits()
        scale = max(1.0, np.max(np.abs(value), initial=0.0, where=np.isfinite(value)))
        return np.allclose(found, value, rtol, atol * scale, equal_nan=True)

    def untouched(self, what: str, before: tuple) -> None:
        for i, arg in enumerate(before):
            for path, leaf in leaves(arg):
                if not np.array_equal(leaf, at(self.args[i], path), equal_nan=True):
                    self.fail(what, f"{self.place(i, path)} has been changed")

    def fits(self, what: str, bar: Any, leaf: Any) -> None:
        if np.shape(bar) != np.shape(leaf):
            self.fail("shape", f"{what} has shape {np.shape(bar)}, the primal {np.shape(leaf)}")
        if isinstance(leaf, (np.ndarray, np.generic)) and np.asarray(bar).dtype != leaf.dtype:
            self.fail("dtype", f"{what} is {np.asarray(bar).dtype}, the primal {leaf.dtype}")

    def fail(self, mode: str, text: str) -> None:
        raise errors.WrongDerivative(f"{self.name} ({mode}): {text}")


def replaced(x: Any, path: Path, new: Any) -> Any:
    """x with another part at the path."""
    if not path:
        return new
    fresh = iter([replaced(item, path[1:], new) if key == path[0] else item for key, item in zip(keys_of(x), items(x))])
    return map_items(lambda _: next(fresh), x)


def moved(args: tuple, direction: list, h: float) -> Iterator[Any]:
    """Copies of the arguments, in float64 or wider, at x + h v."""
    for i, arg in enumerate(args):
        x = wide(arg)
        for path, leaf in leaves(x):
            v = at(direction[i], path)
            if v is not None and np.any(v):
                x = replaced(x, path, like(leaf, leaf + h * np.asarray(v).astype(np.asarray(leaf).dtype)))
        yield x


def mapped_together(change: Callable, *values: Any) -> Any:
    first = values[0]
    if is_container(first):
        rows = iter(zip(*map(items, values)))
        return map_items(lambda _: mapped_together(change, *next(rows)), first)
    return change(*values) if is_inexact(first) else None
