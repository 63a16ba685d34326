"""Rules that all continuous distributions share: with z = (x - loc) / scale, log p(x) = g(z; shapes) - log scale.

A distribution gives `score(z, *shapes)`: the partials of g, by z first; and a point `anywhere` in the inside of its
support, at which g is evaluated where x is outside.
"""

from __future__ import annotations

import numpy as np

from backprose.rules.elementwise import select
from backprose.rules.registry import elementwise, singular


def located(d, inside, z, slope, scale):
    """The partials by x, loc and scale of g(z) - log scale, where the point is inside; 0 outside."""
    share = select(inside, d * (slope / scale), 0.0)
    return share, -share, -(select(inside, d / scale, 0.0) + z * share)


def is_inside(y, logarithmic):
    """Where the density is not 0."""
    return y > -np.inf if logarithmic else y > 0


def density(function, score, anywhere, logarithmic):
    """The rule of a density, or of its logarithm, without shapes."""
    singular(function)

    @elementwise(function, wrt=("x", "loc", "scale"))
    def text(y, x, loc=0, scale=1, *, d):
        inside = is_inside(y, logarithmic)
        z = select(inside, (x - loc) / scale, anywhere)
        return located(d if logarithmic else d * y, inside, z, score(z), scale)

    return text


def density_of_one(function, score, anywhere, logarithmic):
    """The same with one shape."""
    singular(function)

    @elementwise(function, wrt=("x", "shape", "loc", "scale"))
    def text(y, x, shape, loc=0, scale=1, *, d):
        inside = is_inside(y, logarithmic)
        z = select(inside, (x - loc) / scale, anywhere)
        weight = d if logarithmic else d * y
        slope, by_shape = score(z, shape)
        by_x, by_loc, by_scale = located(weight, inside, z, slope, scale)
        return by_x, select(inside, weight * by_shape, 0.0), by_loc, by_scale

    return text


def density_of_two(function, score, anywhere, logarithmic):
    """The same with two shapes."""
    singular(function)

    @elementwise(function, wrt=("x", "first", "second", "loc", "scale"))
    def text(y, x, first, second, loc=0, scale=1, *, d):
        inside = is_inside(y, logarithmic)
        z = select(inside, (x - loc) / scale, anywhere)
        weight = d if logarithmic else d * y
        slope, by_first, by_second = score(z, first, second)
        by_x, by_loc, by_scale = located(weight, inside, z, slope, scale)
        return by_x, select(inside, weight * by_first, 0.0), select(inside, weight * by_second, 0.0), by_loc, by_scale

    return text


# Distribution functions. `slope(y, p)` is the derivative by x, where p is the density's value.


def of_cdf(y, p):
    return p


def of_sf(y, p):
    return -p


def of_logcdf(y, p):
    """p / F, where both may be tiny; 0 where F is 0."""
    return select(y > -np.inf, np.exp(p - select(y > -np.inf, y, 0.0)), 0.0)


def of_logsf(y, p):
    return -of_logcdf(y, p)


def distribution(function, density, slope):
    """The rule of a distribution function without shapes."""
    singular(function)

    @elementwise(function, wrt=("x", "loc", "scale"))
    def text(y, x, loc=0, scale=1, *, d):
        by_x = d * slope(y, density(x, loc, scale))
        return by_x, -by_x, -by_x * ((x - loc) / scale)

    return text


def distribution_of_one(function, density, slope):
    """The same with one shape."""
    singular(function)

    @elementwise(function, wrt=("x", "loc", "scale"))
    def text(y, x, shape, loc=0, scale=1, *, d):
        by_x = d * slope(y, density(x, shape, loc, scale))
        return by_x, -by_x, -by_x * ((x - loc) / scale)

    return text


def distribution_of_two(function, density, slope):
    """The same with two shapes."""
    singular(function)

    @elementwise(function, wrt=("x", "loc", "scale"))
    def text(y, x, first, second, loc=0, scale=1, *, d):
        by_x = d * slope(y, density(x, first, second, loc, scale))
        return by_x, -by_x, -by_x * ((x - loc) / scale)

    return text


# Quantiles: x with F(x) = q.


def quantile(function, density, sign):
    """The rule of the inverse of a distribution function without shapes; `sign`: whether that rises or falls."""
    singular(function)

    @elementwise(function, wrt=("q", "loc", "scale"))
    def text(x, q, loc=0, scale=1, *, d):
        return d * (sign / density(x, loc, scale)), d, d * ((x - loc) / scale)

    return text


def quantile_of_one(function, density, sign):
    """The same with one shape."""
    singular(function)

    @elementwise(function, wrt=("q", "loc", "scale"))
    def text(x, q, shape, loc=0, scale=1, *, d):
        return d * (sign / density(x, shape, loc, scale)), d, d * ((x - loc) / scale)

    return text


def quantile_of_two(function, density, sign):
    """The same with two shapes."""
    singular(function)

    @elementwise(function, wrt=("q", "loc", "scale"))
    def text(x, q, first, second, loc=0, scale=1, *, d):
        return d * (sign / density(x, first, second, loc, scale)), d, d * ((x - loc) / scale)

    return text


DENSITIES = (density, density_of_one, density_of_two)
DISTRIBUTIONS = (distribution, distribution_of_one, distribution_of_two)
QUANTILES = (quantile, quantile_of_one, quantile_of_two)
