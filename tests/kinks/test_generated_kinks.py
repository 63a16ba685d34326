"""Generated programs of singular functions, of which choices, masks and zero weights take the finite part.

Their value is finite, so no gradient is NaN; and where the value has a derivative, differences agree.
"""

from __future__ import annotations

import linecache
import random
import warnings

import numpy as np
import pytest

import backprose

# A singular function, and where it is finite with its derivative
SINGULAR = [
    ("np.sqrt({})", "{} > 0"), ("np.log({})", "{} > 0"), ("1 / {}", "{} != 0"), ("{} ** 0.5", "{} > 0"),
    ("{} ** -1.5", "{} > 0"), ("{} ** p", "{} > 0"), ("np.arcsin({})", "np.abs({}) < 1"), ("np.arccosh({})", "{} > 1"),
    ("np.arctanh({})", "np.abs({}) < 1"), ("np.log1p({})", "{} > -1"), ("np.exp(800 * {})", "{} <= 0"),
    ("np.cbrt({})", "{} != 0"), ("np.reciprocal({})", "{} != 0"), ("np.abs({}) ** 0.5", "{} != 0"), ("np.log2({})", "{} > 0"),
]  # fmt: skip
INNER = ["x", "(x - 1)", "(x * 2)", "(w * x)", "(-x)", "(x * x)"]
SMOOTH = ["{}", "np.sin({})", "{} * x", "{} + x", "x / {}", "{} * {}", "np.tanh({})", "2 - {}", "np.maximum({}, x)", "{} / 3"]
CHOICES = [
    "    r = np.where({mask}, y, 0.25)",
    "    r = np.where({mask}, y, x)",
    "    r = y.copy()\n    r[~({mask})] = 0.5",
    "    y[~({mask})] = 0.5\n    r = y * 1.0",
    "    r = np.zeros_like(x)\n    r[{mask}] = y[{mask}]",
    "    r = np.zeros(3)\n    for i in range(len(x)):\n        if ({mask})[i]:\n            r[i % 3] += y[i]",
]
RESULTS = ["np.sum(r)", "np.sum(r * r)", "np.mean(np.cos(r))", "np.sum(r[1:]) - r[0]"]
X = np.array([-2.0, -1.0, 0.0, 0.5, 1.0, 2.0])
W = np.array([1.0, 0.5, 1.0, 1.5, 1.0, 0.75])


def program(seed: int):
    choose = random.Random(seed)
    inner = choose.choice(INNER)
    function, domain = choose.choice(SINGULAR)
    smooth = choose.choice(SMOOTH)
    mask = f"({domain.format(inner)})"
    if smooth == "x / {}":
        mask += f" & ({function.format(inner)} != 0)"
    lines = ["def f(x, w, p):", f"    y = {function.format(inner)}", f"    y = {smooth.replace('{}', 'y')}"]
    lines += [choose.choice(CHOICES).format(mask=mask), f"    return {choose.choice(RESULTS)}"]
    text = "\n".join(lines) + "\n"
    name = f"<kinks {seed}>"
    linecache.cache[name] = (len(text), None, text.splitlines(True), name)
    scope = {"np": np}
    exec(compile(text, name, "exec"), scope)  # noqa: S102
    return scope["f"], text


def one_sided(f, k: int) -> tuple[float, float]:
    """The differences to the right and to the left by entry k."""
    step = np.where(np.arange(len(X)) == k, 1e-7, 0.0)
    here = f(X, W, 0.5)
    return (f(X + step, W, 0.5) - here) / 1e-7, (here - f(X - step, W, 0.5)) / 1e-7


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("seed", range(60))
def test_generated_programs_at_singular_points(seed):
    f, text = program(seed)
    here = f(X, W, 0.5)
    assert np.isfinite(here), text
    reverse = backprose.grad(f)(X, W, 0.5)
    forward = [backprose.jvp(f, (X, W, 0.5), (row, 0 * W, 0.0))[1] for row in np.eye(len(X))]
    assert not np.isnan(reverse).any(), text
    assert not np.isnan(forward).any(), text
    for k in range(len(X)):
        right, left = one_sided(f, k)
        is_smooth = abs(right - left) < 1e-4 * (1 + abs(right)) and abs(right) < 1e3
        if is_smooth and abs(here) < 1e3:
            assert abs(reverse[k] - right) < 1e-3 * (1 + abs(right)), (text, k, reverse[k], right)
            assert abs(forward[k] - right) < 1e-3 * (1 + abs(right)), (text, k, forward[k], right)


def test_without_guards_they_would_be_nan():
    """The property has teeth: most of these programs have NaN in their plain gradients."""
    with warnings.catch_warnings(action="ignore"):
        plain = [backprose.grad(program(seed)[0], guard_zeros=False)(X, W, 0.5) for seed in range(30)]
    assert sum(np.isnan(g).any() for g in plain) > 10
