"""Discrete distributions: by their parameters. The count, which is whole, and `loc` are constant."""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from backprose.rules.elementwise import select
from backprose.rules.of_scipy.continuous import over
from backprose.rules.of_scipy.locations import is_inside
from backprose.rules.registry import elementwise, named_places, real_only


def poisson(k, mu):
    """By mu: k / mu - 1."""
    return over(k, mu) - 1


def bernoulli(k, p):
    """By p: k / p - (1 - k) / (1 - p)."""
    return over(k, p) - over(1 - k, 1 - p)


def geom(k, p):
    """By p: 1 / p - (k - 1) / (1 - p)."""
    return 1 / p - over(k - 1, 1 - p)


def binom(k, n, p):
    """By p: k / p - (n - k) / (1 - p).  Restriction: n is constant."""
    return over(k, p) - over(n - k, 1 - p)


def nbinom(k, n, p):
    """By n: psi(k + n) - psi(n) + log p; by p: n / p - k / (1 - p)."""
    return special.digamma(k + n) - special.digamma(n) + np.log(p), n / p - over(k, 1 - p)


def probability(function, score, anywhere, logarithmic):
    """The rule of a probability, or of its logarithm, with one parameter."""

    @elementwise(function, wrt="shape")
    def text(y, k, shape, loc=0, *, d):
        inside = is_inside(y, logarithmic)
        return select(inside, (d if logarithmic else d * y) * score(select(inside, k - loc, anywhere), shape), 0.0)

    return text


def probability_with_number(function, score, anywhere, logarithmic):
    """The same with a number of trials, which is constant."""

    @elementwise(function, wrt="p")
    def text(y, k, n, p, loc=0, *, d):
        inside = is_inside(y, logarithmic)
        return select(inside, (d if logarithmic else d * y) * score(select(inside, k - loc, anywhere), n, p), 0.0)

    return text


def probability_of_two(function, score, anywhere, logarithmic):
    """The same with two parameters."""

    @elementwise(function, wrt=("n", "p"))
    def text(y, k, n, p, loc=0, *, d):
        inside = is_inside(y, logarithmic)
        by_n, by_p = score(select(inside, k - loc, anywhere), n, p)
        weight = d if logarithmic else d * y
        return select(inside, weight * by_n, 0.0), select(inside, weight * by_p, 0.0)

    return text


for _family, _rule, _score, _names in [
    (stats.poisson, probability, poisson, ("mu",)), (stats.bernoulli, probability, bernoulli, ("p",)),
    (stats.geom, probability, geom, ("p",)), (stats.binom, probability_with_number, binom, ()),
    (stats.nbinom, probability_of_two, nbinom, ()),
]:  # fmt: skip
    for _function, _logarithmic in ((_family.logpmf, True), (_family.pmf, False)):
        _text = _rule(_function, _score, 1, _logarithmic)
        _text.__doc__ = f"The {_family.name} distribution. {_score.__doc__}  Choice where the probability is 0: 0."
        named_places(_function, _names)
        real_only(_function)
