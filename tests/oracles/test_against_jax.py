"""Derivatives of orders one to three are those that JAX gives, in the same structures.

What is compared are contractions with a random direction v and random weights w, which no wrong entry survives.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from backprose import elementwise_grad, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, linearize, value_and_grad, vjp
from backprose_runtime.containers import is_container, items, map_items

sys.path.insert(0, str(Path(__file__).parent))
import jax_oracle  # noqa: E402
from jax_programs import PROGRAMS  # noqa: E402

TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}
REAL = [name for name in PROGRAMS if not name.startswith("complex")]
ELEMENTWISE = ("chain", "powers", "special", "masked", "clipped")


@dataclass(frozen=True)
class Point:
    """A program at its arguments, with a direction v, in which ints have None, and weights w of its value."""

    name: str

    @cached_property
    def f(self) -> Callable:
        return PROGRAMS[self.name][0]

    @cached_property
    def args(self) -> tuple:
        return PROGRAMS[self.name][1]

    @cached_property
    def moving(self) -> tuple[int, ...]:
        return jax_oracle.moving_indices(self.args)

    @cached_property
    def v(self) -> tuple:
        rng = np.random.default_rng(1)
        return tuple(random_like(a, rng) for a in self.args)

    @cached_property
    def w(self) -> Any:
        return np.random.default_rng(2).normal(size=np.shape(self.f(*self.args)))

    @cached_property
    def total(self) -> Callable:
        """s = <w, f(x)>: a number."""
        f, w = self.f, self.w
        return lambda *args: np.sum(w * f(*args))

    @cached_property
    def wanted(self) -> jax_oracle.Answers:
        return jax_oracle.answers(self.name, self.args, self.w, self.of_moving(self.v))

    def of_moving(self, parts: tuple) -> tuple:
        return tuple(parts[i] for i in self.moving)


def random_like(x: Any, rng: np.random.Generator) -> Any:
    if is_container(x):
        return map_items(lambda item: random_like(item, rng), x)
    if isinstance(x, int):
        return None
    if np.iscomplexobj(x):
        return rng.normal(size=x.shape) + 1j * rng.normal(size=x.shape)
    return rng.normal(size=np.shape(x)) if isinstance(x, np.ndarray) else float(rng.normal())


def leaves(x: Any) -> Iterator[Any]:
    """The numbers and arrays in a container; of dicts in the order of their sorted keys, as in JAX."""
    if is_container(x):
        for item in [x[key] for key in sorted(x)] if isinstance(x, dict) else items(x):
            yield from leaves(item)
    elif x is not None:
        yield x


def assert_same(found: Any, wanted: Any) -> None:
    """Equal in structure, shapes and numbers."""
    tree = jax_oracle.jax().tree
    assert tree.structure(found) == tree.structure(wanted)
    for one, other in zip(leaves(found), leaves(wanted), strict=True):
        assert np.shape(one) == np.shape(other)
        np.testing.assert_allclose(one, other, **TOLERANCE)


def assert_close(found: Any, wanted: Any) -> None:
    np.testing.assert_allclose(found, wanted, **TOLERANCE)


def along(blocks: list, x: tuple, v: tuple) -> Any:
    """A Jacobian times v: the sum over its blocks, one for each leaf of x."""
    each = zip(blocks, leaves(x), leaves(v), strict=True)
    return sum(np.tensordot(block, dot, np.ndim(leaf)) for block, leaf, dot in each)


point_of = functools.cache(Point)  # JAX is asked once


def curvature(f: Callable, v: tuple) -> Callable:
    """The second derivative of a number along v, by forward mode twice."""
    return lambda *x: jvp(lambda *x: jvp(f, x, v)[1], x, v)[1]


@pytest.mark.parametrize("name", PROGRAMS)
def test_orders_one_to_three(name):
    point = point_of(name)
    f, total, args, v, w = point.f, point.total, point.args, point.v, point.w
    moving, of_moving, wanted = point.moving, point.of_moving, point.wanted
    assert_same(jvp(f, args, v), (wanted.y, wanted.y_dot))
    assert_same(linearize(f, *args)[1](*v), wanted.y_dot)
    y, pull = vjp(f, *args)
    assert_same((y, of_moving(pull(w))), (wanted.y, wanted.gradient))
    assert_same(value_and_grad(total, moving)(*args), (np.sum(w * wanted.y).real, wanted.gradient))
    product = hvp(total, args, v)
    assert_same(of_moving(product if len(args) > 1 else (product,)), wanted.hessian_v)
    assert_same(jvp(grad(total, moving), args, v)[1], wanted.hessian_v)
    assert_same(grad(curvature(total, v), moving)(*args), wanted.third_vv)


@pytest.mark.parametrize("name", REAL)
def test_jacobians(name):
    point = point_of(name)
    args, moving, wanted = point.args, point.moving, point.wanted
    x, v = point.of_moving(args), point.of_moving(point.v)
    for jacobian_of in (jacfwd, jacrev):
        assert_close(along(list(leaves(jacobian_of(point.f, moving)(*args))), x, v), wanted.y_dot)
    blocks = list(leaves(hessian(point.total, moving)(*args)))
    count = len(list(leaves(x)))
    for i, product in enumerate(leaves(wanted.hessian_v)):
        assert_close(along(blocks[i * count : (i + 1) * count], x, v), product)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise_gradients(name):
    """A function of x alone has a diagonal Jacobian, which JAX gives by forward mode along ones."""
    point = point_of(name)
    x, *others = point.args
    ones = (np.ones_like(x), *map(np.zeros_like, others))
    wanted = jax_oracle.quickly(lambda x, v: jax_oracle.jax().jvp(jax_oracle.twins()[name], x, v)[1], point.args, ones)
    assert_close(elementwise_grad(point.f)(*point.args), wanted)


@pytest.mark.parametrize("name", ["mlp", "layers", "free_energy", "lotka_volterra"])
def test_containers_are_those_of_jax(name):
    """Blocks in blocks: the structures and shapes of Jacobians and Hessians."""
    point, jax = point_of(name), jax_oracle.jax()
    args, moving, weights = point.args, point.moving, point.w
    theirs = jax_oracle.twins()[name]
    for ours, other in ((jacfwd, jax.jacfwd), (jacrev, jax.jacrev)):
        assert_alike(ours(point.f, moving)(*args), jax.eval_shape(other(theirs, moving), *args))
    assert_alike(jacobian(point.f)(*args), jax.eval_shape(jax.jacobian(theirs), *args))
    total = lambda *x: jax.numpy.sum(weights * theirs(*x))  # noqa: E731
    assert_alike(hessian(point.total)(*args), jax.eval_shape(jax.hessian(total), *args))
    assert_alike(hessian(point.total, moving)(*args), jax.eval_shape(jax.hessian(total, moving), *args))


def assert_alike(found: Any, wanted: Any) -> None:
    tree = jax_oracle.jax().tree
    assert tree.structure(found) == tree.structure(wanted)
    assert [np.shape(leaf) for leaf in tree.leaves(found)] == [leaf.shape for leaf in tree.leaves(wanted)]
