"""Cases of `scipy.special`: each function where it is smooth, at removable singularities, and broadcast."""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from cases import arr, case

# Of one operand: the interval

UNARY = {
    special.gamma: (0.3, 4), special.gammaln: (0.3, 4), special.loggamma: (0.3, 4), special.rgamma: (-2.8, 3),
    special.digamma: (0.4, 4), special.erf: (-2, 2), special.erfc: (-2, 3), special.erfi: (-2, 2),
    special.erfcx: (-2, 4),
    special.dawsn: (-3, 3), special.erfinv: (-0.9, 0.9), special.erfcinv: (0.1, 1.9), special.ndtr: (-3, 3),
    special.ndtri: (0.05, 0.95), special.log_ndtr: (-6, 3), special.ndtri_exp: (-4, -0.1), special.expit: (-4, 4),
    special.logit: (0.05, 0.95), special.log_expit: (-4, 4), special.exp1: (0.3, 3), special.expi: (-3, -0.3),
    special.cbrt: (0.2, 2), special.exp2: (-2, 2), special.expm1: (-2, 2), special.log1p: (-0.7, 3),
    special.exp10: (-1, 1),
    special.cosm1: (-3, 3), special.sindg: (-200, 200), special.cosdg: (-200, 200), special.entr: (0.1, 3),
    special.exprel: (-3, 3), special.j0: (-5, 5), special.j1: (-5, 5), special.y0: (0.3, 5), special.y1: (0.5, 5),
    special.i0: (-3, 3), special.i1: (-3, 3), special.i0e: (0.2, 4), special.i1e: (-4, -0.2), special.k0: (0.3, 3),
    special.k1: (0.4, 3), special.k0e: (0.3, 3), special.k1e: (0.4, 3), special.sici: (0.3, 4),
    special.shichi: (0.3, 3),
    special.fresnel: (-2, 2), special.airy: (-3, 2),
}  # fmt: skip
if hasattr(special, "softplus"):
    UNARY[special.softplus] = (-4, 4)
for _f, (_low, _high) in UNARY.items():
    for _shape in [(), (0,), (2, 3)]:
        case(_f, arr(*_shape, low=_low, high=_high))
    case(_f, float(arr(low=_low, high=_high)), note=" float")
case(special.gammaln, np.array([-0.4, -1.6, -2.3]), note=" negative")
case(special.gamma, np.array([-0.4, -1.6, -2.3]), note=" negative")
case(special.digamma, np.array([-0.4, -1.6]), note=" negative") if np.isfinite(special.polygamma(1, -0.4)) else None
case(special.rgamma, np.array([0.0, -1.0, -2.0, 0.5, 1.0]), note=" zeros")
case(special.expi, arr(3, low=0.3, high=2), note=" positive")
case(special.exprel, np.array([0.0, 1e-9, -0.04, 0.049, 0.051]), note=" small")
case(special.i0e, arr(3, low=-3, high=-0.3), note=" negative")
case(special.y1, np.array([12.0, 30.0]), note=" far")
case(special.erfcx, np.array([49.0, 51.0]), note=" far")
case(special.dawsn, np.array([-49.0, 51.0, -51.0, 30.0]), note=" far")
case(special.log_ndtr, np.array([-30.0, -12.0, 7.0]), note=" far")
case(special.expit, np.array([-30.0, 20.0]), note=" far")
case(math.gamma, 2.7)
case(math.gamma, -0.4)
case(math.lgamma, 2.7)

# Of several operands: the interval of each, or a constant

