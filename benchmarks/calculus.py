"""Prints what Jacobians and second derivatives cost, as ratios of one run: `python -m benchmarks.calculus`.

Jacobians of a function of 50 inputs against the loop of single sweeps that a user would write; the linear function of
`linearize`, for 50 directions, against as many calls of `jvp` and of a pullback; products with Hessians against gradients,
for straight lines, a `while`, a network and stencils; the Hessian of Rosenbrock's function of 100 inputs against 100 products.
Candidates of one ratio take turns; a ratio is one of medians, of products and gradients one of minima.
"""

from __future__ import annotations

import argparse
import importlib
import platform
from collections.abc import Callable

from benchmarks.timing import medians, minima  # first: it keeps NumPy to one thread

import numpy as np  # noqa: E402

from backprose import grad, hessian, hvp, jacfwd, jacrev, jvp, linearize, vjp


def field(x, w):
    """Fifty inputs, fifty outputs: elementwise functions, a product, neighbours, a sum."""
    h = np.tanh(w @ x)
    h = np.exp(-h * h) * np.sin(x)
    h[1:] += 0.5 * h[:-1]
    return h / (1.0 + np.sum(h * h))


def rosenbrock(x):
    return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def heat(u, n):
    for _ in range(n):
        u[1:-1] = u[1:-1] + 0.2 * (u[2:] - 2 * u[1:-1] + u[:-2]) * u[1:-1]
    return np.sum(u * u)


def linear_heat(u, n):
    u = u.copy()
    for _ in range(n):
        u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u**2)


def heated(u, n):
    for _ in range(n):
        u[1:-1] = u[1:-1] + 0.2 * (u[2:] - 2 * u[1:-1] + u[:-2]) * np.exp(-u[1:-1] ** 2)
    return u


def by_columns(x, w):
    return np.stack([jvp(field, (x, w), (e, np.zeros_like(w)))[1] for e in np.eye(len(x))], axis=1)


def by_rows(x, w):
    value, pullback = vjp(field, x, w)
    return np.stack([pullback(e)[0] for e in np.eye(len(value))])


def jacobians(rounds: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=50), rng.normal(size=(50, 50)) / 7
    forward, reverse = jacfwd(field), jacrev(field)
    for found in (forward(x, w), reverse(x, w), by_rows(x, w)):
        np.testing.assert_allclose(found, by_columns(x, w), rtol=1e-9, atol=1e-12)
    seconds = medians(
        {
            "jacfwd": lambda: forward(x, w), "by columns": lambda: by_columns(x, w),
            "jacrev": lambda: reverse(x, w), "by rows": lambda: by_rows(x, w),
        },
        rounds,
    )  # fmt: skip
    return {
        "50 calls of jvp / jacfwd": seconds["by columns"] / seconds["jacfwd"],
        "50 calls of a pullback / jacrev": seconds["by rows"] / seconds["jacrev"],
    }


def linear_functions(rounds: int) -> dict[str, float]:
    """Of the field and of the loop: `linearize` and 50 calls of what it gives, against 50 tangents and against 50 pullbacks."""
    rng = np.random.default_rng(0)
    w = rng.normal(size=(50, 50)) / 7
    programs = {"field": lambda x: field(x, w), "stencil, 20 steps": lambda u: heated(u, 20)}
    found = {}
    for name, f in programs.items():
        x = rng.uniform(size=50)
        unit = np.eye(50)

        def applied(f=f, x=x):
            push = linearize(f, x)[1]
            return np.stack([push(e) for e in unit], axis=1)

        def pushed(f=f, x=x):
            return np.stack([jvp(f, (x,), (e,))[1] for e in unit], axis=1)

        def pulled(f=f, x=x):
            pullback = vjp(f, x)[1]
            return np.stack([pullback(e)[0] for e in unit])

        np.testing.assert_allclose(applied(), pushed(), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(applied(), pulled(), rtol=1e-9, atol=1e-12)
        seconds = medians({"linear": applied, "jvp": pushed, "vjp": pulled}, rounds)
        found[f"{name}: 50 calls of jvp / linearize and 50 calls"] = seconds["jvp"] / seconds["linear"]
        found[f"{name}: vjp and 50 calls / linearize and 50 calls"] = seconds["vjp"] / seconds["linear"]
    return found


def product_ratio(f: Callable, primals: tuple, tangents: tuple, rounds: int) -> float:
    gradient = grad(f)
    seconds = minima(
        {"product": lambda: hvp(f, primals, tangents), "gradient": lambda: gradient(*primals)}, rounds
    )
    return seconds["product"] / seconds["gradient"]


def of_first(f: Callable, x, *others) -> tuple[Callable, tuple]:
    """The function of its first argument, which is what a model is trained by."""
    return (lambda x: f(x, *others)), (x,)


def like(x, rng):
    """A random tangent of x."""
    if isinstance(x, dict):
        return {key: like(value, rng) for key, value in x.items()}
    if isinstance(x, (list, tuple)):
        return type(x)(like(value, rng) for value in x)
    return float(rng.normal()) if isinstance(x, float) else rng.normal(size=np.shape(x))


def products(rounds: int) -> dict[str, float]:
    rng = np.random.default_rng(0)
    found = {}
    programs = {name: importlib.import_module(f"benchmarks.workloads.{name}") for name in ("logistic", "newton", "mlp")}
    calls = {name: of_first(m.primal, *m.arguments(rng, *m.SIZES["large"])) for name, m in programs.items()}
    calls["stencil, 20 steps"] = of_first(linear_heat, rng.uniform(size=200), 20)
    calls["nonlinear stencil, 20 steps"] = of_first(heat, rng.uniform(size=200), 20)
    calls["Rosenbrock, 100"] = rosenbrock, (rng.uniform(size=100),)
    for name, (f, primals) in calls.items():
        found[f"{name}: hvp / gradient"] = product_ratio(f, primals, tuple(like(p, rng) for p in primals), rounds)
    return found


def hessians(rounds: int) -> dict[str, float]:
    x = np.random.default_rng(0).uniform(size=100)
    second = hessian(rosenbrock)
    unit = np.eye(100)
    loop = lambda: [hvp(rosenbrock, (x,), (e,)) for e in unit]  # noqa: E731
    np.testing.assert_allclose(second(x), loop(), rtol=1e-9, atol=1e-12)
    seconds = medians({"hessian": lambda: second(x), "products": loop}, rounds)
    return {"100 calls of hvp / hessian of Rosenbrock, 100": seconds["products"] / seconds["hessian"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=50, help="turns of each candidate (50)")
    rounds = parser.parse_args().rounds
    results = {**jacobians(rounds), **linear_functions(rounds), **products(rounds), **hessians(rounds)}
    print(f"Python {platform.python_version()}, NumPy {np.__version__}, {platform.machine()}\n")
    print("| what | measured |\n|---|---|")
    for what, value in results.items():
        print(f"| {what} | {value:.2f} |")


if __name__ == "__main__":
    main()
