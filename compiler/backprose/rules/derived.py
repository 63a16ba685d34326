"""The rules of `reduce`, `accumulate`, `outer` and `reduceat` of any ufunc f of two operands, from the partials of f.

Each follows the recurrence that the method computes. A rule is made when it is first asked for.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from backprose.rules.reductions import before, kept
from backprose.rules.registry import Rule, derivation, made, refusal_of, rule_for, ufunc_of
from backprose.rules.running import back, backward_sums, last
from backprose.rules.static import is_tuple, repeated, require
from backprose.rules.ufunc_methods import whole
from backprose_runtime import add_at, parts, unbroadcast

FORMS = ("reduce", "accumulate", "outer", "reduceat")



def factors(partials, y, a):
    """The partials of f at each step y[k] = f(y[k-1], a[k]) along the last axis; of the first, which is a copy, 1."""
    left, right = partials(y[..., 1:], y[..., :-1], a[..., 1:], d=np.ones_like(y[..., 1:]))
    one = np.ones_like(y[..., :1])
    return np.concatenate([one, left], axis=-1), np.concatenate([one, right], axis=-1)


def accumulating(partials: Callable) -> Callable:
    """The rule of `f.accumulate`."""

    def accumulate(y, array, axis=0, dtype=None, out=None, *, y_bar):
        """y[k] = f(y[k-1], a[k])  =>  a_bar[k] = f2[k] s[k] with s[k] = y_bar[k] + f1[k+1] s[k+1].

        f1 and f2 are the partials of f at each step.  Choices are those of f.  Reads: what the partials read.
        """
        require(axis is not None and not is_tuple(axis), "which entries follow which is defined along one axis")
        left, right = factors(partials, last(y, axis), last(array, axis))
        return back(right * backward_sums(left, last(y_bar, axis)), axis)

    return accumulate


def reducing(partials: Callable, running: Callable) -> Callable:
    """The rule of `f.reduce`."""

    def reduce(y, array, axis=0, dtype=None, out=None, keepdims=False, *, y_bar):
        """y = f(... f(f(a[0], a[1]), a[2]) ..., a[n-1])  =>  a_bar[k] = y_bar f2[k] f1[k+1] ... f1[n-1].

        f1 and f2 are the partials of f at each step.  Choices are those of f.  Reads: a.
        """
        require(axis is not None and not is_tuple(axis), "which entries follow which is defined along one axis")
        a = last(array, axis)
        left, right = factors(partials, running(a, axis=-1), a)
        share = right * np.flip(before(np.flip(left, axis=-1)), axis=-1)
        return kept(y_bar, whole(array, axis), keepdims) * back(share, axis)

    return reduce


def of_each_pair(partials: Callable, both: bool) -> Callable:
    """The rule of `f.outer`."""

    def outer(y, A, B, *, y_bar):
        """y[i, j] = f(a[i], b[j])  =>  a_bar[i] sums y_bar f1 over j, and b_bar[j] sums y_bar f2 over i.

        f1 and f2 are the partials of f; i and j stand for all axes of a and of b.
        """
        a = np.reshape(A, np.shape(A) + repeated(1, np.ndim(B)))
        if both:
            a_bar, b_bar = partials(y, a, B, d=y_bar)
            return np.reshape(unbroadcast(a_bar, a), np.shape(A)), unbroadcast(b_bar, B)
        return np.reshape(unbroadcast(partials(y, a, B, d=y_bar), a), np.shape(A))

    return outer


def reducing_parts(partials: Callable, running: Callable) -> Callable:
    """The rule of `f.reduceat`."""

    def reduceat(y, array, indices, axis=0, dtype=None, out=None, *, y_bar):
        """y[k] reduces a[i[k]:i[k+1]], or is a[i[k]] where that is empty: each share goes back as for `f.reduce`.

        All parts are gone back through at once, one behind the other.  Choices are those of f.  Reads: a.
        """
        a = last(array, axis)
        positions, owners = parts(indices, np.shape(a)[-1])
        joined, same = a[..., positions], owners[1:] == owners[:-1]
        cuts = np.flatnonzero(~same) + 1
        states = np.concatenate([running(part, axis=-1) for part in np.split(joined, cuts, axis=-1)], axis=-1)
        left, right = factors(partials, states, joined)
        begins, ends = np.concatenate([np.ones(1, bool), ~same]), np.concatenate([~same, np.ones(1, bool)])
        bars = np.where(ends, last(y_bar, axis)[..., owners], 0.0)
        share = np.where(begins, 1.0, right) * backward_sums(np.where(begins, 0.0, left), bars)
        return back(add_at(np.zeros_like(a), (Ellipsis, positions), share), axis)

    return reduceat


def with_inert(partial: Callable) -> Callable:
    """Both partials of an f whose derivative by its second operand is 0."""

    def partials(y, a, b, *, d):
        return partial(y, a, b, d=d), np.zeros_like(d)

    return partials


@derivation
def of_method(function: Any) -> Rule | None:
    """The rule of a method of a ufunc of two operands, from that of the ufunc."""
    ufunc = ufunc_of(function)
    if ufunc is None or function.__name__ not in FORMS or (ufunc.nin, ufunc.nout) != (2, 1) or refusal_of(function):
        return None
    base = rule_for(ufunc)
    return _of_method(function, ufunc, base) if base is not None and base.is_elementwise else None


@functools.cache
def _of_method(method: Any, ufunc: np.ufunc, base: Rule) -> Rule | None:
    both = len(base.wrt) == 2
    if method.__name__ == "outer":
        inert = ("B",) if base.inert else ()
        return made("general", of_each_pair(base.text, both), ("A", "B") if both else ("A",), inert)
    if not both and not base.inert:
        return None
    partials = base.text if both else with_inert(base.text)
    if method.__name__ == "accumulate":
        return made("general", accumulating(partials), "array")
    form = reducing if method.__name__ == "reduce" else reducing_parts
    return made("general", form(partials, ufunc.accumulate), "array")
