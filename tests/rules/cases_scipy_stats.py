"""Cases of `scipy.stats`: every method of every distribution, the point and the parameters broadcast."""

from __future__ import annotations

import numpy as np
from scipy import stats

from cases import arr, case

# The interval of z = (x - loc) / scale, and those of the shapes
CONTINUOUS = {
    stats.norm: [(-2, 2)], stats.expon: [(0.2, 3)], stats.uniform: [(0.1, 0.9)], stats.cauchy: [(-2, 2)],
    stats.laplace: [(0.1, 2)], stats.logistic: [(-2, 2)], stats.gumbel_r: [(-1, 3)], stats.gumbel_l: [(-3, 1)],
    stats.rayleigh: [(0.3, 2)], stats.halfnorm: [(0.2, 2)], stats.halfcauchy: [(0.2, 2)],
    stats.gamma: [(0.4, 3), (0.6, 3)], stats.t: [(-2, 2), (1.5, 6)], stats.lognorm: [(0.4, 3), (0.5, 1.5)],
    stats.chi2: [(0.4, 4), (1.3, 5)], stats.pareto: [(1.2, 3), (0.6, 3)], stats.weibull_min: [(0.4, 2), (0.6, 3)],
    stats.invgamma: [(0.4, 3), (0.6, 3)], stats.invgauss: [(0.4, 3), (0.6, 2)], stats.vonmises: [(-2, 2), (0.5, 2)],
    stats.beta: [(0.2, 0.8), (0.6, 3), (0.6, 3)],
}  # fmt: skip
for _family, (_z, *_shapes) in CONTINUOUS.items():
    for _name in ("logpdf", "pdf", "cdf", "sf", "logcdf", "logsf", "ppf", "isf"):
        _f = getattr(_family, _name)
        _constant = _name not in ("logpdf", "pdf")
        _low, _high = (0.1, 0.9) if _name in ("ppf", "isf") else (0.5 + 1.5 * _z[0], 0.5 + 1.5 * _z[1])
        _x, _loc, _scale = arr(3, low=_low, high=_high), arr(2, 1, low=0.49, high=0.51), arr(low=1.49, high=1.51)
        _some = [0.5 + low if _constant else arr(3, low=low, high=high) for low, high in _shapes]
        case(_f, _x, *_some, _loc, _scale)
        if not _constant:
            case(_f, float(_x[0]), *[1.1 * low for low, _ in _shapes], 0.5, 1.5)
            _x = arr(2, 3, low=_z[0], high=_z[1])
            case(_f, _x, *[arr(low=low, high=high) for low, high in _shapes])
            case(_f, float(_x[0, 0]), *_some, note=" a point")

for _name in ("logpmf", "pmf"):
    COUNTS = np.array([1, 2, 5]) if _name == "logpmf" else np.array([0, 1, 3])
    case(getattr(stats.poisson, _name), COUNTS, arr(2, 1, low=0.5, high=3))
    case(getattr(stats.poisson, _name), 2, 1.7)
    case(getattr(stats.poisson, _name), COUNTS, arr(3, low=0.5, high=3), 1)
    case(getattr(stats.bernoulli, _name), COUNTS % 2 if _name == "logpmf" else COUNTS, arr(2, 1, low=0.2, high=0.8))
    case(getattr(stats.bernoulli, _name), 1, 0.3)
    case(getattr(stats.geom, _name), COUNTS, arr(2, 1, low=0.2, high=0.8))
    case(getattr(stats.geom, _name), 3, 0.3)
    _successes = np.array([0, 2, 4, 4 if _name == "logpmf" else 5])
    case(getattr(stats.binom, _name), _successes, 4, arr(2, 1, low=0.2, high=0.8))
    case(getattr(stats.binom, _name), 2, 4, 0.3)
    case(getattr(stats.nbinom, _name), COUNTS, arr(3, low=0.6, high=4), arr(2, 1, low=0.2, high=0.8))
    case(getattr(stats.nbinom, _name), 2, 1.6, 0.3)

COVARIANCE = np.array([[2.0, 0.4, -0.3], [0.4, 1.5, 0.2], [-0.3, 0.2, 1.0]])
for _name in ("logpdf", "pdf"):
    for _shape in [(3,), (4, 3), (2, 4, 3), (1, 3)]:
        case(getattr(stats.multivariate_normal, _name), arr(*_shape), arr(3), COVARIANCE)
    case(getattr(stats.multivariate_normal, _name), arr(4, 3), cov=COVARIANCE)
    case(getattr(stats.multivariate_normal, _name), arr(4), arr(1), np.array([[1.7]]))
