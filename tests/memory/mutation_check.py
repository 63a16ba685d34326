"""What must hold of the derivatives of a generated program; many programs, and the shortest of those that fail."""

from __future__ import annotations

import argparse
import collections
import copy
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mutation import Program, arguments, random_program
from mutation_shrinking import shortest

sys.path.insert(0, str(Path(__file__).parents[1] / "property"))
import oracle  # noqa: E402

from backprose import errors, grad, hvp, jvp  # noqa: E402

RIGHT, REFUSED, DROPPED = "right", "refused", "dropped"


@dataclass(frozen=True)
class Outcome:
    what: str
    reason: str = ""


def judge(program: Program, seed: int, second: bool = False) -> Outcome:
    """Check the program at one point; AssertionError, or an error that is no refusal, is a bug of the compiler."""
    function = program.define()
    args = arguments(function, seed)
    try:
        value = function(*copy.deepcopy(args))
    except (TypeError, ValueError, IndexError, NameError) as error:
        return Outcome(DROPPED, type(error).__name__)
    if not (np.isfinite(value) and abs(value) < 1e6):
        return Outcome(DROPPED, "large")
    wrt = tuple(i for i, a in enumerate(args) if not isinstance(a, int))
    try:
        compilation = oracle.compiled(function, args, wrt)
    except errors.CompileError as error:
        check_refusal(program, error)
        return Outcome(REFUSED, reason_of(error))
    try:
        value, gradient = check_call(function, args, compilation, value)
    except ValueError as error:  # decided at run time
        assert "not contiguous in C order is reshaped" in str(error) and not args_in_order(args)
        return Outcome(REFUSED, "layout")
    wanted = expected_gradient(program, seed, wrt)
    if wanted is not None:
        found = list(oracle.leaves(gradient))
        coarse = "float32" in compilation.emitted.source or any(getattr(a, "dtype", None) == np.float32 for a in args)
        rtol, atol = (2e-3, 2e-3 * (1 + max(np.max(np.abs(w), initial=0) for w in wanted))) if coarse else (1e-4, 1e-5)
        assert oracle.close(found, wanted, rtol, atol), f"gradient {found}, not {wanted}\n{compilation.emitted.source}"
    if "np.float32" not in program.text and not any(getattr(a, "dtype", None) == np.float32 for a in args):
        oracle.check_pullback(function, args, wrt, value, gradient)
        if args_in_order(args):
            oracle.check_tangent(function, args, wrt, value, gradient)
        if second and wanted is not None:
            check_modes(function, args, wrt)
            return check_second(function, args)
    return Outcome(RIGHT, "" if wanted is not None else "kink")


def check_call(function: Callable, args: tuple, compilation: Any, expected: Any) -> Any:
    """Value and gradient; the value has the same bits, the arguments are left as they were, and nothing aliases them."""
    source, kept = compilation.emitted.source, copy.deepcopy(args)
    value, gradient = oracle.loaded(compilation, function)[compilation.entry](*args)
    assert oracle.same_bits(args, kept), f"the arguments changed\n{source}"
    exact = args_in_order(args)  # else sums add in another order
    same = oracle.same_bits(value, expected) if exact else oracle.close(value, expected, 1e-13, 1e-13)
    assert same, f"the value is {value}, not {expected}\n{source}"
    assert not oracle.shares(gradient, args), f"a gradient aliases an argument or another\n{source}"
    for bar, arg in zip(oracle.leaves(gradient), [a for a in oracle.leaves(args) if type(a) is not int]):
        assert np.ndim(arg) == 0 or bar.dtype == arg.dtype, f"a gradient has another dtype\n{source}"
    return value, gradient


def args_in_order(args: tuple) -> bool:
    return all(a.flags.c_contiguous for a in args if isinstance(a, np.ndarray))


def expected_gradient(program: Program, seed: int, wrt: tuple[int, ...]) -> list[np.ndarray] | None:
    """By differences, of the same program in double precision; None at a kink."""
    function = Program(program.text.replace("np.float32", "np.float64")).define()
    try:
        return oracle.stable_differences(function, arguments(function, seed, np.float64), wrt)
    except (oracle.Unstable, IndexError, ValueError):
        return None


