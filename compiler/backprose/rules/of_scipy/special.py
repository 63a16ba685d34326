"""`scipy.special`: the rules of its families. What stands in none of them is refused."""

from scipy import special

from backprose.rules.of_scipy import bessel, errors_and_logistic, gamma, logarithms, polynomials
from backprose.rules.registry import singular

__all__ = ["bessel", "errors_and_logistic", "gamma", "logarithms", "polynomials"]

singular(
    special.y0, special.y1, special.yn, special.yv, special.yve, special.k0, special.k1, special.k0e, special.k1e, special.kn,
    special.kv, special.kve, special.jv, special.jve, special.iv, special.ive, special.struve, special.modstruve,
    special.spherical_jn, special.spherical_yn, special.spherical_in, special.spherical_kn, special.hyp0f1, special.hyp1f1,
    special.hyperu, special.erfinv, special.erfcinv, special.ndtri, special.ndtri_exp, special.logit, special.exp1,
    special.expi, special.expn, special.gamma, special.gammaln, special.loggamma, special.psi, special.polygamma, special.zeta,
    special.beta, special.betaln, special.poch, special.binom, special.gammainc, special.gammaincc, special.gammaincinv,
    special.gammainccinv, special.betainc, special.betaincc, special.betaincinv, special.betainccinv, special.log1p,
    special.powm1, special.xlogy, special.xlog1py, special.entr, special.rel_entr, special.kl_div, special.huber,
    special.pseudo_huber, special.boxcox, special.boxcox1p, special.inv_boxcox, special.inv_boxcox1p, special.eval_legendre,
    special.eval_gegenbauer, special.eval_chebyt, special.eval_chebyu, special.eval_laguerre, special.eval_genlaguerre,
)  # fmt: skip