SEVERAL = [
    (special.polygamma, 1, (0.4, 3)), (special.polygamma, np.array([[2], [3]]), (0.5, 3)),
    (special.zeta, 2.5, (0.4, 3)), (special.zeta, np.array([[2.0], [3.5]]), (0.5, 3)),
    (special.beta, (0.4, 3), (0.4, 3)), (special.betaln, (0.4, 3), (0.4, 3)), (special.poch, (0.4, 3), (0.2, 2)),
    (special.binom, (3, 6), (0.2, 2.8)), (special.binom, (0.5, 2), (2.6, 4)), (special.comb, (3, 6), (0.2, 2.8)),
    (special.multigammaln, (3, 6), 3), (special.multigammaln, (1, 3), 1),
    (special.gammainc, 2.5, (0.3, 4)), (special.gammaincc, 2.5, (0.3, 4)), (special.gammaincinv, 2.5, (0.1, 0.9)),
    (special.gammainccinv, 2.5, (0.1, 0.9)), (special.gammainc, np.array([[0.5], [1.0]]), (0.3, 4)),
    (special.betainc, 2.5, 0.7, (0.1, 0.9)), (special.betaincc, 2.5, 0.7, (0.1, 0.9)),
    (special.betaincinv, 2.5, 0.7, (0.1, 0.9)), (special.betainccinv, 2.5, 0.7, (0.1, 0.9)),
    (special.betainc, np.array([[0.5], [1.0]]), 1.5, (0.1, 0.9)),
    (special.owens_t, (-2, 2), (-2, 2)), (special.expn, 2, (0.3, 3)), (special.expn, np.array([[0], [1], [3]]),
    (0.4, 3)),
    (special.powm1, (0.3, 2), (-2, 2)), (special.xlogy, (-2, 2), (0.3, 2)), (special.xlog1py, (-2, 2), (-0.6, 2)),
    (special.rel_entr, (0.3, 2), (0.3, 2)), (special.kl_div, (0.3, 2), (0.3, 2)), (special.huber, (0.5, 0.6),
    (-2.1, 2)),
    (special.pseudo_huber, (0.3, 2), (-2, 2)), (special.boxcox, (0.3, 3), (-2, 2)), (special.boxcox1p, (-0.6, 3),
    (-2, 2)),
    (special.inv_boxcox, (-0.4, 2), (0.2, 2)), (special.inv_boxcox1p, (-0.4, 2), (0.2, 2)),
    (special.jv, 1.5, (0.5, 5)), (special.jv, 0, (-4, 4)), (special.jve, 1.5, (0.5, 5)), (special.yn, 2, (0.8, 5)),
    (special.yn, 0, (0.5, 3)), (special.yv, 1.5, (0.8, 5)), (special.yve, 1.5, (0.8, 5)), (special.iv, 1.5, (0.5, 4)),
    (special.ive, 1.5, (0.5, 4)), (special.ive, 2, (-4, -0.5)), (special.kn, 2, (0.8, 4)), (special.kn, 0, (0.5, 3)),
    (special.kv, 1.5, (0.5, 4)), (special.kve, 1.5, (0.5, 4)), (special.jv, np.array([[0.0], [1.0], [2.5]]), (0.5, 5)),
    (special.struve, 1.5, (0.5, 4)), (special.modstruve, 0.5, (0.5, 3)), (special.hyp0f1, 1.5, (-2, 2)),
    (special.hyp1f1, 1.5, 2.5, (-2, 2)), (special.hyp2f1, 0.5, 1.5, 2.5, (-0.8, 0.8)),
    (special.hyperu, 1.5, 2.5, (0.5, 3)),
    (special.eval_legendre, np.array([[0], [1], [4]]), (-1, 1)), (special.eval_jacobi, 3, 0.5, 1.5, (-1, 1)),
    (special.eval_jacobi, 0, 0.5, 1.5, (-1, 1)), (special.eval_gegenbauer, 3, 1.5, (-1, 1)),
    (special.eval_chebyt, np.array([[0], [1], [4]]), (-1, 1)), (special.eval_chebyu, np.array([[0], [1], [4]]),
    (-1, 1)),
    (special.eval_hermite, np.array([[0], [1], [4]]), (-2, 2)), (special.eval_hermitenorm, np.array([[0], [1], [4]]),
    (-2, 2)),
    (special.eval_laguerre, np.array([[0], [1], [4]]), (0, 4)), (special.eval_genlaguerre, 3, 0.5, (0, 4)),
]  # fmt: skip
for _f, *_operands in SEVERAL:
    _ranges = [x for x in _operands if isinstance(x, tuple)]
    for _shapes in [[(3,)] * 2, [(2, 1), (1, 3)], [(), (3,)]] if len(_ranges) > 1 else [[()], [(2, 1, 3)]]:
        _left = iter(_shapes)
        case(_f, *[arr(*next(_left), low=x[0], high=x[1]) if isinstance(x, tuple) else x for x in _operands])
    case(_f, *[float(arr(low=x[0], high=x[1])) if isinstance(x, tuple) else x for x in _operands], note=" floats")
case(special.zeta, 3.0)
case(special.factorial, arr(3, low=0.3, high=4))
case(special.factorial, arr(2, 3, low=0.3, high=4), exact=False)
for _f in (special.spherical_jn, special.spherical_yn, special.spherical_in, special.spherical_kn):
    for _n in (0, 2):
        for _x in (arr(3, low=0.6, high=3), arr(2, 3, low=0.6, high=3), 1.3):
            case(_f, _n, _x)
            case(_f, _n, _x, derivative=True)
case(special.boxcox, arr(3, low=0.3, high=3), np.array([0.0, 1e-9, -0.01]), note=" small")
case(special.boxcox1p, arr(3, low=-0.5, high=3), np.array([0.0, 1e-9, -0.01]), note=" small")
case(special.inv_boxcox, arr(3), np.array([0.0, 1e-9, -0.003]), note=" small")
case(special.inv_boxcox1p, arr(3), np.array([0.0, 1e-9, -0.003]), note=" small")
case(special.huber, 0.5, np.array([0.3, -0.4, 0.7, -2.0]))
case(special.pseudo_huber, 0.01, np.array([0.3, -1e-4, 1e3]), note=" far")

# Over axes

for _options in ({}, {"axis": 0}, {"axis": -1}, {"axis": (0, 1)}, {"axis": (-1, 0)}):
    case(special.logsumexp, arr(2, 3, 4), **_options)
    case(special.logsumexp, arr(2, 3, 4), keepdims=True, **_options)
    case(special.softmax, arr(2, 3, 4), **_options)
    case(special.log_softmax, arr(2, 3, 4), **_options)
    case(special.logsumexp, arr(2, 3, 4), b=arr(3, 1, low=0.3, high=2), **_options)
    case(special.logsumexp, arr(3, 1), b=arr(2, 3, 4, low=0.3, high=2), keepdims=True, **_options)
    case(special.logsumexp, arr(2, 3, 4), b=arr(2, 3, 4, low=-1, high=5), return_sign=True, **_options)
case(special.logsumexp, arr(4))
case(special.logsumexp, arr(1), axis=0)
case(special.logsumexp, arr(2, 3), 1)
case(special.logsumexp, arr(2, 3), 1, arr(2, 3, low=0.3, high=2), True)
case(special.logsumexp, arr(4), return_sign=True)
case(special.logsumexp, 0.7)
case(special.softmax, arr(4))
case(special.log_softmax, arr(4), 0)
case(special.softmax, arr(1))