def check_second(function: Callable, args: tuple) -> Outcome:
    """The gradient of a weighed sum of the gradient by the first array."""
    first = grad(function)
    weights = np.array([0.3, -0.8, 1.1, 0.5])

    def weighed(x, *rest):
        return np.sum(first(x, *rest) * weights)

    try:
        found = grad(weighed)(*args)
    except errors.CompileError:
        return Outcome(REFUSED, "second derivative")
    try:
        wanted = oracle.stable_differences(weighed, args, (0,))
    except oracle.Unstable:
        return Outcome(RIGHT, "kink")
    assert np.allclose(found, wanted[0], 1e-3, 1e-4), f"second derivative {found}, not {wanted[0]}"
    return Outcome(RIGHT, "second")


def check_modes(function: Callable, args: tuple, wrt: tuple[int, ...]) -> None:
    """<u, H v> = <v, H u>, by forward over reverse mode and by reverse over forward mode."""
    rng = np.random.default_rng(3)
    u, v = (tuple(oracle.direction(arg, rng) for arg in args) for _ in range(2))

    def slope(*x):
        return jvp(function, x, v)[1]

    along_u, along_v = hvp(function, args, u), hvp(function, args, v)
    turned = grad(slope, wrt)(*args)
    u, v = ([dots[i] for i in wrt] for dots in (u, v))
    found = inner(u, along_v), inner(v, along_u), inner(u, turned)
    assert np.allclose(found, found[0], 1e-6, 1e-6), f"<u, H v>, <v, H u> and <u, H v> the other way round: {found}"


def inner(dots: Any, bars: Any) -> float:
    pairs = zip(oracle.leaves(dots), (bar for bar in oracle.leaves(bars) if bar is not None), strict=True)
    return float(sum(np.sum(np.multiply(dot, bar)) for dot, bar in pairs))


def check_refusal(program: Program, error: errors.CompileError) -> None:
    """A refusal has the line, and one for what is shared both names as the user wrote them."""
    text = str(error)
    assert error.loc is not None and re.search(r":\d+:\d+ in ", text), f"a refusal without its line: {text}"
    vague = re.search(r"`?a value`?|`another`|`what is outside|`_\w*`|`[^`]*\bt_?\d*_bar", error.what)
    assert not vague, f"a refusal without names: {text}"
    if "share" in error.what:
        names = re.findall(r"`([^`]+)`", error.what)
        assert len(names) >= 2 or "what it was before" in error.what, f"a refusal that names less than two: {text}"
        assert all(name in program.text for name in names), f"a refusal with other names than the user's: {text}"


def reason_of(error: errors.CompileError) -> str:
    return f"{type(error).__name__}: {re.sub(r'`[^`]*`|[0-9]+', '_', error.what)}"


def failure(program: Program, seed: int, second: bool = False, counts: collections.Counter | None = None) -> str:
    """The class of the failure of a program; empty if there is none."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            outcome = judge(program, seed, second)
            if counts is not None:
                counts[outcome.what, outcome.reason] += 1
    except Exception as error:
        words = re.sub(r"`[^`]*`|[-+]?[0-9][-+0-9.e]*|\[.*|\(.*", "_", str(error).split("\n")[0])
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{type(error).__name__} {words[:60]} {'' if isinstance(error, AssertionError) else where.name}"
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--start", type=int, default=0)
    parser.add_argument("--length", type=int, default=6)
    parser.add_argument("--shrink", type=int, default=2, help="how many programs of each class of failures are shrunk")
    options = parser.parse_args()
    counts: collections.Counter = collections.Counter()
    failed: dict[str, list[int]] = collections.defaultdict(list)
    for seed in range(options.start, options.start + options.count):
        kind = failure(made(seed, options.length), seed, seed % 7 == 0, counts)
        if kind:
            failed[kind].append(seed)
            print(f"seed {seed}: {kind}", flush=True)
    for (what, reason), n in counts.most_common():
        print(f"{n:6d} {what} {reason}")
    for kind, seeds in failed.items():
        print(f"{len(seeds):6d} FAILED {kind}", flush=True)
    for kind, seeds in failed.items():
        for seed in seeds[: options.shrink]:
            show(made(seed, options.length), seed, kind)
    sys.exit(bool(failed))


def made(seed: int, length: int) -> Program:
    return random_program(seed, 2, 2 + seed % length)


def show(program: Program, seed: int, kind: str) -> None:
    """Print the shortest program that fails in the same way."""
    small = shortest(program, lambda p: failure(p, seed, seed % 7 == 0) == kind)
    print(f"==== seed {seed}: {kind}\n{small}", flush=True)
    try:
        judge(small, seed, seed % 7 == 0)
    except Exception as error:
        print(str(error)[:1500], flush=True)
